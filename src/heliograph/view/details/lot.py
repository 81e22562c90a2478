"""What is known of a lot, or of a carrier, at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heliograph.record.store import Where
from heliograph.view.details.ahead import queue_of, whereabouts
from heliograph.view.details.moves import absent, move_of, moves_around, place_of
from heliograph.view.details.parts import parts_of, since_start, whole_parts
from heliograph.view.told import CarrierTold, LotTold

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["carrier_of", "lot_of"]


def lot_of(day: Day, thing: str, at_ms: int) -> LotTold:
    """See `details_of`."""
    number = day.lots.get(thing, -1)
    if number < 0:
        raise absent("lot", thing)
    columns = ["line", "released_utc", "finished_utc", "wafers", "lost"]
    about = day.tables.read("lots", columns, [Where("lot", "is", thing)])
    if about is None:
        raise absent("lot", thing)
    row = about.to_pylist()[0]
    parts = parts_of(day, "lot", thing)
    inside = [part for part in parts if part.start_ms <= at_ms and (part.end_ms is None or part.end_ms > at_ms)]
    steps = whole_parts(parts)
    ahead = [part for part in steps if part.start_ms > at_ms]
    carrier, place = whereabouts(day, thing, at_ms)
    released = since_start(day, row["released_utc"])
    finished = None if row["finished_utc"] is None else since_start(day, row["finished_utc"])
    return LotTold(
        id=thing,
        line=row["line"],
        released_ms=released,
        finished_ms=finished,
        wafers=row["wafers"],
        lost=row["lost"],
        carrier=carrier,
        place=place,
        inside=inside,
        steps=steps,
        next_step=ahead[0].step if ahead else "",
        next_ms=ahead[0].start_ms if ahead else None,
        late=any(part.late for part in parts),
        queue=queue_of(day, parts, released, finished, at_ms),
        moves=[move_of(day, move) for move in np.flatnonzero(day.moves.lot == number).tolist()],
    )


def carrier_of(day: Day, thing: str, at_ms: int) -> CarrierTold:
    """See `details_of`."""
    number = day.carriers.get(thing, -1)
    if number < 0:
        raise absent("carrier", thing)
    carriers = day.series["carriers"]
    row = int(carriers.in_force(at_ms)[number])
    lot = int(carriers.columns["lot"][row])
    return CarrierTold(
        id=thing,
        place=place_of(day, int(carriers.columns["place"][row])),
        lot=day.lot_ids[lot] if lot >= 0 else "",
        since_ms=int(carriers.at[row]) if carriers.at[row] >= 0 else None,
        moves=moves_around(day, np.flatnonzero(day.moves.carrier == number), at_ms),
    )
