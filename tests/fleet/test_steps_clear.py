"""Clearing a tangle, judged by brute force over all configurations and by the rules of the lattice."""

from __future__ import annotations

import itertools
from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maps import GRID_KINDS, grid_at_random, grids, most_vehicles, neighbours, strong_ways

from heliograph.fleet.steps.clear import CLEARED, GAVE_UP, IMPOSSIBLE, Clearing, build_ground, clear
from heliograph.fleet.steps.lattice import Lattice, grid_lattice

Arcs = list[tuple[int, int]]


def points(nodes: int, arcs: Arcs, follow: bool = True) -> Lattice:
    """A lattice without headings: a state is a node, and every arc of the graph takes one step."""
    out = [[*sorted({b for a, b in arcs if a == i}), i] for i in range(nodes)]
    return Lattice(
        nodes=nodes,
        node=np.arange(nodes, dtype=np.int32),
        other=np.full(nodes, -1, np.int32),
        arc_start=np.cumsum([0, *map(len, out)]).astype(np.int32),
        arc_to=np.array(list(itertools.chain(*out)), np.int32),
        follow=follow,
        there=np.ones(nodes, np.bool_),
    )


def lanes(nodes: int, arcs: Arcs, length: list[int]) -> Lattice:
    """The same with arcs that take several steps, on which a vehicle holds both ends."""
    out: list[list[int]] = [[] for _ in range(nodes)]
    node, other = list(range(nodes)), [-1] * nodes
    for (a, b), steps in zip(arcs, length, strict=True):
        at = a
        for _ in range(steps - 1):
            out[at].append(len(node))
            at = len(node)
            node.append(a)
            other.append(b)
            out.append([])
        out[at].append(b)
    for s, x in enumerate(other):
        if x < 0:
            out[s].append(s)
    return Lattice(
        nodes=nodes,
        node=np.array(node, np.int32),
        other=np.array(other, np.int32),
        arc_start=np.cumsum([0, *map(len, out)]).astype(np.int32),
        arc_to=np.array(list(itertools.chain(*out)), np.int32),
        follow=False,
        there=np.array(other) < 0,
    )


def can_get_there(arcs: Arcs, vehicle: int, others: frozenset[int], goal: int) -> bool:
    """Brute force: all configurations of one vehicle and like obstacles, moved one by one into free nodes."""
    start = (vehicle, others)
    seen, todo = {start}, deque([start])
    while todo:
        u, taken = todo.popleft()
        if u == goal:
            return True
        for a, b in arcs:
            if b == u or b in taken:
                continue
            if a == u:
                after = (b, taken)
            elif a in taken:
                after = (u, taken - {a} | {b})
            else:
                continue
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return False


def faults(lattice: Lattice, states: np.ndarray, found: Clearing) -> list[str]:
    """What is wrong with the steps, by the lattice's rules, and by what was promised of the nodes used."""
    wrong = []
    now = np.array(states, np.int64)
    used = set(found.nodes.tolist())
    idle = [v for v in range(len(now)) if v not in set(found.who.tolist())]
    for v in idle:
        if {int(lattice.node[now[v]]), int(lattice.other[now[v]])} & used:
            wrong.append(f"vehicle {v} is on a used node and takes no part")
    for step, row in enumerate(found.steps):
        after = now.copy()
        after[found.who] = row
        holder: dict[int, int] = {}
        for v, (s, to) in enumerate(zip(now.tolist(), after.tolist(), strict=True)):
            if to != s and to not in lattice.arc_to[lattice.arc_start[s] : lattice.arc_start[s + 1]]:
                wrong.append(f"step {step}: vehicle {v} cannot go from state {s} to {to}")
            for x in {int(lattice.node[to]), int(lattice.other[to])} - {-1}:
                if holder.setdefault(x, v) != v:
                    wrong.append(f"step {step}: vehicles {holder[x]} and {v} on node {x}")
                if v not in idle and x not in used:
                    wrong.append(f"step {step}: vehicle {v} on node {x}, which is not named as used")
        before = {}
        for v, s in enumerate(now.tolist()):
            for x in {int(lattice.node[s]), int(lattice.other[s])} - {-1}:
                before[x] = v
        for x, v in holder.items():
            u = before.get(x, v)
            if u == v:
                continue
            if not lattice.follow:
                wrong.append(f"step {step}: vehicle {v} enters node {x}, which {u} is only leaving")
            elif lattice.node[after[u]] == lattice.node[now[v]]:
                wrong.append(f"step {step}: vehicles {u} and {v} swap")
        now = after
    return wrong


def cleared(lattice: Lattice, states: np.ndarray, vehicle: int, goal: int, **more) -> Clearing:
    """Clear, and judge the steps; the vehicle stands on its goal in the end."""
    found = clear(build_ground(lattice), states, vehicle, goal, **more)
    if found.outcome == CLEARED:
        assert faults(lattice, states, found) == []
        end = found.steps[-1][list(found.who).index(vehicle)] if len(found.steps) else states[vehicle]
        assert lattice.node[end] == goal and lattice.other[end] == -1
    return found


