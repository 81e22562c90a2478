"""`heliograph fleet bench`: how many errands the fleet does on an instance, and what a step of planning takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from heliograph.cli.show import human_bytes, human_duration, json_option, note, print_json, print_pairs, print_table
from heliograph.cli.show import progress as progress_bar

if TYPE_CHECKING:
    from heliograph.fleet.check_steps import StepsJudged
    from heliograph.run.bench import Ran

__all__ = ["command"]

SHOWN = 20
LIMIT_MS = 50.0


@click.command(
    epilog="\b\nExamples:\n  heliograph fleet bench random_100.json\n"
    "  heliograph fleet bench random_100.json --steps 500 --time-limit-ms 1000 --out run.npz\n"
    "  heliograph fleet bench warehouse_large_8000.json --robots 2000 --tries 1000 --json"
)
@click.argument("instance", type=click.Path(path_type=Path))
@click.option("--steps", type=click.IntRange(1, 1_000_000), help="[default: as in the competition, or 1000]")
@click.option(
    "--time-limit-ms",
    "limit_ms",
    type=click.FloatRange(0.0, 3_600_000.0),
    help=f"Wall time of a step, errands dealt and robots driven.  [default: {LIMIT_MS:g}]",
)
@click.option(
    "--tries",
    type=click.IntRange(0, 1_000_000_000),
    help="Tries to improve in each step, whatever they take: the same run, everywhere.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option("--robots", type=click.IntRange(1), help="Only the first so many.  [default: all]")
@click.option("--out", type=click.Path(path_type=Path), help="Record the run as FILE.npz, for `heliograph fleet show`.")
@json_option
def command(
    instance: Path,
    steps: int | None,
    limit_ms: float | None,
    tries: int | None,
    seed: int,
    robots: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Run INSTANCE, a JSON file of the League of Robot Runners 2023, and judge the run with separate code.

    Robots drive forward, turn by 90° or wait; each gets its errands one by one, dealt in turn. Before the clock
    runs, kernels are compiled, and all robots are told their first errand. A run that breaks a rule ends with exit
    code 5.
    """
    from heliograph.errors import CheckFailed, UsageWrong
    from heliograph.fleet.check_steps import check_steps
    from heliograph.plant.lorr import read_instance
    from heliograph.run.bench import Limit, bench
    from heliograph.run.steps_file import SUFFIX, write_steps

    if limit_ms is not None and tries is not None:
        raise UsageWrong("--time-limit-ms and --tries: give one of them", hint="--tries takes whatever time it takes")
    if limit_ms is not None and math.isnan(limit_ms):  # a range lets NaN pass
        raise UsageWrong("--time-limit-ms nan: expected a number of milliseconds", hint=f"--time-limit-ms {LIMIT_MS:g}")
    if out is not None and out.suffix != SUFFIX:
        raise UsageWrong(f"--out {out}: expected a name that ends in {SUFFIX}", hint=f"--out {out}{SUFFIX}")
    read = read_instance(instance, robots)
    for said in read.notes:
        note(f"note: {said}")
    length = steps or read.steps
    limit = Limit(tries=tries) if tries is not None else Limit(ms=LIMIT_MS if limit_ms is None else limit_ms)
    began = perf_counter()
    with progress_bar(read.name, quiet=as_json) as tell:

        def watch(step: int, errands: int, took_ms: float) -> None:
            tell(step / length, f"step {step:,} of {length:,} · {errands:,} errands · {took_ms:,.1f} ms")

        ran = bench(read, length, limit, seed, watch)
    ended = perf_counter()
    judged = check_steps(read.free, ran.states, read.tasks, starts=read.starts, claimed=ran.errands)
    figures = _figures(ran, judged, ended - began, perf_counter() - ended)
    if out is not None:
        write_steps(out, read, ran.states, ran.errands, ran.step_ms, figures)
        figures["out"] = str(out)
    found = judged.violations[:SHOWN]
    if as_json:
        print_json({**figures, "first_violations": found})
    else:
        _show(figures)
        if found:
            print_table(
                ["violation", "after step", "robot", "what"], [[v.kind, v.step, v.robot, v.text] for v in found]
            )
    if found:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in judged.kinds.items())
        wrong = CheckFailed(f"{read.name}: {kinds}", hint="a violation is a fault in the fleet: report it")
        if as_json:  # the document is printed already, and there is to be one
            note(str(wrong))
            raise SystemExit(wrong.exit_code)
        raise wrong


