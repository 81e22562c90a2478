"""Everything that can be ordered, as typed frozen values: flow asks fleet and floor, the fleet orders vehicles."""

from __future__ import annotations

import msgspec

__all__ = ["NEVER_MS", "Command", "HandOff", "Move", "Release"]


NEVER_MS = 1 << 60
"""Later than any time of a run."""


class Move(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Carry one carrier from one load port to another.

    Both ports are reserved for it by whoever asks; a higher `priority` goes first; `lot` is -1 for an empty carrier.
    """

    number: int
    carrier: int
    lot: int
    source: str
    target: str
    priority: int
    wanted_ms: int
    due_ms: int = NEVER_MS
    """The carrier should be taken by then."""


class HandOff(msgspec.Struct, frozen=True, gc=False):
    """The vehicle at `station` takes the carrier there (`give` False), or gives the one it carries (`give` True)."""

    vehicle: int
    station: str
    carrier: int
    give: bool


class Release(msgspec.Struct, frozen=True, gc=False):
    """The wafer store `machine` begins one more lot as soon as it has an empty carrier."""

    machine: str


Command = Move | HandOff | Release
