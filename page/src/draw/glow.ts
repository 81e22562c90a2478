// What is picked out: a ring round the selection, the way ahead of it, machines lit up.

import type { Floor } from "../protocol";
import { PALETTES, type Theme } from "../theme";
import type { View } from "./view";

type Pen = CanvasRenderingContext2D;

/** The ways ahead, one after the other. */
export function drawPath(pen: Pen, view: View, { ground }: Floor, ways: number[]): void {
  if (!ways.length) return;
  const to = (node: number): void => pen.lineTo(ground.x[node] * view.dots + view.left, ground.y[node] * view.dots + view.top);
  pen.beginPath();
  to(ground.ways[2 * ways[0]]);
  for (const way of ways) to(ground.ways[2 * way + 1]);
  pen.strokeStyle = "#0072b2";
  pen.globalAlpha = 0.75;
  pen.lineCap = pen.lineJoin = "round";
  pen.lineWidth = Math.min(Math.max(0.35 * view.dots, 3 * view.ratio), 10 * view.ratio);
  pen.stroke();
  pen.globalAlpha = 1;
}

export function drawFrame(pen: Pen, view: View, [left, top, right, bottom]: [number, number, number, number], theme: Theme): void {
  pen.strokeStyle = PALETTES[theme].glow;
  pen.lineJoin = "miter";
  pen.lineWidth = 1.3 * thick(view);
  pen.strokeRect(left * view.dots + view.left, top * view.dots + view.top, (right - left) * view.dots, (bottom - top) * view.dots);
}

export function drawRing(pen: Pen, view: View, [x, y]: [number, number], theme: Theme): void {
  pen.beginPath();
  pen.arc(x * view.dots + view.left, y * view.dots + view.top, Math.max(1.6 * view.dots, 14 * view.ratio), 0, 2 * Math.PI);
  for (const [width, colour] of [[1.7, PALETTES[theme].glow], [1, "#e69f00"]] as const) {
    pen.lineWidth = width * thick(view);
    pen.strokeStyle = colour;
    pen.stroke();
  }
}

function thick(view: View): number {
  return Math.min(Math.max(0.25 * view.dots, 2.5 * view.ratio), 5 * view.ratio);
}
