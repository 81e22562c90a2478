// What is to be read beside the floor: the workshop at this moment, or what is known of one thing.

import type { Calendar } from "../clock";
import { button, fill, h, icon } from "../dom";
import type { Figures, Floor } from "../protocol";
import type { Thing } from "../scene";
import { said } from "../words";
import type { World } from "../world";
import { cell } from "./cell";
import { carrier, lot } from "./lot";
import { machine } from "./machine";
import { Overview } from "./overview";
import { Teller, type Acts, type Body } from "./teller";
import { vehicle } from "./vehicle";

const TELL: Record<string, (tell: Teller, told: any, now: number) => Body> = { vehicle, machine, stocker: machine, lot, carrier, cell };

/** Kinds of things that have a trace page. */
const TRACED = ["cell", "lot", "machine"];

export class Panel {
  readonly element = h("aside", { class: "panel" });
  private readonly tell: Teller;
  private readonly whole: Overview;

  constructor(floor: Floor, state: World, calendar: Calendar, acts: Acts) {
    this.tell = new Teller(floor, state, calendar, acts);
    this.whole = new Overview(this.element, this.tell);
  }

  get figures(): Figures | null {
    return this.whole.figures;
  }

  set figures(figures: Figures | null) {
    this.whole.figures = figures;
  }

  /** Show the workshop; `update` writes the figures of the moment. */
  overview(): void {
    this.whole.show();
  }

  update(): void {
    this.whole.update();
  }

  /** Show what is known of a thing. */
  details(told: any, now: number): void {
    const scrolled = this.element.dataset.of === told.id ? this.element.scrollTop : 0;
    this.element.dataset.of = told.id;
    fill(this.element, this.title(told.kind, told.id, TRACED.includes(told.kind)), ...TELL[told.kind](this.tell, told, now));
    this.element.scrollTop = scrolled;
  }

  problem(thing: Thing, message: string): void {
    fill(this.element, this.title(thing.kind, thing.id), h("p", { class: "soft" }, message));
  }

  private title(kind: string, id: string, traced = false): HTMLElement {
    return h(
      "div",
      { class: "title" },
      button("left", said("key_escape"), () => this.tell.acts.select(null), { class: "quiet" }),
      h("small", {}, said(kind)),
      traced && h("button", { type: "button", class: "word to-trace", title: `${said("trace_hint")} (t)`, click: () => this.tell.acts.trace(id) }, icon("trace"), said("trace")),
      h("h1", { title: id }, id),
    );
  }
}
