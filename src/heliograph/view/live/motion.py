"""What moves and changes in a run, folded portion by portion into series that grow.

The series are those of a `view.Day` over the same run's record, with three differences that hang on knowing less, or
more: things are numbered as the run numbers them; the warm-up is there, too; and a drive is shown from its departure
on, with the arrival that is expected, which a stall moves.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from heliograph.commands import Move
from heliograph.daybook import E10_STATES, NOT_YET_MS
from heliograph.events import (
    CarrierEmptied,
    CarrierFilled,
    CarrierPlaced,
    CarrierTaken,
    LotReleased,
    MachineStateChanged,
    MoveAssigned,
    VehicleArrived,
)
from heliograph.plant.read import PlantFiles
from heliograph.view.live.drives import Drives
from heliograph.view.live.growing import Growing
from heliograph.view.live.portion import Portion
from heliograph.view.series import LONG_AGO, least_type
from heliograph.view.vehicles import FULL, MISHAP_KINDS, PHASES

__all__ = ["Motion"]

_NONE, _TO_SOURCE, _TAKING, _TO_TARGET, _PLACING = range(len(PHASES))
_STATE: Final = {name: number for number, name in enumerate(E10_STATES)}
_OFF_FLOOR: Final = MISHAP_KINDS.index("off_floor")

_Row = tuple[int, ...]
"""Thing, time, and the values of the columns in their order."""


class Motion:
    """The series of a run, up to the last portion that was added."""

    def __init__(self, files: PlantFiles) -> None:
        """A run of which nothing is known yet."""
        plant, roadmap = files.plant, files.roadmap
        fleet, stations = plant.vehicles.count, len(roadmap.station_node)
        self.now_ms = LONG_AGO
        """All before this moment is in the series."""
        self.final_ms = LONG_AGO
        """Nothing before this moment will change; from here to `now_ms` some drives may take longer."""
        self.lots = 0
        """So many lots have been released; they are numbered from 0."""
        self.reasons: list[str] = []
        """Why machines are in their states, in the order in which each was first heard."""
        self._reason: dict[str, int] = {}
        self._fleet = fleet
        self._stations = {name: number for number, name in enumerate(roadmap.station_node)}
        self._machines = {machine.id: number for number, machine in enumerate(plant.machines)}
        goal, place = least_type(stations), least_type(stations + fleet)
        self._nowhere = int(np.iinfo(goal).max)
        self.drives = Drives(files)
        self.series: dict[str, Growing] = {
            "drives": self.drives.series,
            "doing": Growing(fleet, doing=np.uint8, goal=goal),
            "mishaps": Growing(fleet, kind=np.uint8),
            "carriers": Growing(plant.carriers.count, place=place, lot=np.int32),
            "states": Growing(len(self._machines), state=np.uint8, reason=np.uint16),
        }
        self._rows: dict[str, list[_Row]] = {"doing": [], "carriers": [], "states": [], "mishaps": []}
        self._moves: list[Move] = []
        self._vehicle: dict[int, int] = {}
        self._task = [-1] * fleet
        self._queue: list[deque[int]] = [deque() for _ in range(fleet)]
        self._phase = [_NONE] * fleet
        self._mishaps: dict[int, tuple[int, int, list[int]]] = {}
        """Vehicle, kind and the moments of those whose moments have not all been told."""
        for vehicle in range(fleet):
            self._rows["doing"].append((vehicle, LONG_AGO, _NONE, self._nowhere))
            self._rows["mishaps"].append((vehicle, LONG_AGO, 0))
        self._write()

    def add(self, portion: Portion) -> None:
        """Fold what happened since the portion before."""
        self._moves += portion.moves
        for event in portion.events:
            match event:
                case MoveAssigned():
                    self._assigned(event)
                case VehicleArrived():
                    self._arrived(event)
                case CarrierTaken() | CarrierPlaced():
                    self._carried(event)
                case CarrierFilled():
                    self._carrier(event.carrier, event.at_ms, self._stations[event.station], event.lot)
                case CarrierEmptied():
                    self._carrier(event.carrier, event.at_ms, self._stations[event.station], -1)
                case MachineStateChanged():
                    self._state(event)
                case LotReleased():
                    self.lots = max(self.lots, event.lot + 1)
                case _:
                    pass
        self._went_wrong(portion)
        self._write()
        if portion.here.shape[1]:
            self.drives.add(portion)
        self.now_ms = max(self.now_ms, portion.now_ms)
        self.final_ms = min(self.now_ms, self.drives.open_since())

    def end(self) -> None:
        """The run is over: a drive that has not arrived is none in the record."""
        self.drives.close()
        self.final_ms = self.now_ms

    def _write(self) -> None:
        for name, rows in self._rows.items():
            if not rows:
                continue
            series = self.series[name]
            thing, at, *values = np.array(rows, np.int64).T
            series.add(thing, at, **dict(zip(series.columns, values, strict=True)))
            rows.clear()

    # moves

    def _doing(self, vehicle: int, at_ms: int, phase: int) -> None:
        self._phase[vehicle] = phase
        goal, full = self._nowhere, 0
        if phase != _NONE:
            move = self._moves[self._task[vehicle]]
            goal = self._stations[move.source if phase < _TO_TARGET else move.target]
            full = FULL if phase >= _TO_TARGET and move.lot >= 0 else 0
        self._rows["doing"].append((vehicle, at_ms, phase + full, goal))

    def _assigned(self, event: MoveAssigned) -> None:
        before = self._vehicle.get(event.move, -1)
        if before >= 0:  # it broke down, and another one takes the move over
            if self._task[before] == event.move:
                self._free(before, event.at_ms)
            elif event.move in self._queue[before]:
                self._queue[before].remove(event.move)
        self._vehicle[event.move] = event.vehicle
        if self._task[event.vehicle] >= 0:
            self._queue[event.vehicle].append(event.move)
        else:
            self._task[event.vehicle] = event.move
            self._doing(event.vehicle, event.at_ms, _TO_SOURCE)

    def _arrived(self, event: VehicleArrived) -> None:
        if 0 <= event.move == self._task[event.vehicle]:
            taken = self._phase[event.vehicle] >= _TO_TARGET
            self._doing(event.vehicle, event.at_ms, _PLACING if taken else _TAKING)

    def _carried(self, event: CarrierTaken | CarrierPlaced) -> None:
        station, vehicle = self._stations[event.station], event.vehicle
        if vehicle < 0:  # where it stands in the beginning
            self._carrier(event.carrier, event.at_ms, station, -1)
            return
        lot = self._moves[self._task[vehicle]].lot if self._task[vehicle] >= 0 else -1
        if isinstance(event, CarrierTaken):
            self._carrier(event.carrier, event.at_ms, len(self._stations) + vehicle, lot)
            self._doing(vehicle, event.at_ms, _TO_TARGET)
        else:
            self._carrier(event.carrier, event.at_ms, station, lot)
            self._free(vehicle, event.at_ms)

    def _free(self, vehicle: int, at_ms: int) -> None:
        self._task[vehicle] = -1
        self._doing(vehicle, at_ms, _NONE)
        if self._queue[vehicle]:
            self._task[vehicle] = self._queue[vehicle].popleft()
            self._doing(vehicle, at_ms, _TO_SOURCE)

    def _carrier(self, carrier: int, at_ms: int, place: int, lot: int) -> None:
        self._rows["carriers"].append((carrier, at_ms, place, lot))

    # machines, and what goes wrong

    def _state(self, event: MachineStateChanged) -> None:
        reason = self._reason.get(event.reason)
        if reason is None:
            reason = self._reason[event.reason] = len(self.reasons)
            self.reasons.append(event.reason)
        self._rows["states"].append((self._machines[event.machine], event.at_ms, _STATE[event.state], reason))

    def _went_wrong(self, portion: Portion) -> None:
        """What began, and what has come of it; how a stall ends is known before it does."""
        for number, vehicle, kind, start_ms, towed_ms, end_ms in portion.mishaps:
            began = number not in self._mishaps
            self._mishaps[number] = (vehicle, kind, [towed_ms, end_ms])
            if began:
                self._rows["mishaps"].append((vehicle, start_ms, kind + 1))
        for number, (vehicle, _, moments) in list(self._mishaps.items()):
            for place, (at_ms, then) in enumerate(zip(moments, (_OFF_FLOOR, 0), strict=True)):
                if NOT_YET_MS < at_ms <= portion.now_ms:
                    self._rows["mishaps"].append((vehicle, at_ms, then))
                    moments[place] = NOT_YET_MS
                    if then == 0:
                        del self._mishaps[number]
