"""`heliograph plant new`, `check` and `show`, as a person or a machine calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from plants import change_plant

from heliograph.cli.main import main
from heliograph.plant.read import read_plant


def test_a_new_plant_is_written_checked_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "mine"

    assert main(["plant", "new", "topcon", str(folder), "--lines", "2", "--vehicles", "40"]) == 0
    assert main(["plant", "check", str(folder)]) == 0
    assert f"{folder}: no mistakes" in capsys.readouterr().out
    assert main(["plant", "show", str(folder), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)

    assert (shown["lines"], shown["vehicles"], shown["bottleneck"]) == (2, 40, "PRN")


def test_vehicles_grow_with_the_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["plant", "new", "topcon", str(tmp_path / "one"), "--lines", "1", "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["vehicles"] == 24


def test_a_directory_with_something_in_it_is_not_written_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "thesis.txt").write_text("years of work")

    assert main(["plant", "new", "small", str(tmp_path)]) == 12

    assert "is not empty; nothing was written" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_check_tells_each_mistake_on_a_line_of_its_own(small: Path, capsys: pytest.CaptureFixture[str]):
    change_plant(small, lambda tables: tables["steps"][3].update(loss_pct=-2, max_wait_min=-1))

    assert main(["plant", "check", str(small)]) == 3

    told = capsys.readouterr().err.splitlines()
    assert told[0].endswith("plant.toml: $.steps[3].max_wait_min: expected >= 0, got -1.0")
    assert told[1].endswith("plant.toml: $.steps[3].loss_pct: expected 0 to 100, got -2.0")
    assert told[2].startswith("hint: 2 mistakes")


def test_the_check_tells_machines_in_one_document(small: Path, capsys: pytest.CaptureFixture[str]):
    change_plant(small, lambda tables: tables["steps"][3].update(loss_pct=-2))

    assert main(["plant", "check", str(small), "--json"]) == 3
    error = json.loads(capsys.readouterr().out)["error"]

    assert error["fields"]["mistakes"] == ["plant.toml: $.steps[3].loss_pct: expected 0 to 100, got -2.0"]
    assert error["fields"]["warnings"] == []


def test_the_reference_plant_is_shown_with_bottleneck_readings_and_marks(capsys: pytest.CaptureFixture[str]):
    assert main(["plant", "show", "topcon"]) == 0

    shown = capsys.readouterr().out
    assert "7,067  ◄ bottleneck" in shown
    assert "1,607,442" in shown and "impossible" in shown and "81%" in shown
    assert "calibrated to 4 GW/yr" in shown
    assert "8,372 " in shown, "the headline's takt is no estimate"


def test_a_plant_that_is_not_there_is_refused_by_name(capsys: pytest.CaptureFixture[str]):
    assert main(["plant", "show", "no-such-plant"]) == 3

    assert "no-such-plant: no such directory" in capsys.readouterr().err


def test_a_directory_without_a_plant_does_not_hide_the_shipped_plant_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "small").mkdir()
    monkeypatch.chdir(tmp_path)

    assert read_plant("small").plant.name == "small"
