// What is to be read beside the floor: the workshop at this moment, or what is known of one thing.

import type { Calendar } from "./clock";
import { button, fill, h } from "./dom";
import type { Figures, Floor } from "./protocol";
import type { Thing } from "./scene";
import { MACHINE, VEHICLE } from "./theme";
import { duration, language, measured, number, reasonSaid, said } from "./words";
import { MOODS, stateName, type World } from "./world";

const STATES = Object.keys(MACHINE);
const SHOWN_ALARMS = 6;
const SHOWN_ROWS = 12;

export interface Acts {
  select(thing: Thing | null): void;
  seek(time: number): void;
}

export class Panel {
  readonly element = h("aside", { class: "panel" });
  figures: Figures | null = null;

  constructor(
    private readonly floor: Floor,
    private readonly state: World,
    private readonly calendar: Calendar,
    private readonly acts: Acts,
  ) {}

  // ---- the workshop

  private readonly counts = new Map<string, HTMLElement>();
  private tiles: Record<string, HTMLElement> = {};
  private alarms = h("div", { class: "alarms" });
  private alarmsUpTo = -2;

  /** Build the overview; `update` writes its figures. */
  overview(): void {
    this.counts.clear();
    this.alarmsUpTo = -2;
    const count = (key: string): HTMLElement => {
      const cell = h("b", {}, "0");
      this.counts.set(key, cell);
      return cell;
    };
    const legend = (prefix: string, keys: string[], colours: Record<string, string>, shape: string): HTMLElement =>
      h(
        "ul",
        { class: "legend" },
        ...keys.map((key) =>
          h("li", {}, h("i", { class: `chip ${shape}`, colour: colours[key] ?? "" }), h("span", {}, said(key)), count(`${prefix}:${key}`)),
        ),
      );
    const tile = (key: string, label: string): HTMLElement => {
      const value = h("b", {}, "–");
      this.tiles[key] = value;
      return h("div", { class: "tile" }, value, h("span", {}, said(label)));
    };
    const moods = this.floor.series.some(([name]) => name === "mishaps") && this.hasMishaps() ? [...MOODS, "stall", "breakdown", "off_floor"] : MOODS;
    fill(
      this.element,
      h("div", { class: "tiles" }, tile("cells", "cells_so_far"), tile("rate", "cells_per_h"), tile("wip", "wip"), tile("moves", "moves_per_h")),
      h("h2", {}, said("machines"), h("small", {}, `${this.floor.ground.machines.length}`)),
      legend("machine", STATES, MACHINE, "box"),
      h("h2", {}, said("vehicles"), h("small", {}, `${this.floor.vehicles.length}`)),
      legend("vehicle", moods, { ...VEHICLE, off_floor: VEHICLE.idle }, "arrow"),
      h("h2", {}, said("carriers"), h("small", {}, `${this.floor.carriers.length}`)),
      h(
        "ul",
        { class: "legend" },
        h("li", {}, h("i", { class: "chip full" }), h("span", {}, said("full")), count("carrier:full")),
        h("li", {}, h("i", { class: "chip hollow" }), h("span", {}, said("empty")), count("carrier:empty")),
        h("li", { class: "rare" }, h("i", { class: "chip unknown" }), h("span", {}, said("place_unknown")), count("carrier:unknown")),
      ),
      h("h2", {}, said("alarms"), h("small", {}, said("before_now"))),
      this.alarms,
    );
    this.update();
  }

  private hasMishaps(): boolean {
    return this.figures?.alarms.some((alarm) => alarm.what === "breakdown") ?? false;
  }

  private set(key: string, value: number): void {
    const cell = this.counts.get(key);
    if (!cell) return;
    cell.textContent = number(value);
    cell.parentElement?.classList.toggle("zero", value === 0);
  }

  /** Write the figures of this moment into the overview. */
  update(): void {
    const { state, floor } = this;
    const tally = new Map<string, number>();
    const add = (key: string): void => void tally.set(key, (tally.get(key) ?? 0) + 1);
    for (const mood of state.mood) add(`vehicle:${mood}`);
    floor.ground.machines.forEach((_, m) => add(`machine:${state.stateOf(m)}`));
    state.place.forEach((place, c) => add(place < 0 ? "carrier:unknown" : state.lot[c] >= 0 ? "carrier:full" : "carrier:empty"));
    for (const key of this.counts.keys()) this.set(key, tally.get(key) ?? 0);
    this.figuresNow();
  }

