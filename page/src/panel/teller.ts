// What the details of all things are made of: links to things and times, tables of moves and parts.

import type { Calendar } from "../clock";
import { h } from "../dom";
import type { Floor } from "../protocol";
import type { Thing } from "../scene";
import { language, said } from "../words";
import type { World } from "../world";

const SHOWN_ROWS = 12;

export interface Acts {
  select(thing: Thing | null): void;
  seek(time: number): void;
  /** Open the trace page of a cell, a lot or a machine. */
  trace(id: string): void;
}

export type Body = (Node | null)[];

export class Teller {
  constructor(
    readonly floor: Floor,
    readonly state: World,
    readonly calendar: Calendar,
    readonly acts: Acts,
  ) {}

  step(code: string): string {
    const names = this.floor.steps[code];
    return names ? names[language() === "zh" ? 1 : 0] : code;
  }

  link(kind: Thing["kind"], id: string, text = id): HTMLElement | null {
    if (!id) return null;
    return h("button", { type: "button", class: "link", click: () => this.acts.select({ kind, id }) }, text);
  }

  at(time: number | null, now: number): HTMLElement {
    if (time === null) return h("span", { class: "soft" }, "–");
    const [from, to] = this.floor.span;
    const text = this.calendar.brief(time, now);
    if (time < from || time >= to) return h("span", { class: "soft" }, text);
    return h("button", { type: "button", class: "link time", click: () => this.acts.seek(time) }, text);
  }

  pairs(...rows: [string, ...(Node | string | null)[]][]): HTMLElement {
    return h("dl", {}, ...rows.flatMap(([name, ...values]) => [h("dt", {}, name), h("dd", {}, ...values)]));
  }

  station(id: string): Node | null {
    const spot = this.floor.ground.stations.find((one) => one.id === id);
    if (!spot) return h("span", {}, id);
    if (!spot.of) return h("span", {}, id);
    const kind = spot.kind === "stocker" ? "stocker" : "machine";
    return this.link(kind, spot.of, id);
  }
}

export function movesTable(tell: Teller, moves: any[], now: number, but: "vehicle" | "carrier" | "lot"): HTMLElement {
  if (!moves.length) return h("p", { class: "soft" }, said("none"));
  const rows = moves.map((move) => {
    const current = move.assigned_ms !== null && move.assigned_ms <= now && (move.placed_ms === null || move.placed_ms > now);
    return h(
      "li",
      { class: current ? "current" : move.placed_ms !== null && move.placed_ms <= now ? "past" : "" },
      tell.at(move.taken_ms ?? move.assigned_ms ?? move.wanted_ms, now),
      h(
        "span",
        {},
        tell.station(move.source),
        " → ",
        tell.station(move.target),
        h("br"),
        but !== "carrier" ? tell.link("carrier", move.carrier) : null,
        but !== "carrier" ? " " : null,
        but !== "lot" ? (move.lot ? tell.link("lot", move.lot) : h("span", { class: "soft" }, said("empty"))) : null,
        but !== "vehicle" ? " " : null,
        but !== "vehicle" ? tell.link("vehicle", move.vehicle) : null,
      ),
    );
  });
  return h("ul", { class: "rows" }, ...rows);
}

/** Parts of lots in a machine. */
export function partsTable(tell: Teller, parts: any[], now: number): HTMLElement {
  if (!parts.length) return h("p", { class: "soft" }, said("none"));
  const rows = parts.slice(0, SHOWN_ROWS).map((part) =>
    h(
      "li",
      { class: part.end_ms === null || part.end_ms > now ? "" : "past" },
      tell.at(part.start_ms, now),
      h(
        "span",
        {},
        tell.link("lot", part.lot),
        ` ${said("unit", part.unit)}, ${said("position", part.first, part.last)}`,
        part.late ? h("em", { class: "late" }, ` ${said("late")}`) : null,
      ),
    ),
  );
  const more = parts.length > SHOWN_ROWS ? h("li", { class: "soft" }, h("span", {}), h("span", {}, `+ ${parts.length - SHOWN_ROWS}`)) : null;
  return h("ul", { class: "rows" }, ...rows, more);
}
