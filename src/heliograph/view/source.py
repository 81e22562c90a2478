"""What a page of the workshop is fed from: a recorded day, or a run in progress, which keeps the same contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

__all__ = ["Hit", "LiveSource", "Opening", "Order", "Pulse", "Source"]


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


class Opening(Protocol):
    """A source that takes a while to read; its floor can be drawn meanwhile."""

    def sketch(self) -> bytes:
        """The floor of the `Source`, as far as it is known before it has been read; `reading` in it says so."""
        ...

    def read(self) -> Source:
        """All of it.

        Raises:
            HeliographError: it cannot be read.
        """
        ...


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody who watches a run asks for: another speed, to stand still or go on, to go on for a while."""

    speed: float | None = None
    """Times as fast as real time; 0: as fast as it can."""
    paused: bool | None = None
    step_ms: int | None = None
    """Go on for so long, then stand still."""


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """How a run stands now, and the names that have come since somebody last asked."""

    span: tuple[int, int]
    final_ms: int
    """Nothing that chunks say of the time before will change."""
    until_ms: int
    """Where the record is to end."""
    part: str
    """What the run is doing; see `view.live.Portion.part`."""
    speed: float
    paused: bool
    message: str
    lots: list[str]
    reasons: list[str]
    ways: list[int]
    """Nodes from and to of each way that has come, in turn."""


class LiveSource(Source, Protocol):
    """A run in progress. Its pace is the one thing that can be changed."""

    def pulse(self, lots: int, reasons: int, ways: int) -> Pulse:
        """How it stands, for somebody who knows so many lots, reasons and ways."""
        ...

    def steer(self, order: Order) -> None:
        """Ask for another pace.

        Raises:
            UsageWrong: there is no such pace, or the run is over.
        """
        ...
