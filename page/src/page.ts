// The page: puts floor, panel, time line and controls together, and lets time pass.

import { Calendar, Clock } from "./clock";
import { Controls } from "./controls";
import { button, fill, h, icon } from "./dom";
import { Hands } from "./hands";
import { help } from "./help";
import { chosenTheme, keep } from "./kept";
import { Live } from "./live";
import { Panel } from "./panel/panel";
import { Chunks, Refused, askDetails, askFigures, type Floor } from "./protocol";
import { Scene, type Thing } from "./scene";
import { searchBox } from "./search";
import { Sheets } from "./sheets";
import { brand } from "./sketch";
import type { Theme } from "./theme";
import { Timeline } from "./timeline";
import { Warmth } from "./warmth";
import { language, said, speak, type Lang } from "./words";
import { World } from "./world";
import { zooms } from "./zooms";

const PANEL_MS = 250; // so often figures and times are written anew while time runs
const DETAILS_MS = 700;
const FIGURES_MS = 10_000; // so often figures of a run in progress are asked for anew

export class Page {
  private readonly calendar: Calendar;
  private readonly clock: Clock;
  private readonly world: World;
  private readonly chunks: Chunks;
  private readonly scene: Scene;
  private readonly panel: Panel;
  private readonly timeline: Timeline;
  private readonly stage = h("main", { class: "stage", tabindex: -1 });
  private readonly top = h("header");
  private readonly controls: Controls;
  private readonly hands: Hands;
  private readonly warmth: Warmth;
  private readonly sheets: Sheets;
  private readonly notes = h("div", { class: "notes" });
  private theme: Theme;
  private shown = NaN;
  private waiting = false;
  private panelAt = 0;
  private detailsAt = 0;
  private detailsTime = NaN;
  private asking: AbortController | null = null;
  private readonly live: Live | null;

  constructor(
    private readonly floor: Floor,
    wishes: URLSearchParams,
  ) {
    this.calendar = new Calendar(floor.start);
    this.clock = new Clock(floor.span);
    this.world = new World(floor);
    this.chunks = new Chunks(
      floor,
      () => (this.shown = NaN),
      (wrong) => this.say(wrong),
    );
    this.scene = new Scene(floor, this.world, this.stage);
    this.warmth = new Warmth(floor, this.calendar, this.scene, { failed: (wrong) => this.say(wrong), laid: () => this.scene.keepClear() });
    this.hands = new Hands(floor, this.world, this.scene, { select: (thing) => this.select(thing), panned: () => this.buttons() });
    this.controls = new Controls(this.calendar, this.clock, {
      play: () => this.play(!this.playing),
      pause: () => this.playing && this.play(false),
      seek: (time) => this.seek(time),
      faster: (speed) => this.faster(speed),
      follow: () => this.follow(),
      typed: () => (this.shown = NaN),
    });
    this.panel = new Panel(floor, this.world, this.calendar, {
      select: (thing) => this.select(thing),
      seek: (time) => this.seek(time),
      trace: (id) => this.sheets.trace(id),
    });
    this.sheets = new Sheets({
      floor,
      figures: () => this.panel.figures,
      theme: () => this.theme,
      time: () => this.clock.time,
      seek: (time) => this.seek(time),
      select: (kind, id) => this.select({ kind: kind as Thing["kind"], id }, true),
      say: (wrong) => this.say(wrong),
      changed: () => this.top.querySelector(".to-figures")?.setAttribute("aria-pressed", String(this.sheets.figuresOpen)),
    });
    this.timeline = new Timeline(floor, this.calendar, (time) => this.seek(time));
    this.theme = chosenTheme();
    this.live = floor.live
      ? new Live(floor, this.chunks, {
          grew: (ways) => this.grew(ways),
          over: () => this.over(),
          failed: (wrong) => this.say(wrong),
          now: () => this.seek(Infinity),
        })
      : null;
    if (this.live) this.chunks.final = -Infinity;
    this.clock.seek(Number(wishes.get("at") ?? floor.span[this.live ? 1 : 0]));
  }

