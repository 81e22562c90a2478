"""A short run of bench/archive_fuzz.py: mutated images are read or refused by name; the same mutants each time."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import archive_fuzz

MUTANTS = 250


def test_mutated_images_are_read_or_refused_by_name(tmp_path: Path):
    ground = archive_fuzz.make_ground(tmp_path)

    tally = archive_fuzz.fuzz(ground, 1, MUTANTS, workers=1, limit_s=30, memory=1 << 30)

    assert tally.failures == []
    assert tally.mutations.total() == MUTANTS
    assert {"ls done", "ls DiscWrong", "ls Damaged", "restore done"} <= set(tally.outcomes)


def test_the_same_number_is_the_same_mutant(tmp_path: Path):
    ground = archive_fuzz.make_ground(tmp_path)

    for number in range(40):
        assert archive_fuzz.mutate(number, ground)[1:] == archive_fuzz.mutate(number, ground)[1:]


def test_a_reader_that_crashes_hangs_or_writes_elsewhere_fails(tmp_path: Path, monkeypatch):
    """The runner itself: an error that is not ours, an endless loop, a process that ends."""
    ground = archive_fuzz.make_ground(tmp_path)

    def bad(number: int, *_: object) -> str:
        if number == 1:
            raise KeyError("x")
        while number == 2:
            pass
        if number == 3:
            import os

            os._exit(9)
        return "ls done"

    monkeypatch.setattr(archive_fuzz, "attempt", bad)
    tally = archive_fuzz.fuzz(ground, 0, 5, workers=1, limit_s=1, memory=1 << 30)

    assert sorted(why.splitlines()[0] for _, why in tally.failures) == [
        "FAILED Hung",
        "FAILED KeyError",
        "FAILED process died (9)",
    ]
    assert tally.outcomes["ls done"] == 2
