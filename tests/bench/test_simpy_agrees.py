"""The flow, held against a SimPy model written from the plant alone: another hand, another engine, the same output."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from heliograph.passages import floor_of, lots_in_record, number_out
from heliograph.plant import read_plant
from heliograph.run.loop import simulate

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))


def test_without_failures_a_simpy_model_makes_as_many_cells_within_three_percent():
    first_light = pytest.importorskip("first_light", reason="SimPy is not installed", exc_type=ImportError)
    files = first_light.without_failures(read_plant("small"))
    hours = 24.0

    book = simulate(files.plant, files.roadmap, seed=3, hours=hours, warmup_h=files.plant.flow.warmup_h)
    ours = number_out(book, floor_of(files.plant, book.machine_ids), lots_in_record(book)) * 24.0 / hours

    assert first_light.simulate_with_simpy(files, hours, 3).cells_per_day == pytest.approx(ours, rel=0.03)
