"""Take the README's pictures of the page: `python docs/pictures.py RUN`, of a run of `topcon`, in both languages."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from heliograph.cli.places import find_workshop
from heliograph.view import Day
from heliograph.web import serve

FLAGS = ["--no-sandbox"]
AT_MS = 23_400_000
"""06:30, with machines in most of their states."""
NAMES = {"en": "replay.png", "zh": "replay.zh-CN.png"}


def main() -> None:
    day = Day(*find_workshop([Path(sys.argv[1])]))
    ready: list[str] = []
    threading.Thread(
        target=lambda: serve(day, "127.0.0.1", 0, lambda address: ready.append(address.url)), daemon=True
    ).start()
    while not ready:
        time.sleep(0.01)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for lang, name in NAMES.items():
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(f"{ready[0]}#at={AT_MS}&lang={lang}")
            page.wait_for_selector(".alarm")
            page.wait_for_timeout(1000)
            page.screenshot(path=Path(__file__).parent / "img" / name)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
