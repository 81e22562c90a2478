"""Who takes which move: all at once, those that will be free soon too, the old and the urgent ones first."""

from __future__ import annotations

from floors import Floor, fleet_of, ring, roadmap

from heliograph.commands import NEVER_MS, Move
from heliograph.fleet import Fleet
from heliograph.units import HOUR_MS, MINUTE_MS


def test_a_move_waits_for_the_vehicle_that_is_about_to_be_free_beside_it():
    """Another is free, but far away; the one that is just placing a carrier there will take it."""
    plan = ring(100, [0, 1, 60, 70])
    floor = Floor(Fleet(plan, fleet_of(2, ["b0", "b1"])), ["b2", "b3"])
    floor.want("b2", "b3")
    while not floor.fleet.moves()["at_target_ms"].any() or floor.fleet.moves()["at_target_ms"][0] < 0:
        floor.run(floor.fleet.now_ms + 1000)
    first = int(floor.fleet.moves()["vehicle"][0])
    floor.want("b3", "b2")

    assert floor.fleet.assign(floor.fleet.now_ms) == []
    floor.run(HOUR_MS)
    assert floor.fleet.moves()["vehicle"].tolist() == [first, first]
    assert floor.fleet.moves()["empty_m"][1] == 0


def test_two_moves_and_two_vehicles_are_paired_together_and_not_one_by_one():
    """On a straight road V1 stands nearest to both; taken by the first, the second would bring V0 all the way."""
    nodes = {f"r{i}": (3.0 * i, 0.0) for i in range(14)}
    roads = [(f"r{i}", f"r{i + d}") for i in range(14) for d in (1, -1) if 0 <= i + d < 14]
    plan = roadmap(nodes, roads, {"b0": "r0", "b1": "r10", "b2": "r6", "b3": "r13"})
    fleet = Fleet(plan, fleet_of(2, ["b0", "b1"]))
    floor = Floor(fleet, ["b2", "b3"])
    floor.want("b2", "b3")
    floor.want("b3", "b2")

    assert {a.move: a.vehicle for a in fleet.assign(0)} == {0: 0, 1: 1}


def test_no_move_starves_though_others_are_always_cheaper():
    """One vehicle shuttles between b1 and b2 at no empty driving; the move from afar gets its turn by its age."""
    floor = Floor(Fleet(ring(200, [0, 1, 5, 120]), fleet_of(1, ["b0"])), ["b1", "b2", "b3"])
    far = floor.want("b3", "b1")
    for turn in range(400):
        while floor.fleet.pending < 3:
            floor.want(*(("b1", "b2") if turn % 2 else ("b2", "b1")), priority=2)
        floor.run(floor.fleet.now_ms + MINUTE_MS)
    moves = floor.fleet.moves()
    assert far.number in moves["number"].tolist()
    assert moves["assigned_ms"][moves["number"].tolist().index(far.number)] < HOUR_MS


def test_of_two_moves_the_one_that_is_due_goes_first():
    """One vehicle; the first move wanted is no hurry, the second is due before the first would be done."""
    for due_ms, first in ((NEVER_MS, 0), (MINUTE_MS, 1)):
        fleet = Fleet(ring(60, [0, 1, 4, 20]), fleet_of(1, ["b0"]))
        fleet.want(Move(0, 0, -1, "b1", "b3", 0, 0))
        fleet.want(Move(1, 1, -1, "b2", "b3", 0, 0, due_ms))
        fleet.advance(5 * MINUTE_MS)
        assert [a.move for a in fleet.assigned_meanwhile()] == [first]


def test_what_is_too_large_for_the_optimum_is_given_with_a_bound_on_the_gap():
    """Sixty vehicles and nine thousand moves: all get one, and what was missed is at most a second for each."""
    stations = [f"b{i}" for i in range(80)]
    fleet = Fleet(ring(160, list(range(0, 160, 2))), fleet_of(60, stations[:60]))
    floor = Floor(fleet, stations[60:], seed=1)
    floor.want()
    assert len(fleet.assign(0)) == 1
    assert fleet.gap_ms == 0
    fleet.advance(1)
    for _ in range(9000):
        floor.want()
    fleet.advance(1000)
    given = fleet.assigned_meanwhile() + fleet.assign(fleet.now_ms)

    assert len(given) == 59
    assert 0 < fleet.gap_ms <= 60 * 1000
