"""The port to a floor: one contract for the twin and for the real plant.

`run.loop` knows a floor only through this. The twin keeps it in simulated time; a real link keeps it with VDA 5050,
SECS/GEM and OPC UA: the same orders go out, the same events come back.
"""

from __future__ import annotations

from typing import Protocol

from heliograph.commands import HandOff, Release
from heliograph.events import Event

__all__ = ["Floor"]


class Floor(Protocol):
    """Machines, load ports, arms and carriers, wherever they are."""

    def next_ms(self) -> int:
        """When the next thing happens, as far as the floor knows."""

    def step(self) -> list[Event]:
        """What happens at `next_ms`, in order."""

    def order(self, command: HandOff | Release, now_ms: int) -> None:
        """Begin a hand-off or release a lot; what comes of it comes back as events."""
