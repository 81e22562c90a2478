"""`heliograph replay` on a whole day, as one sits before it: bytes, first picture, scrubbing, frames.

    python bench/view_page.py RUN [--only bytes,first,scrub,frames] [--times 100] [--vehicles 10000]

RUN is a directory that `heliograph run topcon` left. Chromium is headless, as it comes: without a graphics card it
draws and composes by software. Wall times hang on what else the machine does, so beside each stands the processor
time, which hardly does.

- bytes: a chunk of an instant, vehicles alone (drives and what they do), and a chunk of a minute.
- first: from the start of the command to the first frame with vehicles, in a browser that is open already; from the run
  directory, then from its discs; and the processor time of the server up to then.
- scrub: from the jump to a random time, paused, to the frame that shows it, chunks that are there already among them;
  the processor time of browser and server together; and the time in which the server makes a chunk of ten minutes.
- frames: six seconds played at 60 times real time with the whole floor in view, at two sizes of window; then with so
  many vehicles (`--vehicles`) on the same floor: each drives what one of the record's drives, later. Told are the
  frames shown in a second, the time that the page's script takes for one (median, 95 %), the processor time of all of
  Chromium's processes for one, and what is drawn.

Not measured: a graphics card, a browser on another machine, many browsers.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from heliograph.cli.places import find_workshop
from heliograph.view import Recorded
from heliograph.view.series import Series, encode, series_of
from heliograph.web.serve import serve
from view_cells import FLAGS

PARTS = ("bytes", "first", "scrub", "frames")
SIZES = ((1280, 800), (1440, 900))
SHIFT_MS = 97_000
"""Each copy of a vehicle is so much later than the last."""


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("run", type=Path)
    words.add_argument("--only", default=",".join(PARTS), help="parts, with commas between them")
    words.add_argument("--times", type=int, default=100, help="jumps")
    words.add_argument("--vehicles", type=int, default=10_000)
    words.add_argument("--pictures", type=int, default=3, help="first pictures from each place")
    asked = words.parse_args()
    parts = asked.only.split(",")
    day = Recorded(*find_workshop([asked.run]))
    print(f"{len(day.vehicles)} vehicles, {day.end_ms / 3.6e6:g} h; load {os.getloadavg()[0]:.1f}")
    if "bytes" in parts:
        tell_bytes(day)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        if "first" in parts:
            for where in (asked.run, asked.run / "discs"):
                tell_first(browser, where, asked.pictures)
        if "scrub" in parts:
            tell_scrub(browser, day, asked.times)
        if "frames" in parts:
            for size in SIZES:
                tell_frames(browser, day, size)
            tell_frames(browser, Crowd(day, asked.vehicles), SIZES[0])
        browser.close()


def tell_bytes(day: Recorded) -> None:
    few = [day.series["drives"], day.series["doing"]]
    instant = statistics.median(len(encode(few, at, at)) for at in range(0, day.end_ms, 600_000))
    minute = statistics.median(len(day.chunk(at, at + 60_000)) for at in range(0, day.end_ms - 60_000, 600_000))
    print(f"bytes: an instant, vehicles alone {instant:,.0f}; a minute {minute:,.0f}")


def used(start: int) -> float:
    """Seconds of processor that a process and all that come from it have used so far."""
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = place.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        pid = int(place.parent.name)
        parents[pid], spent[pid] = int(words[1]), (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    ours: set[int] = set()
    more = {start}
    while more:
        ours |= more
        more = {pid for pid, parent in parents.items() if parent in ours} - ours
    return sum(spent[pid] for pid in ours if pid in spent)


def used_by_browser() -> float:
    """All that this process has started; a server in a thread of its own is not among it."""
    return used(os.getpid()) - time.process_time()


def tell_first(browser: Browser, where: Path, times: int) -> None:
    walls, cpus = zip(*(first_picture(browser, where) for _ in range(times)), strict=True)
    print(
        f"first picture from {where.name}: median {statistics.median(walls):.2f} s, best {min(walls):.2f} s; "
        f"server's processor {min(cpus):.2f} s"
    )


def first_picture(browser: Browser, where: Path) -> tuple[float, float]:
    """Wall seconds, and processor seconds of the server."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "heliograph.cli.main", "replay", str(where), "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        page.goto(server.stdout.readline().strip())
        page.wait_for_selector("html[data-shown]")
        wall = time.perf_counter() - began
        server.terminate()
    page.close()
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


class Read(NamedTuple):
    """A source that has been read already."""

    source: Any

    def sketch(self) -> bytes:
        return self.source.floor()

    def read(self) -> Any:
        return self.source