@st.composite
def small_graphs(draw: st.DrawFn, one_way: bool) -> tuple[int, Arcs]:
    """Connected graphs of two to eight nodes; one way only where the way back remains."""
    nodes = draw(st.integers(2, 8))
    roads = {(draw(st.integers(0, b - 1)), b) for b in range(1, nodes)}
    pairs = list(itertools.combinations(range(nodes), 2))
    roads |= set(draw(st.lists(st.sampled_from(pairs), max_size=5)))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    return nodes, sorted(strong_ways(nodes, sorted(roads), rng, draw(st.floats(0.2, 1.0)) if one_way else 0.0))


@pytest.mark.parametrize("one_way", [False, True])
def test_on_small_maps_it_says_what_brute_force_says(one_way):
    """Every number of vehicles, any start and goal; cleared exactly where that is possible."""

    @settings(max_examples=300, deadline=None)
    @given(small_graphs(one_way), st.data())
    def agrees(graph, data):
        nodes, arcs = graph
        starts = data.draw(st.lists(st.integers(0, nodes - 1), min_size=1, max_size=nodes, unique=True))
        goal = data.draw(st.integers(0, nodes - 1))
        possible = can_get_there(arcs, starts[0], frozenset(starts[1:]), goal)
        found = cleared(points(nodes, arcs, follow=data.draw(st.booleans())), np.array(starts), 0, goal)
        assert found.outcome == (CLEARED if possible else IMPOSSIBLE)

    agrees()


@settings(max_examples=150, deadline=None)
@given(small_graphs(True), st.data())
def test_on_roads_of_any_length_it_starts_from_wherever_vehicles_are(graph, data):
    """Some are under way between two nodes; they come to stand first. Brute force begins from there."""
    nodes, arcs = graph
    length = data.draw(st.lists(st.integers(1, 4), min_size=len(arcs), max_size=len(arcs)))
    lattice = lanes(nodes, arcs, length)
    taken: set[int] = set()
    states, ends = [], []
    for s in data.draw(st.permutations(range(len(lattice.node)))):
        held = {int(lattice.node[s]), int(lattice.other[s])} - {-1}
        if not held & taken:
            taken |= held
            states.append(s)
            ends.append(int(lattice.other[s] if lattice.other[s] >= 0 else lattice.node[s]))
    count = data.draw(st.integers(1, len(states)))
    goal = data.draw(st.integers(0, nodes - 1))
    possible = can_get_there(arcs, ends[0], frozenset(ends[1:count]), goal)
    found = cleared(lattice, np.array(states[:count]), 0, goal)
    assert found.outcome == (CLEARED if possible else IMPOSSIBLE)


def test_head_on_in_a_corridor_one_backs_out():
    """Two vehicles want to pass in a corridor with one pocket; the pocket is used."""
    free = np.array([[1, 1, 1, 1, 1, 1, 1], [0, 1, 0, 0, 0, 0, 0]], np.bool_)
    lattice = grid_lattice(free)
    found = cleared(lattice, np.array([4 * 3, 4 * 4 + 2]), 0, 6)
    assert found.outcome == CLEARED and len(found.who) == 2


def test_the_occupant_of_a_dead_end_is_let_out_by_who_blocks_it():
    """The vehicle stands in the mouth of the dead end that it wants to enter."""
    free = np.array([[1, 1, 1, 1, 1], [0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [0, 0, 1, 0, 0]], np.bool_)
    lattice = grid_lattice(free)
    found = cleared(lattice, 4 * np.array([5, 7, 6]), 0, 7)
    assert found.outcome == CLEARED


def test_without_room_it_says_so():
    """In a corridor without a pocket nobody can pass."""
    lattice = grid_lattice(np.ones((1, 5), np.bool_))
    assert cleared(lattice, 4 * np.array([1, 3]), 0, 4).outcome == IMPOSSIBLE


def test_who_cannot_move_is_driven_round_or_makes_it_impossible():
    """A broken vehicle in one of two ways, then in the only way."""
    ring = grid_lattice(np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.bool_))
    broken = np.array([False, True])
    found = cleared(ring, 4 * np.array([0, 1]), 0, 2, fixed=broken)
    assert found.outcome == CLEARED and found.who.tolist() == [0]
    corridor = grid_lattice(np.ones((1, 5), np.bool_))
    assert cleared(corridor, 4 * np.array([0, 2]), 0, 4, fixed=broken).outcome == IMPOSSIBLE


@settings(max_examples=80, deadline=None)
@given(free=grids(), share=st.floats(0.1, 1.0), seed=st.integers(0, 1000))
def test_on_any_grid_with_room_everybody_gets_everywhere(free, share, seed):
    """Trees, mazes, corridors: as long as a corridor's length and two more cells are free."""
    beside = neighbours(free)
    rng = np.random.default_rng(seed)
    count = max(1, int(share * most_vehicles(beside)))
    cells = rng.choice(len(beside), count, replace=False)
    states = 4 * cells + rng.integers(4, size=count)
    assert cleared(grid_lattice(free), states, 0, int(rng.integers(len(beside)))).outcome == CLEARED


@pytest.mark.parametrize("kind", GRID_KINDS)
def test_same_call_same_steps(kind):
    """Every number."""
    free = grid_at_random(3, kind, 10)
    beside = neighbours(free)
    states = 4 * np.random.default_rng(1).permutation(len(beside))[: most_vehicles(beside)]
    ground = build_ground(grid_lattice(free))
    one, two = (clear(ground, states, 0, len(beside) - 1) for _ in range(2))
    assert one.outcome != GAVE_UP
    for a, b in zip(one[1:], two[1:], strict=True):
        assert np.array_equal(a, b)
