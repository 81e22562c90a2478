"""What is known of a machine or a stocker at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heliograph.daybook import E10_STATES
from heliograph.view.details.ahead import due_of, next_of
from heliograph.view.details.moves import absent, move_of
from heliograph.view.details.states import stays_of
from heliograph.view.told import MachineTold, PartTold

if TYPE_CHECKING:
    from heliograph.view.details.known import Known

__all__ = ["machine_of"]


def machine_of(known: Known, thing: str, at_ms: int) -> MachineTold:
    """See `details_of`."""
    number = known.machines.get(thing, -1)
    stockers = {stocker.id for stocker in known.files.plant.stockers}
    if number < 0 and thing not in stockers:
        raise absent("machine", thing)
    stays = stays_of(known, number) if number >= 0 else []
    now = next((stay for stay in reversed(stays) if stay.start_ms <= at_ms), None)
    hours: dict[str, float] = dict.fromkeys(E10_STATES, 0.0) if stays else {}
    for stay in stays:
        hours[stay.state] += (stay.end_ms - stay.start_ms) / 3_600_000
    parts = known.parts("machine", thing, at_ms) if number >= 0 else []
    inside = [part for part in parts if part.start_ms <= at_ms and (part.end_ms is None or part.end_ms > at_ms)]
    out = sorted((part for part in parts if part.end_ms is not None and part.end_ms <= at_ms), key=_end, reverse=True)
    ports = {place for place, spot in enumerate(known.ground.stations) if spot.of == thing}
    target = np.isin(known.moves.target, sorted(ports))
    coming = np.flatnonzero(target & (known.moves.assigned <= at_ms) & (known.moves.placed > at_ms))
    source = np.isin(known.moves.source, sorted(ports))
    leaving = np.flatnonzero(source & (known.moves.wanted <= at_ms) & (known.moves.taken > at_ms))
    return MachineTold(
        kind="machine" if number >= 0 else "stocker",
        id=thing,
        state=now.state if now else "",
        reason=now.reason if now else "",
        since_ms=now.start_ms if now else 0,
        until_ms=now.end_ms if now else 0,
        stays=stays,
        inside=inside,
        recent=out[:6],
        carriers=_on(known, ports, at_ms),
        coming=[move_of(known, row) for row in coming.tolist()],
        leaving=[move_of(known, row) for row in leaving.tolist()],
        next=next_of(known, parts, at_ms) if number >= 0 else None,
        due=due_of(known, number, stays, at_ms) if number >= 0 else [],
        hours=hours,
    )


def _end(part: PartTold) -> int:
    return part.end_ms or 0


def _on(known: Known, ports: set[int], at_ms: int) -> list[tuple[str, str, str]]:
    carriers = known.series["carriers"]
    row = carriers.in_force(at_ms)
    carrier = np.flatnonzero(row >= 0)
    place, lot = carriers.columns["place"][row[carrier]], carriers.columns["lot"][row[carrier]]
    found = np.flatnonzero(np.isin(place, sorted(ports))).tolist()
    names = known.station_ids, known.carrier_ids, known.lot_ids
    told = [
        (names[0][int(place[c])], names[1][int(carrier[c])], names[2][int(lot[c])] if lot[c] >= 0 else "")
        for c in found
    ]
    return sorted(told)