  private figuresNow(): void {
    const { figures, state } = this;
    if (!figures || !this.tiles.cells || Number.isNaN(state.time)) return;
    const { step_ms, cells, wip, moves } = figures;
    const whole = state.time / step_ms;
    const at = Math.min(Math.max(Math.floor(whole), 0), wip.length - 1);
    const hour = Math.max(Math.round(3_600_000 / step_ms), 1);
    let sum = 0;
    let recent = 0;
    let brought = 0;
    for (let i = 0; i <= at; i++) {
      const share = i < at ? 1 : Math.min(whole - at, 1);
      const made = share * cells.reduce((all, line) => all + line[i], 0);
      sum += made;
      if (i > at - hour) {
        recent += made;
        brought += share * moves[i];
      }
    }
    const hours = Math.min(hour, whole) * (step_ms / 3_600_000);
    this.tiles.cells.textContent = number(sum);
    this.tiles.rate.textContent = hours > 0.02 ? number(recent / hours) : "–";
    this.tiles.moves.textContent = hours > 0.02 ? number(brought / hours) : "–";
    this.tiles.wip.textContent = number(wip[at]);
    let upTo = -1;
    figures.alarms.forEach((alarm, i) => {
      if (alarm.at_ms <= state.time) upTo = i;
    });
    if (upTo === this.alarmsUpTo) return;
    this.alarmsUpTo = upTo;
    const shown = figures.alarms.slice(Math.max(upTo + 1 - SHOWN_ALARMS, 0), upTo + 1).reverse();
    fill(
      this.alarms,
      ...(shown.length
        ? shown.map((alarm) =>
            h(
              "button",
              {
                type: "button",
                class: "alarm",
                click: () => {
                  this.acts.seek(alarm.at_ms);
                  this.acts.select({ kind: alarm.kind as Thing["kind"], id: alarm.id });
                },
              },
              h("time", {}, this.calendar.brief(alarm.at_ms, state.time)),
              h("span", {}, `${alarm.id} ${said(`alarm_${alarm.what}`, this.step(alarm.step))}`),
            ),
          )
        : [h("p", { class: "soft" }, said(figures.alarms.length ? "none" : "no_alarms"))]),
    );
  }

  // ---- one thing

  /** Show what is known of a thing. */
  details(told: any, now: number): void {
    const scrolled = this.element.dataset.of === told.id ? this.element.scrollTop : 0;
    this.element.dataset.of = told.id;
    const tell: Record<string, (told: any, now: number) => (Node | null)[]> = {
      vehicle: this.vehicle,
      machine: this.machine,
      stocker: this.machine,
      lot: this.lot,
      carrier: this.carrier,
      cell: this.cell,
    };
    const body = tell[told.kind].call(this, told, now);
    fill(
      this.element,
      h(
        "div",
        { class: "title" },
        button("left", said("key_escape"), () => this.acts.select(null), { class: "quiet" }),
        h("div", {}, h("small", {}, said(told.kind)), h("h1", {}, told.id)),
      ),
      ...body,
    );
    this.element.scrollTop = scrolled;
  }

  problem(thing: Thing, message: string): void {
    fill(
      this.element,
      h(
        "div",
        { class: "title" },
        button("left", said("key_escape"), () => this.acts.select(null), { class: "quiet" }),
        h("div", {}, h("small", {}, said(thing.kind)), h("h1", {}, thing.id)),
      ),
      h("p", { class: "soft" }, message),
    );
  }

  private step(code: string): string {
    const names = this.floor.steps[code];
    return names ? names[language() === "zh" ? 1 : 0] : code;
  }

  private link(kind: Thing["kind"], id: string, text = id): HTMLElement | null {
    if (!id) return null;
    return h("button", { type: "button", class: "link", click: () => this.acts.select({ kind, id }) }, text);
  }

  private at(time: number | null, now: number): HTMLElement {
    if (time === null) return h("span", { class: "soft" }, "–");
    const [from, to] = this.floor.span;
    const text = this.calendar.brief(time, now);
    if (time < from || time >= to) return h("span", { class: "soft" }, text);
    return h("button", { type: "button", class: "link time", click: () => this.acts.seek(time) }, text);
  }

  private pairs(...rows: [string, ...(Node | string | null)[]][]): HTMLElement {
    return h("dl", {}, ...rows.flatMap(([name, ...values]) => [h("dt", {}, name), h("dd", {}, ...values)]));
  }

  private station(id: string): Node | null {
    const spot = this.floor.ground.stations.find((one) => one.id === id);
    if (!spot) return h("span", {}, id);
    if (!spot.of) return h("span", {}, id);
    const kind = spot.kind === "stocker" ? "stocker" : "machine";
    return this.link(kind, spot.of, id);
  }

