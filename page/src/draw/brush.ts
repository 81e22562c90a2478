// What is needed to draw a part of the floor: a pen, the view, which part, in which colours; and rectangles.

import { PALETTES, type Palette, type Theme } from "../theme";
import type { View } from "./view";

/** Left, top, right, bottom; in screen pixels, or in metres. */
export type Rect = [number, number, number, number];

export type Pen = OffscreenCanvasRenderingContext2D;

export interface Brush {
  pen: Pen;
  view: View;
  /** The part to be drawn, in metres; what lies beyond may be left out. */
  part: Rect;
  colours: Palette;
  /** A line of one CSS pixel, in screen pixels. */
  line: number;
}

const BEYOND_PX = 2; // what reaches into the part with its edge alone

/** A brush for a part of the canvas, in screen pixels. */
export function brush(pen: Pen, view: View, theme: Theme, [left, top, right, bottom]: Rect): Brush {
  const more = BEYOND_PX / view.dots;
  const x = (pixel: number): number => (pixel - view.left) / view.dots;
  const y = (pixel: number): number => (pixel - view.top) / view.dots;
  const part: Rect = [x(left) - more, y(top) - more, x(right) + more, y(bottom) + more];
  return { pen, view, part, colours: PALETTES[theme], line: Math.max(Math.round(view.ratio), 1) };
}

export function meets(box: Rect, part: Rect): boolean {
  return box[0] <= part[2] && box[2] >= part[0] && box[1] <= part[3] && box[3] >= part[1];
}

/** A box of the floor in whole screen pixels, so that its edges are sharp. */
export function whole(view: View, [left, top, right, bottom]: Rect): Rect {
  const x = (metres: number): number => Math.round(metres * view.dots) + view.left;
  const y = (metres: number): number => Math.round(metres * view.dots) + view.top;
  return [x(left), y(top), x(right), y(bottom)];
}
