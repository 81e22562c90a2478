// The floor as a picture: ways, machines, carriers and vehicles, drawn with PixiJS.

import "pixi.js/unsafe-eval"; // no code from text: the content policy forbids it
import { Application, Container, Graphics, Sprite, Text, Texture } from "pixi.js";

import type { Box, Floor, Heat } from "./protocol";
import { MACHINE, PALETTES, VEHICLE, type Theme } from "./theme";
import type { World } from "./world";

const VEHICLE_PX = 13; // vehicles are drawn at least so long
const CARRIER_PX = 4.5;
const LEGIBLE_PX = 5.6; // smaller letters are left out
const LARGEST_PX = 15;
const LABEL_PX = 40; // letters are drawn once, so large, and scaled
const MOST_ZOOM = 90; // pixels a metre
const TEXTURE_PX = 64;

export interface Thing {
  kind: "vehicle" | "machine" | "stocker" | "carrier" | "lot" | "cell";
  id: string;
}

export class Scene {
  private readonly app = new Application();
  private readonly world = new Container();
  private readonly heat = new Graphics();
  private readonly ways = new Graphics();
  private readonly boxes = new Container();
  private readonly outlines = new Graphics();
  private readonly marks = new Graphics();
  private readonly labels = new Container();
  private letters: { label: Text; metres: number; until: number }[] = [];
  private readonly path = new Graphics();
  private readonly rings = new Graphics();
  private readonly carriers = new Container();
  private readonly fleet = new Container();
  private readonly fills: (Sprite | null)[] = [];
  private readonly stock: Graphics[] = [];
  private carrierSprites: Sprite[] = [];
  private vehicleSprites: Sprite[] = [];
  private loadSprites: Sprite[] = [];
  private textures: Record<"vehicle" | "full" | "hollow", Texture> | null = null;
  private theme: Theme = "light";
  private machineNumber = new Map<string, number>();
  private vehicleNumber = new Map<string, number>();
  private carrierNumber = new Map<string, number>();
  private lotNumber = new Map<string, number>();
  dirty = true;
  /** The whole floor is in view, and stays so when the window changes. */
  private untouched = true;
  following = false;
  /** Ways ahead of the selected vehicle. */
  ahead: number[] = [];
  /** Machines to light up besides the selection. */
  lit: string[] = [];
  selected: Thing | null = null;

  constructor(
    private readonly floor: Floor,
    private readonly state: World,
    private readonly holder: HTMLElement,
  ) {
    floor.ground.machines.forEach((machine, i) => this.machineNumber.set(machine.id, i));
    floor.vehicles.forEach((name, i) => this.vehicleNumber.set(name, i));
    floor.carriers.forEach((name, i) => this.carrierNumber.set(name, i));
    floor.lots.forEach((name, i) => this.lotNumber.set(name, i));
  }

  get canvas(): HTMLCanvasElement {
    return this.app.canvas;
  }

  async start(theme: Theme): Promise<void> {
    this.theme = theme;
    await this.app.init({
      preference: "webgl",
      antialias: false, // sprites and level lines need none, and software rendering pays for it fourfold
      resolution: Math.min(window.devicePixelRatio || 1, 2),
      autoDensity: true,
      autoStart: false,
      sharedTicker: false,
      resizeTo: this.holder,
      background: PALETTES[theme].ground,
      eventFeatures: { move: false, globalMove: false, click: false, wheel: false },
    });
    this.app.ticker.stop();
    this.holder.append(this.app.canvas);
    this.app.stage.eventMode = "none";
    this.app.stage.addChild(this.world);
    this.world.addChild(
      this.boxes,
      this.outlines,
      this.heat,
      this.ways,
      this.marks,
      this.labels,
      this.path,
      this.carriers,
      this.fleet,
      this.rings,
    );
    this.dress(theme);
    this.fit();
    new ResizeObserver(() => {
      this.app.resize();
      if (this.untouched) this.fit();
      this.dirty = true;
    }).observe(this.holder);
  }

