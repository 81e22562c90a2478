// A machine or a stocker: its states, what is in it, on its ports and on the way to it.

import { h } from "../dom";
import { MACHINE } from "../theme";
import { language, number, reasonSaid, said } from "../words";
import { stateName } from "../world";
import { movesTable, partsTable, type Body, type Teller } from "./teller";

function strip(tell: Teller, stays: any[], now: number): HTMLElement {
  const [from, to] = tell.floor.span;
  const share = (ms: number): string => `${(100 * ms) / (to - from)}%`;
  return h(
    "div",
    {
      class: "strip",
      click: (event: MouseEvent) => {
        const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
        tell.acts.seek(from + ((event.clientX - box.left) / box.width) * (to - from));
      },
    },
    ...stays.map((stay) =>
      h("i", {
        colour: MACHINE[stateName(stay.state, stay.reason)] ?? "",
        left: share(Math.max(stay.start_ms, from) - from),
        width: share(stay.end_ms - Math.max(stay.start_ms, from)),
        title: `${tell.calendar.clock(Math.max(stay.start_ms, 0))}–${tell.calendar.clock(stay.end_ms)} ${said(stateName(stay.state, stay.reason))}: ${reasonSaid(stay.reason)}`,
      }),
    ),
    h("u", { left: share(now - from) }),
  );
}

/** For how long it was in each state, those told apart that the strip tells apart; in the order of the legend. */
function shares(stays: any[]): [string, number][] {
  const sums = new Map<string, number>(Object.keys(MACHINE).map((state) => [state, 0]));
  for (const { state, reason, start_ms, end_ms } of stays) {
    const name = stateName(state, reason);
    sums.set(name, (sums.get(name) ?? 0) + end_ms - start_ms);
  }
  return [...sums].filter(([, ms]) => ms > 0);
}

/** What comes next, what it waits for, and when it is stopped again. */
function ahead(tell: Teller, told: any, now: number): Body {
  const state = stateName(told.state, told.reason);
  const { next, due, leaving } = told;
  const where = !next
    ? []
    : next.place
      ? [tell.floor.vehicles.includes(next.place) ? tell.link("vehicle", next.place) : tell.station(next.place)]
      : next.machine
        ? [tell.link("machine", next.machine), ` (${said(stateName(next.state, next.reason))}${next.out_ms === null ? "" : `, ${said(next.out_ms > now ? "until" : "out_since")} `}`, next.out_ms === null ? null : tell.at(next.out_ms, now), ")"]
        : next.unloaded
          ? [said("unloaded_at"), " ", tell.station(next.unloaded)]
          : [said("not_released")];
  const waits = state === "starved" || state === "blocked";
  return [
    h("h2", {}, said(state === "starved" ? "starved_by" : state === "blocked" ? "blocked_by" : "next_lot")),
    next
      ? h("p", { class: "told" }, tell.link("lot", next.lot), " ", tell.at(next.start_ms, now), h("br"), h("span", { class: "soft" }, said("is_now")), " ", ...where)
      : h("p", { class: "soft" }, said("no_lot_comes")),
    waits && leaving.length ? h("h2", {}, said("to_fetch"), h("small", {}, String(leaving.length))) : null,
    waits && leaving.length ? movesTable(tell, leaving, now, "carrier") : null,
    due.length ? h("h2", {}, said("planned_stops")) : null,
    due.length
      ? h(
          "ul",
          { class: "rows" },
          ...due.map((one: any) =>
            h(
              "li",
              {},
              tell.at(one.came_ms ?? one.due_ms, now),
              h("span", {}, reasonSaid(one.reason), h("span", { class: "soft" }, ` · ${said("every", number(one.every_h, one.every_h % 1 ? 1 : 0), number(one.minutes))}${one.came_ms === null ? ` · ${said(one.due_ms === null ? "none_yet" : "by_rule")}` : ""}`)),
            ),
          ),
        )
      : null,
  ];
}

export function machine(tell: Teller, told: any, now: number): Body {
  const { machines, stockers } = tell.floor.ground;
  const box = [...machines, ...stockers].find((one) => one.id === told.id);
  const state = stateName(told.state, told.reason);
  const names = box ? (language() === "zh" ? box.name_zh : box.name) : "";
  const hours = shares(told.stays);
  const whole = hours.reduce((sum, [, value]) => sum + value, 0);
  const stocker = told.kind === "stocker";
  return [
    h("p", { class: "soft" }, [names, box ? `${said("line")} ${box.line}` : "", box?.step ? `${said("step")} ${tell.floor.route.indexOf(box.step) + 1}` : ""].filter(Boolean).join(" · ")),
    told.state
      ? h("p", { class: "state" }, h("i", { class: "chip box", colour: MACHINE[state] }), h("b", {}, said(state)), told.reason && said(state) !== reasonSaid(told.reason) ? h("span", { class: "soft" }, reasonSaid(told.reason)) : null)
      : null,
    told.state ? tell.pairs([said("since"), tell.at(told.since_ms, now)], [said("until"), tell.at(told.until_ms, now)]) : null,
    told.stays.length ? h("h2", {}, said("history")) : null,
    told.stays.length ? strip(tell, told.stays, now) : null,
    hours.length
      ? h(
          "ul",
          { class: "bars" },
          ...hours.map(([name, value]) =>
            h(
              "li",
              {},
              h("span", {}, said(name)),
              h("div", { class: "bar" }, h("i", { colour: MACHINE[name], width: `${(100 * value) / whole}%` })),
              h("b", {}, `${number((100 * value) / whole, 1)} %`),
            ),
          ),
        )
      : null,
    ...(stocker ? [] : ahead(tell, told, now)),
    stocker ? null : h("h2", {}, said("inside"), h("small", {}, String(told.inside.length))),
    stocker ? null : partsTable(tell, told.inside, now),
    h("h2", {}, said(stocker ? "in_stock" : "on_ports"), h("small", {}, stocker && box ? `${told.carriers.length} / ${box.slots}` : String(told.carriers.length))),
    told.carriers.length
      ? h(
          "ul",
          { class: "rows" },
          ...told.carriers.map(([station, carrier, lot]: [string, string, string]) =>
            h("li", {}, h("span", { class: "soft" }, station.slice(told.id.length + 1) || station), h("span", {}, tell.link("carrier", carrier), " ", lot ? tell.link("lot", lot) : h("span", { class: "soft" }, said("empty")))),
          ),
        )
      : h("p", { class: "soft" }, said("none")),
    h("h2", {}, said("coming"), h("small", {}, String(told.coming.length))),
    movesTable(tell, told.coming, now, "carrier"),
    stocker ? null : h("h2", {}, said("recent")),
    stocker ? null : partsTable(tell, told.recent, now),
  ];
}
