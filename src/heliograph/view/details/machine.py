"""What is known of a machine or a stocker at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from heliograph.daybook import E10_STATES
from heliograph.view.details.moves import absent, move_of
from heliograph.view.details.parts import parts_of
from heliograph.view.told import MachineTold, PartTold, Stay

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["machine_of", "stays_of"]


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
        hours=hours,
    )


def _end(part: PartTold) -> int:
    return part.end_ms or 0


def stays_of(day: Day, machine: int) -> list[Stay]:
    """The states of a machine, those that follow each other unchanged as one."""
    states = day.series["states"]
    its = states.of(machine)
    starts = states.at[its].tolist()
    kinds, reasons = states.columns["state"][its].tolist(), states.columns["reason"][its].tolist()
    told: list[Stay] = []
    ends = [*starts[1:], day.end_ms][: len(starts)]
    for kind, reason, start, end in zip(kinds, reasons, starts, ends, strict=True):
        state, because = E10_STATES[kind], day.reasons[reason]
        if told and (told[-1].state, told[-1].reason) == (state, because):
            told[-1] = msgspec.structs.replace(told[-1], end_ms=end)
        else:
            told.append(Stay(state=state, reason=because, start_ms=start, end_ms=end))
    return told


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
