"""What is known of a machine or a stocker at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heliograph.daybook import E10_STATES
from heliograph.view.details.ahead import due_of, next_of
from heliograph.view.details.moves import absent, move_of
from heliograph.view.details.parts import parts_of
from heliograph.view.details.states import stays_of
from heliograph.view.told import MachineTold, PartTold

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["machine_of"]


def machine_of(day: Day, thing: str, at_ms: int) -> MachineTold:
    """See `details_of`."""
    number = day.machines.get(thing, -1)
    stockers = {stocker.id for stocker in day.files.plant.stockers}
    if number < 0 and thing not in stockers:
        raise absent("machine", thing)
    stays = stays_of(day, number) if number >= 0 else []
    now = next((stay for stay in reversed(stays) if stay.start_ms <= at_ms), None)
    hours: dict[str, float] = dict.fromkeys(E10_STATES, 0.0) if stays else {}
    for stay in stays:
        hours[stay.state] += (stay.end_ms - stay.start_ms) / 3_600_000
    parts = parts_of(day, "machine", thing) if number >= 0 else []
    inside = [part for part in parts if part.start_ms <= at_ms and (part.end_ms is None or part.end_ms > at_ms)]
    out = sorted((part for part in parts if part.end_ms is not None and part.end_ms <= at_ms), key=_end, reverse=True)
    ports = {place for place, spot in enumerate(day.ground.stations) if spot.of == thing}
    target = np.isin(day.moves.target, sorted(ports))
    coming = np.flatnonzero(target & (day.moves.assigned <= at_ms) & (day.moves.placed > at_ms))
    source = np.isin(day.moves.source, sorted(ports))
    leaving = np.flatnonzero(source & (day.moves.wanted <= at_ms) & (day.moves.taken > at_ms))
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
        carriers=_on(day, ports, at_ms),
        coming=[move_of(day, row) for row in coming.tolist()],
        leaving=[move_of(day, row) for row in leaving.tolist()],
        next=next_of(day, parts, at_ms) if number >= 0 else None,
        due=due_of(day, number, stays, at_ms) if number >= 0 else [],
        hours=hours,
    )


def _end(part: PartTold) -> int:
    return part.end_ms or 0


def _on(day: Day, ports: set[int], at_ms: int) -> list[tuple[str, str, str]]:
    carriers = day.series["carriers"]
    row = carriers.in_force(at_ms)
    place, lot = carriers.columns["place"][row], carriers.columns["lot"][row]
    found = np.flatnonzero(np.isin(place, sorted(ports)) & (row >= 0)).tolist()
    told = [
        (day.station_ids[int(place[c])], day.carrier_ids[c], day.lot_ids[int(lot[c])] if lot[c] >= 0 else "")
        for c in found
    ]
    return sorted(told)
