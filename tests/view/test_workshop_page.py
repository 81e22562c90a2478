"""The reference workshop in a real browser, from each source that a day can come from; and the README's pictures.

The day is half an hour of `topcon`, warm. With HELIOGRAPH_PICTURES=RUN, a run directory of a whole day, the pictures in
docs/img are taken anew of that one, and their outline (what can be read on them apart from figures) is written beside
them; without it the outline of the page as it is now is held against that, so that the pictures cannot grow old unseen.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_driver import GOOD_LOOKS, LOOKS, serving_to, spotless, told
from playwright.sync_api import Browser, Page, expect

from heliograph.archive.rs03 import read_layout
from heliograph.cli.main import main
from heliograph.record.store import open_folder

IMG = Path(__file__).parents[2] / "docs" / "img"
OUTLINES = IMG / "pictures.json"
TAKEN = os.environ.get("HELIOGRAPH_PICTURES")
LANGS = ("en", "zh")
FIND, FOLLOW, PLAY, CELL = (
    {"en": "Search vehicle, machine, lot, cell …", "zh": "搜索 AGV、设备、批次、电池片 …"},
    {"en": "Follow", "zh": "跟随"},
    {"en": "Play (space)", "zh": "播放（空格）"},
    {"en": "Cell", "zh": "电池片"},
)
OUTLINE = """() => [...new Set([...document.querySelectorAll(
    'header button, .controls button, .zooms button, .panel h2, .tile span, .legend li:not(.rare) span, .card h2')]
    .filter((e) => e.checkVisibility())
    .map((e) => e.getAttribute('aria-label') || (e.firstChild?.nodeType === 3 ? e.firstChild.data : e.textContent))
    .map((text) => text.trim())
    .filter((text) => text && !/[0-9]/.test(text)))]"""


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if TAKEN:
        return Path(TAKEN).resolve()
    folder = tmp_path_factory.mktemp("topcon") / "day"
    assert main(["run", "topcon", "--hours", "0.5", "--medium", "cd", "--json", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def damaged(workshop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its disc with one sector in fifty overwritten."""
    folder = tmp_path_factory.mktemp("damaged")
    (image,) = (workshop / "discs").glob("*.iso")
    raw = np.frombuffer(image.read_bytes(), np.uint8).reshape(-1, 2048).copy()
    chance = np.random.default_rng(7)
    hurt = chance.choice(len(raw), len(raw) // 50, replace=False)
    raw[hurt] = chance.integers(0, 256, (len(hurt), 2048), np.uint8)
    raw.tofile(folder / image.name)
    return folder


def source(kind: str, workshop: Path, damaged: Path, folder: Path) -> list[str]:
    """What `heliograph replay` is given."""
    if kind == "record":
        return [str(shutil.copytree(workshop / "record", folder / "tables")), "--plant", "topcon"]
    if kind == "discs":
        return [str(image) for image in (workshop / "discs").glob("*.iso")]
    if kind == "damaged":
        return [str(damaged)]
    repaired = shutil.copytree(damaged, folder / "repaired")
    assert main(["archive", "repair", str(repaired), "--json"]) == 0
    return [str(repaired)]


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    with spotless(browser) as page:
        yield page


def a_cell(workshop: Path) -> dict[str, Any]:
    """A cell of the middle of the record."""
    rows = open_folder(workshop).read("cells", ["cell", "lot", "basket", "slot", "made_utc"])
    row: dict[str, Any] = rows.slice(rows.num_rows // 2, 1).to_pylist()[0]
    return row


@pytest.mark.parametrize(("kind", "lang"), [("record", "en"), ("discs", "zh"), ("repaired", "en"), ("damaged", "zh")])
def test_the_reference_workshop_is_gone_through_from_each_source(
    window: Page, workshop: Path, damaged: Path, tmp_path: Path, kind: str, lang: str
):
    """Play and pause, scrub, search, follow, click, trace; 186 vehicles, and nothing is missing."""
    with serving_to(window, *source(kind, workshop, damaged, tmp_path), "--lang", lang, "--at", "00:05") as url:
        window.goto(url)
        window.wait_for_selector("html[data-shown]")
        shown = told(window)
        assert (shown["time"], len(shown["x"])) == (300_000, 186)
        expect(window.locator(".notes p")).to_have_count(0)
        window.keyboard.press("Space")
        window.wait_for_function("() => heliograph.told.time > 310000")
        window.keyboard.press("Space")
        expect(window.get_by_role("button", name=PLAY[lang])).to_be_visible()
        paused = told(window)
        assert not paused["playing"] and paused["x"] != shown["x"]
        box = window.locator(".timeline").bounding_box()
        assert box is not None
        window.locator(".timeline").click(position={"x": 0.5 * box["width"], "y": 20})
        window.wait_for_function(
            "() => heliograph.told.shown === heliograph.told.time && heliograph.told.time > 600000"
        )
        window.get_by_label(FIND[lang]).fill("V100")
        window.get_by_role("button", name="AGV V100" if lang == "zh" else "Vehicle V100").click()
        expect(window.locator(".panel h1")).to_have_text("V100")
        follow = window.get_by_role("button", name=FOLLOW[lang])
        expect(follow).to_be_enabled()
        window.keyboard.press("Escape")
        window.keyboard.press("0")
        x, y = window.evaluate("heliograph.spot('machine', 'L4-TEX1')")
        window.locator(".stage canvas").first.click(position={"x": x, "y": y})
        expect(window.locator(".panel h1")).to_contain_text("L4-")
        cell = a_cell(workshop)
        window.get_by_label(FIND[lang]).fill(cell["cell"])
        window.get_by_role("button", name=f"{CELL[lang]} {cell['cell']}").click()
        expect(window.locator(".panel h1")).to_have_text(cell["cell"])
        expect(window.locator(".panel .way li")).to_have_count(16)
        expect(window.locator(".panel")).to_contain_text(f"{cell['basket']}, {cell['slot']}")
        window.keyboard.press("t")
        expect(window.locator(".trace h1")).to_contain_text(cell["cell"])
        expect(window.locator(".gene")).to_have_count(18)


@pytest.mark.parametrize("lang", LANGS)
def test_what_a_damaged_disc_has_lost_is_named_on_the_page(
    window: Page, workshop: Path, tmp_path: Path, lang: str, capfd: pytest.CaptureFixture[str]
):
    """Its parity is gone, and sectors of moves and tracks: machines are shown, the files are named, and vehicles are
    counted as not known to be anywhere.
    """
    (image,) = (workshop / "discs").glob("*.iso")
    raw = bytearray(image.read_bytes())
    layout = read_layout(image)
    assert layout is not None
    for name in ("moves", "tracks-000h"):
        where = raw.find((workshop / "record" / f"{name}.parquet").read_bytes()[:2048])
        assert where > 0
        raw[where : where + 4096] = bytes(4096)
    raw[2048 * layout.ecc_start :] = np.random.default_rng(1).bytes(len(raw) - 2048 * layout.ecc_start)
    (tmp_path / image.name).write_bytes(raw)
    with serving_to(window, str(tmp_path), "--lang", lang) as url:
        window.goto(url)
        window.wait_for_selector("html[data-shown]")
        expect(window.locator(".notes p")).to_have_count(1)
        expect(window.locator(".notes p")).to_contain_text("record/moves.parquet")
        assert told(window)["mood"] == ["unknown"] * 186 and any(state >= 0 for state in told(window)["state"])
        place = window.locator(".legend .rare:not(.zero)", has_text="186")
        expect(place).to_have_text("place not recorded186" if lang == "en" else "位置无记录186")
        assert window.evaluate(LOOKS) == GOOD_LOOKS
        assert "record/moves.parquet: left out, cannot be read" in capfd.readouterr().err


@pytest.mark.parametrize("lang", LANGS)
def test_the_pictures_of_the_readme_show_the_page_as_it_is(
    window: Page, workshop: Path, lang: str, monkeypatch: pytest.MonkeyPatch
):
    """Of each the outline is as it was when it was taken; with HELIOGRAPH_PICTURES they are taken anew."""
    known = json.loads(OUTLINES.read_text("utf-8")) if OUTLINES.exists() else {}
    cell = a_cell(workshop)["cell"]
    monkeypatch.chdir(workshop.parent)  # so that no picture shows a path
    with serving_to(window, workshop.name, "--lang", lang, "--at", "06:30" if TAKEN else "00:15") as url:
        found = {}
        for name, address in (("replay", url), ("trace", f"{url}&trace={cell}")):
            window.goto("about:blank")
            window.goto(address)
            window.wait_for_selector(".trace .gene" if name == "trace" else ".tile b:not(:text('–'))")
            window.wait_for_timeout(500)
            window.wait_for_load_state("networkidle")  # leaving earlier would end what is being asked
            found[name] = window.evaluate(OUTLINE)
            assert len(found[name]) > 8
            if TAKEN:
                window.screenshot(path=IMG / (f"{name}.png" if lang == "en" else f"{name}.zh-CN.png"))
        if TAKEN:
            OUTLINES.write_text(json.dumps({**known, lang: found}, ensure_ascii=False, indent=1) + "\n", "utf-8")
        else:
            assert found == known[lang], "take the pictures anew: HELIOGRAPH_PICTURES=RUN pytest, see this file's top"
