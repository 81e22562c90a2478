"""Everything that can happen, as typed frozen values; the record is a list of these in time order.

`at_ms` is milliseconds after the record's start (negative during the warm-up). Places are station ids (load ports,
stocker ports, parking and charging places); a carrier is its number from 0; a lot is its number from 0 in the order
of release.
"""

from __future__ import annotations

import msgspec

__all__ = [
    "BatchEnded",
    "BatchStarted",
    "CarrierEmptied",
    "CarrierFilled",
    "CarrierPlaced",
    "CarrierTaken",
    "Event",
    "LotFinished",
    "LotReleased",
    "MachineStateChanged",
    "MoveAssigned",
    "VehicleArrived",
    "WafersLost",
    "WaitTooLong",
]


class _Event(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    at_ms: int


class CarrierPlaced(_Event, frozen=True, gc=False):
    """A vehicle has set a carrier down: hand-off complete."""

    station: str
    carrier: int
    vehicle: int


class CarrierTaken(_Event, frozen=True, gc=False):
    """A vehicle has lifted a carrier: hand-off complete."""

    station: str
    carrier: int
    vehicle: int


class CarrierEmptied(_Event, frozen=True, gc=False):
    """An arm has unloaded the last basket at an in port: the lot is inside the machine, the carrier is empty."""

    station: str
    carrier: int
    lot: int


class CarrierFilled(_Event, frozen=True, gc=False):
    """An arm has loaded the last wafer of a lot at an out port: the carrier wants to go on."""

    station: str
    carrier: int
    lot: int


class LotReleased(_Event, frozen=True, gc=False):
    """The wafer store has begun a new lot."""

    lot: int
    line: int
    wafers: int


class LotFinished(_Event, frozen=True, gc=False):
    """The cell store has taken the lot's cells."""

    lot: int
    line: int
    cells: int


class BatchStarted(_Event, frozen=True, gc=False):
    """A tube, bath or lane has begun a batch."""

    batch: int
    machine: str
    unit: int
    wafers: int


class BatchEnded(_Event, frozen=True, gc=False):
    """The batch has left the unit."""

    batch: int
    machine: str
    unit: int
    wafers: int


class WafersLost(_Event, frozen=True, gc=False):
    """Wafers of a lot broke at a machine; `positions` are 1-based places in the carrier."""

    lot: int
    machine: str
    step: str
    positions: tuple[int, ...]


class MachineStateChanged(_Event, frozen=True, gc=False):
    """A machine has entered a SEMI E10 state; `reason` tells starved from blocked, repair from service."""

    machine: str
    state: str
    reason: str


class MoveAssigned(_Event, frozen=True, gc=False):
    """The fleet has given a move to a vehicle."""

    move: int
    vehicle: int


class VehicleArrived(_Event, frozen=True, gc=False):
    """A vehicle stands at the station of its order (`move` -1: it parks or charges)."""

    vehicle: int
    station: str
    move: int


class WaitTooLong(_Event, frozen=True, gc=False):
    """A lot has waited longer before a step than the step allows."""

    lot: int
    step: str
    waited_ms: int


Event = (
    CarrierPlaced
    | CarrierTaken
    | CarrierEmptied
    | CarrierFilled
    | LotReleased
    | LotFinished
    | BatchStarted
    | BatchEnded
    | WafersLost
    | MachineStateChanged
    | MoveAssigned
    | VehicleArrived
    | WaitTooLong
)
