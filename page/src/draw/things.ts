// What a thing on the floor is, where it is now, and which one lies under a point.

import type { Box, Floor } from "../protocol";
import type { World } from "../world";

export interface Thing {
  kind: "vehicle" | "machine" | "stocker" | "carrier" | "lot" | "cell";
  id: string;
}

export class Things {
  private readonly boxes: Map<string, Box["box"]>;
  private readonly vehicles: Map<string, number>;
  private readonly carriers: Map<string, number>;
  private readonly lots: Map<string, number>;

  constructor(
    private readonly floor: Floor,
    private readonly state: World,
  ) {
    const { machines, stockers } = floor.ground;
    this.boxes = new Map([...stockers, ...machines].map(({ id, box }) => [id, box]));
    const numbers = (names: string[]): Map<string, number> => new Map(names.map((name, i) => [name, i]));
    this.vehicles = numbers(floor.vehicles);
    this.carriers = numbers(floor.carriers);
    this.lots = numbers(floor.lots);
  }

  box(id: string): Box["box"] {
    return this.boxes.get(id) ?? null;
  }

  /** Where a thing is now; null: not on the floor, or not known. A lot that no carrier holds is in the machine given. */
  where(thing: Thing, machine?: string): [number, number] | null {
    const { state } = this;
    if (thing.kind === "vehicle") {
      const v = this.vehicles.get(thing.id);
      return v === undefined ? null : [state.x[v], state.y[v]];
    }
    if (thing.kind === "carrier") {
      const c = this.carriers.get(thing.id);
      return c === undefined ? null : state.spot(c);
    }
    if (thing.kind === "machine" || thing.kind === "stocker") return middle(this.box(thing.id));
    const name = thing.kind === "lot" ? thing.id : thing.id.slice(0, thing.id.lastIndexOf("-"));
    const lot = this.lots.get(name);
    const carrier = lot === undefined ? -1 : state.lot.indexOf(lot);
    return carrier >= 0 ? state.spot(carrier) : machine === undefined ? null : middle(this.box(machine));
  }

  /** What lies under a point of the floor, when a metre has so many pixels. */
  under(x: number, y: number, scale: number): Thing | null {
    const { floor, state } = this;
    const reach = Math.max(0.9, 9 / scale);
    let best = reach * reach;
    let found: Thing | null = null;
    for (let v = 0; v < state.vehicles; v++) {
      const away = (state.x[v] - x) ** 2 + (state.y[v] - y) ** 2;
      if (away < best && !state.away(v)) [best, found] = [away, { kind: "vehicle", id: floor.vehicles[v] }];
    }
    if (found) return found;
    best = Math.max(0.8, 5 / scale) ** 2;
    const { stations } = floor.ground;
    for (let c = 0; c < state.place.length; c++) {
      const station = stations[state.place[c]];
      if (!station || station.kind === "stocker") continue;
      const away = (station.x - x) ** 2 + (station.y - y) ** 2;
      if (away < best) [best, found] = [away, { kind: "carrier", id: floor.carriers[c] }];
    }
    if (found) return found;
    for (const [kind, boxes] of [["machine", floor.ground.machines], ["stocker", floor.ground.stockers]] as const) {
      for (const { id, box } of boxes) {
        if (box && box[0] <= x && x <= box[2] && box[1] <= y && y <= box[3]) return { kind, id };
      }
    }
    return null;
  }
}

function middle(box: Box["box"]): [number, number] | null {
  return box && [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
}