  private movesTable(moves: any[], now: number, but: "vehicle" | "carrier" | "lot"): HTMLElement {
    if (!moves.length) return h("p", { class: "soft" }, said("none"));
    const rows = moves.map((move) => {
      const current = move.assigned_ms !== null && move.assigned_ms <= now && (move.placed_ms === null || move.placed_ms > now);
      return h(
        "li",
        { class: current ? "current" : move.placed_ms !== null && move.placed_ms <= now ? "past" : "" },
        this.at(move.taken_ms ?? move.assigned_ms ?? move.wanted_ms, now),
        h(
          "span",
          {},
          this.station(move.source),
          " → ",
          this.station(move.target),
          h("br"),
          but !== "carrier" ? this.link("carrier", move.carrier) : null,
          but !== "carrier" ? " " : null,
          but !== "lot" ? (move.lot ? this.link("lot", move.lot) : h("span", { class: "soft" }, said("empty"))) : null,
          but !== "vehicle" ? " " : null,
          but !== "vehicle" ? this.link("vehicle", move.vehicle) : null,
        ),
      );
    });
    return h("ul", { class: "rows" }, ...rows);
  }

  private chain(chain: any[]): HTMLElement {
    const said_of = (link: any): string => {
      if (link.does === "waits" && !link.node) return said("link_waits_way");
      return said(`link_${link.does}`, link.node);
    };
    return h(
      "ol",
      { class: "chain" },
      ...chain.map((link) => h("li", { class: link.does }, this.link("vehicle", link.vehicle), " ", h("span", {}, said_of(link)))),
    );
  }

  private vehicle(told: any, now: number): (Node | null)[] {
    const v = this.floor.vehicles.indexOf(told.id);
    const mood = this.state.mood[v];
    const waits = told.chain.length && told.chain[0].does === "waits";
    const use = Object.entries(told.use as Record<string, number>).filter(([name]) => name !== "kwh");
    const whole = use.reduce((sum, [, hours]) => sum + hours, 0);
    const names: Record<string, string> = { waiting: "waiting", hand_off: "hand_off", charging: "charging", idle: "idle" };
    return [
      h("p", { class: "state" }, h("i", { class: "chip arrow", colour: VEHICLE[mood] ?? VEHICLE.idle }), h("b", {}, said(mood))),
      this.pairs(
        [
          said("carries"),
          told.carrier ? this.link("carrier", told.carrier) : h("span", { class: "soft" }, said("nothing")),
          told.carrier ? ", " : null,
          told.carrier ? (told.lot ? this.link("lot", told.lot) : said("empty")) : null,
        ],
        ...(told.move
          ? ([
              [said("from"), this.station(told.move.source)],
              [said("to"), this.station(told.move.target)],
              [said("assigned"), this.at(told.move.assigned_ms, now)],
              [said("taken"), this.at(told.move.taken_ms, now)],
              [said("placed"), this.at(told.move.placed_ms, now)],
            ] as [string, Node | null][])
          : []),
      ),
      waits ? h("h2", {}, said("why")) : null,
      waits ? this.chain(told.chain) : null,
      h("h2", {}, said("moves")),
      this.movesTable(told.moves, now, "vehicle"),
      use.length ? h("h2", {}, said("day_use"), h("small", {}, `${number(told.use.kwh ?? 0, 1)} kWh`)) : null,
      use.length
        ? h(
            "ul",
            { class: "bars" },
            ...use.map(([name, hours]) =>
              h(
                "li",
                {},
                h("span", {}, said(names[name] ?? name)),
                h("div", { class: "bar" }, h("i", { colour: VEHICLE[name] ?? VEHICLE.idle, width: `${(100 * hours) / whole}%` })),
                h("b", {}, `${number((100 * hours) / whole, 1)} %`),
              ),
            ),
          )
        : null,
    ];
  }

  private part(part: any, now: number, withMachine: boolean): HTMLElement {
    return h(
      "li",
      { class: part.end_ms === null || part.end_ms > now ? "" : "past" },
      this.at(part.start_ms, now),
      h(
        "span",
        {},
        withMachine ? this.link("machine", part.machine) : this.link("lot", part.lot),
        ` ${said("unit", part.unit)}, ${said("position", part.first, part.last)}`,
        part.late ? h("em", { class: "late" }, ` ${said("late")}`) : null,
      ),
    );
  }