  /** Draw all that stands still, in the colours of a theme. */
  dress(theme: Theme): void {
    this.theme = theme;
    const colours = PALETTES[theme];
    const { ground } = this.floor;
    this.app.renderer.background.color = colours.ground;
    this.ways.clear();
    const seen = new Set<string>();
    for (let way = 0; way < ground.layout_ways; way++) {
      const [a, b] = [ground.ways[2 * way], ground.ways[2 * way + 1]];
      const key = a < b ? `${a}-${b}` : `${b}-${a}`;
      if (seen.has(key)) continue;
      seen.add(key);
      this.ways.moveTo(ground.x[a], ground.y[a]).lineTo(ground.x[b], ground.y[b]);
    }
    this.ways.stroke({ color: colours.way, pixelLine: true });
    this.boxes.removeChildren().forEach((child) => child.destroy());
    this.labels.removeChildren().forEach((child) => child.destroy());
    this.letters = [];
    this.outlines.clear();
    this.fills.length = 0;
    this.stock.length = 0;
    for (const machine of ground.machines) this.fills.push(this.machine(machine));
    for (const stocker of ground.stockers) {
      this.machine(stocker)!.tint = colours.hollow;
      const bar = new Graphics();
      this.boxes.addChild(bar);
      this.stock.push(bar);
    }
    this.outlines.stroke({ color: colours.edge, pixelLine: true });
    this.marks.clear();
    for (const station of ground.stations) {
      if (station.kind === "parking") this.marks.rect(station.x - 0.7, station.y - 0.7, 1.4, 1.4);
    }
    this.marks.stroke({ color: colours.edge, pixelLine: true });
    for (const station of ground.stations) {
      if (station.kind !== "charging") continue;
      const { x, y } = station;
      this.marks.poly([x + 0.25, y - 0.95, x - 0.6, y + 0.15, x - 0.05, y + 0.15, x - 0.25, y + 0.95, x + 0.6, y - 0.15, x + 0.05, y - 0.15]);
    }
    this.marks.fill({ color: VEHICLE.charging });
    this.lineNames();
    this.moving();
    this.dirty = true;
  }

  private machine(box: Box): Sprite | null {
    if (!box.box) return null;
    const [left, top, right, bottom] = box.box;
    const fill = new Sprite(Texture.WHITE);
    fill.position.set(left, top);
    fill.width = right - left;
    fill.height = bottom - top;
    fill.alpha = PALETTES[this.theme].fill;
    this.boxes.addChild(fill);
    this.outlines.rect(left, top, right - left, bottom - top);
    const text = box.id.slice(box.id.indexOf("-") + 1) || box.id;
    const shown = box.behind ? box.code : text;
    const middle = (top + bottom) / 2;
    const metres = this.label(shown, (left + right) / 2, middle, right - left, bottom - top);
    // From afar, a machine with others connected behind it is told by its own name across all of them.
    const tail = this.floor.ground.machines.filter((one) => one.behind === box.id && one.box);
    if (tail.length) {
      const end = Math.max(...tail.map((one) => one.box![2]));
      this.label(shown, (left + end) / 2, middle, end - left, bottom - top, LEGIBLE_PX / metres);
    }
    return fill;
  }

  /** A name in a box of so many metres, as long as a metre is shorter than `until` pixels; how high its letters are. */
  private label(text: string, x: number, y: number, wide: number, high: number, until = Infinity, ink = PALETTES[this.theme].ink): number {
    const metres = Math.min(wide / (0.7 * text.length + 0.7), high / 3, 1.8 * (ink === PALETTES[this.theme].ink ? 1 : 2.4));
    const fontFamily = "Inter, 'Noto Sans', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";
    const label = new Text({ text, style: { fontFamily, fontSize: LABEL_PX, fontWeight: "600", fill: ink } });
    label.anchor.set(0.5);
    label.position.set(x, y);
    this.labels.addChild(label);
    this.letters.push({ label, metres, until });
    return metres;
  }

  private lineNames(): void {
    const { ground, lines } = this.floor;
    const [left] = ground.bounds;
    for (let line = 1; line <= lines; line++) {
      const its = [...ground.machines, ...ground.stockers].filter((box) => box.line === line && box.box);
      if (!its.length) continue;
      const top = Math.min(...its.map((box) => box.box![1]));
      const bottom = Math.max(...its.map((box) => box.box![3]));
      this.label(`L${line}`, left - 3.2, (top + bottom) / 2, 10, 13, Infinity, PALETTES[this.theme].soft);
    }
  }

