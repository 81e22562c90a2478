"""Whatever an id names: a machine, a lot or a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from heliograph.ids import parse_cell, parse_lot
from heliograph.view.trace.machine import machine_traced
from heliograph.view.trace.way import cell_traced, lot_traced

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["trace_of"]


def trace_of(day: Day, thing: str, unit: int | None, from_ms: int | None, to_ms: int | None) -> msgspec.Struct:
    """The genealogy of a cell or a lot; or all that was in a machine, in one of its units, in some time.

    Args:
        unit, from_ms, to_ms: of machines alone; None: all units, the record's begin and end.
    Raises:
        NotFound: the record does not hold it. UsageWrong: it is no id, or the times are the wrong way round.
    """
    name = thing if thing in day.machines else thing.strip().upper()  # people type small letters; a plant may have them
    if name in day.machines:
        first = 0 if from_ms is None else from_ms
        return machine_traced(day, name, unit, first, day.end_ms if to_ms is None else to_ms)
    if name.count("-") == 1:
        return lot_traced(day, parse_lot(name))
    return cell_traced(day, parse_cell(name))
