"""Prices: in a crush, places where vehicles stand and wait cost more, so that ways lead round jams.

What guidance learns before the first step (see `guide`) are the streams as they should be; prices follow what happens.
For each node there are two fading counts: vehicles that came, and vehicles that stood there and wanted to go on. Their
ratio is how long one waits there. From time to time the costs of the arcs into each node are set anew, and the rows of
distances are made again a few at a time; a row that is older than the costs is as good as it was.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.steps.lattice import Lattice
from heliograph.fleet.steps.rows import MOST, MOST_NARROW, UNIT, Roads, RowTable

__all__ = ["Prices"]

FADE: Final = 0.98
"""What a step leaves of the counts."""
WAIT: Final = 1.5
"""Each step that one waits at a node costs so many steps ..."""
LONGEST: Final = 10.0
"""... for so many steps at most."""
SELDOM: Final = 0.05
"""Vehicles a step that are taken to come in any case: a single one that waits is no jam."""
PERIOD: Final = 20
"""Prices are set no more often than after so many steps."""
WORK: Final = 120_000
"""States looked at in a step to make rows again, where there is time."""


class Prices:
    """What waiting costs, and which rows do not know of it yet."""

    def __init__(self, roads: Roads, lattice: Lattice, states: NDArray[np.int32], *, narrow: bool) -> None:
        tail = np.repeat(np.arange(len(lattice.node)), np.diff(lattice.arc_start))
        self._arcs = np.flatnonzero(lattice.node[tail] != lattice.node[lattice.arc_to])
        self._into = lattice.node[lattice.arc_to[self._arcs]]
        self._plain = roads.arc_cost[self._arcs].copy()
        self._roads = roads
        self._most = MOST_NARROW if narrow else MOST
        self._rows_a_step = max(1, WORK // len(lattice.node))
        self._came = np.zeros(lattice.nodes)
        self._stood = np.zeros(lattice.nodes)
        self._was = np.where(states >= 0, lattice.node[states], -1)
        self._old: list[int] = []
        self._steps = 0

    def saw(self, states: NDArray[np.int32], wants: NDArray[np.bool_], idle: NDArray[np.int64]) -> None:
        """A step is over.

        Args:
            states: (v,) where each vehicle is; -1: not on the map.
            wants: (v,) who wants to go on.
            idle: (v,) steps since it left a node.
        """
        node = np.where(states >= 0, self._roads.node[states], -1)
        here = node >= 0
        came, stood = here & (node != self._was), here & (idle > 1) & wants
        self._came, self._stood = (
            FADE * before + (1 - FADE) * np.bincount(node[who], minlength=len(before))
            for before, who in ((self._came, came), (self._stood, stood))
        )
        self._was = node
        self._steps += 1

    def outdated(self, rows: RowTable, leisure: float) -> list[int]:
        """A few rows to be made again; when none are left, prices are set anew.

        Args:
            leisure: from 0 to 1, how much time there is.
        """
        if not self._old and self._steps >= PERIOD:
            self._steps = 0
            waits = np.minimum(LONGEST, self._stood / (self._came + SELDOM))
            cost = self._plain + UNIT * WAIT * waits[self._into]
            self._roads.arc_cost[self._arcs] = np.minimum(self._most, cost)
            self._old = rows.in_use()[::-1].tolist()
        some = max(1, round(leisure * self._rows_a_step))
        now = self._old[len(self._old) - min(some, len(self._old)) :]
        del self._old[len(self._old) - len(now) :]
        return now
