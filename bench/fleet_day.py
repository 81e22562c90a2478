"""Whole day: the reference fleet under a day-like load.

Size: plant `topcon` (8 lines, 186 vehicles, 2,502 nodes); moves come one by one in random time (34,000 a day, the
demand that FACTS.md derives for 1.3 M cells), half from an out port to an in port of the next machine in the line
(full), half back (empty); a hand-off takes 60 to 75 s. Seed 1. Unit: wall milliseconds per simulated hour, after one
simulated hour that is not counted and compiles the kernels.
Not measured: machines, lots, the record. The moves are drawn, not wanted by machines.

    python bench/fleet_day.py [--hours 24] [--moves-per-day 34000] [--vehicles 186]
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import time
from typing import Any

import msgspec
import numpy as np

from heliograph.commands import Move
from heliograph.fleet import STATES, Fleet, check_tracks
from heliograph.plant.read import read_plant
from heliograph.units import DAY_MS, HOUR_MS

HANDOFF_MS = (60_000, 75_000)


def drawn_moves(plant: Any, count: int, until_ms: int, rng: np.random.Generator) -> list[Move]:
    """Random moves between neighbouring machines of a line, in time order."""
    lines = []
    for line in range(1, plant.lines + 1):
        machines = [m for m in plant.machines if m.line == line]
        steps: dict[str, list[Any]] = {}
        for machine in machines:
            steps.setdefault(machine.equipment, []).append(machine)
        groups = [g for g in steps.values() if any(m.in_ports or m.out_ports for m in g)]
        lines.append(list(itertools.pairwise(groups)))
    moves = []
    for number, at_ms in enumerate(np.sort(rng.integers(0, until_ms, count)).tolist()):
        hops = lines[rng.integers(len(lines))]
        before, after = hops[rng.integers(len(hops))]
        outs = [p for m in before for p in m.out_ports]
        ins = [p for m in after for p in m.in_ports]
        if not outs or not ins:
            continue
        a, b = outs[rng.integers(len(outs))], ins[rng.integers(len(ins))]
        full = rng.random() < 0.5
        source, target = (a, b) if full else (b, a)
        moves.append(Move(number, number, -1 if full else number, source, target, 1, at_ms))
    return moves


def drive(
    fleet: Fleet, moves: list[Move], until_ms: int, rng: np.random.Generator, handoffs: list[tuple[int, int]]
) -> int:
    """Run the fleet to `until_ms` with a stand-in for the floor; moves are taken off the list. Returns the calls."""
    calls = 0
    while fleet.now_ms < until_ms:
        next_ms = min(until_ms, moves[-1].wanted_ms if moves else until_ms, handoffs[0][0] if handoffs else until_ms)
        for arrived in fleet.advance(next_ms):
            heapq.heappush(handoffs, (arrived.at_ms + int(rng.integers(*HANDOFF_MS)), arrived.vehicle))
        calls += 1
        while handoffs and handoffs[0][0] <= fleet.now_ms:
            fleet.done(heapq.heappop(handoffs)[1], fleet.now_ms)
        while moves and moves[-1].wanted_ms <= fleet.now_ms:
            fleet.want(moves.pop())
        fleet.assign(fleet.now_ms)
    return calls


def main() -> None:
    """Measure, check, print one JSON document."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--hours", type=float, default=24.0)
    ask.add_argument("--moves-per-day", type=int, default=34_000)
    ask.add_argument("--vehicles", type=int, default=0)
    ask.add_argument("--seed", type=int, default=1)
    asked = ask.parse_args()
    files = read_plant("topcon")
    vehicles = files.plant.vehicles
    if asked.vehicles:
        vehicles = msgspec.structs.replace(vehicles, count=asked.vehicles)
    hours = asked.hours + 1
    rng = np.random.default_rng(asked.seed)
    moves = drawn_moves(files.plant, round(asked.moves_per_day * hours / 24), round(hours * HOUR_MS), rng)[::-1]
    started = time.perf_counter()
    fleet = Fleet(files.roadmap, vehicles, seed=asked.seed)
    handoffs: list[tuple[int, int]] = []
    drive(fleet, moves, HOUR_MS, rng, handoffs)
    compiled_s = time.perf_counter() - started
    before = fleet.state_ms()
    started = time.perf_counter()
    calls = drive(fleet, moves, round(hours * HOUR_MS), rng, handoffs)
    wall_s = time.perf_counter() - started
    spent = (fleet.state_ms() - before).sum(axis=0)
    tracks, done = fleet.tracks(), fleet.moves()
    started = time.perf_counter()
    found = check_tracks(files.roadmap, vehicles, tracks, done)
    check_s = time.perf_counter() - started
    placed = done["placed_ms"] > 0
    print(
        json.dumps(
            {
                "hours": asked.hours,
                "vehicles": vehicles.count,
                "wall_s": round(wall_s, 3),
                "ms_per_hour": round(1000 * wall_s / asked.hours, 1),
                "first_hour_s": round(compiled_s, 1),
                "calls": calls,
                "us_per_call": round(1e6 * wall_s / calls, 1),
                "visits": len(tracks["node"]),
                "moves_placed_per_day": round(float(placed.sum()) * DAY_MS / (hours * HOUR_MS)),
                "pending_at_end": fleet.pending,
                "move_min_p50_p95": [
                    round(float(q) / 60_000, 1)
                    for q in np.percentile((done["placed_ms"] - done["wanted_ms"])[placed], [50, 95])
                ],
                "use": {name: round(float(s), 4) for name, s in zip(STATES, spent / spent.sum(), strict=True)},
                "soc_min": round(float(fleet.soc().min()), 3),
                "rings": fleet.rings,
                "check_s": round(check_s, 2),
                "violations": len(found),
                "first_violations": [str(v) for v in found[:3]],
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
