// The page: puts floor, panel, time line and controls together, and lets time pass.

import { Calendar, Clock, SPEEDS } from "./clock";
import { button, fill, h, icon } from "./dom";
import { Live } from "./live";
import { Panel } from "./panel/panel";
import { Chunks, Refused, askDetails, askFigures, askFloor, askPath, askSearch, type Floor, type Heat } from "./protocol";
import { Scene, type Thing } from "./scene";
import { Sheets } from "./sheets";
import type { Theme } from "./theme";
import { Timeline } from "./timeline";
import { language, measured, said, speak, type Lang } from "./words";
import { World } from "./world";

const PANEL_MS = 250; // so often figures and times are written anew while time runs
const DETAILS_MS = 700;
const FIGURES_MS = 10_000; // so often figures of a run in progress are asked for anew
const HEAT_MS = 600_000; // so often, in time of the record, the heat map is asked for anew

class Page {
  private readonly calendar: Calendar;
  private readonly clock: Clock;
  private readonly world: World;
  private readonly chunks: Chunks;
  private readonly scene: Scene;
  private readonly panel: Panel;
  private readonly timeline: Timeline;
  private readonly stage = h("main", { class: "stage", tabindex: -1 });
  private readonly time = h("input", { class: "clock", spellcheck: "false", autocomplete: "off", size: 8 });
  private readonly date = h("span", { class: "date" });
  private readonly tip = h("div", { class: "tip", hidden: true });
  private readonly top = h("header");
  private readonly controls = h("div", { class: "controls" });
  private readonly sheets: Sheets;
  private readonly warmth = h("div", { class: "warmth", hidden: true });
  private heatOf = NaN;
  private hot = false;
  private readonly notes = h("div", { class: "notes" });
  private speeds = h("select");
  private player = h("button");
  private follower = h("button");
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
    const dark = window.matchMedia?.("(prefers-color-scheme: dark)").matches;
    this.theme = (kept("theme") as Theme) ?? (dark ? "dark" : "light");
    const wished = wishes.get("lang") ?? kept("lang") ?? (navigator.language.startsWith("zh") ? "zh" : "en");
    speak(wished === "zh" ? "zh" : "en");
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
    fill(root, this.top, this.notes, h("div", { class: "middle" }, this.stage, this.panel.element, this.sheets.element), h("footer", {}, this.live && this.live.element, this.controls, this.timeline.element));
    this.timeline.theme = this.theme;
    this.dress();
    this.scene.start(this.theme);
    this.stage.append(this.tip, this.warmth, this.zooms());
    this.listen();
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
      if (this.hot && Math.floor(time / HEAT_MS) !== this.heatOf) this.warm(time);
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
    if (document.activeElement !== this.time) this.time.value = this.calendar.clock(time);
    this.date.textContent = this.calendar.date(time);
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
    if (this.live && !this.live.begun) {
      this.panel.problem(thing, said("no_details_yet"));
      return;
    }
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

  // ---- heat

  private heat(on = !this.hot): void {
    this.hot = on;
    this.heatOf = NaN;
    this.warmth.hidden = true;
    this.scene.warm(null);
    this.stage.querySelector(".to-heat")?.setAttribute("aria-pressed", String(on));
    if (on) this.warm(this.clock.time);
  }

  /** Ask for the heat of the hour before a time. */
  private warm(time: number): void {
    this.heatOf = Math.floor(time / HEAT_MS);
    const to = Math.max(this.heatOf * HEAT_MS, this.floor.span[0] + HEAT_MS);
    const from = Math.max(to - 3_600_000, this.floor.span[0]);
    askPath(`heat?${new URLSearchParams({ from: String(from), to: String(to) })}`)
      .then((heat: Heat) => {
        if (!this.hot) return;
        this.scene.warm(heat);
        this.warmth.hidden = false;
        const most = Math.max(...heat.waiting, 0);
        fill(
          this.warmth,
          h("b", {}, said("heat_hour", this.calendar.minutes(from), this.calendar.minutes(to))),
          h("div", {}, h("span", {}, "0"), h("i", { class: "scale" }), h("span", {}, measured(100 * most, most < 0.1 ? 1 : 0, "%"))),
        );
      })
      .catch((wrong) => this.say(wrong));
  }

  // ---- what is around the floor

  private dress(): void {
    const title = language() === "zh" ? this.floor.title_zh : this.floor.title;
    document.title = `${title} · Heliograph`;
    fill(
      this.top,
      h("div", { class: "brand" }, h("img", { src: "static/sun.svg", alt: "", width: "22px" }), h("div", {}, h("small", {}, "HELIOGRAPH"), h("strong", {}, title))),
      h("span", { class: "where", title: this.floor.where }, this.floor.where),
      this.search(),
      h("button", { type: "button", class: "word", lang: language() === "zh" ? "en" : "zh-CN", click: () => this.speak(language() === "zh" ? "en" : "zh") }, said("other_language")),
      h("button", { type: "button", class: "word to-figures", "aria-pressed": String(this.sheets.figuresOpen), title: `${said("figures")} (g)`, click: () => this.sheets.figures() }, icon("charts"), said("figures")),
      button("theme", said("theme"), () => this.wear(this.theme === "light" ? "dark" : "light")),
      button("help", said("help"), () => this.help()),
    );
    const lost = Object.keys(this.floor.lost);
    fill(
      this.notes,
      this.floor.partial && h("p", {}, said("partial")),
      lost.length > 0 && h("p", { title: Object.values(this.floor.lost).join("\n") }, said("lost", lost.join(", "))),
    );
    this.stage.setAttribute("aria-label", said("floor"));
    this.lay();
    this.live?.dress();
    this.timeline.draw();
    if (!this.scene.selected) this.panel.overview();
    this.detailsTime = NaN;
  }

