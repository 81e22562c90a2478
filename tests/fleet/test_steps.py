"""The fleet in steps: lattices by hand, distances and losses by other code, and runs by the separate judges."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelong import Rules, drive_steps, random_starts
from maps import RoadTraffic, grid_at_random, roadmap_at_random, roadmaps
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from heliograph.fleet.check_steps import check_steps
from heliograph.fleet.steps import Lattice, Steps, grid_lattice, rows
from heliograph.fleet.steps.blind import blind_nodes
from heliograph.fleet.steps.lattice import roadmap_lattice
from heliograph.plant import motion
from heliograph.plant.lorr import read_instance
from heliograph.plant.model import Vehicles
from heliograph.plant.read import read_plant
from heliograph.plant.roadmap import Roadmap

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "data" / "tiny.json"


def arcs(lattice: Lattice, state: int) -> list[int]:
    return lattice.arc_to[lattice.arc_start[state] : lattice.arc_start[state + 1]].tolist()


def held(lattice: Lattice, state: int) -> set[int]:
    return {int(lattice.node[state]), int(lattice.other[state])} - {-1}


class GridRun(NamedTuple):
    states: np.ndarray
    """(steps + 1, n) 4 * cell + heading."""
    errands: np.ndarray


def drive_grid(
    free: np.ndarray, starts: np.ndarray, tasks: np.ndarray, steps: int, seed: int, tries: int = 50
) -> GridRun:
    """Errands dealt as in the competition; starts and tasks are cells."""
    node, cells, n = np.cumsum(free) - 1, np.flatnonzero(free), len(starts)
    fleet = Steps(grid_lattice(free), (4 * node[starts]).astype(np.int32), seed=seed)
    states, errands, todo = [4 * starts], np.zeros(n, np.int64), np.arange(n)
    for _ in range(steps):
        for v in todo.tolist():
            fleet.send(v, int(node[tasks[(v + errands[v] * n) % len(tasks)]]))
        fleet.plan()
        fleet.improve(tries)
        todo = np.flatnonzero(fleet.move())
        errands[todo] += 1
        states.append(4 * cells[fleet.states >> 2] + (fleet.states & 3))
    return GridRun(np.array(states), errands)


# -- lattices


def test_on_a_grid_a_robot_drives_on_turns_or_waits():
    """Nodes 0 1 @ / 2 3 4; state 4 * node + heading (east, south, west, north); forward, right, left, wait."""
    lattice = grid_lattice(np.array([[True, True, False], [True, True, True]]))

    assert lattice.nodes == 5 and len(lattice.node) == 20
    assert arcs(lattice, 0) == [4, 1, 3, 0]
    assert arcs(lattice, 1) == [9, 2, 0, 1]
    assert arcs(lattice, 2) == [3, 1, 2]  # the edge of the map ahead
    assert arcs(lattice, 4) == [5, 7, 4]  # an obstacle ahead
    assert arcs(lattice, 15) == [7, 12, 14, 15]
    assert arcs(lattice, 18) == [14, 19, 17, 18]
    assert arcs(lattice, 19) == [16, 18, 19]
    assert lattice.there.all() and (lattice.other == -1).all()


def assert_sound(lattice: Lattice) -> None:
    """What every planner on it relies on."""
    tail = np.repeat(np.arange(len(lattice.node)), np.diff(lattice.arc_start))
    for s, to in zip(tail.tolist(), lattice.arc_to.tolist(), strict=True):
        more = held(lattice, to) - held(lattice, s)
        assert len(more) <= 1  # one node at a time is granted
        assert held(lattice, to) & held(lattice, s)  # nobody jumps
    assert (np.diff(lattice.arc_start) > 0).all()
    for s in range(len(lattice.node)):
        last = arcs(lattice, s)[-1]
        assert held(lattice, last) <= held(lattice, s)
        assert (last == s) == bool(lattice.there[s])  # who stands may stay, who drives drives on
    assert (lattice.there == (lattice.other < 0)).all()


def assert_whole_steps(lattice: Lattice, roadmap: Roadmap, vehicles: Vehicles, step_ms: int) -> None:
    """Each edge has as many states on the way as its time takes steps, rounded up."""
    on_way: dict[tuple[int, int], int] = {}
    for a, b in zip(lattice.node.tolist(), lattice.other.tolist(), strict=True):
        if b >= 0:
            on_way[a, b] = on_way.get((a, b), 0) + 1
    wanted: dict[tuple[int, int], int] = {}
    drive = motion.drive_ms(roadmap, vehicles)[0].tolist()
    for a, b, ms in zip(roadmap.edge_from.tolist(), roadmap.edge_to.tolist(), drive, strict=True):
        wanted[a, b] = wanted.get((a, b), 0) + -(-ms // step_ms)
    assert on_way == wanted


@pytest.mark.parametrize("step_ms", [500, 1000, 2500])
def test_the_roads_of_the_small_plant_are_whole_steps(step_ms):
    small = read_plant(ROOT / "plants" / "small")
    lattice = roadmap_lattice(small.roadmap, small.plant.vehicles, step_ms)

    assert_sound(lattice)
    assert_whole_steps(lattice, small.roadmap, small.plant.vehicles, step_ms)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(roadmaps(most=4), st.sampled_from([300, 1000, 4000]))
def test_any_roads_are_whole_steps_with_a_way_out_that_takes_no_node(traffic: RoadTraffic, step_ms: int):
    assert_sound(traffic.lattice(step_ms))


# -- distances


def far_from(roads: rows.Roads, goal: int) -> np.ndarray:
    """(s,) the cost to the goal node, by SciPy."""
    states = len(roads.node)
    tail = np.repeat(np.arange(states), np.diff(roads.arc_start))
    real = tail != roads.arc_to
    graph = csr_matrix((roads.arc_cost[real], (roads.arc_to[real], tail[real])), shape=(states, states))
    ends = np.flatnonzero((roads.node == goal) & roads.there)
    return dijkstra(graph, indices=ends, min_only=True)


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("kind", ["grid", "roadmap"])
def test_rows_are_the_shortest_ways_near_and_when_extended(kind: str, narrow: bool, monkeypatch):
    """Arcs at random costs; first to a state beside the goal, then to the furthest one, then everywhere."""
    lattice = (
        grid_lattice(grid_at_random(4, "corridors", 24)) if kind == "grid" else roadmap_at_random(3, "web", 8).lattice()
    )
    states = len(lattice.node)
    roads = rows.build_roads(lattice)
    most = rows.MOST_NARROW if narrow else rows.MOST
    roads.arc_cost[:] = np.random.default_rng(1).integers(4, most + 1, len(roads.arc_cost))
    if narrow:
        monkeypatch.setattr(rows, "ROOM", 4 * states)
    table = rows.RowTable(roads, lattice.nodes, 10, follow=lattice.follow, margin=540)
    assert table.rows.dtype == (np.uint8 if narrow and lattice.follow else np.uint16)
    looked_at = []
    for goal in range(0, lattice.nodes, lattice.nodes // 6):
        far = far_from(roads, goal)
        near = int(np.flatnonzero(far == np.sort(far[far > 0])[0])[0])
        furthest = int(np.argmax(np.where(np.isfinite(far), far, -1)))
        row = table.take(goal, near)
        for state in (near, furthest, -1):
            if state != near:
                table.extend(row, state)
            known = far <= table.reach[row]
            assert (known == np.isfinite(far)).all() if state == -1 else known[state]
            assert (table.rows[row][known] == far[known] % table.top).all()
            assert (table.rows[row][~known] == table.top).all()
            looked_at.append(known.mean())
        table.release(row)
    assert min(looked_at) < 0.9  # rows do end before the map does


def test_rows_in_use_are_kept_and_the_others_make_room(monkeypatch):
    lattice = grid_lattice(np.ones((6, 6), bool))
    roads = rows.build_roads(lattice)
    monkeypatch.setattr(rows, "ROOM", 2 * 3 * len(lattice.node))
    table = rows.RowTable(roads, lattice.nodes, 3, follow=False, margin=540)
    used = table.take(0, -1)
    for goal in range(1, 36):
        table.release(table.take(goal, -1))

    assert (table.rows[used] == far_from(roads, 0)).all()
    assert table.take(0, -1) == used


# -- plans


def losses(fleet: Steps) -> np.ndarray:
    """(v,) what each path loses on the way to its goal, from SciPy's distances."""
    roads, lost = fleet._roads, []
    for path, goal in zip(fleet.paths.tolist(), fleet.goals.tolist(), strict=True):
        far, cost = far_from(roads, goal), 0.0
        for s, to in pairwise(path):
            if far[s] == 0:
                break
            arc = roads.arc_start[s] + arcs_to(roads, s).index(to)
            cost += roads.arc_cost[arc] - far[s] + far[to]
        lost.append(cost)
    return np.array(lost)


