"""The judge finds every kind of wrong in tracks that were right, and says who, where and when."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from floors import Floor, fleet_of, roadmap, streets

from heliograph.fleet import NOT_YET, Fleet, check_tracks
from heliograph.fleet.check import KINDS
from heliograph.units import HOUR_MS, MINUTE_MS

STATIONS = [f"b{i}" for i in range(24)]
PLAN = streets(4, 6, 24, 11, two_way=0.2)
VEHICLES = fleet_of(10, STATIONS)


@pytest.fixture(scope="module")
def recorded():
    """An hour of ten vehicles, sound."""
    floor = Floor(Fleet(PLAN, VEHICLES), STATIONS, 1)
    floor.run(HOUR_MS, keep=8)
    return floor.fleet.tracks(), floor.fleet.moves()


@pytest.fixture
def day(recorded):
    """A copy to spoil."""
    return tuple({name: column.copy() for name, column in table.items()} for table in recorded)


def judge(tracks, moves, **limits):
    return check_tracks(PLAN, VEHICLES, tracks, moves, **limits)


def only(kind, tracks, moves, **limits):
    """The violations of one kind; there must be one."""
    found = [v for v in judge(tracks, moves, **limits) if v.kind == kind]
    assert found, f"no {kind} found"
    return found


def visits_of(tracks, vehicle):
    """Rows of a vehicle in time order."""
    rows = np.flatnonzero(tracks["vehicle"] == vehicle)
    return rows[np.argsort(tracks["arrived_ms"][rows])]


def test_sound_tracks_have_no_violation(day):
    assert judge(*day) == []


def test_arrow_tables_are_judged_like_arrays(day):
    tracks, moves = day
    table = pa.table({name: pa.array(column, mask=column == NOT_YET) for name, column in moves.items()})
    assert table["placed_ms"].null_count > 0
    assert judge(pa.table(tracks), table) == []


def test_nodes_may_be_named_by_their_ids(day):
    tracks, moves = day
    tracks["node"] = np.array(PLAN.node_ids)[tracks["node"]]
    assert judge(tracks, moves) == []


def test_an_empty_record_is_sound():
    empty = {name: np.empty(0, np.int64) for name in ("vehicle", "node", "claimed_ms", "arrived_ms", "left_ms")}
    assert check_tracks(PLAN, VEHICLES, empty) == []


def test_a_collision_names_both_vehicles_the_node_and_the_time(day):
    """The first vehicle lets go of a node one millisecond after the second was granted it."""
    tracks, moves = day
    by_node = np.lexsort((tracks["claimed_ms"], tracks["node"]))
    a, b = next(
        (a, b)
        for a, b in itertools.pairwise(by_node)
        if tracks["node"][a] == tracks["node"][b]
        and tracks["vehicle"][a] != tracks["vehicle"][b]
        and tracks["claimed_ms"][b] - tracks["left_ms"][a] < 60_000
    )
    tracks["claimed_ms"][b] = tracks["left_ms"][a] - 1

    (found,) = only("collision", tracks, moves)
    assert (found.vehicle, found.other) == (tracks["vehicle"][b], tracks["vehicle"][a])
    assert found.node == PLAN.node_ids[tracks["node"][a]]
    assert found.at_ms == tracks["left_ms"][a] - 1


def test_a_swap_names_both_vehicles():
    """Head-on on one lane, each letting go of its node in good time, as a sloppy planner would."""
    nodes = {"a": (0.0, 0.0), "b": (10.0, 0.0)}
    plan = roadmap(nodes, [("a", "b"), ("b", "a")], {})
    tracks = {
        "vehicle": np.array([0, 0, 1, 1]),
        "node": np.array([0, 1, 1, 0]),
        "claimed_ms": np.array([0, 5_000, 0, 5_000]),
        "arrived_ms": np.array([0, 15_000, 0, 15_000]),
        "left_ms": np.array([15_000, 20_000, 15_000, 20_000]),
    }
    (found,) = [v for v in check_tracks(plan, fleet_of(2, []), tracks) if v.kind == "swap"]
    assert {found.vehicle, found.other} == {0, 1}
    assert found.at_ms == 5_000


def test_following_on_one_lane_is_no_swap():
    nodes = {"a": (0.0, 0.0), "b": (10.0, 0.0), "c": (20.0, 0.0)}
    plan = roadmap(nodes, [("a", "b"), ("b", "c"), ("c", "b"), ("b", "a")], {})
    tracks = {
        "vehicle": np.array([0, 0, 0, 1, 1]),
        "node": np.array([0, 1, 2, 0, 1]),
        "claimed_ms": np.array([0, 0, 10_000, 12_000, 30_000]),
        "arrived_ms": np.array([0, 10_000, 20_000, 25_000, 45_000]),
        "left_ms": np.array([10_000, 20_000, 90_000, 45_000, 90_000]),
    }
    assert check_tracks(plan, fleet_of(2, []), tracks) == []


def test_a_jump_to_a_node_without_an_edge_is_a_teleport(day):
    tracks, moves = day
    row = visits_of(tracks, 3)[10]
    tracks["node"][row] = (tracks["node"][row] + 7) % len(PLAN.node_ids)
    assert {v.vehicle for v in only("teleport", tracks, moves)} == {3}


def test_a_missing_visit_is_a_teleport(day):
    tracks, moves = day
    row = visits_of(tracks, 4)[12]
    tracks = {name: np.delete(column, row) for name, column in tracks.items()}
    assert {v.vehicle for v in only("teleport", tracks, moves)} == {4}


def test_a_gap_in_time_is_a_teleport(day):
    tracks, moves = day
    row = visits_of(tracks, 5)[9]
    tracks["left_ms"][row] -= 250
    (found,) = only("teleport", tracks, moves)
    assert found.vehicle == 5


def test_time_that_runs_backwards_is_a_teleport(day):
    tracks, moves = day
    row = visits_of(tracks, 5)[9]
    tracks["claimed_ms"][row] = tracks["arrived_ms"][row] + 1
    assert any("backwards" in v.text for v in only("teleport", tracks, moves))


def test_too_fast_says_how_long_the_edge_takes_at_least(day):
    tracks, moves = day
    rows = visits_of(tracks, 6)
    tracks["claimed_ms"][rows[8]] = tracks["arrived_ms"][rows[8]] - 500
    (found,) = only("too_fast", tracks, moves)
    assert found.vehicle == 6
    assert "in 500 ms" in found.text


def test_a_loaded_vehicle_is_held_to_the_loaded_speed():
    """1.2 m/s is right for an empty vehicle (1.5) and too fast for a loaded one (1.0)."""
    plan = roadmap({"a": (0.0, 0.0), "b": (12.0, 0.0)}, [("a", "b"), ("b", "a")], {})
    plan.station_node.update(A=0, B=1)
    tracks = {
        "vehicle": np.array([0, 0]),
        "node": np.array([0, 1]),
        "claimed_ms": np.array([0, 20_000]),
        "arrived_ms": np.array([0, 30_000]),
        "left_ms": np.array([30_000, 60_000]),
    }
    moves = {name: np.array([0]) for name in ("number", "carrier", "vehicle")}
    moves |= {"source": np.array(["A"]), "target": np.array(["B"])}
    times = {"assigned_ms": 0, "at_source_ms": 0, "taken_ms": 20_000, "at_target_ms": 30_000, "placed_ms": 50_000}
    moves |= {name: np.array([ms]) for name, ms in times.items()}

    assert check_tracks(plan, fleet_of(1, []), tracks) == []
    (found,) = check_tracks(plan, fleet_of(1, []), tracks, moves)
    assert (found.kind, found.at_ms) == ("too_fast", 30_000)


def test_an_edge_closed_to_loaded_vehicles_is_not_driven_loaded(day):
    tracks, moves = day
    loaded_only = PLAN._replace(speed_m_s=np.stack([PLAN.speed_m_s[0], np.zeros_like(PLAN.speed_m_s[1])]))
    found = [v for v in check_tracks(loaded_only, VEHICLES, tracks, moves) if v.kind == "not_allowed"]
    assert found and all("loaded" in v.text for v in found)


@pytest.mark.parametrize("station", ["source", "target"])
def test_a_hand_off_at_another_station_is_found(day, station):
    tracks, moves = day
    done = int(np.flatnonzero(moves["placed_ms"] != NOT_YET)[3])
    others = [s for s in STATIONS if s != moves[station][done]]
    moves[station][done] = others[0]
    (found,) = only("not_there", tracks, moves)
    assert (found.move, found.vehicle) == (moves["number"][done], moves["vehicle"][done])


def test_a_hand_off_by_another_vehicle_is_found(day):
    tracks, moves = day
    done = int(np.flatnonzero(moves["placed_ms"] != NOT_YET)[3])
    moves["vehicle"][done] = (moves["vehicle"][done] + 1) % VEHICLES.count
    assert {v.move for v in only("not_there", tracks, moves)} == {moves["number"][done]}


def test_leaving_before_the_carrier_is_taken_is_found(day):
    tracks, moves = day
    done = int(np.flatnonzero(moves["placed_ms"] != NOT_YET)[5])
    moves["taken_ms"][done] += 15_000
    assert {v.move for v in only("not_there", tracks, moves)} == {moves["number"][done]}


def test_a_carrier_taken_where_it_is_not_is_found(day):
    """Two moves of one carrier that do not join up."""
    tracks, moves = day
    done = np.flatnonzero(moves["placed_ms"] != NOT_YET)
    first, second = next(
        (int(a), int(b))
        for a in done
        for b in done
        if moves["placed_ms"][a] < moves["taken_ms"][b] and moves["target"][a] != moves["source"][b]
    )
    moves["carrier"][second] = moves["carrier"][first]
    (found,) = only("carrier_jumped", tracks, moves)
    assert (found.move, found.at_ms) == (moves["number"][second], moves["taken_ms"][second])


def test_two_moves_at_once_are_too_many(day):
    tracks, moves = day
    done = int(np.flatnonzero(moves["placed_ms"] != NOT_YET)[4])
    for table in (moves,):
        for name in table:
            table[name] = np.append(table[name], table[name][done])
    moves["number"][-1], moves["carrier"][-1] = 9999, 9999
    assert {v.vehicle for v in only("overloaded", tracks, moves)} == {moves["vehicle"][done]}


def test_times_that_contradict_each_other_are_out_of_order(day):
    tracks, moves = day
    done = int(np.flatnonzero(moves["placed_ms"] != NOT_YET)[4])
    moves["at_target_ms"][done] = NOT_YET
    (found,) = only("out_of_order", tracks, moves)
    assert found.move == moves["number"][done]
    assert "at_target_ms never" in found.text


def test_a_move_that_is_never_done_is_unserved(day):
    tracks, moves = day
    done = int(np.flatnonzero(moves["placed_ms"] != NOT_YET)[0])
    moves["at_target_ms"][done] = moves["placed_ms"][done] = NOT_YET
    assert moves["number"][done] in {v.move for v in only("unserved", tracks, moves, unserved_min=30)}


def test_standing_on_the_road_for_long_is_a_standstill(day):
    """The last vehicle on the road stays there for a quarter of an hour."""
    tracks, moves = day
    last = [visits_of(tracks, v)[-1] for v in range(VEHICLES.count)]
    row = next(r for r in last if not PLAN.bay[tracks["node"][r]])
    tracks["left_ms"][row] += 15 * MINUTE_MS
    found = only("standstill", tracks, moves)
    assert tracks["vehicle"][row] in {v.vehicle for v in found}
    assert any("stood on the road" in v.text for v in found)


def test_a_fleet_that_stops_with_moves_under_way_is_a_standstill(day):
    """Everybody's last visit lasts half an hour longer."""
    tracks, moves = day
    for v in range(VEHICLES.count):
        tracks["left_ms"][visits_of(tracks, v)[-1]] += 30 * MINUTE_MS
    assert any("no vehicle moved" in v.text for v in only("standstill", tracks, moves))


