"""What is known of a cell."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from heliograph.ids import parse_cell
from heliograph.record.genealogy import trace_cell
from heliograph.view.told import CellTold

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["cell_of"]


def cell_of(day: Day, thing: str) -> CellTold:
    """What is known of a cell; the same at every moment."""
    trace = trace_cell(day.record, parse_cell(thing))

    def since(moment: datetime) -> int:
        return round(moment.timestamp() * 1000) - day.start_ms

    made = since(trace.made)
    lot = day.lots.get(trace.lot, -1)
    carriers = day.series["carriers"]
    rows = np.flatnonzero(carriers.columns["lot"] == lot) if lot >= 0 else np.zeros(0, np.int64)
    whose = np.searchsorted(carriers.start, rows, side="right") - 1
    later = rows[carriers.at[rows] >= made]
    pick = later[np.argmin(carriers.at[later])] if len(later) else (rows[-1] if len(rows) else -1)
    carrier = day.carrier_ids[int(whose[np.flatnonzero(rows == pick)[0]])] if pick >= 0 else ""
    return CellTold(
        id=trace.cell,
        trace=trace,
        made_ms=made,
        carrier=carrier,
        steps=[
            (step.step, step.machine, step.unit, since(step.start), None if step.end is None else since(step.end))
            for step in trace.steps
        ],
    )
