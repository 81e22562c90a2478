// A vehicle: what it carries and where to, and why it waits.

import { h } from "../dom";
import { VEHICLE } from "../theme";
import { number, said } from "../words";
import { movesTable, type Body, type Teller } from "./teller";

function chain(tell: Teller, links: any[]): HTMLElement {
  const said_of = (link: any): string => {
    if (link.does === "waits" && !link.node) return said("link_waits_way");
    return said(`link_${link.does}`, link.node);
  };
  return h(
    "ol",
    { class: "chain" },
    ...links.map((link) => h("li", { class: link.does }, tell.link("vehicle", link.vehicle), " ", h("span", {}, said_of(link)))),
  );
}

function battery(percent: number): [string, ...(Node | string)[]] {
  return [
    said("battery"),
    `${number(percent, 1)} %`,
    h("span", { class: "bar battery" }, h("i", { width: `${percent}%`, colour: VEHICLE.driving_loaded })),
  ];
}

export function vehicle(tell: Teller, told: any, now: number): Body {
  const v = tell.floor.vehicles.indexOf(told.id);
  const mood = tell.state.mood[v];
  const waits = told.chain.length && told.chain[0].does === "waits";
  const use = Object.entries(told.use as Record<string, number>).filter(([name]) => name !== "kwh");
  const whole = use.reduce((sum, [, hours]) => sum + hours, 0);
  const names: Record<string, string> = { waiting: "waiting", hand_off: "hand_off", charging: "charging", idle: "idle" };
  return [
    h("p", { class: "state" }, h("i", { class: "chip arrow", colour: VEHICLE[mood] ?? VEHICLE.idle }), h("b", {}, said(mood))),
    tell.pairs(
      [
        said("carries"),
        told.carrier ? tell.link("carrier", told.carrier) : h("span", { class: "soft" }, said("nothing")),
        told.carrier ? ", " : null,
        told.carrier ? (told.lot ? tell.link("lot", told.lot) : said("empty")) : null,
      ],
      ...(told.soc_pct === null ? [] : [battery(told.soc_pct)]),
      ...(told.move
        ? ([
            [said("from"), tell.station(told.move.source)],
            [said("to"), tell.station(told.move.target)],
            [said("assigned"), tell.at(told.move.assigned_ms, now)],
            [said("e84_unload"), tell.at(told.move.at_source_ms, now), "–", tell.at(told.move.taken_ms, now)],
            [said("e84_load"), tell.at(told.move.at_target_ms, now), "–", tell.at(told.move.placed_ms, now)],
          ] as [string, ...(Node | string | null)[]][])
        : []),
    ),
    waits ? h("h2", {}, said("why")) : null,
    waits ? chain(tell, told.chain) : null,
    h("h2", {}, said("moves")),
    movesTable(tell, told.moves, now, "vehicle"),
    use.length ? h("h2", {}, said("day_use"), h("small", {}, `${number(told.use.kwh ?? 0, 2)} kWh`)) : null,
    use.length
      ? h(
          "ul",
          { class: "bars" },
          ...use.map(([name, hours]) =>
            h(
              "li",
              {},
              h("span", {}, said(names[name] ?? name)),
              h("div", { class: "bar" }, h("i", { colour: VEHICLE[name] ?? VEHICLE.idle, width: `${(100 * hours) / whole}%` })),
              h("b", {}, `${number((100 * hours) / whole, 1)} %`),
            ),
          ),
        )
      : null,
  ];
}