def test_there_is_a_test_for_every_kind():
    """Read from this file."""
    text = open(__file__, encoding="utf-8").read()  # noqa: PTH123, SIM115
    assert [kind for kind in KINDS if f'"{kind}"' not in text] == []


def test_standing_while_one_is_broken_on_the_floor_is_no_standstill():
    """Fifteen minutes on the road; for ten of them somebody was broken, in intervals that overlap."""
    plan = streets(2, 2, 8, 0)
    vehicles = fleet_of(2, [f"b{i}" for i in range(8)])
    road = next(i for i in range(len(plan.node_ids)) if not plan.bay[i] and i not in plan.station_node.values())
    tracks = {
        "vehicle": np.array([0]),
        "node": np.array([road]),
        "claimed_ms": np.array([0]),
        "arrived_ms": np.array([0]),
        "left_ms": np.array([15 * MINUTE_MS]),
    }
    minutes = np.array([[2, 7], [5, 9], [12, 20]]) * MINUTE_MS  # ten of the fifteen minutes
    assert [v.kind for v in check_tracks(plan, vehicles, tracks, wait_min=10.0)] == ["standstill"]
    assert check_tracks(plan, vehicles, tracks, wait_min=10.0, broken=minutes) == []
    found = check_tracks(plan, vehicles, tracks, wait_min=4.9, broken=minutes)
    assert "for 5.0 minutes" in found[0].text
