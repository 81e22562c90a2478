"""Does `heliograph replay --cell` show where and when a cell was made? Random cells, from disc images alone.

    python bench/view_cells.py [--day RUN] [--cells 10] [--seed 1] [--lang en]

Without --day the reference day is run first (`heliograph run topcon --seed 1`). For each cell the command is started
anew on the images, and its page opened in Chromium. Held against the tables on the discs, which `view_judge.py` reads
without Heliograph: the second at which it opens; machine, unit and second of each step; basket and slot; the carrier
that the lot was put into next; and that the page goes to each step of the record on a click, and lights its machine up
there. Prints a line for each cell, and every difference. Exit code 1: there is one.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from view_judge import Cell, Truth, taken_off
from view_server import asked_json, images_of, served

__all__ = ["FLAGS", "look_at", "main"]

FLAGS = ["--no-sandbox", "--disable-background-networking"]
UNIT = {"en": "unit {}", "zh": "单元 {}"}
SLOT = {"en": "Basket, slot", "zh": "花篮、槽位"}


def look_at(browser: Browser, images: Sequence[Path], cell: Cell, start: str, lang: str = "en") -> list[str]:
    """Open the replay of a cell and compare; what differs, in words."""
    with served(*images, "--cell", cell.id, "--lang", lang) as url:
        wishes = parse_qs(urlsplit(url).fragment)
        found = _differ("address", (wishes["cell"][0], int(wishes["at"][0])), (cell.id, cell.made_ms))
        told = asked_json(url, "details", kind="cell", id=cell.id, at=cell.made_ms)
        trace = told["trace"]
        found += _differ(
            "made", (told["made_ms"], trace["basket"], trace["slot"]), (cell.made_ms, cell.basket, cell.slot)
        )
        found += _differ("steps", tuple((machine, unit, at) for _, machine, unit, at, _ in told["steps"]), cell.steps)
        if cell.carrier:
            found += _differ("carrier", told["carrier"], cell.carrier)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(url)
        page.wait_for_selector(".panel .way li")
        found += _page(page, cell, datetime.fromisoformat(start), lang, asked_json(url, "floor")["span"])
        page.close()
    return [f"{cell.id}: {line}" for line in found]


def _page(page: Page, cell: Cell, start: datetime, lang: str, span: tuple[int, int]) -> list[str]:
    """What the page shows of a cell otherwise."""
    found = _differ("title", page.locator(".panel h1").inner_text(), cell.id)
    found += _differ("time", page.evaluate("heliograph.told.time"), cell.made_ms)
    slot = page.locator(".panel dt", has_text=SLOT[lang]).locator("xpath=following-sibling::dd[1]").inner_text()
    found += _differ("basket and slot", slot, f"{cell.basket}, {cell.slot}")
    rows = page.locator(".panel .way li")
    found += _differ("steps", rows.count(), len(cell.steps))
    shown = [row.inner_text() for row in rows.all()]
    for number, (text, (machine, unit, at)) in enumerate(zip(shown, cell.steps, strict=True), 1):
        when = f"{start + timedelta(milliseconds=at):%H:%M:%S}"
        if not all(part in text for part in (machine, UNIT[lang].format(unit), when)):
            found.append(f"step {number}: the page says {text!r}, the tables {machine}, unit {unit}, {when}")
    # Its way through the day, past and to come: a click on a step goes there, and lights up the machine.
    for number, (machine, _, at) in enumerate(cell.steps):
        if not span[0] <= at < span[1]:
            continue
        rows.nth(number).locator("button.time").click()
        page.wait_for_function("at => heliograph.told.time === at && heliograph.told.shown === at", arg=at)
        page.wait_for_function("id => heliograph.scene.lit.includes(id)", arg=machine)
        current = page.locator(".panel .way li.current").all_inner_texts()
        if not any(machine in text for text in current):
            found.append(f"step {number + 1}: at {at} ms {current} is marked as current, not {machine}")
    return found


def _differ(what: str, told: object, meant: object) -> list[str]:
    return [] if told == meant else [f"{what}: shown {told}, the tables say {meant}"]


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--day", type=Path)
    words.add_argument("--cells", type=int, default=10)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--lang", choices=("en", "zh"), default="en")
    wish = words.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        day = wish.day or Path(folder) / "day"
        if wish.day is None:
            run = [sys.executable, "-m", "heliograph.cli.main", "run", "topcon", "--seed", "1", "--out", str(day)]
            subprocess.run([*run, "--json"], check=True, stdout=subprocess.DEVNULL)
        images = images_of(day)
        truth = Truth(taken_off(images, Path(folder) / "files"))
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        wrong: list[str] = []
        for cell in truth.cells(wish.cells, wish.seed):
            found = look_at(browser, images, cell, truth.start, wish.lang)
            machine, unit, _ = cell.steps[-1]
            made = datetime.fromisoformat(truth.start) + timedelta(milliseconds=cell.made_ms)
            print(
                f"{cell.id}: made {made:%H:%M:%S}, left {machine} unit {unit}, basket {cell.basket}, slot {cell.slot}; "
                f"{len(found) or 'nothing'} wrong",
                *found,
                sep="\n  ",
                flush=True,
            )
            wrong += found
        browser.close()
    print(f"{len(wrong)} differences")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
