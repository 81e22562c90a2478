"""Vehicles of several types in one fleet: their own speeds, turning and sizes; nobody touches anybody."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest
from floors import Floor, fleet_of, ring, roadmap
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from heliograph.commands import Move
from heliograph.errors import PlantWrong
from heliograph.fleet import Fleet, check_tracks
from heliograph.fleet.check_sizes import check_sizes
from heliograph.plant.model import Vehicles
from heliograph.plant.roadmap import Roadmap, build_roadmap
from heliograph.units import HOUR_MS, MINUTE_MS


def a_type(count: int, parking: list[str], **changed: float) -> Vehicles:
    return msgspec.structs.replace(fleet_of(count, parking), **changed)


def wide_streets(rows: int, columns: int, spacing_m: float, bay_m: float, two_way: float, seed: int) -> Roadmap:
    """One-way streets with a bay beside each of the outer nodes, pointing outwards, so that no bays are near."""
    rng = np.random.default_rng(seed)
    nodes = {f"n{y}.{x}": (spacing_m * x, spacing_m * y) for y in range(rows) for x in range(columns)}
    roads = [
        (f"n{y}.{x}", f"n{y}.{x + 1}") if y % 2 == 0 else (f"n{y}.{x + 1}", f"n{y}.{x}")
        for y in range(rows)
        for x in range(columns - 1)
    ]
    roads += [
        (f"n{y}.{x}", f"n{y + 1}.{x}") if x % 2 == 1 else (f"n{y + 1}.{x}", f"n{y}.{x}")
        for x in range(columns)
        for y in range(rows - 1)
    ]
    roads += [(b, a) for a, b in roads if rng.random() < two_way]
    plan = roadmap(nodes, roads, {})
    names, xy = list(plan.node_ids), np.column_stack([plan.x_m, plan.y_m]).tolist()
    outer = [(f"n{y}.{x}", x, y, dy) for x in range(columns) for y, dy in ((0, -1), (rows - 1, 1))]
    tail, head = plan.edge_from.tolist(), plan.edge_to.tolist()
    stations = {}
    for i, (road, x, y, dy) in enumerate(outer):
        stations[f"b{i}"] = len(names)
        tail += [names.index(road), len(names)]
        head += [len(names), names.index(road)]
        names.append(f"b{i}")
        xy.append([spacing_m * x, spacing_m * y + dy * bay_m])
    at = np.array(xy)
    ends = np.array([tail, head], np.int32)
    return build_roadmap(tuple(names), at[:, 0], at[:, 1], ends[0], ends[1], np.full((2, len(tail)), 9.0), stations)


def test_each_type_drives_at_its_own_speed():
    """A ring of 36 m with bays; the slow one takes twice as long for the same way."""
    times = []
    for kinds in ([a_type(1, ["b0"])], [a_type(1, ["b0"], speed_empty_m_s=0.75, acceleration_m_s2=0.25)]):
        fleet = Fleet(ring(12, [0, 6]), [*kinds, a_type(0, ["b1"])])
        fleet.want(Move(0, 0, -1, "b1", "b0", 0, 0))
        fleet.assign(0)
        fleet.advance(HOUR_MS)
        tracks = fleet.tracks()
        on_road = (tracks["node"] > 1) & (tracks["node"] < 6)
        times.append(np.diff(tracks["arrived_ms"][on_road]))
    turn_ms = 30 / 45 * 1000
    assert times[1] - turn_ms == pytest.approx(2 * (times[0] - turn_ms), abs=3)


def test_one_that_cannot_turn_on_the_spot_drives_another_way():
    """Back from k to z is short, but a turn of 151 degrees; round by c, d, e, f there are right angles only."""
    nodes = {"a": (0.0, 0.0), "k": (10.0, 0.0), "z": (1.0, 5.0), "c": (20.0, 0.0), "d": (20.0, 8.0), "e": (-6.0, 8.0)}
    nodes |= {"f": (-6.0, 5.0), "g": (-3.0, 5.0), "h": (-3.0, -5.0), "i": (0.0, -5.0)}
    roads = [*itertools.pairwise("akcdefzghia"), ("k", "z")]
    plan = roadmap(nodes, roads, {"b0": "a", "b1": "z"})
    ways = []
    for rate in (45.0, 0.0):
        fleet = Fleet(plan, [a_type(1, ["b0"], turn_deg_s=rate)])
        fleet.want(Move(0, 0, -1, "b1", "b0", 0, 0))
        fleet.assign(0)
        fleet.advance(HOUR_MS)
        ways.append([plan.node_ids[i] for i in fleet.tracks()["node"]])
    assert ways[0] == ["b0", "a", "k", "z", "b1"]
    assert ways[1] == ["b0", *"akcdefz", "b1"]


def test_a_big_vehicle_lets_nobody_pass_too_near():
    """Two lanes 1.5 m apart, both eastwards: points drive side by side, vehicles of 1.86 m across do not."""
    nodes = {f"u{i}": (5.0 * i, 0.0) for i in range(4)} | {f"d{i}": (5.0 * i, 1.5) for i in range(4)}
    nodes |= {"w": (-4.0, 0.75), "e": (19.0, 0.75), "r": (19.0, -20.0), "s": (12.0, -20.0), "t": (6.0, -20.0)}
    nodes |= {"v": (-4.0, -20.0)}
    roads = [*itertools.pairwise(["w", "u0", "u1", "u2", "u3", "e", "r", "s", "t", "v", "w"])]
    roads += itertools.pairwise(["w", "d0", "d1", "d2", "d3", "e"])
    plan = roadmap(nodes, roads, {"b0": "w", "b1": "e", "b2": "t", "b3": "s"})
    found = []
    for sized in (False, True):
        fleet = Fleet(plan, [a_type(2, ["b0", "b2"], length_m=1.5, width_m=1.1)], sized=sized)
        floor = Floor(fleet, ["b1", "b3"])
        floor.want("b1", "b3")
        floor.want("b3", "b1")
        fleet.assign(0)
        while fleet.way(0).base != ("u0", "u1"):
            fleet.advance(fleet.now_ms + 100)
        fleet.stall(0, MINUTE_MS)
        fleet.advance(fleet.now_ms + MINUTE_MS // 2)
        if sized:
            assert (
                "vehicle 1 at w waits until vehicle 0 is clear of the way to d0; vehicle 0 drives u0 -> u1"
                in fleet.why(1)
            )
        floor.run(HOUR_MS)
        assert floor.placed == 2
        found.append(check_sizes(plan, [(1.5, 1.1)] * 2, fleet.tracks()))
    assert {v.kind for v in found[0]} == {"touch"}
    assert "1.86 m at least" in found[0][0].text
    assert found[1] == []


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.sampled_from([2, 4]),
    columns=st.sampled_from([4, 6, 8]),
    spacing_m=st.sampled_from([1.6, 2.0, 3.0]),
    big=st.integers(0, 4),
    small=st.integers(1, 5),
    big_m=st.floats(0.6, 1.4),
    small_m=st.floats(0.4, 0.8),
    two_way=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 1000),
)
def test_on_any_floor_no_two_of_any_size_touch_and_every_move_is_served(
    rows, columns, spacing_m, big, small, big_m, small_m, two_way, seed
):
    plan = wide_streets(rows, columns, spacing_m, 2.5, two_way, seed)
    stations = list(plan.station_node)
    places = stations[: 2 * columns - 1]
    kinds = [
        a_type(min(big, len(places) // 2), places, length_m=big_m, width_m=big_m, speed_empty_m_s=1.0),
        a_type(min(small, len(places) // 2), [], length_m=small_m, width_m=small_m, speed_loaded_m_s=1.4),
    ]
    try:
        floor = Floor(Fleet(plan, kinds, sized=True, seed=seed), stations, seed)
    except PlantWrong:
        reject()  # too narrow
    for _ in range(40):
        floor.want()
    floor.run(48 * HOUR_MS)
    fleet = floor.fleet
    sizes = [(kind.length_m, kind.width_m) for kind in kinds for _ in range(kind.count)]
    assert check_sizes(plan, sizes, fleet.tracks()) == []
    fastest = a_type(fleet.count, places, speed_empty_m_s=1.5, speed_loaded_m_s=1.4)
    assert check_tracks(plan, fastest, fleet.tracks(), fleet.moves(), wait_min=600, unserved_min=3000) == []
    assert floor.placed == floor.wanted, "\n".join(fleet.why(v) for v in range(fleet.count))


def test_a_floor_too_narrow_for_a_type_is_refused_by_station():
    with pytest.raises(PlantWrong, match="cannot be reached"):
        Fleet(wide_streets(2, 4, 2.0, 1.0, 0.0, 0), a_type(2, ["b0", "b1"], length_m=3.0, width_m=2.0), sized=True)
