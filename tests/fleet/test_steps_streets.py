"""Streets: neighbours run opposite ways, and guidance makes them one-way where that is cheap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maps import grid_at_random

from heliograph.fleet.steps import grid_lattice
from heliograph.fleet.steps.guide import spread
from heliograph.fleet.steps.rows import UNIT, build_roads
from heliograph.fleet.steps.streets import street_ways

EAST, SOUTH, WEST, NORTH = range(4)


def warehouse(rows: int, columns: int) -> np.ndarray:
    """Shelves of 2 by 3 cells between aisles of one, and a belt of two around all."""
    free = np.ones((3 * rows + 3, 4 * columns + 3), bool)
    for r in range(rows):
        for c in range(columns):
            free[2 + 3 * r : 4 + 3 * r, 2 + 4 * c : 5 + 4 * c] = False
    return free


def ways(free: np.ndarray) -> np.ndarray:
    """(h, w, 4) as `street_ways`, laid out on the grid."""
    laid = np.zeros((*free.shape, 4), bool)
    laid[free] = street_ways(free)
    return laid


def test_aisles_alternate_in_a_warehouse():
    free = warehouse(10, 12)
    laid = ways(free)
    along, across = laid[4:-2:3, 6, EAST], laid[5, 5:-2:4, SOUTH]

    assert (along[1:] != along[:-1]).all()
    assert (across[1:] != across[:-1]).all()
    assert (laid[4, 2:-2, EAST] == laid[4, 2, EAST]).all()  # one way from end to end
    assert (laid[2:-2, 5, SOUTH] == laid[2, 5, SOUTH]).all()


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), kind=st.sampled_from(["obstacles", "rooms", "corridors", "maze"]))
def test_every_street_has_one_way(seed: int, kind: str):
    """On any grid: of a move and the one back just one runs the way of the street, all along the street."""
    free = grid_at_random(seed, kind, 15)
    laid = ways(free)
    for heading, back, one, two in (
        (EAST, WEST, np.s_[:, :-1], np.s_[:, 1:]),
        (SOUTH, NORTH, np.s_[:-1], np.s_[1:]),
    ):
        both = free[one] & free[two]
        assert (laid[one][both][:, heading] == laid[two][both][:, heading]).all()
        assert (laid[one][both][:, heading] != laid[two][both][:, back]).all()


def test_a_map_without_streets_has_no_ways():
    assert street_ways(np.zeros((3, 3), bool)).shape == (0, 4)
    assert street_ways(np.eye(3, dtype=bool)).shape == (3, 4)


@pytest.mark.parametrize(("kind", "one_way"), [("warehouse", True), ("obstacles", False)])
def test_guidance_begins_with_streets_where_ways_become_hardly_longer(kind: str, one_way: bool):
    """Against the street it costs more than along it: nearly everywhere in the aisles, half of the time elsewhere."""
    free = warehouse(24, 40) if kind == "warehouse" else grid_at_random(3, "obstacles", 32)
    lattice = grid_lattice(free)
    roads = build_roads(lattice)
    spread(lattice, roads, np.arange(lattice.nodes), 1.0, 3.0, 1)
    tail = np.repeat(np.arange(len(lattice.node)), np.diff(lattice.arc_start))
    moves = lattice.node[tail] != lattice.node[lattice.arc_to]
    against = moves & ~lattice.streets
    dear = roads.arc_cost > 1.5 * UNIT

    assert (dear[against].mean() > 0.9) == one_way
    assert (dear[moves & lattice.streets].mean() < 0.05) == one_way
