"""Moves: the table against a list made by hand, and what is dealt out where there is no time for more."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from lifelong import Rules, drive_steps, random_starts
from maps import grid_at_random
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from heliograph.fleet.steps import Lattice, Steps, grid_lattice
from heliograph.fleet.steps.moves import DEPTH, build_moves
from heliograph.fleet.steps.rows import build_roads
from heliograph.fleet.steps.stalls import draw_stalls


def ways(lattice: Lattice, state: int, steps: int) -> list[list[int]]:
    """All states one after the other that a vehicle may be in."""
    if steps == 0:
        return [[]]
    ahead = lattice.arc_to[lattice.arc_start[state] : lattice.arc_start[state + 1]].tolist()
    return [[to, *rest] for to in ahead for rest in ways(lattice, to, steps - 1)]


def test_the_table_lists_each_way_once_with_what_it_costs():
    """Ways are the same if they take the same nodes at the same times and end alike; edges cost something random."""
    lattice = grid_lattice(grid_at_random(3, "obstacles", 7))
    roads = build_roads(lattice)
    tail = np.repeat(np.arange(len(lattice.node)), np.diff(lattice.arc_start))
    drives = lattice.node[tail] != lattice.node[lattice.arc_to]
    roads.arc_cost[drives] += np.random.default_rng(1).integers(0, 40, np.count_nonzero(drives)).astype(np.int32)
    moves = build_moves(roads, 1)

    def cost(a: int, b: int) -> int:
        first = lattice.arc_start[a]
        return int(roads.arc_cost[first + lattice.arc_to[first : lattice.arc_start[a + 1]].tolist().index(b)])

    for state in range(len(lattice.node)):
        listed = range(moves.start[state], moves.start[state + 1])
        keys = [(*lattice.node[moves.states[i]].tolist(), int(moves.states[i, -1])) for i in listed]
        assert len(set(keys)) == len(keys)
        assert set(keys) == {(*lattice.node[way].tolist(), way[-1]) for way in ways(lattice, state, DEPTH)}
        assert moves.states[listed[-1]].tolist() == [state] * DEPTH  # the last is to stay
        for i in listed:
            costs = [cost(a, b) for a, b in pairwise([state, *moves.states[i].tolist()])]
            assert moves.cost[i].tolist() == np.cumsum(costs).tolist()


def test_a_queue_moves_on_in_one_go():
    """A corridor of 150 cells, 50 robots one behind the other: no try is needed for all of them to set out at once."""
    fleet = Steps(grid_lattice(np.ones((1, 150), bool)), np.arange(0, 200, 4, dtype=np.int32), seed=1)
    for v in range(50):
        fleet.send(v, 10 + v)
    fleet.plan()

    assert fleet.paths.shape[1] == DEPTH + 1
    fleet.move()
    assert fleet.states.tolist() == list(range(4, 204, 4))


def lost(fleet: Steps, v: int) -> float:
    """What the path of a vehicle loses on the way to its goal, from SciPy's distances."""
    roads = fleet._roads
    tail = np.repeat(np.arange(len(roads.node)), np.diff(roads.arc_start))
    real = tail != roads.arc_to
    states = len(roads.node)
    graph = csr_matrix((roads.arc_cost[real], (roads.arc_to[real], tail[real])), shape=(states, states))
    goal = fleet.goals[v]
    far = dijkstra(graph, indices=np.flatnonzero(roads.node == goal), min_only=True)
    cost = 0.0
    for s, to in pairwise(fleet.paths[v].tolist()):
        if far[s] == 0:
            break
        first = roads.arc_start[s]
        cost += roads.arc_cost[first + roads.arc_to[first : roads.arc_start[s + 1]].tolist().index(to)]
        cost += far[to] - far[s]
    return cost


def test_redealing_never_loses_more_and_counts_what_is_lost():
    """All together, each by its weight; after each step the sum is what SciPy makes of the paths."""
    lattice = grid_lattice(grid_at_random(2, "obstacles", 14))
    fleet, rng = Steps(lattice, random_starts(lattice, 0.35, 2), seed=2), np.random.default_rng(2)
    todo, better = np.arange(fleet.count), 0
    for _ in range(12):
        for v in todo.tolist():
            fleet.send(v, int(rng.integers(lattice.nodes)))
        fleet.plan()
        moves = fleet._by_moves
        assert moves is not None
        before = int(moves.c["score"][0])
        helped = fleet.improve(1)
        after = int(moves.c["score"][0])
        assert (after < before) if helped else (after == before)
        assert after == sum(w * lost(fleet, v) for v, w in enumerate(fleet._plans.weight.tolist()))
        better += helped
        todo = np.flatnonzero(fleet.move())
    assert better > 0


@pytest.mark.parametrize(("kind", "share"), [("obstacles", 0.4), ("rooms", 0.3), ("corridors", 0.2)])
def test_with_hardly_any_tries_every_errand_ends(kind: str, share: float):
    """One try in a step for all robots together."""
    lattice = grid_lattice(grid_at_random(5, kind, 14))
    starts = random_starts(lattice, share, 5)
    came = drive_steps(lattice, starts, 400, 5, tries=1, most=10_000)

    assert came.faults == []
    assert came.served == came.wanted > len(starts)


def test_with_hardly_any_tries_stalls_and_breakdowns_run_nobody_over():
    lattice = grid_lattice(grid_at_random(3, "rooms", 12))
    starts = random_starts(lattice, 0.3, 3)
    stalls = draw_stalls(len(starts), 300, seed=3, broken=0.1, towed_after=60)
    came = drive_steps(lattice, starts, 300, 3, tries=1, most=20_000, stalls=stalls)

    assert came.faults == []
    assert came.served == came.wanted


def test_with_time_to_seek_paths_nobody_is_dealt_a_move():
    """... and when there is none any more, they are dealt out again."""
    lattice = grid_lattice(np.ones((12, 12), bool))
    fleet, rules = Steps(lattice, random_starts(lattice, 0.3, 1), seed=1), Rules(lattice)
    rng, looks = np.random.default_rng(1), []
    todo = np.arange(fleet.count)
    for step in range(120):
        for v in todo.tolist():
            fleet.send(v, int(rng.integers(lattice.nodes)))
        fleet.plan()
        fleet.improve(3 * fleet.count if step < 60 else 0)
        before = fleet.states
        todo = np.flatnonzero(fleet.move())
        assert rules.faults(before, fleet.states) == []
        looks.append(fleet.paths.shape[1] - 1)
    assert looks[0] == DEPTH and looks[50] > DEPTH and looks[-1] == DEPTH
