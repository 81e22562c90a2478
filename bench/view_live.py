"""What viewers cost a run: `heliograph run topcon --live` as fast as it can, group *whole day*.

    python bench/view_live.py [PLANT] [--hours 24] [--warmup H] [--rounds 3] [--viewers 20] [--seed 1]
                              [--only one,stuck]

Each round runs the same day in every case, in an order drawn anew, and each case is told as a ratio to the round's own
first case: a machine that is slow in one round is so for all of it.

- unwatched: without --live; what all others are held against.
- again: the same once more: how far two equal runs differ here.
- beside: unwatched, while another process keeps a core busy that has nothing to do with the run: what the machine alone
  makes of company.
- nobody: --live, and no viewer.
- one, many: so many viewers (`--viewers` for many). Each is a process of its own, `live_viewer.py`, that asks what the
  page asks, at its pace: pulse and chunk twice a second, figures every ten seconds. They draw nothing.
- stuck: four viewers that ask and never read an answer.
- vanish: six viewers that look, and reset their connection in the middle of an answer within eight seconds.

Told are, apart from each other, the processor time of the run's own process from its start to its end, that of the
process that serves the page, and that of all viewers; the wall time from the start of the day to its report, as the run
itself says it; and what viewers got. Processor times are the kernel's, in hundredths of a second. The table gives the
median of the rounds and, for ratios, the least and the most.

Every run must leave the same record, byte for byte; in the end the day is sealed twice, unwatched and with many
viewers, and plant, record, discs, and the summary but for its times, have to be the same. Exit code 1 where they are
not, or where a target is missed: the run's own processor time may grow by 5 % with one viewer, by 10 % with twenty, and
by nothing with a stuck one, which is: no more over `nobody` than two equal runs differ here.

Not measured: browsers on other machines, and networks. Where there are fewer cores than processes, the wall time says
how the machine shares them out, not what the run is held up by: it waits for no viewer (`run/live/spool.py`). So the
targets are about processor time. Discs are made in the last two runs alone.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

VIEWER: Final = Path(__file__).with_name("live_viewer.py")
CASES: Final = ("unwatched", "again", "beside", "nobody", "one", "many", "stuck", "vanish")
MOST: Final = {"one": 1.05, "many": 1.10}
"""Targets: processor time of the run over that of an unwatched one."""
STUCK, VANISHING = 4, 6
TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")


class RunFailed(Exception):
    """A run, or a viewer of it, did not end well."""


class Asked(NamedTuple):
    """What is run."""

    plant: str
    hours: float
    warmup_h: float | None
    seed: int
    viewers: int

    def words(self, folder: Path, *more: str) -> list[str]:
        warm = [] if self.warmup_h is None else ["--warmup", str(self.warmup_h)]
        day = [self.plant, "--hours", str(self.hours), "--seed", str(self.seed), *warm]
        return [sys.executable, "-m", "heliograph.cli.main", "run", *day, "--out", str(folder), *more]


class Cost(NamedTuple):
    """One run: seconds."""

    run_s: float
    """Processor of the run's own process."""
    server_s: float
    viewers_s: float
    wall_s: float
    got: list[dict[str, float]]
    """What each viewer says that it got."""
    record: dict[str, str]
    """Digest of every file of the record, plant and discs."""
    summary: dict[str, Any]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("plant", nargs="?", default="topcon")
    words.add_argument("--hours", type=float, default=24.0)
    words.add_argument("--warmup", type=float, help="hours; the plant's")
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--viewers", type=int, default=20, help="of the case `many`")
    words.add_argument("--seed", type=int, default=1, help="of the run; the order of the cases hangs on it, too")
    words.add_argument(
        "--only", default=",".join(CASES), help="cases, with commas between them; unwatched is always run"
    )
    wished = words.parse_args()
    cases = ["unwatched", *(case for case in CASES[1:] if case in wished.only.split(","))]
    asked = Asked(wished.plant, wished.hours, wished.warmup, wished.seed, wished.viewers)
    print(f"{asked.plant}, {asked.hours:g} h, seed {asked.seed}; {wished.rounds} rounds; {machine()}", flush=True)
    warm(asked)
    costs: dict[str, list[Cost]] = defaultdict(list)
    failed: list[str] = []
    chance = random.Random(asked.seed)
    began_s = time.monotonic()
    for number in range(wished.rounds):
        order = [cases[0], *chance.sample(cases[1:], len(cases) - 1)]
        for case in order:
            costs[case].append(again_if_it_fails(case, asked, failed))
            print(f"  round {number + 1}, {case}: {line(costs[case][-1])}", flush=True)
    wrong = show(costs) + failed
    wrong += differences("record", [cost for each in costs.values() for cost in each])
    sealed = [measured(case, asked) for case in ("unwatched", "many")]
    odd = differences("sealed day", sealed)
    files = len(sealed[0].record)
    print(f"{files} files of the sealed day compared, the discs among them: {'different' if odd else 'the same'}")
    wrong += odd
    print(f"took {(time.monotonic() - began_s) / 60:.1f} min, load {os.getloadavg()[0]:.1f}")
    for each in wrong:
        print(f"MISSED: {each}")
    raise SystemExit(bool(wrong))


