// Names of machines and lines: where each stands, how high its letters are, and from how near it is read.

import type { Box, Floor } from "../protocol";
import { meets, type Brush } from "./brush";
import { LINES_PX } from "./view";

export const LEGIBLE_PX = 5.4; // smaller letters are left out
const LARGEST_PX = 15;
const MOST_METRES = 1.8;
const LOWER = 0.06; // of its height: the middle of capitals lies above that of all letters
const FONT = "Inter, 'Noto Sans', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";

export interface Name {
  text: string;
  x: number;
  y: number;
  /** Half of what it may fill, in metres. */
  wide: number;
  high: number;
  /** Height of its letters. */
  metres: number;
  /** It is left out once a metre has so many pixels. */
  until: number;
  soft: boolean;
  /** So many CSS pixels to the right of its place. */
  shift: number;
}

/** How high a name's letters are on the screen, in CSS pixels; 0: it is left out. */
export function height(name: Name, scale: number): number {
  return name.metres * scale >= LEGIBLE_PX && scale < name.until ? Math.min(name.metres * scale, LARGEST_PX) : 0;
}

export function paintNames({ pen, view, part, colours }: Brush, names: Name[]): void {
  let font = "";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (const name of names) {
    const pixels = height(name, view.scale) * view.ratio;
    if (!pixels || !meets([name.x - name.wide, name.y - name.high, name.x + name.wide, name.y + name.high], part)) continue;
    const wanted = `600 ${Math.round(4 * pixels) / 4}px ${FONT}`;
    if (wanted !== font) pen.font = font = wanted;
    pen.fillStyle = name.soft ? colours.soft : colours.ink;
    pen.fillText(name.text, name.x * view.dots + view.left + name.shift * view.ratio, name.y * view.dots + view.top + LOWER * pixels);
  }
}

export function namesOf({ ground, lines }: Floor): Name[] {
  const names = [...ground.machines, ...ground.stockers].flatMap((box) => namesOn(box, ground.machines));
  for (let line = 1; line <= lines; line++) {
    const its = [...ground.machines, ...ground.stockers].filter((box) => box.line === line && box.box);
    if (!its.length) continue;
    const top = Math.min(...its.map((box) => box.box![1]));
    const bottom = Math.max(...its.map((box) => box.box![3]));
    names.push({ ...name(`L${line}`, ground.bounds[0], (top + bottom) / 2, 20, 13, 2.4 * MOST_METRES), soft: true, shift: -LINES_PX / 2 });
  }
  return names;
}

function namesOn(box: Box, machines: Box[]): Name[] {
  if (!box.box) return [];
  const [left, top, right, bottom] = box.box;
  const own = box.id.slice(box.id.indexOf("-") + 1) || box.id;
  const text = box.behind ? box.code : own;
  const middle = (top + bottom) / 2;
  const near = name(text, (left + right) / 2, middle, right - left, bottom - top);
  // From afar, a machine with others connected behind it is told by its own name across all of them.
  const tail = machines.filter((one) => one.behind === box.id && one.box);
  if (!tail.length) return [near];
  const end = Math.max(...tail.map((one) => one.box![2]));
  return [near, { ...name(text, (left + end) / 2, middle, end - left, bottom - top), until: LEGIBLE_PX / near.metres }];
}

/** A name in so many metres. */
function name(text: string, x: number, y: number, wide: number, high: number, most = MOST_METRES): Name {
  const metres = Math.min(wide / (0.7 * text.length + 0.5), high / 3, most);
  return { text, x, y, wide: wide / 2, high: high / 2, metres, until: Infinity, soft: false, shift: 0 };
}
