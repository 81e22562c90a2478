// A run in progress: its pulse, its pace, and the moment that is shown while one follows it.
//
// What is shown lies a moment behind what is known: each pulse brings the stretch of time since the one before, and that
// stretch is played until the next one comes. So things move evenly, however fast the run goes.

import { button, fill, h } from "./dom";
import { askPulse, orderPace, type Chunks, type Floor, type Order, type Pulse } from "./protocol";
import { said } from "./words";

const PULSE_MS = 500;
const SELDOM_MS = 5000; // where nobody looks, or nothing changes any more
const LOST_MS = 2000;
const LONGEST_MS = 3_600_000; // of one chunk
const PACES = [1, 5, 10, 30, 60, 120, 300, 600, 1200, 3600, 0];
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

interface Known {
  wall: number;
  now: number;
}

export class Live {
  readonly element = h("div", { class: "live", role: "group" });
  /** Whether what is shown goes along with the run. */
  following = true;
  private told: Pulse | null = null;
  private before: Known = { wall: 0, now: 0 };
  private last: Known = { wall: 0, now: 0 };
  private lost = false;
  private state = h("span", { class: "state", role: "status" });
  private pauser = h("button");
  private speeds = h("select");
  private nower = h("button");

  constructor(
    private readonly floor: Floor,
    private readonly chunks: Chunks,
    private readonly hooks: {
      /** More is known: the span has grown, maybe there are new names and ways. */
      grew: (ways: boolean) => void;
      /** The run is over; from now on this is a replay. */
      over: () => void;
      failed: (wrong: unknown) => void;
      now: () => void;
    },
  ) {
    this.before.now = this.last.now = floor.span[1];
    this.dress();
  }

  /** Whether the run is over. */
  get over(): boolean {
    return this.told !== null && ["done", "failed"].includes(this.told.part);
  }

  /** Whether there is a record by now, however short, so that figures can be asked for. */
  get begun(): boolean {
    return this.floor.span[0] >= 0 && this.floor.span[1] > 0;
  }

  /** The moment that is shown at a moment of the wall clock, while one follows. */
  time(wall: number): number {
    const { before, last } = this;
    const share = last.wall > before.wall ? Math.min((wall - last.wall) / (last.wall - before.wall), 1) : 1;
    return before.now + (last.now - before.now) * Math.max(share, 0);
  }

  /** Keep asking how the run stands; once it is over, seldom, so that the page can say when nobody answers any more. */
  async watch(): Promise<void> {
    for (;;) {
      const began = performance.now();
      const was = this.over;
      try {
        await this.pulse();
        this.lost = false;
      } catch {
        this.lost = true;
      }
      if (this.over && !was) {
        this.following = false;
        this.hooks.over();
      }
      this.show();
      const every = this.over || document.hidden ? SELDOM_MS : this.lost ? LOST_MS : PULSE_MS;
      await new Promise((done) => setTimeout(done, Math.max(every - (performance.now() - began), 50)));
    }
  }

  private async pulse(): Promise<void> {
    const { lots, reasons, ground, span } = this.floor;
    const told = await askPulse(lots.length, reasons.length, ground.ways.length / 2);
    const now = told.span[1];
    if (now > span[1] || this.told === null) await this.chunks.fetch(Math.max(Math.min(span[1], this.last.now), now - LONGEST_MS), now);
    lots.push(...told.lots);
    reasons.push(...told.reasons);
    ground.ways.push(...told.ways);
    [span[0], span[1]] = told.span;
    this.chunks.final = this.ended(told) ? Infinity : told.final_ms;
    this.told = told;
    // Where the record begins the warm-up is left behind; what is shown never goes back.
    this.before = { wall: this.last.wall, now: Math.max(this.last.now, span[0]) };
    this.last = { wall: performance.now(), now };
    this.hooks.grew(told.ways.length > 0);
  }

  private ended(told: Pulse): boolean {
    return ["recording", "checking", "sealing", "verifying", "reporting", "done"].includes(told.part);
  }

  // ---- what people see and press

  /** Lay out the strip, in the language chosen. */
  dress(): void {
    this.element.setAttribute("aria-label", said("run"));
    this.state = h("span", { class: "state", role: "status" });
    this.pauser = button("pause", said("run_pause"), () => this.order({ paused: !this.told?.paused }));
    this.speeds = h("select", { "aria-label": said("run_speed"), title: said("run_speed"), change: () => this.order({ speed: Number(this.speeds.value) }) });
    for (const pace of PACES) this.speeds.append(h("option", { value: pace }, pace ? `${pace.toLocaleString("en-US")} ×` : said("fastest")));
    this.nower = h("button", { type: "button", class: "word", title: said("to_now"), click: () => this.hooks.now() }, said("now"));
    fill(
      this.element,
      this.state,
      h("span", { class: "soft" }, said("run")),
      this.pauser,
      h("button", { type: "button", class: "word", title: said("run_step"), click: () => this.order({ step_ms: SECOND_MS }) }, "+1 s"),
      h("button", { type: "button", class: "word", title: said("run_step"), click: () => this.order({ step_ms: MINUTE_MS }) }, "+1 min"),
      this.speeds,
      this.nower,
    );
    this.show();
  }

  private order(order: Order): void {
    orderPace(order, this.floor.key).catch((wrong) => this.hooks.failed(wrong));
  }

  /** Let the strip say how things stand. */
  show(): void {
    const { told } = this;
    const paused = told?.paused ?? false;
    const name = this.lost ? "lost" : this.over || !paused ? (told?.part ?? "starting") : "paused";
    const text = this.lost ? said("run_lost") : paused && !this.over ? said("run_paused") : said(`part_${name}`) + (told?.message ? ` ${told.message}` : "");
    if (this.state.textContent !== text) this.state.textContent = this.state.title = text;
    this.element.dataset.state = name;
    this.nower.setAttribute("aria-pressed", String(this.following));
    const label = said(paused ? "run_go_on" : "run_pause");
    if (this.pauser.title !== label) {
      const other = button(paused ? "play" : "pause", label, () => this.order({ paused: !this.told?.paused }));
      this.pauser.replaceWith(other);
      this.pauser = other;
    }
    if (document.activeElement !== this.speeds && told) this.speeds.value = this.named(told.speed);
    const bound = this.over || this.lost || (told !== null && this.ended(told));
    for (const part of this.element.querySelectorAll<HTMLButtonElement | HTMLSelectElement>("button, select")) {
      if (part !== this.nower) part.disabled = bound;
    }
    this.nower.disabled = this.over;
  }

  /** The value of the choice that stands for a speed; one that is not among them is added. */
  private named(speed: number): string {
    if (![...this.speeds.options].some((one) => Number(one.value) === speed)) this.speeds.append(h("option", { value: speed }, `${speed} ×`));
    return String(speed);
  }
}