def machine() -> str:
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"


def warm(asked: Asked) -> None:
    """Compile what is to be compiled, outside of all figures."""
    with tempfile.TemporaryDirectory() as scratch:
        measured("one", asked._replace(hours=0.05, warmup_h=0.05), "--no-discs", scratch=Path(scratch))


def measured(case: str, asked: Asked, *more: str, scratch: Path | None = None) -> Cost:
    """Run one case, and see what it cost."""
    with tempfile.TemporaryDirectory(dir=scratch) as place:
        folder = Path(place) / "day"
        plain = case in ("unwatched", "again", "beside")
        live = [] if plain else ["--live", "--no-open", "--exit-when-done"]
        with beside() if case == "beside" else contextlib.nullcontext():
            return one_run(asked.words(folder, *more, *live), folder, [] if plain else manners(case, asked.viewers))


def again_if_it_fails(case: str, asked: Asked, failed: list[str]) -> Cost:
    """Run one case without discs. One that fails is told of, and run once more, so that the others are not in vain."""
    try:
        return measured(case, asked, "--no-discs")
    except RunFailed as wrong:
        print(f"  {case} FAILED: {wrong}", flush=True)
        failed.append(f"{case}: a run failed")
        return measured(case, asked, "--no-discs")


def manners(case: str, viewers: int) -> list[str]:
    """What viewers there are."""
    return {
        "nobody": [],
        "one": ["watch"],
        "many": ["watch"] * viewers,
        "stuck": ["stuck"] * STUCK,
        "vanish": ["vanish"] * VANISHING,
    }[case]


@contextlib.contextmanager
def beside() -> Iterator[None]:
    """Another process, busy with itself."""
    busy = subprocess.Popen([sys.executable, "-I", "-c", "while True: pass"])
    try:
        yield
    finally:
        busy.kill()
        busy.wait()


def one_run(command: Sequence[str], folder: Path, manners: Sequence[str]) -> Cost:
    """Start the run, and viewers once its page answers; wait for its end, then for theirs."""
    viewers: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as run:
        try:
            assert run.stdout is not None
            if "--live" in command:
                url = run.stdout.readline().decode().strip()
                viewers = [
                    subprocess.Popen([sys.executable, "-I", str(VIEWER), url, manner], stdout=subprocess.PIPE)
                    for manner in manners
                ]
            run.stdout.read()
            run_s, server_s = spent(run.pid)
            if run.wait():
                said.seek(0)
                raise RunFailed(f"{' '.join(command)}: exit code {run.returncode}\n{said.read().decode()[-2000:]}")
            got, viewers_s = farewell(viewers)
        finally:
            for process in (run, *viewers):
                if process.poll() is None:
                    process.kill()
    summary = json.loads((folder / "summary.json").read_text())
    return Cost(run_s, server_s, viewers_s, summary["wall_s"], got, digests(folder), summary)


