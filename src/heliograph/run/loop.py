"""The loop that joins flow, fleet and floor: event, state, commands, event.

    floor -> events -> flow -> moves -> fleet -> vehicles at load ports -> hand-offs -> floor

The floor tells when its next thing happens; the fleet drives up to then and says who has arrived on the way. No part
calls back into another: the loop carries everything, and notes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heliograph import daybook
from heliograph.commands import HandOff, Move
from heliograph.daybook import NOT_YET_MS, VEHICLE_STATES, Batteries, Daybook, Moves, Tracks
from heliograph.errors import UsageWrong
from heliograph.events import CarrierPlaced, CarrierTaken, Event, VehicleArrived
from heliograph.fleet.direct import Direct
from heliograph.fleet.fleet import Fleet
from heliograph.fleet.mishaps import BREAKDOWN, Mishaps
from heliograph.flow.dispatch import Flow
from heliograph.plant.model import Plant
from heliograph.plant.roadmap import Roadmap
from heliograph.run.moves import TIMES, move_columns
from heliograph.sweeps import no_sweeps
from heliograph.twin.floor import Twin
from heliograph.units import ms_from_h

if TYPE_CHECKING:
    from heliograph.run.live.feed import Feed

__all__ = ["Progress", "simulate"]


@dataclass(frozen=True)
class Progress:
    """How far a simulation has come."""

    now_ms: int
    from_ms: int
    until_ms: int
    cells: int
    vehicles_busy: int


class _Loop:
    """One run of the twin."""

    def __init__(
        self,
        plant: Plant,
        roadmap: Roadmap,
        seed: int,
        from_ms: int,
        mishaps: Mishaps | None,
        feed: Feed | None,
    ) -> None:
        self.plant = plant
        self.mishaps = mishaps
        self.feed = feed
        self.floor = Twin(plant, seed=seed, start_ms=from_ms)
        self.flow = Flow(plant)
        self.fleet: Fleet | Direct
        if plant.transport == "direct":
            self.fleet = Direct(start_ms=from_ms)
        else:
            self.fleet = Fleet(roadmap, plant.vehicles, seed=seed, start_ms=from_ms)
        self.moves: list[Move] = []
        self.events: list[Event] = []
        self.recording = False
        for order in self.flow.start():
            if not isinstance(order, Move):
                self.floor.order(order, from_ms)

    def run_to(self, until_ms: int, report: Callable[[int], bool]) -> int:
        """Let everything happen that is due before `until_ms`; stops early where `report` says so. Gives the time."""
        floor = self.floor
        fleet = self.fleet
        turns = 0
        while True:
            turns += 1
            at_ms = min(floor.next_ms(), until_ms)
            if self.mishaps is not None:
                at_ms = min(at_ms, self.mishaps.next_ms)
            goal_ms = at_ms
            if self.feed is not None and isinstance(fleet, Fleet):
                goal_ms = self.feed.upto(at_ms, fleet, floor, self.moves, self.mishaps)
            arrived = fleet.advance(goal_ms)
            if isinstance(fleet, Fleet):
                self._note(fleet.assigned_meanwhile())
            if arrived:
                for event in arrived:
                    self._arrived(event)
                continue
            if goal_ms < at_ms:
                if report(goal_ms):
                    return goal_ms
                continue
            if at_ms >= until_ms:
                return until_ms
            if self.mishaps is not None and at_ms == self.mishaps.next_ms:
                self._mishap(self.mishaps)
                continue
            self._happened(floor.step())
            if turns % 512 == 0 and report(at_ms):
                return at_ms

    def _mishap(self, mishaps: Mishaps) -> None:
        if not isinstance(self.fleet, Fleet):
            raise UsageWrong("without vehicles nothing can happen to them: take a plant with vehicles")
        for event in mishaps.apply(self.fleet):
            self._arrived(event)
        self._note(self.fleet.assign(self.fleet.now_ms))

    def _note(self, events: Sequence[Event]) -> None:
        """These things have happened."""
        if self.recording:
            self.events.extend(events)
        if self.feed is not None:
            self.feed.heard(events)

    def _arrived(self, event: VehicleArrived) -> None:
        move = self.fleet.move_of(event.vehicle)
        if move is None:
            raise AssertionError(f"vehicle {event.vehicle} arrived at {event.station} without a move")
        give = self.fleet.carrying(event.vehicle) >= 0
        self.floor.order(HandOff(event.vehicle, event.station, move.carrier, give), event.at_ms)
        self._note([event])

    def _happened(self, news: list[Event]) -> None:
        asked = False
        for event in news:
            if isinstance(event, CarrierPlaced | CarrierTaken) and event.vehicle >= 0:
                self.fleet.done(event.vehicle, event.at_ms)
                asked = True
            for order in self.flow.decide(event):
                if isinstance(order, Move):
                    self.fleet.want(order)
                    self.moves.append(order)
                    asked = True
                else:
                    self.floor.order(order, event.at_ms)
        self._note(news)
        if asked:
            self._note(self.fleet.assign(news[-1].at_ms))


def simulate(
    plant: Plant,
    roadmap: Roadmap,
    *,
    seed: int,
    hours: float,
    warmup_h: float,
    progress: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    mishaps: Mishaps | None = None,
    feed: Feed | None = None,
) -> Daybook:
    """Run a plant on the twin: `warmup_h` that is not counted, then `hours` that are.

    `stop` is asked now and then; when it says so, the daybook ends there and is marked partial. `mishaps` happen to
    the vehicles; to judge the tracks then takes `mishaps.away`. `feed` tells what happens while it does, and may hold
    the run back; what comes out is the same.
    """
    from_ms, until_ms = -ms_from_h(warmup_h), ms_from_h(hours)
    with no_sweeps():  # the loop makes no such garbage, and a tenth of its time went there
        return _simulate(_Loop(plant, roadmap, seed, from_ms, mishaps, feed), seed, from_ms, until_ms, progress, stop)


def _simulate(
    loop: _Loop,
    seed: int,
    from_ms: int,
    until_ms: int,
    progress: Callable[[Progress], None],
    stop: Callable[[], bool],
) -> Daybook:
    def report(now_ms: int) -> bool:
        fleet = loop.fleet
        busy = sum(fleet.move_of(v) is not None for v in range(fleet.count)) if isinstance(fleet, Fleet) else 0
        progress(Progress(now_ms, from_ms, until_ms, loop.floor.cells, busy))
        return stop()

    now_ms = loop.run_to(0, report) if from_ms < 0 else 0
    partial = now_ms < 0
    alive = loop.floor.wafers_alive()
    state_ms, kwh = _vehicle_figures(loop.fleet)
    _gauge(loop.fleet)
    loop.recording = True
    if loop.feed is not None and not partial:
        loop.feed.begin_record(alive)
    if not partial:
        now_ms = loop.run_to(until_ms, report)
        partial = now_ms < until_ms
    _gauge(loop.fleet)
    if loop.feed is not None and isinstance(loop.fleet, Fleet):
        loop.feed.tell_all(loop.fleet, loop.floor, loop.moves, loop.mishaps)
    end_state_ms, end_kwh = _vehicle_figures(loop.fleet)
    floor = loop.floor
    return Daybook(
        machine_ids=floor.machine_ids,
        vehicle_ids=_vehicle_ids(loop.fleet),
        from_ms=from_ms,
        until_ms=now_ms,
        seed=seed,
        partial=partial,
        batches=floor.batches(),
        parts=floor.parts(),
        lots=floor.lots(),
        moves=_moves(loop),
        tracks=_tracks(loop.fleet),
        states=floor.states(now_ms),
        stops=floor.stops(now_ms),
        waits=floor.waits(),
        events=loop.events,
        vehicle_state_ms=end_state_ms - state_ms,
        vehicle_kwh=end_kwh - kwh,
        alive_at_start=alive,
        batteries=_batteries(loop.fleet),
        mishaps=None if loop.mishaps is None else _mishaps(loop.mishaps, now_ms),
    )


def _mishaps(mishaps: Mishaps, until_ms: int) -> daybook.Mishaps:
    """What went wrong within the record; a moment after its end has not come."""
    vehicle, what, start_ms, towed_ms, end_ms = mishaps.happened().T
    kind = np.where(what == BREAKDOWN, daybook.MISHAPS.index("breakdown"), daybook.MISHAPS.index("stall"))
    end_ms = np.where(end_ms > until_ms, NOT_YET_MS, end_ms)
    return daybook.Mishaps(vehicle.astype(np.int16), kind.astype(np.int8), start_ms, towed_ms, end_ms)


def _vehicle_ids(fleet: Fleet | Direct) -> tuple[str, ...]:
    """V001 onwards; none where carriers change place by themselves."""
    return tuple(f"V{number + 1:03d}" for number in range(fleet.count)) if isinstance(fleet, Fleet) else ()


def _vehicle_figures(fleet: Fleet | Direct) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(v, 6) time in each vehicle state and (v,) kWh drawn to charge it, since the start."""
    if isinstance(fleet, Direct):
        return np.zeros((0, len(VEHICLE_STATES)), np.int64), np.zeros(0)
    return fleet.state_ms(), fleet.grid_kwh()


