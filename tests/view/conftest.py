from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from recorded_day import make_run, open_day

from heliograph.view import Day

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("view") / "day")


@pytest.fixture(scope="session")
def day(run: Path) -> Day:
    return open_day(run)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Chromium")
    from playwright.sync_api import expect, sync_playwright

    from view_cells import FLAGS

    expect.set_options(timeout=60_000)  # a loaded machine draws late, and that is no fault of the page
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def url(run: Path) -> Iterator[str]:
    from page_driver import serving

    server, url = serving(str(run))
    yield url
    server.terminate()
    server.wait()


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    from page_driver import spotless

    with spotless(browser, url) as page:
        yield page
