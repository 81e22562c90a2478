"""Transport without vehicles: every move sets out at once and takes a fixed time. For queueing experiments.

The same calls as `fleet.Fleet`, so that `run.loop` need not know.
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from heliograph.commands import Move
from heliograph.daybook import NOT_YET_MS
from heliograph.events import MoveAssigned, VehicleArrived

__all__ = ["Direct"]


class Direct:
    """Each move has a carrier of its own that is there `travel_ms` later; vehicle numbers are move numbers."""

    def __init__(self, travel_ms: int = 0, start_ms: int = 0) -> None:
        self._travel_ms = travel_ms
        self._new: list[Move] = []
        self._loaded: set[int] = set()
        self._moves: dict[int, Move] = {}
        self._arrivals: list[tuple[int, int, int, str]] = []
        self._count = 0
        self._times: dict[int, list[int]] = {}
        self.now_ms = start_ms

    def want(self, move: Move) -> None:
        """A move to make."""
        self._new.append(move)

    def assign(self, now_ms: int) -> list[MoveAssigned]:
        """All wanted moves set out."""
        assigned = []
        for move in self._new:
            self._moves[move.number] = move
            self._times[move.number] = [now_ms]
            assigned.append(MoveAssigned(now_ms, move.number, move.number))
            self._send(now_ms, move.number, move.source)
        self._new.clear()
        return assigned

    def _send(self, at_ms: int, vehicle: int, station: str) -> None:
        self._count += 1
        heapq.heappush(self._arrivals, (at_ms, self._count, vehicle, station))

    def advance(self, until_ms: int) -> list[VehicleArrived]:
        """The next arrivals, if they come before or at `until_ms`."""
        if not self._arrivals or self._arrivals[0][0] > until_ms:
            self.now_ms = until_ms
            return []
        self.now_ms = self._arrivals[0][0]
        arrived = []
        while self._arrivals and self._arrivals[0][0] == self.now_ms:
            at_ms, _, vehicle, station = heapq.heappop(self._arrivals)
            self._times[vehicle].append(at_ms)
            arrived.append(VehicleArrived(at_ms, vehicle, station, vehicle))
        return arrived

    def move_of(self, vehicle: int) -> Move:
        """The move that a vehicle makes."""
        return self._moves[vehicle]

    def carrying(self, vehicle: int) -> int:
        """The carrier on the vehicle, -1: none."""
        return self._moves[vehicle].carrier if vehicle in self._loaded else -1

    def done(self, vehicle: int, now_ms: int) -> None:
        """A hand-off is complete."""
        self._times[vehicle].append(now_ms)
        if vehicle in self._loaded:
            self._loaded.remove(vehicle)
            del self._moves[vehicle]
        else:
            self._loaded.add(vehicle)
            self._send(now_ms + self._travel_ms, vehicle, self._moves[vehicle].target)

    def moves(self) -> dict[str, NDArray[np.generic]]:
        """Every move made, with its moments, as `Fleet.moves` gives them."""
        numbers = np.array(list(self._times), np.int64)
        moments = np.full((len(numbers), 5), NOT_YET_MS, np.int64)
        for row, times in enumerate(self._times.values()):
            moments[row, : len(times)] = times
        columns: dict[str, NDArray[np.generic]] = {"number": numbers, "vehicle": np.full(len(numbers), -1, np.int16)}
        for place, name in enumerate(("assigned_ms", "at_source_ms", "taken_ms", "at_target_ms", "placed_ms")):
            columns[name] = moments[:, place]
        for name in ("empty_m", "loaded_m"):
            columns[name] = np.zeros(len(numbers))
        return columns
