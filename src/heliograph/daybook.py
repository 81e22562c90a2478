"""The daybook: all that a run has noted, as columns, before it becomes the record's tables.

Filled by `run.loop` from the floor, the flow and the fleet; read by `twin.cells` (which draws the cells) and by
`record` (which writes the tables). All times are milliseconds after the record's start; the warm-up is negative.
Machines are numbered as in `machine_ids`: the plant's, in its order, those connected behind another included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.events import Event

__all__ = [
    "E10_STATES",
    "MISHAPS",
    "NOT_YET_MS",
    "VEHICLE_STATES",
    "Batches",
    "Batteries",
    "Daybook",
    "Lots",
    "Mishaps",
    "Moves",
    "Parts",
    "States",
    "Stops",
    "Tracks",
    "Waits",
]

I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
I16 = NDArray[np.int16]
I8 = NDArray[np.int8]
F64 = NDArray[np.float64]

E10_STATES = (
    "productive",
    "standby",
    "engineering",
    "scheduled_downtime",
    "unscheduled_downtime",
    "non_scheduled",
)
"""The six basic equipment states of SEMI E10; a machine is in exactly one."""

NOT_YET_MS = -(1 << 63)
"""A moment that has not come: the smallest 64-bit integer, since -1 is a moment of the warm-up."""

MISHAPS = ("stall", "breakdown")

VEHICLE_STATES = ("driving_loaded", "driving_empty", "hand_off", "waiting", "charging", "idle")


class Batches(NamedTuple):
    """What one unit (tube, bath, lane) processed together; one row a batch, in order of start."""

    number: I64
    machine: I16
    unit: I16
    """From 1: the tube, bath or lane."""
    start_ms: I64
    end_ms: I64
    """NOT_YET_MS: still in process when the run ended."""
    op_start_ms: I64
    """Start on the machine's own operating clock, which stands still while the machine is stopped (see Stops)."""
    takt_ms: I32
    """0: all wafers together; else wafer k of the batch (from 0) enters k * takt_ms after the start, operating time."""
    wafers: I32


class Parts(NamedTuple):
    """Which wafers of which lots were in a batch: the slot maps. Positions count from 1 and include lost wafers."""

    batch: I64
    lot: I32
    first: I16
    last: I16
    rank: I32
    """Wafers of the batch before this part."""


class Lots(NamedTuple):
    """One row a lot, numbered from 0 in order of release."""

    line: I16
    released_ms: I64
    finished_ms: I64
    """NOT_YET_MS: in process."""
    lost_at: I8
    """(n_lots, slots) index of the route step at which the wafer was lost; -1: it was not."""


class Moves(NamedTuple):
    """One row a move; NOT_YET_MS where a moment has not come."""

    number: I64
    carrier: I32
    lot: I32
    """-1: empty carrier."""
    source: Sequence[str]
    target: Sequence[str]
    priority: I16
    vehicle: I16
    wanted_ms: I64
    assigned_ms: I64
    at_source_ms: I64
    taken_ms: I64
    at_target_ms: I64
    placed_ms: I64
    empty_m: F64
    loaded_m: F64


class Tracks(NamedTuple):
    """One row a node that a vehicle held: claimed (granted), arrived, left (it stands on its next node)."""

    vehicle: I16
    node: I32
    claimed_ms: I64
    arrived_ms: I64
    left_ms: I64


class States(NamedTuple):
    """One row a stay of a machine in an E10 state; the stays of a machine follow each other without a gap."""

    machine: I16
    state: I8
    """Index into E10_STATES."""
    reason: Sequence[str]
    start_ms: I64
    end_ms: I64


class Stops(NamedTuple):
    """How a machine's operating clock lags: at operating time op_ms it has stood still for lost_ms in all.

    Real time of operating time t = t + lost_ms of the last row of that machine with op_ms < t (0 before the first);
    a wafer that is due exactly when a stop begins counts as before it.
    """

    machine: I16
    op_ms: I64
    lost_ms: I64


class Waits(NamedTuple):
    """Lots that waited longer before a step than the step allows."""

    lot: I32
    step: I8
    """Index in the route."""
    at_ms: I64
    waited_ms: I64


class Mishaps(NamedTuple):
    """What went wrong with vehicles; one row a stall or a breakdown, in order of time."""

    vehicle: I16
    kind: I8
    """Index into MISHAPS."""
    start_ms: I64
    towed_ms: I64
    """Off the floor from then on; NOT_YET_MS: a stall, or not towed yet."""
    end_ms: I64
    """It moves on, or is back on the floor; NOT_YET_MS: not within the run."""


class Batteries(NamedTuple):
    """How full batteries were, in the order of time: as each charge began and ended, as each carrier was set down, and
    of every vehicle at the record's two ends."""

    vehicle: I16
    at_ms: I64
    permille: I16
    """State of charge, in thousandths of the capacity."""


class Daybook(NamedTuple):
    """A run, noted."""

    machine_ids: tuple[str, ...]
    vehicle_ids: tuple[str, ...]
    from_ms: int
    """Start of the run: minus the warm-up."""
    until_ms: int
    """End of the record; earlier than asked if `partial`."""
    seed: int
    partial: bool
    batches: Batches
    parts: Parts
    lots: Lots
    moves: Moves
    tracks: Tracks
    states: States
    stops: Stops
    waits: Waits
    events: Sequence[Event]
    vehicle_state_ms: I64
    """(n_vehicles, 6) time in each of VEHICLE_STATES within the record."""
    vehicle_kwh: F64
    """(n_vehicles,) electricity charged within the record."""
    alive_at_start: int
    """Wafers of lots not yet stored that were alive at the record's start, as the floor counted them then."""
    batteries: Batteries
    mishaps: Mishaps | None = None
    """None: a run without."""
