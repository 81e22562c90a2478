"""`heliograph run --live` as people start it, in a real browser: it goes on, stands still, steps, is scrubbed back."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_run import NOW, Run
from page_driver import GOOD_LOOKS, LOOKS, SIZES, serious_faults, spotless, told
from playwright.sync_api import Browser, Page, expect

from heliograph.cli.main import main


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("live") / "day"
    one = Run("small", "--hours", "6", "--warmup", "23", "--speed", "60", "--out", str(folder))
    yield one
    one.end()


@pytest.fixture
def page(browser: Browser, run: Run) -> Iterator[Page]:
    with spotless(browser, run.url) as page:
        page.goto(run.url + "#lang=en")
        expect(page.locator(".live")).to_have_attribute("data-state", "simulating", **NOW)
        page.wait_for_function("() => heliograph.told.shown > 0")
        yield page


def test_the_page_goes_along_with_the_run(page: Page):
    """The time line grows, and vehicles move, a moment behind what is known."""
    one = told(page)
    page.wait_for_timeout(2500)
    two = told(page)
    assert one["playing"] and two["playing"]
    assert two["span"][1] > one["span"][1] + 60_000
    assert one["span"][1] >= one["shown"] < two["shown"] <= two["span"][1]
    assert one["x"] != two["x"]
    expect(page.locator(".tile b").first).not_to_have_text("–", **NOW)


def test_a_run_stands_still_steps_and_goes_on(page: Page, run: Run):
    page.get_by_role("button", name="Pause the run").click()
    expect(page.locator(".live .state")).to_have_text("The run stands still.")
    stood = run.pulse()["span"][1]
    time.sleep(0.6)
    assert run.pulse()["span"][1] == stood
    page.get_by_role("button", name="+1 min").click()
    page.wait_for_function(f"() => heliograph.told.span[1] === {stood + 60_000}")
    page.get_by_role("button", name="+1 s").click()
    page.wait_for_function(f"() => heliograph.told.span[1] === {stood + 61_000}")
    page.wait_for_function("() => heliograph.told.shown === heliograph.told.span[1]")
    page.get_by_role("button", name="Let the run go on").click()
    page.get_by_label("Speed of the run").select_option("300")
    page.wait_for_function(f"() => heliograph.told.span[1] > {stood + 300_000}")
    page.get_by_label("Speed of the run").select_option("60")
    page.wait_for_function("() => document.querySelector('.live select').value === '60'")


def test_what_has_been_can_be_looked_at_while_the_run_goes_on(page: Page):
    """Scrub back: the picture stands there; the run does not. Play catches up, and End goes back to now."""
    line = page.locator(".timeline").bounding_box()
    assert line is not None
    page.locator(".timeline").click(position={"x": line["width"] / 4, "y": 20})
    back = told(page)
    assert not back["playing"] and back["time"] < back["span"][1] / 2
    page.wait_for_function("() => heliograph.told.shown === heliograph.told.time")
    page.wait_for_timeout(1200)
    later = told(page)
    assert later["time"] == back["time"] and later["span"][1] > back["span"][1]
    expect(page.get_by_role("button", name="Now", exact=True)).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("]")
    page.keyboard.press("Space")
    page.wait_for_function(f"() => heliograph.told.shown > {back['time'] + 60_000}")
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="Now", exact=True)).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(f"() => heliograph.told.shown > {later['span'][1]}")


def test_a_click_a_search_and_follow_while_it_goes_on(page: Page):
    page.keyboard.press("/")
    page.keyboard.type("v00")
    page.get_by_role("button", name="Vehicle V007").click()
    expect(page.locator(".panel h1")).to_have_text("V007", **NOW)
    page.keyboard.press("f")
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    page.wait_for_timeout(1000)
    x, y = told(page)["screen"]
    assert (x, y) == pytest.approx((stage["width"] / 2, stage["height"] / 2), abs=2)
    page.keyboard.press("Escape")
    page.keyboard.press("0")
    x, y = page.evaluate("heliograph.spot('machine', 'L1-TEX1')")
    page.locator(".stage canvas").click(position={"x": x, "y": y})
    expect(page.locator(".panel h1")).to_have_text("L1-TEX1", **NOW)
    page.keyboard.press("g")
    expect(page.locator(".charts .card").first).to_be_visible(**NOW)
    page.keyboard.press("Escape")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_strip_of_the_run_is_whole_in_both_languages(page: Page, size: str, lang: str):
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("lang => heliograph.speak(lang)", lang)
    expect(page.locator(".live .state")).to_have_text("Live" if lang == "en" else "实时")
    assert page.evaluate(LOOKS) == GOOD_LOOKS
    told: dict[str, Any] = {}
    page.route("**/api/pulse*", lambda route: route.fulfill(json={**route.fetch().json(), **told}))
    why = "error: no space left on device: day/record/tracks-004h.parquet; free some and run the same command again"
    for part in ("starting", "warm-up", "verifying", "failed"):
        told.update(part=part, message=why if part == "failed" else "")
        expect(page.locator(".live")).to_have_attribute("data-state", part)
        assert page.evaluate(LOOKS) == GOOD_LOOKS, part
    expect(page.locator(".live .state")).to_have_attribute("title", re.compile(why))
    page.unroute_all(behavior="wait")


def test_axe_finds_nothing_serious_in_a_run(browser: Browser, run: Run):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", bypass_csp=True)
    page = context.new_page()
    page.goto(run.url)
    expect(page.locator(".live")).to_have_attribute("data-state", "simulating", **NOW)
    for theme in ("light", "dark"):
        page.evaluate("theme => heliograph.wear(theme)", theme)
        assert serious_faults(page) == [], theme
    context.close()


def test_only_the_page_itself_changes_the_pace(run: Run):
    def post(body: bytes = b'{"speed": 60}', **words: str) -> int:
        return run.order(body, **words)

    assert post() == 204
    assert post(origin="http://evil.example") == 403
    assert post(origin="") == 403
    assert post(**{"content-type": "text/plain"}) == 403
    assert post(**{"x-heliograph-key": "guess"}) == 403
    assert post(host="evil.example") == 421
    assert post(path="api/floor") == 405
    for body in (b'{"speed": 0.5}', b'{"speed": "fast"}', b'{"halt": true}', b"[", b'{"step_ms": -1}', b" " * 5000):
        assert post(body=body) == 400


def test_when_the_run_is_over_the_page_is_its_replay_until_ctrl_c(browser: Browser, tmp_path: Path):
    run = Run("small", "--hours", "0.5", "--warmup", "6", "--out", str(tmp_path / "day"))
    try:
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="zh-CN")
        wrong: list[str] = []
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.goto(run.url)
        expect(page.locator(".live")).to_have_attribute("data-state", "done", **NOW)
        expect(page.locator(".live .state")).to_have_text("运行已结束：现为回放。")
        page.keyboard.press("Home")
        page.keyboard.press("Space")
        page.wait_for_function("() => heliograph.told.shown > 10000")
        expect(page.locator(".tile b").first).not_to_have_text("–", **NOW)
        cell = next((tmp_path / "day" / "record").glob("cells-*.parquet"))
        assert cell.exists()
        assert wrong == []
        page.close()
        assert run.process.poll() is None
        assert run.interrupt() == 0
        assert (tmp_path / "day" / "summary.json").exists()
    finally:
        run.end()


def test_ctrl_c_ends_a_run_that_is_watched_as_one_that_is_not(browser: Browser, tmp_path: Path):
    """What is recorded is kept, and says that it is partial; a page that is open says that the run does not answer."""
    run = Run("small", "--hours", "5", "--warmup", "1", "--speed", "60", "--out", str(tmp_path / "day"))
    try:
        page = browser.new_page()
        page.goto(run.url)
        expect(page.locator(".live")).to_have_attribute("data-state", "simulating", **NOW)
        page.wait_for_function("() => heliograph.told.span[1] > 30000")
        page.get_by_role("button", name="Pause the run").click()
        expect(page.locator(".live")).to_have_attribute("data-state", "paused")
        assert run.interrupt() == 130
        assert json.loads((tmp_path / "day" / "summary.json").read_text())["partial"] is True
        expect(page.locator(".live")).to_have_attribute("data-state", "lost", **NOW)
        page.close()
    finally:
        run.end()


def test_ctrl_c_while_the_day_is_written_lets_it_be_written_and_no_page_stays(tmp_path: Path):
    run = Run("small", "--hours", "1", "--warmup", "6", "--out", str(tmp_path / "day"))
    try:
        while run.pulse()["part"] in ("starting", "warm-up", "simulating"):
            pass
        assert run.interrupt() == 0
        assert json.loads((tmp_path / "day" / "summary.json").read_text())["partial"] is False
    finally:
        run.end()


def test_a_run_whose_page_server_dies_goes_on_and_says_so(tmp_path: Path):
    """Even if it stood still, since nobody could let it go on."""
    run = Run("small", "--hours", "1", "--warmup", "0", "--speed", "300", "--out", str(tmp_path / "day"))
    try:
        assert run.order(b'{"paused": true}') == 204
        children = Path(f"/proc/{run.process.pid}/task/{run.process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        assert run.process.wait(120) == 0
        assert json.loads((tmp_path / "day" / "summary.json").read_text())["partial"] is False
        assert run.notes.count("the page is gone, its server ended: the run goes on unwatched") == 1
    finally:
        run.end()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--speed", "60"], "--speed: only with --live"),
        (["--port", "0"], "--port: only with --live"),
        (["--exit-when-done"], "--exit-when-done: only with --live"),
        (["--live", "--host", ""], "--host: no address given"),
        (["--live", "--host", "x" * 300], f"{'x' * 80}…:0: cannot listen there"),
        (["--live", "--host", "203.0.113.9"], "203.0.113.9:0: cannot listen there"),
        (["--live", "--speed", "nan"], "expected 1 to 3600, or max"),
        (["--live", "--port", "65536"], "65536 is not in the range"),
    ],
)
def test_a_run_that_cannot_be_watched_like_that_is_refused_in_one_line(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["run", "small", "--out", str(tmp_path / "day"), *words]) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert said in error and hint.startswith("hint: ")
    assert not (tmp_path / "day").exists()
