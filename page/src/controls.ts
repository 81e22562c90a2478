// The row of controls: play, seek, speed, the clock that a time can be typed into, and whether the view follows.

import { SPEEDS, type Calendar, type Clock } from "./clock";
import { button, fill, h, icon } from "./dom";
import { ALARM } from "./theme";
import { number, said } from "./words";

const SKIP_MS = 10_000;

export interface Shown {
  playing: boolean;
  selected: boolean;
  following: boolean;
}

export class Controls {
  readonly element = h("div", { class: "controls" });
  private readonly time = h("input", { class: "clock", spellcheck: "false", autocomplete: "off", size: 8 });
  private readonly date = h("span", { class: "date" });
  private readonly caption = h("span", { class: "caption" });
  private speeds = h("select");
  private player = h("button");
  private follower = h("button");

  constructor(
    private readonly calendar: Calendar,
    private readonly clock: Clock,
    private readonly hooks: {
      play: () => void;
      pause: () => void;
      seek: (time: number) => void;
      faster: (speed: number) => void;
      follow: () => void;
      /** Nobody types a time any more. */
      typed: () => void;
    },
  ) {
    this.time.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") {
        this.jump();
        if (this.time.validity.valid) this.time.blur();
      } else if (event.key === "Escape") this.time.blur();
      else this.time.setCustomValidity("");
    });
    this.time.addEventListener("focus", () => {
      hooks.pause();
      this.time.select();
    });
    this.time.addEventListener("blur", () => {
      this.time.setCustomValidity("");
      hooks.typed();
    });
  }

  private jump(): void {
    const time = this.calendar.parse(this.time.value);
    const good = time !== null && time >= this.clock.span[0] && time <= this.clock.span[1];
    this.time.setCustomValidity(good ? "" : said("bad_time"));
    if (good) this.hooks.seek(time);
    else this.time.reportValidity();
  }

  /** Lay them out, in the language chosen. */
  dress(): void {
    const { hooks, clock } = this;
    this.speeds = h("select", { "aria-label": said("speed"), title: said("speed"), change: () => hooks.faster(Number(this.speeds.value)) });
    for (const each of SPEEDS) this.speeds.append(h("option", { value: each }, `${each.toLocaleString("en-US")} ×`));
    this.time.setAttribute("aria-label", said("jump"));
    this.time.title = said("jump");
    this.player = button("play", said("play"), hooks.play, { class: "main" });
    this.follower = h("button", { type: "button", class: "word", click: hooks.follow }, icon("follow"), said("follow"));
    fill(
      this.element,
      button("back", said("back"), () => hooks.seek(clock.time - SKIP_MS)),
      this.player,
      button("ahead", said("ahead"), () => hooks.seek(clock.time + SKIP_MS)),
      this.speeds,
      this.time,
      this.date,
      h("span", { class: "gap" }),
      this.caption,
      this.follower,
    );
  }

  /** Say what the time line shows; cells per hour that the stated capacity needs. */
  legend(target_per_h: number): void {
    const mark = (colour: string, text: string): (Node | string)[] => [h("i", { class: "swatch mark", colour }), text];
    fill(this.caption, ...mark(ALARM.other, said("alarm_mark")), ...mark(ALARM.late, said("late_mark")), h("i", { class: "swatch" }), said("output_line", number(target_per_h)));
  }

  /** Let them say how things stand. */
  show({ playing, selected, following }: Shown): void {
    const label = said(playing ? "pause" : "play");
    if (this.player.title !== label) {
      this.player.title = label;
      this.player.setAttribute("aria-label", label);
      fill(this.player, icon(playing ? "pause" : "play"));
    }
    this.speeds.value = String(this.clock.speed);
    this.follower.disabled = !selected;
    this.follower.setAttribute("aria-pressed", String(following));
  }

  /** Write what time it is. */
  tell(time: number): void {
    if (document.activeElement !== this.time) this.time.value = this.calendar.clock(time);
    this.date.textContent = this.calendar.date(time);
  }
}
