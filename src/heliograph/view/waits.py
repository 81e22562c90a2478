"""Why a vehicle stands: the chain from the node it wants to the vehicle that holds it, and on to the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from heliograph.view.series import NEVER
from heliograph.view.vehicles import FULL, MISHAP_KINDS, PHASES

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["Link", "why"]

_LONGEST: Final = 12
"""So many vehicles are named at most; a chain that closes ends earlier."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle of the chain, and what it does: drives, waits (for `node`), serves (a hand-off), stands (without an
    order), charges, stall, breakdown, off_floor.
    """

    vehicle: str
    does: str
    node: str = ""
    """The node that it waits for, or stands at."""
    since_ms: int = 0


def why(day: Day, vehicle: int, at_ms: int) -> list[Link]:
    """What a vehicle does at a moment; if it waits, for whom, and what that one does, and so on."""
    chain: list[Link] = []
    seen: set[int] = set()
    while vehicle >= 0 and vehicle not in seen and len(chain) < _LONGEST:
        seen.add(vehicle)
        link, wanted = _link(day, vehicle, at_ms)
        chain.append(link)
        vehicle = _holder(day, wanted, vehicle, at_ms) if wanted >= 0 else -1
    return chain


def _link(day: Day, vehicle: int, at_ms: int) -> tuple[Link, int]:
    """What a vehicle does, and the node that it waits for; -1: it does not wait."""
    name, names = day.vehicle_ids[vehicle], day.node_ids
    mishaps = day.series["mishaps"]
    row = int(mishaps.in_force(at_ms)[vehicle])
    kind = int(mishaps.columns["kind"][row]) if row >= 0 else 0
    visits = day.visits
    its = slice(int(visits.start[vehicle]), int(visits.start[vehicle + 1]))
    here = its.start + int(np.searchsorted(visits.arrived[its], at_ms, side="right")) - 1
    if here < its.start:
        return Link(vehicle=name, does="stands"), -1
    node, came = names[int(visits.node[here])], int(visits.arrived[here])
    if kind:
        return Link(vehicle=name, does=MISHAP_KINDS[kind], node=node, since_ms=int(mishaps.at[row])), -1
    following = here + 1
    if following < its.stop and visits.claimed[following] <= at_ms:
        return Link(vehicle=name, does="drives", node=names[int(visits.node[following])]), -1
    doing = day.series["doing"]
    row = int(doing.in_force(at_ms)[vehicle])
    phase = PHASES[int(doing.columns["doing"][row]) % FULL]
    if phase in ("taking", "placing"):
        return Link(vehicle=name, does="serves", node=node, since_ms=int(doing.at[row])), -1
    if phase == "none":
        does = "charges" if int(visits.node[here]) in day.charging else "stands"
        return Link(vehicle=name, does=does, node=node, since_ms=came), -1
    since = max(came, int(doing.at[row]))
    if following >= its.stop or visits.claimed[following] == NEVER:
        return Link(vehicle=name, does="waits", since_ms=since), -1
    wanted = int(visits.node[following])
    return Link(vehicle=name, does="waits", node=names[wanted], since_ms=since), wanted


def _holder(day: Day, node: int, but: int, at_ms: int) -> int:
    """The vehicle that holds a node at a moment; -1: none does."""
    start, rows = day.held
    its = rows[start[node] : start[node + 1]]
    visits = day.visits
    holds = its[(visits.claimed[its] <= at_ms) & (visits.left[its] > at_ms) & (visits.vehicle[its] != but)]
    return int(visits.vehicle[holds[-1]]) if len(holds) else -1
