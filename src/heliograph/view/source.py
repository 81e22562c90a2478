"""What a page of the workshop is fed from: a recorded day now; a run in progress has to keep the same contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

__all__ = ["Hit", "Source"]


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a search found: its kind (vehicle, machine, stocker, carrier, lot, cell, station) and its id."""

    kind: str
    id: str
    at_ms: int | None = None
    """A moment of its own, of a cell: when it left its last machine."""


class Source(Protocol):
    """A floor, and what happens on it. Times are ms after the record's start. No call changes anything."""

    def floor(self) -> bytes:
        """What stands still, and the names that chunks give numbers of: one JSON document."""
        ...

    def span(self) -> tuple[int, int]:
        """From when to when something can be shown; of a run in progress, the second moves on."""
        ...

    def chunk(self, from_ms: int, to_ms: int) -> bytes:
        """All that is on the floor from one moment to the other; `view.series` says how.

        Raises:
            UsageWrong: longer than an hour.
        """
        ...

    def details(self, kind: str, thing: str, at_ms: int) -> msgspec.Struct:
        """What is known of a thing at a moment.

        Raises:
            NotFound: there is no such thing.
        """
        ...

    def trace(self, thing: str, unit: int | None, from_ms: int | None, to_ms: int | None) -> msgspec.Struct:
        """The genealogy of a cell or a lot; or all that was in a machine, or one unit of it, between two moments.

        Raises:
            NotFound: there is no such thing. UsageWrong: it is no id, or the times are the wrong way round.
        """
        ...

    def together(self, machine: str, unit: int, batch: int) -> msgspec.Struct:
        """All that was in one batch of a machine's unit.

        Raises:
            NotFound: there was none.
        """
        ...

    def search(self, text: str) -> list[Hit]:
        """Things whose ids hold the text, the likeliest first."""
        ...

    def figures(self) -> msgspec.Struct:
        """Figures over the whole span."""
        ...

    def charts(self) -> msgspec.Struct:
        """Figures over the whole span that take longer to add up."""
        ...

    def units(self, step: str) -> Sequence[msgspec.Struct]:
        """Efficiency of cells by the unit that they went through at a step.

        Raises:
            NotFound: there is no such step.
        """
        ...

    def heat(self, from_ms: int, to_ms: int) -> msgspec.Struct:
        """Where vehicles come and wait between two moments."""
        ...
