"""What a run has told so far, put back into a daybook: the one that the run would close if it were stopped there."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from heliograph.commands import Move
from heliograph.daybook import NOT_YET_MS, VEHICLE_STATES, Batteries, Daybook, Lots, Mishaps, Moves, Tracks
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
from heliograph.fleet.mishaps import BREAKDOWN
from heliograph.plant.model import Plant
from heliograph.twin.notes import Notes
from heliograph.view.live import Portion

__all__ = ["Book"]

_TIMES: Final = ("assigned", "at_source", "taken", "at_target", "placed")
_END: Final = 4
"""The column of `Notes.batches` that is filled in later."""


class Book:
    """Folds portions; `daybook` closes it for a moment."""

    def __init__(self, plant: Plant, *, seed: int, from_ms: int, mishaps: bool) -> None:
        self._plant, self._seed, self._from_ms = plant, seed, from_ms
        self._notes = Notes()
        self._machine = {machine.id: number for number, machine in enumerate(plant.machines)}
        self._step = {code: number for number, code in enumerate(plant.route)}
        self._moves: list[Move] = []
        self._times: list[list[int]] = []
        """Of each move its vehicle, and the moments of `_TIMES`."""
        self._task = [-1] * plant.vehicles.count
        self._next: list[list[int]] = [[] for _ in range(plant.vehicles.count)]
        self._visits: list[NDArray[np.int64]] = []
        self._gauged = [np.zeros((3, 0), np.int64)]
        self._lots: list[tuple[int, int, int]] = []
        """Line, released, finished."""
        self._lost: list[NDArray[np.int8]] = []
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
        return self._from_ms if self._last is None else self._last.now_ms

    @property
    def begun(self) -> bool:
        """Whether there is a record by now, however short."""
        return self._before is not None and self.now_ms > 0

    def add(self, portion: Portion) -> None:
        """Fold what is new."""
        notes = self._notes
        self._moves += portion.moves
        self._times += [[-1, *[NOT_YET_MS] * len(_TIMES)] for _ in portion.moves]
        notes.batches += [list(row) for row in portion.batches]
        notes.parts += [tuple(row) for row in portion.parts]  # type: ignore[misc]
        notes.stops += [tuple(row) for row in portion.stops]  # type: ignore[misc]
        for event in portion.events:
            self._happened(event)
        self._events += [event for event in portion.events if event.at_ms >= 0]
        if self._mishaps is not None:
            self._mishaps.update((row[0], list(row[1:])) for row in portion.mishaps)
        if portion.visits.shape[1]:
            self._visits.append(portion.visits)
        self._gauged.append(portion.gauged[:, portion.gauged[1] >= 0])
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
                times = self._times[event.move]
                times[2 if times[3] == NOT_YET_MS else 4] = event.at_ms
            case CarrierTaken() if event.vehicle >= 0:
                self._times[self._task[event.vehicle]][3] = event.at_ms
            case CarrierPlaced() if event.vehicle >= 0:
                self._times[self._task[event.vehicle]][5] = event.at_ms
                queue = self._next[event.vehicle]
                self._task[event.vehicle] = queue.pop(0) if queue else -1
            case BatchEnded():
                self._notes.batches[event.batch][_END] = event.at_ms
            case MachineStateChanged():
                row = (self._machine[event.machine], event.state, event.reason, event.at_ms)
                self._notes.states.append(row)
            case LotReleased():
                self._lots.append((event.line, event.at_ms, NOT_YET_MS))
                self._lost.append(np.full(self._plant.wafers_per_carrier, -1, np.int8))
            case LotFinished():
                self._lots[event.lot] = (*self._lots[event.lot][:2], event.at_ms)
            case WafersLost():
                self._lost[event.lot][np.array(event.positions) - 1] = self._step[event.step]
            case WaitTooLong():
                self._notes.waits.append((event.lot, self._step[event.step], event.at_ms, event.waited_ms))
            case _:
                pass

    def _assigned(self, event: MoveAssigned) -> None:
        before = self._times[event.move][0]
        if before >= 0 and self._task[before] == event.move:  # it broke down on the way
            self._task[before] = -1
        self._times[event.move] = [event.vehicle, event.at_ms, *[NOT_YET_MS] * (len(_TIMES) - 1)]
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
            from_ms=self._from_ms,
            until_ms=last.now_ms,
            seed=self._seed,
            partial=True,
            batches=notes.batch_columns(),
            parts=notes.part_columns(),
            lots=self._lot_columns(),
            moves=self._move_columns(),
            tracks=self._track_columns(last),
            states=notes.state_columns(last.now_ms),
            stops=notes.stop_columns(self._open_stops),
            waits=notes.wait_columns(),
            events=list(self._events),
            vehicle_state_ms=_state_ms(last) - before[0],
            vehicle_kwh=last.charged - before[1],
            alive_at_start=self._alive,
            batteries=self._battery_columns(),
            mishaps=None if self._mishaps is None else _mishaps(list(self._mishaps.values()), last.now_ms),
        )

    def _lot_columns(self) -> Lots:
        line, released, finished = np.array(self._lots, np.int64).reshape(-1, 3).T
        slots = self._plant.wafers_per_carrier
        lost = np.stack(self._lost) if self._lost else np.zeros((0, slots), np.int8)
        return Lots(line.astype(np.int16), released.copy(), finished.copy(), lost)

    def _move_columns(self) -> Moves:
        moves = self._moves
        vehicle, *times = np.array(self._times, np.int64).reshape(-1, 1 + len(_TIMES)).T
        return Moves(
            number=np.arange(len(moves), dtype=np.int64),
            carrier=np.array([move.carrier for move in moves], np.int32),
            lot=np.array([move.lot for move in moves], np.int32),
            source=[move.source for move in moves],
            target=[move.target for move in moves],
            priority=np.array([move.priority for move in moves], np.int16),
            vehicle=vehicle.astype(np.int16),
            wanted_ms=np.array([move.wanted_ms for move in moves], np.int64),
            **{f"{name}_ms": column.copy() for name, column in zip(_TIMES, times, strict=True)},
            empty_m=np.zeros(len(moves)),  # how far they went is told by the finished record alone
            loaded_m=np.zeros(len(moves)),
        )

    def _battery_columns(self) -> Batteries:
        vehicle, at_ms, permille = np.concatenate(self._gauged, axis=1)
        return Batteries(vehicle.astype(np.int16), at_ms, permille.astype(np.int16))

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
    kind = np.where(what == BREAKDOWN, 1, 0)
    end_ms = np.where(end_ms > until_ms, NOT_YET_MS, end_ms)
    return Mishaps(vehicle.astype(np.int16), kind.astype(np.int8), start_ms.copy(), towed_ms.copy(), end_ms)
