// What the server tells of figures over time; the other end is src/heliograph/view/charts.py.

export interface Stay {
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

export interface Unit {
  machine: string;
  unit: number;
  cells: number;
  mean_pct: number;
  sd_pct: number;
  flawed: number;
}
