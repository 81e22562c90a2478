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
    from heliograph.view.details import Known

__all__ = ["find", "find_cell", "is_cell"]

_MOST: Final = 20
_LONGEST_QUERY: Final = 80


def find(known: Known, text: str) -> list[Hit]:
    """Things whose ids hold the text; those that begin with it first. For cells, see `find_cell`."""
    wanted = _wanted(text)
    if not wanted:
        return []
    hits: list[Hit] = []
    kinds = (
        ("vehicle", known.vehicle_ids),
        ("machine", list(known.machines)),
        ("stocker", [stocker.id for stocker in known.files.plant.stockers]),
        ("lot", known.lot_ids),
        ("carrier", known.carrier_ids),
    )
    for kind, names in kinds:
        found = [name for name in names if wanted in name.upper()]
        found.sort(key=lambda name: (not name.upper().startswith(wanted), name))
        hits += [Hit(kind=kind, id=name) for name in found[:_MOST]]
    hits.sort(key=lambda hit: (hit.id.upper() != wanted, not hit.id.upper().startswith(wanted)))
    return hits[:_MOST]


def find_cell(day: Day, text: str) -> list[Hit]:
    """The cell whose whole id this is."""
    if not is_cell(text):
        return []
    with contextlib.suppress(HeliographError):
        cell = trace_cell(day.record, parse_cell(_wanted(text)))
        return [Hit(kind="cell", id=cell.cell, at_ms=round(cell.made.timestamp() * 1000) - day.start_ms)]
    return []


def is_cell(text: str) -> bool:
    """Whether this could be the id of a cell."""
    return _wanted(text).count("-") == 2


def _wanted(text: str) -> str:
    return text.strip().upper()[:_LONGEST_QUERY]
