// Machines in the colours of their states, and stockers with how full they are.

import type { Box } from "../protocol";
import { meets, whole, type Brush, type Rect } from "./brush";

const STOCK_M = 0.7; // height of the bar that says how full a stocker is

/** A machine: its box in a colour, or in that of ways where its state is not known. */
export function paintMachine(brush: Brush, { box }: Box, colour: string | undefined): void {
  if (box && meets(box, brush.part)) paintBox(brush, box, colour ?? brush.colours.way);
}

/** A stocker, and the share of its places that carriers with and without a lot take. */
export function paintStocker(brush: Brush, { box, slots }: Box, full: number, empty: number): void {
  if (!box || !meets(box, brush.part)) return;
  const { pen, view, colours } = brush;
  paintBox(brush, box, colours.hollow, ([left, , right, bottom]) => {
    const width = (right - left) / Math.max(slots, full + empty, 1);
    const high = Math.max(Math.round(STOCK_M * view.dots), 1);
    const [a, b] = [Math.round(full * width), Math.round((full + empty) * width)];
    pen.fillStyle = colours.carrier;
    pen.fillRect(left, bottom - high, a, high);
    pen.globalAlpha = 0.7;
    pen.fillStyle = colours.hollow;
    pen.fillRect(left + a, bottom - high, b - a, high);
    pen.globalAlpha = 1;
  });
}

function paintBox({ pen, view, colours, line }: Brush, box: Rect, colour: string, inside?: (pixels: Rect) => void): void {
  const pixels = whole(view, box);
  const [left, top, right, bottom] = pixels;
  pen.globalAlpha = colours.fill;
  pen.fillStyle = colour;
  pen.fillRect(left, top, right - left, bottom - top);
  pen.globalAlpha = 1;
  inside?.(pixels);
  pen.strokeStyle = colours.edge;
  pen.lineWidth = line;
  pen.strokeRect(left + line / 2, top + line / 2, right - left - line, bottom - top - line);
}
