// What the server says, and how a chunk of time is read. The other end is src/heliograph/view/series.py.

export interface Box {
  id: string;
  line: number;
  code: string;
  name: string;
  name_zh: string;
  step: string;
  box: [number, number, number, number] | null;
  behind: string;
  slots: number;
}

export interface Spot {
  id: string;
  x: number;
  y: number;
  kind: "port" | "stocker" | "parking" | "charging";
  of: string;
}

export interface Floor {
  format: string;
  title: string;
  title_zh: string;
  where: string;
  start: string;
  span: [number, number];
  partial: boolean;
  lines: number;
  route: string[];
  steps: Record<string, [string, string]>;
  ground: {
    bounds: [number, number, number, number];
    nodes: string[];
    x: number[];
    y: number[];
    ways: number[];
    layout_ways: number;
    machines: Box[];
    stockers: Box[];
    stations: Spot[];
    charging: number[];
    vehicle_m: [number, number];
  };
  vehicles: string[];
  carriers: string[];
  lots: string[];
  states: string[];
  reasons: string[];
  phases: string[];
  mishaps: string[];
  series: [string, number, [string, string][]][];
  lost: Record<string, string>;
  reading: boolean;
  live: boolean;
  key: string;
}

/** How a run in progress stands, with the names and ways that are new. */
export interface Pulse {
  span: [number, number];
  final_ms: number;
  until_ms: number;
  part: string;
  speed: number;
  paused: boolean;
  message: string;
  lots: string[];
  reasons: string[];
  ways: number[];
}

export interface Order {
  speed?: number;
  paused?: boolean;
  step_ms?: number;
}

export interface Hit {
  kind: string;
  id: string;
  at_ms: number | null;
}

export interface Alarm {
  at_ms: number;
  what: string;
  kind: string;
  id: string;
  step: string;
}

export interface Figures {
  step_ms: number;
  cells: number[][];
  wip: number[];
  moves: number[];
  target_per_h: number;
  alarms: Alarm[];
}

export type Column = Uint8Array | Uint16Array | Uint32Array | Int32Array;

/** How each of some things changed within a chunk; times in ms after the chunk's begin. */
export class Series {
  private readonly last: Int32Array; // the row found last, of each thing: mostly it still holds in the next frame

  constructor(
    readonly start: Uint32Array,
    readonly at: Int32Array,
    readonly columns: Record<string, Column>,
  ) {
    this.last = new Int32Array(start.length).fill(-1);
  }

  /** The row of a thing that holds at a time after the chunk's begin; -1: none has begun. */
  row(thing: number, since: number): number {
    const last = this.last[thing];
    const end = this.start[thing + 1];
    if (last >= 0 && this.at[last] <= since && (last + 1 === end || this.at[last + 1] > since)) return last;
    const first = this.start[thing];
    let low = first;
    let high = end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at[middle] <= since) low = middle + 1;
      else high = middle;
    }
    return (this.last[thing] = low > first ? low - 1 : -1);
  }
}

export interface Chunk {
  from: number;
  to: number;
  series: Record<string, Series>;
}

const TYPES: Record<string, { new (buffer: ArrayBuffer, offset: number, length: number): Column }> = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int32: Int32Array,
};

export function decode(buffer: ArrayBuffer, layout: Floor["series"]): Chunk {
  const view = new DataView(buffer);
  const chunk: Chunk = { from: view.getFloat64(0, true), to: view.getFloat64(8, true), series: {} };
  let offset = 16;
  const take = (type: string, length: number): Column => {
    const column = new TYPES[type](buffer, offset, length);
    offset += (column.byteLength + 3) & ~3;
    return column;
  };
  for (const [name, things, columns] of layout) {
    const rows = take("uint32", 1)[0];
    const counts = take("uint16", things);
    const start = new Uint32Array(things + 1);
    for (let thing = 0; thing < things; thing++) start[thing + 1] = start[thing] + counts[thing];
    const at = take("int32", rows) as Int32Array;
    const values: Record<string, Column> = {};
    for (const [column, type] of columns) values[column] = take(type, rows);
    chunk.series[name] = new Series(start, at, values);
  }
  return chunk;
}

export class Refused extends Error {}

async function ask(path: string, signal?: AbortSignal): Promise<Response> {
  const answer = await fetch(`api/${path}`, { signal, credentials: "same-origin" });
  if (!answer.ok) {
    const told = await answer.json().catch(() => null);
    throw new Refused(told?.error?.message ?? `${answer.status}`);
  }
  return answer;
}

export async function askFloor(): Promise<Floor> {
  return (await ask("floor")).json();
}

