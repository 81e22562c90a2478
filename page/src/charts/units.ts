// Efficiency by tube, bath and lane: a bad one stands out.

import type { EChartsType } from "echarts/core";

import { h } from "../dom";
import { PALETTES } from "../theme";
import { number, said } from "../words";
import { type Board } from "./board";
import type { Unit } from "./data";

/** Of the step named, or that the reader chooses; one unit may be marked. */
export async function units(board: Board, step = "", mark: { machine: string; unit: number } | null = null): Promise<void> {
  const { floor } = board.wishes;
  let rows: Unit[] = [];
  const pick = h("select", { "aria-label": said("step"), change: () => void load() });
  for (const code of floor.route) pick.append(h("option", { value: code }, `${code} · ${floor.steps[code]?.[board.wishes.lang === "zh" ? 1 : 0] ?? ""}`));
  pick.value = step || (floor.route.find((code) => code.startsWith("BDF")) ?? floor.route[0]);
  const plot = board.card("units", () => [["machine", "unit", "cells", "mean_pct", "sd_pct", "flawed_share"], rows.map((row) => [row.machine, row.unit, row.cells, row.mean_pct, row.sd_pct, row.flawed])], "whole", pick);
  let chart: EChartsType | null = null;
  const load = async (): Promise<void> => {
    rows = await board.wishes.ask(`units?${new URLSearchParams({ step: pick.value })}`);
    const names = [...new Set(rows.map((row) => row.machine))];
    if (chart) board.drop(chart);
    chart = null;
    plot.style.height = "";
    if (!rows.length) return board.nothing(plot);
    plot.replaceChildren();
    const all = rows.reduce((sum, row) => sum + row.cells, 0) || 1;
    const mean = rows.reduce((sum, row) => sum + row.cells * row.mean_pct, 0) / all;
    chart = board.draw(
      plot,
      {
        legend: { show: false },
        grid: { top: board.px(26) },
        tooltip: { trigger: "item", formatter: ({ dataIndex }: any) => [`${rows[dataIndex].machine} ${said("unit", rows[dataIndex].unit)}`, `${number(rows[dataIndex].mean_pct, 3)} % ± ${number(rows[dataIndex].sd_pct, 3)}`, `${number(rows[dataIndex].cells)} ${said("cells_unit")}`].join("\n") },
        xAxis: { type: "category", data: names, axisLabel: { rotate: names.length > 8 ? 40 : 0, width: board.px(names.length > 8 ? 110 : 90), overflow: "truncate" } },
        yAxis: { type: "value", name: "%", scale: true, axisLabel: { formatter: (value: number) => number(value, 2) } },
        series: [
          {
            type: "scatter",
            data: rows.map((row) => {
              const marked = row.machine === mark?.machine && row.unit === mark.unit;
              const color = row.mean_pct < mean - 0.08 ? "#d55e00" : "#0072b2";
              return { value: [row.machine, row.mean_pct], symbolSize: marked ? 16 : 8, itemStyle: { color, borderColor: PALETTES[board.wishes.theme].ink, borderWidth: marked ? 2 : 0 } };
            }),
            markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: PALETTES[board.wishes.theme].soft, type: "dashed" }, data: rows.length ? [{ yAxis: mean }] : [] },
          },
        ],
      },
      ({ dataIndex }) => board.wishes.trace(rows[dataIndex].machine, { unit: rows[dataIndex].unit }),
    );
  };
  await load();
}
