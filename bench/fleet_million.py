"""Targeted: random lifelong traffic on random maps: no violation, no deadlock, every task served.

Size: 100 random roadmaps with bays (`Fleet`, to the millisecond; moves between random stations), 60 random grids and 40
random roadmaps cut into steps of 1 s (`Steps`; random nodes), seeds 0 upwards, until each tempo has made a million
robot-steps: nodes driven to, and vehicles times steps. Maps are webs with one-way parts, trees, rings joined by lanes,
one-way streets, open floors; obstacles, rooms, mazes, corridors. Judges: `fleet/check.py`, `tests/fleet/lifelong.py`
in steps. Reported: faults, what was not served, the longest errand.
Not measured: speed (machine and load differ); how much is served where roads are this narrow.

    python bench/fleet_million.py [--robot-steps 1000000] [--stalls]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fleet"))

from lifelong import Outcome, drive_fleet, drive_steps, random_starts
from maps import GRID_KINDS, grid_at_random, roadmap_at_random

from heliograph.fleet.steps import grid_lattice
from heliograph.fleet.steps.stalls import draw_stalls

MAPS = {"roadmaps, continuous": 100, "grids, in steps": 60, "roadmaps, in steps": 40}
SHARE = 0.3
"""Of the vehicles for which there is room, in steps."""


def drive(kind: str, seed: int, robot_steps: int, stalls: bool) -> Outcome:
    """One map; about so many robot-steps."""
    if kind == "roadmaps, continuous":
        return drive_fleet(roadmap_at_random(seed), robot_steps)
    if kind == "grids, in steps":
        lattice = grid_lattice(grid_at_random(seed, GRID_KINDS[seed % len(GRID_KINDS)]))
    else:
        lattice = roadmap_at_random(seed).lattice()
    starts = random_starts(lattice, SHARE, seed)
    steps = max(100, robot_steps // len(starts))
    drawn = draw_stalls(len(starts), steps, seed=seed) if stalls else None
    return drive_steps(lattice, starts, steps, seed, most=50_000, stalls=drawn)


def main() -> None:
    """Drive, judge, print one JSON document."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--robot-steps", type=int, default=1_000_000, help="of each tempo")
    ask.add_argument("--stalls", action="store_true", help="in steps: vehicles stall, break and are towed")
    asked = ask.parse_args()
    for kind, maps in MAPS.items():
        began, outcomes = time.perf_counter(), {}
        for seed in range(maps):
            outcomes[seed] = drive(kind, seed, asked.robot_steps // 100, asked.stalls)
        bad = {s: o for s, o in outcomes.items() if o.faults or o.served < o.wanted}
        longest = max(outcomes, key=lambda s: outcomes[s].longest)
        figures = {
            "maps": maps,
            "robot_steps": sum(o.robot_steps for o in outcomes.values()),
            "wanted": sum(o.wanted for o in outcomes.values()),
            "served": sum(o.served for o in outcomes.values()),
            "faults": sum(len(o.faults) for o in outcomes.values()),
            "longest_errand": {"seed": longest, "steps_or_min": round(outcomes[longest].longest, 1)},
            "wall_s": round(time.perf_counter() - began, 1),
            "bad": {s: [o.served, o.wanted, *o.faults[:2]] for s, o in bad.items()},
        }
        print(json.dumps({kind: figures}, indent=2), flush=True)


if __name__ == "__main__":
    main()
