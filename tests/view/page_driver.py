"""What tests of the page have in common: starting the command, opening a window, looking for faults in it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

SIZES = {"laptop": (1280, 800), "wall": (1920, 1080), "tablet": (820, 1180)}

LOOKS = """() => {
        const what = 'button, select, input, .tile, .legend li, h2, .date, .brand strong';
        const shown = [...document.querySelectorAll(what)].filter((e) => e.checkVisibility());
        const cut = shown.filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflow !== 'visible'
            && (e.tagName !== 'INPUT' || e.className === 'clock')).map((e) => e.textContent || e.value);
        const bare = shown.filter((e) => ['BUTTON', 'SELECT', 'INPUT'].includes(e.tagName)
            && !(e.getAttribute('aria-label') || e.textContent)).map((e) => e.outerHTML);
        const boxes = [...document.querySelectorAll('header > *, .controls > *')].filter((e) => e.checkVisibility())
            .map((e) => e.getBoundingClientRect()).filter((b) => b.width && b.height);
        const over = boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) =>
            a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1));
        const wide = document.documentElement.scrollWidth > window.innerWidth;
        const beyond = boxes.filter((b) => b.right > window.innerWidth + 1);
        return { cut, bare, over: over.length, wide, beyond: beyond.length };
    }"""
"""What is cut, unlabelled, wide or laid over something else."""

GOOD_LOOKS = {"cut": [], "bare": [], "over": 0, "wide": False, "beyond": 0}


def serving(*words: str) -> tuple[subprocess.Popen[str], str]:
    """`heliograph replay` as people start it; its one line is the address."""
    command = [sys.executable, "-m", "heliograph.cli.main", "replay", *words, "--no-open"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert server.stdout is not None
    line = server.stdout.readline()
    if not line:
        server.wait()
    return server, line.strip()


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
