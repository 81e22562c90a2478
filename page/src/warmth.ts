// The congestion heat map: where vehicles came and waited in the hour before the moment that is shown.

import type { Calendar } from "./clock";
import { fill, h } from "./dom";
import { askPath, type Floor, type Heat } from "./protocol";
import type { Scene } from "./scene";
import { measured, said } from "./words";

const STEP_MS = 600_000; // so often, in time of the record, it is asked for anew
const HOUR_MS = 3_600_000;

export class Warmth {
  /** The scale, shown beside the map. */
  readonly element = h("div", { class: "warmth", hidden: true });
  on = false;
  private of = NaN;

  constructor(
    private readonly floor: Floor,
    private readonly calendar: Calendar,
    private readonly scene: Scene,
    private readonly hooks: {
      failed: (wrong: unknown) => void;
      /** The scale has come or gone. */
      laid: () => void;
    },
  ) {}

  /** Turn the map on or off. */
  turn(on: boolean): void {
    this.on = on;
    this.of = NaN;
    this.element.hidden = true;
    this.scene.warm(null);
    this.hooks.laid();
  }

  /** Ask for it anew, whatever is shown. */
  again(): void {
    this.of = NaN;
  }

  /** Let it follow the moment that is shown. */
  at(time: number): void {
    const step = Math.floor(time / STEP_MS);
    if (!this.on || step === this.of) return;
    this.of = step;
    const [begin] = this.floor.span;
    const to = Math.max(step * STEP_MS, begin + STEP_MS);
    const from = Math.max(to - HOUR_MS, begin);
    askPath(`heat?${new URLSearchParams({ from: String(from), to: String(to) })}`)
      .then((heat: Heat) => this.show(heat, from, to))
      .catch(this.hooks.failed);
  }

  private show(heat: Heat, from: number, to: number): void {
    if (!this.on) return;
    this.scene.warm(heat);
    const most = Math.max(...heat.waiting, 0);
    fill(
      this.element,
      h("b", {}, said("heat_waiting")),
      h("span", {}, `${this.calendar.minutes(from)}–${this.calendar.minutes(to)}`),
      h("div", { class: "scale" }, h("span", {}, "0"), h("i"), h("span", {}, measured(100 * most, most < 0.1 ? 1 : 0, "%"))),
      h("span", {}, said("heat_share")),
    );
    this.element.hidden = false;
    this.hooks.laid();
  }
}
