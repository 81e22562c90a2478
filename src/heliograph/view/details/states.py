"""The states of a machine over the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from heliograph.daybook import E10_STATES
from heliograph.view.told import Stay

if TYPE_CHECKING:
    from heliograph.view.details.known import Stayed

__all__ = ["stays_of"]


def stays_of(known: Stayed, machine: int) -> list[Stay]:
    """The states of a machine, those that follow each other unchanged as one."""
    states = known.series["states"]
    its = states.of(machine)
    starts = states.at[its].tolist()
    kinds, reasons = states.columns["state"][its].tolist(), states.columns["reason"][its].tolist()
    told: list[Stay] = []
    ends = [*starts[1:], known.end_ms][: len(starts)]
    for kind, reason, began, end in zip(kinds, reasons, starts, ends, strict=True):
        start = max(began, known.begin_ms)
        if end <= start and end != known.end_ms:
            continue
        state, because = E10_STATES[kind], known.reasons[reason]
        if told and (told[-1].state, told[-1].reason) == (state, because):
            told[-1] = msgspec.structs.replace(told[-1], end_ms=end)
        else:
            told.append(Stay(state=state, reason=because, start_ms=start, end_ms=end))
    return told
