// What flows: output against the target, takt by lane, work in process, what vehicles do.

import { h } from "../dom";
import { PALETTES, VEHICLE } from "../theme";
import { measured, number, said } from "../words";
import { added, round, type Board } from "./board";
import type { Charts } from "./data";

const PARTS: Record<string, string> = { to_source: "driving_empty", taking: "hand_off", to_target: "driving_loaded", placing: "hand_off", none: "idle" };

export function output(board: Board): void {
  const { figures } = board.wishes;
  const [from, to] = board.wishes.floor.span;
  const several = Math.max(Math.round((to - from) / 24 / figures.step_ms), 1);
  const step_ms = several * figures.step_ms;
  const lines = Object.fromEntries(figures.cells.map((cells, i) => [`L${i + 1}`, added(cells, several)]));
  board.lines("output", lines, 3_600_000 / step_ms, said("cells_per_h"), { step_ms, target: figures.target_per_h / Math.max(figures.cells.length, 1) });
}

export function lanes(board: Board, data: Charts): void {
  const pace: Record<string, number[]> = {};
  const names = Object.keys(data.lanes);
  for (const one of names) pace[one] = data.lanes[one];
  const [, to] = board.wishes.floor.span;
  const rows = names.map((one): [string, number, number] => {
    const made = pace[one].reduce((sum, cells) => sum + cells, 0);
    const best = Math.max(...pace[one]);
    return [one, made ? to / 1000 / made : NaN, best ? data.step_ms / 1000 / best : NaN];
  });
  const plot = board.card("lanes", () => [["lane", "s_per_cell", "s_per_cell_best"], rows.map(([one, mean, best]) => [one, round(mean), round(best)])], "half");
  if (rows.every(([, mean]) => Number.isNaN(mean))) return board.nothing(plot);
  const level = (name: string, y: number, type: string): any => {
    const lineStyle = { color: PALETTES[board.wishes.theme].ink, type, width: 1.5 };
    return { type: "line", name, color: lineStyle.color, lineStyle, data: [], markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle, data: [{ yAxis: y }] } };
  };
  board.draw(plot, {
    tooltip: { valueFormatter: (value: number) => measured(value, 3, "s") },
    xAxis: { type: "category", data: names },
    yAxis: { type: "value", name: said("s_per_cell"), max: ({ max }: { max: number }) => Number((1.08 * Math.max(max, data.target_s)).toPrecision(2)) },
    series: [
      { type: "bar", name: said("lane_mean"), color: "#56b4e9", data: rows.map((row) => row[1]) },
      { type: "scatter", name: said("lane_best"), color: "#d55e00", symbol: "diamond", symbolSize: board.px(11), data: rows.map((row) => row[2]) },
      level(said("target_needed", number(data.target_s, 2)), data.target_s, "dashed"),
      level(said("takt_stated", number(data.takt_s, 2)), data.takt_s, "dotted"),
    ],
  });
}

export function fleet(board: Board, data: Charts): void {
  const order = ["to_target", "to_source", "taking", "placing", "none"];
  const series = Object.fromEntries(order.map((one) => [one, data.doing[one]]));
  board.lines("fleet", series, 1, said("vehicles_unit"), {
    heaped: true,
    name: (one: string) => said(`doing_${one}`),
    colour: (one: string) => (one === "placing" ? "#e0aac7" : VEHICLE[PARTS[one]]),
  }, 1);
}

/** The stated takt, read as of the workshop, of a line, of a lane: which of the three comes near to it. */
export function takt(board: Board, data: Charts): void {
  const { readings, step_ms, takt_s } = data;
  const [from, to] = board.wishes.floor.span;
  const rows = readings[0]?.s_per_cell ?? [];
  const plot = board.card("takt", () => [["time", ...readings.map((one) => `${one.of}_s`), "stated_s"], rows.map((_, i) => [board.stamp(i * step_ms), ...readings.map((one) => one.s_per_cell[i] ?? ""), takt_s])], "half");
  const colours = ["#8b95a1", "#e69f00", "#0072b2"];
  board.draw(plot, {
    tooltip: { valueFormatter: (value: number | null) => (value === null ? "–" : measured(value, 3, "s")), formatter: board.tip("s", 3) },
    yAxis: { type: "log", name: said("s_per_cell") },
    xAxis: { ...board.times(), min: from, max: to },
    series: readings.map((one, i) => ({
      type: "line",
      name: `${one.letter} ${said(`reading_${one.of}`)}`,
      step: "end",
      symbol: "none",
      color: colours[i],
      lineStyle: { width: one.of === "line" ? 3.5 : 1.5 }, // seen below that of a lane, which is the same where a line has one
      data: one.s_per_cell.map((value, at) => [at * step_ms, value]),
      markLine: i === 0 ? { ...board.now(), data: [...board.now().data, { yAxis: takt_s, lineStyle: { type: "dashed" } }] } : undefined,
    })),
  });
  plot.after(
    h(
      "ul",
      { class: "readings" },
      ...readings.map((one) => h("li", {}, h("b", {}, `${one.letter} `), said("reading_told", said(`reading_${one.of}`), number(one.gw_per_year, 2), number(100 * one.uptime_needed), number(100 * one.uptime_here)))),
    ),
  );
}

/** From the wafer store to the cell store. */
export function cycle(board: Board, data: Charts): void {
  const { step_ms, lots, median_h, low_h, high_h } = data.cycle;
  const cell = (value: number | null): number | string => value ?? "";
  const plot = board.card("cycle", () => [["time", "lots", "median_h", "tenth_below_h", "tenth_above_h"], lots.map((count, i) => [board.stamp(i * step_ms), count, cell(median_h[i]), cell(low_h[i]), cell(high_h[i])])], "half");
  if (!lots.some(Boolean)) return board.nothing(plot);
  const series: [string, (number | null)[], string][] = [
    ["cycle_high", high_h, "#e69f00"],
    ["cycle_median", median_h, "#0072b2"],
    ["cycle_low", low_h, "#56b4e9"],
  ];
  board.draw(plot, {
    tooltip: { formatter: board.tip("h", 2) },
    yAxis: { type: "value", name: "h", scale: true },
    series: series.map(([name, values, color], i) => ({
      type: "line",
      name: said(name),
      color,
      symbolSize: 5,
      data: values.map((value, at) => [(at + 0.5) * step_ms, value]),
      markLine: i === 0 ? board.now() : undefined,
    })),
  });
}

/** How full batteries are: of half of the fleet less than the median. A record without them has no such chart. */
export function batteries(board: Board, data: Charts): void {
  const { at_ms, median_pct, lowest_pct } = data.batteries;
  if (!at_ms.length) return;
  const plot = board.card("batteries", () => [["time", "median_pct", "lowest_pct"], at_ms.map((at, i) => [board.stamp(at), median_pct[i] ?? "", lowest_pct[i] ?? ""])], "half");
  const series: [string, (number | null)[], string][] = [
    ["battery_median", median_pct, "#0072b2"],
    ["battery_lowest", lowest_pct, "#d55e00"],
  ];
  board.draw(plot, {
    tooltip: { formatter: board.tip("%", 1) },
    yAxis: { type: "value", name: "%", min: 0, max: 100 },
    series: series.map(([name, values, color], i) => ({
      type: "line",
      name: said(name),
      color,
      symbol: "none",
      data: values.map((value, at) => [at_ms[at], value]),
      markLine: i === 0 ? board.now() : undefined,
    })),
  });
}

export function wip(board: Board): void {
  const { figures } = board.wishes;
  board.lines("wip", { [said("wip")]: figures.wip }, 1, said("lots_unit"));
}
