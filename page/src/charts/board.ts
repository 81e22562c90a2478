// A page of charts: cards with a title, a plot and its data as CSV, all drawn with Apache ECharts.

import { BarChart, CustomChart, LineChart, ScatterChart } from "echarts/charts";
import { DataZoomComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

import { Calendar } from "../clock";
import { fill, h, icon } from "../dom";
import type { Figures, Floor } from "../protocol";
import { MACHINE, PALETTES, type Theme } from "../theme";
import { number, said, type Lang } from "../words";

use([BarChart, CustomChart, LineChart, ScatterChart, DataZoomComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, CanvasRenderer]);

/** Of a machine: which unit of it, and between which times. */
export interface TraceOf {
  unit?: number;
  from?: number;
  to?: number;
}

export interface Wishes {
  floor: Floor;
  figures: Figures;
  lang: Lang;
  theme: Theme;
  time: number;
  seek(time: number): void;
  select(kind: "machine", id: string): void;
  /** Open the trace page of a cell, a lot or a machine. */
  trace(id: string, of?: TraceOf): void;
  ask(path: string): Promise<any>;
}

export type Csv = [string[], (string | number)[][]];

// Okabe & Ito's colours and lighter ones of them; lines beyond eight repeat with a dash.
const LINES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#a08a1a", "#7d8896"];
// Of an item of a legend: its mark, what is between that and its name, and between items.
const ITEM_PX = 16;
const BESIDE_PX = 5;
const GAP_PX = 12;
const LETTER = 12 / 14; // of the page's letters, which are larger on a wall screen

export class Board {
  readonly calendar: Calendar;
  readonly cards = h("div", { class: "charts" });
  /** Pixels of a length that is meant for letters of 14 pixels. */
  readonly px = (length: number): number => Math.round((length * parseFloat(getComputedStyle(document.documentElement).fontSize)) / 14);
  private readonly drawn: EChartsType[] = [];
  private readonly fits = new Map<EChartsType, () => void>();
  private readonly watcher = new ResizeObserver(() =>
    this.drawn.forEach((chart) => {
      chart.resize();
      this.fits.get(chart)?.();
    }),
  );

  constructor(
    private readonly holder: HTMLElement,
    readonly wishes: Wishes,
  ) {
    this.calendar = new Calendar(wishes.floor.start);
    fill(holder, this.cards);
  }

  end(): void {
    this.watcher.disconnect();
    this.drawn.forEach((chart) => chart.dispose());
    this.holder.replaceChildren();
  }

  /** Take one chart away. */
  drop(chart: EChartsType): void {
    chart.dispose();
    this.fits.delete(chart);
    this.drawn.splice(this.drawn.indexOf(chart), 1);
  }

  card(name: string, csv: () => Csv, size: string, ...more: Node[]): HTMLElement {
    const plot = h("div", { class: `plot ${size}` });
    const save = h(
      "button",
      { type: "button", class: "word", title: said("csv_hint"), click: () => download(name, csv()) },
      icon("save"),
      "CSV",
    );
    this.cards.append(
      h("section", { class: `card ${size}` }, h("div", { class: "head" }, h("h2", {}, said(`chart_${name}`)), ...more, save), h("p", { class: "soft" }, said(`chart_${name}_text`)), plot),
    );
    return plot;
  }

  draw(plot: HTMLElement, option: any, act?: (event: any) => void): EChartsType {
    const ink = PALETTES[this.wishes.theme];
    const chart = init(plot, undefined, { renderer: "canvas" });
    const { px } = this;
    const fontSize = px(14 * LETTER);
    const axis = { axisLine: { lineStyle: { color: ink.edge } }, axisLabel: { color: ink.soft, fontSize, hideOverlap: true }, splitLine: { lineStyle: { color: ink.way } }, nameTextStyle: { color: ink.soft, fontSize, align: "left" } };
    const dressed = (one: any): any => ({ ...axis, ...one, axisLabel: { ...axis.axisLabel, ...one.axisLabel }, splitLine: { ...axis.splitLine, ...one.splitLine }, nameTextStyle: { ...axis.nameTextStyle, ...one.nameTextStyle } });
    const { grid, legend, tooltip, ...rest } = option;
    const series: any[] = option.series;
    const named = legend?.show === false ? [] : series.filter((one) => one.name);
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: px(8), right: px(18), top: px(46), bottom: px(8), containLabel: true, ...grid },
      legend: {
        type: "plain",
        top: 0,
        left: 0,
        itemWidth: px(ITEM_PX),
        itemHeight: px(9),
        itemGap: px(GAP_PX),
        textStyle: { color: ink.soft, fontSize },
        // A line without points has none in the legend either.
        data: named.map(({ name, type, data }) => ({ name, ...(type === "line" && !data.length ? { itemStyle: { opacity: 0 } } : {}) })),
        ...legend,
      },
      tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: ink.ink, textStyle: { color: ink.ground, fontSize }, borderWidth: 0, ...tooltip },
      ...rest,
      xAxis: Array.isArray(option.xAxis) ? option.xAxis.map(dressed) : dressed(option.xAxis ?? this.times()),
      yAxis: Array.isArray(option.yAxis) ? option.yAxis.map(dressed) : dressed(option.yAxis ?? {}),
    });
    if (act) chart.on("click", act);
    const names = named.map((one) => one.name as string);
    if (names.length) this.fits.set(chart, () => chart.setOption({ grid: { top: px(26) + this.rows(names, plot.clientWidth) * px(20) } }));
    this.fits.get(chart)?.();
    Object.assign(plot, { chart }); // for tests that look for labels over each other
    this.drawn.push(chart);
    this.watcher.observe(plot);
    return chart;
  }

  /** Say that there is nothing to draw. */
  nothing(plot: HTMLElement): void {
    plot.style.height = "auto";
    fill(plot, h("p", { class: "soft" }, said("none_in_record")));
  }

  /** Rows that a legend takes in so many pixels. */
  private rows(names: string[], width: number): number {
    const { px } = this;
    const pen = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
    pen.font = `${px(14 * LETTER)}px ${getComputedStyle(document.body).fontFamily}`;
    let [rows, x] = [1, 0];
    for (const name of names) {
      const wide = px(ITEM_PX) + BESIDE_PX + pen.measureText(name).width;
      if (x && x + wide > width - 2 * BESIDE_PX) [rows, x] = [rows + 1, 0];
      x += wide + px(GAP_PX);
    }
    return rows;
  }

  /** What the colours of machine states mean, above a plot. */
  states(plot: HTMLElement, states: string[]): void {
    plot.before(h("ul", { class: "legend wide" }, ...states.map((state) => h("li", {}, h("i", { class: "chip box", colour: MACHINE[state] }), h("span", {}, said(state))))));
  }

  times(): any {
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

  now(): any {
    return { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: PALETTES[this.wishes.theme].ink, type: "solid", width: 1 }, data: [{ xAxis: this.wishes.time }] };
  }

  tip(unit: string, digits = 0): (points: any) => string {
    return (points) =>
      [
        this.calendar.minutes(points[0].value[0]),
        ...points.filter((point: any) => point.value[1] !== null).map((point: any) => `${point.seriesName}  ${number(point.value[2] ?? point.value[1], digits)} ${unit}`),
      ].join("\n");
  }

  lines(name: string, series: Record<string, number[]>, scale: number, unit: string, more: any = {}, digits = 0): void {
    const step_ms: number = more.step_ms ?? this.wishes.figures.step_ms;
    const names = Object.keys(series);
    const rows = (): Csv => [
      ["time", ...names],
      (series[names[0]] ?? []).map((_, i) => [this.stamp(i * step_ms), ...names.map((one) => round(series[one][i] * scale))]),
    ];
    const plot = this.card(name, rows, more.size ?? "half");
    // Heaped up: each drawn from the ground, the highest first. Areas that ECharts stacks part at steep edges.
    const below = (one: number, at: number): number => (more.heaped ? names.slice(0, one).reduce((sum, name) => sum + series[name][at], 0) : 0);
    this.draw(plot, {
      tooltip: { formatter: this.tip(unit, digits) },
      yAxis: { type: "value", name: unit },
      series: names.map((one, i) => ({
        type: "line",
        name: more.name ? more.name(one) : one,
        step: "end",
        symbol: "none",
        z: 2 + (names.length - i) / names.length,
        areaStyle: more.heaped ? { opacity: 1 } : undefined,
        lineStyle: { width: more.heaped ? 0 : 1.5, type: i >= LINES.length ? "dashed" : "solid" },
        color: more.colour?.(one) ?? LINES[i % LINES.length],
        data: points(series[one].map((value, at) => value + below(i, at)), step_ms, scale, this.wishes.floor.span[1]).map((point, at) => [...point, scale * (series[one][at] ?? series[one].at(-1) ?? 0)]),
        markLine: i === 0 ? { ...this.now(), data: [...this.now().data, ...(more.target ? [{ yAxis: more.target, lineStyle: { type: "dashed" } }] : [])] } : undefined,
      })),
    });
  }

  stamp(ms: number): string {
    return `${this.calendar.date(ms)} ${this.calendar.clock(ms)}`;
  }
}

