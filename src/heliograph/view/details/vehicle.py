"""What is known of a vehicle at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heliograph.view.details.moves import absent, move_of, moves_around
from heliograph.view.details.waits import why
from heliograph.view.told import VehicleTold
from heliograph.view.vehicles import FULL, PHASES

if TYPE_CHECKING:
    from heliograph.view.details.known import Known

__all__ = ["vehicle_of"]


def vehicle_of(known: Known, thing: str, at_ms: int) -> VehicleTold:
    """See `details_of`."""
    number = known.vehicles.get(thing, -1)
    if number < 0:
        raise absent("vehicle", thing)
    doing = known.series["doing"]
    row = int(doing.in_force(at_ms)[number])
    phase = PHASES[int(doing.columns["doing"][row]) % FULL]
    moves = known.moves
    rows = np.flatnonzero(moves.vehicle == number)
    under_way = None
    if phase != "none":
        order = rows[np.argsort(moves.assigned[rows], kind="stable")]
        open_ = order[(moves.assigned[order] <= at_ms) & (moves.placed[order] > at_ms)]
        under_way = move_of(known, int(open_[0])) if len(open_) else None
    loaded = under_way is not None and under_way.taken_ms is not None and under_way.taken_ms <= at_ms
    changes = doing.at[doing.of(number)]
    after = changes[np.searchsorted(changes, at_ms, side="right") :]
    until = int(after[0]) if len(after) else known.end_ms
    path: list[int] = []
    if phase in ("to_source", "to_target"):
        path = _path(known, number, at_ms, until)
        if not len(after):
            path += known.planned(number, int(doing.columns["goal"][row]), loaded=loaded)
    soc_pct = float(known.batteries.of(number, np.array([at_ms]))[0])
    return VehicleTold(
        id=thing,
        phase=phase,
        move=under_way,
        carrier=under_way.carrier if under_way and loaded else "",
        lot=under_way.lot if under_way and loaded else "",
        chain=why(known, number, at_ms),
        soc_pct=None if np.isnan(soc_pct) else round(soc_pct, 2),
        path=path,
        moves=moves_around(known, rows, at_ms),
        use=known.use(thing),
    )


def _path(known: Known, vehicle: int, from_ms: int, until_ms: int) -> list[int]:
    drives = known.series["drives"]
    its = drives.of(vehicle)
    ends = drives.at[its] + drives.columns["took"][its].astype(np.int64)
    on = (ends > from_ms) & (drives.at[its] < until_ms)
    ways: list[int] = drives.columns["way"][its][on].tolist()
    return ways