  private zooms(): HTMLElement {
    return h(
      "div",
      { class: "zooms" },
      button("plus", said("zoom_in"), () => this.scene.zoom(1.4)),
      button("minus", said("zoom_out"), () => this.scene.zoom(1 / 1.4)),
      button("fit", said("fit"), () => this.scene.fit()),
      button("heat", said("heat"), () => this.heat(), { class: "to-heat", "aria-pressed": String(this.hot) }),
    );
  }

  /** Lay out the controls, in the language chosen. */
  private lay(): void {
    this.speeds = h("select", { "aria-label": said("speed"), title: said("speed"), change: () => this.faster(Number(this.speeds.value)) });
    for (const each of SPEEDS) this.speeds.append(h("option", { value: each }, `${each.toLocaleString("en-US")} ×`));
    this.time.setAttribute("aria-label", said("jump"));
    this.time.title = said("jump");
    this.player = button("play", said("play"), () => this.play(!this.playing), { class: "main" });
    this.follower = h("button", { type: "button", class: "word", click: () => this.follow() }, icon("follow"), said("follow"));
    fill(
      this.controls,
      button("back", said("back"), () => this.seek(this.clock.time - 10_000)),
      this.player,
      button("ahead", said("ahead"), () => this.seek(this.clock.time + 10_000)),
      this.speeds,
      this.time,
      this.date,
      h("span", { class: "gap" }),
      h("span", { class: "caption" }, h("i", { class: "swatch" }), said("output_line")),
      this.follower,
    );
    this.buttons();
  }

  /** Let the controls say how things stand. */
  private buttons(): void {
    const label = said(this.playing ? "pause" : "play");
    if (this.player.title !== label) {
      this.player.title = label;
      this.player.setAttribute("aria-label", label);
      fill(this.player, icon(this.playing ? "pause" : "play"));
    }
    this.speeds.value = String(this.clock.speed);
    this.follower.disabled = !this.scene.selected;
    this.follower.setAttribute("aria-pressed", String(this.scene.following));
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
    this.heatOf = NaN;
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

  private help(): void {
    const rows: [string, string][] = [
      ["space", "key_space"],
      ["← →", "key_arrows"],
      ["[ ]", "key_speed"],
      ["+ −", "key_zoom"],
      ["0", "key_fit"],
      ["f", "key_follow"],
      ["h", "key_heat"],
      ["g", "key_charts"],
      ["t", "key_trace"],
      ["/", "key_search"],
      ["esc", "key_escape"],
    ];
    const dialog = h(
      "dialog",
      { class: "help", close: () => dialog.remove() },
      h("h2", {}, said("help")),
      h("dl", {}, ...rows.flatMap(([key, text]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, said(text))])),
      h("p", { class: "soft" }, said("key_mouse")),
      button("close", said("close"), () => dialog.close(), { class: "quiet corner" }),
    );
    document.body.append(dialog);
    dialog.showModal();
  }

