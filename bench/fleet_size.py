"""Whole day: output over fleet size, and the fewest vehicles that keep the bottleneck busy.

Size: plant `topcon` with 60 to 186 vehicles, 24 h after its warm-up, machines and all, seed 1. For each size: cells a
day, how long the bottleneck (the stage with the least capacity) stood starved or blocked, the shares of vehicle time,
what a move waits for a vehicle, and what planning costs: CPU seconds in the fleet's calls (assignment, routes,
traffic, batteries) per simulated day. Each size runs in a process of its own, after a short run that compiles.

The fewest vehicles that keep the bottleneck busy: the smallest size whose output is within 0.5 % of the largest's.

    python bench/fleet_size.py [--sizes 60,80,...] [--hours 24] [--seed 1] [--before DIR]

`--before DIR`: measure another checkout's code in turn with this one, size by size.
Not measured: sealing, reports; other seeds (a day differs by some 3 % from seed to seed).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from heliograph.daybook import E10_STATES, VEHICLE_STATES
from heliograph.fleet import Fleet
from heliograph.flow.state import FlowState
from heliograph.passages import floor_of, lots_in_record, number_out
from heliograph.plant.read import PlantFiles, read_plant
from heliograph.run import loop

SIZES = (60, 70, 80, 90, 100, 110, 120, 140, 160, 186)
BUSY_WITHIN = 0.005
SPENT = {"s": 0.0}


def timed(call: Callable[..., Any]) -> Callable[..., Any]:
    """The same call; its CPU seconds are added to `SPENT`."""

    def clocked(*args: Any) -> Any:
        began = time.process_time()
        answer = call(*args)
        SPENT["s"] += time.process_time() - began
        return answer

    return clocked


class Timed(Fleet):
    """The fleet, with a stopwatch at its door."""

    want, assign, advance, done = map(timed, (Fleet.want, Fleet.assign, Fleet.advance, Fleet.done))


def of_size(files: PlantFiles, count: int) -> Any:
    """The plant with another number of vehicles."""
    plant = files.plant
    return msgspec.structs.replace(plant, vehicles=msgspec.structs.replace(plant.vehicles, count=count))


def measure(files: PlantFiles, count: int, hours: float, seed: int) -> dict[str, Any]:
    """One day with so many vehicles."""
    plant = of_size(files, count)
    loop.Fleet = Timed  # type: ignore[misc]  # the stopwatch is no part of the product
    loop.simulate(plant, files.roadmap, seed=seed, hours=0.1, warmup_h=0.0)
    SPENT["s"] = 0.0
    warmup_h = plant.flow.warmup_h
    book = loop.simulate(plant, files.roadmap, seed=seed, hours=hours, warmup_h=warmup_h)
    flow = FlowState(plant)
    slowest = {tool.id for line in flow.lines.values() for tool in line.tools[flow.bottleneck]}
    states, machines = book.states, [i for i, name in enumerate(book.machine_ids) if name in slowest]
    within_ms = np.minimum(states.end_ms, book.until_ms) - np.maximum(states.start_ms, 0)
    standby = np.isin(states.machine, machines) & (states.state == E10_STATES.index("standby")) & (within_ms > 0)
    served = (book.moves.wanted_ms >= 0) & (book.moves.placed_ms > 0)
    waited_s = (book.moves.at_source_ms - book.moves.wanted_ms)[served] / 1000
    shares = book.vehicle_state_ms.sum(axis=0) / book.vehicle_state_ms.sum()
    cells = number_out(book, floor_of(plant, book.machine_ids), lots_in_record(book))
    return {
        "vehicles": count,
        "cells_per_day": round(cells * 24 / hours),
        "bottleneck_idle": round(float(within_ms[standby].sum()) / (len(machines) * (book.until_ms - book.from_ms)), 4),
        **{name: round(float(share), 4) for name, share in zip(VEHICLE_STATES, shares, strict=True)},
        "wait_min": round(float(waited_s.mean()) / 60, 2),
        "wait_p95_min": round(float(np.percentile(waited_s, 95)) / 60, 2),
        "planning_s_per_day": round(SPENT["s"] * 24 / (hours + warmup_h), 2),
    }


def in_a_process(source: Path, count: int, hours: float, seed: int) -> dict[str, Any]:
    """`measure` with the code of a checkout."""
    command = [sys.executable, __file__, "--one", str(count), "--hours", f"{hours:g}", "--seed", str(seed)]
    ran = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(source / "src")}, capture_output=True, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def main() -> None:
    """Measure, print a table and a JSON document."""
    ask = argparse.ArgumentParser(description="Output over fleet size.")
    ask.add_argument("--sizes", default=",".join(map(str, SIZES)))
    ask.add_argument("--hours", type=float, default=24.0)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--before", type=Path)
    ask.add_argument("--one", type=int, help="this size only, in this process")
    asked = ask.parse_args()
    if asked.one:
        print(json.dumps(measure(read_plant("topcon"), asked.one, asked.hours, asked.seed)))
        return
    sources = {"now": Path(__file__).resolve().parents[1]}
    if asked.before:
        sources = {"before": asked.before.resolve(), **sources}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in sources}
    for count in map(int, asked.sizes.split(",")):
        for name, source in sources.items():
            found[name].append(in_a_process(source, count, asked.hours, asked.seed))
    fewest = {}
    for name, rows in found.items():
        table = Table(name, *(f"{row['vehicles']}" for row in rows))
        for key in list(rows[0])[1:]:
            table.add_row(key, *(f"{row[key]:,}" for row in rows))
        Console().print(table)
        enough = (1 - BUSY_WITHIN) * rows[-1]["cells_per_day"]
        fewest[name] = min(row["vehicles"] for row in rows if row["cells_per_day"] >= enough)
    print(json.dumps({"fewest": fewest, **found}, indent=2))


if __name__ == "__main__":
    main()