  private draw(paint: (pen: Graphics) => void): Texture {
    const pen = new Graphics();
    paint(pen);
    const texture = this.app.renderer.generateTexture({ target: pen, resolution: 2, antialias: true, textureSourceOptions: { autoGenerateMipmaps: true } });
    pen.destroy();
    return texture;
  }

  /** Sprites of all that moves. */
  private moving(): void {
    const colours = PALETTES[this.theme];
    const t = TEXTURE_PX;
    for (const layer of [this.carriers, this.fleet]) layer.removeChildren().forEach((child) => child.destroy());
    if (this.textures) for (const texture of Object.values(this.textures)) texture.destroy(true);
    this.textures = {
      vehicle: this.draw((pen) => {
        pen.poly([0.04 * t, 0.1 * t, 0.62 * t, 0.1 * t, 0.98 * t, 0.42 * t, 0.62 * t, 0.74 * t, 0.04 * t, 0.74 * t]);
        pen.fill("#ffffff").stroke({ width: 0.07 * t, color: colours.ground, join: "round" });
      }),
      full: this.draw((pen) => {
        pen.roundRect(2, 2, t - 4, t - 4, 8).fill(colours.carrier).stroke({ width: 5, color: colours.ground });
      }),
      hollow: this.draw((pen) => {
        pen.roundRect(6, 6, t - 12, t - 12, 8).fill({ color: colours.ground, alpha: 0.9 }).stroke({ width: 9, color: colours.hollow });
      }),
    };
    const sprite = (texture: Texture): Sprite => {
      const one = new Sprite(texture);
      one.anchor.set(0.5);
      return one;
    };
    this.carrierSprites = this.floor.carriers.map(() => sprite(this.textures!.full));
    this.vehicleSprites = this.floor.vehicles.map(() => sprite(this.textures!.vehicle));
    this.loadSprites = this.floor.vehicles.map(() => sprite(this.textures!.full));
    this.carriers.addChild(...this.carrierSprites);
    this.fleet.addChild(...this.vehicleSprites, ...this.loadSprites);
  }

  /** Bring what moves to where the world says it is, and draw. */
  render(): void {
    if (!this.textures) return;
    const scale = this.world.scale.x;
    if (this.following) this.centre();
    const { floor, state } = this;
    const [length] = floor.ground.vehicle_m;
    const long = Math.max(length, VEHICLE_PX / scale);
    const size = Math.max(0.95, CARRIER_PX / scale);
    const stations = floor.ground.stations;
    const inside = new Map<string, [number, number]>();
    for (let c = 0; c < this.carrierSprites.length; c++) {
      const one = this.carrierSprites[c];
      const place = state.place[c];
      const on = place >= 0 && place < stations.length ? stations[place] : null;
      one.visible = on !== null && on.kind !== "stocker";
      if (on?.kind === "stocker") {
        const counts = inside.get(on.of) ?? [0, 0];
        counts[state.lot[c] >= 0 ? 0 : 1]++;
        inside.set(on.of, counts);
      }
      if (!one.visible || !on) continue;
      one.texture = state.lot[c] >= 0 ? this.textures.full : this.textures.hollow;
      one.position.set(on.x, on.y);
      one.width = one.height = size;
    }
    floor.ground.stockers.forEach((stocker, i) => this.fillStock(this.stock[i], stocker, inside.get(stocker.id) ?? [0, 0]));
    for (let v = 0; v < this.vehicleSprites.length; v++) {
      const one = this.vehicleSprites[v];
      const load = this.loadSprites[v];
      one.visible = state.mood[v] !== "off_floor";
      load.visible = one.visible && state.load[v] > 0;
      one.position.set(state.x[v], state.y[v]);
      one.rotation = state.heading[v];
      one.tint = VEHICLE[state.mood[v]] ?? VEHICLE.idle;
      one.width = long;
      one.height = long * 0.72;
      if (!load.visible) continue;
      load.texture = state.load[v] === 2 ? this.textures.full : this.textures.hollow;
      load.position.set(state.x[v] - 0.12 * long * Math.cos(state.heading[v]), state.y[v] - 0.12 * long * Math.sin(state.heading[v]));
      load.rotation = state.heading[v];
      load.width = load.height = long * 0.34;
    }
    for (let m = 0; m < this.fills.length; m++) {
      const fill = this.fills[m];
      if (fill) fill.tint = MACHINE[state.stateOf(m)] ?? PALETTES[this.theme].way;
    }
    for (const { label, metres, until } of this.letters) {
      label.visible = metres * scale >= LEGIBLE_PX && scale < until;
      label.scale.set(Math.min(metres, LARGEST_PX / scale) / LABEL_PX);
    }
    this.light(scale);
    this.app.render();
    this.dirty = false;
  }

