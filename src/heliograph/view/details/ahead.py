"""What comes next: the lot that a machine takes next, its planned stops, and how long a lot may still wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heliograph.plant.model import Downtime
from heliograph.units import HOUR_MS, SECOND_MS
from heliograph.view.details.moves import place_of
from heliograph.view.details.states import stays_of
from heliograph.view.told import DueTold, NextTold, PartTold, QueueTold, Stay

if TYPE_CHECKING:
    from heliograph.view.details.known import Known

__all__ = ["due_of", "next_of", "queue_of", "whereabouts"]


def whereabouts(known: Known, lot: str, at_ms: int) -> tuple[str, str]:
    """The carrier that holds a lot, and the station or vehicle that it is on; empty: none."""
    carriers = known.series["carriers"]
    row = carriers.in_force(at_ms)
    seen = np.flatnonzero(row >= 0)
    holds = seen[carriers.columns["lot"][row[seen]] == known.lots.get(lot, -2)].tolist()
    if not holds:
        return "", ""
    return known.carrier_ids[holds[0]], place_of(known, int(carriers.columns["place"][row[holds[0]]]))


def next_of(known: Known, parts: list[PartTold], at_ms: int) -> NextTold | None:
    """The lot of these parts (of one machine) that begins next, and where it is."""
    here = {part.lot for part in parts if part.start_ms <= at_ms}
    later = [part for part in parts if part.start_ms > at_ms and part.lot not in here]
    if not later:
        return None
    lot = later[0].lot
    _, place = whereabouts(known, lot, at_ms)
    machine, out, unloaded = ("", None, "") if place else _off_the_floor(known, lot, at_ms)
    its = stays_of(known, known.machines[machine]) if machine else []
    now = next((stay for stay in reversed(its) if stay.start_ms <= at_ms), None)
    return NextTold(
        unloaded=unloaded,
        lot=lot,
        start_ms=later[0].start_ms,
        place=place,
        machine=machine,
        out_ms=out,
        state=now.state if now else "",
        reason=now.reason if now else "",
    )


def _off_the_floor(known: Known, lot: str, at_ms: int) -> tuple[str, int | None, str]:
    """Where a lot is that is in no carrier: the machine that it is in or came out of last, and when its last wafer
    leaves that; or the station at which it was set down since.
    """
    begun = [part for part in known.parts("lot", lot, at_ms) if part.start_ms <= at_ms]
    machine = begun[-1].machine if begun else ""
    ends = [part.end_ms for part in known.parts("lot", lot, at_ms) if machine and part.machine == machine]
    out = None if None in ends else max((end for end in ends if end is not None), default=None)
    moves = known.moves
    rows = np.flatnonzero((moves.lot == known.lots.get(lot, -2)) & (moves.placed <= at_ms))
    if len(rows):
        last = rows[np.argmax(moves.placed[rows])]
        if not machine or (out is not None and moves.placed[last] >= out):
            return "", None, known.station_ids[int(moves.target[last])]
    return machine, out, ""


def _out(part: PartTold, at_ms: int) -> bool:
    return part.end_ms is not None and part.end_ms <= at_ms


def due_of(known: Known, number: int, stays: list[Stay], at_ms: int) -> list[DueTold]:
    """The planned stops of a machine; one connected behind another stops with that one."""
    plant = known.files.plant
    machine = plant.machines[number]
    head = next((other for other in plant.machines if machine.id in other.members), machine)
    kind = next(kind for kind in plant.equipment if kind.code == head.equipment)
    # A stay at the very begin may have begun before it: when, nobody wrote down.
    return [_due(stop, [stay for stay in stays if stay.start_ms > known.begin_ms], at_ms) for stop in kind.downtime]


def _due(stop: Downtime, stays: list[Stay], at_ms: int) -> DueTold:
    begun = [s.start_ms for s in stays if (s.state, s.reason) == (stop.state, stop.reason)]
    last = max((at for at in begun if at <= at_ms), default=None)
    return DueTold(
        state=stop.state,
        reason=stop.reason,
        every_h=stop.every_h,
        minutes=stop.minutes,
        last_ms=last,
        due_ms=None if last is None else last + round(stop.every_h * HOUR_MS),
        came_ms=min((at for at in begun if at > at_ms), default=None),
    )


def queue_of(
    known: Known, parts: list[PartTold], released_ms: int, finished_ms: int | None, at_ms: int
) -> QueueTold | None:
    """How long a lot has waited, and may still wait, for the step that it has not begun."""
    if at_ms < released_ms or (finished_ms is not None and at_ms >= finished_ms):
        return None
    begun = [part for part in parts if part.start_ms <= at_ms]
    route = known.files.plant.route
    done = max((route.index(part.step) for part in begun), default=-1)
    here = [part for part in parts if done >= 0 and part.step == route[done]]
    if done + 1 >= len(route) or not all(_out(part, at_ms) for part in (*begun, *here)):
        return None
    since = max((part.end_ms or 0 for part in begun if part.step == route[done]), default=released_ms)
    step = next(step for step in known.files.plant.steps if step.code == route[done + 1])
    limit = None if step.max_wait_min is None else step.max_wait_min * 60
    due = None if limit is None else since + round(limit * SECOND_MS)
    return QueueTold(step=step.code, since_ms=since, limit_s=limit, due_ms=due, late=due is not None and at_ms > due)
