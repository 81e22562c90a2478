"""The frame of the command line: one line for an error, its hint, its exit code; JSON for machines."""

from __future__ import annotations

import json

import click
import pytest

from heliograph.cli import main as frame
from heliograph.cli.main import main
from heliograph.errors import PlantWrong, SectorsLost


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch):
    """Make `heliograph kpi` a command that raises what the test says."""

    def install(error: BaseException) -> None:
        @click.command()
        @click.option("--json", "as_json", is_flag=True)
        def command(as_json: bool) -> None:
            raise error

        class Module:
            pass

        Module.command = command
        monkeypatch.setattr(frame.importlib, "import_module", lambda name: Module)

    return install


def test_an_error_is_one_line_with_a_hint_and_its_exit_code(broken, capsys):
    broken(SectorsLost("disc D-014, block 9120: 41 sectors lost, parity rebuilds 32", hint="use another copy"))

    assert main(["kpi"]) == SectorsLost.exit_code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "error: disc D-014, block 9120: 41 sectors lost, parity rebuilds 32",
        "hint: use another copy",
    ]


def test_with_json_an_error_is_also_a_document_on_stdout(broken, capsys):
    broken(PlantWrong(["plant.toml: $.lines: expected 1 or more, got 0"], where="here"))

    assert main(["kpi", "--json"]) == PlantWrong.exit_code
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["kind"] == "PlantWrong"
    assert error["exit_code"] == PlantWrong.exit_code
    assert error["fields"]["mistakes"] == ["plant.toml: $.lines: expected 1 or more, got 0"]


def test_an_unknown_command_names_the_known_ones(capsys):
    assert main(["make-coffee"]) == 2
    assert "there are: run, trace, replay, kpi, check, plant, fleet, archive" in capsys.readouterr().err


def test_a_mistake_of_ours_is_one_line_and_says_how_to_report_it(broken, capsys):
    broken(ZeroDivisionError("division by zero"))

    assert main(["kpi"]) == frame.UNEXPECTED
    told = capsys.readouterr().err
    assert told.splitlines()[0] == "error: unexpected ZeroDivisionError: division by zero"
    assert "HELIOGRAPH_DEBUG=1" in told
    assert "Traceback" not in told


def test_the_traceback_of_a_mistake_of_ours_shows_on_demand(broken, capsys, monkeypatch):
    monkeypatch.setenv("HELIOGRAPH_DEBUG", "1")
    broken(ZeroDivisionError("division by zero"))

    main(["kpi"])
    assert "Traceback" in capsys.readouterr().err


def test_a_file_the_system_refuses_is_named(broken, capsys):
    broken(PermissionError(13, "Permission denied", "/shelf/disc-1.iso"))

    assert main(["kpi"]) == 12
    assert capsys.readouterr().err.startswith("error: /shelf/disc-1.iso: permission denied")


def test_ctrl_c_gives_130_and_no_traceback(broken, capsys):
    broken(KeyboardInterrupt())

    assert main(["kpi"]) == 130
    assert "Traceback" not in capsys.readouterr().err
