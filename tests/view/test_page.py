"""The page in a real browser: it plays, scrubs, follows, tells what the record says, in both languages."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from chunk_reader import at, read_chunk
from page_driver import GOOD_LOOKS, LOOKS, SIZES, open_page, serious_faults, serving, serving_to, told
from playwright.sync_api import Browser, Page, expect

from heliograph.cli.main import main
from heliograph.view import Day
from view_cells import look_at
from view_judge import Truth, taken_off

HOUR_MS = 3_600_000
PLANTS = Path(__file__).parents[2] / "plants"


def test_the_page_shows_the_workshop_in_both_languages(page: Page, url: str, day: Day):
    open_page(page, url, lang="en")
    expect(page).to_have_title("Small TOPCon workshop · Heliograph")
    expect(page.locator(".panel")).to_contain_text("driving loaded")
    expect(page.locator(".panel h2 small").first).to_have_text(str(len(day.machines)))
    page.get_by_role("button", name="中文").click()
    expect(page).to_have_title("TOPCon 小车间 · Heliograph")
    expect(page.locator(".panel")).to_contain_text("载货行驶")
    page.goto("about:blank")
    open_page(page, url)  # the choice is remembered
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_time_passes_at_the_speed_chosen_and_stands_still_when_paused(page: Page, url: str):
    open_page(page, url, at=600_000)
    page.get_by_label("Speed").select_option("60")
    before = told(page)
    page.keyboard.press("Space")
    page.wait_for_timeout(1500)
    page.keyboard.press("Space")
    paused = told(page)
    passed = paused["time"] - before["time"]
    assert 20_000 < passed < 60 * 3_000
    assert paused["x"] != before["x"]
    page.wait_for_timeout(300)
    assert told(page)["time"] == paused["time"]


def test_an_hour_plays_in_a_second_at_the_highest_speed_and_stops_at_its_end(page: Page, url: str):
    open_page(page, url)
    page.get_by_label("Speed").select_option("3600")
    page.get_by_role("button", name="Play (space)").click()
    expect(page.get_by_role("button", name="Play (space)")).to_be_visible(timeout=15_000)
    assert told(page)["time"] == HOUR_MS - 1


def test_scrubbing_shows_what_the_record_says(page: Page, url: str, day: Day):
    """What the page draws at a place of the time line, against the same moment worked out in Python."""
    open_page(page, url)
    line = page.locator(".timeline")
    box = line.bounding_box()
    assert box is not None
    floor = json.loads(day.floor())
    ground = floor["ground"]
    for share in (0.9, 0.13, 0.5):
        line.click(position={"x": share * box["width"], "y": 20})
        page.wait_for_function("() => heliograph.told.shown === heliograph.told.time")
        shown = told(page)
        assert shown["time"] == pytest.approx(share * HOUR_MS, abs=2 * HOUR_MS / box["width"])
        _, frame = read_chunk(day.chunk(int(shown["time"]), int(shown["time"]) + 1), floor["series"])
        for v in range(len(floor["vehicles"])):
            drive = at(frame["drives"][v], shown["time"])
            assert drive is not None
            one, two = ground["ways"][2 * drive["way"] : 2 * drive["way"] + 2]
            gone = min((shown["time"] - drive["at"]) / drive["took"], 1) if drive["took"] else 1
            for axis in "xy":
                meant = ground[axis][one] + gone * (ground[axis][two] - ground[axis][one])
                assert shown[axis][v] == pytest.approx(meant, abs=1e-4)
        for c, rows in enumerate(frame["carriers"]):
            row = at(rows, shown["time"])
            assert row is not None
            assert (shown["place"][c], shown["lot"][c]) == (row["place"] if row["place"] < 65535 else -1, row["lot"])
        states = [at(rows, shown["time"]) for rows in frame["states"]]
        assert [row["state"] for row in states if row] == [
            s for s, row in zip(shown["state"], states, strict=True) if row
        ]


def test_a_click_tells_of_vehicle_machine_and_lot(page: Page, url: str, day: Day):
    open_page(page, url, at=1_800_000)
    x, y = page.evaluate("heliograph.spot('vehicle', 'V003')")
    page.locator(".stage canvas").click(position={"x": x, "y": y})
    expect(page.locator(".panel h1")).to_have_text("V003")
    percent = day.details("vehicle", "V003", 1_800_000).soc_pct
    expect(page.locator(".panel dd", has_text=f"{percent:.1f} %")).to_be_visible()
    page.locator(".panel .rows .link", has_text="SM251103-").first.click()
    expect(page.locator(".panel h1")).to_contain_text("SM251103-")
    page.locator(".panel .rows .link", has_text="L1-").or_(
        page.locator(".panel .rows .link", has_text="L2-")
    ).first.click()
    expect(page.locator(".panel .strip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_contain_text("Vehicles")
    x, y = page.evaluate("heliograph.spot('machine', 'L1-TEX1')")
    page.locator(".stage canvas").click(position={"x": x, "y": y})
    expect(page.locator(".panel h1")).to_have_text("L1-TEX1")


def test_search_and_follow(page: Page, url: str):
    open_page(page, url, at=1_000_000)
    page.keyboard.press("/")
    page.keyboard.type("v00")
    page.get_by_role("button", name="Vehicle V007").click()
    expect(page.locator(".panel h1")).to_have_text("V007")
    page.keyboard.press("f")
    page.keyboard.press("Space")
    page.wait_for_timeout(1200)
    page.keyboard.press("Space")
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    x, y = told(page)["screen"]
    assert (x, y) == pytest.approx((stage["width"] / 2, stage["height"] / 2), abs=1)


def test_keys_and_the_clock_go_to_a_time(page: Page, url: str):
    open_page(page, url)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert told(page)["time"] == 590_000
    page.keyboard.press("]")
    assert told(page)["speed"] == 120
    clock = page.get_by_label("Jump to a time, e.g. 06:30")
    clock.fill("00:20:05")
    clock.press("Enter")
    assert told(page)["time"] == 1_205_000
    clock.fill("23:00")
    clock.press("Enter")
    assert told(page)["time"] == 1_205_000
    clock.press("Escape")


def test_a_cell_opens_at_the_second_it_left_its_last_machine(browser: Browser, run: Path, day: Day):
    """From the discs alone; its carrier, once it holds it, is lit."""
    row = day.record.rows("cells")[777]
    server, url = serving(str(run / "discs"), "--cell", row["cell"], "--lang", "zh")
    try:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(url)
        expect(page.locator(".panel h1")).to_have_text(row["cell"])
        expect(page.locator(".panel .way li")).to_have_count(16)
        made_ms = day.details("cell", row["cell"], 0).made_ms
        assert told(page)["time"] == made_ms
        expect(page.locator(".panel")).to_contain_text(f"{row['basket']}, {row['slot']}")
        expect(page.locator(".panel")).to_contain_text("电池片")
        page.close()
    finally:
        server.terminate()
        server.wait()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_cells_by_chance_are_shown_where_and_when_they_were_made(
    browser: Browser, run: Path, tmp_path: Path, lang: str
):
    """As `bench/view_cells.py` does it with ten of the reference day: page and data, against tables read without us."""
    images = sorted((run / "discs").glob("*.iso"))
    truth = Truth(taken_off(images, tmp_path / "files"))
    (cell,) = truth.cells(1, seed={"en": 1, "zh": 2}[lang])

    assert look_at(browser, images, cell, truth.start, lang) == []
    other = cell._replace(made_ms=cell.made_ms + 1000, basket=cell.basket + 1)
    assert len(look_at(browser, images, other, truth.start, lang)) >= 4, "the judge can tell"


def test_figures_are_drawn_and_their_data_saved(page: Page, url: str, day: Day):
    open_page(page, url, at=1_500_000, lang="en")
    page.keyboard.press("g")
    expect(page.locator(".charts .card")).to_have_count(13)
    expect(page.locator(".charts canvas")).to_have_count(12)
    with page.expect_download() as saved:
        page.locator(".card", has_text="Batteries of the fleet").get_by_role("button", name="CSV").click()
    head, *lines = saved.value.path().read_text("utf-8").splitlines()
    assert head == "time,median_pct,lowest_pct"
    figures = day.charts().batteries
    shown = [tuple(float(value) for value in line.split(",")[1:]) for line in lines]
    assert shown == list(zip(figures.median_pct, figures.lowest_pct, strict=True))
    gantt = page.locator(".card", has_text="Machines over time")
    with page.expect_download() as saved:
        gantt.get_by_role("button", name="CSV").click()
    lines = saved.value.path().read_text("utf-8").splitlines()
    assert lines[0] == "machine,state,reason,from,to"
    assert len(lines) - 1 == sum(len(stays) for stays in day.charts().stays.values())
    page.get_by_label("Step").select_option("TEX")
    page.get_by_role("button", name="中文").click()
    expect(page.locator(".charts")).to_contain_text("停机帕累托图")
    page.keyboard.press("Escape")
    expect(page.locator(".charts")).to_have_count(0)


def test_the_heat_map_says_of_which_hour_it_is(page: Page, url: str):
    open_page(page, url, at=1_900_000)
    page.keyboard.press("h")
    expect(page.locator(".warmth")).to_contain_text("Vehicles waiting")
    expect(page.locator(".warmth")).to_contain_text("00:00–00:30")
    page.keyboard.press("h")
    expect(page.locator(".warmth")).to_be_hidden()


def test_axe_finds_nothing_serious(browser: Browser, url: str):
    """The accessibility checker of Deque, on all that the page shows beside the trace, light and dark."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", bypass_csp=True)
    page = context.new_page()
    open_page(page, url, at=1_500_000)
    for theme in ("light", "dark"):
        page.evaluate("theme => heliograph.wear(theme)", theme)
        for show in ("workshop", "search", "nothing found", "help", "congestion", "vehicle", "machine", "figures"):
            if show in ("vehicle", "machine"):
                name = {"vehicle": "V003", "machine": "L1-TEX1"}[show]
                page.evaluate("([kind, id]) => heliograph.select({ kind, id })", [show, name])
                expect(page.locator(".panel h1")).to_have_text(name)
            if show in ("search", "nothing found"):
                page.get_by_role("searchbox").fill("L1" if show == "search" else "no such thing")
                expect(page.locator(".hits > *")).to_have_count(10 if show == "search" else 1)
            if show == "help":
                page.get_by_role("searchbox").press("Escape")
                page.keyboard.press("?")
                expect(page.locator("dialog")).to_be_visible()
            if show == "congestion":
                page.get_by_role("button", name="Close").click()
                page.keyboard.press("h")
                expect(page.locator(".warmth")).to_be_visible()
            if show == "figures":
                page.keyboard.press("h")
                page.keyboard.press("g")
                expect(page.locator(".figures")).to_have_attribute("aria-busy", "false")
                expect(page.locator(".charts canvas")).to_have_count(12)
            serious = serious_faults(page)
            assert serious == [], (theme, show)
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    context.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_cut_or_overlaps(page: Page, url: str, day: Day, size: str, lang: str):
    """Floor, congestion, what is told of each kind of thing, keys and figures; letters in charts too."""
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    open_page(page, url, lang=lang, at=1_500_000)
    found = {"floor": page.evaluate(LOOKS)}
    page.keyboard.press("h")
    expect(page.locator(".warmth")).to_be_visible()
    found["congestion"] = page.evaluate(LOOKS)
    cell = day.record.rows("cells", ["cell"])[777]["cell"]
    things = {"vehicle": "V003", "machine": "L1-TEX1", "cell": cell, "lot": cell[:14], "stocker": "L1-STK1"}
    for kind, name in things.items():
        page.evaluate("([kind, id]) => heliograph.select({ kind, id })", [kind, name])
        expect(page.locator(".panel h1")).to_have_text(name)
        found[kind] = page.evaluate(LOOKS)
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_be_visible()
    found["keys"] = page.evaluate(LOOKS)
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    expect(page.locator(".figures")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".charts canvas")).to_have_count(12)
    found["figures"] = page.evaluate(LOOKS)
    assert found == dict.fromkeys(found, GOOD_LOOKS)


