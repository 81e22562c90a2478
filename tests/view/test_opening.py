"""A day is looked at before it has been read: page and floor at once, what moves as soon as it is known."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from page_driver import spotless
from recorded_day import open_day

from heliograph.cli.places import find_workshop
from heliograph.errors import RunWrong
from heliograph.view import Day, Source, Unread
from heliograph.web.app import application
from heliograph.web.coming import Coming
from heliograph.web.serve import serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HOST = "127.0.0.1:8000"
HEAVY = ("numba", "llvmlite", "scipy", "duckdb", "pandas", "pyarrow.compute", "jsonschema", "cryptography", "reportlab")
"""Each takes longer to import than a day of the small workshop to read; none is needed to show one."""


class Slow:
    """The opening of a day that is read when a test says so, or fails."""

    def __init__(self, run: Path, wrong: Exception | None = None) -> None:
        self.recorded = Unread(*find_workshop([run]), lost=lambda file, why: None)
        self.go = threading.Event()
        self.wrong = wrong

    def sketch(self) -> bytes:
        return self.recorded.sketch()

    def read(self) -> Source:
        self.go.wait(60)
        if self.wrong:
            raise self.wrong
        return self.recorded.read()


async def answers(opening: Slow, paths: Sequence[str], wait_s: float) -> list[httpx.Response | None]:
    """What is answered before anything has been read (None: nothing within that time), then once it has."""
    coming = Coming(opening)
    coming.start(lambda: None)
    app = application(coming, [HOST])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{HOST}") as client:
        asked = [asyncio.ensure_future(client.get(path)) for path in paths]
        done, _ = await asyncio.wait(asked, timeout=wait_s)
        early = [one.result() if one in done else None for one in asked]
        opening.go.set()
        return [*early, *[await one for one in asked], await client.get("/api/sketch")]


def test_page_and_floor_are_answered_before_the_record_is_read(run: Path, day: Day):
    paths = ("/", "/static/main.js", "/api/sketch", "/api/floor", "/api/chunk?from=0&to=60000", "/api/figures")
    page, script, sketch, *waiting, _, _, _, floor, chunk, figures, later = asyncio.run(answers(Slow(run), paths, 3))

    assert page and script and page.status_code == script.status_code == 200
    assert waiting == [None, None, None]
    assert sketch is not None and floor is not None and later is not None
    known, whole = sketch.json(), floor.json()
    assert known["reading"] and known["vehicles"] == known["series"] == []
    same = ("title", "title_zh", "start", "span", "partial", "lines", "route", "steps", "where")
    assert {name: known[name] for name in same} == {name: whole[name] for name in same}
    assert known["ground"]["machines"] == whole["ground"]["machines"]
    assert not whole["reading"] and whole["vehicles"] and later.content == floor.content == day.floor()
    assert chunk is not None and chunk.content == day.chunk(0, 60_000)
    assert figures is not None and figures.json()["target_per_h"] > 0


def test_why_a_record_cannot_be_read_is_told_to_the_page(run: Path):
    wrong = RunWrong("nothing of it can be read", hint="look for another copy")
    early, told, later = asyncio.run(answers(Slow(run, wrong), ["/api/floor"], 0.2))

    assert early is None
    for answer in (told, later):
        assert answer is not None and answer.status_code == 400
        assert answer.json()["error"]["message"] == "nothing of it can be read"


def test_a_record_that_cannot_be_read_ends_the_server_with_its_reason(run: Path):
    opening = Slow(run, RunWrong("nothing of it can be read"))
    with pytest.raises(RunWrong, match="nothing of it can be read"):
        serve(opening, "127.0.0.1", 0, lambda address: opening.go.set())


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "The record is being read …"), ("zh", "正在读取记录 …")], ids=["en", "zh"]
)
def test_the_floor_is_drawn_while_the_record_is_read(run: Path, browser: Browser, lang: str, said: str):
    """And it stands where the page draws it then: nothing jumps."""
    opening, ready, ended = Slow(run), threading.Event(), threading.Event()
    coming: list[str] = []

    def serving() -> None:
        serve(opening, "127.0.0.1", 0, lambda address: (coming.append(address.url), ready.set()))
        ended.set()

    threading.Thread(target=serving, daemon=True).start()
    assert ready.wait(30)
    with spotless(browser, coming[0]) as page:
        page.goto(f"{coming[0]}#lang={lang}")
        page.wait_for_selector("html[data-sketched]")
        assert page.locator(".panel").inner_text() == said
        assert page.locator(".brand strong").inner_text() in page.title()
        colours = """() => {
            const canvas = document.querySelector('.stage canvas');
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            return new Set(new Uint32Array(data.buffer)).size;
        }"""
        assert page.evaluate(colours) > 10
        place = page.locator(".stage canvas").bounding_box()

        opening.go.set()
        page.wait_for_selector("html[data-shown]")
        assert page.locator(".stage canvas").bounding_box() == place
        assert page.evaluate("heliograph.floor.vehicles.length") > 0


def test_nothing_heavy_is_loaded_to_show_a_day_from_discs(run: Path):
    """Neither before the page answers, nor to read the day."""
    loads = f"""
import json, sys
from heliograph.cli import main
import heliograph.web.serve as web
def serve(opening, *_):
    before = [name for name in {HEAVY} if name in sys.modules]
    opening.read().chunk(0, 60_000)
    print(json.dumps([before, [name for name in {HEAVY} if name in sys.modules]]))
web.serve = serve
sys.exit(main.main(["replay", {str(run / "discs")!r}, "--no-open"]))
"""
    told = subprocess.run([sys.executable, "-c", loads], check=True, capture_output=True, text=True).stdout

    assert json.loads(told) == [[], []]


def test_nothing_heavy_is_loaded_to_serve_the_page_of_a_run():
    """Neither by its server, nor by the run before it has started that."""
    for module in ("heliograph.cli.live.server", "heliograph.cli.live.watched"):
        loads = f"import {module}, json, sys; print(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
        told = subprocess.run([sys.executable, "-c", loads], check=True, capture_output=True, text=True).stdout

        assert json.loads(told) == [], module


def test_a_run_starts_the_server_before_it_loads_what_it_computes_with():
    loads = f"""
import json, subprocess, sys
from heliograph.cli import main
def start(*words, **more):
    print(json.dumps([name for name in {(*HEAVY, "numpy", "pyarrow")} if name in sys.modules]))
    sys.exit(0)
subprocess.Popen = start
main.main(["run", "small", "--live", "--no-open"])
"""
    told = subprocess.run([sys.executable, "-c", loads], check=True, capture_output=True, text=True).stdout

    assert json.loads(told) == []


@pytest.mark.parametrize("table", ["cells", "energy"])
def test_tables_that_no_picture_needs_are_not_touched(run: Path, table: str):
    record, files = find_workshop([run / "discs"])

    def touched() -> None:
        raise AssertionError(f"{table} was opened")

    record.files = {**record.files, table: [(name, touched) for name, _ in record.files[table]]}
    day = Day(record, files)

    assert day.tables.lost == {} and day.chunk(0, 60_000) == open_day(run).chunk(0, 60_000)
