"""Parts of lots in batches as details tell them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from heliograph.record.store import Where
from heliograph.view.told import PartTold

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["parts_of", "since_start", "whole_parts"]


_PART: Final = (
    "lot",
    "step",
    "machine",
    "unit",
    "batch",
    "first",
    "last",
    "lost",
    "wait_s",
    "late",
    "start_utc",
    "end_utc",
)


def parts_of(day: Day, column: str, thing: str) -> list[PartTold]:
    """Parts in batches whose column (`lot` or `machine`) is this thing, in order of time."""
    found = day.tables.read("steps", list(_PART), [Where(column, "is", thing)])
    parts = []
    for row in found.to_pylist() if found is not None else []:
        start, end = (None if row[name] is None else since_start(day, row[name]) for name in ("start_utc", "end_utc"))
        same = {name: row[name] for name in _PART if not name.endswith("_utc")}
        parts.append(PartTold(start_ms=start or 0, end_ms=end, **same))
    parts.sort(key=lambda part: part.start_ms)
    return parts


def since_start(day: Day, moment: Any) -> int:
    """A moment of the tables (UTC without zone) in ms after the record's start."""
    utc = day.record.start.replace(tzinfo=None) - (day.record.start.utcoffset() or timedelta())
    since: int = round((moment - utc).total_seconds() * 1000)
    return since


def whole_parts(parts: list[PartTold]) -> list[PartTold]:
    """Parts of one step in one machine, taken together."""
    whole: dict[tuple[str, str], PartTold] = {}
    for part in parts:
        key = (part.step, part.machine)
        one = whole.get(key)
        if one is None:
            whole[key] = part
            continue
        open_ = one.end_ms is None or part.end_ms is None
        whole[key] = msgspec.structs.replace(
            one,
            first=min(one.first, part.first),
            last=max(one.last, part.last),
            lost=one.lost + part.lost,
            late=one.late or part.late,
            end_ms=None if open_ else max(one.end_ms or 0, part.end_ms or 0),
        )
    return sorted(whole.values(), key=lambda part: part.start_ms)
