// Colours: those of Okabe & Ito 2008, which colour-blind people tell apart, and greys for light and dark.

export const VEHICLE: Record<string, string> = {
  driving_loaded: "#009e73",
  driving_empty: "#0072b2",
  hand_off: "#cc79a7",
  waiting: "#d55e00",
  charging: "#e69f00",
  idle: "#8b95a1",
  stall: "#d55e00",
  breakdown: "#d55e00",
};

export const MACHINE: Record<string, string> = {
  productive: "#009e73",
  starved: "#56b4e9",
  blocked: "#f0e442",
  standby: "#a6cbe3",
  engineering: "#cc79a7",
  scheduled_downtime: "#0072b2",
  unscheduled_downtime: "#d55e00",
  non_scheduled: "#8b95a1",
};

/** Marks on the time line. */
export const ALARM = { late: "#e69f00", other: "#d55e00" };

export interface Palette {
  ground: string;
  way: string;
  edge: string;
  ink: string;
  soft: string;
  carrier: string;
  hollow: string;
  glow: string;
  fill: number;
}

export const PALETTES: Record<"light" | "dark", Palette> = {
  light: {
    ground: "#f6f7f9",
    way: "#cfd5dc",
    edge: "#b4bcc6",
    ink: "#1d2430",
    soft: "#5d6675",
    carrier: "#1d2430",
    hollow: "#8a93a0",
    glow: "#111827",
    fill: 0.42,
  },
  dark: {
    ground: "#12161c",
    way: "#2f3742",
    edge: "#4a5462",
    ink: "#e8ecf2",
    soft: "#9aa5b3",
    carrier: "#f2f5f9",
    hollow: "#7d8896",
    glow: "#ffffff",
    fill: 0.5,
  },
};

export type Theme = keyof typeof PALETTES;
