// Electricity and carbon.

import { PALETTES } from "../theme";
import { number, said } from "../words";
import { round, type Board } from "./board";
import type { Charts } from "./data";

export function energy(board: Board, data: Charts): void {
  const { at_ms, kwh, kgco2, cells } = data.energy;
  const parts = Object.keys(kwh);
  const colours: Record<string, string> = { machine: "#0072b2", facility: "#56b4e9", vehicles: "#e69f00" };
  const each = at_ms.map((_, i) => (cells[i] ? parts.reduce((sum, part) => sum + kwh[part][i], 0) / cells[i] : null));
  const carbon = (i: number): number | null => (cells[i] ? round(kgco2[i] / cells[i]) : null);
  const plot = board.card("energy", () => [["hour", ...parts.map((part) => `${part}_kwh`), "kgco2", "cells", "kwh_per_cell", "kgco2_per_cell"], at_ms.map((at, i) => [board.stamp(at), ...parts.map((part) => kwh[part][i]), kgco2[i], cells[i], each[i] === null ? "" : round(each[i] as number), carbon(i) ?? ""])], "half");
  board.draw(plot, {
    tooltip: { formatter: (all: any) => [all[0].axisValue, ...all.map((one: any) => `${one.seriesName}  ${one.value === null ? "–" : number(one.value, one.seriesIndex < parts.length ? 0 : 3)} ${one.seriesIndex < parts.length ? "kWh" : ""}`), `${number(kgco2[all[0].dataIndex])} kgCO₂`].join("\n") },
    xAxis: { type: "category", data: at_ms.map((at) => board.calendar.minutes(at)) },
    yAxis: [
      { type: "value", name: "kWh" },
      { type: "value", name: said("per_cell"), splitLine: { show: false }, nameTextStyle: { align: "right" } },
    ],
    series: [
      ...parts.map((part) => ({ type: "bar", stack: "all", name: said(`part_${part}`), color: colours[part] ?? "#8b95a1", data: kwh[part] })),
      { type: "line", yAxisIndex: 1, name: said("kwh_per_cell"), color: "#d55e00", symbolSize: 5, data: each },
      { type: "line", yAxisIndex: 1, name: said("kgco2_per_cell"), color: PALETTES[board.wishes.theme].ink, lineStyle: { type: "dashed" }, symbol: "rect", symbolSize: 5, data: at_ms.map((_, i) => carbon(i)) },
    ],
  });
}
