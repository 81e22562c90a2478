"""Moves as details tell them, and where they lead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from heliograph.errors import NotFound
from heliograph.view.series import NEVER
from heliograph.view.told import MoveTold

if TYPE_CHECKING:
    from heliograph.view.details.known import Known, Moved

__all__ = ["absent", "move_of", "moves_around", "place_of", "when"]


_AROUND: Final = 4
"""So many moves before and after the one under way are told."""


def absent(kind: str, thing: str) -> NotFound:
    """The error for a thing that the record does not hold."""
    return NotFound(f"no {kind} {thing[:80]!r} in this record", hint="search finds ids by a part of them")


def when(at_ms: int) -> int | None:
    """A moment of a series; None: never."""
    return None if at_ms == NEVER else int(at_ms)


def move_of(known: Moved, row: int) -> MoveTold:
    """A row of `known.moves`."""
    moves = known.moves

    def name(names: Sequence[str], number: int) -> str:
        return names[number] if number >= 0 else ""

    return MoveTold(
        move=int(moves.number[row]),
        vehicle=name(known.vehicle_ids, int(moves.vehicle[row])),
        carrier=name(known.carrier_ids, int(moves.carrier[row])),
        lot=name(known.lot_ids, int(moves.lot[row])),
        source=name(known.station_ids, int(moves.source[row])),
        target=name(known.station_ids, int(moves.target[row])),
        wanted_ms=when(moves.wanted[row]),
        assigned_ms=when(moves.assigned[row]),
        at_source_ms=when(moves.at_source[row]),
        taken_ms=when(moves.taken[row]),
        at_target_ms=when(moves.at_target[row]),
        placed_ms=when(moves.placed[row]),
    )


def moves_around(known: Moved, rows: Any, at_ms: int) -> list[MoveTold]:
    """Moves of these rows around a moment, in order of time."""
    begun = np.minimum(known.moves.assigned[rows], known.moves.wanted[rows])
    rows = rows[np.argsort(begun, kind="stable")]
    here = int(np.searchsorted(np.sort(begun), at_ms, side="right"))
    return [move_of(known, row) for row in rows[max(here - 1 - _AROUND, 0) : here + _AROUND].tolist()]


def place_of(known: Known, place: int) -> str:
    """Station or vehicle; empty: not known."""
    count = len(known.station_ids)
    if place < count:
        return known.station_ids[place]
    return known.vehicle_ids[place - count] if place - count < len(known.vehicle_ids) else ""
