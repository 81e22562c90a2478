"""Targeted: how much output falls when vehicles stall and break, and how much of it a fluid bound explains.

Size: LoRR random-32-32-20 with 100 and 200 robots, warehouse_small with 100 and 200, 1,000 steps, and five random
roadmaps cut into steps of 1 s, 3,000 steps; seed 1; a fixed number of tries a step. Delay: a running vehicle begins to
stall with 1 % a step, for 5 to 60 steps; 5 % break and are towed after 600 steps. Unit: errands done. Every step is
judged by `tests/fleet/lifelong.py`.

The bound. Let T be the vehicle-steps of an errand without delay. Own stalls add `chance * E[d]` to each step, and those
who queue behind a stalled one add what a fluid queue loses (`steps/stalls.py`): an errand takes at most `slowdown`
times as long. A node lets vehicles pass one by one, each for the mean time that a vehicle holds a node. A broken one is
lost from then on, and holds up others for 600 steps: of those who would drive through its node (at rate r), each loses
the way round it where there is one, and else what is left of the 600 steps; so do those whose goal it is. With b the
vehicle-steps lost so, of a fleet's n steps in all,

    errands with delay >= errands without * (1 - b / n) / slowdown

`kept` says whether that was so. It leaves out that a queue which reaches back over a crossing holds up others as well;
where roads are narrow, this costs more than it allows for.

Not measured: the time limit of a step; maps that are full (there r comes near to 1 and the bound to 0).

    python bench/fleet_delay.py [--instances DIR] [--steps 1000]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fleet"))

import numpy as np
from lifelong import Rules, random_starts
from maps import roadmap_at_random
from numpy.typing import NDArray

from heliograph.fleet.steps import Lattice, Steps, grid_lattice
from heliograph.fleet.steps.stalls import Stalls, draw_stalls, slowdown
from heliograph.plant.lorr import read_instance

TOWED_AFTER = 600
INSTANCES = {
    "random.domain/EI23-random_100.json": 1000,
    "random.domain/EI23-random_200.json": 1000,
    "warehouse.domain/EI23-warehouse_small_100.json": 1000,
    "warehouse.domain/EI23-warehouse_small_200.json": 1000,
}


class Day(NamedTuple):
    """One run."""

    errands: int
    faults: int
    visits: NDArray[np.int64]
    """(n,) how often each node was entered."""


def drive(
    lattice: Lattice,
    starts: NDArray[np.int32],
    errand: Callable[[int, int], int],
    steps: int,
    tries: int,
    stalls: Stalls | None,
) -> Day:
    """So many steps; `errand(vehicle, k)` is the node of its k-th errand. Broken vehicles finish none."""
    fleet, rules = Steps(lattice, starts, seed=1), Rules(lattice)
    count = len(starts)
    there, done = np.ones(count, np.bool_), np.zeros(count, np.int64)
    visits, faults = np.zeros(lattice.nodes, np.int64), 0
    for v in range(count):
        fleet.send(v, errand(v, 0))
    for step in range(steps):
        stalled = None
        if stalls is not None:
            for v in stalls.towed(step).tolist():
                fleet.take_out(v)
                there[v] = False
            stalled = stalls.stalled[step] & there
        fleet.plan()
        fleet.improve(tries)
        before = fleet.states
        reached = fleet.move(stalled)
        after = fleet.states
        faults += len(rules.faults(before[there], after[there]))
        if stalled is not None:
            faults += int(np.count_nonzero(stalled & (before != after)))
            reached &= ~(stalls.broken_at <= step)
        entered = there & (lattice.node[before] != lattice.node[after])
        visits += np.bincount(lattice.node[after[entered]], minlength=lattice.nodes)
        for v in np.flatnonzero(reached).tolist():
            done[v] += 1
            fleet.send(v, errand(v, int(done[v])))
    return Day(int(done.sum()), faults, visits)


def round_it(lattice: Lattice) -> NDArray[np.float64]:
    """(n,) so many steps it takes from a neighbour to a neighbour of a node without it; inf: there is no way."""
    n, node = lattice.nodes, lattice.node.astype(np.int64)
    states = [np.flatnonzero((node == x) & lattice.there) for x in range(n)]
    out = [lattice.arc_to[lattice.arc_start[s] : lattice.arc_start[s + 1]].tolist() for s in range(len(node))]
    longer = np.full(n, np.inf)
    for x in range(n):
        beside = {int(node[t]) for s in states[x] for t in out[s]} - {x}
        if len(beside) < 2:
            longer[x] = 0.0  # nobody drives through it
            continue
        found = []
        for a in beside:
            far = {int(states[a][0]): 0}
            todo = deque(far)
            while todo and far[todo[0]] < 60:
                s = todo.popleft()
                for t in out[s]:
                    if t not in far and node[t] != x and lattice.other[t] != x:
                        far[t] = far[s] + 1
                        todo.append(t)
            reached = {int(node[s]): d for s, d in sorted(far.items(), key=lambda i: -i[1]) if lattice.there[s]}
            found += [reached.get(b, np.inf) for b in beside - {a}]
        longer[x] = float(np.mean(found))
    return longer


def bound(lattice: Lattice, day: Day, steps: int, stalls: Stalls) -> dict[str, float]:
    """The share of errands that must remain: with stalls alone, and with broken vehicles."""
    count = len(stalls.broken_at)
    capacity = min(1.0, float(day.visits.sum()) / (steps * count))
    with_stalls = 1 / slowdown(day.visits, steps, capacity=capacity)
    busy = day.visits > 0
    rate = day.visits[busy] / steps
    queue = 1 / 2 / np.maximum(1 - rate / capacity, 0.1)
    goals = day.errands / (steps * lattice.nodes)
    lost = 0.0
    around = round_it(lattice)[busy]
    for broken_at in stalls.broken_at[stalls.broken_at < steps]:
        stood = min(steps - broken_at, TOWED_AFTER)
        each = np.minimum(around, stood * queue)
        lost += steps - broken_at + stood * np.average(rate * each, weights=rate) + goals * stood**2 / 2
    return {
        "stalls": round(with_stalls, 3),
        "stalls_and_broken": round(with_stalls * max(0.0, 1 - lost / (steps * count)), 3),
    }


def compare(
    name: str, lattice: Lattice, starts: NDArray[np.int32], errand: Callable[[int, int], int], steps: int, tries: int
) -> None:
    """Without delay, with stalls, with stalls and broken vehicles; print one JSON document."""
    stalls = draw_stalls(len(starts), steps, seed=1, broken=0.0)
    broken = draw_stalls(len(starts), steps, seed=1, towed_after=TOWED_AFTER)
    runs = [drive(lattice, starts, errand, steps, tries, drawn) for drawn in (None, stalls, broken)]
    base = runs[0].errands
    least = bound(lattice, runs[0], steps, broken)
    share = {"stalls": runs[1].errands / base, "stalls_and_broken": runs[2].errands / base}
    print(
        json.dumps(
            {
                "instance": name,
                "vehicles": len(starts),
                "steps": steps,
                "errands": [run.errands for run in runs],
                "share": {kind: round(part, 3) for kind, part in share.items()},
                "bound": least,
                "kept": all(share[kind] >= least[kind] for kind in share),
                "faults": sum(run.faults for run in runs),
            }
        ),
        flush=True,
    )


def main() -> None:
    """All instances."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--instances", type=Path, help="the folder of the LoRR 2023 examples; none: roadmaps alone")
    ask.add_argument("--steps", type=int, default=0)
    ask.add_argument("--tries", type=int, default=300)
    asked = ask.parse_args()
    for name, steps in INSTANCES.items() if asked.instances else ():
        instance = read_instance(asked.instances / name)
        number = np.full(instance.free.size, -1)
        number[instance.free.ravel()] = np.arange(np.count_nonzero(instance.free))
        starts = (4 * number[instance.starts]).astype(np.int32)
        cells, n = number[instance.tasks], len(starts)
        compare(
            Path(name).stem,
            grid_lattice(instance.free),
            starts,
            lambda v, k, cells=cells, n=n: int(cells[(v + k * n) % len(cells)]),
            asked.steps or steps,
            asked.tries,
        )
    for seed, kind in enumerate(("streets", "web", "rings", "cells", "tree")):
        lattice = roadmap_at_random(seed, kind, size=10).lattice()
        drawn = np.random.default_rng(seed).integers(lattice.nodes, size=(200, 10_000))
        starts = random_starts(lattice, 0.1, seed)
        compare(
            f"{kind} of {lattice.nodes} nodes",
            lattice,
            starts,
            lambda v, k, drawn=drawn: int(drawn[v, k]),
            asked.steps or 3000,
            asked.tries,
        )


if __name__ == "__main__":
    main()
