// The floor without its vehicles, kept as a picture: drawn whole when the view changes, else only where something did.

import type { Floor, Heat, Spot } from "../protocol";
import { MACHINE, type Theme } from "../theme";
import type { World } from "../world";
import { paintMachine, paintStocker } from "./boxes";
import { brush, type Pen, type Rect } from "./brush";
import { carrierSize, paintCarriers } from "./carriers";
import { namesOf, paintNames, type Name } from "./names";
import type { View } from "./view";
import { hotOf, paintHeat, paintPlaces, paintWays, placesOf, waysOf, type Hot } from "./ways";

const MANY = 25; // more spots than that at once are dearer than the whole

export class FloorPicture {
  readonly canvas = new OffscreenCanvas(1, 1);
  private readonly pen = this.canvas.getContext("2d", { alpha: false }) as Pen;
  private readonly ways: Float32Array;
  private readonly places: Spot[];
  private readonly names: Name[];
  private theme: Theme = "light";
  private hot: Hot = [];
  private stale = true;
  private scale = NaN;
  private left = 0;
  private top = 0;
  /** What is drawn now: of each machine its state and reason, of each station its carrier, of each stocker how full. */
  private readonly machines: Int32Array;
  private readonly stations: Uint8Array; // 0: none, 1: an empty carrier, 2: one with a lot
  private readonly stock: Int32Array;
  private readonly stockerOf: Int32Array;
  private readonly content: Uint8Array;
  private readonly counts: Int32Array;

  constructor(
    private readonly floor: Floor,
    private readonly state: World,
  ) {
    const { ground } = floor;
    this.ways = waysOf(floor);
    this.places = placesOf(floor);
    this.names = namesOf(floor);
    this.machines = new Int32Array(ground.machines.length).fill(-2);
    this.stations = new Uint8Array(ground.stations.length);
    this.content = new Uint8Array(ground.stations.length);
    this.stock = new Int32Array(2 * ground.stockers.length);
    this.counts = new Int32Array(2 * ground.stockers.length);
    const number = new Map(ground.stockers.map((stocker, i) => [stocker.id, i]));
    this.stockerOf = Int32Array.from(ground.stations, (one) => (one.kind === "stocker" ? (number.get(one.of) ?? -1) : -1));
  }

  dress(theme: Theme): void {
    this.theme = theme;
    this.stale = true;
  }

  /** Show where vehicles wait; null: do not. */
  warm(heat: Heat | null): void {
    this.hot = hotOf(this.floor, heat);
    this.stale = true;
  }

  /** Bring the picture to what the view and the world are now. */
  bring(view: View): void {
    const width = Math.max(Math.round(view.width * view.ratio), 1);
    const height = Math.max(Math.round(view.height * view.ratio), 1);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.stale = true;
    }
    const spots = this.changes(view);
    const [dx, dy] = [view.left - this.left, view.top - this.top];
    if (this.scale !== view.dots || Math.abs(dx) >= width || Math.abs(dy) >= height || spots.length > MANY) this.stale = true;
    this.scale = view.dots;
    this.left = view.left;
    this.top = view.top;
    if (this.stale) this.paint(view, [0, 0, width, height]);
    else {
      if (dx || dy) this.move(view, dx, dy);
      for (const spot of spots) this.paint(view, spot);
    }
    this.stale = false;
  }

  /** Shift the picture by whole pixels, and draw what comes into view. */
  private move(view: View, dx: number, dy: number): void {
    const { width, height } = this.canvas;
    this.pen.globalCompositeOperation = "copy";
    this.pen.drawImage(this.canvas, dx, dy);
    this.pen.globalCompositeOperation = "source-over";
    if (dx) this.paint(view, dx > 0 ? [0, 0, dx, height] : [width + dx, 0, width, height]);
    if (dy) this.paint(view, dy > 0 ? [0, 0, width, dy] : [0, height + dy, width, height]);
  }

  /** Take over what the world shows; where that is not what is drawn, in screen pixels. */
  private changes(view: View): Rect[] {
    const { floor, state } = this;
    const { ground } = floor;
    const spots: Rect[] = [];
    const add = ([left, top, right, bottom]: Rect, more = 1): void => {
      const spot: Rect = [
        Math.max(Math.floor(left * view.dots) + view.left - more, 0),
        Math.max(Math.floor(top * view.dots) + view.top - more, 0),
        Math.min(Math.ceil(right * view.dots) + view.left + more, this.canvas.width),
        Math.min(Math.ceil(bottom * view.dots) + view.top + more, this.canvas.height),
      ];
      if (spot[0] < spot[2] && spot[1] < spot[3]) spots.push(spot);
    };
    for (let m = 0; m < this.machines.length; m++) {
      const key = state.state[m] < 0 ? -1 : state.state[m] * 65_536 + state.reason[m];
      if (key === this.machines[m]) continue;
      this.machines[m] = key;
      if (ground.machines[m].box) add(ground.machines[m].box!);
    }
    this.content.fill(0);
    this.counts.fill(0);
    for (let c = 0; c < state.place.length; c++) {
      const place = state.place[c];
      if (place < 0 || place >= this.content.length) continue;
      const full = state.lot[c] >= 0;
      const stocker = this.stockerOf[place];
      if (stocker >= 0) this.counts[2 * stocker + (full ? 0 : 1)]++;
      else if (ground.stations[place].kind !== "stocker") this.content[place] = full ? 2 : 1;
    }
    for (let s = 0; s < this.content.length; s++) {
      if (this.content[s] === this.stations[s]) continue;
      this.stations[s] = this.content[s];
      const { x, y } = ground.stations[s];
      add([x, y, x, y], Math.ceil(carrierSize(view) / 2) + 1);
    }
    for (let i = 0; i < this.counts.length; i++) {
      if (this.counts[i] === this.stock[i]) continue;
      this.stock[i] = this.counts[i];
      const { box } = ground.stockers[i >> 1];
      if (box) add(box);
    }
    return spots;
  }

  /** Draw what lies in a part of the canvas, in screen pixels. */
  private paint(view: View, spot: Rect): void {
    const { pen, state } = this;
    const { machines, stockers, stations } = this.floor.ground;
    const [left, top, right, bottom] = spot;
    const drawing = brush(pen, view, this.theme, spot);
    pen.save();
    pen.beginPath();
    pen.rect(left, top, right - left, bottom - top);
    pen.clip();
    pen.fillStyle = drawing.colours.ground;
    pen.fillRect(left, top, right - left, bottom - top);
    machines.forEach((machine, m) => paintMachine(drawing, machine, MACHINE[state.stateOf(m)]));
    stockers.forEach((stocker, i) => paintStocker(drawing, stocker, this.stock[2 * i], this.stock[2 * i + 1]));
    paintHeat(drawing, this.hot);
    paintWays(drawing, this.ways);
    paintPlaces(drawing, this.places);
    paintNames(drawing, this.names);
    paintCarriers(drawing, stations, this.stations);
    pen.restore();
  }
}