def spent(pid: int) -> tuple[float, float]:
    """Processor seconds of a child of ours once it has ended, and of the children that it has waited for."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # it stays, as a zombie, to be asked
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own_user, own_system, children_user, children_system = map(int, fields[11:15])
    return (own_user + own_system) * TICK_S, (children_user + children_system) * TICK_S


def farewell(viewers: Sequence[subprocess.Popen[bytes]]) -> tuple[list[dict[str, float]], float]:
    """What viewers got, and their processor seconds; those who are stuck are ended."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    got = []
    for viewer in viewers:
        assert viewer.stdout is not None
        stuck = viewer.args[-1] == "stuck"  # type: ignore[index]
        if stuck:
            viewer.send_signal(signal.SIGKILL)
        said = viewer.stdout.read()
        if viewer.wait() and not stuck:
            raise RunFailed(f"a viewer failed: exit code {viewer.returncode}")
        got += [json.loads(said)] if said else []
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return got, max(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 0.0)


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of all that hangs on the plant and the seed alone."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in ("record", "plant", "discs")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    }


def differences(what: str, runs: Sequence[Cost]) -> list[str]:
    """In what runs differ that must not."""
    timed = ("parts_s", "wall_s", "speedup")
    first = runs[0]
    for run in runs[1:]:
        names = sorted(first.record.keys() | run.record.keys())
        odd = [name for name in names if first.record.get(name) != run.record.get(name)]
        one, two = ({name: value for name, value in each.summary.items() if name not in timed} for each in (first, run))
        odd += [f"summary.json: {name}" for name in one.keys() | two.keys() if one.get(name) != two.get(name)]
        if odd:
            return [f"{what}: {', '.join(odd)} are not those of an unwatched run"]
    return []


# ---- what is shown


def line(cost: Cost) -> str:
    return f"run {cost.run_s:.2f} s, server {cost.server_s:.2f}, viewers {cost.viewers_s:.2f}; wall {cost.wall_s:.1f}"


def ratios(costs: Sequence[Cost], beside: Sequence[Cost], field: str) -> list[float]:
    return [getattr(one, field) / getattr(other, field) for one, other in zip(costs, beside, strict=True)]


def spread(found: Sequence[float]) -> str:
    return f"{statistics.median(found):.3f} ({min(found):.3f} to {max(found):.3f})"


def show(costs: dict[str, list[Cost]]) -> list[str]:
    """The table; what targets are missed."""
    base, wrong = costs["unwatched"], []
    print("| case | run's own processor | ratio | wall | ratio | page's server | viewers | each viewer got |")
    print("|---|---|---|---|---|---|---|---|")
    for case, each in ((case, costs[case]) for case in CASES if case in costs):
        own = ratios(each, base, "run_s")
        middle = {name: statistics.median(getattr(cost, name) for cost in each) for name in ("run_s", "wall_s")}
        others = [statistics.median(getattr(cost, name) for cost in each) for name in ("server_s", "viewers_s")]
        print(
            f"| {case} | {middle['run_s']:.2f} s | {spread(own)} | {middle['wall_s']:.1f} s "
            f"| {spread(ratios(each, base, 'wall_s'))} | {others[0]:.2f} s | {others[1]:.2f} s | {gotten(each)} |"
        )
        if case in MOST and statistics.median(own) > MOST[case]:
            wrong.append(f"{case}: {statistics.median(own):.3f} times the processor time, at most {MOST[case]}")
    if costs.get("nobody") and costs.get("stuck") and costs.get("again"):
        stuck = ratios(costs["stuck"], costs["nobody"], "run_s")
        noise = max(abs(ratio - 1) for ratio in ratios(costs["again"], base, "run_s"))
        print(f"stuck over nobody: {spread(stuck)}; two equal runs differ by up to {noise:.1%}")
        if statistics.median(stuck) > 1 + noise:
            wrong.append(f"stuck: {statistics.median(stuck):.3f} times the processor time of nobody")
    return wrong


def gotten(costs: Sequence[Cost]) -> str:
    """Medians over all viewers of all rounds."""
    viewers = [viewer for cost in costs for viewer in cost.got]
    if not viewers:
        return ""
    middle = {name: statistics.median(viewer[name] for viewer in viewers) for name in viewers[0]}
    longest = max(viewer["longest_ms"] for viewer in viewers)
    return (
        f"{middle['pulses']:.0f} pulses, {middle['chunks']:.0f} chunks, {middle['figures']:.0f} figures, "
        f"{middle['bytes'] / 1e6:.1f} MB; a pulse after {middle['wait_ms']:.0f} ms, at most {longest:.0f}"
    )


if __name__ == "__main__":
    if shutil.which("uname") is None or not Path("/proc/self/stat").exists():
        raise SystemExit("needs Linux: processor times of processes come from /proc")
    main()
