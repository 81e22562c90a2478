"""The states of a machine over the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from heliograph.daybook import E10_STATES
from heliograph.view.told import Stay

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["stays_of"]


def stays_of(day: Day, machine: int) -> list[Stay]:
    """The states of a machine, those that follow each other unchanged as one."""
    states = day.series["states"]
    its = states.of(machine)
    starts = states.at[its].tolist()
    kinds, reasons = states.columns["state"][its].tolist(), states.columns["reason"][its].tolist()
    told: list[Stay] = []
    ends = [*starts[1:], day.end_ms][: len(starts)]
    for kind, reason, start, end in zip(kinds, reasons, starts, ends, strict=True):
        state, because = E10_STATES[kind], day.reasons[reason]
        if told and (told[-1].state, told[-1].reason) == (state, because):
            told[-1] = msgspec.structs.replace(told[-1], end_ms=end)
        else:
            told.append(Stay(state=state, reason=because, start_ms=start, end_ms=end))
    return told
