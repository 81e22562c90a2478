"""kill -9 at random moments of seal, repair, migrate, protect in place and restore, group *targeted*.

    python bench/archive_kills.py [--kills 240] [--seed 1]
        [--only seal|repair|repair-out|migrate|refresh|protect|restore]

A small set (seven data discs, two parity discs; for repair and migrate with damage in every disc, one disc past its own
parity and one missing) is worked on by the real command; restore copies 3,000 small files out of a sound one. It runs
in a child process that has loaded it already (fork), so that kills fall into the work and not into the loading. Half of
the kills come at a random moment of the time that the command takes undisturbed, half right before a random one of its
file operations (open to write, rename, remove, make a folder, open a database), as the interpreter's audit hook sees
them. A child that ended before its kill is not counted. One to four kills in a row; then the same command runs to its
end, and

- every image or file is, byte for byte, that of an undisturbed run; the sources are untouched (but of what works in
  place);
- the folder holds the same names as after an undisturbed run: nothing is lost, no stray file is left;
- the catalog, where there is one, has the same lines; so have register and custody, but for the tests: one that was
  made before a kill is kept, and told of, beside that of the run after it.

After each kill already: what stands in the new folder under its own name is whole (not so what works in place).
Not covered: power cuts, and file systems that lie about fsync.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from disc_images import SECTOR, make_iso

WATCHED: Final = ("open", "os.rename", "os.remove", "os.truncate", "os.mkdir", "sqlite3.connect")
"""Audit events that stand for file operations; of opens, only those that may write."""


@dataclass(frozen=True)
class Job:
    """One command, where it works, and what it must leave."""

    name: str
    words: tuple[str, ...]
    in_place: bool = False
    """Changes what it is given; else `in` stays as it is, and what has its name in `out` is whole."""
    whole: str = "*.iso"
    """What has a name of its own in `out`; migrate works in folders below it."""


JOBS: Final = (
    Job("seal", ("seal", "tree", "--out", "out", "--capacity", "3MB", "--parity", "2", "--date", "2026-11-22")),
    Job("repair", ("repair", "in"), in_place=True),
    Job("repair-out", ("repair", "in", "--out", "out")),
    Job(
        "migrate",
        (
            *("migrate", "in", "--to", "out", "--capacity", "4MB", "--parity", "1"),
            *("--date", "2036-11-22", "--operator", "K. Ill"),
        ),
    ),
    Job("refresh", ("migrate", "in", "--to", "out", "--date", "2036-11-22", "--operator", "K. Ill")),
    Job("protect", ("protect", "plain.iso", "--in-place", "--roots", "64"), in_place=True),
    Job("restore", ("restore", "many", "--to", "out"), whole="*/*/*.bin"),
)


def main() -> None:
    """Kill, finish, compare; exit code 1 when something was lost."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--kills", type=int, default=240, help="in all (default 240)")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--only", choices=[job.name for job in JOBS])
    wishes = ask.parse_args()
    jobs = [job for job in JOBS if wishes.only in (None, job.name)]
    began, bad, total = time.perf_counter(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder) / "template")
        for job in jobs:
            counts, wrong = run_job(job, Path(folder), -(-wishes.kills // len(jobs)), wishes.seed)
            bad += len(wrong)
            total += sum(counts.values())
            print(
                f"{job.name:12} {sum(counts.values()):4} kills ({counts['moment']} at a moment, {counts['operation']} "
                f"before a file operation) in {counts.total()} children; wrong: {len(wrong)}",
                flush=True,
            )
            for each in wrong:
                print(f"  WRONG {each}", flush=True)
    print(f"{total} kills, {bad} wrong, {time.perf_counter() - began:.0f} s")
    sys.exit(bool(bad))


def prepare(template: Path, many: int = 3000) -> None:
    """A tree of files, its set with damage, and a sound set of `many` small files: `tree`, `in`, `many`."""
    random = np.random.default_rng(7)
    tree = template / "tree"
    (tree / "sub").mkdir(parents=True)
    for number in range(24):
        (tree / ("sub" if number % 2 else "") / f"{number}.bin").write_bytes(
            random.bytes(int(random.integers(250_000)))
        )
    (tree / "large.bin").write_bytes(random.bytes(2_500_000))
    seal = ("seal", str(tree), "--out", str(template / "in"), "--capacity", "3MB", "--parity", "2")
    if status_of(child((*seal, "--date", "2026-11-22"), template)) != 0:
        raise SystemExit("the set could not be sealed")
    images = sorted((template / "in").glob("*.iso"))
    for image in images[2:]:
        hurt(image, 0.02, random)
    hurt(images[1], 0.5, random)
    images[0].unlink()
    (template / "in" / "catalog.sqlite").unlink()
    make_iso(template / "plain.iso", 30_000, seed=7)
    small = template / "small"
    for number in range(many):
        file = small / f"{number // 100}" / f"{number}.bin"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(random.bytes(int(random.integers(3000))))
    seal = ("seal", str(small), "--out", str(template / "many"), "--capacity", "60MB", "--date", "2026-11-22")
    if status_of(child(seal, template)) != 0:
        raise SystemExit("the set of small files could not be sealed")
    shutil.rmtree(small)


def hurt(image: Path, share: float, random: np.random.Generator) -> None:
    """Overwrite sectors behind the volume descriptor."""
    sectors = np.fromfile(image, np.uint8).reshape(-1, SECTOR)
    hit = 17 + random.choice(len(sectors) - 17, int(len(sectors) * share), replace=False)
    sectors[hit] = random.integers(0, 256, (len(hit), SECTOR))
    sectors.tofile(image)


def run_job(job: Job, folder: Path, kills: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Kills by kind, and what went wrong."""
    template, work = folder / "template", folder / "work"
    fresh(template, work)
    whole_s, operations = undisturbed(job, work)
    expected = contents(work)
    random = np.random.default_rng([seed, len(job.name)])
    counts: Counter[str] = Counter()
    wrong = []
    trial = 0
    while counts.total() < kills:
        trial += 1
        fresh(template, work)
        for _ in range(int(random.integers(1, 5))):
            kind = str(random.choice(["moment", "operation"]))
            if kind == "moment":
                running = child(job.words, work)
                time.sleep(float(random.uniform(0, whole_s)))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(running, signal.SIGKILL)
            else:
                running = child(job.words, work, kill_before=int(random.integers(operations)))
            if status_of(running) == -signal.SIGKILL:
                counts[kind] += 1
            if not job.in_place:
                wrong += [
                    f"{job.name} trial {trial}: {path.name} is not whole after a kill"
                    for path in (work / "out").glob(job.whole)
                    if path.read_bytes() != expected.get(str(path.relative_to(work)))
                ]
        status = status_of(child(job.words, work))
        if status != 0:
            wrong.append(f"{job.name} trial {trial}: the same command again gave {status}")
        now = contents(work)
        differ = sorted(name for name in now.keys() | expected.keys() if now.get(name) != expected.get(name))
        for name in differ:
            here, there = (set(each.get(name, b"").splitlines()) for each in (now, expected))
            odd = sorted(here ^ there)[:4] if len(here | there) < 10_000 else []
            wrong.append(f"{job.name} trial {trial}: {name} {b'; '.join(odd).decode('utf-8', 'replace')[:600]}")
    return counts, wrong


def fresh(template: Path, work: Path) -> None:
    """The template again."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(template, work)


def undisturbed(job: Job, work: Path) -> tuple[float, int]:
    """Seconds that the command takes, and how many file operations it does."""
    began = time.perf_counter()
    status = status_of(child(job.words, work))
    if status != 0:
        raise SystemExit(f"{job.name}: exit code {status} without any kill")
    whole_s = time.perf_counter() - began
    fresh(work.parent / "template", work)
    counted = work.parent / "operations"
    status_of(child(job.words, work, count_into=counted))
    return whole_s, int(counted.read_text())


def child(words: tuple[str, ...], folder: Path, kill_before: int | None = None, count_into: Path | None = None) -> int:
    """Start the command in a child; its process id. `kill_before` is the number of the file operation it dies at."""
    from heliograph.archive import migrate, protect  # noqa: F401 - loaded once, here
    from heliograph.archive.read import restore  # noqa: F401
    from heliograph.archive.repair import mend  # noqa: F401
    from heliograph.archive.rs03 import repair  # noqa: F401
    from heliograph.archive.seal import seal  # noqa: F401
    from heliograph.cli.main import main as command

    pid = os.fork()
    if pid:
        return pid
    status = 99
    try:
        os.chdir(folder)
        quiet = os.open(os.devnull, os.O_RDWR)
        os.dup2(quiet, 1)
        if not os.environ.get("KILLS_SAY"):
            os.dup2(quiet, 2)
        seen = 0

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            if event not in WATCHED or (event == "open" and not _writes(arguments)):
                return
            if seen == kill_before:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

        if kill_before is not None or count_into is not None:
            sys.addaudithook(watch)
        status = command(["archive", *words])
        if count_into is not None:
            count_into.write_text(str(seen))
    finally:
        os._exit(status)


def _writes(arguments: tuple[object, ...]) -> bool:
    flags = arguments[2] if len(arguments) > 2 else 0
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def status_of(pid: int) -> int:
    """Exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def contents(folder: Path) -> dict[str, bytes]:
    """Every file by its path; of a database what it says, since its bytes depend on what was in it before."""
    return {
        str(path.relative_to(folder)): _lines(path)
        if path.suffix == ".sqlite"
        else _without_tests(path.read_bytes())
        if "custody" in path.name
        else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _without_tests(custody: bytes) -> bytes:
    """What a custody says of other things than tests."""
    custody = re.sub(rb',?\s*"tests":\s*\[[^\]]*\]', b"", custody)
    return b"\n".join(line for line in custody.splitlines() if not line.lstrip().startswith(b"tested "))


def _lines(path: Path) -> bytes:
    """All lines of all tables, each once, without their numbers and times."""
    said = []
    with contextlib.closing(sqlite3.connect(path)) as book:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
        for (table,) in book.execute(tables).fetchall():
            names = [row[1] for row in book.execute(f"PRAGMA table_info({table})")]
            kept = ", ".join(name for name in names if name != "line" and not name.endswith("_at"))
            said += [repr((table, *row)) for row in book.execute(f"SELECT DISTINCT {kept} FROM {table}")]
    # A step told twice, with and without the tests of a killed run, is one step.
    return b"\n".join(sorted({_without_tests(one.encode()) for one in said}))


if __name__ == "__main__":
    main()
