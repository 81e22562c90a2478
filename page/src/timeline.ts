// The time line: output over the record, what went wrong, and where we are; drag it to go elsewhere.

import type { Calendar } from "./clock";
import type { Figures, Floor } from "./protocol";
import { ALARM, PALETTES, type Theme } from "./theme";
import { h } from "./dom";
import { said } from "./words";

const BESIDE_PX = 12; // from the pointer to the time that it is at
// In letters of the page, which are larger on a wall screen.
const LETTER = 11 / 14;
const TOP = 8 / 14;
const BOTTOM = 16 / 14; // room for the hours

export class Timeline {
  readonly element: HTMLElement;
  private readonly canvas = h("canvas", { "aria-hidden": "true" });
  private readonly head = h("div", { class: "playhead" });
  private readonly hint = h("div", { class: "hint", hidden: true });
  private width = 0;
  private at = NaN;
  private time = NaN;
  figures: Figures | null = null;
  theme: Theme = "light";

  constructor(
    private readonly floor: Floor,
    private readonly calendar: Calendar,
    seek: (time: number) => void,
  ) {
    this.element = h(
      "div",
      { class: "timeline", role: "slider", tabindex: 0, "aria-valuemin": floor.span[0], "aria-valuemax": floor.span[1] },
      this.canvas,
      this.head,
      this.hint,
    );
    const timeAt = (event: PointerEvent): number => {
      const box = this.element.getBoundingClientRect();
      const [from, to] = floor.span; // of a run in progress it grows
      return from + ((to - from) * Math.min(Math.max(event.clientX - box.left, 0), box.width)) / box.width;
    };
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      seek(timeAt(event));
    });
    this.element.addEventListener("pointermove", (event) => {
      const time = timeAt(event);
      if (event.buttons) seek(time);
      this.hint.hidden = false;
      this.hint.textContent = calendar.clock(time);
      const { width, left } = this.element.getBoundingClientRect();
      const [x, wide] = [event.clientX - left, this.hint.offsetWidth];
      this.hint.style.left = `${x + BESIDE_PX + wide > width ? x - BESIDE_PX - wide : x + BESIDE_PX}px`;
    });
    this.element.addEventListener("pointerleave", () => (this.hint.hidden = true));
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** Bring the head to a time; by whole half pixels, so that most frames leave it where it is. */
  show(time: number): void {
    this.time = time;
    const [from, to] = this.floor.span;
    const at = Math.round((2 * this.width * (time - from)) / Math.max(to - from, 1)) / 2;
    if (at === this.at) return;
    this.at = at;
    this.head.style.transform = `translateX(${at}px)`;
  }

  /** Say what time it is, to those who do not see the head. */
  tell(time: number): void {
    this.element.setAttribute("aria-valuemin", String(this.floor.span[0]));
    this.element.setAttribute("aria-valuemax", String(this.floor.span[1]));
    this.element.setAttribute("aria-valuenow", String(Math.round(time)));
    this.element.setAttribute("aria-valuetext", this.calendar.clock(time));
  }

  draw(): void {
    this.element.setAttribute("aria-label", said("timeline"));
    const { clientWidth: width, clientHeight: height } = this.element;
    this.width = width;
    this.show(this.time);
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.max(Math.round(width * ratio), 1);
    this.canvas.height = Math.max(Math.round(height * ratio), 1);
    const pen = this.canvas.getContext("2d");
    if (!pen || !width) return;
    const colours = PALETTES[this.theme];
    pen.scale(ratio, ratio);
    pen.clearRect(0, 0, width, height);
    const [from, to] = this.floor.span;
    const x = (time: number): number => ((time - from) / Math.max(to - from, 1)) * width;
    const { fontSize, fontFamily } = getComputedStyle(document.documentElement);
    const rem = parseFloat(fontSize);
    const [top, floor] = [Math.round(TOP * rem), height - Math.round(BOTTOM * rem)];
    this.output(pen, x, top, floor);
    pen.font = `${LETTER * rem}px ${fontFamily}`;
    pen.fillStyle = colours.soft;
    pen.strokeStyle = colours.way;
    pen.lineWidth = 1;
    const hours = Math.max(to - from, 1) / 3_600_000;
    const step = [1 / 60, 1 / 12, 1 / 6, 0.25, 0.5, 1, 2, 3, 6, 12, 24].find((each) => (each / hours) * width >= 4.3 * rem) ?? 48;
    // Hours of the clock, not of the record: the first mark is the next whole one.
    const zero = this.calendar.parse("00:00") ?? 0;
    const first = Math.ceil((from - zero) / (step * 3_600_000)) * step * 3_600_000 + zero;
    for (let time = first; time <= to; time += step * 3_600_000) {
      const at = Math.round(x(time)) + 0.5;
      pen.beginPath();
      pen.moveTo(at, floor);
      pen.lineTo(at, floor + 4);
      pen.stroke();
      pen.textAlign = at < 1.2 * rem ? "left" : at > width - 1.2 * rem ? "right" : "center";
      pen.fillText(this.calendar.minutes(time), at, height - 2);
    }
    pen.beginPath();
    pen.moveTo(0, floor + 0.5);
    pen.lineTo(width, floor + 0.5);
    pen.stroke();
    for (const alarm of this.figures?.alarms ?? []) {
      if (alarm.at_ms > to) continue;
      pen.fillStyle = alarm.what === "late" ? ALARM.late : ALARM.other;
      pen.fillRect(x(alarm.at_ms) - 1, top - 7, 2, 6);
    }
  }

  private output(pen: CanvasRenderingContext2D, x: (time: number) => number, top: number, floor: number): void {
    if (!this.figures) return;
    const { cells, step_ms, target_per_h } = this.figures;
    const sums = cells[0]?.map((_, i) => cells.reduce((sum, line) => sum + line[i], 0)) ?? [];
    const target = (target_per_h * step_ms) / 3_600_000;
    const most = Math.max(...sums, target, 1);
    const y = (value: number): number => floor - (value / most) * (floor - top);
    pen.beginPath();
    pen.moveTo(x(0), floor);
    sums.forEach((sum, i) => {
      pen.lineTo(x(i * step_ms), y(sum));
      pen.lineTo(Math.min(x((i + 1) * step_ms), x(this.floor.span[1])), y(sum));
    });
    pen.lineTo(x(Math.min(sums.length * step_ms, this.floor.span[1])), floor);
    pen.closePath();
    pen.fillStyle = this.theme === "light" ? "#009e7333" : "#009e7355";
    pen.fill();
    pen.beginPath();
    pen.setLineDash([4, 4]);
    pen.strokeStyle = PALETTES[this.theme].soft;
    pen.lineWidth = 1;
    pen.moveTo(0, Math.round(y(target)) + 0.5);
    pen.lineTo(x(this.floor.span[1]), Math.round(y(target)) + 0.5);
    pen.stroke();
    pen.setLineDash([]);
  }
}
