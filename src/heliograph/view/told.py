"""What is told of a thing at a moment: ids, codes and numbers; times in ms after the record's start."""

from __future__ import annotations

import msgspec

from heliograph.record.genealogy import CellTrace

__all__ = [
    "CarrierTold",
    "CellTold",
    "DueTold",
    "Link",
    "LotTold",
    "MachineTold",
    "MoveTold",
    "NextTold",
    "PartTold",
    "QueueTold",
    "Stay",
    "VehicleTold",
]


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle of the chain, and what it does: drives, waits (for `node`), serves (a hand-off), stands (without an
    order), charges, stall, breakdown, off_floor.
    """

    vehicle: str
    does: str
    node: str = ""
    """The node that it waits for, or stands at."""
    since_ms: int = 0


class MoveTold(msgspec.Struct, frozen=True, kw_only=True):
    """A move; times in ms after the record's start, None: not within the record."""

    move: int
    vehicle: str
    carrier: str
    lot: str
    source: str
    target: str
    wanted_ms: int | None
    assigned_ms: int | None
    at_source_ms: int | None
    """From here to `taken_ms` is the hand-off at the source: in the words of SEMI E84, its port is unloaded."""
    taken_ms: int | None
    at_target_ms: int | None
    """From here to `placed_ms` the port of the target is loaded."""
    placed_ms: int | None


class VehicleTold(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle."""

    kind: str = "vehicle"
    id: str
    phase: str
    move: MoveTold | None
    carrier: str
    lot: str
    chain: list[Link]
    soc_pct: float | None
    """State of charge of its battery, of the capacity; None: not recorded."""
    path: list[int]
    """Ways that it will drive until it is where it is bound for."""
    moves: list[MoveTold]
    use: dict[str, float]
    """Hours of the record by what it did; kwh beside them."""


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """A machine in a state."""

    state: str
    reason: str
    start_ms: int
    end_ms: int


class PartTold(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a lot in a batch."""

    lot: str
    step: str
    machine: str
    unit: int
    batch: int
    first: int
    last: int
    lost: int
    wait_s: float
    late: bool
    start_ms: int
    end_ms: int | None


class DueTold(msgspec.Struct, frozen=True, kw_only=True):
    """A planned stop of a machine that comes back."""

    state: str
    reason: str
    every_h: float
    minutes: float
    last_ms: int | None
    """When it began last, within the record."""
    due_ms: int | None
    """By the plant's rule, `every_h` after that at the latest; None: none has begun yet within the record."""
    came_ms: int | None
    """When the next one began, as the record has it; None: not within the record."""


class NextTold(msgspec.Struct, frozen=True, kw_only=True):
    """The lot that comes into a machine next, and where it is now."""

    lot: str
    start_ms: int
    """When its first wafer will go in."""
    place: str
    """Station or vehicle that its carrier is on; empty: see `machine`."""
    machine: str
    """Machine that it is in, or came out of last; empty: see `place` and `unloaded`; all empty: not yet released."""
    unloaded: str
    """Station at which an arm has taken it out of its carrier, for the machine that has not begun with it yet."""
    out_ms: int | None
    """When its last wafer leaves that machine, or has left it."""
    state: str
    """State of that machine, and the reason."""
    reason: str


class QueueTold(msgspec.Struct, frozen=True, kw_only=True):
    """A lot that waits for its next step."""

    step: str
    since_ms: int
    """When its last wafer left the step before."""
    limit_s: float | None
    """Queue time that the step allows; None: any."""
    due_ms: int | None
    """When that is over."""
    late: bool


class MachineTold(msgspec.Struct, frozen=True, kw_only=True):
    """A machine or a stocker."""

    kind: str = "machine"
    id: str
    state: str
    reason: str
    since_ms: int
    until_ms: int
    stays: list[Stay]
    inside: list[PartTold]
    recent: list[PartTold]
    """The last that came out."""
    carriers: list[tuple[str, str, str]]
    """Carriers on its ports: station, carrier, lot or empty."""
    coming: list[MoveTold]
    """Moves under way to it."""
    leaving: list[MoveTold]
    """Moves asked for from its ports, the carrier not yet taken: what it waits for when it is blocked."""
    next: NextTold | None
    due: list[DueTold]
    hours: dict[str, float]
    """Hours of the record in each state."""


class LotTold(msgspec.Struct, frozen=True, kw_only=True):
    """A lot."""

    kind: str = "lot"
    id: str
    line: int
    released_ms: int
    finished_ms: int | None
    wafers: int
    lost: int
    carrier: str
    place: str
    """Station or vehicle that its carrier is on; empty: it is in a machine, not yet released, or in the store."""
    inside: list[PartTold]
    steps: list[PartTold]
    """One row for each step and machine: the whole stay."""
    next_step: str
    next_ms: int | None
    late: bool
    queue: QueueTold | None
    """None: it is in a machine, finished, or not yet released."""
    moves: list[MoveTold]


class CarrierTold(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier."""

    kind: str = "carrier"
    id: str
    place: str
    lot: str
    since_ms: int | None
    moves: list[MoveTold]


class CellTold(msgspec.Struct, frozen=True, kw_only=True):
    """A cell: its way, with times in ms after the record's start."""

    kind: str = "cell"
    id: str
    trace: CellTrace
    made_ms: int
    carrier: str
    steps: list[tuple[str, str, int, int, int | None]]
    """Step, machine, unit, in, out."""