def test_the_judge_of_looks_can_tell(page: Page, url: str):
    """Each kind of fault, made on purpose, is found."""
    open_page(page, url, at=1_500_000)
    page.evaluate("document.querySelector('.zooms').style.cssText = 'right: 50%; bottom: 50%'")
    page.evaluate("document.querySelector('.panel .tile span').style.cssText = 'position: relative; top: -1.6em'")
    page.evaluate("Object.assign(document.querySelector('.panel h2').style, { overflow: 'hidden', width: '20px' })")
    page.evaluate("document.querySelector('header button').textContent = ''")
    page.evaluate("document.querySelector('header .search').style.marginRight = '-3em'")
    page.evaluate("document.querySelector('.controls select').style.width = '40px'")
    page.evaluate("Object.assign(document.querySelector('.date').style, { position: 'absolute', left: '1250px' })")
    found = page.evaluate(LOOKS)
    assert [len(found["bare"]), found["beyond"]] == [1, ["2025-11-03"]]
    assert {"Machines36", "60 ×"} <= set(found["cut"])
    assert any(fault.startswith("the floor | zooms") for fault in found["over"])
    assert any("cells so far" in fault for fault in found["over"]) and len(found["over"]) >= 3
    page.keyboard.press("g")
    expect(page.locator(".charts canvas")).to_have_count(12)
    page.evaluate("document.querySelector('.plot').chart.setOption({ grid: { top: 27 } })")
    assert any(fault.startswith("Output per hour: ") for fault in page.evaluate(LOOKS)["over"])


