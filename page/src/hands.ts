// A mouse or fingers on the floor: pan, zoom, pick, and a word on what lies under the pointer.

import { fill, h } from "./dom";
import type { Floor } from "./protocol";
import type { Scene, Thing } from "./scene";
import { said } from "./words";
import type { World } from "./world";

const STILL_PX = 5; // a pointer that moves less is a click

export class Hands {
  readonly tip = h("div", { class: "tip", hidden: true });
  private readonly fingers = new Map<number, [number, number]>();
  private moved = 0;
  private spread = 0;

  constructor(
    private readonly floor: Floor,
    private readonly world: World,
    private readonly scene: Scene,
    private readonly hooks: {
      select: (thing: Thing | null) => void;
      /** The floor was moved by hand. */
      panned: () => void;
    },
  ) {
    const canvas = scene.canvas;
    canvas.addEventListener("pointerdown", (event) => this.touch(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointercancel", (event) => this.release(event));
    canvas.addEventListener("pointerleave", () => (this.tip.hidden = true));
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        scene.zoom(Math.exp(-event.deltaY / 500), ...this.at(event));
      },
      { passive: false },
    );
    canvas.addEventListener("dblclick", () => scene.approach());
  }

  private at(event: MouseEvent): [number, number] {
    const box = this.scene.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  private touch(event: PointerEvent): void {
    this.scene.canvas.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, this.at(event));
    this.moved = 0;
    this.spread = 0;
  }

  private move(event: PointerEvent): void {
    const { fingers, scene } = this;
    const [x, y] = this.at(event);
    const before = fingers.get(event.pointerId);
    if (!before) {
      this.hover(x, y);
      return;
    }
    fingers.set(event.pointerId, [x, y]);
    this.moved += Math.abs(x - before[0]) + Math.abs(y - before[1]);
    if (this.moved < STILL_PX) return;
    this.tip.hidden = true;
    scene.pan((x - before[0]) / fingers.size, (y - before[1]) / fingers.size);
    this.hooks.panned();
    if (fingers.size === 2) {
      const [a, b] = [...fingers.values()];
      const now = Math.hypot(a[0] - b[0], a[1] - b[1]);
      if (this.spread) scene.zoom(now / this.spread, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
      this.spread = now;
    }
  }

  private release(event: PointerEvent): void {
    if (!this.fingers.delete(event.pointerId)) return;
    this.spread = 0;
    if (event.type === "pointerup" && this.moved < STILL_PX) this.hooks.select(this.scene.pick(...this.at(event)));
  }

  private hover(x: number, y: number): void {
    const { scene, tip } = this;
    const thing = scene.pick(x, y);
    scene.canvas.style.cursor = thing ? "pointer" : "grab";
    tip.hidden = !thing;
    if (!thing) return;
    fill(tip, h("b", { title: thing.id }, thing.id), h("span", {}, this.word(thing)));
    const { clientWidth: width, clientHeight: height } = tip.parentElement as HTMLElement;
    tip.style.left = `${Math.min(x + 14, width - tip.offsetWidth - 6)}px`;
    tip.style.top = `${y + 18 + tip.offsetHeight > height ? y - tip.offsetHeight - 10 : y + 18}px`;
  }

  private word({ kind, id }: Thing): string {
    const { floor, world } = this;
    if (kind === "vehicle") return said(world.mood[floor.vehicles.indexOf(id)]);
    if (kind === "machine") return said(world.stateOf(floor.ground.machines.findIndex((one) => one.id === id)) || "unknown");
    if (kind === "carrier") return floor.lots[world.lot[floor.carriers.indexOf(id)]] ?? said("empty");
    return said(kind);
  }
}
