// The trace page: a cell or a lot with its genealogy, or a machine and a time; who shared its tubes, and how they fared.

import { Board, download, type Csv, type TraceOf, type Wishes } from "../charts/board";
import { units } from "../charts/units";
import { Calendar } from "../clock";
import { button, fill, h, icon } from "../dom";
import { language, measured, number, said } from "../words";
import type { Disc, MachineTraced, Mode, Together, Way } from "./data";
import { machineCard } from "./machine";
import { together } from "./together";
import { genealogy } from "./way";

export interface TraceWishes extends Wishes {
  /** Select a thing on the floor, and leave this page. */
  show(kind: string, id: string, at: number | null): void;
  close(): void;
}

/** Show the page in a holder; gives what takes it away again. */
export async function showTrace(holder: HTMLElement, wishes: TraceWishes, id: string, of: TraceOf): Promise<() => void> {
  const asked = Object.entries(of).filter(([, value]) => value !== undefined);
  const told: Way | MachineTraced = await wishes.ask(`trace?${new URLSearchParams([["id", id], ...asked.map(([name, value]) => [name, String(value)])])}`);
  const page = new Trace(holder, wishes, told);
  page.start();
  return () => page.end();
}

export class Trace {
  readonly calendar: Calendar;
  private readonly side = h("div", { class: "side" });
  private board: Board | null = null;
  private chosen = "";

  constructor(
    private readonly holder: HTMLElement,
    readonly wishes: TraceWishes,
    private readonly told: Way | MachineTraced,
  ) {
    this.calendar = new Calendar(wishes.floor.start);
  }

  start(): void {
    const { told } = this;
    const main = told.kind === "machine" ? machineCard(this, told) : h("section", { class: "card" }, this.head("genealogy", () => this.steps(told)), genealogy(this, told));
    fill(this.holder, h("div", { class: "trace" }, this.title(), h("div", { class: "two" }, main, this.side)));
    main.addEventListener("keydown", (event) => this.key(event as KeyboardEvent));
    if (told.kind === "machine") {
      const last = told.batches.at(-1);
      if (last) void this.together(told.id, last.unit, last.batch, told.mode);
    } else if (told.steps.length) {
      const furnace = told.steps.findIndex((one) => one.mode === "tube");
      this.choose(Math.max(furnace, 0), 0);
    }
  }

  end(): void {
    this.board?.end();
    this.holder.replaceChildren();
  }

  // ---- what rows are made of

  step(code: string): string {
    return this.wishes.floor.steps[code]?.[language() === "zh" ? 1 : 0] ?? code;
  }

  link(kind: string, id: string): HTMLElement | null {
    if (!id) return null;
    const act = kind === "machine" ? () => this.wishes.trace(id) : () => this.wishes.show(kind, id, null);
    return h("button", { type: "button", class: "link", click: act }, id);
  }

  /** A lot, by its trace page. */
  lot(id: string): HTMLElement {
    return this.told.kind === "lot" && id === this.told.id ? h("span", {}, id) : this.open(id);
  }

  open(id: string): HTMLElement {
    return h("button", { type: "button", class: "link", click: () => this.wishes.trace(id) }, id);
  }

  time(at: number | null): HTMLElement {
    if (at === null) return h("span", { class: "soft" }, "…");
    const [from, to] = this.wishes.floor.span;
    const { calendar } = this;
    const text = calendar.brief(at, this.wishes.time);
    if (at < from || at >= to) return h("span", { class: "time soft" }, text);
    return h("button", { type: "button", class: "link time", title: said("on_floor"), click: () => this.wishes.show(this.told.kind, this.told.id, at) }, text);
  }

  /** From when to when; where there is no end, that what is told of is still in process, or what else is known of it. */
  span(from: number, to: number | null, open = said("in_process")): (Node | string)[] {
    return to === null ? [this.time(from), h("span", { class: "soft" }, ` · ${open}`)] : [this.time(from), "–", this.time(to)];
  }

  head(name: string, csv: () => Csv): HTMLElement {
    const save = h("button", { type: "button", class: "word", title: said("csv_hint"), click: () => download(`${name}-${this.told.id}`, csv()) }, icon("save"), "CSV");
    return h("div", { class: "head" }, h("h2", {}, said(`trace_${name}`)), save);
  }

  // ---- the head of the page

  private title(): HTMLElement {
    const { told } = this;
    const facts: (Node | string | null)[][] = told.kind === "machine" ? [[this.step(told.step)], [said("batches_count", told.batches.length)], [`${number(told.cells.cell.length)} ${said("cells_unit")}`]] : this.facts(told);
    const at = told.kind === "machine" ? Math.min(Math.max(told.from_ms, 0), this.wishes.floor.span[1] - 1) : told.kind === "cell" ? told.made_ms : null;
    return h(
      "section",
      { class: "card about" },
      h(
        "div",
        { class: "head" },
        h("h1", {}, h("small", {}, said(told.kind)), ` ${told.id}`),
        h("button", { type: "button", class: "word", click: () => this.wishes.show(told.kind, told.id, at) }, icon("follow"), said("on_floor")),
        button("close", said("close"), () => this.wishes.close()),
      ),
      h("ul", { class: "facts" }, ...facts.map((fact) => h("li", {}, ...fact))),
      this.discs(told.discs),
    );
  }