  private fillStock(bar: Graphics, stocker: Box, [full, empty]: [number, number]): void {
    if (!stocker.box) return;
    const [left, , right, bottom] = stocker.box;
    const width = (right - left) / Math.max(stocker.slots, full + empty, 1);
    bar.clear();
    bar.rect(left, bottom - 0.7, full * width, 0.7).fill(PALETTES[this.theme].carrier);
    bar.rect(left + full * width, bottom - 0.7, empty * width, 0.7).fill({ color: PALETTES[this.theme].hollow, alpha: 0.7 });
  }

  /** The selection's rings, and the way ahead. */
  private light(scale: number): void {
    const colours = PALETTES[this.theme];
    const { ground } = this.floor;
    this.rings.clear();
    this.path.clear();
    if (this.ahead.length) {
      this.ahead.forEach((way, i) => {
        const [a, b] = [ground.ways[2 * way], ground.ways[2 * way + 1]];
        if (i === 0) this.path.moveTo(ground.x[a], ground.y[a]);
        this.path.lineTo(ground.x[b], ground.y[b]);
      });
      this.path.stroke({ width: Math.max(0.35, 3 / scale), color: "#0072b2", alpha: 0.75, cap: "round", join: "round" });
    }
    const width = Math.max(0.25, 2.5 / scale);
    const mark = (id: string): void => {
      const box = this.boxOf(id);
      if (box) this.rings.rect(box[0], box[1], box[2] - box[0], box[3] - box[1]).stroke({ width: 1.3 * width, color: colours.glow });
    };
    this.lit.forEach(mark);
    if (!this.selected) return;
    const spot = this.where(this.selected);
    if (this.selected.kind === "machine" || this.selected.kind === "stocker") mark(this.selected.id);
    else if (spot) {
      this.rings.circle(spot[0], spot[1], Math.max(1.6, 14 / scale)).stroke({ width: 1.7 * width, color: colours.glow });
      this.rings.circle(spot[0], spot[1], Math.max(1.6, 14 / scale)).stroke({ width, color: "#e69f00" });
    }
  }

  private boxOf(id: string): Box["box"] {
    const { machines, stockers } = this.floor.ground;
    const number = this.machineNumber.get(id);
    return (number === undefined ? stockers.find((stocker) => stocker.id === id) : machines[number])?.box ?? null;
  }

  /** Show where vehicles wait; null: do not. */
  warm(heat: Heat | null): void {
    const { x, y } = this.floor.ground;
    this.heat.clear();
    this.dirty = true;
    if (!heat) return;
    const most = Math.max(...heat.waiting, 1e-9);
    heat.node.forEach((node, i) => {
      const share = heat.waiting[i] / most;
      if (share > 0.02) this.heat.circle(x[node], y[node], 2.2).fill({ color: "#d55e00", alpha: 0.85 * share ** 0.8 });
    });
  }

