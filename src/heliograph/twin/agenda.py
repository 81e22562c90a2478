"""The agenda: what will happen on the simulated floor, in order of time, then of entry."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

__all__ = ["NEVER_MS", "Agenda"]

NEVER_MS = 1 << 62


class Agenda:
    """A heap of (time, entry number, act, arguments); equal times run in the order they were entered."""

    __slots__ = ("_count", "_heap", "now_ms")

    def __init__(self, start_ms: int) -> None:
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self.now_ms = start_ms

    def at(self, at_ms: int, act: Callable[..., None], *arguments: Any) -> None:
        """Let `act(*arguments)` happen at `at_ms`."""
        self._count += 1
        heapq.heappush(self._heap, (at_ms, self._count, act, arguments))

    def next_ms(self) -> int:
        """The time of the next entry, NEVER_MS if there is none."""
        return self._heap[0][0] if self._heap else NEVER_MS

    def step(self) -> None:
        """Let everything happen that is due at the next time, what is entered for that very time included."""
        heap = self._heap
        now = self.now_ms = heap[0][0]
        while heap and heap[0][0] == now:
            _, _, act, arguments = heapq.heappop(heap)
            act(*arguments)
