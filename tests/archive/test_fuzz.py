"""A short run of bench/archive_fuzz.py: mutated images are read or refused by name; the same mutants each time."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from fuzzing import program, reader
from fuzzing.ground import make_ground
from fuzzing.mutations import mutate
from fuzzing.workers import fuzz

MUTANTS = 250


def test_mutated_images_are_read_or_refused_by_name(tmp_path: Path):
    ground = make_ground(tmp_path)

    tally = fuzz(reader.attempt, ground, 1, MUTANTS, workers=1, limit_s=30, memory=1 << 30)

    assert tally.failures == []
    assert tally.mutations.total() == MUTANTS
    assert {"ls done", "ls DiscWrong", "ls Damaged", "restore done"} <= set(tally.outcomes)


def test_the_program_on_the_discs_reads_mutants_or_refuses_them_in_one_line(tmp_path: Path):
    ground = make_ground(tmp_path)

    tally = fuzz(program.attempt, ground, 1, 16, workers=1, limit_s=60, memory=1 << 30)

    assert tally.failures == []
    assert {"list 0", "copy 0"} <= set(tally.outcomes)


def test_the_same_number_is_the_same_mutant(tmp_path: Path):
    ground = make_ground(tmp_path)

    for number in range(40):
        assert mutate(number, ground)[1:] == mutate(number, ground)[1:]


def test_a_reader_that_crashes_hangs_or_writes_elsewhere_fails(tmp_path: Path):
    """The runner itself: an error that is not ours, an endless loop, a process that ends."""
    ground = make_ground(tmp_path)

    def bad(number: int, *_: object) -> str:
        if number == 1:
            raise KeyError("x")
        while number == 2:
            pass
        if number == 3:
            import os

            os._exit(9)
        return "ls done"

    tally = fuzz(bad, ground, 0, 5, workers=1, limit_s=1, memory=1 << 30)

    assert sorted(why.splitlines()[0] for _, why in tally.failures) == [
        "FAILED Hung",
        "FAILED KeyError",
        "FAILED process died (9)",
    ]
    assert tally.outcomes["ls done"] == 2


def test_a_run_that_is_stopped_by_hand_says_what_it_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    ground = make_ground(tmp_path)

    def stops(number: int, *_: object) -> str:
        if number == 4:
            os.kill(os.getppid(), signal.SIGINT)
            time.sleep(60)
        return "ls done"

    tally = fuzz(stops, ground, 1, 1_000, workers=1, limit_s=90, memory=1 << 30)

    assert (tally.mutations.total(), tally.outcomes["ls done"], tally.failures) == (3, 3, [])
    assert "stopped by hand" in capsys.readouterr().out
