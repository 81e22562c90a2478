// The figures' page: drawn with Apache ECharts, loaded when it is asked for. Every chart's data can be had as CSV.

import { BarChart, CustomChart, LineChart, ScatterChart } from "echarts/charts";
import { DataZoomComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { graphic, init, use, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

import { Calendar } from "./clock";
import { fill, h, icon } from "./dom";
import type { Figures, Floor } from "./protocol";
import { MACHINE, PALETTES, VEHICLE, type Theme } from "./theme";
import { measured, number, reasonSaid, said, speak, type Lang } from "./words";
import { stateName } from "./world";

use([BarChart, CustomChart, LineChart, ScatterChart, DataZoomComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, CanvasRenderer]);

interface Stay {
  state: string;
  reason: string;
  start_ms: number;
  end_ms: number;
}

export interface Charts {
  step_ms: number;
  lanes: Record<string, number[]>;
  doing: Record<string, number[]>;
  stays: Record<string, Stay[]>;
  energy: { at_ms: number[]; kwh: Record<string, number[]>; kgco2: number[]; cells: number[] };
  steps: { step: string; availability: number | null; effectiveness: number | null; quality: number | null; oee: number | null; occupied: number; starved: number; blocked: number; failures: number }[];
  bottleneck: string;
  reason: string;
}

interface Unit {
  machine: string;
  unit: number;
  cells: number;
  mean_pct: number;
  sd_pct: number;
  flawed: number;
}

export interface Wishes {
  floor: Floor;
  figures: Figures;
  lang: Lang;
  theme: Theme;
  time: number;
  seek(time: number): void;
  select(kind: "machine", id: string): void;
  ask(path: string): Promise<any>;
}

type Csv = [string[], (string | number)[][]];

// Okabe & Ito's colours and lighter ones of them; lines beyond eight repeat with a dash.
const LINES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8b7500", "#5d6675"];
const PARTS: Record<string, string> = { to_source: "driving_empty", taking: "hand_off", to_target: "driving_loaded", placing: "hand_off", none: "idle" };

/** Show the page in a holder; gives what takes it away again. */
export async function show(holder: HTMLElement, wishes: Wishes): Promise<() => void> {
  speak(wishes.lang);
  const data: Charts = await wishes.ask("charts");
  const page = new Page(holder, wishes, data);
  page.start();
  return () => page.end();
}

class Page {
  private readonly calendar: Calendar;
  private readonly drawn: EChartsType[] = [];
  private readonly watcher = new ResizeObserver(() => this.drawn.forEach((chart) => chart.resize()));

  constructor(
    private readonly holder: HTMLElement,
    private readonly wishes: Wishes,
    private readonly data: Charts,
  ) {
    this.calendar = new Calendar(wishes.floor.start);
  }

  start(): void {
    fill(this.holder, h("div", { class: "charts" }));
    this.worst();
    this.output();
    this.lanes();
    this.fleet();
    this.wip();
    this.oee();
    this.energy();
    this.stops();
    void this.units();
    this.gantt();
  }

  end(): void {
    this.watcher.disconnect();
    this.drawn.forEach((chart) => chart.dispose());
    this.holder.replaceChildren();
  }

  // ---- frames of the charts

  private card(name: string, csv: () => Csv, size: string, ...more: Node[]): HTMLElement {
    const plot = h("div", { class: `plot ${size}` });
    const save = h(
      "button",
      { type: "button", class: "word", title: said("csv_hint"), click: () => download(name, csv()) },
      icon("save"),
      "CSV",
    );
    this.holder.firstElementChild!.append(
      h("section", { class: `card ${size}` }, h("div", { class: "head" }, h("h2", {}, said(`chart_${name}`)), ...more, save), h("p", { class: "soft" }, said(`chart_${name}_text`)), plot),
    );
    return plot;
  }

  private draw(plot: HTMLElement, option: any, act?: (event: any) => void): EChartsType {
    const ink = PALETTES[this.wishes.theme];
    const chart = init(plot, undefined, { renderer: "canvas" });
    const axis = { axisLine: { lineStyle: { color: ink.edge } }, axisLabel: { color: ink.soft, hideOverlap: true }, splitLine: { lineStyle: { color: ink.way } }, nameTextStyle: { color: ink.soft, align: "left" } };
    const dressed = (one: any): any => ({ ...axis, ...one, axisLabel: { ...axis.axisLabel, ...one.axisLabel }, splitLine: { ...axis.splitLine, ...one.splitLine } });
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 8, right: 18, top: 46, bottom: 8, containLabel: true },
      legend: { type: "plain", top: 0, left: 0, itemWidth: 14, itemHeight: 9, itemGap: 12, textStyle: { color: ink.soft } },
      tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: ink.ink, textStyle: { color: ink.ground, fontSize: 12 }, borderWidth: 0 },
      ...option,
      xAxis: dressed(option.xAxis ?? this.times()),
      yAxis: Array.isArray(option.yAxis) ? option.yAxis.map(dressed) : dressed(option.yAxis ?? {}),
    });
    if (act) chart.on("click", act);
    this.drawn.push(chart);
    this.watcher.observe(plot);
    return chart;
  }

  private times(): any {
    const [from, to] = this.wishes.floor.span;
    return {
      type: "value",
      min: from,
      max: to,
      interval: niceHours(to - from),
      splitLine: { show: false },
      axisLabel: { formatter: (value: number) => this.calendar.minutes(value) },
      axisPointer: { label: { formatter: ({ value }: { value: number }) => this.calendar.minutes(value) } },
    };
  }

  private now(): any {
    return { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: PALETTES[this.wishes.theme].ink, type: "solid", width: 1 }, data: [{ xAxis: this.wishes.time }] };
  }

  private tip(unit: string, digits = 0): (points: any) => string {
    return (points) =>
      [
        this.calendar.minutes(points[0].value[0]),
        ...points.filter((point: any) => point.value[1] !== null).map((point: any) => `${point.seriesName}  ${number(point.value[1], digits)} ${unit}`),
      ].join("\n");
  }

  private lines(name: string, series: Record<string, number[]>, scale: number, unit: string, more: any = {}, digits = 0): void {
    const step_ms: number = more.step_ms ?? this.data.step_ms;
    const names = Object.keys(series);
    const rows = (): Csv => [
      ["time", ...names],
      (series[names[0]] ?? []).map((_, i) => [this.stamp(i * step_ms), ...names.map((one) => round(series[one][i] * scale))]),
    ];
    const plot = this.card(name, rows, more.size ?? "half");
    this.draw(plot, {
      tooltip: { ...tooltipOf(this.wishes.theme), formatter: this.tip(unit, digits) },
      yAxis: { type: "value", name: unit },
      series: names.map((one, i) => ({
        type: "line",
        name: more.name ? more.name(one) : one,
        step: more.stack ? undefined : "end",
        symbol: "none",
        stack: more.stack,
        areaStyle: more.stack ? { opacity: 0.75 } : undefined,
        lineStyle: { width: more.stack ? 0 : 1.5, type: i >= LINES.length ? "dashed" : "solid" },
        color: more.colour?.(one) ?? LINES[i % LINES.length],
        data: points(series[one], step_ms, scale, this.wishes.floor.span[1]),
        markLine: i === 0 ? { ...this.now(), data: [...this.now().data, ...(more.target ? [{ yAxis: more.target, lineStyle: { type: "dashed" } }] : [])] } : undefined,
      })),
    });
  }

  private stamp(ms: number): string {
    return `${this.calendar.date(ms)} ${this.calendar.clock(ms)}`;
  }

  // ---- the charts

  private worst(): void {
    const { bottleneck, steps, reason } = this.data;
    if (!bottleneck) return;
    const step = steps.find((one) => one.step === bottleneck);
    const names = this.wishes.floor.steps[bottleneck];
    const told =
      this.wishes.lang === "en" || !step
        ? reason
        : said("bottleneck_told", percent(step.occupied), percent(step.starved), percent(step.blocked));
    this.holder.firstElementChild!.append(
      h("section", { class: "card whole note" }, h("h2", {}, `${said("bottleneck")}: ${bottleneck}${names ? ` · ${names[this.wishes.lang === "zh" ? 1 : 0]}` : ""}`), h("p", {}, told)),
    );
  }

  private output(): void {
    const { figures } = this.wishes;
    const [from, to] = this.wishes.floor.span;
    const several = Math.max(Math.round((to - from) / 24 / figures.step_ms), 1);
    const step_ms = several * figures.step_ms;
    const lines = Object.fromEntries(figures.cells.map((cells, i) => [`L${i + 1}`, added(cells, several)]));
    this.lines("output", lines, 3_600_000 / step_ms, said("cells_per_h"), { step_ms, target: figures.target_per_h / Math.max(figures.cells.length, 1) });
  }

  private lanes(): void {
    const pace: Record<string, number[]> = {};
    const names = Object.keys(this.data.lanes);
    for (const one of names) pace[one] = this.data.lanes[one];
    const [, to] = this.wishes.floor.span;
    const rows = names.map((one): [string, number, number] => {
      const made = pace[one].reduce((sum, cells) => sum + cells, 0);
      const best = Math.max(...pace[one]);
      return [one, made ? to / 1000 / made : NaN, best ? this.data.step_ms / 1000 / best : NaN];
    });
    const plot = this.card("lanes", () => [["lane", "s_per_cell", "s_per_cell_best"], rows.map(([one, mean, best]) => [one, round(mean), round(best)])], "half");
    this.draw(plot, {
      tooltip: { ...tooltipOf(this.wishes.theme), valueFormatter: (value: number) => measured(value, 3, "s") },
      xAxis: { type: "category", data: names },
      yAxis: { type: "value", name: said("s_per_cell"), scale: false },
      series: [
        { type: "bar", name: said("lane_mean"), color: "#56b4e9", data: rows.map((row) => row[1]) },
        { type: "scatter", name: said("lane_best"), color: "#d55e00", symbol: "diamond", symbolSize: 11, data: rows.map((row) => row[2]) },
      ],
    });
  }

  private fleet(): void {
    const order = ["to_target", "to_source", "taking", "placing", "none"];
    const series = Object.fromEntries(order.map((one) => [one, this.data.doing[one]]));
    this.lines("fleet", series, 1, said("vehicles_unit"), {
      stack: "all",
      name: (one: string) => said(`doing_${one}`),
      colour: (one: string) => (one === "placing" ? "#e0aac7" : VEHICLE[PARTS[one]]),
    }, 1);
  }

  private wip(): void {
    const { figures } = this.wishes;
    this.lines("wip", { [said("wip")]: figures.wip }, 1, said("lots_unit"));
  }

  private oee(): void {
    const { steps } = this.data;
    const kinds: [keyof (typeof steps)[number], string][] = [
      ["availability", "#56b4e9"],
      ["effectiveness", "#0072b2"],
      ["quality", "#e69f00"],
      ["oee", "#009e73"],
    ];
    const plot = this.card(
      "oee",
      () => [["step", "availability", "effectiveness", "quality", "oee", "occupied", "starved", "blocked", "failures"], steps.map((one) => [one.step, ...(["availability", "effectiveness", "quality", "oee", "occupied", "starved", "blocked", "failures"] as const).map((kind) => one[kind] ?? "")])],
      "whole",
    );
    this.draw(plot, {
      tooltip: { ...tooltipOf(this.wishes.theme), valueFormatter: (value: number | null) => (value === null ? "–" : `${number(value, 1)} %`) },
      xAxis: { type: "category", data: steps.map((one) => one.step) },
      yAxis: { type: "value", name: "%", min: 0 },
      series: kinds.map(([kind, color]) => ({ type: "bar", name: said(kind), color, barGap: "5%", data: steps.map((one) => (one[kind] === null ? null : 100 * Number(one[kind]))) })),
    });
  }

  private energy(): void {
    const { at_ms, kwh, kgco2, cells } = this.data.energy;
    const parts = Object.keys(kwh);
    const colours: Record<string, string> = { machine: "#0072b2", facility: "#56b4e9", vehicles: "#e69f00" };
    const each = at_ms.map((_, i) => (cells[i] ? parts.reduce((sum, part) => sum + kwh[part][i], 0) / cells[i] : null));
    const plot = this.card("energy", () => [["hour", ...parts.map((part) => `${part}_kwh`), "kgco2", "cells", "kwh_per_cell"], at_ms.map((at, i) => [this.stamp(at), ...parts.map((part) => kwh[part][i]), kgco2[i], cells[i], each[i] === null ? "" : round(each[i] as number)])], "half");
    this.draw(plot, {
      tooltip: { ...tooltipOf(this.wishes.theme), formatter: (all: any) => [all[0].axisValue, ...all.map((one: any) => `${one.seriesName}  ${one.value === null ? "–" : number(one.value, one.seriesIndex < parts.length ? 0 : 3)} ${one.seriesIndex < parts.length ? "kWh" : ""}`), `${number(kgco2[all[0].dataIndex])} kgCO₂`].join("\n") },
      xAxis: { type: "category", data: at_ms.map((at) => this.calendar.minutes(at)) },
      yAxis: [
        { type: "value", name: "kWh" },
        { type: "value", name: said("kwh_per_cell"), splitLine: { show: false }, nameTextStyle: { align: "right", color: PALETTES[this.wishes.theme].soft } },
      ],
      series: [
        ...parts.map((part) => ({ type: "bar", stack: "all", name: said(`part_${part}`), color: colours[part] ?? "#8b95a1", data: kwh[part] })),
        { type: "line", yAxisIndex: 1, name: said("kwh_per_cell"), color: "#d55e00", symbolSize: 5, data: each },
      ],
    });
  }

  private stops(): void {
    const sums = new Map<string, { hours: number; count: number; state: string; reason: string }>();
    for (const stays of Object.values(this.data.stays)) {
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
    const plot = this.card("stops", () => [["state", "reason", "hours", "count"], rows.map((row) => [row.state, row.reason, round(row.hours), row.count])], "half");
    this.draw(plot, {
      grid: { left: 8, right: 18, top: 26, bottom: 8, containLabel: true },
      tooltip: { ...tooltipOf(this.wishes.theme), formatter: (all: any) => [`${said(rows[all[0].dataIndex].state)}: ${reasonSaid(rows[all[0].dataIndex].reason)}`, `${number(rows[all[0].dataIndex].hours, 1)} h, ${number(rows[all[0].dataIndex].count)} ×`, `${number(shares[all[0].dataIndex], 1)} %`].join("\n") },
      legend: { show: false },
      xAxis: { type: "category", data: rows.map((row) => reasonSaid(row.reason)), axisLabel: { interval: 0, rotate: 24, width: 120, overflow: "truncate", hideOverlap: false } },
      yAxis: [
        { type: "value", name: "h" },
        { type: "value", name: "%", min: 0, max: 100, splitLine: { show: false }, nameTextStyle: { align: "right", color: PALETTES[this.wishes.theme].soft } },
      ],
      series: [
        { type: "bar", data: rows.map((row) => ({ value: row.hours, itemStyle: { color: MACHINE[row.state] } })) },
        { type: "line", yAxisIndex: 1, color: PALETTES[this.wishes.theme].ink, symbolSize: 5, data: shares },
      ],
    });
  }

  private async units(): Promise<void> {
    const { floor } = this.wishes;
    let rows: Unit[] = [];
    const pick = h("select", { "aria-label": said("step"), change: () => void load() });
    for (const code of floor.route) pick.append(h("option", { value: code }, `${code} · ${floor.steps[code]?.[this.wishes.lang === "zh" ? 1 : 0] ?? ""}`));
    const first = floor.route.find((code) => code.startsWith("BDF")) ?? floor.route[0];
    pick.value = first;
    const plot = this.card("units", () => [["machine", "unit", "cells", "mean_pct", "sd_pct", "flawed_share"], rows.map((row) => [row.machine, row.unit, row.cells, row.mean_pct, row.sd_pct, row.flawed])], "whole", pick);
    let chart: EChartsType | null = null;
    const load = async (): Promise<void> => {
      rows = await this.wishes.ask(`units?${new URLSearchParams({ step: pick.value })}`);
      const names = [...new Set(rows.map((row) => row.machine))];
      if (chart) {
        chart.dispose();
        this.drawn.splice(this.drawn.indexOf(chart), 1);
      }
      const all = rows.reduce((sum, row) => sum + row.cells, 0) || 1;
      const mean = rows.reduce((sum, row) => sum + row.cells * row.mean_pct, 0) / all;
      chart = this.draw(
        plot,
        {
          legend: { show: false },
          grid: { left: 8, right: 18, top: 26, bottom: 8, containLabel: true },
          tooltip: { ...tooltipOf(this.wishes.theme), trigger: "item", formatter: ({ dataIndex }: any) => [`${rows[dataIndex].machine} ${said("unit", rows[dataIndex].unit)}`, `${number(rows[dataIndex].mean_pct, 3)} % ± ${number(rows[dataIndex].sd_pct, 3)}`, `${number(rows[dataIndex].cells)} ${said("cells_unit")}`].join("\n") },
          xAxis: { type: "category", data: names, axisLabel: { rotate: names.length > 8 ? 40 : 0 } },
          yAxis: { type: "value", name: "%", scale: true },
          series: [
            {
              type: "scatter",
              symbolSize: 8,
              data: rows.map((row) => ({ value: [row.machine, row.mean_pct], itemStyle: { color: row.mean_pct < mean - 0.08 ? "#d55e00" : "#0072b2" } })),
              markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: PALETTES[this.wishes.theme].soft, type: "dashed" }, data: rows.length ? [{ yAxis: mean }] : [] },
            },
          ],
        },
        ({ dataIndex }) => this.wishes.select("machine", rows[dataIndex].machine),
      );
    };
    await load();
  }

  private gantt(): void {
    const names = Object.keys(this.data.stays);
    const rows: [number, number, number, string, string][] = [];
    names.forEach((name, i) => {
      for (const { state, reason, start_ms, end_ms } of this.data.stays[name]) rows.push([i, Math.max(start_ms, 0), end_ms, stateName(state, reason), reason]);
    });
    const plot = this.card("gantt", () => [["machine", "state", "reason", "from", "to"], rows.map(([i, from, to, state, reason]) => [names[i], state, reason, this.stamp(from), this.stamp(to)])], "whole tall");
    plot.before(h("ul", { class: "legend wide" }, ...Object.entries(MACHINE).map(([state, colour]) => h("li", {}, h("i", { class: "chip box", colour }), h("span", {}, said(state))))));
    this.draw(
      plot,
      {
        legend: { show: false },
        grid: { left: 8, right: 34, top: 8, bottom: 8, containLabel: true },
        tooltip: { ...tooltipOf(this.wishes.theme), trigger: "item", formatter: ({ dataIndex }: any) => `${names[rows[dataIndex][0]]}\n${said(rows[dataIndex][3])}: ${reasonSaid(rows[dataIndex][4])}\n${this.calendar.clock(rows[dataIndex][1])}–${this.calendar.clock(rows[dataIndex][2])}` },
        xAxis: this.times(),
        yAxis: { type: "category", data: names, inverse: true, splitLine: { show: false } },
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
            markLine: this.now(),
          },
        ],
      },
      ({ dataIndex }) => {
        if (dataIndex === undefined || !rows[dataIndex]) return;
        this.wishes.seek(rows[dataIndex][1]);
        this.wishes.select("machine", names[rows[dataIndex][0]]);
      },
    );
  }
}