def _gauge(fleet: Fleet | Direct) -> None:
    """Note how full every battery is."""
    if isinstance(fleet, Fleet):
        fleet.gauge()


def _batteries(fleet: Fleet | Direct) -> Batteries:
    """How full batteries were within the record."""
    rows = np.zeros((3, 0), np.int64) if isinstance(fleet, Direct) else fleet.gauged()
    vehicle, at_ms, permille = rows[:, rows[1] >= 0]
    return Batteries(vehicle.astype(np.int16), at_ms, permille.astype(np.int16))


def _moves(loop: _Loop) -> Moves:
    """Every move asked for, with what the fleet made of it."""
    made, count = loop.fleet.moves(), len(loop.moves)
    place = np.asarray(made["number"], np.int64)
    vehicle, times, metres = np.full(count, -1), np.full((len(TIMES), count), NOT_YET_MS), np.zeros((2, count))
    vehicle[place] = made["vehicle"]
    times[:, place] = [made[f"{name}_ms"] for name in TIMES]
    metres[:, place] = [made["empty_m"], made["loaded_m"]]
    return move_columns(loop.moves, vehicle, times, metres[0], metres[1])


def _tracks(fleet: Fleet | Direct) -> Tracks:
    """What the vehicles held within the record."""
    if isinstance(fleet, Direct):
        none = np.zeros(0, np.int64)
        return Tracks(none.astype(np.int16), none.astype(np.int32), none, none, none)
    columns: dict[str, Any] = fleet.tracks(since_ms=0)
    return Tracks(*(columns[name] for name in Tracks._fields))
