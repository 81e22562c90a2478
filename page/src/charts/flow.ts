// What flows: output against the target, takt by lane, work in process, what vehicles do.

import { VEHICLE } from "../theme";
import { measured, said } from "../words";
import { added, round, tooltipOf, type Board } from "./board";
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
  board.draw(plot, {
    tooltip: { ...tooltipOf(board.wishes.theme), valueFormatter: (value: number) => measured(value, 3, "s") },
    xAxis: { type: "category", data: names },
    yAxis: { type: "value", name: said("s_per_cell"), scale: false },
    series: [
      { type: "bar", name: said("lane_mean"), color: "#56b4e9", data: rows.map((row) => row[1]) },
      { type: "scatter", name: said("lane_best"), color: "#d55e00", symbol: "diamond", symbolSize: 11, data: rows.map((row) => row[2]) },
    ],
  });
}

export function fleet(board: Board, data: Charts): void {
  const order = ["to_target", "to_source", "taking", "placing", "none"];
  const series = Object.fromEntries(order.map((one) => [one, data.doing[one]]));
  board.lines("fleet", series, 1, said("vehicles_unit"), {
    stack: "all",
    name: (one: string) => said(`doing_${one}`),
    colour: (one: string) => (one === "placing" ? "#e0aac7" : VEHICLE[PARTS[one]]),
  }, 1);
}

export function wip(board: Board): void {
  const { figures } = board.wishes;
  board.lines("wip", { [said("wip")]: figures.wip }, 1, said("lots_unit"));
}