/** The floor as far as it is known yet: all of it, or what can be drawn while the record is read. */
export async function askSketch(): Promise<Floor> {
  return (await ask("sketch")).json();
}

export async function askFigures(): Promise<Figures> {
  return (await ask("figures")).json();
}

export async function askDetails(kind: string, id: string, at: number, signal?: AbortSignal): Promise<any> {
  const query = new URLSearchParams({ kind, id, at: String(Math.round(at)) });
  return (await ask(`details?${query}`, signal)).json();
}

export async function askSearch(text: string, signal?: AbortSignal): Promise<Hit[]> {
  return (await ask(`search?${new URLSearchParams({ q: text })}`, signal)).json();
}

export async function askPulse(lots: number, reasons: number, ways: number): Promise<Pulse> {
  return (await ask(`pulse?lots=${lots}&reasons=${reasons}&ways=${ways}`)).json();
}

/** Ask a run for another pace. */
export async function orderPace(order: Order, key: string): Promise<void> {
  const headers = { "content-type": "application/json", "x-heliograph-key": key };
  const answer = await fetch("api/pace", { method: "POST", credentials: "same-origin", headers, body: JSON.stringify(order) });
  if (!answer.ok) throw new Refused((await answer.json().catch(() => null))?.error?.message ?? `${answer.status}`);
}

export async function askPath(path: string): Promise<any> {
  return (await ask(path)).json();
}

export interface Heat {
  from_ms: number;
  to_ms: number;
  node: number[];
  visits_per_h: number[];
  waiting: number[];
}

const KEPT = 40;
const HEADS = 4;
const RETRY_MS = 2000;

/** Chunks of time, fetched when they are needed and a little before. */
export class Chunks {
  private kept = new Map<string, Chunk>();
  private coming = new Map<string, Promise<void>>();
  private heads: Chunk[] = []; // the last stretches of a run in progress
  /** Nothing before this time will change, or come; a run in progress moves it on. */
  final = Infinity;

  constructor(
    private readonly floor: Floor,
    private readonly arrived: () => void,
    private readonly failed: (wrong: unknown) => void,
  ) {}

  /** How much time one chunk holds at a speed: few requests when it runs fast, small ones when it does not. */
  static length(speed: number): number {
    return speed <= 10 ? 60_000 : speed <= 300 ? 600_000 : 3_600_000;
  }

  /** The chunk that holds a time, if it is here; it is asked for in any case, and the next one when `ahead`. */
  at(time: number, speed: number, ahead: boolean): Chunk | null {
    const head = this.heads.filter((chunk) => chunk.from <= time && time <= chunk.to).at(-1);
    if (head && this.final !== Infinity) return head;
    const length = Chunks.length(speed);
    const number = Math.floor(time / length);
    this.want(length, number);
    if (ahead && time - number * length > length / 3) this.want(length, number + 1);
    const exact = this.kept.get(`${length}:${number}`);
    if (exact && time <= exact.to) return exact;
    for (const chunk of this.kept.values()) if (chunk.from <= time && time < chunk.to) return chunk;
    return null;
  }

  /** Get a stretch of a run in progress, whatever is here already. */
  async fetch(from: number, to: number): Promise<void> {
    this.heads.push(await this.ask(from, to));
    this.heads = this.heads.slice(-HEADS);
  }

  private async ask(from: number, to: number): Promise<Chunk> {
    const answer = await ask(`chunk?from=${Math.floor(from)}&to=${Math.floor(to)}`);
    return decode(await answer.arrayBuffer(), this.floor.series);
  }

  private want(length: number, number: number): void {
    const key = `${length}:${number}`;
    const from = number * length;
    const old = this.kept.get(key);
    const whole = from + length <= this.final;
    if (old && (!whole || old.to >= from + length)) {
      this.kept.delete(key);
      this.kept.set(key, old);
      return;
    }
    if (this.coming.has(key) || from > this.floor.span[1] || from + length < this.floor.span[0]) return;
    const get = async (): Promise<void> => {
      // Of a stretch that is not over, what is known has to do; the rest is asked for when it is.
      this.kept.set(key, await this.ask(from, whole ? from + length : Math.max(Math.min(from + length, this.floor.span[1]), from)));
      while (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value as string);
      this.coming.delete(key);
      this.arrived();
    };
    // After a failure it stays among those that are coming for a while: no request in every frame.
    const fail = async (wrong: unknown): Promise<void> => {
      this.failed(wrong);
      await new Promise((done) => setTimeout(done, RETRY_MS));
      this.coming.delete(key);
      this.arrived();
    };
    this.coming.set(key, get().catch(fail));
  }
}
