"""The report: one page, complete in itself, in both languages, from the record's tables."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heliograph.errors import RunWrong
from heliograph.plant import Plant, read_plant
from heliograph.record.summary import day_by_readings
from heliograph.report import write_report
from heliograph.report.figures import FIGURES, figures
from heliograph.report.numbers import Numbers, read_numbers
from heliograph.report.words import SECTIONS

sys.path.insert(0, str(Path(__file__).parent))
from records import CELLS_PER_LINE, HOURS, summary_of, write_record


@pytest.fixture(scope="module")
def plant() -> Plant:
    return read_plant("small").plant


@pytest.fixture(scope="module")
def run(plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_record(plant, folder / "record")
    return folder


@pytest.fixture(scope="module")
def numbers(plant: Plant, run: Path) -> Numbers:
    return read_numbers(run / "record", summary_of(plant), plant)


@pytest.fixture(scope="module")
def page(plant: Plant, run: Path) -> str:
    return write_report(run, summary_of(plant), plant).read_text("utf-8")


def own(page: str) -> str:
    """The page without the plotting library."""
    scripts = re.findall(r"<script>.*?</script>", page, flags=re.DOTALL)
    return page.replace(max(scripts, key=len), "")


def test_no_request_leaves_the_page(page: str):
    assert not re.findall(r"""(?:src|href|action|url\()\s*=?\s*["']?(?:https?:)?//""", own(page))
    assert "http://" not in own(page) and "https://" not in own(page)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None and policy[1].startswith("default-src 'none';")
    assert "connect-src" not in policy[1]


def test_every_plot_has_its_place_and_its_data_in_both_languages(page: str):
    assert set(SECTIONS) == set(FIGURES)
    data = json.loads(re.search(r'id="figures">(.*?)</script>', page, flags=re.DOTALL)[1])
    for lang in ("en", "zh"):
        assert set(data[lang]) == set(FIGURES)
        for name in FIGURES:
            assert f'id="{name}"' in page
            views = data[lang][name].get("views", [data[lang][name]])
            assert views and all(view["data"] for view in views), name


def test_every_sentence_stands_in_english_and_in_chinese(page: str):
    text = own(page)
    english = re.findall(r'<span data-lang="en"[^>]*>(.*?)</span>', text, flags=re.DOTALL)
    chinese = re.findall(r'<span data-lang="zh"[^>]*>(.*?)</span>', text, flags=re.DOTALL)

    assert len(english) == len(chinese) > 60
    assert "Output per hour" in english and "每小时产出" in chinese


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_language_asked_for_shows_first(plant: Plant, run: Path, lang: str):
    tag = {"en": "en", "zh": "zh-CN"}[lang]

    assert f'<html lang="{tag}">' in write_report(run, summary_of(plant), plant, lang=lang).read_text("utf-8")


def test_hostile_names_are_escaped(plant: Plant, run: Path):
    evil = "</script><script>alert(1)</script>"
    steps = [msgspec.structs.replace(step, name=evil, name_zh=evil) for step in plant.steps]
    hostile = msgspec.structs.replace(plant, title=evil, title_zh=evil, steps=steps)

    text = write_report(run, summary_of(plant), hostile).read_text("utf-8")
    assert "<script>alert" not in text
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in text
    assert json.loads(re.search(r'id="figures">(.*?)</script>', text, flags=re.DOTALL)[1])


def test_output_counts_every_cell_once(numbers: Numbers):
    assert {line: sum(cells) for line, cells in numbers.output.items()} == {1: CELLS_PER_LINE, 2: CELLS_PER_LINE}
    assert len(numbers.hours) == HOURS
    assert sum(numbers.efficiency_cells) == 2 * CELLS_PER_LINE


def test_the_running_takt_does_not_feel_an_hour_of_standstill(numbers: Numbers):
    for lane in numbers.lanes:
        assert lane.running_s == 0.86
        assert lane.calendar_s == pytest.approx(HOURS * 3600 / CELLS_PER_LINE)


def test_states_of_a_step_add_up_to_calendar_time(numbers: Numbers, plant: Plant):
    assert [row.names[0].split()[0] for row in numbers.step_states] == plant.route
    for row in numbers.step_states:
        assert sum(row.shares.values()) == pytest.approx(1.0)
        assert row.shares["starved"] == pytest.approx(1 / 6)
        assert row.shares["scheduled_downtime"] == pytest.approx(2 / 6)


def test_work_in_process_counts_lots_between_release_and_finish(numbers: Numbers):
    hourly = {line: lots[::6] for line, lots in numbers.wip.items()}

    assert hourly[1] == [2, 1, 1, 1, 1, 1, 1]
    assert hourly[2] == [0, 0, 1, 1, 1, 1, 1]


def test_a_lot_counts_where_it_last_began_a_step(numbers: Numbers):
    """One lot finishes at 01:00; one is released at 00:00 and begins at 02:00; one is released at 02:00."""
    hourly = {code: lots[::6] for code, lots in numbers.wip_at.items()}

    assert hourly == {"": [1, 1, 1, 1, 1, 1, 1], "INS": [1, 0, 1, 1, 1, 1, 1], "TEX": [0, 0, 0, 0, 0, 0, 0]}


def test_energy_of_all_parts_is_kept(numbers: Numbers, plant: Plant):
    machines = sum(machine.equipment in plant.route for machine in plant.machines)

    assert sum(map(sum, numbers.energy.values())) == pytest.approx(10.0 * HOURS * (machines + 1))
    assert list(numbers.energy)[-1] == "other"


def test_moves_are_counted_in_the_hour_in_which_the_carrier_was_placed(numbers: Numbers):
    assert sum(numbers.moves_full) == sum(numbers.moves_empty) == 120
    assert sum(numbers.full_minutes) == 120
    assert sum(numbers.vehicle_use.values()) == pytest.approx(1.0)


def test_a_record_without_its_tables_is_named(plant: Plant, tmp_path: Path):
    with pytest.raises(RunWrong, match=r"lots\.parquet: no such table"):
        write_report(tmp_path, summary_of(plant), plant)


def test_a_partial_run_says_so(plant: Plant, run: Path):
    summary: dict[str, Any] = {**summary_of(plant), "partial": True}

    assert "the record is partial" in write_report(run, summary, plant).read_text("utf-8")


def test_wafers_that_are_not_conserved_stand_out(plant: Plant, run: Path):
    wafers = {"in": 10, "out": 8, "scrapped": 1, "in_process": 0}

    assert "NOT conserved" in write_report(run, {**summary_of(plant), "wafers": wafers}, plant).read_text("utf-8")


def test_all_three_readings_of_the_pace_are_printed(plant: Plant, run: Path):
    """A: the whole workshop; B: each line; C: each lane, the one the plant is built on."""
    reference = read_plant("topcon").plant
    summary = {**summary_of(plant), "readings": day_by_readings(reference, 1_302_000)}

    text = write_report(run, summary, plant).read_text("utf-8")
    for figure in ("100,465", "803,721", "1,607,442", "0.31", "2.47", "4.94", "81%", "impossible", "225"):
        assert f">{figure}<" in text


def test_the_day_stands_beside_itself_without_planned_stops(page: str):
    assert "without planned time" in page
    assert "188,235" in page  # 160,000 / (1 - 0.15)


def test_figures_are_the_same_for_the_same_record(numbers: Numbers):
    assert json.dumps(figures(numbers, "en")) == json.dumps(figures(numbers, "en"))
