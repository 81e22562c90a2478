"""The whole first-light day, timed: `heliograph run topcon` end to end, and a SimPy model of the same flow beside it.

    python bench/first_light.py [--plant topcon] [--hours 24] [--runs 3] [--out FILE.json]

Group: whole day. A short run of the small plant comes first, so that the kernels are compiled and kept. Then the
command runs once for each seed from 1, in a process of its own: wall time, peak resident memory, and the split by part
that the run itself measured (medians). The SimPy model runs for the same seeds and the same simulated time, warm-up
included. A day's output differs by about 2 % from seed to seed, as failures fall, so throughputs are compared as means.
What this deliberately does not measure: burning, the first compilation, plants of other sizes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median, pstdev
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
    words.add_argument("--runs", type=int, default=3, help="seeds 1 to RUNS, for both")
    words.add_argument("--out", type=Path, help="write the JSON document here, too")
    given = words.parse_args()
    seeds = range(1, given.runs + 1)
    runs, models = [], []
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as scratch:
        timed_run("small", 1.0, 1, Path(scratch) / "warm")
        for seed in seeds:
            runs.append(timed_run(given.plant, given.hours, seed, Path(scratch) / f"run-{seed}"))
            models.append(simulate(read_plant(given.plant), given.hours, seed))
            shutil.rmtree(Path(scratch) / f"run-{seed}")
    ours = {
        "wall_s": median(run["wall_s"] for run in runs),
        "peak_mb": max(run["peak_mb"] for run in runs),
        "parts_s": {
            part: median(run["summary"]["parts_s"][part] for run in runs) for part in runs[0]["summary"]["parts_s"]
        },
        "cells_per_day": [run["summary"]["cells_per_day"] for run in runs],
        "moves": [run["summary"]["moves"] for run in runs],
        "violations": sum(_count(run["summary"]["violations"]) for run in runs),
    }
    theirs = {
        "wall_s": median(model.wall_s for model in models),
        "events": models[0].events,
        "cells_per_day": [model.cells_per_day for model in models],
        "moves": [model.moves for model in models],
    }
    difference = mean(theirs["cells_per_day"]) / mean(ours["cells_per_day"]) - 1.0
    document = {
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "python": platform.python_version()},
        "plant": given.plant,
        "hours": given.hours,
        "seeds": list(seeds),
        "heliograph": ours,
        "simpy": theirs,
        "throughput_difference": difference,
        "agrees": abs(difference) <= AGREE_WITHIN,
        "wall_ratio": theirs["wall_s"] / ours["wall_s"],
    }
    _show(document)
    print(json.dumps(document, indent=2))
    if given.out:
        given.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _count(violations: Any) -> int:
    return violations if isinstance(violations, int) else len(violations)


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def _show(document: dict[str, Any]) -> None:
    ours, theirs = document["heliograph"], document["simpy"]
    count = len(document["seeds"])
    table = Table(title=f"{document['plant']}, {document['hours']:g} h, {count} seeds", title_justify="left")
    table.add_column("")
    table.add_column("Heliograph", justify="right")
    table.add_column("SimPy model", justify="right")
    table.add_row("wall time, s", f"{ours['wall_s']:.1f}", f"{theirs['wall_s']:.1f}")
    for part, seconds in ours["parts_s"].items():
        table.add_row(f"  {part}", f"{seconds:.1f}", "")
    table.add_row("peak memory, MB", f"{ours['peak_mb']:,.0f}", "")
    for name in ("cells_per_day", "moves"):
        spread = [f"{mean(side[name]):,.0f} ± {pstdev(side[name]):,.0f}" for side in (ours, theirs)]
        table.add_row(f"{name.replace('_', ' ')}, mean ± sd", *spread)
    table.add_row("events", "", f"{theirs['events']:,}")
    table.add_row("violations", f"{ours['violations']:,}", "")
    console = Console(stderr=True)
    console.print(table)
    verdict = "agrees" if document["agrees"] else "DOES NOT agree"
    console.print(
        f"throughput {verdict}: SimPy {document['throughput_difference']:+.1%} (bound {AGREE_WITHIN:.0%}); "
        f"wall time SimPy : Heliograph = {document['wall_ratio']:.2f} : 1, and only Heliograph drives vehicles node by "
        "node, draws every cell, seals and verifies discs"
    )


if __name__ == "__main__":
    main()
