// A machine and a time: every batch in it, by unit; click one for all that shared it.

import type { Csv } from "../charts/board";
import { h } from "../dom";
import { number, said } from "../words";
import type { MachineTraced } from "./data";
import type { Trace } from "./page";

export function machineCard(page: Trace, told: MachineTraced): HTMLElement {
  const { calendar } = page;
  const cells = (): Csv => [["cell", "machine", "unit", "efficiency_pct", "el_grade"], told.cells.cell.map((cell, i) => [cell, told.id, told.cells.unit[i], told.cells.efficiency_pct[i], told.cells.el_grade[i]])];
  const unit = h("select", { "aria-label": said("which_unit"), change: () => again() }, h("option", { value: "" }, said("all_units")));
  for (let n = 1; n <= told.units; n++) unit.append(h("option", { value: n }, said(`unit_${told.mode}`, n)));
  unit.value = told.unit === null ? "" : String(told.unit);
  const written = (at: number): string => (calendar.date(at) === calendar.date(0) ? "" : `${calendar.date(at)} `) + calendar.clock(at);
  const moment = (label: string, at: number): HTMLInputElement =>
    h("input", { class: "moment", "aria-label": label, title: label, value: written(at), spellcheck: "false", autocomplete: "off", change: () => again() });
  const from = moment(said("from"), told.from_ms);
  const to = moment(said("to"), told.to_ms);
  const read = (field: HTMLInputElement, shown: number): number | null => (field.value === written(shown) ? shown : calendar.parse(field.value));
  const again = (): void => {
    const [begin, end] = [read(from, told.from_ms), read(to, told.to_ms)];
    const good = begin !== null && end !== null && begin < end;
    to.setCustomValidity(good ? "" : said("bad_time"));
    if (!good) to.reportValidity();
    else page.wishes.trace(told.id, { ...(unit.value ? { unit: Number(unit.value) } : {}), from: begin, to: end });
  };
  const whole = Math.max(told.to_ms - told.from_ms, 1);
  const share = (ms: number): string => `${Math.min(Math.max((100 * (ms - told.from_ms)) / whole, 0), 100)}%`;
  const wide = (a: number, b: number | null): string => `${(100 * Math.max(Math.min(b ?? told.to_ms, told.to_ms) - Math.max(a, told.from_ms), whole / 400)) / whole}%`;
  return h(
    "section",
    { class: "card" },
    page.head("machine", cells),
    h("div", { class: "fields" }, unit, from, h("span", {}, "–"), to),
    told.batches.length
      ? h(
          "ol",
          { class: "through" },
          ...told.batches.map((one) =>
            h(
              "li",
              {},
              h(
                "button",
                { type: "button", class: "unit", "aria-pressed": "false", title: said("who_shared"), "data-batch": `${told.id}:${one.unit}:${one.batch}`, click: () => void page.together(told.id, one.unit, one.batch, told.mode) },
                said(`unit_${told.mode}`, one.unit),
              ),
              h(
                "div",
                {},
                ...page.span(one.start_ms, one.end_ms),
                h("span", { class: "soft" }, ` · ${number(one.lots.reduce((sum, lot) => sum + lot.wafers, 0))} ${said("wafers_unit")}`),
                h("br"),
                ...one.lots.flatMap((lot, i) => [i ? ", " : null, page.lot(lot.lot)]),
                h("div", { class: "spent" }, h("i", { class: "work", left: share(one.start_ms), width: wide(one.start_ms, one.end_ms) })),
              ),
            ),
          ),
        )
      : h("p", { class: "soft" }, said("none")),
  );
}
