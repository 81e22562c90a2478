"""The whole first-light day, timed: `heliograph run topcon` end to end, and a SimPy model of the same flow beside it.

    python bench/first_light.py [--plant topcon] [--hours 24] [--seed 1] [--out FILE.json]

Group: whole day. The command runs once to warm up (its kernels are compiled and kept on the first run ever; a short
run of the small plant does it), then once timed, in its own process: wall time, peak resident memory, and the split
by part that the run itself measured. Then the SimPy model runs for the same simulated time, warm-up included, and the
two throughputs are compared. What this deliberately does not measure: burning, the first compilation, other seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from heliograph.plant import read_plant
from simpy_model import simulate

__all__ = ["main", "timed_run"]

AGREE_WITHIN = 0.03


def timed_run(plant: str, hours: float, seed: int, folder: Path) -> dict[str, Any]:
    """Run `heliograph run` in a process of its own; give its summary, its wall time and its peak memory."""
    command = [sys.executable, "-m", "heliograph.cli.main", "run", plant, "--hours", f"{hours:g}", "--seed", str(seed)]
    began = time.perf_counter()
    with subprocess.Popen([*command, "--out", str(folder), "--json"], stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"heliograph run ended with exit code {process.returncode}")
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text("utf-8"))
    return {"summary": summary, "wall_s": wall_s, "peak_mb": _peak_mb(used)}


def _peak_mb(used: resource.struct_rusage) -> float:
    return used.ru_maxrss * 1024 / 1e6


def main() -> None:
    """Measure, print a table and a JSON document."""
    words = argparse.ArgumentParser(description="The first-light day, timed, beside a SimPy model.")
    words.add_argument("--plant", default="topcon")
    words.add_argument("--hours", type=float, default=24.0)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--out", type=Path, help="write the JSON document here, too")
    given = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as scratch:
        timed_run("small", 1.0, given.seed, Path(scratch) / "warm")
        run = timed_run(given.plant, given.hours, given.seed, Path(scratch) / "run")
    summary = run["summary"]
    model = simulate(read_plant(given.plant), given.hours, given.seed)
    difference = model.cells_per_day / summary["cells_per_day"] - 1.0
    parts = dict(summary.get("parts_s", {}))
    floor_s = sum(parts.get(part, 0.0) for part in ("simulate", "warmup", "warm_up", "day"))
    document = {
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "python": platform.python_version()},
        "plant": given.plant,
        "hours": given.hours,
        "seed": given.seed,
        "heliograph": {
            "wall_s": run["wall_s"],
            "peak_mb": run["peak_mb"],
            "parts_s": parts,
            "cells": summary["cells"],
            "cells_per_day": summary["cells_per_day"],
            "moves": summary["moves"],
            "violations": summary["violations"],
        },
        "simpy": asdict(model),
        "throughput_difference": difference,
        "agrees": abs(difference) <= AGREE_WITHIN,
        "wall_ratio": model.wall_s / run["wall_s"],
        "wall_ratio_simulation_only": model.wall_s / floor_s if floor_s else None,
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
    ours, model = document["heliograph"], document["simpy"]
    table = Table(title=f"{document['plant']}, {document['hours']:g} h, seed {document['seed']}", title_justify="left")
    for name in ("", "Heliograph", "SimPy model"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row("wall time, s", f"{ours['wall_s']:.1f}", f"{model['wall_s']:.1f}")
    for part, seconds in ours["parts_s"].items():
        table.add_row(f"  {part}", f"{seconds:.1f}", "")
    table.add_row("peak memory, MB", f"{ours['peak_mb']:,.0f}", "")
    table.add_row("cells per day", f"{ours['cells_per_day']:,.0f}", f"{model['cells_per_day']:,.0f}")
    table.add_row("moves", f"{ours['moves']:,}", f"{model['moves']:,}")
    table.add_row("events", "", f"{model['events']:,}")
    console = Console(stderr=True)
    console.print(table)
    verdict = "agrees" if document["agrees"] else "DOES NOT agree"
    console.print(
        f"throughput {verdict}: SimPy {document['throughput_difference']:+.1%} (within {AGREE_WITHIN:.0%}); "
        f"wall time SimPy : Heliograph = {document['wall_ratio']:.2f} (its traffic, cells, discs and report included)"
    )


if __name__ == "__main__":
    main()
