"""Find things by a part of their ids."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from heliograph.errors import HeliographError
from heliograph.ids import parse_cell
from heliograph.record.genealogy import trace_cell
from heliograph.view.source import Hit

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["find"]

_MOST: Final = 20
_LONGEST_QUERY: Final = 80


def find(day: Day, text: str) -> list[Hit]:
    """Things whose ids hold the text; those that begin with it first. A whole cell id finds the cell."""
    wanted = text.strip().upper()[:_LONGEST_QUERY]
    if not wanted:
        return []
    hits: list[Hit] = []
    if wanted.count("-") == 2:
        with contextlib.suppress(HeliographError):
            cell = trace_cell(day.record, parse_cell(wanted))
            hits.append(Hit(kind="cell", id=cell.cell, at_ms=round(cell.made.timestamp() * 1000) - day.start_ms))
    stockers = [stocker.id for stocker in day.files.plant.stockers]
    kinds = (
        ("vehicle", day.vehicle_ids),
        ("machine", list(day.machines)),
        ("stocker", stockers),
        ("lot", day.lot_ids),
        ("carrier", day.carrier_ids),
    )
    for kind, names in kinds:
        found = [name for name in names if wanted in name.upper()]
        found.sort(key=lambda name: (not name.upper().startswith(wanted), name))
        hits += [Hit(kind=kind, id=name) for name in found[:_MOST]]
    hits.sort(key=lambda hit: (hit.kind != "cell", hit.id.upper() != wanted, not hit.id.upper().startswith(wanted)))
    return hits[:_MOST]