  /** Where a thing is now; null: not on the floor, or not known. */
  where(thing: Thing): [number, number] | null {
    const { state } = this;
    if (thing.kind === "vehicle") {
      const v = this.vehicleNumber.get(thing.id);
      return v === undefined ? null : [state.x[v], state.y[v]];
    }
    if (thing.kind === "carrier") {
      const c = this.carrierNumber.get(thing.id);
      return c === undefined ? null : state.spot(c);
    }
    if (thing.kind === "lot" || thing.kind === "cell") {
      const name = thing.kind === "lot" ? thing.id : thing.id.slice(0, thing.id.lastIndexOf("-"));
      const lot = this.lotNumber.get(name);
      const carrier = lot === undefined ? -1 : state.lot.indexOf(lot);
      if (carrier >= 0) return state.spot(carrier);
      const box = this.lit.length ? this.boxOf(this.lit[0]) : null;
      return box ? [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] : null;
    }
    const box = this.boxOf(thing.id);
    return box ? [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] : null;
  }

  /** Where a thing is on the canvas. */
  onScreen(thing: Thing): [number, number] | null {
    const spot = this.where(thing);
    const scale = this.world.scale.x;
    return spot && [this.world.x + spot[0] * scale, this.world.y + spot[1] * scale];
  }

  /** What lies under a point of the canvas. */
  pick(px: number, py: number): Thing | null {
    const scale = this.world.scale.x;
    const x = (px - this.world.x) / scale;
    const y = (py - this.world.y) / scale;
    const { floor, state } = this;
    const reach = Math.max(0.9, 9 / scale);
    let best = reach * reach;
    let found: Thing | null = null;
    for (let v = 0; v < state.vehicles; v++) {
      const away = (state.x[v] - x) ** 2 + (state.y[v] - y) ** 2;
      if (away < best && state.mood[v] !== "off_floor") [best, found] = [away, { kind: "vehicle", id: floor.vehicles[v] }];
    }
    if (found) return found;
    best = Math.max(0.8, 5 / scale) ** 2;
    for (let c = 0; c < state.place.length; c++) {
      const place = state.place[c];
      if (place < 0 || place >= floor.ground.stations.length || floor.ground.stations[place].kind === "stocker") continue;
      const station = floor.ground.stations[place];
      const away = (station.x - x) ** 2 + (station.y - y) ** 2;
      if (away < best) [best, found] = [away, { kind: "carrier", id: floor.carriers[c] }];
    }
    if (found) return found;
    for (const [kind, boxes] of [["machine", floor.ground.machines], ["stocker", floor.ground.stockers]] as const) {
      for (const { id, box } of boxes) {
        if (box && box[0] <= x && x <= box[2] && box[1] <= y && y <= box[3]) return { kind, id };
      }
    }
    return null;
  }

  fit(): void {
    const [left, top, right, bottom] = this.floor.ground.bounds;
    const { width, height } = this.app.screen;
    const scale = Math.min(width / (right - left + 6), height / (bottom - top));
    this.world.scale.set(scale);
    this.world.position.set((width - (left + right - 5) * scale) / 2, (height - (top + bottom) * scale) / 2);
    this.following = false;
    this.untouched = true;
    this.dirty = true;
  }

  pan(dx: number, dy: number): void {
    this.untouched = false;
    this.world.x += dx;
    this.world.y += dy;
    this.following = false;
    this.dirty = true;
  }

  /** Zoom by a factor around a point of the canvas; without one, around its middle. */
  zoom(by: number, px = this.app.screen.width / 2, py = this.app.screen.height / 2): void {
    this.untouched = false;
    const [left, , right] = this.floor.ground.bounds;
    const least = (0.5 * this.app.screen.width) / (right - left);
    const scale = Math.min(Math.max(this.world.scale.x * by, Math.min(least, 4)), MOST_ZOOM);
    const factor = scale / this.world.scale.x;
    this.world.x = px - (px - this.world.x) * factor;
    this.world.y = py - (py - this.world.y) * factor;
    this.world.scale.set(scale);
    this.dirty = true;
  }

  /** Look at the selection from close by. */
  approach(): void {
    if (!this.selected || !this.where(this.selected)) return;
    if (this.world.scale.x < 14) this.world.scale.set(14);
    this.centre();
    this.dirty = true;
  }

  private centre(): void {
    const spot = this.selected && this.where(this.selected);
    if (!spot) return;
    this.untouched = false;
    const scale = this.world.scale.x;
    this.world.position.set(this.app.screen.width / 2 - spot[0] * scale, this.app.screen.height / 2 - spot[1] * scale);
  }
}
