"""Why a vehicle does what it does, in one line for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from heliograph.fleet.closing import LOST, blocker
from heliograph.fleet.world import (
    AWAY,
    CHARGING,
    CLAIMING,
    DRIVING,
    DROP,
    HALTED,
    HANDOFF,
    HELD,
    IDLE,
    NONE,
    OUT,
    PICKUP,
    World,
)

__all__ = ["why"]

_FOR = {NONE: "to rest", PICKUP: "to fetch", DROP: "to deliver", OUT: "nowhere"}
MOST_CAUSES: Final = 3


def why(world: World, names: tuple[str, ...], vehicle: int, causes: Sequence[str] = ()) -> str:
    """What it does; where it waits, for whom, and what that one does, down to the cause.

    Args:
        causes: what is closed or broken now, for those that have no way.
    """
    said: list[str] = []
    seen: set[int] = set()
    at = vehicle
    while at >= 0 and at not in seen:
        seen.add(at)
        text, at = _one(world, names, at, causes)
        said.append(text)
    if at >= 0:
        said.append(f"vehicle {at} again: a ring")
    return "; ".join(said)


def _one(world: World, names: tuple[str, ...], v: int, causes: Sequence[str]) -> tuple[str, int]:
    """One link of the chain, and who is the next; -1: here it ends."""
    x = world.vehicles[v]
    who, place = f"vehicle {v}", names[x["node"]]
    if x["mode"] == AWAY:
        return f"{who} is away, taken out at {place}", -1
    if x["mode"] == HALTED:
        word = "lost" if x["down"] == LOST else "broken"
        return f"{who} is {word} at {place}" + (f" -> {names[x['next']]}" if x["next"] >= 0 else ""), -1
    if x["mode"] == DRIVING:
        late = f", stalled until {x['stall_until_ms']} ms" if x["stall_until_ms"] > world.clock["now_ms"][0] else ""
        return (
            f"{who} drives {place} -> {names[x['next']]} on its way {_FOR[int(x['order'])]} at {names[x['target']]}"
            + late,
            -1,
        )
    if x["mode"] == HELD:
        other = blocker(world, v)
        if other == world.nodes["holder"][x["want"]]:
            return f"{who} at {place} waits for node {names[x['want']]} of vehicle {other}", other
        return f"{who} at {place} waits until vehicle {other} is clear of the way to {names[x['want']]}", other
    if x["at_gate"]:
        limit = world.clock["road_limit"][0]
        return f"{who} at {place} waits for room on the road, which has {limit} vehicles already", -1
    if x["queued"] >= 0 and x["mode"] in (CLAIMING, IDLE):
        if x["queued"] == len(names):
            return f"{who} at {place} waits for a charger", -1
        claim = int(world.nodes["claim"][x["queued"]])
        if claim < 0:
            more = f" and {len(causes) - MOST_CAUSES} more" if len(causes) > MOST_CAUSES else ""
            told = ", ".join(causes[:MOST_CAUSES]) + more
            return f"{who} at {place} has no way to {names[x['queued']]}" + (f": {told}" if told else ""), -1
        return f"{who} at {place} waits until {names[x['queued']]} is free of vehicle {claim}", claim
    doing = {HANDOFF: "hands over", CHARGING: "charges", IDLE: "has no order"}.get(int(x["mode"]), "sets out")
    return f"{who} at {place} {doing}", -1