def serving(source: Any) -> str:
    """Serve from a thread of this process, as long as it lives; the address."""
    ready: list[str] = []
    threading.Thread(
        target=lambda: serve(Read(source), "127.0.0.1", 0, lambda address: ready.append(address.url)), daemon=True
    ).start()
    while not ready:
        time.sleep(0.01)
    return ready[0]


def opened(browser: Browser, url: str, size: tuple[int, int]) -> Page:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.goto(url)
    page.wait_for_selector("html[data-shown]")
    return page


def tell_scrub(browser: Browser, day: Recorded, times: int) -> None:
    page = opened(browser, serving(day), SIZES[0])
    chance = random.Random(1)
    wanted = [chance.randrange(day.end_ms) for _ in range(times)]
    before = used(os.getpid())
    waits: list[float] = page.evaluate(
        """async (wanted) => {
            const waits = [];
            for (const time of wanted) {
                const began = performance.now();
                heliograph.seek(time);
                while (heliograph.world.time !== time) await new Promise(requestAnimationFrame);
                waits.push(performance.now() - began);
            }
            return waits;
        }""",
        wanted,
    )
    each = 1000 * (used(os.getpid()) - before) / times
    page.close()
    chunks = []
    for at in wanted:
        began = time.thread_time()
        day.chunk(at - at % 600_000, at - at % 600_000 + 600_000)
        chunks.append(1000 * (time.thread_time() - began))
    most = sorted(waits)[-times // 20]
    print(
        f"scrubbing, {times} times: median {statistics.median(waits):.0f} ms, 95 % {most:.0f} ms; "
        f"processor {each:.0f} ms each; a chunk of ten minutes {statistics.median(chunks):.1f} ms of the server"
    )


def tell_frames(browser: Browser, source: Any, size: tuple[int, int]) -> None:
    """Play for some seconds, and tell."""
    page = opened(browser, serving(source), size)
    page.wait_for_timeout(1000)
    page.evaluate(
        """async (from) => {
            heliograph.seek(from);
            while (heliograph.world.time !== from) await new Promise(requestAnimationFrame);
            const frame = heliograph.frame.bind(heliograph);
            window.spent = [];
            heliograph.frame = (now) => {
                const began = performance.now();
                frame(now);
                spent.push(performance.now() - began);
            };
            heliograph.play(true);
            await new Promise((done) => setTimeout(done, 1000));
        }""",
        source.end_ms // 2,
    )
    before, began, first = used_by_browser(), time.perf_counter(), page.evaluate("spent.length")
    page.wait_for_timeout(6000)
    spent: list[float] = page.evaluate("spent")[first:]
    wall, cpu = time.perf_counter() - began, used_by_browser() - before
    drawn = page.evaluate("heliograph.scene.drawn")
    page.close()
    most = sorted(spent)[-max(len(spent) // 20, 1)]
    print(
        f"frames, {size[0]} x {size[1]}: {len(spent) / wall:.0f} a second; each takes {statistics.median(spent):.1f} "
        f"ms (95 %: {most:.1f} ms) of the page's script and {1000 * cpu / len(spent):.1f} ms of processor; {drawn}"
    )


class Crowd:
    """The same day with more vehicles: copies that drive what the record's did, later."""

    def __init__(self, day: Recorded, vehicles: int) -> None:
        self.day = day
        self.names = [f"V{number + 1:05d}" for number in range(vehicles)]
        crowded = ("drives", "doing", "mishaps")
        self.series = {n: self._more(s, vehicles) if n in crowded else s for n, s in day.series.items()}

    def _more(self, series: Series, vehicles: int) -> Series:
        things = np.repeat(np.arange(series.things), np.diff(series.start))
        copies = -(-vehicles // series.things)
        thing = np.concatenate([things + copy * series.things for copy in range(copies)])
        at = np.concatenate([series.at + copy * SHIFT_MS for copy in range(copies)])
        kept = np.flatnonzero((thing < vehicles) & (abs(at - self.day.end_ms // 2) < 2 * 3_600_000))
        columns = {name: np.tile(values, copies)[kept] for name, values in series.columns.items()}
        return series_of(vehicles, thing[kept], at[kept], np.arange(len(kept)), **columns)

    def floor(self) -> bytes:
        floor = json.loads(self.day.floor())
        floor["vehicles"] = self.names
        floor["series"] = [
            [name, each.things, [[column, values.dtype.name] for column, values in each.columns.items()]]
            for name, each in self.series.items()
        ]
        return json.dumps(floor).encode()

    def chunk(self, from_ms: int, to_ms: int) -> bytes:
        return encode(self.series.values(), from_ms, to_ms)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.day, name)


if __name__ == "__main__":
    main()
