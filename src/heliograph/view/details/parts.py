"""What the tables of a record say of lots, their parts in batches, and vehicles, as details tell them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from heliograph.record.store import Where
from heliograph.view.details.known import LotRow
from heliograph.view.told import PartTold

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["lot_of_record", "parts_of", "since_start", "use_of", "whole_parts"]


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


def lot_of_record(day: Day, thing: str) -> LotRow | None:
    """The row of a lot; None: it cannot be read."""
    columns = ["line", "released_utc", "finished_utc", "wafers", "lost"]
    found = day.tables.read("lots", columns, [Where("lot", "is", thing)])
    if found is None or not found.num_rows:
        return None
    row = found.to_pylist()[0]
    finished = row["finished_utc"]
    return LotRow(
        line=row["line"],
        released_ms=since_start(day, row["released_utc"]),
        finished_ms=None if finished is None else since_start(day, finished),
        wafers=row["wafers"],
        lost=row["lost"],
    )


def use_of(day: Day, vehicle: str) -> dict[str, float]:
    """Hours of a vehicle by what it did, and kwh."""
    found = day.tables.read("vehicles", None)
    for row in found.to_pylist() if found is not None else []:
        if row["vehicle"] == vehicle:
            hours = {name.removesuffix("_s"): row[name] / 3600 for name in row if name.endswith("_s")}
            return {**hours, "kwh": row["kwh"]}
    return {}


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
