"""The moves of a run as columns of its daybook."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heliograph.commands import Move
from heliograph.daybook import F64, I64, Moves

__all__ = ["TIMES", "move_columns"]

TIMES = ("assigned", "at_source", "taken", "at_target", "placed")
"""Moments of a move, in their order."""


def move_columns(asked: Sequence[Move], vehicle: I64, times: I64, empty_m: F64, loaded_m: F64) -> Moves:
    """Every move asked for, with what the fleet made of it.

    Args:
        asked: by their number, from 0.
        vehicle: (n,) -1: none has it.
        times: (5, n) the moments of `TIMES`; NOT_YET_MS where one has not come.
        empty_m: (n,) driven to the source.
        loaded_m: (n,) driven with the carrier.
    """
    return Moves(
        number=np.arange(len(asked), dtype=np.int64),
        carrier=np.array([move.carrier for move in asked], np.int32),
        lot=np.array([move.lot for move in asked], np.int32),
        source=[move.source for move in asked],
        target=[move.target for move in asked],
        priority=np.array([move.priority for move in asked], np.int16),
        vehicle=vehicle.astype(np.int16),
        wanted_ms=np.array([move.wanted_ms for move in asked], np.int64),
        **{f"{name}_ms": column.copy() for name, column in zip(TIMES, times, strict=True)},
        empty_m=empty_m,
        loaded_m=loaded_m,
    )
