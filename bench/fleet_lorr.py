"""Targeted: errands of the fleet in steps on instances of the League of Robot Runners 2023, peers beside.

Size: random-32-32-20 with 100 to 800 robots at 1, 50 and 1,000 ms a step, as many steps as in the competition; with
`--curve` warehouse_large and sortation_large with 1,000 to 10,000 robots at 250 ms, and 5,000 robots at 50, 250 and
1,000 ms. Unit: errands, as the judge counts them (`fleet/check_steps.py`). Seed 1. Each run has a process of its own,
so its memory is its own. Without a folder, grids of the random class are made by the seed.

Peers stand in `bench/README.md`. A best is that of a whole run, by step; a shorter run here begins with all robots on
the way, and ends before jams that take long to form: the column of the last 100 steps tells more then.
Not measured: compiling; setting up the fleet, first errands included (told apart). `--processor` lets the limit count
the processor time of the run, for a machine with other work; it leaves out what waiting for the processor would cost.

    python bench/fleet_lorr.py [FOLDER] [--only random_100 ...] [--limits-ms MS ...] [--steps N]
    python bench/fleet_lorr.py FOLDER --curve [--steps N] [--jobs 2]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.ndimage import label

from heliograph.fleet.check_steps import check_steps
from heliograph.plant.lorr import Instance, read_instance
from heliograph.run.bench import Limit, bench

RANDOM = "random-32-32-20"
BEST = {
    (RANDOM, 100): 1_741 / 500,
    (RANDOM, 200): 3_042 / 500,
    (RANDOM, 400): 7_432 / 1_000,
    (RANDOM, 600): 5_914 / 1_000,
    (RANDOM, 800): 6_059 / 2_000,
    ("warehouse_large", 10_000): 194_677 / 5_000,
    ("sortation_large", 10_000): 197_275 / 5_000,
}
"""Errands a step, published bests of the competition's main round, 1 s a step. Its random instances have starts and
errands of their own (README.md): on the examples a share of these compares two instances."""
EPIBT = {(RANDOM, 200): 3.82, (RANDOM, 400): 3.35}
"""Errands a step of EPIBT, at 0.35 and 0.77 ms a step."""
SMALL = (100, 200, 400, 600, 800)
LARGE = (1_000, 3_000, 5_000, 8_000, 10_000)
LAST = 100
HEAD = (
    "instance",
    "robots",
    "steps",
    "limit ms",
    "errands",
    "a step",
    f"last {LAST} steps",
    "best",
    "EPIBT",
    "of the best",
    "ms median / 99 % / max",
    "set up s",
    "memory MB",
    "violations",
)


class Run(NamedTuple):
    """One line of the table."""

    file: Path | None
    """None: a grid is made."""
    robots: int
    limit_ms: float
    steps: int | None
    """None: as many as in the competition."""
    seed: int
    processor: bool


def main() -> None:
    """One table; a line appears when its run and those before it are over."""
    asked = _asked()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start, seed {asked.seed}, ", end="")
    print("limit in processor time" if asked.processor else "limit in wall time", flush=True)
    print("| " + " | ".join(HEAD) + " |\n" + "|---" * len(HEAD) + "|", flush=True)
    own = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(asked.jobs, mp_context=own, max_tasks_per_child=1) as pool:
        for line in pool.map(measure, list(_runs(asked))):
            print("| " + " | ".join(line) + " |", flush=True)
    print(f"load {os.getloadavg()[0]:.1f} at the end; + starts beyond the file's are drawn by the seed")


def measure(run: Run) -> list[str]:
    """Run and judge; the line of the table."""
    instance, drawn = _instance(run)
    steps = run.steps or instance.steps
    clock = time.process_time if run.processor else time.perf_counter
    ran = bench(instance, steps, Limit(ms=run.limit_ms), run.seed, clock=clock)
    judged = check_steps(instance.free, ran.states, instance.tasks, starts=instance.starts, claimed=ran.errands)
    errands = int(judged.errands.sum())
    last = np.count_nonzero(judged.done[:, 0] > steps - LAST) / min(LAST, steps)
    best, epibt = (peer.get((instance.map_name, run.robots)) for peer in (BEST, EPIBT))
    median, high = np.percentile(ran.step_ms, [50, 99])
    return [
        instance.name,
        f"{run.robots:,}{'+' if drawn else ''}",
        f"{steps:,}",
        f"{run.limit_ms:g}",
        f"{errands:,}",
        f"{errands / steps:.2f}",
        f"{last:.2f}",
        f"{best:.2f}" if best else "",
        f"{epibt:.2f}" if epibt else "",
        f"{errands / steps / best:.1%}" if best else "",
        f"{median:.1f} / {high:.1f} / {ran.step_ms.max():.1f}",
        f"{ran.setup_ms / 1000:.1f}",
        f"{ran.memory_bytes / 1e6:,.0f}",
        ", ".join(f"{count} {kind}" for kind, count in judged.kinds.items()) or "0",
    ]


def _instance(run: Run) -> tuple[Instance, bool]:
    """The instance with so many robots, and whether starts were drawn."""
    rng = np.random.default_rng(run.seed)
    if run.file is None:
        return _made(run.robots, rng), False
    instance = read_instance(run.file)
    more = run.robots - len(instance.starts)
    if more <= 0:
        return read_instance(run.file, run.robots), False
    left = np.setdiff1d(np.flatnonzero(instance.free), instance.starts)
    starts = np.concatenate([instance.starts, rng.choice(left, more, replace=False)])
    return instance._replace(starts=starts), True


def _made(robots: int, rng: np.random.Generator) -> Instance:
    """A grid of the random class: 32 by 32 cells, a fifth of them blocked, those apart from the largest part too."""
    free = rng.permutation(32 * 32).reshape(32, 32) >= 32 * 32 // 5
    part, _ = label(free)
    free &= part == np.bincount(part[free]).argmax()
    cells = np.flatnonzero(free)
    starts = rng.choice(cells, robots, replace=False)
    return Instance(f"made_{robots}", RANDOM, free, starts, rng.choice(cells, 100_000))


def _runs(asked: argparse.Namespace) -> Iterator[Run]:
    limits = asked.limits_ms or ([250.0] if asked.curve else [1.0, 50.0, 1000.0])
    for name in asked.only or (["warehouse_large", "sortation_large"] if asked.curve else ["random"]):
        files = _files(asked.folder, name)
        sizes = asked.robots or (LARGE if asked.curve else SMALL)
        if not asked.robots and re.search(r"_\d+$", name):
            sizes = (int(name.rpartition("_")[2]),)
        for robots in sizes:
            file = files.get(robots, files[max(files)]) if files else None
            some = limits if robots != 5_000 or asked.limits_ms or not asked.curve else [50.0, 250.0, 1000.0]
            for limit_ms in some:
                yield Run(file, robots, limit_ms, asked.steps, asked.seed, asked.processor)


def _files(folder: Path | None, name: str) -> dict[int, Path]:
    """Instances of a class, by robots; nothing: there is no folder."""
    if folder is None:
        return {}
    of_class = re.compile(rf"(?:.*[-_])?{re.escape(re.sub(r'_[0-9]+$', '', name))}_([0-9]+)\.json")
    found = {int(m[1]): file for file in sorted(folder.rglob("*.json")) if (m := of_class.fullmatch(file.name))}
    if not found:
        raise SystemExit(f"{folder}: no instance {name}_ROBOTS.json in it or below")
    return found


def _asked() -> argparse.Namespace:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("folder", type=Path, nargs="?", help="with instances NAME_ROBOTS.json in it or below")
    ask.add_argument("--only", nargs="+", metavar="NAME", help="a class (random) or an instance of it (random_100)")
    ask.add_argument("--robots", nargs="+", type=int, metavar="N", help="fewer or more than in the file")
    ask.add_argument("--limits-ms", nargs="+", type=float, metavar="MS")
    ask.add_argument("--steps", type=int, help="default: as many as in the competition")
    ask.add_argument("--curve", action="store_true", help="large maps: errands over robots and over the time of a step")
    ask.add_argument("--processor", action="store_true", help="the limit counts processor time, not wall time")
    ask.add_argument("--jobs", type=int, default=1, help="runs at a time")
    ask.add_argument("--seed", type=int, default=1)
    asked = ask.parse_args()
    if asked.folder is None and (asked.curve or asked.only):
        ask.error("without a folder there are only made grids of the random class")
    return asked


if __name__ == "__main__":
    main()
