// Machines: the bottleneck, OEE by step with its losses, a Pareto of stops, all states over time.

import { graphic } from "echarts/core";

import { h } from "../dom";
import { MACHINE, PALETTES } from "../theme";
import { number, reasonSaid, said } from "../words";
import { stateName } from "../world";
import { percent, round, type Board } from "./board";
import type { Charts } from "./data";

// Of the Pareto: what its axes take, each reason, and the letters of its name.
const ROOM_PX = 56;
const ROW_PX = 24;
const REASON_PX = 190;
const NAME_PX = 150; // of a machine, on the Gantt chart; the tip has it whole

export function worst(board: Board, data: Charts): void {
  const { bottleneck, steps, reason } = data;
  if (!bottleneck) return;
  const step = steps.find((one) => one.step === bottleneck);
  const names = board.wishes.floor.steps[bottleneck];
  const told =
    board.wishes.lang === "en" || !step
      ? reason
      : said("bottleneck_told", percent(step.occupied), percent(step.starved), percent(step.blocked));
  board.cards.append(
    h("section", { class: "card whole note" }, h("h2", {}, `${said("bottleneck")}: ${bottleneck}${names ? ` · ${names[board.wishes.lang === "zh" ? 1 : 0]}` : ""}`), h("p", {}, told)),
  );
}

export function oee(board: Board, data: Charts): void {
  const { steps } = data;
  const kinds: [keyof (typeof steps)[number], string][] = [
    ["availability", "#56b4e9"],
    ["effectiveness", "#0072b2"],
    ["quality", "#e69f00"],
    ["oee", "#009e73"],
  ];
  const plot = board.card(
    "oee",
    () => [["step", "availability", "effectiveness", "quality", "oee", "occupied", "starved", "blocked", "failures"], steps.map((one) => [one.step, ...(["availability", "effectiveness", "quality", "oee", "occupied", "starved", "blocked", "failures"] as const).map((kind) => one[kind] ?? "")])],
    "whole",
  );
  board.draw(plot, {
    tooltip: { valueFormatter: (value: number | null) => (value === null ? "–" : `${number(value, 1)} %`) },
    xAxis: { type: "category", data: steps.map((one) => one.step) },
    yAxis: { type: "value", name: "%", min: 0 },
    series: kinds.map(([kind, color]) => ({ type: "bar", name: said(kind), color, barGap: "5%", data: steps.map((one) => (one[kind] === null ? null : 100 * Number(one[kind]))) })),
  });
}

export function stops(board: Board, data: Charts): void {
  const sums = new Map<string, { hours: number; count: number; state: string; reason: string }>();
  for (const stays of Object.values(data.stays)) {
    for (const { state, reason, start_ms, end_ms } of stays) {
      if (state === "productive" || state === "standby") continue;
      const one = sums.get(`${state}:${reason}`) ?? { hours: 0, count: 0, state, reason };
      one.hours += (end_ms - start_ms) / 3_600_000;
      one.count++;
      sums.set(`${state}:${reason}`, one);
    }
  }
  const rows = [...sums.values()].sort((a, b) => b.hours - a.hours);
  const whole = rows.reduce((sum, row) => sum + row.hours, 0) || 1;
  let so_far = 0;
  const shares = rows.map((row) => (100 * (so_far += row.hours)) / whole);
  const plot = board.card("stops", () => [["state", "reason", "hours", "count"], rows.map((row) => [row.state, row.reason, round(row.hours), row.count])], "half");
  if (!rows.length) return board.nothing(plot);
  board.states(plot, Object.keys(MACHINE).filter((state) => rows.some((row) => row.state === state)));
  plot.style.height = `${board.px(ROOM_PX + ROW_PX * rows.length)}px`;
  board.draw(plot, {
    grid: { top: board.px(4) },
    tooltip: {
      formatter: (all: any) => {
        const { state, reason, hours, count } = rows[all[0].dataIndex];
        return [`${said(state)}: ${reasonSaid(reason)}`, `${number(hours, 1)} h, ${number(count)} ×`, `${number(shares[all[0].dataIndex], 1)} %`].join("\n");
      },
    },
    legend: { show: false },
    xAxis: [
      { type: "value", name: "h", nameLocation: "end", nameTextStyle: { align: "center" } },
      { type: "value", name: "%", position: "top", min: 0, max: 100, splitLine: { show: false }, nameTextStyle: { align: "center" } },
    ],
    yAxis: { type: "category", inverse: true, data: rows.map((row) => reasonSaid(row.reason)), axisLabel: { interval: 0, width: board.px(REASON_PX), overflow: "break", hideOverlap: false } },
    series: [
      { type: "bar", barMaxWidth: board.px(18), data: rows.map((row) => ({ value: row.hours, itemStyle: { color: MACHINE[row.state] } })) },
      { type: "line", xAxisIndex: 1, color: PALETTES[board.wishes.theme].ink, symbolSize: 5, data: shares },
    ],
  });
}

export function gantt(board: Board, data: Charts): void {
  const names = Object.keys(data.stays);
  const rows: [number, number, number, string, string][] = [];
  names.forEach((name, i) => {
    for (const { state, reason, start_ms, end_ms } of data.stays[name]) rows.push([i, Math.max(start_ms, 0), end_ms, stateName(state, reason), reason]);
  });
  const plot = board.card("gantt", () => [["machine", "state", "reason", "from", "to"], rows.map(([i, from, to, state, reason]) => [names[i], state, reason, board.stamp(from), board.stamp(to)])], "whole tall");
  board.states(plot, Object.keys(MACHINE));
  board.draw(
    plot,
    {
      legend: { show: false },
      grid: { right: board.px(38), top: board.px(8) },
      tooltip: { trigger: "item", formatter: ({ dataIndex }: any) => `${names[rows[dataIndex][0]]}\n${said(rows[dataIndex][3])}: ${reasonSaid(rows[dataIndex][4])}\n${board.calendar.clock(rows[dataIndex][1])}–${board.calendar.clock(rows[dataIndex][2])}` },
      xAxis: board.times(),
      yAxis: { type: "category", data: names, inverse: true, splitLine: { show: false }, axisLabel: { width: board.px(NAME_PX), overflow: "truncate" } },
      dataZoom: [{ type: "slider", yAxisIndex: 0, width: 14, right: 4, startValue: 0, endValue: Math.min(names.length - 1, 29), showDetail: false, brushSelect: false }],
      series: [
        {
          type: "custom",
          encode: { x: [1, 2], y: 0 },
          data: rows.map(([i, from, to]) => [i, from, to]),
          renderItem: (bounds: any, api: any) => {
            const [x0, y] = api.coord([api.value(1), api.value(0)]);
            const [x1] = api.coord([api.value(2), api.value(0)]);
            const high = api.size([0, 1])[1] * 0.72;
            const shape = graphic.clipRectByRect({ x: x0, y: y - high / 2, width: Math.max(x1 - x0, 0.6), height: high }, bounds.coordSys);
            return shape && { type: "rect", shape, style: { fill: MACHINE[rows[bounds.dataIndex][3]] ?? "#8b95a1" } };
          },
          markLine: board.now(),
        },
      ],
    },
    ({ dataIndex }) => {
      if (dataIndex === undefined || !rows[dataIndex]) return;
      board.wishes.seek(rows[dataIndex][1]);
      board.wishes.select("machine", names[rows[dataIndex][0]]);
    },
  );
}
