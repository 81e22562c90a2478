"""What `bench/view_live.py` tells of a run that is watched, on a day of minutes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import view_live
from view_live import Asked, Cost


@pytest.fixture(scope="module")
def costs() -> dict[str, list[Cost]]:
    asked = Asked("small", hours=0.1, warmup_h=0.0, seed=1, viewers=2)
    return {case: [view_live.measured(case, asked, "--no-discs")] for case in ("unwatched", "many", "stuck")}


def test_viewers_see_the_run_and_stuck_ones_hold_nothing_up(costs: dict[str, list[Cost]]):
    """Each is a process of its own; its time is not the run's, nor is the server's."""
    unwatched, many, stuck = (costs[case][0] for case in ("unwatched", "many", "stuck"))
    assert len(many.got) == 2
    assert all(viewer["pulses"] >= 1 and viewer["bytes"] > 50_000 for viewer in many.got)
    assert unwatched.run_s > 0.1 and max(unwatched.server_s, unwatched.viewers_s) < 0.001
    assert min(many.run_s, many.server_s, many.viewers_s, stuck.viewers_s) > 0.05
    assert stuck.got == []


def test_what_must_be_the_same_is_compared_file_by_file(costs: dict[str, list[Cost]]):
    (one,), (other,) = costs["unwatched"], costs["many"]
    assert "record/moves.parquet" in one.record
    assert view_live.differences("day", [one, other]) == []
    changed = other._replace(record={**other.record, "record/moves.parquet": "0"})
    fewer = other._replace(summary={**other.summary, "moves": -1})
    assert "record/moves.parquet" in view_live.differences("day", [one, changed])[0]
    assert "summary.json: moves" in view_live.differences("day", [one, fewer])[0]


def test_a_missed_target_is_named(costs: dict[str, list[Cost]], capsys: pytest.CaptureFixture[str]):
    cost = costs["many"][0]

    def taking(*seconds: float) -> list[Cost]:
        return [cost._replace(run_s=each) for each in seconds]

    told = {"unwatched": taking(10, 20, 10), "again": taking(10, 20.2, 9.9), "nobody": taking(10, 20, 10)}
    assert view_live.show({**told, "many": taking(10.9, 22.2, 10.5), "stuck": taking(10.1, 20, 10)}) == []
    assert "| many | 10.90 s | 1.090 (1.050 to 1.110) |" in capsys.readouterr().out
    wrong = view_live.show({**told, "many": taking(11.1, 22.2, 10.5), "stuck": taking(10.2, 20.5, 10)})
    assert [line.partition(":")[0] for line in wrong] == ["many", "stuck"]


def test_a_run_that_fails_is_told_and_run_again(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    calls = iter((view_live.RunFailed("exit code 70"), "cost"))

    def measured(*_: object) -> object:
        each = next(calls)
        if isinstance(each, Exception):
            raise each
        return each

    monkeypatch.setattr(view_live, "measured", measured)
    failed: list[str] = []
    asked = Asked("small", hours=0.1, warmup_h=0.0, seed=1, viewers=2)
    assert view_live.again_if_it_fails("one", asked, failed) == "cost"
    assert failed == ["one: a run failed"] and "exit code 70" in capsys.readouterr().out


def test_processor_time_of_a_process_and_of_its_children_are_told_apart():
    busy = "import time\nwhile time.process_time() < {}: pass\n"
    child = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {busy.format(0.3)!r}])\n"
    with subprocess.Popen([sys.executable, "-c", child + busy.format(0.6)]) as process:
        own_s, children_s = view_live.spent(process.pid)
    assert 0.55 < own_s < 0.9
    assert 0.25 < children_s < 0.55
