// The workshop at this moment: figures, how many machines, vehicles and carriers do what, alarms.

import { fill, h } from "../dom";
import type { Figures, Spot } from "../protocol";
import type { Thing } from "../scene";
import { MACHINE, VEHICLE } from "../theme";
import { number, said } from "../words";
import { MOODS } from "../world";
import type { Teller } from "./teller";

const STATES = Object.keys(MACHINE);
const PLACES = { parking: "parking", charging: "charger" } as const;
const SHOWN_ALARMS = 6;

export class Overview {
  figures: Figures | null = null;

  constructor(
    private readonly element: HTMLElement,
    private readonly tell: Teller,
  ) {}

  private readonly counts = new Map<string, HTMLElement>();
  private tiles: Record<string, HTMLElement> = {};
  private alarms = h("div", { class: "alarms" });
  private alarmsUpTo = -2;

  /** Build the overview; `update` writes its figures. */
  show(): void {
    this.counts.clear();
    this.alarmsUpTo = -2;
    const count = (key: string): HTMLElement => {
      const cell = h("b", {}, "0");
      this.counts.set(key, cell);
      return cell;
    };
    const legend = (prefix: string, keys: string[], colours: Record<string, string>, shape: string, ...more: HTMLElement[]): HTMLElement =>
      h(
        "ul",
        { class: "legend" },
        ...keys.map((key) =>
          h("li", {}, h("i", { class: `chip ${shape}`, colour: colours[key] ?? "" }), h("span", {}, said(key)), count(`${prefix}:${key}`)),
        ),
        ...more,
      );
    const tile = (key: string, label: string): HTMLElement => {
      const value = h("b", {}, "–");
      this.tiles[key] = value;
      return h("div", { class: "tile" }, value, h("span", {}, said(label)));
    };
    const lost = h("li", { class: "rare" }, h("i", { class: "chip unknown" }), h("span", {}, said("place_unknown")), count("vehicle:unknown"));
    const places = Object.entries(PLACES).map(([kind, word]) =>
      h("li", { class: "place" }, h("i", { class: `chip ${kind}` }), h("span", {}, said(word)), h("b", {}, number(this.places(kind as Spot["kind"])))),
    );
    const moods = this.tell.floor.series.some(([name]) => name === "mishaps") && this.hasMishaps() ? [...MOODS, "stall", "breakdown", "off_floor"] : MOODS;
    fill(
      this.element,
      h("div", { class: "tiles" }, tile("cells", "cells_so_far"), tile("rate", "cells_per_h"), tile("wip", "wip"), tile("moves", "moves_per_h")),
      h("h2", {}, said("machines"), h("small", {}, `${this.tell.floor.ground.machines.length}`)),
      legend("machine", STATES, MACHINE, "box"),
      h("h2", {}, said("vehicles"), h("small", {}, `${this.tell.floor.vehicles.length}`)),
      legend("vehicle", moods, { ...VEHICLE, off_floor: VEHICLE.idle }, "arrow", lost, ...places),
      h("h2", {}, said("carriers"), h("small", {}, `${this.tell.floor.carriers.length}`)),
      h(
        "ul",
        { class: "legend" },
        h("li", {}, h("i", { class: "chip full" }), h("span", {}, said("full")), count("carrier:full")),
        h("li", {}, h("i", { class: "chip hollow" }), h("span", {}, said("empty")), count("carrier:empty")),
        h("li", { class: "rare" }, h("i", { class: "chip unknown" }), h("span", {}, said("place_unknown")), count("carrier:unknown")),
      ),
      h("h2", {}, said("alarms"), h("small", {}, said("before_now"))),
      this.alarms,
    );
    this.element.scrollTop = 0;
    this.update();
  }

  private places(kind: Spot["kind"]): number {
    return this.tell.floor.ground.stations.filter((one) => one.kind === kind).length;
  }

  private hasMishaps(): boolean {
    return this.figures?.alarms.some((alarm) => alarm.what === "breakdown") ?? false;
  }

  private set(key: string, value: number): void {
    const cell = this.counts.get(key);
    if (!cell) return;
    cell.textContent = number(value);
    cell.parentElement?.classList.toggle("zero", value === 0);
  }

  /** Write the figures of this moment into the overview. */
  update(): void {
    const { state, floor } = this.tell;
    const tally = new Map<string, number>();
    const add = (key: string): void => void tally.set(key, (tally.get(key) ?? 0) + 1);
    for (const mood of state.mood) add(`vehicle:${mood}`);
    floor.ground.machines.forEach((_, m) => add(`machine:${state.stateOf(m)}`));
    state.place.forEach((place, c) => add(place < 0 ? "carrier:unknown" : state.lot[c] >= 0 ? "carrier:full" : "carrier:empty"));
    for (const key of this.counts.keys()) this.set(key, tally.get(key) ?? 0);
    this.figuresNow();
  }

  private figuresNow(): void {
    const { figures } = this;
    const { state } = this.tell;
    if (!figures || !this.tiles.cells || Number.isNaN(state.time)) return;
    const { step_ms, cells, wip, moves } = figures;
    const whole = state.time / step_ms;
    const at = Math.min(Math.max(Math.floor(whole), 0), wip.length - 1);
    const hour = Math.max(Math.round(3_600_000 / step_ms), 1);
    let sum = 0;
    let recent = 0;
    let brought = 0;
    for (let i = 0; i <= at; i++) {
      const share = i < at ? 1 : Math.min(whole - at, 1);
      const made = share * cells.reduce((all, line) => all + line[i], 0);
      sum += made;
      if (i > at - hour) {
        recent += made;
        brought += share * moves[i];
      }
    }
    const hours = Math.min(hour, whole) * (step_ms / 3_600_000);
    this.tiles.cells.textContent = number(sum);
    this.tiles.rate.textContent = hours > 0.02 ? number(recent / hours) : "–";
    this.tiles.moves.textContent = hours > 0.02 ? number(brought / hours) : "–";
    this.tiles.wip.textContent = number(wip[at]);
    let upTo = -1;
    figures.alarms.forEach((alarm, i) => {
      if (alarm.at_ms <= state.time) upTo = i;
    });
    if (upTo === this.alarmsUpTo) return;
    this.alarmsUpTo = upTo;
    const shown = figures.alarms.slice(Math.max(upTo + 1 - SHOWN_ALARMS, 0), upTo + 1).reverse();
    fill(
      this.alarms,
      ...(shown.length
        ? shown.map((alarm) =>
            h(
              "button",
              {
                type: "button",
                class: "alarm",
                click: () => {
                  this.tell.acts.seek(alarm.at_ms);
                  this.tell.acts.select({ kind: alarm.kind as Thing["kind"], id: alarm.id });
                },
              },
              h("time", {}, this.tell.calendar.brief(alarm.at_ms, state.time)),
              h("span", {}, `${alarm.id} ${said(`alarm_${alarm.what}`, this.tell.step(alarm.step))}`),
            ),
          )
        : [h("p", { class: "soft" }, said(figures.alarms.length ? "none" : "no_alarms"))]),
    );
  }
}
