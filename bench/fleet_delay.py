"""Targeted: how much output falls when vehicles stall and break, what bounds it, and where the time goes.

Size: LoRR random-32-32-20 with 100 and 200 robots, warehouse_small with 100 and 200, 1,000 steps, and five random
roadmaps cut into steps of 1 s, 3,000 steps; seed 1; a fixed number of tries a step. Delay: a running vehicle begins to
stall with 1 % a step, for 5 to 60 steps; 5 % break and are towed after 600 steps. Unit: errands done. Every step is
judged by `tests/fleet/lifelong.py`.

`hold_fast`, the bound. A fleet that drives the plan of the run without delay to its end, each vehicle its states and at
each node the same order as before, as soon as stalls let it (`steps/holding.py`). It is worked out to the step, with
the same stalls, each a step longer (that it is over is known then); who breaks is struck from all orders, and its node
stays blocked until it is towed. A fleet that plans anew should do no less. `kept` says whether that was so. Tight where
roads are narrow; loose on grids, where one goes round and nobody has to wait for a certain other one.

`fluid`, an estimate. Queues behind stalled vehicles that reach back over crossings, with nobody going round
(`steps/stalls.py`); of broken vehicles only that they are missing from then on. It is under what was measured where one
can pass others (all grids here), and above it where roads are narrow. No constant in either is fitted.

`spent`: where the vehicle-steps went without delay, with stalls, with broken vehicles too; the parts add up to one
(`steps/losses.py`). What is lost on the way is gained by the others, to the last step.

Not measured: the time limit of a step; maps that are full.

    python bench/fleet_delay.py [--instances DIR] [--steps 1000] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fleet"))

import numpy as np
from lifelong import Rules, random_starts
from maps import roadmap_at_random
from numpy.typing import NDArray

from heliograph.fleet.steps import Lattice, Steps, grid_lattice
from heliograph.fleet.steps.holding import hold_fast
from heliograph.fleet.steps.losses import spent
from heliograph.fleet.steps.stalls import Stalls, draw_stalls, fluid_share
from heliograph.plant.lorr import read_instance

TOWED_AFTER = 600
INSTANCES = {
    "random.domain/EI23-random_100.json": 1000,
    "random.domain/EI23-random_200.json": 1000,
    "warehouse.domain/EI23-warehouse_small_100.json": 1000,
    "warehouse.domain/EI23-warehouse_small_200.json": 1000,
}


class Day(NamedTuple):
    """One run; t steps, v vehicles."""

    errands: int
    faults: int
    states: NDArray[np.int32]
    """(t + 1, v) before the first step and after every step."""
    goals: NDArray[np.int64]
    """(t, v) the node to which each vehicle was on its way."""


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
    count, faults = len(starts), 0
    there, done = np.ones(count, np.bool_), np.zeros(count, np.int64)
    states, goals = np.empty((steps + 1, count), np.int32), np.empty((steps, count), np.int64)
    states[0] = starts
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
        before, goals[step] = fleet.states, fleet.goals
        reached = fleet.move(stalled)
        after = states[step + 1] = fleet.states
        faults += len(rules.faults(before[there], after[there]))
        if stalls is not None:
            faults += int(np.count_nonzero(stalled & (before != after)))
            reached &= ~(stalls.broken_at <= step)
        for v in np.flatnonzero(reached).tolist():
            done[v] += 1
            fleet.send(v, errand(v, int(done[v])))
    return Day(int(done.sum()), faults, states, goals)


def bound(lattice: Lattice, plain: Day, stalls: Stalls) -> float:
    """The share of errands that a fleet does which holds fast to the plan of the run without delay."""
    return hold_fast(lattice, plain.states, plain.goals, stalls) / max(plain.errands, 1)


def fluid(lattice: Lattice, plain: Day, stalls: Stalls) -> float:
    """The share that a fluid leaves; broken vehicles are missing."""
    left = np.mean(stalls.broken_at) / len(stalls.stalled)
    return fluid_share(lattice.node[plain.states], lattice.nodes) * float(left)


def compare(
    name: str,
    lattice: Lattice,
    starts: NDArray[np.int32],
    errand: Callable[[int, int], int],
    steps: int,
    tries: int,
    seed: int,
) -> None:
    """Without delay, with stalls, with stalls and broken vehicles; print one JSON document."""
    count = len(starts)
    delays = (
        draw_stalls(count, steps, seed=seed, chance=0.0, broken=0.0),
        draw_stalls(count, steps, seed=seed, broken=0.0),
        draw_stalls(count, steps, seed=seed, towed_after=TOWED_AFTER),
    )
    runs = [drive(lattice, starts, errand, steps, tries, drawn) for drawn in (None, *delays[1:])]
    kinds = dict(zip(("stalls", "stalls_and_broken"), delays[1:], strict=True))
    share = {kind: run.errands / runs[0].errands for kind, run in zip(kinds, runs[1:], strict=True)}
    least = {kind: bound(lattice, runs[0], drawn) for kind, drawn in kinds.items()}
    guess = {kind: fluid(lattice, runs[0], drawn) for kind, drawn in kinds.items()}
    parts = [
        {part: round(number / (steps * count), 4) for part, number in spent(lattice, *run[2:], drawn)._asdict().items()}
        for run, drawn in zip(runs, delays, strict=True)
    ]
    print(
        json.dumps(
            {
                "instance": name,
                "vehicles": count,
                "steps": steps,
                "errands": [run.errands for run in runs],
                "share": {kind: round(part, 3) for kind, part in share.items()},
                "hold_fast": {kind: round(part, 3) for kind, part in least.items()},
                "kept": all(share[kind] >= least[kind] for kind in share),
                "fluid": {kind: round(part, 3) for kind, part in guess.items()},
                "spent": parts,
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
    ask.add_argument("--seed", type=int, default=1, help="of the stalls, and of the roadmaps")
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
            asked.seed,
        )
    for seed, kind in enumerate(("streets", "web", "rings", "cells", "tree"), 5 * (asked.seed - 1)):
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
            asked.seed,
        )


if __name__ == "__main__":
    main()
