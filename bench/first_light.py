"""The whole first-light day, timed: `heliograph run topcon` end to end, and a SimPy model of the same flow beside it.

    python bench/first_light.py [--plant topcon] [--hours 24] [--runs 3] [--seeds 8] [--out FILE.json]

Group: whole day. Three parts:

1. Time. A short run of the small plant first, so that the kernels are compiled and kept. Then RUNS times the command,
   seed 1, each in a process of its own: wall time, peak resident memory, and the split by part that the run measured
   (of the median run). The SimPy model runs for the same simulated time, warm-up included, after each.
2. Flow. Both for seed 1 on the plant without failures: output must agree within 3 %.
3. Output. Both for seeds 1 to SEEDS with failures. A day differs by some 3 % from seed to seed, as long repairs fall;
   both models are given the same stops, so that they can be compared seed by seed: each must agree within 3 %.

What this deliberately does not measure: burning, the first compilation, plants of other sizes.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from heliograph.passages import floor_of, lots_in_record, number_out
from heliograph.plant import PlantFiles, read_plant
from heliograph.run.loop import simulate
from simpy_model import simulate as simulate_with_simpy

__all__ = ["main"]

AGREE_WITHIN = 0.03


def timed_run(plant: str, hours: float, seed: int, folder: Path) -> dict[str, Any]:
    """Run `heliograph run` in a process of its own; give its summary, its wall time and its peak memory."""
    command = [sys.executable, "-m", "heliograph.cli.main", "run", plant, "--hours", f"{hours:g}", "--seed", str(seed)]
    began = time.perf_counter()
    where = [*command, "--out", str(folder), "--json"]
    with subprocess.Popen(where, stdout=subprocess.DEVNULL, cwd=folder.parent) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"heliograph run ended with exit code {process.returncode}")
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text("utf-8"))
    return {"summary": summary, "wall_s": wall_s, "peak_mb": used.ru_maxrss * 1024 / 1e6}


def time_both(files: PlantFiles, hours: float, runs: int) -> dict[str, Any]:
    """Part 1."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as scratch:
        timed_run("small", 1.0, 1, Path(scratch) / "warm")
        for number in range(runs):
            folder = Path(scratch) / f"run-{number}"
            ours.append(timed_run(str(files.folder.resolve()), hours, 1, folder))
            shutil.rmtree(folder)
            theirs.append(simulate_with_simpy(files, hours, 1))
    run = sorted(ours, key=lambda run: run["wall_s"])[len(ours) // 2]
    summary = run["summary"]
    return {
        "heliograph": {
            "wall_s": run["wall_s"],
            "peak_mb": max(run["peak_mb"] for run in ours),
            "parts_s": summary["parts_s"],
            "cells": summary["cells"],
            "moves": summary["moves"],
            "violations": summary["violations"],
        },
        "simpy": {"wall_s": median(run.wall_s for run in theirs), "events": theirs[0].events},
    }


def outputs(files: PlantFiles, hours: float, seeds: range) -> dict[str, list[float]]:
    """Cells per day of both, seed by seed."""
    plant = files.plant
    made: dict[str, list[float]] = {"heliograph": [], "simpy": []}
    for seed in seeds:
        book = simulate(plant, files.roadmap, seed=seed, hours=hours, warmup_h=plant.flow.warmup_h)
        cells = number_out(book, floor_of(plant, book.machine_ids), lots_in_record(book))
        made["heliograph"].append(cells * 24.0 / hours)
        made["simpy"].append(simulate_with_simpy(files, hours, seed).cells_per_day)
    return made


def without_failures(files: PlantFiles) -> PlantFiles:
    """The same plant, with planned stops only."""
    sound = [msgspec.structs.replace(equipment, mtbf_h=0.0) for equipment in files.plant.equipment]
    return dataclasses.replace(files, plant=msgspec.structs.replace(files.plant, equipment=sound))


def compared(made: dict[str, list[float]]) -> dict[str, Any]:
    """The differences seed by seed, SimPy to Heliograph, as shares of Heliograph's; their mean and the largest."""
    differences = [simpy / ours - 1.0 for ours, simpy in zip(made["heliograph"], made["simpy"], strict=True)]
    largest = max(differences, key=abs)
    return {
        "cells_per_day": made,
        "difference": mean(differences),
        "largest": largest,
        "agrees": abs(largest) <= AGREE_WITHIN,
    }


def main() -> None:
    """Measure, print a table and a JSON document."""
    words = argparse.ArgumentParser(description="The first-light day, timed, beside a SimPy model.")
    words.add_argument("--plant", default="topcon")
    words.add_argument("--hours", type=float, default=24.0)
    words.add_argument("--runs", type=int, default=3, help="how often the command is timed")
    words.add_argument("--seeds", type=int, default=8, help="seeds 1 to SEEDS, with failures, for the outputs")
    words.add_argument("--out", type=Path, help="write the JSON document here, too")
    given = words.parse_args()
    files = read_plant(given.plant)
    document = {
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "python": platform.python_version()},
        "plant": given.plant,
        "hours": given.hours,
        "time": time_both(files, given.hours, given.runs),
        "flow_without_failures": compared(outputs(without_failures(files), given.hours, range(1, 2))),
        "output_with_failures": compared(outputs(files, given.hours, range(1, given.seeds + 1))),
    }
    _show(document)
    print(json.dumps(document, indent=2))
    if given.out:
        given.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def _show(document: dict[str, Any]) -> None:
    ours, theirs = document["time"]["heliograph"], document["time"]["simpy"]
    table = Table(title=f"{document['plant']}, {document['hours']:g} h", title_justify="left")
    table.add_column("")
    table.add_column("Heliograph", justify="right")
    table.add_column("SimPy model", justify="right")
    table.add_row("wall time, s", f"{ours['wall_s']:.1f}", f"{theirs['wall_s']:.1f}")
    for part, seconds in ours["parts_s"].items():
        table.add_row(f"  {part}", f"{seconds:.2f}", "")
    table.add_row("peak memory, MB", f"{ours['peak_mb']:,.0f}", "")
    table.add_row("events of the model", "", f"{theirs['events']:,}")
    table.add_row("violations", f"{ours['violations']:,}", "")
    for name in ("flow_without_failures", "output_with_failures"):
        made = document[name]["cells_per_day"]
        shown = [f"{mean(made[side]):,.0f}" for side in ("heliograph", "simpy")]
        table.add_row(f"cells per day, {name.split('_', 1)[1].replace('_', ' ')}", *shown)
    console = Console(stderr=True)
    console.print(table)
    console.print(
        f"wall time SimPy : Heliograph = {theirs['wall_s'] / ours['wall_s']:.2f} : 1; only Heliograph drives vehicles "
        "node by node, draws every cell, judges the tracks, seals and verifies discs"
    )
    for name in ("flow_without_failures", "output_with_failures"):
        found = document[name]
        most = f", at most {found['largest']:+.2%}"
        count = len(found["cells_per_day"]["simpy"])
        verdict = "agrees" if found["agrees"] else "DOES NOT agree"
        console.print(
            f"{name.replace('_', ' ')}, {count} seed(s): {verdict}: SimPy {found['difference']:+.2%}{most} "
            f"(bound {AGREE_WITHIN:.0%})"
        )


if __name__ == "__main__":
    main()