  private search(): HTMLElement {
    const input = h("input", { type: "search", placeholder: said("search"), "aria-label": said("search"), spellcheck: "false", autocomplete: "off" });
    const list = h("div", { class: "hits", hidden: true });
    let asking: AbortController | null = null;
    const pick = (kind: string, id: string, at: number | null, traced: boolean): void => {
      list.hidden = true;
      input.blur();
      // With shift, and while a trace is shown, it is the trace of the thing that is wanted.
      if ((traced || this.sheets.tracing) && ["cell", "lot", "machine"].includes(kind)) return this.sheets.trace(id);
      if (at !== null) this.seek(at);
      this.select({ kind: kind as Thing["kind"], id }, true);
    };
    input.addEventListener("input", () => {
      asking?.abort();
      asking = new AbortController();
      const text = input.value.trim();
      if (!text) {
        list.hidden = true;
        return;
      }
      askSearch(text, asking.signal)
        .then((hits) => {
          list.hidden = false;
          fill(
            list,
            ...(hits.length
              ? hits.slice(0, 10).map((hit) =>
                  h("button", { type: "button", click: (event: MouseEvent) => pick(hit.kind, hit.id, hit.at_ms, event.shiftKey) }, h("small", {}, said(hit.kind)), h("span", {}, hit.id)),
                )
              : [h("p", { class: "soft" }, said("nothing_found"))]),
          );
        })
        .catch(() => undefined);
    });
    input.addEventListener("keydown", (event) => {
      const first = list.querySelector("button");
      if (event.key === "Enter" && first) first.dispatchEvent(new MouseEvent("click", { shiftKey: event.shiftKey, bubbles: true }));
      else if (event.key === "ArrowDown" && first) first.focus();
      else if (event.key === "Escape") {
        list.hidden = true;
        input.blur();
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
    list.addEventListener("keydown", (event) => {
      const now = document.activeElement;
      const next = event.key === "ArrowDown" ? now?.nextElementSibling : event.key === "ArrowUp" ? (now?.previousElementSibling ?? input) : null;
      if (!next) return;
      (next as HTMLElement).focus();
      event.preventDefault();
      event.stopPropagation();
    });
    document.addEventListener("pointerdown", (event) => {
      if (!box.contains(event.target as Node)) list.hidden = true;
    });
    const box = h("div", { class: "search" }, input, list);
    return box;
  }

  // ---- hands

  private listen(): void {
    const canvas = this.scene.canvas;
    const at = (event: MouseEvent): [number, number] => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const fingers = new Map<number, [number, number]>();
    let moved = 0;
    let spread = 0;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, at(event));
      moved = 0;
      spread = 0;
    });
    canvas.addEventListener("pointermove", (event) => {
      const [x, y] = at(event);
      const before = fingers.get(event.pointerId);
      if (!before) {
        this.hover(x, y);
        return;
      }
      fingers.set(event.pointerId, [x, y]);
      moved += Math.abs(x - before[0]) + Math.abs(y - before[1]);
      if (moved < 5) return;
      this.tip.hidden = true;
      const wasFollowing = this.scene.following;
      this.scene.pan((x - before[0]) / fingers.size, (y - before[1]) / fingers.size);
      if (wasFollowing) this.buttons();
      if (fingers.size === 2) {
        const [a, b] = [...fingers.values()];
        const now = Math.hypot(a[0] - b[0], a[1] - b[1]);
        if (spread) this.scene.zoom(now / spread, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
        spread = now;
      }
    });
    const release = (event: PointerEvent): void => {
      if (!fingers.delete(event.pointerId)) return;
      spread = 0;
      if (event.type === "pointerup" && moved < 5) this.select(this.scene.pick(...at(event)));
    };
    canvas.addEventListener("pointerup", release);
    canvas.addEventListener("pointercancel", release);
    canvas.addEventListener("pointerleave", () => (this.tip.hidden = true));
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.scene.zoom(Math.exp(-event.deltaY / 500), ...at(event));
      },
      { passive: false },
    );
    canvas.addEventListener("dblclick", () => this.scene.approach());
    const jump = (): void => {
      const time = this.calendar.parse(this.time.value);
      const good = time !== null && time >= this.clock.span[0] && time <= this.clock.span[1];
      this.time.setCustomValidity(good ? "" : said("bad_time"));
      if (good) this.seek(time);
      else this.time.reportValidity();
    };
    this.time.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") {
        jump();
        if (this.time.validity.valid) this.time.blur();
      } else if (event.key === "Escape") this.time.blur();
      else this.time.setCustomValidity("");
    });
    this.time.addEventListener("focus", () => {
      if (this.playing) this.play(false);
      this.time.select();
    });
    this.time.addEventListener("blur", () => {
      this.time.setCustomValidity("");
      this.shown = NaN;
    });
    document.addEventListener("keydown", (event) => this.key(event));
  }

  private hover(x: number, y: number): void {
    const thing = this.scene.pick(x, y);
    this.scene.canvas.style.cursor = thing ? "pointer" : "grab";
    this.tip.hidden = !thing;
    if (!thing) return;
    const more =
      thing.kind === "vehicle"
        ? said(this.world.mood[this.floor.vehicles.indexOf(thing.id)])
        : thing.kind === "machine"
          ? said(this.world.stateOf(this.floor.ground.machines.findIndex((one) => one.id === thing.id)) || "unknown")
          : thing.kind === "carrier"
            ? (this.floor.lots[this.world.lot[this.floor.carriers.indexOf(thing.id)]] ?? said("empty"))
            : said(thing.kind);
    fill(this.tip, h("b", {}, thing.id), h("span", {}, more));
    const { clientWidth: width, clientHeight: height } = this.stage;
    this.tip.style.left = `${Math.min(x + 14, width - this.tip.offsetWidth - 6)}px`;
    this.tip.style.top = `${y + 18 + this.tip.offsetHeight > height ? y - this.tip.offsetHeight - 10 : y + 18}px`;
  }

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
      "?": () => this.help(),
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

function kept(name: string): string | null {
  try {
    return localStorage.getItem(`heliograph.${name}`);
  } catch {
    return null;
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`heliograph.${name}`, value);
  } catch {
    // private windows may forbid it: then the choice lasts as long as the page
  }
}

const root = document.getElementById("app") as HTMLElement;
const wishes = new URLSearchParams(location.hash.slice(1));
try {
  const page = new Page(await askFloor(), wishes);
  await page.start(root, wishes);
  Object.assign(window, { heliograph: page });
} catch (wrong) {
  fill(root, h("p", { class: "broken" }, wrong instanceof Refused ? wrong.message : String(wrong)));
  throw wrong;
}
