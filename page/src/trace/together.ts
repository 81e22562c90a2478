// All that shared one batch: how many, how good, against all that went through the step.

import { Board, type Csv } from "../charts/board";
import { h } from "../dom";
import { measured, number, said } from "../words";
import type { Mode, Together } from "./data";
import type { Trace } from "./page";

const SHOWN_CELLS = 24;
const BELOW_PCT = 0.08;

export function together(page: Trace, board: Board, told: Together, mode: Mode, own: string): void {
  const { cells } = told;
  const rows = (): Csv => [["cell", "machine", "unit", "batch", "efficiency_pct", "el_grade"], cells.cell.map((cell, i) => [cell, told.machine, cells.unit[i], told.batch, cells.efficiency_pct[i], cells.el_grade[i]])];
  const plot = board.card("together", rows, "whole");
  const less = told.mean_pct !== null && told.all_mean_pct !== null ? told.mean_pct - told.all_mean_pct : 0;
  plot.before(
    h("p", { class: "lead" }, h("b", {}, `${told.machine} ${said(`unit_${mode}`, told.unit)}`), `, ${said("batch")} ${told.batch}, `, ...page.span(told.start_ms, told.end_ms)),
    h(
      "p",
      { class: "lead" },
      told.mean_pct === null
        ? said("no_cells_yet")
        : `${said("cells_of_lots", number(cells.cell.length), told.lots.length + told.elsewhere.length)}: ${measured(told.mean_pct, 3, "%")} ± ${number(told.sd_pct ?? 0, 3)}, ${said("against_all", number(told.all_mean_pct ?? 0, 3), number(told.all_cells))} `,
      told.mean_pct === null ? null : h("span", { class: less <= -BELOW_PCT ? "late" : "soft" }, `(${less < 0 ? "−" : "+"}${number(Math.abs(less), 3)})`),
      told.flawed === null ? null : `, ${said("flawed", measured(100 * told.flawed, 2, "%"))}`,
    ),
  );
  if (told.all_cells) draw(board, plot, told, less);
  else board.nothing(plot);
  const names = [...cells.cell.slice(0, SHOWN_CELLS)];
  plot.after(
    h(
      "ul",
      { class: "lots" },
      ...told.lots.map((lot) => h("li", {}, page.lot(lot.lot), h("span", { class: "soft" }, ` ${said("position", lot.first, lot.last)}, ${number(lot.wafers)} ${said("wafers_unit")}`))),
      ...told.elsewhere.map((lot) => h("li", { class: "soft" }, `${lot}: ${said("not_in_record")}`)),
    ),
    h(
      "p",
      { class: "many" },
      ...names.flatMap((cell) => [cell === own ? h("b", {}, cell) : page.open(cell), " "]),
      cells.cell.length > SHOWN_CELLS ? h("span", { class: "soft" }, said("more_in_csv", number(cells.cell.length - SHOWN_CELLS))) : null,
    ),
  );
}

/** How the cells of the batch are spread, over how all of the step are. */
function draw(board: Board, plot: HTMLElement, told: Together, less: number): void {
  const share = (counts: number[]): number[] => {
    const whole = counts.reduce((sum, count) => sum + count, 0) || 1;
    return counts.map((count) => (100 * count) / whole);
  };
  const middle = told.here.map((_, i) => number((told.edges[i] + told.edges[i + 1]) / 2, 2));
  board.draw(plot, {
    tooltip: {
      formatter: (all: any) => [`${number(told.edges[all[0].dataIndex], 2)}–${measured(told.edges[all[0].dataIndex + 1], 2, "%")}`, ...all.map((one: any) => `${one.seriesName}  ${measured(one.value, 1, "%")}`)].join("\n"),
    },
    xAxis: { type: "category", data: middle, name: `${said("efficiency")}, %`, nameLocation: "middle", nameGap: board.px(26), nameTextStyle: { align: "center" } },
    yAxis: { type: "value", name: said("share_of_cells") },
    grid: { bottom: board.px(24) },
    series: [
      { type: "bar", name: said("this_batch"), color: less <= -BELOW_PCT ? "#d55e00" : "#0072b2", data: share(told.here) },
      { type: "line", name: said("all_batches"), color: "#8b95a1", symbol: "none", step: "middle", data: share(told.there) },
    ],
  });
}
