// The floor without its vehicles, kept as a picture: drawn whole when the view changes, else only where something did.

import type { Box, Floor, Heat } from "../protocol";
import { MACHINE, PALETTES, VEHICLE, type Theme } from "../theme";
import type { World } from "../world";
import { height, namesOf, type Name } from "./names";
import type { View } from "./view";

export const CARRIER_M = 0.95;
export const CARRIER_PX = 4; // carriers are drawn at least so large
const HEAT_M = 2.2;
const MANY = 25; // more spots than that at once are dearer than the whole
const LOWER = 0.06; // of its height: the middle of capitals lies above that of all letters
const FONT = "Inter, 'Noto Sans', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";
const BOLT = [0.25, -0.95, -0.6, 0.15, -0.05, 0.15, -0.25, 0.95, 0.6, -0.15, 0.05, -0.15];

/** Left, top, right, bottom; in screen pixels, or in metres. */
type Rect = [number, number, number, number];

type Pen = OffscreenCanvasRenderingContext2D;

export class FloorPicture {
  readonly canvas = new OffscreenCanvas(1, 1);
  private readonly pen = this.canvas.getContext("2d", { alpha: false }) as Pen;
  private readonly ways: Float32Array; // x, y, x, y of each; one of two in opposite directions
  private readonly names: Name[];
  private theme: Theme = "light";
  private hot: [number, number, number][] = [];
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
    this.names = namesOf(floor);
    this.machines = new Int32Array(ground.machines.length).fill(-2);
    this.stations = new Uint8Array(ground.stations.length);
    this.content = new Uint8Array(ground.stations.length);
    this.stock = new Int32Array(2 * ground.stockers.length);
    this.counts = new Int32Array(2 * ground.stockers.length);
    const number = new Map(ground.stockers.map((stocker, i) => [stocker.id, i]));
    this.stockerOf = Int32Array.from(ground.stations, (one) => (one.kind === "stocker" ? (number.get(one.of) ?? -1) : -1));
    const seen = new Set<number>();
    const ways: number[] = [];
    for (let way = 0; way < ground.layout_ways; way++) {
      const [a, b] = [ground.ways[2 * way], ground.ways[2 * way + 1]];
      const key = Math.min(a, b) * ground.x.length + Math.max(a, b);
      if (seen.has(key)) continue;
      seen.add(key);
      ways.push(ground.x[a], ground.y[a], ground.x[b], ground.y[b]);
    }
    this.ways = Float32Array.from(ways);
  }

  dress(theme: Theme): void {
    this.theme = theme;
    this.stale = true;
  }

  /** Show where vehicles wait; null: do not. */
  warm(heat: Heat | null): void {
    const { x, y } = this.floor.ground;
    const most = Math.max(...(heat?.waiting ?? []), 1e-9);
    const hot = (heat?.node ?? []).map((node, i): [number, number, number] => [x[node], y[node], heat!.waiting[i] / most]);
    this.hot = hot.filter(([, , share]) => share > 0.02);
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
  private paint(view: View, [left, top, right, bottom]: Rect): void {
    const { pen } = this;
    const colours = PALETTES[this.theme];
    pen.save();
    pen.beginPath();
    pen.rect(left, top, right - left, bottom - top);
    pen.clip();
    pen.fillStyle = colours.ground;
    pen.fillRect(left, top, right - left, bottom - top);
    const at = (pixel: number, zero: number): number => (pixel - zero) / view.dots;
    const more = 2 / view.dots;
    const part: Rect = [at(left, view.left) - more, at(top, view.top) - more, at(right, view.left) + more, at(bottom, view.top) + more];
    this.paintBoxes(view, part);
    this.paintHeat(view, part);
    this.paintWays(view, part);
    this.paintMarks(view, part);
    this.paintNames(view, part);
    this.paintCarriers(view, part);
    pen.restore();
  }

  private paintBoxes(view: View, part: Rect): void {
    const { pen } = this;
    const { machines, stockers } = this.floor.ground;
    const colours = PALETTES[this.theme];
    const line = Math.max(Math.round(view.ratio), 1);
    const one = (box: Rect, colour: string, inside?: (pixels: Rect) => void): void => {
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
    };
    machines.forEach(({ box }, m) => {
      if (box && meets(box, part)) one(box, MACHINE[this.state.stateOf(m)] ?? colours.way);
    });
    stockers.forEach((stocker, i) => {
      if (stocker.box && meets(stocker.box, part)) one(stocker.box, colours.hollow, (pixels) => this.paintStock(view, stocker, i, pixels));
    });
  }

  /** The bar that says how full a stocker is. */
  private paintStock(view: View, stocker: Box, i: number, [left, , right, bottom]: Rect): void {
    const { pen } = this;
    const colours = PALETTES[this.theme];
    const [full, empty] = [this.stock[2 * i], this.stock[2 * i + 1]];
    const width = (right - left) / Math.max(stocker.slots, full + empty, 1);
    const high = Math.max(Math.round(0.7 * view.dots), 1);
    const [a, b] = [Math.round(full * width), Math.round((full + empty) * width)];
    pen.fillStyle = colours.carrier;
    pen.fillRect(left, bottom - high, a, high);
    pen.globalAlpha = 0.7;
    pen.fillStyle = colours.hollow;
    pen.fillRect(left + a, bottom - high, b - a, high);
    pen.globalAlpha = 1;
  }

  private paintHeat(view: View, part: Rect): void {
    const { pen } = this;
    pen.fillStyle = "#d55e00";
    for (const [x, y, share] of this.hot) {
      if (!meets([x - HEAT_M, y - HEAT_M, x + HEAT_M, y + HEAT_M], part)) continue;
      pen.globalAlpha = 0.85 * share ** 0.8;
      pen.beginPath();
      pen.arc(x * view.dots + view.left, y * view.dots + view.top, HEAT_M * view.dots, 0, 2 * Math.PI);
      pen.fill();
    }
    pen.globalAlpha = 1;
  }

  /** Lines of one pixel; level and upright ones, which most are, as the rectangles that they are. */
  private paintWays(view: View, part: Rect): void {
    const { pen, ways } = this;
    const { dots, left, top } = view;
    const line = Math.max(Math.round(view.ratio), 1);
    pen.fillStyle = pen.strokeStyle = PALETTES[this.theme].way;
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

  /** Where vehicles park, and where they charge. */
  private paintMarks(view: View, part: Rect): void {
    const { pen } = this;
    const line = Math.max(Math.round(view.ratio), 1);
    pen.strokeStyle = PALETTES[this.theme].edge;
    pen.fillStyle = VEHICLE.charging;
    pen.lineWidth = line;
    for (const { x, y, kind } of this.floor.ground.stations) {
      if ((kind !== "parking" && kind !== "charging") || !meets([x - 1, y - 1, x + 1, y + 1], part)) continue;
      if (kind === "parking") {
        const [left, top, right, bottom] = whole(view, [x - 0.7, y - 0.7, x + 0.7, y + 0.7]);
        pen.strokeRect(left + line / 2, top + line / 2, right - left, bottom - top);
        continue;
      }
      pen.beginPath();
      for (let i = 0; i < BOLT.length; i += 2) pen.lineTo((x + BOLT[i]) * view.dots + view.left, (y + BOLT[i + 1]) * view.dots + view.top);
      pen.fill();
    }
  }

  private paintNames(view: View, part: Rect): void {
    const { pen } = this;
    const colours = PALETTES[this.theme];
    let font = "";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (const name of this.names) {
      const pixels = height(name, view.scale) * view.ratio;
      if (!pixels || !meets([name.x - name.wide, name.y - name.high, name.x + name.wide, name.y + name.high], part)) continue;
      const wanted = `600 ${Math.round(4 * pixels) / 4}px ${FONT}`;
      if (wanted !== font) pen.font = font = wanted;
      pen.fillStyle = name.soft ? colours.soft : colours.ink;
      pen.fillText(name.text, name.x * view.dots + view.left, name.y * view.dots + view.top + LOWER * pixels);
    }
  }

  private paintCarriers(view: View, part: Rect): void {
    const { stations } = this.floor.ground;
    const size = Math.floor(carrierSize(view));
    const reach = size / view.dots;
    for (let s = 0; s < stations.length; s++) {
      const { x, y } = stations[s];
      if (!this.stations[s] || !meets([x - reach, y - reach, x + reach, y + reach], part)) continue;
      const left = Math.round(x * view.dots + view.left - size / 2);
      const top = Math.round(y * view.dots + view.top - size / 2);
      paintCarrier(this.pen, this.stations[s] === 2, left, top, size, this.theme);
    }
  }
}

function carrierSize(view: View): number {
  return Math.max(CARRIER_M * view.dots, CARRIER_PX * view.ratio);
}

/** A carrier with its top left corner at a point: filled with a lot, hollow without. */
export function paintCarrier(pen: Pen, full: boolean, left: number, top: number, size: number, theme: Theme): void {
  const colours = PALETTES[theme];
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

function meets(box: Rect, part: Rect): boolean {
  return box[0] <= part[2] && box[2] >= part[0] && box[1] <= part[3] && box[3] >= part[1];
}

/** A box of the floor in whole screen pixels, so that its edges are sharp. */
function whole(view: View, [left, top, right, bottom]: Rect): Rect {
  const x = (metres: number): number => Math.round(metres * view.dots) + view.left;
  const y = (metres: number): number => Math.round(metres * view.dots) + view.top;
  return [x(left), y(top), x(right), y(bottom)];
}
