"""Machines through a recorded day: the SEMI E10 state of each, and why."""

from __future__ import annotations

import numpy as np

from heliograph.daybook import E10_STATES
from heliograph.view.series import Series, series_of
from heliograph.view.tables import Tables, codes, names_in, since_ms

__all__ = ["state_series"]


def state_series(tables: Tables, start_ms: int, machines: dict[str, int]) -> tuple[Series, tuple[str, ...]]:
    """Columns: `state`, index into E10_STATES; `reason`, index into the reasons, which come second."""
    table = tables.read("states", ["machine", "state", "reason", "start_utc"])
    if table is None:
        none = np.zeros(0, np.int64)
        return series_of(len(machines), none, none, state=none.astype(np.uint8), reason=none.astype(np.uint16)), ()
    reasons = tuple(names_in(table["reason"]))
    machine = codes(table["machine"], machines)
    state = codes(table["state"], {name: number for number, name in enumerate(E10_STATES)})
    reason = codes(table["reason"], {name: number for number, name in enumerate(reasons)})
    known = np.flatnonzero((machine >= 0) & (state >= 0))
    series = series_of(
        len(machines),
        machine[known],
        since_ms(table["start_utc"], start_ms)[known],
        state=state[known].astype(np.uint8),
        reason=reason[known].astype(np.uint16),
    )
    return series, reasons
