// The genealogy, drawn from the wafer store down to the cell: one line is the lot; where others shared a batch with it,
// their lines meet it there and part again. Beside each step: what carried the lot there, and how long all took.

import { h } from "../dom";
import { duration, measured, number, said } from "../words";
import type { Move, Step, Way } from "./data";
import type { Trace } from "./page";

const SVG = "http://www.w3.org/2000/svg";
const TRUNK = 14; // where the lot's own line runs, px
const LANE = 13; // between two lines
const MOST = 3; // so many other lots are drawn; the rest are named

/** What is drawn beside one row: the lot's line, and the lots that meet it there. */
function branch(end: "first" | "middle" | "last", others: number): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 58 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const line = (path: string, kind: string): void => {
    const drawn = document.createElementNS(SVG, "path");
    drawn.setAttribute("d", path);
    drawn.setAttribute("class", kind);
    svg.append(drawn);
  };
  for (let k = Math.min(others, MOST); k > 0; k--) {
    const x = TRUNK + LANE * k;
    line(`M${x} 0C${x} 35 ${TRUNK} 25 ${TRUNK} 50C${TRUNK} 75 ${x} 65 ${x} 100`, "other");
  }
  line(`M${TRUNK} ${end === "first" ? 50 : 0}V${end === "last" ? 50 : 100}`, "own");
  return svg;
}

function row(kind: string, end: "first" | "middle" | "last", others: number, ...body: (Node | string | null)[]): HTMLElement {
  return h("li", { class: `gene ${kind}` }, h("div", { class: "branch" }, branch(end, others), h("i", {})), h("div", { class: "what" }, ...body));
}

function carried(page: Trace, moves: Move[]): HTMLElement | null {
  if (!moves.length) return null;
  const each = moves.flatMap((move, i): (Node | string | null)[] => [
    i ? ", " : null,
    page.link("vehicle", move.vehicle) ?? said("no_vehicle"),
    " ",
    page.link("carrier", move.carrier),
    " ",
    page.time(move.placed_ms ?? move.taken_ms),
  ]);
  return h("div", { class: "soft" }, `${said("brought_by")} `, ...each);
}

function bar(way: Way, before: number, step: Step, end: number): HTMLElement {
  const whole = Math.max(end - way.released_ms, 1);
  const share = (ms: number): string => `${(100 * Math.max(ms, 0)) / whole}%`;
  const out = step.end_ms ?? step.start_ms;
  return h(
    "div",
    { class: "spent" },
    h("i", { class: "wait", left: share(before - way.released_ms), width: share(step.start_ms - before) }),
    h("i", { class: step.late ? "work late" : "work", left: share(step.start_ms - way.released_ms), width: share(Math.max(out - step.start_ms, whole / 250)) }),
  );
}

/** What a batch of a step is called: its unit, and where there are several of that unit, the positions that were in it. */
function unitOf({ batches, mode }: Step, i: number): string {
  const { unit, first, last } = batches[i];
  const same = batches.filter((one) => one.unit === unit);
  if (same.length === 1) return said(`unit_${mode}`, unit);
  const part = `${first}–${last}`;
  return same[0] === batches[i] ? `${said(`unit_${mode}`, unit)}: ${part}` : part;
}

function step(page: Trace, way: Way, at: number, before: number, end: number): HTMLElement {
  const one = way.steps[at];
  const others = [...new Set(one.batches.flatMap((batch) => batch.shared_with))];
  const waits = [said("waited", duration(one.wait_s * 1000)), one.limit_s === null ? "" : said("allowed", duration(one.limit_s * 1000))].filter(Boolean).join(" ");
  const units = one.batches.map((batch, i) =>
    h(
      "button",
      {
        type: "button",
        class: "unit",
        "aria-pressed": "false",
        title: said("who_shared"),
        "data-batch": `${one.machine}:${batch.unit}:${batch.batch}`,
        click: () => page.choose(at, i),
      },
      unitOf(one, i),
    ),
  );
  return row(
    one.late ? "late" : "",
    "middle",
    others.length,
    h("div", { class: "name" }, h("b", {}, `${one.number} ${page.step(one.step)}`), page.link("machine", one.machine), ...units),
    h(
      "div",
      {},
      // The record says when a lane took in a cell, and when a lot was through it; of a cell that went on, not the latter.
      ...page.span(one.start_ms, one.end_ms, at + 1 < way.steps.length ? said("out_unknown") : undefined),
      one.number === 1 && one.wait_s === 0 ? null : h("span", { class: one.late ? "late" : "soft" }, ` · ${waits}`),
      one.lost ? h("span", { class: "soft" }, ` · −${number(one.lost)}`) : null,
      one.kwh === null ? null : h("span", { class: "soft" }, ` · ${measured(one.kwh, way.kind === "cell" ? 4 : 1, "kWh")}, ${measured(one.kgco2 ?? 0, way.kind === "cell" ? 4 : 1, "kgCO₂")}`),
    ),
    carried(page, one.brought),
    others.length
      ? h("div", { class: "soft" }, `${said("shared")} `, ...others.slice(0, MOST).flatMap((lot, i) => [i ? ", " : null, page.lot(lot)]), others.length > MOST ? ` +${others.length - MOST}` : null)
      : null,
    bar(way, before, one, end),
  );
}

/** The drawing of a cell's way, or of a lot's. */
export function genealogy(page: Trace, way: Way): HTMLElement {
  const ends = way.steps.map((one) => one.end_ms ?? one.start_ms);
  const end = way.made_ms ?? way.finished_ms ?? Math.max(...ends, way.released_ms);
  let before = way.released_ms;
  const rows = way.steps.map((one, at) => {
    const drawn = step(page, way, at, Math.min(before, one.start_ms), end);
    before = one.end_ms ?? one.start_ms;
    return drawn;
  });
  const last =
    way.kind === "cell"
      ? [h("div", { class: "name" }, h("b", {}, way.id)), h("div", {}, page.time(way.made_ms), h("span", { class: "soft" }, ` · ${said("made")}`))]
      : [h("div", { class: "name" }, h("b", {}, said(way.finished_ms === null ? "in_process" : "stored"))), h("div", {}, way.finished_ms === null ? null : page.time(way.finished_ms), h("span", { class: "soft" }, `${way.finished_ms === null ? "" : " · "}${number(way.cells)} ${said("cells_unit")}`))];
  return h(
    "ol",
    { class: "genealogy" },
    row("first", "first", 0, h("div", { class: "name" }, h("b", {}, said("wafer_store")), page.lot(way.lot)), h("div", {}, page.time(way.released_ms), h("span", { class: "soft" }, ` · ${number(way.wafers)} ${said("wafers_unit")}`))),
    ...rows,
    row("last", "last", 0, ...last, carried(page, way.after)),
  );
}