  private strip(stays: any[], now: number): HTMLElement {
    const [from, to] = this.floor.span;
    const share = (ms: number): string => `${(100 * ms) / (to - from)}%`;
    return h(
      "div",
      {
        class: "strip",
        click: (event: MouseEvent) => {
          const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
          this.acts.seek(from + ((event.clientX - box.left) / box.width) * (to - from));
        },
      },
      ...stays.map((stay) =>
        h("i", {
          colour: MACHINE[stateName(stay.state, stay.reason)] ?? "",
          left: share(Math.max(stay.start_ms, from) - from),
          width: share(stay.end_ms - Math.max(stay.start_ms, from)),
          title: `${this.calendar.clock(Math.max(stay.start_ms, 0))}–${this.calendar.clock(stay.end_ms)} ${said(stateName(stay.state, stay.reason))}: ${reasonSaid(stay.reason)}`,
        }),
      ),
      h("u", { left: share(now - from) }),
    );
  }

  private machine(told: any, now: number): (Node | null)[] {
    const { machines, stockers } = this.floor.ground;
    const box = [...machines, ...stockers].find((one) => one.id === told.id);
    const state = stateName(told.state, told.reason);
    const names = box ? (language() === "zh" ? box.name_zh : box.name) : "";
    const hours = Object.entries(told.hours as Record<string, number>).filter(([, value]) => value > 0);
    const whole = hours.reduce((sum, [, value]) => sum + value, 0);
    const stocker = told.kind === "stocker";
    return [
      h("p", { class: "soft" }, [names, box ? `${said("line")} ${box.line}` : "", box?.step ? `${said("step")} ${this.floor.route.indexOf(box.step) + 1}` : ""].filter(Boolean).join(" · ")),
      told.state
        ? h("p", { class: "state" }, h("i", { class: "chip box", colour: MACHINE[state] }), h("b", {}, said(state)), told.reason && said(state) !== reasonSaid(told.reason) ? h("span", { class: "soft" }, reasonSaid(told.reason)) : null)
        : null,
      told.state ? this.pairs([said("since"), this.at(told.since_ms, now)], [said("until"), this.at(told.until_ms, now)]) : null,
      told.stays.length ? h("h2", {}, said("history")) : null,
      told.stays.length ? this.strip(told.stays, now) : null,
      hours.length
        ? h(
            "ul",
            { class: "bars" },
            ...hours.map(([name, value]) =>
              h(
                "li",
                {},
                h("span", {}, said(name)),
                h("div", { class: "bar" }, h("i", { colour: MACHINE[name], width: `${(100 * value) / whole}%` })),
                h("b", {}, `${number((100 * value) / whole, 1)} %`),
              ),
            ),
          )
        : null,
      stocker ? null : h("h2", {}, said("inside"), h("small", {}, String(told.inside.length))),
      stocker ? null : this.parts(told.inside, now, false),
      h("h2", {}, said(stocker ? "inside" : "on_ports"), h("small", {}, String(told.carriers.length))),
      told.carriers.length
        ? h(
            "ul",
            { class: "rows" },
            ...told.carriers.map(([station, carrier, lot]: [string, string, string]) =>
              h("li", {}, h("span", { class: "soft" }, station.slice(told.id.length + 1) || station), h("span", {}, this.link("carrier", carrier), " ", lot ? this.link("lot", lot) : h("span", { class: "soft" }, said("empty")))),
            ),
          )
        : h("p", { class: "soft" }, said("none")),
      h("h2", {}, said("coming"), h("small", {}, String(told.coming.length))),
      this.movesTable(told.coming, now, "carrier"),
      stocker ? null : h("h2", {}, said("recent")),
      stocker ? null : this.parts(told.recent, now, false),
    ];
  }

  private parts(parts: any[], now: number, withMachine: boolean): HTMLElement {
    if (!parts.length) return h("p", { class: "soft" }, said("none"));
    const more = parts.length > SHOWN_ROWS ? h("li", { class: "soft" }, h("span", {}), h("span", {}, `+ ${parts.length - SHOWN_ROWS}`)) : null;
    return h("ul", { class: "rows" }, ...parts.slice(0, SHOWN_ROWS).map((part) => this.part(part, now, withMachine)), more);
  }

