// The floor as a picture on one canvas: what stands still is kept ready, what moves is drawn over it in each frame.
//
// Only the browser's own 2D canvas is used. Where there is no graphics card, WebGL costs ten times as much, and so does
// a library with an object for each vehicle once there are 10,000 (bench/view_libraries.py).

import { FloorPicture } from "./draw/floor";
import { drawFrame, drawPath, drawRing } from "./draw/glow";
import { Things, type Thing } from "./draw/things";
import { Vehicles } from "./draw/vehicles";
import { View } from "./draw/view";
import type { Floor, Heat } from "./protocol";
import type { Theme } from "./theme";
import type { World } from "./world";

export type { Thing } from "./draw/things";

const NEAR = 14; // pixels a metre
const ASIDE_PX = 8; // between the floor and what is laid over its edge

export class Scene {
  readonly canvas = document.createElement("canvas");
  private readonly pen = this.canvas.getContext("2d", { alpha: false }) as CanvasRenderingContext2D;
  private readonly view: View;
  private readonly picture: FloorPicture;
  private readonly vehicles: Vehicles;
  private readonly things: Things;
  private theme: Theme = "light";
  dirty = true;
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
    this.view = new View(floor.ground.bounds);
    this.picture = new FloorPicture(floor, state);
    this.vehicles = new Vehicles(state, floor.ground.vehicle_m[0]);
    this.things = new Things(floor, state);
  }

  start(theme: Theme): void {
    this.dress(theme);
    this.holder.append(this.canvas);
    this.resize();
    // Its size is told after a frame's drawing and before it is shown: a canvas resized, and so cleared, is drawn at once.
    new ResizeObserver(() => {
      this.keepClear();
      this.resize();
      this.render();
    }).observe(this.holder);
  }

  /** Let the floor, as long as it is seen whole, keep clear of what is laid over its right edge, or on a narrow screen over its lower one. */
  keepClear(): void {
    const { clientWidth, clientHeight } = this.holder;
    const laid = [...this.holder.querySelectorAll<HTMLElement>(".zooms, .warmth")].filter((one) => one.offsetWidth);
    const low = laid.every((one) => one.offsetWidth > one.offsetHeight);
    const right = low ? 0 : Math.max(...laid.map((one) => clientWidth - one.offsetLeft)) + ASIDE_PX;
    const below = low ? Math.max(...laid.map((one) => clientHeight - one.offsetTop), 0) : 0;
    if (this.view.right === right && this.view.below === below) return;
    Object.assign(this.view, { right, below });
    if (this.view.untouched) this.view.fit();
    this.dirty = true;
  }

  private resize(): void {
    const { view, canvas } = this;
    view.resize(this.holder.clientWidth, this.holder.clientHeight, window.devicePixelRatio);
    canvas.width = Math.max(Math.round(view.width * view.ratio), 1);
    canvas.height = Math.max(Math.round(view.height * view.ratio), 1);
    canvas.style.width = `${view.width}px`;
    canvas.style.height = `${view.height}px`;
    this.dirty = true;
  }

  /** Draw all in the colours of a theme. */
  dress(theme: Theme): void {
    this.theme = theme;
    this.picture.dress(theme);
    this.vehicles.dress(theme);
    this.dirty = true;
  }

  /** Draw what the world says now. */
  render(): void {
    const { pen, view } = this;
    if (this.following) this.centre();
    this.picture.bring(view);
    pen.drawImage(this.picture.canvas, 0, 0);
    drawPath(pen, view, this.floor, this.ahead);
    this.frames();
    if (!Number.isNaN(this.state.time)) this.vehicles.draw(pen, view);
    this.ring();
    this.dirty = false;
  }

  /** For benchmarks: what the last frame drew. */
  get drawn(): string {
    const { width, height } = this.canvas;
    return `${this.vehicles.drawn} over the floor of ${width} x ${height} pixels`;
  }

  /** Round machines lit up, and the one selected. */
  private frames(): void {
    for (const id of [...this.lit, ...(boxed(this.selected) ? [this.selected!.id] : [])]) {
      const box = this.things.box(id);
      if (box) drawFrame(this.pen, this.view, box, this.theme);
    }
  }

  /** Round anything else that is selected. */
  private ring(): void {
    const spot = this.selected && !boxed(this.selected) && this.where(this.selected);
    if (spot) drawRing(this.pen, this.view, spot, this.theme);
  }

  /** Show where vehicles wait; null: do not. */
  warm(heat: Heat | null): void {
    this.picture.warm(heat);
    this.dirty = true;
  }

  /** Where a thing is now; null: not on the floor, or not known. */
  where(thing: Thing): [number, number] | null {
    return this.things.where(thing, this.lit[0]);
  }

  /** Where a thing is on the canvas. */
  onScreen(thing: Thing): [number, number] | null {
    const spot = this.where(thing);
    return spot && this.view.onScreen(spot);
  }

  /** What lies under a point of the canvas. */
  pick(px: number, py: number): Thing | null {
    return this.things.under(...this.view.onFloor(px, py), this.view.scale);
  }

  fit(): void {
    this.view.fit();
    this.following = false;
    this.dirty = true;
  }

  pan(dx: number, dy: number): void {
    this.view.pan(dx, dy);
    this.following = false;
    this.dirty = true;
  }

  /** Zoom by a factor around a point of the canvas; without one, around its middle. */
  zoom(by: number, px?: number, py?: number): void {
    this.view.zoom(by, px, py);
    this.dirty = true;
  }

  /** Look at the selection from close by. */
  approach(): void {
    if (!this.selected || !this.where(this.selected)) return;
    this.view.scale = Math.max(this.view.scale, NEAR);
    this.centre();
    this.dirty = true;
  }

  private centre(): void {
    const spot = this.selected && this.where(this.selected);
    if (spot) this.view.centre(spot);
  }
}

function boxed(thing: Thing | null): boolean {
  return thing?.kind === "machine" || thing?.kind === "stocker";
}
