"""Lifelong random traffic, for tests and benchmarks: one errand after the other, and all of them served in the end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from floors import Floor, fleet_of
from maps import RoadTraffic, most_vehicles

from heliograph.fleet import Fleet, check_tracks
from heliograph.fleet.steps import Lattice, Steps
from heliograph.fleet.steps.stalls import Stalls
from heliograph.units import HOUR_MS, MINUTE_MS

__all__ = ["Outcome", "Rules", "drive_fleet", "drive_steps", "random_starts"]


class Outcome(NamedTuple):
    """What came of a run."""

    robot_steps: int
    """Continuous: nodes driven to. In steps: vehicles times steps."""
    wanted: int
    served: int
    faults: list[str]
    longest: float
    """The longest errand: minutes from want to placed, or steps."""
    note: str = ""


def drive_fleet(traffic: RoadTraffic, visits: int, most_hours: int = 400) -> Outcome:
    """Random moves between all bays, two per vehicle at a time, until so many nodes were driven to; then the rest.

    Bays are stations and parking places alike. No move may take two days, and nobody may stand on the road for an hour.
    """
    vehicles = fleet_of(traffic.vehicles, traffic.stations)
    fleet = Fleet(traffic.plan, vehicles, seed=traffic.seed)
    floor = Floor(fleet, traffic.stations, traffic.seed)
    made = 0
    while made < visits and fleet.now_ms < most_hours * HOUR_MS:
        floor.run(fleet.now_ms + HOUR_MS, keep=2 * traffic.vehicles)
        made = int(fleet._world.clock["visits"][0])
    floor.run(fleet.now_ms + 48 * HOUR_MS)
    tracks, moves = fleet.tracks(), fleet.moves()
    found = check_tracks(traffic.plan, vehicles, tracks, moves, wait_min=240, unserved_min=2 * 24 * 60, most=5)
    took = (moves["placed_ms"] - moves["wanted_ms"])[moves["placed_ms"] > 0]
    rings, stuck = fleet.rings
    return Outcome(
        len(tracks["node"]),
        floor.wanted,
        floor.placed,
        [str(v) for v in found],
        float(took.max(initial=0)) / MINUTE_MS,
        f"{rings} rings, {stuck} not opened at once",
    )


def random_starts(lattice: Lattice, share: float, seed: int) -> np.ndarray:
    """(v,) states in which vehicles stand on different nodes: a share of those for which there is room."""
    node, other = lattice.node.astype(np.int64), lattice.other
    tail = np.repeat(np.arange(len(node)), np.diff(lattice.arc_start))
    beside: list[set[int]] = [set() for _ in range(lattice.nodes)]
    pairs = np.concatenate(
        [np.column_stack([node[tail], node[lattice.arc_to]]), np.column_stack([node, other])[other >= 0]]
    )
    for a, b in np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0).tolist():
        beside[a].add(b)
        beside[b].add(a)
    rng = np.random.default_rng([seed, 5])
    count = max(1, int(share * most_vehicles([sorted(b) for b in beside])))
    standing = np.flatnonzero(lattice.there)
    some = np.full(lattice.nodes, -1)
    some[node[standing[::-1]]] = standing[::-1]
    return some[rng.permutation(np.flatnonzero(some >= 0))[:count]].astype(np.int32)


class Rules:
    """The rules of a lattice, for judging: shares nothing with the planner."""

    def __init__(self, lattice: Lattice) -> None:
        self.lattice = lattice
        states = len(lattice.node)
        start = np.repeat(np.arange(states, dtype=np.int64), np.diff(lattice.arc_start))
        self.arcs = np.sort(start * states + lattice.arc_to)

    def faults(self, before: np.ndarray, after: np.ndarray) -> list[str]:
        """What is wrong with one step of all vehicles."""
        lattice, wrong = self.lattice, []
        before, after = before.astype(np.int64), after.astype(np.int64)
        moved = before != after
        arcs = before * len(lattice.node) + after
        legal = self.arcs[np.minimum(np.searchsorted(self.arcs, arcs), len(self.arcs) - 1)] == arcs
        wrong += [f"vehicle {v}: no way from {before[v]} to {after[v]}" for v in np.flatnonzero(moved & ~legal)]
        holder = np.full(lattice.nodes + 1, -1)  # the last stands for no second node
        was = holder.copy()
        vehicles = np.arange(len(after))
        for held, states in ((holder, after), (was, before)):
            held[lattice.node[states]] = vehicles
            held[lattice.other[states]] = vehicles
        for nodes in (lattice.node[after], lattice.other[after]):
            there = np.flatnonzero((nodes >= 0) & (holder[nodes] != vehicles))
            wrong += [f"vehicles {v} and {holder[nodes[v]]} on node {nodes[v]}" for v in there]
        entered = np.flatnonzero((lattice.node[after] != lattice.node[before]) & (was[lattice.node[after]] >= 0))
        for v in entered:
            u = was[lattice.node[after[v]]]
            if u == v:
                continue
            if not lattice.follow:
                wrong.append(f"vehicle {v} enters the node that {u} is only leaving")
            elif lattice.node[after[u]] == lattice.node[before[v]]:
                wrong.append(f"vehicles {u} and {v} swap")
        return wrong


def drive_steps(
    lattice: Lattice,
    starts: np.ndarray,
    steps: int,
    seed: int,
    *,
    tries: int = 20,
    most: int = 20_000,
    stalls: Stalls | None = None,
) -> Outcome:
    """Random errands, one after the other for each vehicle; after `steps` steps no new ones, until all are served.

    Who has no more errands stays where it is and gives way. `longest` is the longest errand in steps. Errands of
    vehicles that break do not count.
    """
    rng = np.random.default_rng(seed)
    rules = Rules(lattice)
    count = len(starts)
    fleet = Steps(lattice, starts, seed=seed)
    since = np.zeros(count, np.int64)
    busy, there = np.ones(count, np.bool_), np.ones(count, np.bool_)
    errands = np.ones(count, np.int64)
    served, longest, step = np.zeros(count, np.int64), 0, 0
    visits = np.zeros(lattice.nodes, np.int64)
    for v in range(count):
        fleet.send(v, int(rng.integers(lattice.nodes)))
    wrong: list[str] = []
    while (busy.any() or step < steps) and step < steps + most:
        stalled = None
        if stalls is not None and step < len(stalls.stalled):
            for v in stalls.towed(step).tolist():
                fleet.take_out(v)
                there[v] = busy[v] = False
            stalled = stalls.stalled[step] & there
        fleet.plan()
        fleet.improve(tries)
        before = fleet.states
        reached = fleet.move(stalled) & busy
        after = fleet.states
        step += 1
        wrong += [f"step {step}: {fault}" for fault in rules.faults(before[there], after[there])]
        if stalled is not None:
            wrong += [f"step {step}: vehicle {v} stalls and moves" for v in np.flatnonzero(stalled & (before != after))]
        entered = there & (lattice.node[before] != lattice.node[after])
        visits += np.bincount(lattice.node[after[entered]], minlength=lattice.nodes)
        for v in np.flatnonzero(reached).tolist():
            served[v] += 1
            longest = max(longest, step - int(since[v]))
            since[v] = step
            busy[v] = step < steps
            if busy[v]:
                errands[v] += 1
                fleet.send(v, int(rng.integers(lattice.nodes)))
            else:
                fleet.send(v, -1)
    longest = max(longest, int((step - since[busy]).max(initial=0)))
    note = f"{step - steps} steps for the last ones"
    return Outcome(count * step, int(errands[there].sum()), int(served[there].sum()), wrong, longest, note)
