"""`heliograph replay` on a whole day, as one sits before it: first picture, scrubbing, frames, bytes.

    python bench/view_page.py RUN [--times 100] [--crowd 10000]

RUN is a directory that `heliograph run topcon` left. Chromium draws by software (SwiftShader), headless, 1280 x 800.

- First picture: from the start of the command to the first frame with vehicles in a browser that is open already; from
  the run directory, then from its discs. Beside it, the processor time of the server up to then: on a loaded machine
  the wall time says more of the load.
- Scrubbing: from the jump to a random time, paused, to the frame that shows it; chunks that are there already are not
  told apart.
- Beside scrubbing and frames, the processor time of the browser and the server, all processes and threads together,
  for each jump or frame: that hardly hangs on what else the machine does.
- Frames: time from frame to frame while it plays at 60 times real time, the whole floor in view; once as it
  is, once with so many vehicles (`--crowd`) on the same floor: each drives what one of the record's drives, later.
- Bytes: a chunk of an instant, vehicles alone (drives and what they do), and a chunk of a minute.

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
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from heliograph.cli.places import find_workshop
from heliograph.view import Day
from heliograph.view.series import Series, encode, series_of
from heliograph.web import serve

FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking"]
SHIFT_MS = 97_000
"""Each copy of a vehicle is so much later than the last."""


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("run", type=Path)
    words.add_argument("--times", type=int, default=100)
    words.add_argument("--crowd", type=int, default=10_000)
    words.add_argument("--pictures", type=int, default=3, help="first pictures from each place")
    asked = words.parse_args()
    day = Day(*find_workshop([asked.run]))
    few = [day.series["drives"], day.series["doing"]]
    noon = day.end_ms // 2
    frames = [len(encode(few, at, at)) for at in range(0, day.end_ms, 600_000)]
    minutes = [len(day.chunk(at, at + 60_000)) for at in range(0, day.end_ms - 60_000, 600_000)]
    print(f"{len(day.vehicles)} vehicles, {day.end_ms / 3.6e6:g} h; load {os.getloadavg()[0]:.1f}")
    instant, minute = statistics.median(frames), statistics.median(minutes)
    print(f"bytes: an instant, vehicles alone {instant:,.0f}; a minute {minute:,.0f}")
    with sync_playwright() as play:
        chromium = shutil.which("chromium")
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        for where in (asked.run, asked.run / "discs"):
            walls, cpus = zip(*(first_picture(browser, where) for _ in range(asked.pictures)), strict=True)
            wall = statistics.median(walls)
            print(f"first picture from {where.name}: {wall:.2f} s; server's processor {min(cpus):.2f} s")
        page = opened(browser, serving(day))
        before = used()
        waits = sorted(scrub(page, day.end_ms, asked.times))
        each, most = 1000 * (used() - before) / asked.times, waits[-len(waits) // 20]
        print(
            f"scrubbing, {asked.times} times: median {statistics.median(waits):.0f} ms, 95 % {most:.0f} ms; "
            f"processor {each:.0f} ms each"
        )
        print(f"frames, {len(day.vehicles)} vehicles: {told(page, noon)}")
        page.close()
        page = opened(browser, serving(Crowd(day, asked.crowd)))
        print(f"frames, {asked.crowd:,} vehicles: {told(page, noon)}")
        browser.close()


def used() -> float:
    """Seconds of processor that this process and all that come from it have used so far."""
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
    more = {os.getpid()}
    while more:
        ours |= more
        more = {pid for pid, parent in parents.items() if parent in ours} - ours
    return sum(spent[pid] for pid in ours if pid in spent)


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


def serving(source: Any) -> str:
    """Serve from a thread of this process, as long as it lives; the address."""
    ready: list[str] = []
    threading.Thread(
        target=lambda: serve(source, "127.0.0.1", 0, lambda address: ready.append(address.url)), daemon=True
    ).start()
    while not ready:
        time.sleep(0.01)
    return ready[0]


def opened(browser: Browser, url: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(url)
    page.wait_for_selector("html[data-shown]")
    return page


def scrub(page: Page, end_ms: int, times: int) -> list[float]:
    """Milliseconds from each jump to its frame."""
    chance = random.Random(1)
    wanted = [chance.randrange(end_ms) for _ in range(times)]
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
    return waits


def play_for(page: Page, from_ms: int) -> list[float]:
    """Milliseconds from each frame to the next, in some seconds of playing."""
    spent: list[float] = page.evaluate(
        """async (from) => {
            heliograph.seek(from);
            while (heliograph.world.time !== from) await new Promise(requestAnimationFrame);
            const spent = [];
            const draw = heliograph.scene.render.bind(heliograph.scene);
            let last = 0;
            heliograph.scene.render = () => {
                draw();
                const now = performance.now();
                spent.push(now - last);
                last = now;
            };
            heliograph.play(true);
            await new Promise((done) => setTimeout(done, 6000));
            heliograph.play(false);
            return spent.slice(2);
        }""",
        from_ms,
    )
    return spent


def told(page: Page, from_ms: int) -> str:
    """Play for some seconds, and tell."""
    before = used()
    spent = play_for(page, from_ms)
    each = 1000 * (used() - before) / max(len(spent), 1)
    middle, most = statistics.median(spent), sorted(spent)[-len(spent) // 20]
    rate = f"median {middle:.1f} ms from frame to frame ({1000 / middle:.0f} a second), 95 % {most:.1f} ms"
    return f"{rate}; processor {each:.1f} ms each"


class Crowd:
    """The same day with more vehicles: copies that drive what the record's did, later."""

    def __init__(self, day: Day, vehicles: int) -> None:
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
