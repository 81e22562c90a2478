// What the server tells of a trace; the other end is src/heliograph/view/trace/told.py.

export interface Move {
  move: number;
  vehicle: string;
  carrier: string;
  lot: string;
  source: string;
  target: string;
  taken_ms: number | null;
  placed_ms: number | null;
}

export interface Batch {
  batch: number;
  unit: number;
  first: number;
  last: number;
  wafers: number;
  lost: number;
  start_ms: number;
  end_ms: number | null;
  wafer_kwh: number | null;
  shared_with: string[];
}

export type Mode = "tube" | "bench" | "lane" | "source" | "sink";

export interface Step {
  number: number;
  step: string;
  machine: string;
  mode: Mode;
  start_ms: number;
  end_ms: number | null;
  wait_s: number;
  limit_s: number | null;
  late: boolean;
  lost: number;
  kwh: number | null;
  kgco2: number | null;
  brought: Move[];
  batches: Batch[];
}

export interface Disc {
  set_id: string;
  volume: string;
  image: string;
  files: string[];
}

export interface Way {
  kind: "cell" | "lot";
  id: string;
  lot: string;
  line: number;
  released_ms: number;
  finished_ms: number | null;
  wafers: number;
  lost: number;
  cells: number;
  position: number | null;
  basket: number | null;
  slot: number | null;
  made_ms: number | null;
  test: { voc_mv: number; isc_a: number; ff_pct: number; efficiency_pct: number; power_w: number; el_grade: string; bin: string } | null;
  kwh: number | null;
  kgco2: number | null;
  shared_kwh: number | null;
  steps: Step[];
  after: Move[];
  discs: Disc[];
}

export interface Cells {
  cell: string[];
  unit: number[];
  efficiency_pct: number[];
  el_grade: string[];
}

export interface LotPart {
  lot: string;
  first: number;
  last: number;
  wafers: number;
  lost: number;
}

export interface Together {
  number: number;
  step: string;
  machine: string;
  unit: number;
  batch: number;
  start_ms: number;
  end_ms: number | null;
  lots: LotPart[];
  elsewhere: string[];
  cells: Cells;
  mean_pct: number | null;
  sd_pct: number | null;
  flawed: number | null;
  all_cells: number;
  all_mean_pct: number | null;
  all_sd_pct: number | null;
  edges: number[];
  here: number[];
  there: number[];
}

export interface Through {
  batch: number;
  unit: number;
  start_ms: number;
  end_ms: number | null;
  lots: LotPart[];
}

export interface MachineTraced {
  kind: "machine";
  id: string;
  unit: number | null;
  units: number;
  mode: Mode;
  number: number | null;
  step: string;
  from_ms: number;
  to_ms: number;
  batches: Through[];
  cells: Cells;
  discs: Disc[];
}
