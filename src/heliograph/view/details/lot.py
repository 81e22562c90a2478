"""What is known of a lot, or of a carrier, at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heliograph.view.details.ahead import queue_of, whereabouts
from heliograph.view.details.moves import absent, move_of, moves_around, place_of
from heliograph.view.details.parts import whole_parts
from heliograph.view.told import CarrierTold, LotTold

if TYPE_CHECKING:
    from heliograph.view.details.known import Known

__all__ = ["carrier_of", "lot_of"]


def lot_of(known: Known, thing: str, at_ms: int) -> LotTold:
    """See `details_of`."""
    number = known.lots.get(thing, -1)
    if number < 0:
        raise absent("lot", thing)
    row = known.lot_row(thing)
    if row is None:
        raise absent("lot", thing)
    parts = known.parts("lot", thing, at_ms)
    inside = [part for part in parts if part.start_ms <= at_ms and (part.end_ms is None or part.end_ms > at_ms)]
    steps = whole_parts(parts)
    ahead = [part for part in steps if part.start_ms > at_ms]
    carrier, place = whereabouts(known, thing, at_ms)
    return LotTold(
        id=thing,
        line=row.line,
        released_ms=row.released_ms,
        finished_ms=row.finished_ms,
        wafers=row.wafers,
        lost=row.lost,
        carrier=carrier,
        place=place,
        inside=inside,
        steps=steps,
        next_step=ahead[0].step if ahead else "",
        next_ms=ahead[0].start_ms if ahead else None,
        late=any(part.late for part in parts),
        queue=queue_of(known, parts, row.released_ms, row.finished_ms, at_ms),
        moves=[move_of(known, move) for move in np.flatnonzero(known.moves.lot == number).tolist()],
    )


def carrier_of(known: Known, thing: str, at_ms: int) -> CarrierTold:
    """See `details_of`."""
    number = known.carriers.get(thing, -1)
    if number < 0:
        raise absent("carrier", thing)
    carriers = known.series["carriers"]
    row = int(carriers.in_force(at_ms)[number])
    if row < 0:
        raise absent("carrier", thing)
    lot = int(carriers.columns["lot"][row])
    return CarrierTold(
        id=thing,
        place=place_of(known, int(carriers.columns["place"][row])),
        lot=known.lot_ids[lot] if lot >= 0 else "",
        since_ms=int(carriers.at[row]) if carriers.at[row] >= known.begin_ms else None,
        moves=moves_around(known, np.flatnonzero(known.moves.carrier == number), at_ms),
    )
