// Carriers on ports and on vehicles: filled with a lot, hollow without.

import type { Spot } from "../protocol";
import type { Palette } from "../theme";
import { meets, type Brush, type Pen } from "./brush";
import type { View } from "./view";

const CARRIER_M = 0.95;
const CARRIER_PX = 4; // carriers are drawn at least so large

/** The side of a carrier, in screen pixels. */
export function carrierSize(view: View): number {
  return Math.max(CARRIER_M * view.dots, CARRIER_PX * view.ratio);
}

/** Carriers on stations; of each, 0: none, 1: an empty one, 2: one with a lot. */
export function paintCarriers({ pen, view, part, colours }: Brush, stations: Spot[], carriers: Uint8Array): void {
  const size = Math.floor(carrierSize(view));
  const reach = size / view.dots;
  for (let s = 0; s < stations.length; s++) {
    const { x, y } = stations[s];
    if (!carriers[s] || !meets([x - reach, y - reach, x + reach, y + reach], part)) continue;
    const left = Math.round(x * view.dots + view.left - size / 2);
    const top = Math.round(y * view.dots + view.top - size / 2);
    paintCarrier(pen, carriers[s] === 2, left, top, size, colours);
  }
}

/** A carrier with its top left corner at a point. */
export function paintCarrier(pen: Pen, full: boolean, left: number, top: number, size: number, colours: Palette): void {
  const inset = full ? Math.round(size / 13) : Math.max(Math.round(size / 7), 1);
  const radius = size < 12 ? 0 : size / 8;
  const square = (by: number): void => {
    pen.beginPath();
    pen.roundRect(left + by, top + by, size - 2 * by, size - 2 * by, Math.max(radius - by / 2, 0));
    pen.fill();
  };
  pen.fillStyle = full ? colours.ground : colours.hollow;
  square(0);
  pen.fillStyle = full ? colours.carrier : colours.ground;
  square(inset);
}
