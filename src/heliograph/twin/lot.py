"""A lot on the simulated floor: its wafers by position, and where each lost one was lost."""

from __future__ import annotations

import math
import random

from heliograph.daybook import NOT_YET_MS

__all__ = ["ALIVE", "Lot", "draw_lost"]

ALIVE = 255
"""In `Lot.lost_at`: the wafer is not lost."""


class Lot:
    """`lost_at[p - 1]` is the route index of the step that lost the wafer of position p, or ALIVE."""

    __slots__ = ("alive", "finished_ms", "left", "line", "lost_at", "number", "released_ms", "step_end_ms")

    def __init__(self, number: int, line: int, wafers: int, released_ms: int) -> None:
        self.number = number
        self.line = line
        self.lost_at = bytearray([ALIVE]) * wafers
        self.alive = wafers
        self.released_ms = released_ms
        self.finished_ms = NOT_YET_MS
        self.step_end_ms = released_ms
        """When its last wafer left the last step."""
        self.left = 0
        """Wafers still to leave the machine it is in."""

    def count(self, first: int, last: int) -> int:
        """Wafers alive at positions first to last (from 1, inclusive)."""
        return self.lost_at.count(ALIVE, first - 1, last)

    def position(self, first: int, nth: int) -> int:
        """Position of the nth (from 0) wafer alive at or after position `first`."""
        last = first + nth
        while True:
            short = nth + 1 - self.count(first, last)
            if not short:
                return self.lost_at.rindex(ALIVE, first - 1, last) + 1
            last += short

    def lose(self, position: int, step: int) -> None:
        """The wafer at `position` breaks at route step `step`."""
        self.lost_at[position - 1] = step
        self.alive -= 1


def draw_lost(lot: Lot, first: int, last: int, chance: float, luck: random.Random) -> list[int]:
    """Positions of wafers that break, each with probability `chance`, by jumping from one to the next.

    The gap between losses is geometric, so the cost is that of the losses, not of the wafers (Devroye 1986, X.2).
    """
    if chance <= 0.0:
        return []
    stretch = math.log1p(-chance) if chance < 1.0 else -math.inf
    lost: list[int] = []
    n = lot.count(first, last)
    nth = int(math.log(1.0 - luck.random()) / stretch)
    if nth >= n:
        return lost
    while nth < n:
        lost.append(lot.position(first, nth))
        nth += 1 + int(math.log(1.0 - luck.random()) / stretch)
    return lost