def _figures(ran: Ran, judged: StepsJudged, wall_s: float, judge_s: float) -> dict[str, Any]:
    """The run in figures; errands are those that the judge counted."""
    import numpy as np

    from heliograph import __version__

    errands, steps, robots = int(judged.errands.sum()), len(ran.step_ms), len(ran.errands)
    limit_ms = ran.limit.ms
    median, high = np.percentile(ran.step_ms, [50, 99]).tolist()
    return {
        "instance": ran.instance.name,
        "map": ran.instance.map_name,
        "robots": robots,
        "steps": steps,
        "seed": ran.seed,
        "time_limit_ms": limit_ms,
        "tries_per_step": ran.limit.tries,
        "errands": errands,
        "errands_per_step": errands / steps,
        "errand_steps": _lengths(judged, steps),
        "errands_per_robot": {"least": int(judged.errands.min()), "most": int(judged.errands.max())},
        "step_ms": {"median": median, "p99": high, "max": float(ran.step_ms.max()), "first": float(ran.step_ms[0])},
        "over_limit": None if limit_ms is None else float(np.mean(ran.step_ms > limit_ms)),
        "tries": ran.tries,
        "tries_that_helped": ran.helped,
        "compile_ms": ran.compile_ms,
        "setup_ms": ran.setup_ms,
        "wall_s": wall_s,
        "judge_s": judge_s,
        "memory_bytes": ran.memory_bytes,
        "violations": sum(judged.kinds.values()),
        "violations_by_kind": judged.kinds,
        "version": __version__,
    }


def _lengths(judged: StepsJudged, steps: int) -> dict[str, float]:
    """How many steps errands took, and the longest that any robot was on one, finished or not."""
    import numpy as np

    robots = len(judged.errands)
    step = np.concatenate((judged.done[:, 0], np.full(robots, steps)))
    robot = np.concatenate((judged.done[:, 1], np.arange(robots)))
    order = np.lexsort((step, robot))
    step, robot, last = step[order], robot[order], order >= len(judged.done)
    took = np.diff(step, prepend=0)
    first = np.diff(robot, prepend=-1) != 0
    took[first] = step[first]
    finished = took[~last]
    return {"median": float(np.median(finished)) if len(finished) else 0.0, "longest": int(took.max())}


def _show(figures: dict[str, Any]) -> None:
    ms, fewest, long = figures["step_ms"], figures["errands_per_robot"], figures["errand_steps"]
    limit_ms, over = figures["time_limit_ms"], figures["over_limit"]
    before = f"kernels {figures['compile_ms']:,.0f} ms, fleet and first errands {figures['setup_ms']:,.0f} ms"
    given = f"{figures['tries_per_step']:,} tries" if limit_ms is None else f"{limit_ms:g} ms"
    pairs: Sequence[tuple[str, object]] = [
        ("robots", f"{figures['robots']:,} on {figures['map']}"),
        ("steps", f"{figures['steps']:,}, with {given} each"),
        ("errands", f"{figures['errands']:,} ({figures['errands_per_step']:.2f} a step)"),
        ("steps of an errand", f"median {long['median']:g}, longest {long['longest']:,}, the unfinished included"),
        ("errands a robot", f"{fewest['least']:,} to {fewest['most']:,}"),
        ("time of a step", f"median {ms['median']:.2f} ms, 99 % below {ms['p99']:.2f} ms, longest {ms['max']:.2f} ms"),
        ("the first step", f"{ms['first']:.1f} ms"),
        ("steps over the limit", "no limit" if over is None else f"{over:.2%}"),
        ("tries to improve", f"{figures['tries']:,}, of which {figures['tries_that_helped']:,} helped"),
        ("before the clock", before),
        ("time in all", f"{human_duration(figures['wall_s'])}, judged in {figures['judge_s']:.2f} s"),
        ("memory", f"{human_bytes(figures['memory_bytes'])} at most"),
        ("violations", f"{figures['violations']:,}"),
    ]
    if figures.get("out"):
        pairs = [*pairs, ("recorded", f"{figures['out']} (`heliograph fleet show {figures['out']} -o FILE` draws it)")]
    print_pairs(pairs, title=f"{figures['instance']}, seed {figures['seed']}")
