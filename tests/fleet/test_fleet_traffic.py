"""Traffic on floors that Hypothesis makes up: no rule broken, every move served, nothing stands still."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from floors import Floor, fleet_of, ring, roadmap, streets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heliograph.commands import Move
from heliograph.errors import HeliographError, PlantWrong
from heliograph.fleet import STATES, Fleet, check_tracks
from heliograph.units import HOUR_MS, MINUTE_MS

EVEN = st.sampled_from([2, 4, 6])


def served_without_fault(floor: Floor, plan, vehicles) -> None:
    """Every move placed, and the judge has nothing to say."""
    why = "\n".join(floor.fleet.why(v) for v in range(vehicles.count))
    assert floor.placed == floor.wanted, why
    assert check_tracks(plan, vehicles, floor.fleet.tracks(), floor.fleet.moves(), wait_min=30, unserved_min=600) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=EVEN,
    columns=EVEN,
    bays=st.integers(4, 60),
    share=st.floats(0.05, 1.0),
    chargers=st.integers(0, 2),
    two_way=st.sampled_from([0.0, 0.0, 0.3, 1.0]),
    seed=st.integers(0, 1000),
)
def test_on_any_streets_every_move_is_served_and_no_rule_is_broken(rows, columns, bays, share, chargers, two_way, seed):
    """Every bay is a station and a parking place, and all but one may be taken: there is just room to let one by."""
    plan = streets(rows, columns, bays, seed, two_way)
    stations = [f"b{i}" for i in range(bays)]
    vehicles = fleet_of(max(1, int(share * (bays - 1))), stations[chargers:], stations[:chargers])
    floor = Floor(Fleet(plan, vehicles, seed=seed), stations, seed)

    for _ in range(3 * vehicles.count):
        floor.want()
    floor.run(48 * HOUR_MS)

    served_without_fault(floor, plan, vehicles)


def test_a_vehicle_drives_to_the_source_then_to_the_target():
    """The whole life of one move, with its times."""
    plan = ring(12, [0, 3, 6])
    fleet = Fleet(plan, fleet_of(1, ["b0"]))
    fleet.want(Move(7, 42, -1, "b1", "b2", 0, 0))

    assigned = fleet.assign(0)
    first = fleet.advance(HOUR_MS)
    came_ms = fleet.now_ms
    assert [(a.move, a.vehicle) for a in assigned] == [(7, 0)]
    assert [(a.vehicle, a.station, a.move) for a in first] == [(0, "b1", 7)]
    assert fleet.carrying(0) == -1

    assert fleet.advance(came_ms + 20_000) == []
    fleet.done(0, came_ms + 20_000)
    assert fleet.carrying(0) == 42

    second = fleet.advance(HOUR_MS)
    assert [(a.vehicle, a.station, a.move) for a in second] == [(0, "b2", 7)]
    fleet.advance(fleet.now_ms + 20_000)
    fleet.done(0, fleet.now_ms)
    assert fleet.carrying(0) == -1 and fleet.move_of(0) is None
    moves = fleet.moves()
    assert moves["taken_ms"][0] == came_ms + 20_000
    assert moves["loaded_m"][0] == pytest.approx(3 * 3.0 + 2 * np.sqrt(5), abs=0.3)


def test_driving_takes_length_over_speed_plus_turns_plus_start_and_stop():
    """b0 beside r0, b1 beside r1, 10 m apart on a straight road: by hand."""
    nodes = {"r0": (0.0, 0.0), "r1": (10.0, 0.0), "r2": (5.0, 20.0)}
    plan = roadmap(nodes, [("r0", "r1"), ("r1", "r2"), ("r2", "r0")], {"b0": "r0", "b1": "r1"})
    fleet = Fleet(plan, fleet_of(1, ["b0"]))
    fleet.want(Move(0, 0, -1, "b1", "b0", 0, 0))
    fleet.assign(0)
    fleet.advance(HOUR_MS)

    bay_m = np.sqrt(5)
    out = bay_m / 1.5
    turn_in = 180 - np.degrees(np.arctan2(2, -1)) + 0  # from the bay's direction of travel into +x
    turn_out = np.degrees(np.arctan2(2, 1))  # from +x into the second bay
    expected_s = 1.5 + out + (turn_in + 10 / 1.5 * 45) / 45 + turn_out / 45 + bay_m / 1.5 + 1.5

    assert fleet.now_ms == pytest.approx(1000 * expected_s, abs=10)


def test_a_node_is_free_again_once_its_vehicle_has_left():
    """Two vehicles through the same ring: the second is granted a node when the first has reached the next one."""
    plan = ring(8, [0, 0, 4, 5])
    fleet = Fleet(plan, fleet_of(2, ["b0", "b1"]))
    for number, target in enumerate(("b2", "b3")):
        fleet.want(Move(number, number, -1, target, "b0", 0, 0))
    fleet.assign(0)
    fleet.advance(5 * MINUTE_MS)

    tracks = fleet.tracks()
    at_r0 = np.flatnonzero(tracks["node"] == 0)
    assert len(at_r0) == 2
    assert tracks["left_ms"][at_r0[0]] <= tracks["claimed_ms"][at_r0[1]]


def test_in_a_ring_with_one_free_node_everybody_gets_home():
    """Seven of eight road nodes could be taken; the hole travels backwards round the ring."""
    plan = ring(8, [0, 1, 2, 3, 4, 5, 6, 7])
    stations = [f"b{i}" for i in range(8)]
    vehicles = fleet_of(7, stations)
    fleet = Fleet(plan, vehicles)
    fleet._world.clock["road_limit"] = 7
    floor = Floor(fleet, stations, seed=3)
    for _ in range(60):
        floor.want()
    floor.run(48 * HOUR_MS)

    served_without_fault(floor, plan, vehicles)


@pytest.mark.parametrize("seed", range(4))
def test_on_a_two_way_single_lane_between_two_loops_they_pass_in_turn(seed):
    """The lane has no passing place; who meets head-on in it is pushed back out of it."""
    nodes = {f"a{i}": (3.0 * np.cos(i * np.pi / 2), 3.0 * np.sin(i * np.pi / 2)) for i in range(4)}
    nodes |= {f"z{i}": (30 - 3.0 * np.cos(i * np.pi / 2), 3.0 * np.sin(i * np.pi / 2)) for i in range(4)}
    nodes |= {f"m{i}": (3.0 + 4.0 * (i + 1), 0.0) for i in range(5)}
    lane = ["a0", *(f"m{i}" for i in range(5)), "z0"]
    roads = [(f"{c}{i}", f"{c}{(i + 1) % 4}") for c in "az" for i in range(4)]
    roads += [pair for a, b in itertools.pairwise(lane) for pair in ((a, b), (b, a))]
    bays = {f"b{i}": f"{'az'[i % 2]}{1 + i // 2 % 3}" for i in range(10)}
    plan = roadmap(nodes, roads, bays)
    vehicles = fleet_of(8, list(bays))
    floor = Floor(Fleet(plan, vehicles, seed=seed), list(bays), seed)
    for _ in range(60):
        floor.want()
    floor.run(100 * HOUR_MS)

    assert floor.fleet.rings[0] > 0
    served_without_fault(floor, plan, vehicles)


def test_same_calls_same_tracks():
    """To the millisecond."""
    stations = [f"b{i}" for i in range(20)]
    runs = []
    for _ in range(2):
        floor = Floor(Fleet(streets(4, 4, 20, 5), fleet_of(12, stations), seed=5), stations, 5)
        floor.run(4 * HOUR_MS, keep=15)
        runs.append((floor.log, {k: v.tobytes() for k, v in floor.fleet.tracks().items()}))

    assert runs[0] == runs[1]


def test_it_makes_no_difference_in_how_many_steps_time_advances():
    """Stopping on the way changes nothing."""
    tracks = []
    for step_ms in (HOUR_MS, 777):
        fleet = Fleet(ring(20, [0, 5, 10]), fleet_of(2, ["b0", "b1"]))
        fleet.want(Move(0, 0, -1, "b2", "b0", 0, 0))
        fleet.assign(0)
        while not fleet.advance(fleet.now_ms + step_ms):
            pass
        tracks.append({name: column.tolist() for name, column in fleet.tracks().items()})

    assert tracks[0] == tracks[1]


def test_the_six_states_of_a_vehicle_add_up_to_the_time():
    """Exactly, at any moment, busy and idle."""
    stations = [f"b{i}" for i in range(16)]
    floor = Floor(Fleet(streets(4, 4, 16, 2), fleet_of(9, stations[:12], stations[12:14]), start_ms=-5000), stations)
    for until_ms in (1, 61_234, HOUR_MS, 3 * HOUR_MS):
        floor.run(until_ms, keep=6)
        spent = floor.fleet.state_ms()
        assert spent.shape == (9, len(STATES))
        assert (spent.sum(axis=1) == floor.fleet.now_ms + 5000).all()
    assert (spent.sum(axis=0)[:4] > 0).all()


def test_a_vehicle_waits_for_a_claim_in_its_place_and_not_on_the_road():
    """Two moves from one station: the second vehicle sets out when the first has left the bay."""
    plan = ring(12, [0, 1, 6, 9])
    fleet = Fleet(plan, fleet_of(2, ["b0", "b1"]))
    for number in range(2):
        fleet.want(Move(number, number, -1, "b2", "b3", 0, 0))
    fleet.assign(0)
    arrived = fleet.advance(HOUR_MS)
    waiting = 1 - arrived[0].vehicle

    assert fleet.station_of(waiting) in ("b0", "b1")
    assert "is free of vehicle" in fleet.why(waiting)
    assert "hands over" in fleet.why(waiting)


def test_who_has_no_order_makes_way_for_who_wants_its_place():
    """A vehicle that has placed its carrier stays until the station is wanted; then it parks."""
    plan = ring(12, [0, 1, 6, 9])
    floor = Floor(Fleet(plan, fleet_of(2, ["b0", "b1"])), ["b2", "b3"])
    floor.want("b2", "b3")
    floor.run(HOUR_MS)
    busy = int(floor.fleet.moves()["vehicle"][0])
    floor.fleet.advance(floor.fleet.now_ms + 10 * MINUTE_MS)
    assert floor.fleet.station_of(busy) == "b3"

    floor.fleet._world.vehicles["must_charge"][busy] = 1  # takes no move
    floor.want("b2", "b3")
    floor.run(2 * HOUR_MS)
    assert floor.placed == 2
    assert floor.fleet.station_of(busy) in ("b0", "b1")


def test_the_higher_priority_goes_first_and_no_move_is_passed_over_for_ever():
    """One vehicle, a stream of urgent moves, and one old plain move among them."""
    floor = Floor(Fleet(ring(12, [0, 4, 8]), fleet_of(1, ["b0"]), priority_s=60), ["b1", "b2"])
    plain = floor.want("b1", "b2", priority=0)
    urgent = floor.want("b1", "b2", priority=5)
    order = [a.move for a in floor.fleet.assign(0)]
    assert order == [urgent.number]

    for _ in range(40):
        while floor.fleet.pending < 3:
            floor.want("b1", "b2", priority=5)
        floor.run(floor.fleet.now_ms + MINUTE_MS)
    assigned = floor.fleet.moves()["number"].tolist()
    assert plain.number in assigned


def test_after_giving_its_carrier_a_vehicle_takes_the_next_one_from_the_same_station():
    """The empty goes out with the vehicle that brought the full one, though another is idle."""
    plan = ring(24, [0, 1, 8, 16])
    floor = Floor(Fleet(plan, fleet_of(2, ["b0", "b1"])), ["b2", "b3"])
    floor.want("b2", "b3")
    floor.run(HOUR_MS)
    first = int(floor.fleet.moves()["vehicle"][0])
    floor.want("b3", "b2")
    assert [a.vehicle for a in floor.fleet.assign(floor.fleet.now_ms)] == [first]


def test_more_vehicles_than_places_to_rest_is_refused():
    with pytest.raises(PlantWrong, match=r"\$\.vehicles\.count: 5 vehicles .* 2 parking places and 1 chargers"):
        Fleet(ring(8, [0, 2, 4, 6]), fleet_of(5, ["b0", "b1"], ["b2"]))


def test_a_station_without_a_way_is_refused_by_name():
    nodes = {"r0": (0.0, 0.0), "r1": (10.0, 0.0), "r2": (20.0, 0.0)}
    plan = roadmap(nodes, [("r0", "r1"), ("r1", "r0"), ("r2", "r1")], {"b0": "r0", "b1": "r2"})
    with pytest.raises(PlantWrong, match='station "b1" cannot be reached'):
        Fleet(plan, fleet_of(1, ["b0"]))


def test_the_fleet_refuses_to_act_in_its_past_or_future():
    fleet = Fleet(ring(8, [0, 4]), fleet_of(1, ["b0"]))
    with pytest.raises(HeliographError, match="stands at 0 ms and cannot act at 5 ms"):
        fleet.assign(5)


def test_a_move_between_unknown_stations_is_refused():
    fleet = Fleet(ring(8, [0, 4]), fleet_of(1, ["b0"]))
    with pytest.raises(PlantWrong, match='source "nowhere"'):
        fleet.want(Move(0, 0, -1, "nowhere", "b0", 0, 0))
