"""The trace page in a real browser: opened from everywhere, read, saved, left; in both languages and at three sizes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from page_driver import GOOD_LOOKS, LOOKS, SIZES, open_page, serious_faults, told
from playwright.sync_api import Browser, Page, expect

from heliograph.view import Day


@pytest.fixture(scope="module")
def cell(day: Day) -> str:
    return str(day.record.rows("cells", ["cell"])[777]["cell"])


def test_a_bookmark_opens_the_genealogy_of_a_cell(page: Page, url: str, day: Day, cell: str):
    """Every step with its machine, unit and carriers, as the record has them; and the disc that holds it."""
    page.goto(f"{url}#trace={cell}")
    expect(page.locator(".trace h1")).to_contain_text(cell)
    meant = day.trace(cell, None, None, None)
    rows = page.locator(".gene")
    expect(rows).to_have_count(18)  # the wafer store, 16 steps, the cell
    for row, step in zip(rows.all()[1:], meant.steps, strict=False):
        expect(row).to_contain_text(step.machine)
        expect(row.locator(".unit")).to_have_count(1)
        for move in step.brought:
            expect(row).to_contain_text(move.carrier)
        for lot in step.batches[0].shared_with[:3]:
            expect(row).to_contain_text(lot)
    (disc,) = meant.discs
    expect(page.locator(".discs")).to_contain_text(f"Disc {disc.volume} ({disc.image})")


def test_all_that_shared_a_tube_are_counted_and_saved(page: Page, url: str, day: Day, cell: str):
    page.goto(f"{url}#trace={cell}")
    meant = day.trace(cell, None, None, None)
    step = next(step for step in meant.steps if step.step == "PDF")
    (batch,) = step.batches
    page.locator(".gene", has_text=step.machine).locator(".unit").click()
    expect(page.locator(".side .lead").first).to_contain_text(f"{step.machine} tube {batch.unit}, batch {batch.batch}")
    shared = day.together(step.machine, batch.unit, batch.batch)
    lots = len(shared.lots) + len(shared.elsewhere)
    said = f"{len(shared.cells.cell):,} cells of {lots} lots: {shared.mean_pct:.3f}"
    expect(page.locator(".side .lead").nth(1)).to_contain_text(said)
    with page.expect_download() as saved:
        page.locator(".side .card", has_text="All that shared it").get_by_role("button", name="CSV").click()
    with Path(saved.value.path()).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["cell"] for row in rows] == shared.cells.cell
    assert [float(row["efficiency_pct"]) for row in rows] == shared.cells.efficiency_pct
    with page.expect_download() as saved:
        page.locator(".card", has_text="Genealogy").get_by_role("button", name="CSV").click()
    with Path(saved.value.path()).open(encoding="utf-8", newline="") as file:
        way = list(csv.DictReader(file))
    assert [(row["machine"], int(row["unit"])) for row in way] == [(s.machine, s.batches[0].unit) for s in meant.steps]
    page.keyboard.press("ArrowDown")  # the keyboard goes on to the next step
    expect(page.locator(".gene .unit[aria-pressed=true]")).to_have_count(1)
    expect(page.locator(".side .lead").first).not_to_contain_text(step.machine)


def test_it_opens_from_search_details_and_keys_and_the_way_back_leads_to_the_floor(page: Page, url: str, cell: str):
    open_page(page, url, at=1_500_000)
    page.keyboard.press("/")
    page.keyboard.type(cell)
    expect(page.locator(".hits button").first).to_contain_text(cell)
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".trace h1")).to_contain_text(cell)
    assert page.url.endswith(f"#trace={cell}")
    page.locator(".facts .link", has_text=cell[:14]).click()
    expect(page.locator(".trace h1")).to_have_text(f"Lot {cell[:14]}")
    page.go_back()
    expect(page.locator(".trace h1")).to_contain_text(cell)
    page.get_by_role("button", name="On the floor").click()
    expect(page.locator(".trace")).to_have_count(0)
    expect(page.locator(".panel h1")).to_have_text(cell)
    assert "#" not in page.url
    page.locator(".panel").get_by_role("button", name="Trace").click()
    expect(page.locator(".trace h1")).to_contain_text(cell)
    page.keyboard.press("Escape")
    expect(page.locator(".trace")).to_have_count(0)
    page.keyboard.press("t")
    expect(page.locator(".trace h1")).to_contain_text(cell)


def test_a_click_on_a_time_shows_the_floor_at_that_second(page: Page, url: str, day: Day, cell: str):
    page.goto(f"{url}#trace={cell}")
    page.locator(".gene").last.locator(".time").first.click()
    expect(page.locator(".trace")).to_have_count(0)
    assert told(page)["time"] == day.details("cell", cell, 0).made_ms


def test_a_machine_and_a_time(page: Page, url: str, day: Day):
    page.goto(f"{url}#trace=L1-PDF1&from=0&to=3600000&lang=zh")
    meant = day.trace("L1-PDF1", None, 0, 3_600_000)
    expect(page.locator(".through li")).to_have_count(len(meant.batches))
    page.get_by_label("管、槽或道").select_option("2")
    expect(page.locator(".through li")).to_have_count(len([one for one in meant.batches if one.unit == 2]))
    assert "unit=2" in page.url
    page.get_by_label("至").fill("00:10:00")
    page.get_by_label("至").press("Enter")
    until = [one for one in meant.batches if one.unit == 2 and one.start_ms < 600_000]
    expect(page.locator(".through li")).to_have_count(len(until))
    page.get_by_label("至").fill("noon")
    page.get_by_label("至").press("Enter")
    expect(page.locator(".through li")).to_have_count(len(until))


@pytest.mark.parametrize("thing", ["SM251103-00001-9999", "<script>", "L9-BDF1"])
def test_what_is_not_there_is_told_and_can_be_left(browser: Browser, url: str, thing: str):
    """One line that says what is wrong; not through `page`, since the browser itself notes the answer 404."""
    page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
    page.goto(f"{url}#trace={thing}")
    expect(page.locator(".figures")).to_contain_text(thing.upper())
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".figures")).to_be_hidden()
    page.close()


def test_axe_finds_nothing_serious_on_the_trace_page(browser: Browser, url: str, cell: str):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", bypass_csp=True)
    page = context.new_page()
    for thing in (cell, "L1-PDF1"):
        page.goto("about:blank")
        page.goto(f"{url}#trace={thing}&from=0&to=3600000")
        for theme in ("light", "dark"):
            page.wait_for_selector("html[data-shown]")
            page.evaluate("theme => heliograph.wear(theme)", theme)
            expect(page.locator(".figures")).to_have_attribute("aria-busy", "false")
            expect(page.locator(".side canvas")).to_have_count(2)
            assert serious_faults(page) == [], (thing, theme)
    context.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_cut_or_overlaps_on_the_trace_page(page: Page, url: str, cell: str, size: str, lang: str):
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    for thing in ("L1-PDF1&from=0&to=3600000", cell[:14], cell):
        page.goto("about:blank")
        page.goto(f"{url}#trace={thing}&lang={lang}")
        expect(page.locator(".side canvas")).to_have_count(2)
        assert page.evaluate(LOOKS) == GOOD_LOOKS, thing
    wide = """() => [...document.querySelectorAll('.trace *')].filter((e) =>
        e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflow !== 'visible').length"""
    assert page.evaluate(wide) == 0
