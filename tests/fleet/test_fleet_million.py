"""Random lifelong traffic on random maps, in both tempos: no violation, no deadlock, every task served.

The whole million of robot-steps on 200 maps is `bench/fleet_million.py`; this is a part of it.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifelong import Outcome, Rules, drive_fleet, drive_steps, random_starts
from maps import GRID_KINDS, ROAD_KINDS, grid_at_random, grids, roadmap_at_random, roadmaps

from heliograph.fleet.steps import grid_lattice
from heliograph.fleet.steps.stalls import draw_stalls

SOME = settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def served(outcome: Outcome) -> None:
    assert outcome.faults == []
    assert outcome.served == outcome.wanted, outcome


@SOME
@given(roadmaps())
def test_on_any_roadmap_the_fleet_serves_all_moves(traffic):
    """Trees and corridors, too: whoever cannot get on by making way is led out."""
    served(drive_fleet(traffic, visits=1000))


@pytest.mark.parametrize("seed", [5, 17, 18, 40])
def test_floors_on_which_making_way_alone_never_ended(seed):
    """Few vehicles on trees and in pockets; each once stood still for ever."""
    served(drive_fleet(roadmap_at_random(seed), visits=3000))


@SOME
@given(grids(most=8), st.floats(0.05, 0.5), st.integers(0, 1000))
def test_on_any_grid_all_errands_in_steps_are_served(free, share, seed):
    """With room (see `maps`), however narrow."""
    lattice = grid_lattice(free)
    served(drive_steps(lattice, random_starts(lattice, share, seed), 60, seed))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ROAD_KINDS)
def test_on_roadmaps_cut_into_steps_all_errands_are_served(kind, seed):
    """One way or two, bays, edges of several steps."""
    traffic = roadmap_at_random(seed, kind, size=4)
    lattice = traffic.lattice()
    served(drive_steps(lattice, random_starts(lattice, 0.3, seed), 100, seed))


@pytest.mark.parametrize("kind", GRID_KINDS)
def test_nobody_waits_longer_than_the_bound(kind):
    """An errand waits for those before it, each led at most once, and then it is led itself.

    Being led takes at most so many steps as the way has nodes, for each vehicle that is moved for it and for itself,
    turns included; on these maps a bound of 60 steps for each vehicle is far on the safe side of that.
    """
    lattice = grid_lattice(grid_at_random(1, kind, 8))
    starts = random_starts(lattice, 0.4, 1)
    outcome = drive_steps(lattice, starts, 300, 1)
    served(outcome)
    assert outcome.longest <= 240 + 60 * len(starts)


@pytest.mark.parametrize("kind", GRID_KINDS)
def test_stalls_and_towing_break_no_rule_and_leave_nobody_behind(kind):
    """Vehicles stall at random, a tenth breaks and is towed."""
    lattice = grid_lattice(grid_at_random(2, kind, 9))
    starts = random_starts(lattice, 0.25, 2)
    stalls = draw_stalls(len(starts), 300, seed=2, broken=0.1, towed_after=100)
    served(drive_steps(lattice, starts, 300, 2, stalls=stalls))


def test_the_judge_sees_collisions_swaps_and_leaps():
    """It shares nothing with the planner; each rule is broken once."""
    rules = Rules(grid_lattice(np.ones((1, 4), np.bool_)))
    east, west = 0, 2
    assert rules.faults(np.array([0 + east, 8]), np.array([4 + east, 8])) == []
    assert "on node 1" in rules.faults(np.array([0 + east, 8 + west]), np.array([4 + east, 4 + west]))[0]
    assert rules.faults(np.array([0 + east, 4 + west]), np.array([4 + east, 0 + west]))[-1].endswith("swap")
    assert "no way" in rules.faults(np.array([0 + east]), np.array([8 + east]))[0]
