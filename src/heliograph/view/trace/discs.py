"""Which discs an answer was read from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from heliograph.record.store import Kept, Where
from heliograph.view.trace.told import DiscTold

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["discs_of"]


def discs_of(day: Day, asked: Sequence[tuple[str, Sequence[Where]]]) -> list[DiscTold]:
    """The discs that hold the files with the rows of these tables, in order; none: it is not known where they stand."""
    kept = day.record.kept()
    if not kept:
        return []
    files: dict[Kept, list[str]] = {}
    for table, where in asked:
        for name in day.tables.holding(table, where):
            for place in kept.get(name, ()):
                files.setdefault(place, []).append(name)
    return [
        DiscTold(set_id=place.set_id, volume=place.volume, image=place.image, files=names)
        for place, names in sorted(files.items())
    ]
