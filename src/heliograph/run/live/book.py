"""What a run has told so far, put back into a daybook: the one that the run would close if it were stopped there."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.commands import Move
from heliograph.daybook import (
    I32,
    I64,
    MISHAPS,
    NOT_YET_MS,
    VEHICLE_STATES,
    Batches,
    Batteries,
    Daybook,
    Lots,
    Mishaps,
    Moves,
    Parts,
    Stops,
    Tracks,
)
from heliograph.events import (
    BatchEnded,
    CarrierPlaced,
    CarrierTaken,
    Event,
    LotFinished,
    LotReleased,
    MachineStateChanged,
    MoveAssigned,
    VehicleArrived,
    WafersLost,
    WaitTooLong,
)
from heliograph.plant.model import Plant
from heliograph.run.live.rows import Rows
from heliograph.run.moves import TIMES, move_columns
from heliograph.twin.notes import Notes, batch_columns, part_columns, stop_columns
from heliograph.view.live import Portion

__all__ = ["Book"]

_BREAKDOWN: Final = MISHAPS.index("breakdown")
_END: Final = 4
"""The column of `Book.batches` that is filled in later."""


class LotBook(NamedTuple):
    """As much of a daybook as the passages of some lots follow from; see `passages.Noted`."""

    batches: Batches
    parts: Parts
    lots: Lots
    stops: Stops
    until_ms: int


class Book:
    """Folds portions; `daybook` closes it for a moment."""

    def __init__(self, plant: Plant, *, seed: int, from_ms: int, mishaps: bool) -> None:
        self._plant, self._seed, self.from_ms = plant, seed, from_ms
        self.portions = 0
        """So many have been added."""
        self._notes = Notes()
        """States and waits alone."""
        self._machine = {machine.id: number for number, machine in enumerate(plant.machines)}
        self._step = {code: number for number, code in enumerate(plant.route)}
        self.moves: list[Move] = []
        self.trips = Rows(1 + len(TIMES))
        """Of each move its vehicle, and the moments of `run.moves.TIMES`."""
        self._task = [-1] * plant.vehicles.count
        self._next: list[list[int]] = [[] for _ in range(plant.vehicles.count)]
        self._visits: list[NDArray[np.int64]] = []
        self.gauged = Rows(3)
        """Vehicle, when, thousandths of its capacity; the warm-up's, too."""
        self.batches, self.parts, self._stops = Rows(8), Rows(5), Rows(3)
        """As `twin.notes` has them."""
        self.lots = Rows(3)
        """Line, released, finished."""
        self._lost: list[NDArray[np.int8]] = []
        self.late: set[tuple[int, int]] = set()
        """Lots and steps that they waited for too long."""
        self._events: list[Event] = []
        self._mishaps: dict[int, list[int]] | None = {} if mishaps else None
        self._last: Portion | None = None
        self._open_stops: list[tuple[int, int, int]] = []
        self._alive = 0
        self._before: tuple[NDArray[Any], NDArray[Any]] | None = None
        """Time in each state and electricity of the vehicles as the record began."""

    @property
    def now_ms(self) -> int:
        """Up to where it goes."""
        return self.from_ms if self._last is None else self._last.now_ms

    @property
    def begun(self) -> bool:
        """Whether there is a record by now, however short."""
        return self._before is not None and self.now_ms > 0

    def add(self, portion: Portion) -> None:
        """Fold what is new."""
        self.portions += 1
        self.moves += portion.moves
        self.trips.add([[-1, *[NOT_YET_MS] * len(TIMES)] for _ in portion.moves])
        self.batches.add(portion.batches)
        self.parts.add(portion.parts)
        self._stops.add(portion.stops)
        for event in portion.events:
            self._happened(event)
        self._events += [event for event in portion.events if event.at_ms >= 0]
        if self._mishaps is not None:
            self._mishaps.update((row[0], list(row[1:])) for row in portion.mishaps)
        if portion.visits.shape[1]:
            self._visits.append(portion.visits)
        self.gauged.add(portion.gauged.T)
        if portion.here.shape[1]:
            self._last = portion
            self._open_stops = [tuple(row) for row in portion.open_stops]  # type: ignore[misc]
            if portion.alive >= 0:
                self._alive = portion.alive
                self._before = (_state_ms(portion), portion.charged)

    def _happened(self, event: Event) -> None:
        match event:
            case MoveAssigned():
                self._assigned(event)
            case VehicleArrived() if event.move >= 0:
                trip = self.trips.table[event.move]
                trip[2 if trip[3] == NOT_YET_MS else 4] = event.at_ms
            case CarrierTaken() if event.vehicle >= 0:
                self.trips.table[self._task[event.vehicle], 3] = event.at_ms
            case CarrierPlaced() if event.vehicle >= 0:
                self.trips.table[self._task[event.vehicle], 5] = event.at_ms
                queue = self._next[event.vehicle]
                self._task[event.vehicle] = queue.pop(0) if queue else -1
            case BatchEnded():
                self.batches.table[event.batch, _END] = event.at_ms
            case MachineStateChanged():
                row = (self._machine[event.machine], event.state, event.reason, event.at_ms)
                self._notes.states.append(row)
            case LotReleased():
                self.lots.add([(event.line, event.at_ms, NOT_YET_MS)])
                self._lost.append(np.full(self._plant.wafers_per_carrier, -1, np.int8))
            case LotFinished():
                self.lots.table[event.lot, 2] = event.at_ms
            case WafersLost():
                self._lost[event.lot][np.array(event.positions) - 1] = self._step[event.step]
            case WaitTooLong():
                self._notes.waits.append((event.lot, self._step[event.step], event.at_ms, event.waited_ms))
                self.late.add((event.lot, self._step[event.step]))
            case _:
                pass

    def _assigned(self, event: MoveAssigned) -> None:
        before = int(self.trips.table[event.move, 0])
        if before >= 0 and self._task[before] == event.move:  # it broke down on the way
            self._task[before] = -1
        self.trips.table[event.move] = [event.vehicle, event.at_ms, *[NOT_YET_MS] * (len(TIMES) - 1)]
        if self._task[event.vehicle] < 0:
            self._task[event.vehicle] = event.move
        else:
            self._next[event.vehicle].append(event.move)

    def daybook(self) -> Daybook:
        """The daybook of the record up to `now_ms`; it is partial. Only where the record has `begun`."""
        last, before = self._last, self._before
        assert last is not None and before is not None
        notes = self._notes
        return Daybook(
            machine_ids=tuple(self._machine),
            vehicle_ids=tuple(f"V{number + 1:03d}" for number in range(len(self._task))),
            from_ms=self.from_ms,
            until_ms=last.now_ms,
            seed=self._seed,
            partial=True,
            batches=batch_columns(self.batches.table),
            parts=part_columns(self.parts.table),
            lots=self._lot_columns(),
            moves=self._move_columns(),
            tracks=self._track_columns(last),
            states=notes.state_columns(last.now_ms),
            stops=stop_columns(self._all_stops()),
            waits=notes.wait_columns(),
            events=list(self._events),
            vehicle_state_ms=_state_ms(last) - before[0],
            vehicle_kwh=last.charged - before[1],
            alive_at_start=self._alive,
            batteries=self._battery_columns(),
            mishaps=None if self._mishaps is None else _mishaps(list(self._mishaps.values()), last.now_ms),
        )

    def of_lots(self, lots: I32) -> LotBook:
        """What is noted of these lots and of the machines that they have been in."""
        parts = self.parts.table
        parts = parts[np.isin(parts[:, 1], lots)]
        batches = self.batches.table[np.unique(parts[:, 0])]
        stops = self._all_stops()
        return LotBook(
            batches=batch_columns(batches),
            parts=part_columns(parts),
            lots=self._lot_columns(),
            stops=stop_columns(stops[np.isin(stops[:, 0], batches[:, 1])]),
            until_ms=self.now_ms,
        )

    def _all_stops(self) -> I64:
        return np.concatenate((self._stops.table, np.array(self._open_stops, np.int64).reshape(-1, 3)))

    def lost(self, lot: int) -> int:
        """Wafers of a lot that are known to be lost."""
        return int((self._lost[lot] >= 0).sum())

    def spent(self) -> tuple[I64, NDArray[np.float64]]:
        """(v, 6) ms of each vehicle in each state, (v,) kWh drawn for it: of the record; before it, of the warm-up."""
        if self._last is None:
            return np.zeros((len(self._task), len(VEHICLE_STATES)), np.int64), np.zeros(len(self._task))
        ms, kwh = _state_ms(self._last), self._last.charged
        return (ms, kwh) if self._before is None else (ms - self._before[0], kwh - self._before[1])

    def _lot_columns(self) -> Lots:
        line, released, finished = self.lots.table.T
        slots = self._plant.wafers_per_carrier
        lost = np.stack(self._lost) if self._lost else np.zeros((0, slots), np.int8)
        return Lots(line.astype(np.int16), released.copy(), finished.copy(), lost)

    def _move_columns(self) -> Moves:
        vehicle, *times = self.trips.table.T
        none = np.zeros(len(self.moves))  # how far they went is told by the finished record alone
        return move_columns(self.moves, vehicle, np.array(times), none, none)

    def _battery_columns(self) -> Batteries:
        gauged = self.gauged.table
        vehicle, at_ms, permille = gauged[gauged[:, 1] >= 0].T
        return Batteries(vehicle.astype(np.int16), at_ms.copy(), permille.astype(np.int16))

    def _track_columns(self, last: Portion) -> Tracks:
        stands = np.flatnonzero(last.here[0])
        closed = np.full(len(stands), last.now_ms)
        here = np.vstack((stands, last.here[1:4, stands], closed))
        vehicle, node, claimed, arrived, left = np.concatenate([*self._visits, here], axis=1)
        return Tracks(vehicle.astype(np.int16), node.astype(np.int32), claimed, arrived, left)


def _state_ms(portion: Portion) -> NDArray[np.int64]:
    """(v, 6) time of each vehicle in each state, up to the portion's moment."""
    spent = portion.spent[:, : len(VEHICLE_STATES)].copy()
    state, since = portion.here[7], portion.spent[:, len(VEHICLE_STATES)]
    known = np.flatnonzero(state >= 0)
    spent[known, state[known]] += portion.now_ms - since[known]
    return spent


def _mishaps(rows: list[list[int]], until_ms: int) -> Mishaps:
    vehicle, what, start_ms, towed_ms, end_ms = np.array(rows, np.int64).reshape(-1, 5).T
    kind = np.where(what == _BREAKDOWN, 1, 0)
    end_ms = np.where(end_ms > until_ms, NOT_YET_MS, end_ms)
    return Mishaps(vehicle.astype(np.int16), kind.astype(np.int8), start_ms.copy(), towed_ms.copy(), end_ms)