  async start(root: HTMLElement, wishes: URLSearchParams): Promise<void> {
    this.chunks.at(this.clock.time, this.clock.speed, false); // on its way while the page is put together
    document.documentElement.dataset.theme = this.theme;
    fill(root, this.top, this.notes, h("div", { class: "middle" }, this.stage, this.panel.element, this.sheets.element), h("footer", {}, this.live && this.live.element, this.controls.element, this.timeline.element));
    this.timeline.theme = this.theme;
    this.dress();
    this.scene.start(this.theme);
    this.stage.append(this.hands.tip, this.warmth.element, this.zooms());
    this.scene.keepClear();
    document.addEventListener("keydown", (event) => this.key(event));
    const cell = wishes.get("cell");
    if (cell) this.select({ kind: "cell", id: cell }, true);
    requestAnimationFrame((now) => this.frame(now));
    if (this.live) {
      void this.live.watch();
      setInterval(() => !document.hidden && !this.live?.over && this.count(), FIGURES_MS);
    } else this.count();
    this.sheets.follow();
  }

  /** Ask for the figures, where there is a record. */
  private count(): void {
    if (this.counting || (this.live && !this.live.begun)) return;
    this.counting = true;
    askFigures()
      .then((figures) => {
        this.timeline.figures = this.panel.figures = figures;
        this.timeline.draw();
        this.controls.legend(figures.target_per_h);
        if (!this.scene.selected) this.panel.overview();
      })
      .catch((wrong) => this.say(wrong))
      .finally(() => (this.counting = false));
  }

  private counting = false;

  /** More of a run is known. */
  private grew(ways: boolean): void {
    if (ways) this.world.learn();
    if (this.live?.begun && !this.panel.figures) this.count();
    this.timeline.draw();
    this.timeline.show(this.clock.time);
    if (this.clock.time < this.clock.span[0]) this.clock.seek(this.clock.time); // the warm-up is over
    if (this.clock.time >= this.clock.span[1]) this.shown = NaN;
  }

  /** The run is over: the page goes on as a replay. */
  private over(): void {
    this.count();
    this.buttons();
  }

  // ---- time

  private seek(time: number): void {
    this.clock.seek(time);
    if (this.live && !this.live.over) {
      this.live.following = time >= this.clock.span[1];
      this.live.show();
      if (this.live.following) this.clock.play(false);
      this.buttons();
    }
    this.shown = NaN;
    this.detailsTime = NaN;
  }

  private play(on: boolean): void {
    if (this.live && !this.live.over) {
      const atEnd = this.clock.time >= this.clock.span[1] - 1;
      this.live.following = on && atEnd;
      this.live.show();
      this.clock.play(on && !atEnd);
    } else this.clock.play(on);
    this.shown = NaN;
    this.buttons();
  }

  /** Whether what is shown moves on by itself. */
  private get playing(): boolean {
    return this.clock.playing || (this.live?.following ?? false);
  }

  private frame(now: number): void {
    const played = this.clock.playing;
    if (this.live?.following) this.clock.time = this.live.time(now);
    else this.clock.tick(now, this.waiting);
    if (this.live && !this.live.over && played && !this.clock.playing) this.seek(Infinity); // caught up with the run
    if (played !== this.clock.playing) this.buttons();
    const time = this.clock.time;
    if (time !== this.shown) {
      const chunk = this.chunks.at(time, this.clock.speed, this.clock.playing);
      this.waiting = chunk === null;
      if (chunk) {
        this.world.show(chunk, time);
        this.shown = time;
        this.scene.dirty = true;
      }
      this.timeline.show(time);
      this.warmth.at(time);
      if (!this.clock.playing || now - this.toldAt > PANEL_MS) {
        this.toldAt = now;
        this.tell(time);
      }
    }
    if (this.scene.dirty) this.scene.render();
    if (!this.scene.selected && this.world.time !== this.panelTime && now - this.panelAt > PANEL_MS) {
      this.panelAt = now;
      this.panelTime = this.world.time;
      this.panel.update();
    }
    if (this.scene.selected && this.detailsTime !== time && now - this.detailsAt > (this.playing ? DETAILS_MS : 120)) {
      this.detailsAt = now;
      this.askDetails(this.scene.selected, time);
    }
    requestAnimationFrame((next) => this.frame(next));
  }