def arcs_to(roads: rows.Roads, state: int) -> list[int]:
    return roads.arc_to[roads.arc_start[state] : roads.arc_start[state + 1]].tolist()


@pytest.mark.parametrize("kind", ["grid", "roadmap"])
def test_more_tries_never_lose_more(kind: str):
    """Once each vehicle has had its turn, what all lose together, each by its weight, only falls; and it does fall."""
    lattice = grid_lattice(grid_at_random(2, "obstacles", 10)) if kind == "grid" else roadmap_at_random(5).lattice()
    starts = random_starts(lattice, 0.35, 2)
    fleet, rng = Steps(lattice, starts, seed=2), np.random.default_rng(2)
    plans, better = fleet._plans, 0
    todo = np.arange(fleet.count)
    for step in range(30):
        for v in todo.tolist():
            fleet.send(v, int(rng.integers(lattice.nodes)))
        fleet.plan()
        fleet.improve(fleet.count)
        before = (plans.cost * plans.weight).sum()
        for _ in range(10):
            helped = fleet.improve(20)
            after = (plans.cost * plans.weight).sum()
            assert (after < before) if helped else (after == before)
            before, better = after, better + helped
        if step % 10 == 9:
            assert (losses(fleet) == plans.cost).all()
        todo = np.flatnonzero(fleet.move())
    assert better > 0


