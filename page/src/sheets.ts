// The pages that lie over the floor, one at a time: the figures, and the trace of a thing, which has an address.

import type { TraceOf } from "./charts/board";
import { fill, h } from "./dom";
import { Refused, askPath, type Figures, type Floor } from "./protocol";
import type { Theme } from "./theme";
import { language, said } from "./words";

const HOUR_MS = 3_600_000;

export interface Around {
  floor: Floor;
  figures(): Figures | null;
  theme(): Theme;
  time(): number;
  seek(time: number): void;
  select(kind: string, id: string): void;
  say(wrong: unknown): void;
  /** A page has been opened or closed. */
  changed(): void;
}

interface Traced {
  id: string;
  of: TraceOf;
}

export class Sheets {
  readonly element = h("section", { class: "figures", hidden: true, tabindex: -1 });
  private end: (() => void) | null = null;
  private shown: "" | "figures" | Traced = "";
  private asked = 0;

  constructor(private readonly around: Around) {
    window.addEventListener("hashchange", () => this.follow());
  }

  get open(): boolean {
    return this.shown !== "";
  }

  get tracing(): boolean {
    return typeof this.shown === "object";
  }

  get figuresOpen(): boolean {
    return this.shown === "figures";
  }

  /** Open the trace that the address names, or close the one that it names no more. */
  follow(): void {
    const wishes = new URLSearchParams(location.hash.slice(1));
    const id = wishes.get("trace");
    if (!id) {
      if (typeof this.shown === "object") this.lay("");
      return;
    }
    const number = (name: string): number | undefined => (/^-?\d{1,13}$/.test(wishes.get(name) ?? "") ? Number(wishes.get(name)) : undefined);
    this.lay({ id, of: { unit: number("unit"), from: number("from"), to: number("to") } });
  }

  figures(): void {
    this.forget();
    this.lay(this.figuresOpen ? "" : "figures");
  }

  /** Go to the trace of a thing; of a machine, of the hour before now unless times are named. */
  trace(id: string, of: TraceOf = {}): void {
    const now = this.around.time();
    if (of.from === undefined && this.around.floor.ground.machines.some((one) => one.id === id)) {
      const to = Math.round(Math.max(now, this.around.floor.span[0] + HOUR_MS / 2));
      of = { ...of, from: to - HOUR_MS, to };
    }
    const wishes = new URLSearchParams({ trace: id });
    for (const [name, value] of Object.entries(of)) if (value !== undefined) wishes.set(name, String(value));
    history.pushState(null, "", `#${wishes}`);
    this.lay({ id, of });
  }

  close(): void {
    this.forget();
    this.lay("");
  }

  /** Show the same anew: another language, other colours. */
  again(): void {
    if (this.shown) this.lay(this.shown);
  }

  private forget(): void {
    if (typeof this.shown === "object") history.pushState(null, "", location.pathname + location.search);
  }

  private lay(what: "" | "figures" | Traced): void {
    const { around, element } = this;
    const asked = ++this.asked;
    this.end?.();
    this.end = null;
    const figures = around.figures();
    this.shown = what === "figures" && !figures ? "" : what;
    element.hidden = !this.shown;
    around.changed();
    if (!this.shown) return;
    element.focus({ preventScroll: true });
    element.setAttribute("aria-busy", "true");
    this.draw(this.shown)
      .then((end) => {
        if (this.asked === asked) this.end = end;
        else end();
      })
      .catch((wrong) => {
        if (this.asked !== asked) return;
        if (wrong instanceof Refused) fill(element, h("p", { class: "pad" }, wrong.message), h("p", { class: "pad" }, h("button", { type: "button", class: "word", click: () => this.close() }, said("close"))));
        else {
          around.say(wrong);
          this.lay("");
        }
      })
      .finally(() => {
        if (this.asked === asked) element.setAttribute("aria-busy", "false");
      });
  }

  private async draw(what: "figures" | Traced): Promise<() => void> {
    const { around } = this;
    const holder = h("div", {}, h("p", { class: "soft pad" }, said("loading")));
    fill(this.element, holder);
    this.element.scrollTop = 0;
    const { show, trace } = await import("./charts.js");
    const wishes = {
      floor: around.floor,
      figures: around.figures() as Figures,
      lang: language(),
      theme: around.theme(),
      time: around.time(),
      seek: (time: number) => around.seek(time),
      select: (kind: string, id: string) => {
        this.close();
        around.select(kind, id);
      },
      trace: (id: string, of?: TraceOf) => this.trace(id, of),
      ask: askPath,
    };
    if (what === "figures") return show(holder, wishes);
    return trace(
      holder,
      {
        ...wishes,
        show: (kind: string, id: string, at: number | null) => {
          this.close();
          if (at !== null) around.seek(at);
          around.select(kind, id);
        },
        close: () => this.close(),
      },
      what.id,
      what.of,
    );
  }
}