  private panelTime = NaN;
  private toldAt = 0;

  /** Write what time it is: a frame that changes no text costs the browser a third less. */
  private tell(time: number): void {
    if (this.shown === time) document.documentElement.dataset.shown = String(Math.round(time));
    this.timeline.tell(time);
    this.controls.tell(time);
  }

  // ---- things

  private select(thing: Thing | null, approach = false): void {
    this.scene.selected = thing;
    this.scene.ahead = [];
    this.scene.lit = [];
    this.scene.following = this.scene.following && thing !== null;
    this.scene.dirty = true;
    this.detailsTime = NaN;
    this.detailsAt = 0;
    this.asking?.abort();
    if (!thing) {
      delete this.panel.element.dataset.of;
      this.panel.overview();
    } else this.askDetails(thing, this.clock.time, approach);
    this.buttons();
  }

  private askDetails(thing: Thing, time: number, approach = false): void {
    this.detailsTime = time;
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    askDetails(thing.kind, thing.id, time, asking.signal)
      .then((told) => {
        if (this.scene.selected !== thing) return;
        this.scene.ahead = told.path ?? [];
        this.scene.lit = this.lights(told, time);
        this.scene.dirty = true;
        this.panel.details(told, time);
        if (approach) this.scene.approach();
      })
      .catch((wrong) => {
        if (asking.signal.aborted) return;
        if (wrong instanceof Refused) this.panel.problem(thing, wrong.message);
        else this.say(wrong);
      });
  }

  /** Open the trace page of what is selected. */
  private trace(): void {
    const thing = this.scene.selected;
    if (thing && ["cell", "lot", "machine"].includes(thing.kind)) this.sheets.trace(thing.id);
  }

  /** Machines to light up with a lot or a cell. */
  private lights(told: any, time: number): string[] {
    if (told.kind === "lot" && !told.carrier) return [...new Set<string>(told.inside.map((part: any) => part.machine))];
    if (told.kind !== "cell") return [];
    const steps = told.steps as [string, string, number, number, number | null][];
    const [, machine, , , end] = steps.filter(([, , , start]) => start <= time).at(-1) ?? ["", "", 0, 0, -Infinity];
    return end === null || end >= time ? [machine] : [];
  }

  private heat(): void {
    this.warmth.turn(!this.warmth.on);
    this.stage.querySelector(".to-heat")?.setAttribute("aria-pressed", String(this.warmth.on));
    this.warmth.at(this.clock.time);
  }

  // ---- what is around the floor

  private dress(): void {
    fill(
      this.top,
      brand(this.floor),
      h("span", { class: "where", title: this.floor.where }, this.floor.where),
      searchBox({
        tracing: () => this.sheets.tracing,
        trace: (id) => this.sheets.trace(id),
        seek: (time) => this.seek(time),
        select: (thing) => this.select(thing, true),
      }),
      h("button", { type: "button", class: "word", lang: language() === "zh" ? "en" : "zh-CN", click: () => this.speak(language() === "zh" ? "en" : "zh") }, said("other_language")),
      h("button", { type: "button", class: "word to-figures", "aria-pressed": String(this.sheets.figuresOpen), title: `${said("figures")} (g)`, click: () => this.sheets.figures() }, icon("charts"), said("figures")),
      button("theme", said("theme"), () => this.wear(this.theme === "light" ? "dark" : "light")),
      button("help", said("help"), help),
    );
    const lost = Object.keys(this.floor.lost);
    fill(
      this.notes,
      this.floor.partial && h("p", {}, said("partial")),
      lost.length > 0 && h("p", { title: Object.values(this.floor.lost).join("\n") }, said("lost", lost.join(", "))),
    );
    this.stage.setAttribute("aria-label", said("floor"));
    this.controls.dress();
    if (this.panel.figures) this.controls.legend(this.panel.figures.target_per_h);
    this.buttons();
    this.live?.dress();
    this.timeline.draw();
    if (!this.scene.selected) this.panel.overview();
    this.detailsTime = NaN;
  }