def test_plans_look_further_where_there_is_more_room_and_more_time():
    """An empty grid, one a fifth full, one half full; then the same again with few tries: never less far."""
    lattice = grid_lattice(np.ones((16, 16), bool))

    def looks(share: float, tries: int) -> int:
        fleet, rng = Steps(lattice, random_starts(lattice, share, 1), seed=1), np.random.default_rng(1)
        todo = np.arange(fleet.count)
        for _ in range(60):
            for v in todo.tolist():
                fleet.send(v, int(rng.integers(lattice.nodes)))
            fleet.plan()
            fleet.improve(tries)
            todo = np.flatnonzero(fleet.move())
        return fleet.paths.shape[1] - 1

    far = [looks(share, 3000) for share in (0.02, 0.2, 0.5)]
    assert far == sorted(far, reverse=True)
    assert far[0] > far[2]
    assert all(looks(share, 5) <= most for share, most in zip((0.02, 0.2, 0.5), far, strict=True))
    assert looks(0.2, 5) < far[1]


def test_in_a_crush_jams_have_a_price_that_all_rows_come_to_know():
    """Three quarters of a grid are taken. Once rows have been renewed, they are the shortest ways at today's costs."""
    lattice = grid_lattice(grid_at_random(3, "obstacles", 20))
    fleet, rng = Steps(lattice, random_starts(lattice, 0.75, 2), seed=2), np.random.default_rng(2)
    plain = fleet._roads.arc_cost.copy()
    todo, renewed = np.arange(fleet.count), 0
    for _ in range(90):
        for v in todo.tolist():
            fleet.send(v, int(rng.integers(lattice.nodes)))
        fleet.plan()
        prices = fleet._prices
        if prices is not None and prices._steps and not prices._old and (fleet._roads.arc_cost != plain).any():
            renewed += 1
            if renewed % 10 == 1:
                for v in range(0, fleet.count, 20):
                    far = far_from(fleet._roads, int(fleet.goals[v]))
                    assert fleet.to_go[v] * rows.UNIT == far[fleet.states[v]]
        fleet.improve(2 * fleet.count)
        todo = np.flatnonzero(fleet.move())
    assert (fleet._roads.arc_cost >= plain).all()
    assert renewed > 20


def test_in_a_crush_every_errand_ends():
    """Only the nearest pursue their goals; but who waits becomes one of them, and who gets no nearer is led."""
    lattice = grid_lattice(grid_at_random(0, "obstacles", 17))
    starts = random_starts(lattice, 0.75, 4)
    came = drive_steps(lattice, starts, 600, 4, tries=40, most=9_000)

    assert lattice.nodes > 200
    assert came.faults == []
    assert came.served == came.wanted > 2 * len(starts)
    assert came.longest < BOUND * len(starts)


def test_what_hangs_on_the_map_by_a_single_node_is_blind():
    hall, door, closet = np.ones((6, 6), np.bool_), np.zeros((6, 1), np.bool_), np.zeros((6, 2), np.bool_)
    door[2] = closet[2:4] = True
    free = np.hstack([hall, door, closet])

    assert (blind_nodes(grid_lattice(free)) == np.hstack([~hall, door, closet])[free]).all()


def test_on_a_packed_grid_further_rounds_keep_the_rules_and_serve_more():
    free = grid_at_random(0, "obstacles", 17)
    cells, rng = np.flatnonzero(free), np.random.default_rng(2)
    starts, tasks = rng.choice(cells, round(0.97 * len(cells)), replace=False), rng.choice(cells, 5_000)
    served = []
    for tries in (0, 20):
        ran = drive_grid(free, starts, tasks, 300, 1, tries)
        judged = check_steps(free, ran.states, tasks, starts=starts, claimed=ran.errands)
        assert judged.kinds == {}
        served.append(judged.errands.sum())

    assert served[1] > 1.02 * served[0]


