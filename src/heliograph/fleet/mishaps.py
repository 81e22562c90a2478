"""What goes wrong with vehicles, drawn by seed: short stalls on the way, and vehicles that break for good.

    mishaps = Mishaps(fleet.count, seed=1, until_ms=DAY_MS)
    fleet.advance(min(until_ms, mishaps.next_ms))
    for arrived in mishaps.apply(fleet): ...   # hand-offs by people, to be completed as any other

A broken vehicle stands until it is towed. What it carried people then carry to its target, as is done in plants: the
next machine waits for it. Repaired vehicles come back to a free place to rest.
"""

from __future__ import annotations

import heapq
from typing import Final

import numpy as np
from numpy.typing import NDArray

from heliograph.events import VehicleArrived
from heliograph.fleet.fleet import Fleet
from heliograph.units import MINUTE_MS

__all__ = ["BREAKDOWN", "NOT_YET_MS", "STALL", "Mishaps"]

TICK_MS: Final = 5_000
"""Stalls are drawn for the steps of so long a time at once."""
NEVER_MS: Final = np.iinfo(np.int64).max
NOT_YET_MS: Final = int(np.iinfo(np.int64).min)
"""In `Mishaps.happened`: a moment that has not come."""
STALL: Final = 0
BREAKDOWN: Final = 1
_STALL: Final = 0
_BREAK: Final = 1
_TOW: Final = 2
_RETURN: Final = 3


class Mishaps:
    """Draws mishaps for a fleet and applies them through its own operations; same seed, same mishaps.

    Args:
        count: of the fleet's vehicles.
        until_ms: nothing breaks from then on.
        from_ms: nothing goes wrong before.
        stall_share: of all steps (drives from node to node).
        stall_s: the shortest and the longest stall.
        broken_share: of all vehicles, each once, at any time.
        towed_min: from breaking down to being taken out.
        back_min: from there to being back; None: for good.
    """

    def __init__(
        self,
        count: int,
        *,
        seed: int,
        until_ms: int,
        from_ms: int = 0,
        stall_share: float = 0.01,
        stall_s: tuple[float, float] = (5.0, 60.0),
        broken_share: float = 0.05,
        towed_min: float = 10.0,
        back_min: float | None = 30.0,
    ) -> None:
        self._luck = np.random.default_rng([seed, 0x57A11])
        self._stall_share, self._stall_ms = stall_share, (round(1000 * stall_s[0]), round(1000 * stall_s[1]))
        self._towed_ms = round(towed_min * MINUTE_MS)
        self._back_ms = None if back_min is None else round(back_min * MINUTE_MS)
        self._steps = -1
        self.stalls = 0
        """So many stalls so far."""
        self.broken = 0
        """So many vehicles have broken down so far."""
        self.away: NDArray[np.int64] = np.zeros((0, 3), np.int64)
        """`Fleet.away`, for the judge."""
        self._happened: list[list[int]] = []
        victims = self._luck.permutation(count)[: round(broken_share * count)].tolist()
        times = self._luck.integers(from_ms, max(until_ms, from_ms + 1), len(victims)).tolist()
        self._agenda = [(at_ms, _BREAK, vehicle) for at_ms, vehicle in zip(times, victims, strict=True)]
        if stall_share > 0:
            self._agenda.append((from_ms, _STALL, -1))
        heapq.heapify(self._agenda)

    @property
    def next_ms(self) -> int:
        """When the next thing may go wrong; advance the fleet no further."""
        return self._agenda[0][0] if self._agenda else int(NEVER_MS)

    def happened(self) -> NDArray[np.int64]:
        """(k, 5) all so far: vehicle, STALL or BREAKDOWN, when it began, was towed, and moved on or was back."""
        return np.array(self._happened, np.int64).reshape(-1, 5)

    def one(self, number: int) -> list[int]:
        """A row of `happened`."""
        return self._happened[number]

    @property
    def count(self) -> int:
        """So many have happened so far."""
        return len(self._happened)

    def apply(self, fleet: Fleet) -> list[VehicleArrived]:
        """Let everything happen that is due now.

        Returns:
            Carriers of towed vehicles that people hand over now; when that is done, tell the fleet by `done`.
        """
        arrived: list[VehicleArrived] = []
        while self._agenda and self._agenda[0][0] <= fleet.now_ms:
            at_ms, kind, vehicle = heapq.heappop(self._agenda)
            if kind == _STALL:
                self._stall(fleet)
                self._later(at_ms + TICK_MS, _STALL, -1)
            elif kind == _BREAK:
                fleet.halt(vehicle)
                self.broken += 1
                self._happened.append([vehicle, BREAKDOWN, fleet.now_ms, NOT_YET_MS, NOT_YET_MS])
                self._later(at_ms + self._towed_ms, _TOW, vehicle)
            elif kind == _TOW:
                self._tow(fleet, at_ms, vehicle, arrived)
            else:
                self._return(fleet, at_ms, vehicle)
        return arrived

    def _later(self, at_ms: int, kind: int, vehicle: int) -> None:
        heapq.heappush(self._agenda, (at_ms, kind, vehicle))

    def _stall(self, fleet: Fleet) -> None:
        """Of the steps since the last time that share; those that drive now stand for them."""
        steps = fleet.steps
        since = max(steps - self._steps, 0) if self._steps >= 0 else 0
        hit = int(self._luck.binomial(since, self._stall_share))
        self._steps = steps
        driving = fleet.driving()
        for vehicle in self._luck.permutation(driving)[:hit].tolist():
            ms = int(self._luck.integers(*self._stall_ms, endpoint=True))
            fleet.stall(vehicle, ms)
            self.stalls += 1
            self._happened.append([vehicle, STALL, fleet.now_ms, NOT_YET_MS, fleet.now_ms + ms])

    def _tow(self, fleet: Fleet, at_ms: int, vehicle: int, arrived: list[VehicleArrived]) -> None:
        if fleet.hands_over(vehicle):
            self._later(at_ms + MINUTE_MS, _TOW, vehicle)
            return
        if fleet.take_out(vehicle) is not None:
            arrived.append(fleet.carry_in(vehicle))
        self._breakdown_of(vehicle)[3] = fleet.now_ms
        self.away = fleet.away()
        if self._back_ms is not None:
            self._later(at_ms + self._back_ms, _RETURN, vehicle)

    def _return(self, fleet: Fleet, at_ms: int, vehicle: int) -> None:
        place = fleet.free_place(vehicle)
        if place is None or fleet.move_of(vehicle) is not None:
            self._later(at_ms + MINUTE_MS, _RETURN, vehicle)
            return
        fleet.put_back(vehicle, place)
        self._breakdown_of(vehicle)[4] = fleet.now_ms
        self.away = fleet.away()

    def _breakdown_of(self, vehicle: int) -> list[int]:
        return next(one for one in reversed(self._happened) if one[0] == vehicle and one[1] == BREAKDOWN)
