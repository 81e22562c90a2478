// A page of charts: cards with a title, a plot and its data as CSV, all drawn with Apache ECharts.

import { BarChart, CustomChart, LineChart, ScatterChart } from "echarts/charts";
import { DataZoomComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

import { Calendar } from "../clock";
import { fill, h, icon } from "../dom";
import type { Figures, Floor } from "../protocol";
import { PALETTES, type Theme } from "../theme";
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
const LINES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8b7500", "#5d6675"];

export class Board {
  readonly calendar: Calendar;
  readonly cards = h("div", { class: "charts" });
  private readonly drawn: EChartsType[] = [];
  private readonly watcher = new ResizeObserver(() => this.drawn.forEach((chart) => chart.resize()));

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
        ...points.filter((point: any) => point.value[1] !== null).map((point: any) => `${point.seriesName}  ${number(point.value[1], digits)} ${unit}`),
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

  stamp(ms: number): string {
    return `${this.calendar.date(ms)} ${this.calendar.clock(ms)}`;
  }
}

export function tooltipOf(theme: Theme): any {
  const ink = PALETTES[theme];
  return { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: ink.ink, borderWidth: 0, textStyle: { color: ink.ground, fontSize: 12 } };
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
