// Time of the record: what it is called, and how it passes.

export const SPEEDS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 3600];

const OFFSET = /(Z|[+-]\d\d:\d\d)$/;

/** Instants as people of the plant read them, whatever zone this browser is in. */
export class Calendar {
  private readonly zero: number;

  constructor(start: string) {
    const zone = OFFSET.exec(start)?.[1] ?? "Z";
    const minutes = zone === "Z" ? 0 : (zone[0] === "-" ? -1 : 1) * (60 * Number(zone.slice(1, 3)) + Number(zone.slice(4)));
    this.zero = Date.parse(start) + 60_000 * minutes;
  }

  private text(ms: number): string {
    return new Date(this.zero + ms).toISOString();
  }

  date(ms: number): string {
    return this.text(ms).slice(0, 10);
  }

  clock(ms: number): string {
    return this.text(ms).slice(11, 19);
  }

  minutes(ms: number): string {
    return this.text(ms).slice(11, 16);
  }

  /** A time with its day where that is not the day of another. */
  brief(ms: number, now: number): string {
    return this.date(ms) === this.date(now) ? this.clock(ms) : `${this.date(ms).slice(5)} ${this.clock(ms)}`;
  }

  /** 06:30, 6:30:15 or 2025-11-03 06:30: ms after the record's start; null: no time. */
  parse(text: string): number | null {
    const found = /^(?:(\d{4}-\d\d-\d\d)[T ])?(\d{1,2}):(\d\d)(?::(\d\d(?:\.\d+)?))?$/.exec(text.trim());
    if (!found) return null;
    const day = found[1] ?? this.date(0);
    const midnight = Date.parse(`${day}T00:00:00Z`);
    if (Number.isNaN(midnight)) return null;
    return midnight - this.zero + 1000 * (3600 * Number(found[2]) + 60 * Number(found[3]) + Number(found[4] ?? 0));
  }
}

export class Clock {
  time: number;
  playing = false;
  speed = 60;
  private last = 0;

  constructor(readonly span: [number, number]) {
    this.time = span[0];
  }

  seek(time: number): void {
    this.time = Math.min(Math.max(time, this.span[0]), this.span[1] - 1);
  }

  play(on: boolean): void {
    if (on && this.time >= this.span[1] - 1) this.time = this.span[0];
    this.playing = on;
    this.last = 0;
  }

  faster(by: number): void {
    const at = Math.min(Math.max(SPEEDS.indexOf(this.speed) + by, 0), SPEEDS.length - 1);
    this.speed = SPEEDS[at];
  }

  /** Move on to a moment of the wall clock, in ms; `held`: what is to be shown has not come yet. */
  tick(now: number, held: boolean): void {
    const passed = this.last ? Math.min(now - this.last, 250) : 0;
    this.last = now;
    if (!this.playing || held) return;
    this.seek(this.time + passed * this.speed);
    if (this.time >= this.span[1] - 1) this.playing = false;
  }
}
