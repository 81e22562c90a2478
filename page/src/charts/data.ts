// What the server tells of figures over time; the other end is src/heliograph/view/charts.py and pace.py.

export interface Stay {
  state: string;
  reason: string;
  start_ms: number;
  end_ms: number;
}

export interface Reading {
  letter: string;
  of: string;
  gw_per_year: number;
  uptime_needed: number;
  uptime_here: number;
  s_per_cell: (number | null)[];
}

export interface Charts {
  step_ms: number;
  lanes: Record<string, number[]>;
  takt_s: number;
  target_s: number;
  readings: Reading[];
  cycle: { step_ms: number; lots: number[]; median_h: (number | null)[]; low_h: (number | null)[]; high_h: (number | null)[] };
  doing: Record<string, number[]>;
  batteries: { at_ms: number[]; median_pct: (number | null)[]; lowest_pct: (number | null)[] };
  stays: Record<string, Stay[]>;
  energy: { at_ms: number[]; kwh: Record<string, number[]>; kgco2: number[]; cells: number[] };
  steps: { step: string; availability: number | null; effectiveness: number | null; quality: number | null; oee: number | null; occupied: number; starved: number; blocked: number; failures: number }[];
  bottleneck: string;
  reason: string;
}

export interface Unit {
  machine: string;
  unit: number;
  cells: number;
  mean_pct: number;
  sd_pct: number;
  flawed: number;
}
