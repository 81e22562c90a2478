"""Worker processes that try mutants, and may die of it."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType
from typing import Any

from fuzzing.ground import Ground
from fuzzing.mutations import kind_of

__all__ = ["Attempt", "Tally", "fuzz"]

Attempt = Callable[[int, Ground, Path, float], str]
"""Try the mutant of a number in a folder; the share tried in slow ways, too. Gives outcomes; raises when it failed."""


class Hung(BaseException):
    """It took too long."""


def work(pipe: Connection, attempt: Attempt, ground: Ground, limit_s: float, memory: int, deep: float) -> None:
    """Take numbers from the pipe, give outcomes back."""

    def hung(_: int, __: FrameType | None) -> None:
        raise Hung

    def stop(_: int, __: FrameType | None) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    folder = Path(tempfile.mkdtemp(prefix="heliograph-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    signal.signal(signal.SIGPROF, hung)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent says what to do
    try:
        attempt(0, ground, folder, 1.0)  # loads and compiles everything
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + memory, resource.RLIM_INFINITY))
        pipe.send(None)
        while (number_ := pipe.recv()) is not None:
            signal.setitimer(signal.ITIMER_PROF, limit_s)
            try:
                pipe.send((number_, attempt(number_, ground, folder, deep), ""))
            except BaseException as wrong:
                pipe.send((number_, f"FAILED {type(wrong).__name__}", traceback.format_exc()))
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Tally:
    """What came of all mutants."""

    outcomes: Counter[str]
    mutations: Counter[str]
    failures: list[tuple[int, str]]
    slowest_s: float = 0.0
    wall_s: float = 0.0


def fuzz(
    attempt: Attempt,
    ground: Ground,
    first: int,
    mutants: int,
    *,
    workers: int,
    limit_s: float,
    memory: int,
    deep: float = 0.2,
) -> Tally:
    """Try the mutants `first`, `first` + 1 …, in worker processes that may die; until Ctrl-C at most."""
    context = get_context("fork")
    tally = Tally(Counter(), Counter(), [])
    numbers = iter(range(first, first + mutants))
    busy: dict[Connection, tuple[Any, int | None, float]] = {}
    began = time.monotonic()

    def start() -> None:
        mine, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, attempt, ground, limit_s, memory, deep), daemon=True)
        process.start()
        theirs.close()
        busy[mine] = (process, None, time.monotonic() + 300)

    def give(pipe: Connection) -> None:
        process, _, _ = busy[pipe]
        number_ = next(numbers, None)
        if number_ is None:
            pipe.send(None)
            process.join(10)
            del busy[pipe]
        else:
            busy[pipe] = (process, number_, time.monotonic())
            pipe.send(number_)

    def failed(number_: int, why: str) -> None:
        tally.outcomes[why.splitlines()[0]] += 1
        tally.mutations[kind_of(number_, ground)] += 1
        tally.failures.append((number_, why))
        print(f"mutant {number_}: {why}", flush=True)

    try:
        for _ in range(workers):
            start()
        while busy:
            ready = wait(list(busy), timeout=1)
            for pipe in ready:
                assert isinstance(pipe, Connection)
                process, number_, since = busy[pipe]
                try:
                    said = pipe.recv()
                except (EOFError, OSError):
                    process.join()
                    del busy[pipe]
                    if number_ is None:
                        raise RuntimeError("a worker cannot even begin") from None
                    failed(number_, f"FAILED process died ({process.exitcode})")
                    start()
                    continue
                if said is not None:
                    number_, outcome, trace = said
                    tally.slowest_s = max(tally.slowest_s, time.monotonic() - since)
                    if trace:
                        failed(number_, f"{outcome}\n{trace}")
                    else:
                        for each in outcome.split(", "):
                            tally.outcomes[each] += 1
                        tally.mutations[kind_of(number_, ground)] += 1
                    done = tally.mutations.total()
                    if done % 5_000 == 0:
                        took = time.monotonic() - began
                        print(f"{done:,} mutants, {took:,.0f} s, {len(tally.failures)} failed", flush=True)
                give(pipe)
            for pipe, (process, number_, since) in list(busy.items()):
                # In compiled code a worker is deaf to the alarm.
                if number_ is not None and time.monotonic() - since > 30 * limit_s:
                    process.kill()
                    process.join()
                    del busy[pipe]
                    failed(number_, "FAILED hung in compiled code")
                    start()
    except KeyboardInterrupt:  # what was tried counts all the same
        print("stopped by hand", flush=True)
        for process, _, _ in busy.values():
            process.terminate()
            process.join()
    tally.wall_s = time.monotonic() - began
    return tally
