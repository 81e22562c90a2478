"""Stalls in steps: how they are drawn, and that output falls by no more than the fluid bound says."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from lifelong import random_starts
from maps import grid_at_random

from heliograph.fleet.steps import grid_lattice
from heliograph.fleet.steps.stalls import draw_stalls, slowdown

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from fleet_delay import bound, drive


def test_vehicles_stall_as_often_and_as_long_as_asked():
    """The share of time in which they run is Palm's formula; every stall has an allowed length."""
    drawn = draw_stalls(200, 5000, seed=3, broken=0.0)
    assert 1 - drawn.stalled.mean() == pytest.approx(1 / (1 + 0.01 * 32.5), abs=0.01)
    edges = np.diff(drawn.stalled[:, 0].astype(int), prepend=0, append=0)
    lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    assert (lengths[:-1] >= 5).all()


def test_broken_vehicles_stand_until_they_are_towed():
    """Five of a hundred, each 600 steps later; from breaking on they never move."""
    drawn = draw_stalls(100, 3000, seed=4)
    broken = np.flatnonzero(drawn.broken_at < 3000)
    assert len(broken) == 5
    for v in broken:
        assert drawn.stalled[drawn.broken_at[v] :, v].all()
        assert drawn.towed_at[v] == min(drawn.broken_at[v] + 600, 3000)
    some = int(drawn.towed_at[broken].min())
    assert set(drawn.towed(some)) <= set(broken)


def test_the_same_seed_draws_the_same():
    """Another one draws something else."""
    one, two, three = (draw_stalls(20, 500, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.stalled, two.stalled) and not np.array_equal(one.stalled, three.stalled)


def test_the_slowdown_is_the_own_stalls_plus_a_fluid_queue():
    """One node, entered every tenth step, stalls of exactly 20 steps: by hand."""
    assert slowdown(np.array([0]), 1000, shortest=20, longest=20) == pytest.approx(1.2)
    queue = 0.1 * 20**2 / 2 / (1 - 0.1)
    assert slowdown(np.array([100]), 1000, shortest=20, longest=20) == pytest.approx(1 + 0.01 * (20 + queue))
    assert slowdown(np.array([1000]), 1000) == np.inf


@pytest.mark.parametrize("seed", range(2))
def test_output_falls_by_no_more_than_the_bound(seed):
    """On a small open grid with room; stalls, then breaking and towing too."""
    lattice = grid_lattice(grid_at_random(seed, "rooms", 14))
    starts = random_starts(lattice, 0.12, seed)
    drawn = np.random.default_rng(seed).integers(lattice.nodes, size=(len(starts), 1000))
    steps = 900
    stalls = draw_stalls(len(starts), steps, seed=seed, broken=0.0)
    broken = draw_stalls(len(starts), steps, seed=seed, broken=0.1)
    runs = [
        drive(lattice, starts, lambda v, k: int(drawn[v, k]), steps, 100, delay) for delay in (None, stalls, broken)
    ]
    least = bound(lattice, runs[0], steps, broken)
    assert [run.faults for run in runs] == [0, 0, 0]
    assert runs[1].errands >= least["stalls"] * runs[0].errands
    assert runs[2].errands >= least["stalls_and_broken"] * runs[0].errands
    assert 0 < least["stalls_and_broken"] < least["stalls"] < 1
