// A lot, or a carrier: where it is, what it went through, what comes next.

import { h } from "../dom";
import { duration, number, said } from "../words";
import { movesTable, type Body, type Teller } from "./teller";

/** How long it has waited for its next step, and when that is too long. */
function queue(tell: Teller, told: any, now: number): HTMLElement {
  return h(
    "p",
    { class: told.late ? "state late" : "state" },
    h("b", {}, said(told.late ? "queue_late" : "queue_waits", tell.step(told.step))),
    h("span", {}, said("waited", duration(now - told.since_ms))),
    told.due_ms === null ? h("span", { class: "soft" }, said("no_limit")) : h("span", {}, said("allowed", duration(told.limit_s * 1000)), `, ${said("until")} `, tell.at(told.due_ms, now)),
  );
}

export function lot(tell: Teller, told: any, now: number): Body {
  const inside = [...new Map(told.inside.map((part: any) => [part.machine, part])).values()] as any[];
  const where: (Node | string | null)[] = [];
  if (told.carrier) {
    const place = tell.floor.vehicles.includes(told.place) ? tell.link("vehicle", told.place) : told.place ? tell.station(told.place) : h("span", {}, said("unknown"));
    where.push(tell.link("carrier", told.carrier), " · ", place);
  } else if (inside.length) {
    inside.forEach((part, i) => where.push(i ? ", " : null, tell.link("machine", part.machine)));
  } else where.push(said(now < told.released_ms ? "not_released" : told.finished_ms !== null && now >= told.finished_ms ? "stored" : "between"));
  return [
    tell.pairs(
      [said("where"), ...where],
      [said("line"), String(told.line)],
      [said("wafers"), number(told.wafers), told.lost ? `, ${said("lost_wafers", number(told.lost))}` : ""],
      [said("released"), tell.at(told.released_ms, now)],
      [said("finished"), told.finished_ms === null ? h("span", { class: "soft" }, said("in_process")) : tell.at(told.finished_ms, now)],
      ...(told.next_step ? ([[said("next"), `${tell.step(told.next_step)} `, tell.at(told.next_ms, now)]] as [string, string, Node][]) : []),
    ),
    told.queue ? queue(tell, told.queue, now) : null,
    h("h2", {}, said("way")),
    h(
      "ul",
      { class: "rows way" },
      ...told.steps.map((part: any) =>
        h(
          "li",
          { class: part.start_ms > now ? "future" : part.end_ms !== null && part.end_ms <= now ? "past" : "current" },
          tell.at(part.start_ms, now),
          h(
            "span",
            {},
            tell.step(part.step),
            h("br"),
            tell.link("machine", part.machine),
            h("span", { class: "soft" }, ` · ${said("waited", duration(part.wait_s * 1000))}`),
            part.late ? h("em", { class: "late" }, ` ${said("late")}`) : null,
            part.lost ? h("span", { class: "soft" }, ` · −${part.lost}`) : null,
          ),
        ),
      ),
    ),
    h("h2", {}, said("moves")),
    movesTable(tell, told.moves, now, "lot"),
  ];
}

export function carrier(tell: Teller, told: any, now: number): Body {
  const place = tell.floor.vehicles.includes(told.place) ? tell.link("vehicle", told.place) : told.place ? tell.station(told.place) : h("span", { class: "soft" }, said("place_unknown"));
  return [
    tell.pairs(
      [said("where"), place],
      [said("lot"), told.lot ? tell.link("lot", told.lot) : h("span", { class: "soft" }, said("empty"))],
      ...(told.since_ms === null ? [] : ([[said("since"), tell.at(told.since_ms, now)]] as [string, Node][])),
    ),
    h("h2", {}, said("moves")),
    movesTable(tell, told.moves, now, "carrier"),
  ];
}
