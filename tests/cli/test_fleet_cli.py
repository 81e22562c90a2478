"""`heliograph fleet`: runs an instance, judges it, records it, draws it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from heliograph.cli.fleet.bench import _lengths
from heliograph.cli.main import main
from heliograph.errors import CannotWrite, CheckFailed, InstanceWrong, RunWrong, UsageWrong
from heliograph.fleet.check_steps import StepsJudged, check_steps
from heliograph.fleet.steps import Steps
from heliograph.run.steps_file import read_steps, write_steps

TINY = str(Path(__file__).parents[1] / "data" / "tiny.json")


def bench(capsys, *words: str) -> dict:
    assert main(["fleet", "bench", TINY, "--json", *words]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_bench_counts_errands_and_times_its_steps(capsys):
    figures = bench(capsys, "--steps", "60", "--time-limit-ms", "5")

    assert (figures["robots"], figures["steps"], figures["violations"]) == (3, 60, 0)
    assert figures["errands"] >= 12
    assert figures["errands_per_step"] == figures["errands"] / 60
    assert 0 < figures["step_ms"]["median"] <= figures["step_ms"]["p99"] <= figures["step_ms"]["max"]
    assert figures["memory_bytes"] > 10_000_000


def test_the_longest_errand_is_told_even_when_it_is_not_finished():
    """Robot 0 does errands after 3 and 9 of 20 steps, robot 1 none."""
    judged = StepsJudged([], {}, np.array([2, 0]), np.array([[3, 0, 0], [9, 0, 2]]))

    assert _lengths(judged, 20) == {"median": 4.5, "longest": 20}
    assert _lengths(judged._replace(errands=np.array([2]), done=judged.done), 10) == {"median": 4.5, "longest": 6}


def test_with_tries_instead_of_a_clock_a_run_is_the_same_each_time(capsys, tmp_path: Path):
    runs = []
    for name in ("one.npz", "two.npz"):
        bench(capsys, "--steps", "40", "--tries", "5", "--seed", "3", "--out", str(tmp_path / name))
        runs.append(read_steps(tmp_path / name).states)

    assert np.array_equal(*runs)


def test_a_recorded_run_is_judged_again_from_its_file(capsys, tmp_path: Path):
    figures = bench(capsys, "--steps", "40", "--tries", "5", "--robots", "2", "--out", str(tmp_path / "run.npz"))
    run = read_steps(tmp_path / "run.npz")

    judged = check_steps(
        run.instance.free, run.states, run.instance.tasks, starts=run.instance.starts, claimed=run.errands
    )

    assert judged.violations == []
    assert judged.errands.sum() == figures["errands"] == run.about["errands"]
    assert run.states.shape == (41, 2)


def test_a_run_that_breaks_a_rule_is_told_and_ends_with_its_exit_code(capsys, monkeypatch: pytest.MonkeyPatch):
    """A planner whose robots all stand where the first one does."""
    honest = Steps.states.fget
    monkeypatch.setattr(Steps, "states", property(lambda fleet: np.full_like(honest(fleet), honest(fleet)[0])))

    assert main(["fleet", "bench", TINY, "--steps", "3", "--tries", "0"]) == CheckFailed.exit_code
    told = capsys.readouterr()
    assert "collision" in told.out
    assert "collision" in told.err.splitlines()[0]

    with pytest.raises(SystemExit) as ended:
        main(["fleet", "bench", TINY, "--steps", "3", "--tries", "0", "--json"])
    assert ended.value.code == CheckFailed.exit_code
    figures = json.loads(capsys.readouterr().out)
    assert figures["violations_by_kind"]["collision"] == 2 * 3
    assert figures["first_violations"][0]["step"] == 1


def test_people_get_a_table_with_units(capsys):
    assert main(["fleet", "bench", TINY, "--steps", "5", "--tries", "1"]) == 0
    told = capsys.readouterr().out
    assert "3 on tiny" in told
    assert "5, with 1 tries each" in told
    assert " ms" in told


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["none.json"], InstanceWrong.exit_code, "none.json: no such file"),
        ([TINY, "--tries", "1", "--time-limit-ms", "5"], UsageWrong.exit_code, "give one of them"),
        ([TINY, "--out", "run.txt"], UsageWrong.exit_code, "expected a name that ends in .npz"),
        ([TINY, "--robots", "4"], InstanceWrong.exit_code, "has 3 robots, 4 were asked for"),
        ([TINY, "--steps", "0"], UsageWrong.exit_code, "--steps"),
    ],
)
def test_a_wrong_bench_is_one_line(capsys, words: list[str], code: int, said: str):
    assert main(["fleet", "bench", *words]) == code
    first, *rest = capsys.readouterr().err.splitlines()
    assert said in first
    assert all(line.startswith("hint: ") for line in rest)


def test_a_file_that_is_no_run_is_refused(tmp_path: Path):
    for content in (b"", b"PK\x03\x04 not really", b"text"):
        (tmp_path / "run.npz").write_bytes(content)
        with pytest.raises(InstanceWrong, match=r"run\.npz: not a run in steps"):
            read_steps(tmp_path / "run.npz")
    with pytest.raises(InstanceWrong, match="no such file"):
        read_steps(tmp_path / "none.npz")


def test_a_recorded_run_can_be_checked_again_and_one_that_was_changed_is_found(capsys, tmp_path: Path, recorded: Path):
    assert main(["check", str(recorded)]) == 0
    assert "no violation" in capsys.readouterr().out

    run = read_steps(recorded)
    run.states[7, 0] += 4 * 3
    write_steps(tmp_path / "changed.npz", run.instance, run.states, run.errands, run.step_ms, {})

    with pytest.raises(SystemExit) as ended:
        main(["check", str(tmp_path / "changed.npz"), "--json"])
    assert ended.value.code == CheckFailed.exit_code
    found = json.loads(capsys.readouterr().out)["violations"]
    assert ("jump", 7) in {(violation["kind"], violation["after_step"]) for violation in found}


@pytest.fixture
def recorded(capsys, tmp_path: Path) -> Path:
    """Forty steps of the tiny instance."""
    bench(capsys, "--steps", "40", "--tries", "5", "--out", str(tmp_path / "run.npz"))
    return tmp_path / "run.npz"


def show(capsys, *words: object) -> dict:
    assert main(["fleet", "show", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("name", "begins"),
    [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.gif", b"GIF89a"), ("a.html", b"<!doctype html>")],
)
def test_a_recorded_run_is_drawn_in_each_format(capsys, tmp_path: Path, recorded: Path, name: str, begins: bytes):
    told = show(capsys, recorded, "-o", tmp_path / name, "--from", "10", "--to", "30")

    assert (tmp_path / name).read_bytes().startswith(begins)
    assert (told["vehicles"], told["from"], told["to"], told["frames"]) == (3, 10, 30, 21)


def test_an_instance_is_run_and_drawn(capsys, tmp_path: Path):
    told = show(capsys, TINY, "-o", tmp_path / "a.svg", "--to", "20", "--heat")

    assert (told["from"], told["to"], told["heat"]) == (0, 20, True)


def test_the_format_may_differ_from_the_name(capsys, tmp_path: Path, recorded: Path):
    show(capsys, recorded, "-o", tmp_path / "traffic", "--format", "png")

    assert (tmp_path / "traffic").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["{run}", "-o", "a.txt"], UsageWrong.exit_code, "expected a name that ends in .png, .svg, .gif or .html"),
        (["{run}", "-o", "a.gif", "--heat"], UsageWrong.exit_code, "a heat map does not move"),
        (["{run}", "-o", "a.png", "--to", "41"], UsageWrong.exit_code, "has 40 steps"),
        (["{run}", "-o", "a.png", "--from", "9", "--to", "9"], UsageWrong.exit_code, "expected --from before --to"),
        (["{run}", "-o", "a.png", "--from", "0:10"], UsageWrong.exit_code, "expected a step"),
        (["none.npz", "-o", "a.png"], InstanceWrong.exit_code, "none.npz: no such file"),
        (["none.json", "-o", "a.png"], InstanceWrong.exit_code, "none.json: no such file"),
        (["{folder}", "-o", "a.png"], RunWrong.exit_code, "holds no run"),
        (["{run}", "-o", "{run}/a.png"], CannotWrite.exit_code, "run.npz/a.png: "),
    ],
)
def test_a_wrong_show_is_one_line(capsys, tmp_path: Path, recorded: Path, words: list[str], code: int, said: str):
    asked = [word.format(run=recorded, folder=tmp_path) for word in words]

    assert main(["fleet", "show", *asked]) == code
    first, *rest = capsys.readouterr().err.splitlines()
    assert said in first
    assert all(line.startswith("hint: ") for line in rest)
    assert not list(tmp_path.glob("a.*"))
