// The ways of the floor, where vehicles park and charge, and how warm the nodes are.

import type { Floor, Heat, Spot } from "../protocol";
import { VEHICLE } from "../theme";
import { meets, type Brush } from "./brush";

const HEAT_M = 2.2;
const FAINT = 0.02; // of the warmest node: less is not drawn
const PARKING_M = 0.7;
const LETTER_PX = 7; // a parking place is lettered once its P is so high
const BOLT = [0.25, -0.95, -0.6, 0.15, -0.05, 0.15, -0.25, 0.95, 0.6, -0.15, 0.05, -0.15];

/** x, y, x, y of each way; of two in opposite directions one. */
export function waysOf({ ground }: Floor): Float32Array {
  const seen = new Set<number>();
  const ways: number[] = [];
  for (let way = 0; way < ground.layout_ways; way++) {
    const [a, b] = [ground.ways[2 * way], ground.ways[2 * way + 1]];
    const key = Math.min(a, b) * ground.x.length + Math.max(a, b);
    if (seen.has(key)) continue;
    seen.add(key);
    ways.push(ground.x[a], ground.y[a], ground.x[b], ground.y[b]);
  }
  return Float32Array.from(ways);
}

/** Lines of one pixel; level and upright ones, which most are, as the rectangles that they are. */
export function paintWays({ pen, view, part, colours, line }: Brush, ways: Float32Array): void {
  const { dots, left, top } = view;
  pen.fillStyle = pen.strokeStyle = colours.way;
  pen.lineWidth = line;
  pen.beginPath();
  for (let w = 0; w < ways.length; w += 4) {
    const [x1, x2] = ways[w] < ways[w + 2] ? [ways[w], ways[w + 2]] : [ways[w + 2], ways[w]];
    const [y1, y2] = ways[w + 1] < ways[w + 3] ? [ways[w + 1], ways[w + 3]] : [ways[w + 3], ways[w + 1]];
    if (x1 > part[2] || x2 < part[0] || y1 > part[3] || y2 < part[1]) continue;
    const [px, py] = [Math.round(x1 * dots) + left, Math.round(y1 * dots) + top];
    if (y1 === y2) pen.fillRect(px, py, Math.round(x2 * dots) + left - px + line, line);
    else if (x1 === x2) pen.fillRect(px, py, line, Math.round(y2 * dots) + top - py + line);
    else {
      pen.moveTo(ways[w] * dots + left + line / 2, ways[w + 1] * dots + top + line / 2);
      pen.lineTo(ways[w + 2] * dots + left + line / 2, ways[w + 3] * dots + top + line / 2);
    }
  }
  pen.stroke();
}

/** Where vehicles park and charge; of several on one spot one, and that with a charger. */
export function placesOf({ ground }: Floor): Spot[] {
  const places = new Map<string, Spot>();
  for (const spot of ground.stations) {
    const key = `${spot.x} ${spot.y}`;
    if (spot.kind === "charging" || (spot.kind === "parking" && !places.has(key))) places.set(key, spot);
  }
  return [...places.values()];
}

/** Where vehicles park: a ring, which is no carrier's square, with a P from near; where they charge: a bolt. */
export function paintPlaces({ pen, view, part, colours, line }: Brush, places: Spot[]): void {
  const radius = PARKING_M * view.dots;
  const letter = 1.1 * radius;
  pen.strokeStyle = colours.edge;
  pen.lineWidth = line;
  pen.font = `600 ${Math.round(4 * letter) / 4}px sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (const { x, y, kind } of places) {
    if (!meets([x - 1, y - 1, x + 1, y + 1], part)) continue;
    const [px, py] = [x * view.dots + view.left, y * view.dots + view.top];
    pen.beginPath();
    if (kind === "parking") {
      pen.arc(px, py, radius, 0, 2 * Math.PI);
      pen.stroke();
      if (letter < LETTER_PX * view.ratio) continue;
      pen.fillStyle = colours.soft;
      pen.fillText("P", px, py + 0.06 * letter);
      continue;
    }
    pen.fillStyle = VEHICLE.charging;
    for (let i = 0; i < BOLT.length; i += 2) pen.lineTo(px + BOLT[i] * view.dots, py + BOLT[i + 1] * view.dots);
    pen.fill();
  }
}

/** x, y, share of the warmest, of each node that is warm. */
export type Hot = [number, number, number][];

export function hotOf({ ground }: Floor, heat: Heat | null): Hot {
  if (!heat) return [];
  const most = Math.max(...heat.waiting, 1e-9);
  const hot = heat.node.map((node, i): Hot[number] => [ground.x[node], ground.y[node], heat.waiting[i] / most]);
  return hot.filter(([, , share]) => share > FAINT);
}

export function paintHeat({ pen, view, part }: Brush, hot: Hot): void {
  pen.fillStyle = "#d55e00";
  for (const [x, y, share] of hot) {
    if (!meets([x - HEAT_M, y - HEAT_M, x + HEAT_M, y + HEAT_M], part)) continue;
    pen.globalAlpha = 0.85 * share ** 0.8;
    pen.beginPath();
    pen.arc(x * view.dots + view.left, y * view.dots + view.top, HEAT_M * view.dots, 0, 2 * Math.PI);
    pen.fill();
  }
  pen.globalAlpha = 1;
}