function tooltipOf(theme: Theme): any {
  const ink = PALETTES[theme];
  return { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: ink.ink, borderWidth: 0, textStyle: { color: ink.ground, fontSize: 12 } };
}

/** Values that hold from the begin of each step of time, the last one up to the end. */
function points(values: number[], step_ms: number, scale: number, end: number): [number, number | null][] {
  const found = values.map((value, i): [number, number | null] => [i * step_ms, value * scale]);
  if (values.length) found.push([end, values[values.length - 1] * scale]);
  return found;
}

/** Steps of time, several taken together. */
function added(values: number[], several: number): number[] {
  const sums = new Array<number>(Math.ceil(values.length / several)).fill(0);
  values.forEach((value, i) => (sums[Math.floor(i / several)] += value));
  return sums;
}

function niceHours(span: number): number {
  const hours = span / 3_600_000;
  const step = [1 / 12, 1 / 6, 0.25, 0.5, 1, 2, 3, 4, 6, 12, 24].find((each) => hours / each <= 8) ?? 48;
  return step * 3_600_000;
}

function percent(share: number): string {
  return number(100 * share, 0);
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}

/** Save rows as RFC 4180 text. A cell that a spreadsheet would run as a formula is quoted with an apostrophe. */
function download(name: string, [head, rows]: Csv): void {
  const cell = (value: string | number): string => {
    const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const text = [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: `heliograph-${name}.csv` });
  link.click();
  URL.revokeObjectURL(link.href);
}