def test_names_from_a_plant_are_text(browser: Browser, run: Path, tmp_path: Path):
    """Script tags, control characters and a very long name: shown, never run."""
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>" + "long" * 500
    shutil.copytree(run, tmp_path / "day")
    plant = tmp_path / "day" / "plant" / "plant.toml"
    plant.write_text(plant.read_text("utf-8").replace('title = "Small TOPCon workshop"', f'title = "{hostile}\\u0007"'))
    server, url = serving(str(tmp_path / "day"))
    try:
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
        alerts: list[str] = []
        page.on("dialog", lambda dialog: alerts.append(dialog.message))
        page.goto(url)
        page.wait_for_selector("html[data-shown]")
        expect(page.locator(".brand strong")).to_contain_text("<script>alert(2)</script>")
        assert page.evaluate("document.querySelectorAll('img').length") == 1
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert alerts == []
        page.close()
    finally:
        server.terminate()
        server.wait()


HOSTILE = "<img src=x onerror=alert(1)>'\\\"\u202egnirts\u200f\\u0007" + "very" * 2500
STRANGE = "<img src=x onerror=alert(1)>'\"\u202egnirts\u200f\u0007" + "very" * 75


def test_names_of_steps_and_machines_are_text_in_every_corner(browser: Browser, run: Path, tmp_path: Path):
    """Tags, quotes, a control character, marks that turn the direction, and 10,000 letters, as names of steps."""
    shutil.copytree(run, tmp_path / "day")
    plant = tmp_path / "day" / "plant" / "plant.toml"
    named = re.compile(r'^(name(?:_zh)? = ")(?!small)[^"]*"', re.MULTILINE)
    plant.write_text(named.sub(lambda found: f'{found[1]}{HOSTILE}"', plant.read_text("utf-8")), "utf-8")
    server, url = serving(str(tmp_path / "day"))
    try:
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
        wrong: list[str] = []
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        open_page(page, url, at=1_500_000)
        page.evaluate("heliograph.select({ kind: 'machine', id: 'L1-TEX1' })")
        expect(page.locator(".panel h1")).to_have_text("L1-TEX1")
        expect(page.locator(".panel")).to_contain_text("<img src=x onerror=alert(1)>")
        assert page.evaluate(LOOKS) == GOOD_LOOKS
        assert page.locator(".panel").evaluate("panel => panel.scrollWidth <= panel.clientWidth")
        page.keyboard.press("g")
        expect(page.locator(".figures")).to_have_attribute("aria-busy", "false")
        assert page.evaluate("document.querySelector('.figures').scrollWidth <= window.innerWidth")
        assert page.locator("img").count() == 1
        assert wrong == []
        page.close()
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of a workshop whose plant check lets a machine and two ports be called as they like."""
    folder = tmp_path_factory.mktemp("strange")
    shutil.copytree(PLANTS / "small", folder / "plant")
    for name in ("plant.toml", "layout.lif.json"):
        file = folder / "plant" / name
        text = file.read_text("utf-8")
        for thing in ("L1-INS1", "L1-WST1-OUT1", "L1-INS1-IN1"):
            text = text.replace(f'"{thing}"', json.dumps(STRANGE + thing, ensure_ascii=False))
        file.write_text(text, "utf-8")
    words = ["--hours", "0.2", "--warmup", "0.5", "--no-discs", "--json", "--out", str(folder / "day")]
    assert main(["run", str(folder / "plant"), *words]) == 0
    return folder / "day"


@pytest.mark.parametrize("size", SIZES)
def test_ids_of_machines_and_ports_are_text_in_every_corner(browser: Browser, strange: Path, size: str):
    """Tags, quotes, a control character, marks that turn the direction, 300 letters: floor, details, charts, trace."""
    page = browser.new_page(viewport=dict(zip(("width", "height"), SIZES[size], strict=True)), locale="en-GB")
    wrong: list[str] = []
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    with serving_to(page, str(strange)) as url:
        open_page(page, url, at=700_000)
        name = f"{STRANGE}L1-INS1"
        found = {"floor": page.evaluate(LOOKS)}
        x, y = page.evaluate("id => heliograph.spot('machine', id)", name)
        page.locator(".stage canvas").hover(position={"x": x, "y": y})
        expect(page.locator(".tip b")).to_have_text(name)
        page.locator(".stage canvas").click(position={"x": x, "y": y})
        expect(page.locator(".panel h1")).to_have_text(name)
        found["machine"] = page.evaluate(LOOKS)
        assert page.locator(".panel").evaluate("panel => panel.scrollWidth <= panel.clientWidth")
        page.get_by_role("searchbox").fill("INS1")
        expect(page.locator(".hits button")).to_have_count(2)
        found["search"] = page.evaluate(LOOKS)
        page.get_by_role("searchbox").press("Escape")
        page.keyboard.press("g")
        expect(page.locator(".figures")).to_have_attribute("aria-busy", "false")
        page.get_by_label("Step").select_option("INS")
        gantt = page.locator(".card", has_text="Machines over time")
        share = "plot => plot.chart.convertToPixel({ xAxisIndex: 0 }, 0) / plot.clientWidth"
        assert gantt.locator(".plot").evaluate(share) < 0.3, "its name leaves room for what is drawn"
        found["figures"] = {**page.evaluate(LOOKS), "cut": []}  # there its name is cut; the tip has it whole
        page.keyboard.press("Escape")
        page.locator(".panel .to-trace").click()
        expect(page.locator(".trace h1")).to_contain_text(name)
        expect(page.locator(".side .plot", has_text="none within this record")).to_have_count(2)
        found["trace"] = page.evaluate(LOOKS)
        assert found == dict.fromkeys(found, GOOD_LOOKS)
        assert page.locator("img").count() == 1
        assert wrong == []


def test_a_server_that_is_gone_is_told_and_not_asked_in_every_frame(browser: Browser, run: Path):
    server, url = serving(str(run))
    page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
    open_page(page, url)
    server.terminate()
    server.wait()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("heliograph.seek(3000000)")
    expect(page.locator(".notes")).to_contain_text("The server does not answer any more")
    page.wait_for_timeout(1000)
    assert len(asked) <= 3
    page.close()


def test_a_wrong_place_or_time_is_one_line_and_no_server(run: Path, capfd: pytest.CaptureFixture[str]):
    for words, code in (
        (["nowhere"], 6),
        ([str(run), "--at", "noon"], 2),
        ([str(run), "--cell", "x"], 2),
        ([str(run), "--cell", "SM251103-99999-0001"], 6),
        ([str(run), "--port", "99999"], 2),
    ):
        server, line = serving(*words)
        assert (server.returncode, line) == (code, "")
        said = capfd.readouterr().err
        assert said.startswith("error: ") and "Traceback" not in said


def test_the_floor_mended_spot_by_spot_is_the_floor_drawn_whole(page: Page, url: str):
    """Only what changed is drawn while time runs, and what stays in view is moved: the same to the last pixel."""
    open_page(page, url, at=600_000)
    page.get_by_label("Speed").select_option("600")
    page.get_by_role("button", name="Congestion").click()
    page.locator(".stage canvas").hover()
    page.mouse.wheel(0, -400)
    page.keyboard.press("Space")
    for _ in range(4):
        page.wait_for_timeout(400)
        page.evaluate("heliograph.scene.pan(37.3, -21.8)")
    page.keyboard.press("Space")
    page.wait_for_timeout(300)
    parts, wrong = page.evaluate(
        """(() => {
            const { picture, view } = heliograph.scene;
            const { width, height } = picture.canvas;
            const reader = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
            const pixels = () => {
                reader.drawImage(picture.canvas, 0, 0);
                return new Uint32Array(reader.getImageData(0, 0, width, height).data.buffer);
            };
            const parts = [];
            const paint = picture.paint.bind(picture);
            picture.paint = (view, part) => (parts.push(part), paint(view, part));
            const mended = pixels();
            picture.stale = true;
            picture.bring(view);
            const whole = pixels();
            return [parts, mended.filter((pixel, i) => pixel !== whole[i]).length];
        })()"""
    )
    assert parts == [[0, 0, 960, 640]]
    assert wrong == 0


OKABE_ITO = {
    "driving_loaded": (0, 158, 115),
    "driving_empty": (0, 114, 178),
    "hand_off": (204, 121, 167),
    "charging": (230, 159, 0),
    "idle": (139, 149, 161),
}
"""Others are vermilion."""


@pytest.mark.parametrize("crowd", [False, True], ids=["pictures", "rectangles of a crowd"])
def test_each_vehicle_is_drawn_where_it_is_and_in_its_colour(page: Page, url: str, crowd: bool):
    open_page(page, url, at=900_000)
    seen = page.evaluate(
        """(crowd) => {
            const { scene, world } = heliograph;
            const { vehicles, pen, view, canvas } = scene;
            if (crowd) vehicles.drawEach = (pen) => vehicles.drawCrowd(pen, view, vehicles.look(view));
            scene.render();
            const { width, height } = canvas;
            const reader = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
            reader.drawImage(canvas, 0, 0);
            return heliograph.floor.vehicles.map((name, v) => {
                const [x, y] = heliograph.spot("vehicle", name); // the load is marked behind its middle
                const [ahead, angle] = [0.3 * vehicles.long, world.heading[v]];
                const at = [x + ahead * Math.cos(angle), y + ahead * Math.sin(angle)].map(Math.round);
                return [...reader.getImageData(...at, 1, 1).data].slice(0, 3);
            });
        }""",
        crowd,
    )
    wanted = [OKABE_ITO.get(mood, (213, 94, 0)) for mood in told(page)["mood"]]
    assert np.abs(np.array(seen) - wanted).max() <= 12  # a picture between two pixels is blended with what is beside it
