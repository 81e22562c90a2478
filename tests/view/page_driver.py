"""What tests of the page have in common: starting the command, opening a window, looking for faults in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

SIZES = {"laptop": (1280, 800), "wall": (1920, 1080), "tablet": (820, 1180)}

LOOKS = (Path(__file__).parent / "looks.js").read_text("utf-8")
"""What is cut, unlabelled, wide or laid over something else; its head says more."""

GOOD_LOOKS: dict[str, object] = {"cut": [], "bare": [], "over": [], "wide": False, "beyond": []}


def serving(*words: str) -> tuple[subprocess.Popen[str], str]:
    """`heliograph replay` as people start it; its one line is the address."""
    command = [sys.executable, "-m", "heliograph.cli.main", "replay", *words, "--no-open"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert server.stdout is not None
    line = server.stdout.readline()
    if not line:
        server.wait()
    return server, line.strip()


@contextmanager
def serving_to(page: Page, *words: str) -> Iterator[str]:
    """The address of a server for one window, which is closed before its server goes, or it complains of what it was
    still asking.
    """
    server, url = serving(*words)
    try:
        yield url
    finally:
        page.close()
        server.terminate()
        server.wait()


@contextmanager
def spotless(browser: Browser, ours: str = "") -> Iterator[Page]:
    """A window that fails its test if the page complains, or asks anybody but the server at `ours`, where given."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    if ours:
        known = (ours, "blob:", "data:")
        page.on("request", lambda asked: None if asked.url.startswith(known) else wrong.append(asked.url))
    yield page
    context.close()
    assert wrong == []


def open_page(page: Page, url: str, **wishes: object) -> None:
    page.goto(url + "#" + "&".join(f"{name}={value}" for name, value in wishes.items()))
    page.wait_for_selector("html[data-shown]")
    expect(page.locator(".tile b").first).not_to_have_text("–") if "cell" not in wishes else None


def told(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("heliograph.told")
    return found


def serious_faults(page: Page) -> list[tuple[str, str, list[str]]]:
    """What the accessibility checker of Deque calls serious or critical: rule, words, places."""
    found = Axe().run(page).response["violations"]
    return [
        (one["id"], one["help"], [node["html"][:160] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
