// The workshop at one instant: where everything is, worked out from a chunk of time.

import type { Chunk, Floor } from "./protocol";

export const FULL = 8;

export type Mood =
  | "driving_loaded"
  | "driving_empty"
  | "hand_off"
  | "waiting"
  | "charging"
  | "idle"
  | "stall"
  | "breakdown"
  | "off_floor"
  | "unknown";

export const MOODS: Mood[] = ["driving_loaded", "driving_empty", "hand_off", "waiting", "charging", "idle"];
const [LOADED, EMPTY, HAND_OFF, WAITING, CHARGING, IDLE, MISHAP] = [0, 1, 2, 3, 4, 5, 6];

export class World {
  readonly vehicles: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Radians, clockwise from the x axis, as on a screen. */
  readonly heading: Float32Array;
  /** What each vehicle does, as a number in `moods`. */
  readonly tone: Uint8Array;
  readonly moods: Mood[];
  private readonly offFloor: number;
  /** 0: none, 1: an empty carrier, 2: one with a lot. */
  readonly load: Uint8Array;
  readonly goal: Int32Array;
  /** A station, a vehicle with the number of stations added, or -1: not known. */
  readonly place: Int32Array;
  readonly lot: Int32Array;
  readonly state: Int16Array;
  readonly reason: Int32Array;
  time = NaN;
  private readonly charging: Uint8Array; // 1: a node with a charger
  private headings = new Float32Array(0); // of each way; NaN: it leads nowhere
  private readonly stations: number;
  private readonly heads: Int32Array;

  constructor(readonly floor: Floor) {
    const { ground } = floor;
    this.vehicles = floor.vehicles.length;
    this.x = new Float32Array(this.vehicles);
    this.y = new Float32Array(this.vehicles);
    this.heading = new Float32Array(this.vehicles);
    this.moods = [...MOODS, ...(floor.mishaps as Mood[]), "unknown"];
    this.offFloor = this.moods.indexOf("off_floor");
    this.tone = new Uint8Array(this.vehicles).fill(IDLE);
    this.load = new Uint8Array(this.vehicles);
    this.goal = new Int32Array(this.vehicles).fill(-1);
    this.place = new Int32Array(floor.carriers.length).fill(-1);
    this.lot = new Int32Array(floor.carriers.length).fill(-1);
    this.state = new Int16Array(ground.machines.length).fill(-1);
    this.reason = new Int32Array(ground.machines.length).fill(-1);
    this.charging = new Uint8Array(ground.x.length);
    for (const node of ground.charging) this.charging[node] = 1;
    this.learn();
    this.stations = ground.stations.length;
    const number = new Map(ground.machines.map((machine, i) => [machine.id, i]));
    this.heads = Int32Array.from(ground.machines, (machine, i) => number.get(machine.behind) ?? i);
  }

  /** Take in ways that the floor has got; in a run that goes on vehicles may take ways that the layout has not. */
  learn(): void {
    const { ways, x, y } = this.floor.ground;
    this.headings = new Float32Array(ways.length / 2);
    for (let way = 0; way < this.headings.length; way++) {
      const [from, to] = [ways[2 * way], ways[2 * way + 1]];
      this.headings[way] = from === to ? NaN : Math.atan2(y[to] - y[from], x[to] - x[from]);
    }
  }

  show(chunk: Chunk, time: number): void {
    this.time = time;
    const since = time - chunk.from;
    this.drive(chunk, since);
    const { carriers, states } = chunk.series;
    const lots = carriers.columns.lot;
    const places = carriers.columns.place;
    for (let c = 0; c < this.place.length; c++) {
      const row = carriers.row(c, since);
      const place = row < 0 ? -1 : places[row];
      this.place[c] = place < this.stations + this.vehicles ? place : -1;
      this.lot[c] = row < 0 ? -1 : lots[row];
    }
    for (let m = 0; m < this.state.length; m++) {
      let row = states.row(m, since);
      // A connected machine without states of its own shares those of the machine that it stands behind.
      if (row < 0) row = states.row(this.heads[m], since);
      this.state[m] = row < 0 ? -1 : states.columns.state[row];
      this.reason[m] = row < 0 ? -1 : states.columns.reason[row];
    }
  }

  /** Whether a vehicle is nowhere on the floor, or nobody knows where. */
  away(vehicle: number): boolean {
    const tone = this.tone[vehicle];
    return tone === this.offFloor || tone === this.moods.length - 1;
  }

  private drive(chunk: Chunk, since: number): void {
    const { drives, doing, mishaps } = chunk.series;
    const { ways, x, y } = this.floor.ground;
    const way = drives.columns.way;
    const took = drives.columns.took;
    for (let v = 0; v < this.vehicles; v++) {
      const row = drives.row(v, since);
      let moving = false;
      let at = -1;
      if (row >= 0) {
        const from = ways[2 * way[row]];
        at = ways[2 * way[row] + 1];
        const gone = since - drives.at[row];
        moving = gone < took[row];
        const share = moving ? gone / took[row] : 1;
        this.x[v] = x[from] + share * (x[at] - x[from]);
        this.y[v] = y[from] + share * (y[at] - y[from]);
        if (from !== at) this.heading[v] = this.headings[way[row]];
      }
      const task = doing.row(v, since);
      const code = task < 0 ? 0 : doing.columns.doing[task];
      const phase = code % FULL;
      this.load[v] = phase < 3 ? 0 : code >= FULL ? 2 : 1;
      const goal = task < 0 ? -1 : doing.columns.goal[task];
      this.goal[v] = goal < this.stations ? goal : -1;
      const trouble = mishaps.row(v, since);
      const kind = trouble < 0 ? 0 : mishaps.columns.kind[trouble];
      if (row < 0) this.tone[v] = this.moods.length - 1; // a run that has not begun, or tracks that cannot be read
      else if (kind) this.tone[v] = MISHAP + kind;
      else if (moving) this.tone[v] = phase === 3 ? LOADED : EMPTY;
      else if (phase) this.tone[v] = phase === 2 || phase === 4 ? HAND_OFF : WAITING;
      else this.tone[v] = at >= 0 && this.charging[at] ? CHARGING : IDLE;
    }
  }

  /** What each vehicle does, by name. */
  get mood(): Mood[] {
    return Array.from(this.tone, (tone) => this.moods[tone]);
  }

  /** Where a carrier is drawn; null: nowhere that is known. */
  spot(carrier: number): [number, number] | null {
    const place = this.place[carrier];
    if (place < 0) return null;
    if (place >= this.stations) {
      const v = place - this.stations;
      return [this.x[v], this.y[v]];
    }
    const station = this.floor.ground.stations[place];
    return [station.x, station.y];
  }

  /** What colour a machine has: its state, with the reasons of standby told apart; empty: not known. */
  stateOf(machine: number): string {
    if (this.state[machine] < 0) return "";
    return stateName(this.floor.states[this.state[machine]], this.floor.reasons[this.reason[machine]] ?? "");
  }
}

export function stateName(state: string, reason: string): string {
  if (state !== "standby") return state;
  return reason.includes("blocked") ? "blocked" : reason.includes("starved") ? "starved" : "standby";
}
