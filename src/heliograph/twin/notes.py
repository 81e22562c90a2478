"""What the simulated floor notes while it runs: plain lists, turned into the daybook's columns at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heliograph.daybook import E10_STATES, Batches, Parts, States, Stops, Waits
from heliograph.events import Event

__all__ = ["Notes", "batch_columns", "part_columns", "stop_columns"]

_STATE_NUMBER = {state: number for number, state in enumerate(E10_STATES)}


class Notes:
    """Append-only; `news` is what the controller has not heard yet."""

    def __init__(self) -> None:
        self.news: list[Event] = []
        self.batches: list[list[int]] = []
        """number, machine, unit, start, end, start on the operating clock, takt, wafers; the end is filled in later."""
        self.parts: list[tuple[int, int, int, int, int]] = []
        self.states: list[tuple[int, str, str, int]] = []
        self.stops: list[tuple[int, int, int]] = []
        self.waits: list[tuple[int, int, int, int]] = []

    def batch_columns(self) -> Batches:
        """The batches as columns."""
        return batch_columns(self.batches)

    def part_columns(self) -> Parts:
        """The slot maps as columns."""
        return part_columns(self.parts)

    def state_columns(self, until_ms: int) -> States:
        """The stays in E10 states, gapless for each machine, the last one cut at `until_ms`; empty stays left out."""
        rows: list[tuple[int, int, str, int, int]] = []
        last: dict[int, tuple[str, str, int]] = {}
        for machine, state, reason, at_ms in self.states:
            if machine in last:
                old_state, old_reason, since_ms = last[machine]
                if at_ms > since_ms:
                    rows.append((machine, _STATE_NUMBER[old_state], old_reason, since_ms, at_ms))
            last[machine] = (state, reason, at_ms)
        for machine, (state, reason, since_ms) in last.items():
            if until_ms > since_ms:
                rows.append((machine, _STATE_NUMBER[state], reason, since_ms, until_ms))
        rows.sort(key=lambda row: (row[0], row[3]))
        return States(
            machine=_column(rows, 0, np.int16),
            state=_column(rows, 1, np.int8),
            reason=[row[2] for row in rows],
            start_ms=_column(rows, 3, np.int64),
            end_ms=_column(rows, 4, np.int64),
        )

    def stop_columns(self, going_on: Sequence[tuple[int, int, int]]) -> Stops:
        """How each machine's operating clock lags, by machine and time, with the stops that have not ended."""
        return stop_columns([*self.stops, *going_on])

    def wait_columns(self) -> Waits:
        """Waits past the queue time."""
        return Waits(
            lot=_column(self.waits, 0, np.int32),
            step=_column(self.waits, 1, np.int8),
            at_ms=_column(self.waits, 2, np.int64),
            waited_ms=_column(self.waits, 3, np.int64),
        )


def batch_columns(rows: ArrayLike) -> Batches:
    """Rows of `Notes.batches` as columns."""
    number, machine, unit, start, end, op_start, takt, wafers = np.array(rows, np.int64).reshape(-1, 8).T
    return Batches(
        number=number.copy(),
        machine=machine.astype(np.int16),
        unit=unit.astype(np.int16),
        start_ms=start.copy(),
        end_ms=end.copy(),
        op_start_ms=op_start.copy(),
        takt_ms=takt.astype(np.int32),
        wafers=wafers.astype(np.int32),
    )


def part_columns(rows: ArrayLike) -> Parts:
    """Rows of `Notes.parts` as columns."""
    batch, lot, first, last, rank = np.array(rows, np.int64).reshape(-1, 5).T
    return Parts(
        batch=batch.copy(),
        lot=lot.astype(np.int32),
        first=first.astype(np.int16),
        last=last.astype(np.int16),
        rank=rank.astype(np.int32),
    )


def stop_columns(rows: ArrayLike) -> Stops:
    """Rows of `Notes.stops` as columns, by machine and time."""
    table = np.array(rows, np.int64).reshape(-1, 3)
    machine, op_ms, lost_ms = table[np.lexsort(table.T[::-1])].T
    return Stops(machine=machine.astype(np.int16), op_ms=op_ms.copy(), lost_ms=lost_ms.copy())


def _column(rows: Sequence[tuple[int | str, ...]], place: int, kind: type) -> NDArray[Any]:
    return np.array([row[place] for row in rows], kind)
