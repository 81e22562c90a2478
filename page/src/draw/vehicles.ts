// The vehicles, drawn anew in each frame: each as a small picture made beforehand, or, of a crowd, as a rectangle.

import { PALETTES, VEHICLE, type Theme } from "../theme";
import type { World } from "../world";
import { paintCarrier } from "./carriers";
import type { View } from "./view";

const LONG_PX = 13; // vehicles are drawn at least so long
const CROWDED = 400; // of more vehicles than these, each may be smaller, down to
const LEAST_PX = 4;
const PICTURES = 1200; // more in view than these are rectangles: a picture costs ten times as much
const HEADINGS = 64;
const ACROSS = 0.72; // of the length
const LOAD = 0.34;
const LOAD_BACK = 0.12;
const MARKED_PX = 5; // loads are marked on rectangles that are at least so long

type Pen = CanvasRenderingContext2D;

export class Vehicles {
  private readonly pictures = new Map<number, ImageBitmap>();
  private readonly px: Float32Array;
  private readonly py: Float32Array;
  private readonly seen: Int32Array;
  private readonly tones: string[];
  private readonly least: number;
  private theme: Theme = "light";
  private long = NaN;
  /** What was drawn last, in words. */
  drawn = "";

  constructor(
    private readonly state: World,
    private readonly metres: number,
  ) {
    const count = state.vehicles;
    this.px = new Float32Array(count);
    this.py = new Float32Array(count);
    this.seen = new Int32Array(count);
    this.tones = state.moods.map((mood) => VEHICLE[mood] ?? VEHICLE.idle);
    this.least = Math.max(LONG_PX * Math.min(Math.sqrt(CROWDED / count), 1), LEAST_PX);
  }

  dress(theme: Theme): void {
    this.theme = theme;
    this.forget();
  }

  draw(pen: Pen, view: View): void {
    const long = Math.max(this.metres * view.dots, this.least * view.ratio);
    if (long !== this.long) this.forget();
    this.long = long;
    const count = this.look(view);
    this.drawn = `${count} vehicles as ${count > PICTURES ? "rectangles" : "pictures"} of ${long.toFixed(1)} pixels`;
    if (count > PICTURES) this.drawCrowd(pen, view, count);
    else this.drawEach(pen, count);
  }

  /** Find those in view, in screen pixels. */
  private look(view: View): number {
    const { state, px, py, seen, long } = this;
    const { dots, left, top } = view;
    const right = view.width * view.ratio + long;
    const bottom = view.height * view.ratio + long;
    let count = 0;
    for (let v = 0; v < state.vehicles; v++) {
      const x = state.x[v] * dots + left;
      const y = state.y[v] * dots + top;
      if (x < -long || y < -long || x > right || y > bottom || state.away(v)) continue;
      px[count] = x;
      py[count] = y;
      seen[count++] = v;
    }
    return count;
  }

  private drawEach(pen: Pen, count: number): void {
    const { state, px, py, seen } = this;
    for (let i = 0; i < count; i++) {
      const v = seen[i];
      const heading = Math.round((state.heading[v] / (2 * Math.PI)) * HEADINGS) & (HEADINGS - 1);
      const picture = this.picture(state.tone[v], state.load[v], heading);
      pen.drawImage(picture, px[i] - picture.width / 2, py[i] - picture.height / 2);
    }
  }

  private drawCrowd(pen: Pen, view: View, count: number): void {
    const { state, px, py, seen, long } = this;
    const along = Math.max(Math.round(long), 2);
    const across = Math.max(Math.round(long * ACROSS), 2);
    this.tones.forEach((colour, tone) => {
      pen.fillStyle = colour;
      for (let i = 0; i < count; i++) {
        const v = seen[i];
        if (state.tone[v] !== tone) continue;
        const level = Math.abs(Math.cos(state.heading[v])) > 0.7;
        const [wide, high] = level ? [along, across] : [across, along];
        pen.fillRect(Math.round(px[i] - wide / 2), Math.round(py[i] - high / 2), wide, high);
      }
    });
    if (long < MARKED_PX * view.ratio) return;
    const mark = Math.round(LOAD * long);
    for (const load of [1, 2]) {
      pen.fillStyle = load === 2 ? PALETTES[this.theme].carrier : PALETTES[this.theme].ground;
      for (let i = 0; i < count; i++) {
        if (state.load[seen[i]] === load) pen.fillRect(Math.round(px[i] - mark / 2), Math.round(py[i] - mark / 2), mark, mark);
      }
    }
  }

  private forget(): void {
    for (const picture of this.pictures.values()) picture.close();
    this.pictures.clear();
  }

  private picture(tone: number, load: number, heading: number): ImageBitmap {
    const key = (tone * 3 + load) * HEADINGS + heading;
    const made = this.pictures.get(key);
    if (made) return made;
    const { long } = this;
    const size = 2 * Math.ceil(0.65 * long + 2);
    const canvas = new OffscreenCanvas(size, size);
    const pen = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
    const half = (ACROSS * long) / 2;
    pen.translate(size / 2, size / 2);
    pen.rotate((heading * 2 * Math.PI) / HEADINGS);
    pen.beginPath();
    for (const [x, y] of [[-0.5, -1], [0.12, -1], [0.5, 0], [0.12, 1], [-0.5, 1]]) pen.lineTo(x * long, y * half);
    pen.closePath();
    pen.strokeStyle = PALETTES[this.theme].ground;
    pen.lineWidth = 0.12 * long;
    pen.lineJoin = "round";
    pen.stroke();
    pen.fillStyle = this.tones[tone];
    pen.fill();
    if (load) paintCarrier(pen, load === 2, -(LOAD_BACK + LOAD / 2) * long, (-LOAD / 2) * long, LOAD * long, PALETTES[this.theme]);
    const picture = canvas.transferToImageBitmap();
    this.pictures.set(key, picture);
    return picture;
  }
}
