"""Stalls in steps: how they are drawn, that output falls by no more than the bounds say, and where the time goes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from lifelong import random_starts
from maps import grid_at_random, roadmap_at_random

from heliograph.fleet.steps import Lattice, grid_lattice
from heliograph.fleet.steps.holding import hold_fast
from heliograph.fleet.steps.losses import Spent, spent
from heliograph.fleet.steps.stalls import Stalls, draw_stalls, fluid_share

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from fleet_delay import bound, drive, fluid


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


def ring(nodes: int) -> Lattice:
    """A one-way ring: a state is a node, and its arcs are on and stay."""
    here = np.arange(nodes, dtype=np.int32)
    return Lattice(
        nodes=nodes,
        node=here,
        other=np.full(nodes, -1, np.int32),
        arc_start=np.arange(0, 2 * nodes + 1, 2, dtype=np.int32),
        arc_to=np.column_stack([(here + 1) % nodes, here]).ravel().astype(np.int32),
        follow=True,
        there=np.ones(nodes, np.bool_),
    )


def stands(steps: int, count: int, *stalls: tuple[int, int, int]) -> Stalls:
    """Stalls by hand: vehicle, from, to."""
    stalled, never = np.zeros((steps, count), np.bool_), np.full(count, steps)
    for vehicle, begin, end in stalls:
        stalled[begin:end, vehicle] = True
    return Stalls(stalled, never, never.copy())


def test_on_a_ring_the_fluid_is_own_stalls_and_the_queue_behind():
    """Ten vehicles on a hundred nodes, stalls of exactly 20 steps: the equation of `steps/stalls.py` by hand."""
    visited = (np.arange(201)[:, None] + 10 * np.arange(10)[None]) % 100
    k = 1 / fluid_share(visited, 100, shortest=20, longest=20)
    rate = 0.1 / k
    lost = rate * 20**2 / 2 + (rate * 20) ** 2 / 2 / (1 - rate)
    assert k * (1 - 0.01 * lost) == pytest.approx(1.2, rel=1e-6)
    assert 1.2 < k < 1.6
    assert fluid_share(visited, 100, chance=0.0) == pytest.approx(1.0)


def test_who_holds_fast_waits_for_one_that_stalls_until_it_is_seen_to_be_over():
    """Two on a ring, five nodes apart, each to every tenth node; a stall of 19 steps, and one more."""
    steps, start = 100, np.array([5, 0])
    states = ((start[None] + np.arange(steps + 1)[:, None]) % 50).astype(np.int32)
    goals = (states[:-1] // 10 + 1) * 10 % 50
    plain = hold_fast(ring(50), states, goals, stands(steps, 2))
    assert plain == 10 + 10
    # The first loses 20 steps, two errands. The second comes up behind it after four steps, and loses 16: as many.
    assert hold_fast(ring(50), states, goals, stands(steps, 2, (0, 0, 19))) == 8 + 8
    # The second one stalls: the first does not meet it on this ring.
    assert hold_fast(ring(50), states, goals, stands(steps, 2, (1, 0, 19))) == 10 + 8


def test_who_holds_fast_is_free_once_the_broken_one_is_towed():
    """The first breaks at once and is towed after 30 steps: the second stands for 26 of them."""
    steps, start = 100, np.array([5, 0])
    states = ((start[None] + np.arange(steps + 1)[:, None]) % 50).astype(np.int32)
    goals = (states[:-1] // 10 + 1) * 10 % 50
    broken = stands(steps, 2)._replace(broken_at=np.array([0, steps]), towed_at=np.array([30, steps]))
    assert hold_fast(ring(50), states, goals, broken) == 7


def test_every_step_is_accounted_for():
    """Three in a row on a ring of twenty, the first stalls for five steps: two are held up; nothing is left over."""
    lattice, steps = ring(20), 12
    at = np.array([[6, 5, 3]] + [[6, 5, 4]] + [[6, 5, 4]] * 4 + [[7 + i, 6 + i, 5 + i] for i in range(7)])
    goals = np.full((steps, 3), 19)
    found = spent(lattice, at.astype(np.int32), goals, stands(steps, 3, (0, 0, 5)))
    assert found == Spent(way=22, detours=0, standing=0, held=9, stalled=5, broken=0)
    assert sum(found) == 3 * steps


@pytest.mark.parametrize("seed", range(2))
def test_output_falls_by_no_more_than_the_bounds(seed):
    """On a small open grid with room; stalls, then breaking and towing too."""
    lattice = grid_lattice(grid_at_random(seed, "rooms", 14))
    starts = random_starts(lattice, 0.12, seed)
    drawn = np.random.default_rng(seed).integers(lattice.nodes, size=(len(starts), 1000))
    steps = 900
    stalls = draw_stalls(len(starts), steps, seed=seed, broken=0.0)
    broken = draw_stalls(len(starts), steps, seed=seed, broken=0.1)
    plain, *hurt = [
        drive(lattice, starts, lambda v, k: int(drawn[v, k]), steps, 100, delay) for delay in (None, stalls, broken)
    ]
    assert [run.faults for run in (plain, *hurt)] == [0, 0, 0]
    least = [bound(lattice, plain, delay) for delay in (stalls, broken)]
    assert 0 < least[1] < least[0] < 1
    for run, delay, share in zip(hurt, (stalls, broken), least, strict=True):
        assert run.errands >= share * plain.errands
        assert run.errands >= fluid(lattice, plain, delay) * plain.errands
        assert sum(spent(lattice, run.states, run.goals, delay)) == steps * len(starts)


def test_without_delay_who_holds_fast_does_what_was_done():
    """To the errand, on a roadmap where vehicles hold two nodes while they drive."""
    lattice = roadmap_at_random(3, "cells", size=6).lattice()
    starts = random_starts(lattice, 0.3, 3)
    drawn = np.random.default_rng(3).integers(lattice.nodes, size=(len(starts), 1000))
    plain = drive(lattice, starts, lambda v, k: int(drawn[v, k]), 400, 50, None)
    assert plain.errands > 20
    assert hold_fast(lattice, plain.states, plain.goals, stands(400, len(starts))) == plain.errands
