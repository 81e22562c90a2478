// A cell: what the tester said of it, and its way.

import { h } from "../dom";
import { measured, said } from "../words";
import type { Body, Teller } from "./teller";

/** Lots that were in the same batch: what a bad tube did to one, it did to them. */
function sharing(tell: Teller, lots: string[]): (Node | string)[] {
  if (!lots.length) return [];
  const links = lots.slice(0, 3).flatMap((lot) => [" ", tell.link("lot", lot) as Node]);
  return [h("br"), h("span", { class: "soft" }, said("shared")), ...links, lots.length > 3 ? ` +${lots.length - 3}` : ""];
}

export function cell(tell: Teller, told: any, now: number): Body {
  const { trace } = told;
  const begun = told.steps.filter(([, , , start]: [string, string, number, number]) => start <= now).length;
  return [
    tell.pairs(
      [said("made"), tell.at(told.made_ms, now)],
      [said("lot"), tell.link("lot", trace.lot)],
      [said("carrier"), tell.link("carrier", told.carrier) ?? "–"],
      [said("basket"), `${trace.basket}, ${trace.slot}`],
      [said("test"), `${measured(trace.power_w, 3, "W")}, ${measured(trace.efficiency_pct, 2, "%")}`],
      ["", `${measured(trace.voc_mv, 1, "mV")}, ${measured(trace.isc_a, 3, "A")}, FF\u00a0${measured(trace.ff_pct, 2, "%")}`],
      [said("grade"), `EL ${trace.el_grade}, ${said("bin", trace.bin)}`],
      [said("energy"), `${measured(trace.kwh, 3, "kWh")}, ${measured(trace.kgco2, 3, "kgCO₂")}`],
    ),
    h("h2", {}, said("way")),
    h(
      "ul",
      { class: "rows way" },
      ...told.steps.map(([step, machine, unit, start, end]: [string, string, number, number, number | null], i: number) =>
        h(
          "li",
          { class: start > now ? "future" : i + 1 < begun || (end !== null && end <= now) ? "past" : "current" },
          tell.at(start, now),
          h("span", {}, tell.step(step), h("br"), tell.link("machine", machine), h("span", { class: "soft" }, ` · ${said("unit", unit)}`), ...sharing(tell, trace.steps[i].shared_with)),
        ),
      ),
    ),
  ];
}
