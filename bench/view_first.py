"""How long until a page shows the workshop? From the start of the command to the floor, and to the vehicles on it.

    python bench/view_first.py RUN [--times 5] [--only run,discs,cell,live] [--before DIR] [--cold]

RUN is a directory that `heliograph run topcon` left; the browser is open already, as it mostly is. The ways:

- run: `heliograph replay RUN`; discs: of its disc images alone; cell: of these, with `--cell`, a cell from the middle
  of the record.
- live: `heliograph run PLANT --live`, the plant of RUN. `--cold`: with no compiled kernels of an earlier run, as after
  an installation; the kernels that are there already are left as they are.

`--before DIR`: another checkout in turn with this one, so that both have the same load. Told are medians: of the wall
time to the address (the page answers), to the floor (drawn, with the names of machines), to the first picture (the
first frame of a moment: the state of every machine, and all vehicles), to the first frame in which a vehicle is on the
floor, which in a run that has just begun is later; of the processor time by then of the command (all its processes)
and of the browser (all of Chromium's, with what drives it).
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from playwright.sync_api import Browser, sync_playwright

from heliograph.record.store import open_folder
from view_cells import FLAGS
from view_page import used

HERE: Final = Path(__file__).parents[1]
LONGEST_MS: Final = 120_000
ON_THE_FLOOR: Final = "() => window.heliograph?.told.mood.some((mood) => !['off_floor', 'unknown'].includes(mood))"
WAYS: Final = ("run", "discs", "cell", "live")


class Times(NamedTuple):
    """Seconds from the start of the command."""

    address: float
    floor: float
    picture: float
    vehicles: float
    command_cpu: float
    browser_cpu: float


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("run", type=Path)
    words.add_argument("--times", type=int, default=5)
    words.add_argument("--only", default=",".join(WAYS), help="ways, with commas between them")
    words.add_argument("--before", type=Path, help="another checkout")
    words.add_argument("--cold", action="store_true", help="live: compile all kernels first")
    asked = words.parse_args()
    trees = {**({"before": asked.before.resolve()} if asked.before else {}), "now": HERE}
    with sync_playwright() as play, tempfile.TemporaryDirectory() as scratch:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for way in asked.only.split(","):
            found: dict[str, list[Times]] = {name: [] for name in trees}
            for number in range(asked.times):
                for name, tree in trees.items():
                    place = Path(scratch) / f"{way}-{number}-{name}"
                    place.mkdir()
                    command = words_of(way, asked.run, place)
                    found[name].append(first_picture(browser, command, tree, place if asked.cold else None))
            for name, times in found.items():
                show(way, name, times)
        browser.close()


def words_of(way: str, run: Path, place: Path) -> list[str]:
    """The command line of one way."""
    if way == "live":
        plant = open_folder(run).metadata["plant"]
        return ["run", plant, "--live", "--no-open", "--no-discs", "--out", str(place / "day")]
    if way == "cell":
        cells = open_folder(run).read("cells", ["cell"])["cell"]
        return ["replay", str(run / "discs"), "--cell", cells[len(cells) // 2].as_py(), "--no-open"]
    return ["replay", str(run / "discs" if way == "discs" else run), "--no-open"]


def first_picture(browser: Browser, command: Sequence[str], tree: Path, kernels: Path | None) -> Times:
    """Start a command of a checkout, and look at its page; `kernels`: a folder for the kernels to be compiled into."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    env = {**os.environ, "PYTHONPATH": str(tree / "src")}
    if kernels:
        env["NUMBA_CACHE_DIR"] = str(kernels)
    began, own = time.perf_counter(), used(os.getpid())
    with started([sys.executable, "-m", "heliograph.cli.main", *command], env) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        address = time.perf_counter() - began
        page.goto(url, timeout=LONGEST_MS)
        page.wait_for_selector("html[data-sketched], html[data-shown]", timeout=LONGEST_MS)
        floor = time.perf_counter() - began
        page.wait_for_selector("html[data-shown]", timeout=LONGEST_MS)
        picture = time.perf_counter() - began
        page.wait_for_function(ON_THE_FLOOR, timeout=LONGEST_MS)
        vehicles = time.perf_counter() - began
        command_cpu = used(server.pid)
        browser_cpu = used(os.getpid()) - own - command_cpu
        page.close()
    return Times(address, floor, picture, vehicles, command_cpu, browser_cpu)


@contextmanager
def started(command: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A command as people start it, and end it: with Ctrl-C."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env) as server:
        try:
            yield server
        finally:
            server.send_signal(signal.SIGINT)
            server.send_signal(signal.SIGINT)


def show(way: str, name: str, times: Sequence[Times]) -> None:
    middle = Times(*(statistics.median(column) for column in zip(*times, strict=True)))
    best = min(each.picture for each in times)
    print(
        f"{way:6} {name:7} address {middle.address:5.2f} s, floor {middle.floor:5.2f} s, "
        f"picture {middle.picture:5.2f} s (best {best:.2f}), vehicles {middle.vehicles:5.2f} s; "
        f"processor: command {middle.command_cpu:.2f} s, browser {middle.browser_cpu:.2f} s; "
        f"{len(times)} times, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
