"""The reference workshop in a real browser while it runs, in both languages, from the warm-up to its replay."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_run import NOW, Run
from page_driver import GOOD_LOOKS, LOOKS, spotless, told
from playwright.sync_api import Browser, Page, expect

PAUSE, GO_ON, STEP, SPEED, LIVE, STANDS, DONE = (
    {"en": "Pause the run", "zh": "暂停运行"},
    {"en": "Let the run go on", "zh": "继续运行"},
    {"en": "+1 s", "zh": "+1 s"},
    {"en": "Speed of the run", "zh": "运行速度"},
    {"en": "Live", "zh": "实时"},
    {"en": "The run stands still.", "zh": "运行已暂停。"},
    {"en": "The run is over: this is its replay.", "zh": "运行已结束：现为回放。"},
)
LANGS = ("en", "zh")
PICTURES = os.environ.get("HELIOGRAPH_LIVE_PICTURES")
"""A folder: each test leaves a picture there, to be looked at."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Held in its warm-up, until a test lets it go on."""
    folder = tmp_path_factory.mktemp("live") / "day"
    one = Run("topcon", "--hours", "0.5", "--warmup", "0.5", "--speed", "30", "--out", str(folder))
    assert one.order(b'{"paused": true}') == 204
    yield one
    one.end()


@pytest.fixture(params=LANGS)
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(browser: Browser, run: Run, lang: str) -> Iterator[Page]:
    with spotless(browser, run.url) as page:
        page.goto(f"{run.url}#lang={lang}")
        expect(page.locator(".live")).to_have_attribute("data-state", "paused", **NOW)
        page.wait_for_selector("html[data-shown]")
        yield page


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def chosen(page: Page, text: str, name: str) -> None:
    """Search for a thing by a part of its name, and take it."""
    page.keyboard.press("/")
    page.keyboard.type(text)
    page.locator(".hits button").filter(has_text=name).click()
    expect(page.locator(".panel h1")).to_have_text(name)


def test_the_warm_up_is_shown_with_details(page: Page, run: Run, lang: str):
    """A run that stands still in its warm-up says what a vehicle does and what state a machine is in."""
    then = run.pulse()["span"][1]
    assert run.order(b'{"step_ms": 600000}') == 204
    page.wait_for_function(f"() => heliograph.told.span[1] === {min(then + 600_000, 0)}", **NOW)
    assert told(page)["span"][0] < 0
    chosen(page, "v10", "V107")
    expect(page.locator(".panel h2")).not_to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("0")
    spot = page.evaluate("heliograph.spot('machine', 'L3-TEX1')")
    page.locator(".stage canvas").click(position={"x": spot[0], "y": spot[1]})
    expect(page.locator(".panel h1")).to_have_text("L3-TEX1")
    expect(page.locator(".panel h2")).not_to_have_count(0)
    assert page.evaluate(LOOKS) == GOOD_LOOKS
    picture(page, f"warm-up-{lang}")
    expect(page.locator(".live .state")).to_have_text(STANDS[lang])


def test_it_is_followed_paused_and_stepped(page: Page, run: Run, lang: str):
    """Vehicles move while it goes on; one is followed; paused it stands, to the millisecond, and a step is a step."""
    page.get_by_role("button", name=GO_ON[lang]).click()
    expect(page.locator(".live .state")).to_have_text(LIVE[lang], **NOW)
    page.wait_for_function("() => heliograph.told.shown > 0", **NOW)
    chosen(page, "v021", "V021")
    page.keyboard.press("f")
    before = told(page)
    page.wait_for_function(f"() => heliograph.told.shown > {before['shown'] + 20_000}", **NOW)
    now, stage = told(page), page.locator(".stage").bounding_box()
    assert stage is not None and sum(a != b for a, b in zip(before["x"], now["x"], strict=True)) > 5
    assert now["screen"] == pytest.approx([stage["width"] / 2, stage["height"] / 2], abs=3)
    page.get_by_role("button", name=PAUSE[lang]).click()
    expect(page.locator(".live")).to_have_attribute("data-state", "paused")
    stood = run.pulse()["span"][1]
    page.get_by_role("button", name=STEP[lang]).click()
    page.wait_for_function(f"() => heliograph.told.span[1] === {stood + 1000}", **NOW)
    page.wait_for_function("() => heliograph.told.shown === heliograph.told.span[1]", **NOW)
    assert run.ask(f"details?kind=vehicle&id=V021&at={stood + 1000}")["phase"] in page.evaluate(
        "heliograph.floor.phases"
    )
    assert page.evaluate(LOOKS) == GOOD_LOOKS
    picture(page, f"followed-{lang}")


def test_afterwards_it_is_the_replay_of_the_same_run(browser: Browser, run: Run):
    """As fast as it can to its end; then both languages play it from the begin, with details from its record."""
    with spotless(browser, run.url) as page:
        page.goto(f"{run.url}#lang=zh")
        expect(page.locator(".live")).to_have_attribute("data-state", "paused", **NOW)
        seen = told(page)
        page.get_by_label(SPEED["zh"]).select_option("0")
        page.get_by_role("button", name=GO_ON["zh"]).click()
        for lang in LANGS:
            page.evaluate("lang => heliograph.speak(lang)", lang)
            expect(page.locator(".live .state")).to_have_text(DONE[lang], **NOW)
            page.keyboard.press("Home")
            page.keyboard.press("Space")
            page.wait_for_function("() => heliograph.told.shown > 5000", **NOW)
            page.keyboard.press("Space")
            chosen(page, "l2-tex", "L2-TEX1")
            picture(page, f"replay-{lang}")
            page.keyboard.press("Escape")
        assert told(page)["span"] == [0, 1_800_000] and seen["span"][1] < 1_800_000
        page.evaluate("at => heliograph.seek(at)", seen["span"][1])
        page.wait_for_function(f"() => heliograph.told.shown === {seen['span'][1]}", **NOW)
        then = told(page)
        assert (then["x"], then["state"]) == (seen["x"], seen["state"]), "what was live is what is replayed"