  private zooms(): HTMLElement {
    return zooms(this.scene, { on: this.warmth.on, turn: () => this.heat() });
  }

  /** Let the controls say how things stand. */
  private buttons(): void {
    this.controls.show({ playing: this.playing, selected: this.scene.selected !== null, following: this.scene.following });
  }

  private faster(speed: number): void {
    this.clock.speed = speed;
    this.shown = NaN;
  }

  private follow(): void {
    this.scene.following = !this.scene.following && this.scene.selected !== null;
    if (this.scene.following) this.scene.approach();
    this.buttons();
  }

  private speak(lang: Lang): void {
    speak(lang);
    keep("lang", lang);
    this.dress();
    this.stage.querySelector(".zooms")?.replaceWith(this.zooms());
    this.warmth.again();
    this.shown = NaN;
    this.sheets.again();
  }

  private wear(theme: Theme): void {
    this.theme = theme;
    keep("theme", theme);
    document.documentElement.dataset.theme = theme;
    this.timeline.theme = theme;
    this.timeline.draw();
    this.scene.dress(theme);
    this.sheets.again();
  }

  private say(wrong: unknown): void {
    if (!(wrong instanceof Refused)) console.error(wrong);
    const text = wrong instanceof Refused ? wrong.message : said("gone");
    if (![...this.notes.children].some((note) => note.textContent === text)) this.notes.append(h("p", {}, text));
  }

  // ---- keys

  private key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (target.closest("input, select, dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
    const jump = event.shiftKey ? 600_000 : 10_000;
    const acts: Record<string, () => void> = {
      " ": () => this.play(!this.playing),
      ArrowLeft: () => this.seek(this.clock.time - jump),
      ArrowRight: () => this.seek(this.clock.time + jump),
      Home: () => this.seek(this.clock.span[0]),
      End: () => this.seek(Infinity),
      "[": () => this.pace(-1),
      "]": () => this.pace(1),
      "+": () => this.scene.zoom(1.4),
      "=": () => this.scene.zoom(1.4),
      "-": () => this.scene.zoom(1 / 1.4),
      "0": () => this.scene.fit(),
      f: () => this.follow(),
      "/": () => this.top.querySelector<HTMLInputElement>(".search input")?.focus(),
      "?": help,
      h: () => this.heat(),
      g: () => this.sheets.figures(),
      t: () => this.trace(),
      Escape: () => (this.sheets.open ? this.sheets.close() : this.select(null)),
    };
    const act = acts[event.key];
    if (!act || (event.key === " " && target.closest("button"))) return;
    event.preventDefault();
    act();
  }

  private pace(by: number): void {
    this.clock.faster(by);
    this.shown = NaN;
    this.buttons();
  }

  /** For tests of the page: what it shows, in numbers. */
  get told(): object {
    return {
      time: this.clock.time,
      shown: this.world.time,
      playing: this.playing,
      span: this.clock.span,
      live: this.live && this.live.element.dataset.state,
      speed: this.clock.speed,
      selected: this.scene.selected,
      x: [...this.world.x],
      y: [...this.world.y],
      mood: [...this.world.mood],
      load: [...this.world.load],
      place: [...this.world.place],
      lot: [...this.world.lot],
      state: [...this.world.state],
      screen: this.scene.selected && this.scene.onScreen(this.scene.selected),
    };
  }

  /** Where a thing is on the canvas, for tests that click it. */
  spot(kind: Thing["kind"], id: string): [number, number] | null {
    return this.scene.onScreen({ kind, id });
  }
}