  private facts(way: Way): (Node | string | null)[][] {
    const facts: (Node | string | null)[][] = [[`${said("line")} ${way.line}`]];
    if (way.kind === "cell" && way.test) {
      const { test } = way;
      facts.push(
        [`${said("lot")} `, this.lot(way.lot)],
        [way.basket === null ? null : said("basket_slot", way.basket, way.slot ?? "")],
        [`${measured(test.power_w, 3, "W")}, ${measured(test.efficiency_pct, 2, "%")}`],
        [`${measured(test.voc_mv, 1, "mV")}, ${measured(test.isc_a, 3, "A")}, FF\u00a0${measured(test.ff_pct, 2, "%")}`],
        [`EL ${test.el_grade}, ${said("bin", test.bin)}`],
      );
    } else facts.push([`${number(way.wafers)} ${said("wafers_unit")}`, way.lost ? `, ${said("lost_wafers", number(way.lost))}` : ""], [`${number(way.cells)} ${said("cells_unit")}`]);
    const digits = way.kind === "cell" ? 3 : 0;
    if (way.kwh !== null) facts.push([`${measured(way.kwh, digits, "kWh")}, ${measured(way.kgco2 ?? 0, digits, "kgCO₂")}`, way.shared_kwh === null ? null : h("span", { class: "soft" }, ` (${said("shared_kwh", measured(way.shared_kwh, digits, "kWh"))})`)]);
    return facts;
  }

  private discs(discs: Disc[]): HTMLElement {
    if (!discs.length) return h("p", { class: "soft discs" }, said("no_disc"));
    return h("p", { class: "discs" }, ...discs.map((disc) => h("span", { title: disc.files.join("\n") }, h("span", { class: "soft" }, `${said("disc")} `), h("b", {}, disc.volume), h("span", { class: "soft" }, ` (${disc.image}): ${disc.files.map((file) => file.split("/").at(-1)).join(", ")} `))));
  }

  // ---- who shared a batch

  choose(at: number, part: number): void {
    if (this.told.kind === "machine") return;
    const step = this.told.steps[at];
    const batch = step.batches[part];
    void this.together(step.machine, batch.unit, batch.batch, step.mode);
  }

  async together(machine: string, unit: number, batch: number, mode: Mode): Promise<void> {
    const chosen = (this.chosen = `${machine}:${unit}:${batch}`);
    for (const one of this.holder.querySelectorAll<HTMLElement>("[data-batch]")) one.setAttribute("aria-pressed", String(one.dataset.batch === chosen));
    let told: Together;
    try {
      told = await this.wishes.ask(`together?${new URLSearchParams({ machine, unit: String(unit), batch: String(batch) })}`);
    } catch (wrong) {
      fill(this.side, h("p", { class: "soft pad" }, (wrong as Error).message));
      return;
    }
    if (this.chosen !== chosen || !this.holder.isConnected) return;
    this.board?.end();
    this.board = new Board(this.side, this.wishes);
    together(this, this.board, told, mode, this.told.id);
    void units(this.board, told.step, { machine, unit });
    this.holder.dataset.together = chosen;
  }

  private key(event: KeyboardEvent): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const target = event.target as HTMLElement;
    if (!step || target.closest("input, select")) return;
    const all = [...this.holder.querySelectorAll<HTMLElement>("[data-batch]")];
    const now = all.indexOf(target) >= 0 ? all.indexOf(target) : all.findIndex((one) => one.dataset.batch === this.chosen);
    const next = all[Math.min(Math.max(now + step, 0), all.length - 1)];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    next.focus();
    next.click();
  }

  private steps(way: Way): Csv {
    const head = ["number", "step", "machine", "unit", "batch", "first", "last", "in", "out", "waited_s", "limit_s", "late", "wafer_kwh", "shared_with", "vehicles", "carriers"];
    const at = (ms: number | null): string => (ms === null ? "" : `${this.calendar.date(ms)} ${this.calendar.clock(ms)}`);
    const rows = way.steps.flatMap((step) =>
      step.batches.map((batch) => [
        step.number,
        step.step,
        step.machine,
        batch.unit,
        batch.batch,
        batch.first,
        batch.last,
        at(batch.start_ms),
        at(batch.end_ms),
        step.wait_s,
        step.limit_s ?? "",
        String(step.late),
        batch.wafer_kwh ?? "",
        batch.shared_with.join(" "),
        step.brought.map((move) => move.vehicle).join(" "),
        step.brought.map((move) => move.carrier).join(" "),
      ]),
    );
    return [head, rows];
  }
}
