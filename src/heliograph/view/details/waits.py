"""Why a vehicle stands: the chain from the node it wants to the vehicle that holds it, and on to the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from heliograph.view.told import Link
from heliograph.view.vehicles import FULL, MISHAP_KINDS, PHASES

if TYPE_CHECKING:
    from heliograph.view.details.known import Known

__all__ = ["why"]

_LONGEST: Final = 12
"""So many vehicles are named at most; a chain that closes ends earlier."""


def why(known: Known, vehicle: int, at_ms: int) -> list[Link]:
    """What a vehicle does at a moment; if it waits, for whom, and what that one does, and so on."""
    chain: list[Link] = []
    seen: set[int] = set()
    while vehicle >= 0 and vehicle not in seen and len(chain) < _LONGEST:
        seen.add(vehicle)
        link, wanted = _link(known, vehicle, at_ms)
        chain.append(link)
        vehicle = known.standing.holder(wanted, vehicle, at_ms) if wanted >= 0 else -1
    return chain


def _link(known: Known, vehicle: int, at_ms: int) -> tuple[Link, int]:
    """What a vehicle does, and the node that it waits for; -1: it does not wait."""
    name, names = known.vehicle_ids[vehicle], known.node_ids
    mishaps = known.series["mishaps"]
    row = int(mishaps.in_force(at_ms)[vehicle])
    kind = int(mishaps.columns["kind"][row]) if row >= 0 else 0
    stand = known.standing.of(vehicle, at_ms)
    if stand is None:
        return Link(vehicle=name, does="stands"), -1
    node = names[stand.node]
    if kind:
        return Link(vehicle=name, does=MISHAP_KINDS[kind], node=node, since_ms=int(mishaps.at[row])), -1
    if stand.drives:
        return Link(vehicle=name, does="drives", node=names[stand.following]), -1
    doing = known.series["doing"]
    row = int(doing.in_force(at_ms)[vehicle])
    phase = PHASES[int(doing.columns["doing"][row]) % FULL]
    if phase in ("taking", "placing"):
        return Link(vehicle=name, does="serves", node=node, since_ms=int(doing.at[row])), -1
    if phase == "none":
        does = "charges" if stand.node in known.charging else "stands"
        return Link(vehicle=name, does=does, node=node, since_ms=stand.came_ms), -1
    since = max(stand.came_ms, int(doing.at[row]))
    wanted = stand.following
    return Link(vehicle=name, does="waits", node=names[wanted] if wanted >= 0 else "", since_ms=since), wanted
