// The figures' page and the trace page: loaded when one of them is asked for. Every chart's data can be had as CSV.

import { Board, type TraceOf, type Wishes } from "./charts/board";
import type { Charts } from "./charts/data";
import { energy } from "./charts/energy";
import { batteries, cycle, fleet, lanes, output, takt, wip } from "./charts/flow";
import { gantt, oee, stops, worst } from "./charts/machines";
import { units } from "./charts/units";
import { showTrace, type TraceWishes } from "./trace/page";
import { speak } from "./words";

/** Show the figures in a holder; gives what takes them away again. */
export async function show(holder: HTMLElement, wishes: Wishes): Promise<() => void> {
  speak(wishes.lang);
  const data: Charts = await wishes.ask("charts");
  const board = new Board(holder, wishes);
  for (const chart of [worst, output, takt, lanes, fleet, batteries, wip, cycle, oee, energy, stops]) chart(board, data);
  void units(board);
  gantt(board, data);
  return () => board.end();
}

/** Show the trace page in a holder; gives what takes it away again. */
export async function trace(holder: HTMLElement, wishes: TraceWishes, id: string, of: TraceOf): Promise<() => void> {
  speak(wishes.lang);
  return showTrace(holder, wishes, id, of);
}