/** Values that hold from the begin of each step of time, the last one up to the end. */
export function points(values: number[], step_ms: number, scale: number, end: number): [number, number | null][] {
  const found = values.map((value, i): [number, number | null] => [i * step_ms, value * scale]);
  if (values.length) found.push([end, values[values.length - 1] * scale]);
  return found;
}

/** Steps of time, several taken together. */
export function added(values: number[], several: number): number[] {
  const sums = new Array<number>(Math.ceil(values.length / several)).fill(0);
  values.forEach((value, i) => (sums[Math.floor(i / several)] += value));
  return sums;
}

export function niceHours(span: number): number {
  const hours = span / 3_600_000;
  const step = [1 / 12, 1 / 6, 0.25, 0.5, 1, 2, 3, 4, 6, 12, 24].find((each) => hours / each <= 8) ?? 48;
  return step * 3_600_000;
}

export function percent(share: number): string {
  return number(100 * share, 0);
}

export function round(value: number): number {
  return Number(value.toPrecision(6));
}

/** Save rows as RFC 4180 text. A cell that a spreadsheet would run as a formula is quoted with an apostrophe. */
export function download(name: string, [head, rows]: Csv): void {
  const cell = (value: string | number): string => {
    const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const text = [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: `heliograph-${name}.csv` });
  link.click();
  URL.revokeObjectURL(link.href);
}
