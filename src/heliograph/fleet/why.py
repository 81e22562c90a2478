"""Why a vehicle does what it does, in one line for people."""

from __future__ import annotations

from heliograph.fleet.world import CHARGING, CLAIMING, DRIVING, DROP, HANDOFF, HELD, IDLE, NONE, PICKUP, World

__all__ = ["why"]

_FOR = {NONE: "to rest", PICKUP: "to fetch", DROP: "to deliver"}


def why(world: World, names: tuple[str, ...], vehicle: int) -> str:
    """What it does; where it waits, for whom, and what that one does, down to the cause."""
    said: list[str] = []
    seen: set[int] = set()
    at = vehicle
    while at >= 0 and at not in seen:
        seen.add(at)
        text, at = _one(world, names, at)
        said.append(text)
    if at >= 0:
        said.append(f"vehicle {at} again: a ring")
    return "; ".join(said)


def _one(world: World, names: tuple[str, ...], v: int) -> tuple[str, int]:
    """One link of the chain, and who is the next; -1: here it ends."""
    x = world.vehicles[v]
    who, place = f"vehicle {v}", names[x["node"]]
    if x["mode"] == DRIVING:
        return (
            f"{who} drives {place} -> {names[x['next']]} on its way {_FOR[int(x['order'])]} at {names[x['target']]}",
            -1,
        )
    if x["mode"] == HELD and x["want"] < 0:
        return f"{who} at {place} has no way to {names[x['target']]}", -1
    if x["mode"] == HELD:
        holder = int(world.nodes["holder"][x["want"]])
        return f"{who} at {place} waits for node {names[x['want']]} of vehicle {holder}", holder
    if x["at_gate"]:
        return f"{who} at {place} waits for room on the road", -1
    if x["mode"] == CLAIMING and x["queued"] >= 0:
        claim = int(world.nodes["claim"][x["queued"]])
        return f"{who} at {place} waits until {names[x['queued']]} is free of vehicle {claim}", claim
    if x["mode"] == IDLE and x["queued"] >= 0:
        return f"{who} at {place} waits for a charger", -1
    doing = {HANDOFF: "hands over", CHARGING: "charges", IDLE: "has no order"}.get(int(x["mode"]), "sets out")
    return f"{who} at {place} {doing}", -1