@pytest.mark.parametrize("tries", [0, 1, 200])
def test_a_run_keeps_the_rules_and_counts_what_the_judge_counts(tries: int):
    """However little time there is: without any tries, moves are dealt out."""
    tiny = read_instance(TINY)
    ran = drive_grid(tiny.free, tiny.starts, tiny.tasks, 200, 1, tries)
    judged = check_steps(tiny.free, ran.states, tiny.tasks, starts=tiny.starts, claimed=ran.errands)

    assert judged.kinds == {}
    assert judged.errands.min() >= 10


def drive_random_grid(seed: int) -> GridRun:
    free = grid_at_random(3, "obstacles", 16)
    rng = np.random.default_rng(6)
    cells = np.flatnonzero(free)
    starts, tasks = rng.choice(cells, len(cells) // 4, replace=False), rng.choice(cells, 5000)
    ran = drive_grid(free, starts, tasks, 250, seed)
    judged = check_steps(free, ran.states, tasks, starts=starts, claimed=ran.errands)
    assert judged.kinds == {}
    assert judged.errands.sum() > 250
    return ran


def test_the_same_seed_gives_the_same_run_and_another_one_another():
    """On a random grid, a quarter of its cells taken; all runs by the rules."""
    one, again, other = drive_random_grid(1), drive_random_grid(1), drive_random_grid(2)

    assert (one.states == again.states).all()
    assert (one.states != other.states).any()


BOUND = 60
"""Steps for each robot there is: at worst all older errands are led to their ends first, one after the other."""


@pytest.mark.parametrize(("kind", "seed"), [("obstacles", 8), ("obstacles", 10), ("maze", 9)])
def test_on_a_crowded_grid_every_errand_ends(kind: str, seed: int):
    """Four fifths of the robots that can get by each other at all; nobody is passed over for ever."""
    lattice = grid_lattice(grid_at_random(seed, kind, 9))
    starts = random_starts(lattice, 0.8, seed)
    came = drive_steps(lattice, starts, 1000, seed, tries=100, most=4_000)

    assert came.faults == []
    assert came.served == came.wanted > 2 * len(starts)
    assert came.longest < BOUND * len(starts)


# -- execution


@pytest.mark.parametrize("kind", ["grid", "roadmap"])
def test_vehicles_that_stand_still_against_the_plan_are_never_run_into(kind: str):
    """A fifth of them in each step, drawn anew: as bad as it gets."""
    lattice = grid_lattice(grid_at_random(3, "rooms", 12)) if kind == "grid" else roadmap_at_random(1).lattice()
    fleet, rules = Steps(lattice, random_starts(lattice, 0.4, 3), seed=3), Rules(lattice)
    rng, arrivals = np.random.default_rng(3), 0
    todo = np.arange(fleet.count)
    for _ in range(600):
        for v in todo.tolist():
            fleet.send(v, int(rng.integers(lattice.nodes)))
        fleet.plan()
        fleet.improve(30)
        stalled, before = rng.random(fleet.count) < 0.2, fleet.states
        todo = np.flatnonzero(fleet.move(stalled))
        assert rules.faults(before, fleet.states) == []
        assert (fleet.states[stalled] == before[stalled]).all()
        arrivals += len(todo)
    assert arrivals > fleet.count


def test_a_vehicle_taken_out_frees_its_node_and_goes_on_when_put_back():
    """One blocks a corridor; while it is away others pass where it was, and its errand waits."""
    corridor = grid_lattice(np.ones((1, 6), bool))
    fleet = Steps(corridor, np.array([0, 12], np.int32), seed=1)
    fleet.send(0, 5)
    fleet.send(1, 1)
    fleet.take_out(1)
    for _ in range(20):
        fleet.plan()
        fleet.improve(20)
        if fleet.move()[0]:
            break
    assert fleet.states.tolist() == [20, -1]  # node 5, facing east

    with pytest.raises(ValueError, match="node 5 is held by vehicle 0"):
        fleet.put_back(1, 22)
    fleet.put_back(1, 14)  # node 3, facing west
    fleet.send(0, -1)
    for _ in range(2):
        fleet.plan()
        fleet.improve(20)
        arrived = fleet.move()
    assert arrived.tolist() == [False, True]
    assert fleet.states[1] == 6


def test_an_errand_to_where_no_way_leads_is_refused():
    fleet = Steps(grid_lattice(np.array([[True, False, True]])), np.array([0], np.int32))

    with pytest.raises(ValueError, match="vehicle 0: no way from node 0 to node 1"):
        fleet.send(0, 1)