  private lot(told: any, now: number): (Node | null)[] {
    const inside = [...new Map(told.inside.map((part: any) => [part.machine, part])).values()] as any[];
    const where: (Node | string | null)[] = [];
    if (told.carrier) {
      const place = this.floor.vehicles.includes(told.place) ? this.link("vehicle", told.place) : told.place ? this.station(told.place) : h("span", {}, said("unknown"));
      where.push(this.link("carrier", told.carrier), " · ", place);
    } else if (inside.length) {
      inside.forEach((part, i) => where.push(i ? ", " : null, this.link("machine", part.machine)));
    } else where.push(said(now < told.released_ms ? "not_released" : told.finished_ms !== null && now >= told.finished_ms ? "stored" : "between"));
    return [
      this.pairs(
        [said("where"), ...where],
        [said("line"), String(told.line)],
        [said("wafers"), number(told.wafers), told.lost ? `, ${said("lost_wafers", number(told.lost))}` : ""],
        [said("released"), this.at(told.released_ms, now)],
        [said("finished"), told.finished_ms === null ? h("span", { class: "soft" }, said("in_process")) : this.at(told.finished_ms, now)],
        ...(told.next_step ? ([[said("next"), `${this.step(told.next_step)} `, this.at(told.next_ms, now)]] as [string, string, Node][]) : []),
      ),
      h("h2", {}, said("way")),
      h(
        "ul",
        { class: "rows way" },
        ...told.steps.map((part: any) =>
          h(
            "li",
            { class: part.start_ms > now ? "future" : part.end_ms !== null && part.end_ms <= now ? "past" : "current" },
            this.at(part.start_ms, now),
            h(
              "span",
              {},
              this.step(part.step),
              h("br"),
              this.link("machine", part.machine),
              h("span", { class: "soft" }, ` · ${said("waited", duration(part.wait_s * 1000))}`),
              part.late ? h("em", { class: "late" }, ` ${said("late")}`) : null,
              part.lost ? h("span", { class: "soft" }, ` · −${part.lost}`) : null,
            ),
          ),
        ),
      ),
      h("h2", {}, said("moves")),
      this.movesTable(told.moves, now, "lot"),
    ];
  }

  private carrier(told: any, now: number): (Node | null)[] {
    const place = this.floor.vehicles.includes(told.place) ? this.link("vehicle", told.place) : told.place ? this.station(told.place) : h("span", { class: "soft" }, said("place_unknown"));
    return [
      this.pairs(
        [said("where"), place],
        [said("lot"), told.lot ? this.link("lot", told.lot) : h("span", { class: "soft" }, said("empty"))],
        ...(told.since_ms === null ? [] : ([[said("since"), this.at(told.since_ms, now)]] as [string, Node][])),
      ),
      h("h2", {}, said("moves")),
      this.movesTable(told.moves, now, "carrier"),
    ];
  }

  /** Lots that were in the same batch: what a bad tube did to one, it did to them. */
  private sharing(lots: string[]): (Node | string)[] {
    if (!lots.length) return [];
    const links = lots.slice(0, 3).flatMap((lot) => [" ", this.link("lot", lot) as Node]);
    return [h("br"), h("span", { class: "soft" }, said("shared")), ...links, lots.length > 3 ? ` +${lots.length - 3}` : ""];
  }

  private cell(told: any, now: number): (Node | null)[] {
    const { trace } = told;
    const begun = told.steps.filter(([, , , start]: [string, string, number, number]) => start <= now).length;
    return [
      this.pairs(
        [said("made"), this.at(told.made_ms, now)],
        [said("lot"), this.link("lot", trace.lot)],
        [said("carrier"), this.link("carrier", told.carrier) ?? "–"],
        [said("basket"), `${trace.basket}, ${trace.slot}`],
        [said("test"), `${measured(trace.power_w, 3, "W")}, ${measured(trace.efficiency_pct, 2, "%")}`],
        ["", `${measured(trace.voc_mv, 1, "mV")}, ${measured(trace.isc_a, 3, "A")}, FF\u00a0${measured(trace.ff_pct, 2, "%")}`],
        [said("grade"), `EL ${trace.el_grade}, ${trace.bin}`],
        [said("energy"), `${measured(trace.kwh, 3, "kWh")}, ${measured(trace.kgco2, 3, "kgCO₂")}`],
      ),
      h("h2", {}, said("way")),
      h(
        "ul",
        { class: "rows way" },
        ...told.steps.map(([step, machine, unit, start, end]: [string, string, number, number, number | null], i: number) =>
          h(
            "li",
            { class: start > now ? "future" : i + 1 < begun || (end !== null && end <= now) ? "past" : "current" },
            this.at(start, now),
            h("span", {}, this.step(step), h("br"), this.link("machine", machine), h("span", { class: "soft" }, ` · ${said("unit", unit)}`), ...this.sharing(trace.steps[i].shared_with)),
          ),
        ),
      ),
    ];
  }
}
