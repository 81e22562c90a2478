"""The way that a vehicle has before it in a run in progress: the quickest on the roadmap, as the fleet reckons it.

The fleet decides at each node anew, and goes round what is in the way, so this is a plan and no promise. What has been
driven is known; a record needs no plan.
"""

from __future__ import annotations

import heapq
from typing import Final

from heliograph.plant.motion import NO_TURN, drive_ms, follow
from heliograph.plant.read import PlantFiles

__all__ = ["WaysAhead"]

_START: Final = -1


class WaysAhead:
    """Quickest ways on a plant's roadmap; ways are numbered as its edges."""

    def __init__(self, files: PlantFiles) -> None:
        roadmap, vehicles = files.roadmap, files.plant.vehicles
        self._head = roadmap.edge_to.tolist()
        self._takes_ms = drive_ms(roadmap, vehicles).tolist()
        following = follow(roadmap, [vehicles.turn_deg_s])
        self._start, self._after = following.start.tolist(), following.pairs.tolist()

    def to(self, goal: int, along: int, *, loaded: bool) -> list[int]:
        """The ways that follow one another from the end of `along` to the node `goal`; none: it is there, or cannot.

        As short in time as can be: driving at full speed and turning on the spot (`plant.motion`), Dijkstra's algorithm
        on the edges, because what a turn costs depends on where one comes from.
        """
        if self._head[along] == goal:
            return []
        takes_ms = self._takes_ms[int(loaded)]
        came = {along: _START}
        reached: set[int] = set()
        heap = [(0, along, _START)]
        while heap:
            cost, edge, before = heapq.heappop(heap)
            if edge in reached:
                continue
            reached.add(edge)
            came[edge] = before
            if self._head[edge] == goal:
                return self._back(came, edge)
            for after, turn_ms in self._after[self._start[edge] : self._start[edge + 1]]:
                if turn_ms < NO_TURN and takes_ms[after] > 0 and after not in reached:
                    heapq.heappush(heap, (cost + turn_ms + takes_ms[after], after, edge))
        return []

    def _back(self, came: dict[int, int], edge: int) -> list[int]:
        ways = []
        while came[edge] != _START:
            ways.append(edge)
            edge = came[edge]
        return ways[::-1]
