"""What people do to a running fleet: each operation by name, and all of them at random, judged from outside."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from floors import Floor, fleet_of, ring, roadmap, streets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heliograph.commands import Move
from heliograph.errors import HeliographError
from heliograph.fleet import NOT_YET, Fleet, check_tracks
from heliograph.units import HOUR_MS, MINUTE_MS


def judged(fleet: Fleet, plan, vehicles) -> list:
    """All that the judge finds; standing still is allowed where roads are closed."""
    return check_tracks(
        plan, vehicles, fleet.tracks(), fleet.moves(), away=fleet.away(), wait_min=10_000, unserved_min=10_000
    )


def two_ways() -> tuple:
    """From b0 to b1 there is a short way by s and t and a long way by l0, l1; and a road back."""
    nodes = {
        "a": (0.0, 0.0),
        "s": (4.0, 0.0),
        "t": (7.0, 0.0),
        "z": (10.0, 0.0),
        "l0": (0.0, 9.0),
        "l1": (10.0, 9.0),
        "r": (5.0, -9.0),
    }
    roads = [("a", "s"), ("s", "t"), ("t", "z"), ("a", "l0"), ("l0", "l1"), ("l1", "z"), ("z", "r"), ("r", "a")]
    plan = roadmap(nodes, roads, {"b0": "a", "b1": "z", "b2": "r", "b3": "z"})
    return plan, plan.node_ids.index


def test_a_closed_node_is_driven_round_and_used_again_when_reopened():
    plan, index = two_ways()
    fleet = Fleet(plan, fleet_of(1, ["b0"]))
    floor = Floor(fleet, ["b0", "b1"])
    fleet.close("s")
    floor.want("b0", "b1")
    floor.run(HOUR_MS)
    assert index("l0") in fleet.tracks()["node"] and index("s") not in fleet.tracks()["node"]

    fleet.reopen("s")
    before = len(fleet.tracks()["node"])
    floor.want("b0", "b1")
    floor.run(2 * HOUR_MS)
    assert floor.placed == 2
    assert index("s") in fleet.tracks()["node"][before - 1 :]


def test_a_closed_edge_is_driven_round_though_its_ends_are_open():
    plan, index = two_ways()
    fleet = Fleet(plan, fleet_of(1, ["b0"]))
    fleet.close(("a", "s"))
    floor = Floor(fleet, ["b0", "b1"])
    floor.want("b0", "b1")
    floor.run(HOUR_MS)
    assert floor.placed == 1 and index("l0") in fleet.tracks()["node"]


def test_a_polygon_closes_the_nodes_inside_and_the_edges_across():
    plan, index = two_ways()
    fleet = Fleet(plan, fleet_of(1, ["b0"]))
    fleet.close([(2.0, -1.0), (3.0, -1.0), (3.0, 1.0), (2.0, 1.0)])  # across a -> s, with no node inside
    floor = Floor(fleet, ["b0", "b1"])
    floor.want("b0", "b1")
    floor.run(HOUR_MS)
    assert floor.placed == 1 and index("s") not in fleet.tracks()["node"]


def test_without_another_way_they_wait_and_say_so_and_go_on_when_it_is_reopened():
    plan, _ = two_ways()
    vehicles = fleet_of(1, ["b0"])
    fleet = Fleet(plan, vehicles)
    floor = Floor(fleet, ["b0", "b1"])
    floor.want("b0", "b1")
    floor.run(25_000)
    assert fleet.carrying(0) == 0
    fleet.close("z")
    fleet.advance(10 * MINUTE_MS)
    assert "has no way to b1" in fleet.why(0) and "node z is closed" in fleet.why(0)

    fleet.reopen("z")
    floor.run(HOUR_MS)
    assert floor.placed == 1
    assert judged(fleet, plan, vehicles) == []


def test_who_waited_for_a_node_that_is_closed_finds_another_way():
    """Vehicle 1 waits behind vehicle 0, which stands on s for good; then s is closed."""
    plan, index = two_ways()
    vehicles = fleet_of(2, ["b0", "b2"])
    fleet = Fleet(plan, vehicles)
    fleet.want(Move(0, 0, -1, "b0", "b1", 0, 0))
    fleet.assign(0)
    fleet.advance(1)
    fleet.done(0, fleet.now_ms)
    while fleet.way(0).base[0] != "s":
        fleet.advance(fleet.now_ms + 100)
    fleet.stall(0, HOUR_MS)
    floor = Floor(fleet, ["b0", "b1"])
    floor.wanted = 1
    floor.want("b2", "b3")
    floor.run(10 * MINUTE_MS)
    fleet.close("s")
    floor.run(50 * MINUTE_MS)
    rows = fleet.tracks()["vehicle"] == 1
    assert index("l0") in fleet.tracks()["node"][rows]
    assert judged(fleet, plan, vehicles) == []


def test_vehicles_inside_a_closed_area_leave_it():
    plan = ring(12, [0, 3, 6, 9])
    vehicles = fleet_of(2, ["b0", "b1"])
    fleet = Fleet(plan, vehicles)
    fleet.want(Move(0, 0, -1, "b2", "b3", 0, 0))
    fleet.assign(0)
    while fleet.station_of(0) not in ("r1", "r2") and fleet.station_of(1) not in ("r3", "r4"):
        fleet.advance(fleet.now_ms + 500)
    fleet.close([f"r{i}" for i in range(1, 6)])
    arrived = fleet.advance(HOUR_MS)
    assert [a.station for a in arrived] == ["b2"]


def test_moves_from_a_closed_station_stay_pending_and_are_served_after_it():
    plan, _ = two_ways()
    fleet = Fleet(plan, fleet_of(1, ["b0"]))
    fleet.close("b1")
    floor = Floor(fleet, ["b0", "b1"])
    floor.want("b1", "b0")
    floor.run(HOUR_MS)
    assert fleet.pending == 1 and fleet.move_of(0) is None
    fleet.reopen("b1")
    floor.run(2 * HOUR_MS)
    assert floor.placed == 1


def test_foreign_traffic_stops_who_comes_and_nobody_sets_off_into_it():
    plan = ring(12, [0, 6])
    vehicles = fleet_of(1, ["b0"])
    fleet = Fleet(plan, vehicles)
    fleet.want(Move(0, 0, -1, "b1", "b0", 0, 0))
    fleet.assign(0)
    while fleet.station_of(0) != "r1":
        fleet.advance(fleet.now_ms + 100)
    held = fleet.way(0).base
    fleet.occupy([f"r{i}" for i in range(1, 6)])
    from_ms = fleet.now_ms
    fleet.advance(HOUR_MS)
    assert fleet.station_of(0) == held[-1]
    assert "foreign traffic is in area of 5 nodes from r1" in fleet.why(0)

    fleet.vacate([f"r{i}" for i in range(1, 6)])
    assert fleet.advance(2 * HOUR_MS)[0].station == "b1"
    tracks = fleet.tracks()
    inside = np.isin(tracks["node"], np.arange(1, 6)) & (tracks["claimed_ms"] > from_ms)
    assert (tracks["claimed_ms"][inside] >= HOUR_MS).all()


def test_a_stalled_vehicle_arrives_so_much_later():
    times = []
    for stall_ms in (0, 7_000):
        fleet = Fleet(ring(12, [0, 6]), fleet_of(1, ["b0"]))
        fleet.want(Move(0, 0, -1, "b1", "b0", 0, 0))
        fleet.assign(0)
        fleet.advance(6_000)
        if stall_ms:
            fleet.stall(0, stall_ms)
            assert "stalled until 13000 ms" in fleet.why(0)
        fleet.advance(HOUR_MS)
        times.append(fleet.now_ms)
    assert times[1] - times[0] == 7_000


def test_others_drive_round_a_broken_vehicle_and_its_move_goes_to_another():
    plan, index = two_ways()
    vehicles = fleet_of(2, ["b0", "b2"])
    fleet = Fleet(plan, vehicles)
    fleet.want(Move(0, 0, -1, "b1", "b0", 0, 0))
    first = fleet.assign(0)[0].vehicle
    while fleet.way(first).base != ("s", "t"):
        fleet.advance(fleet.now_ms + 100)
    fleet.halt(first)
    assert fleet.pending == 1 and fleet.move_of(first) is None
    assert f"vehicle {first} is broken at" in fleet.why(first)
    floor = Floor(fleet, ["b0", "b1"])
    floor.wanted = 1
    floor.run(HOUR_MS)
    assert floor.placed == 1
    assert index("l1") in fleet.tracks()["node"]
    with pytest.raises(HeliographError, match="is halted already"):
        fleet.halt(first)

    fleet.resume(first)
    fleet.advance(fleet.now_ms + HOUR_MS)
    assert "has no order" in fleet.why(first)
    assert judged(fleet, plan, vehicles) == []


def test_what_a_lost_vehicle_held_stays_blocked_until_it_is_found():
    """Nothing is free before the true position is known."""
    plan = ring(12, [0, 1, 6, 9])
    vehicles = fleet_of(2, ["b0", "b1"])
    fleet = Fleet(plan, vehicles)
    fleet.want(Move(0, 0, -1, "b2", "b0", 0, 0))
    lost = fleet.assign(0)[0].vehicle
    fleet.advance(10_000)
    held = fleet.way(lost).base
    assert len(held) == 2
    fleet.halt(lost, lost=True)
    from_ms = fleet.now_ms
    fleet.assign(from_ms)
    fleet.advance(HOUR_MS)
    tracks = fleet.tracks()
    others = (tracks["vehicle"] != lost) & (tracks["left_ms"] > from_ms)
    assert not np.isin(tracks["node"][others], [plan.node_ids.index(name) for name in held]).any()
    assert "is lost at" in fleet.why(lost)

    fleet.resume(lost)
    fleet.assign(fleet.now_ms)
    assert fleet.advance(2 * HOUR_MS)[0].station == "b2"
    assert judged(fleet, plan, vehicles) == []


def test_a_vehicle_taken_out_on_an_edge_frees_both_nodes_and_comes_back_anywhere():
    plan = ring(12, [0, 1, 6, 9])
    vehicles = fleet_of(2, ["b0", "b1"])
    fleet = Fleet(plan, vehicles)
    floor = Floor(fleet, ["b2", "b3"])
    floor.want("b2", "b3")
    first = fleet.assign(0)[0].vehicle
    fleet.advance(10_000)
    assert len(fleet.way(first).base) == 2
    assert fleet.take_out(first) is None
    assert fleet.way(first).base == () and "is away" in fleet.why(first)
    floor.run(HOUR_MS)
    assert floor.placed == 1, "the other one takes the move"

    with pytest.raises(HeliographError, match="it is taken by vehicle"):
        fleet.put_back(first, fleet.station_of(1 - first))
    fleet.put_back(first, "r2")
    fleet.advance(fleet.now_ms + 10 * MINUTE_MS)
    assert fleet.station_of(first).startswith("b"), "from the road it goes to park"
    assert judged(fleet, plan, vehicles) == []
    assert fleet.away().tolist() == [[first, 10_000, fleet.away()[0, 2]]]


def test_a_carrier_on_a_towed_vehicle_is_named_and_delivered_when_it_is_back():
    plan = ring(12, [0, 1, 6, 9])
    vehicles = fleet_of(1, ["b0"])
    fleet = Fleet(plan, vehicles)
    floor = Floor(fleet, ["b2", "b3"])
    move = floor.want("b2", "b3")
    while fleet.carrying(0) < 0:
        floor.run(fleet.now_ms + 1000)
    floor.run(fleet.now_ms + 5_000)
    assert fleet.take_out(0) == move
    fleet.advance(fleet.now_ms + MINUTE_MS)
    fleet.put_back(0, "b0")
    floor.run(HOUR_MS)
    assert floor.placed == 1
    assert judged(fleet, plan, vehicles) == []


def test_or_people_carry_it_in():
    plan = ring(12, [0, 1, 6, 9])
    vehicles = fleet_of(1, ["b0"])
    fleet = Fleet(plan, vehicles)
    floor = Floor(fleet, ["b2", "b3"])
    floor.want("b2", "b3")
    while fleet.carrying(0) < 0:
        floor.run(fleet.now_ms + 1000)
    fleet.take_out(0)
    arrived = fleet.carry_in(0)
    assert (arrived.station, arrived.move) == ("b3", 0)
    fleet.advance(fleet.now_ms + 20_000)
    fleet.done(0, fleet.now_ms)
    assert fleet.carrying(0) == -1
    fleet.put_back(0, "b0")
    floor.placed += 1
    floor.want("b2", "b3")
    floor.run(HOUR_MS)
    assert floor.placed == 2
    assert judged(fleet, plan, vehicles) == []


def test_cancelling_answers_at_once_and_says_what_becomes_of_the_move():
    plan = ring(24, [0, 1, 8, 16])
    vehicles = fleet_of(1, ["b0"])
    fleet = Fleet(plan, vehicles)
    floor = Floor(fleet, ["b2", "b3"])
    for _ in range(2):
        floor.want("b2", "b3")
    first = fleet.assign(0)[0].move
    assert fleet.cancel(1 - first) == "gone"
    fleet.advance(10_000)
    assert fleet.cancel(first) == "called off"
    with pytest.raises(HeliographError, match="neither pending nor under way"):
        fleet.cancel(first)
    fleet.advance(10 * MINUTE_MS)
    assert fleet.move_of(0) is None and "has no order" in fleet.why(0)
    assert fleet.state_ms()[0, 5] > 0

    floor.wanted = floor.placed = 2
    move = floor.want("b2", "b3")
    fleet.assign(fleet.now_ms)
    fleet.advance(fleet.now_ms + HOUR_MS)
    with pytest.raises(HeliographError, match="is being handed over at b2: cancel it when that is done"):
        fleet.cancel(move.number)
    fleet.done(0, fleet.now_ms)
    fleet.advance(fleet.now_ms + 10_000)
    with pytest.raises(HeliographError, match='"nowhere" is not a station'):
        fleet.cancel(move.number, to="nowhere")
    assert fleet.cancel(move.number) == "brought back"
    assert fleet.cancel(move.number) == "brought back"
    assert fleet.advance(fleet.now_ms + HOUR_MS)[0].station == "b2"
    fleet.done(0, fleet.now_ms)
    with pytest.raises(HeliographError, match="was placed at"):
        fleet.cancel(move.number)
    assert judged(fleet, plan, vehicles) == []


def test_base_and_horizon_join_to_the_whole_way():
    plan = ring(12, [0, 6])
    fleet = Fleet(plan, fleet_of(1, ["b0"]))
    fleet.want(Move(0, 0, -1, "b1", "b0", 0, 0))
    fleet.assign(0)
    fleet.advance(10_000)
    way = fleet.way(0)
    whole = ["b0", *(f"r{i}" for i in range(7)), "b1"]
    start = whole.index(way.base[0])
    assert [*way.base, *way.horizon] == whole[start:]
    assert len(way.base) == 2


def test_what_cannot_be_closed_or_opened_is_said_in_one_line():
    fleet = Fleet(ring(8, [0, 4]), fleet_of(1, ["b0"]))
    with pytest.raises(HeliographError, match='"x" is neither a node nor a station'):
        fleet.close("x")
    with pytest.raises(HeliographError, match="there is no edge from r0 to r5"):
        fleet.close(("r0", "r5"))
    with pytest.raises(HeliographError, match="three corners"):
        fleet.close([(0.0, 1.0), (2.0, 3.0)])
    with pytest.raises(HeliographError, match="node r1 is not closed"):
        fleet.reopen("r1")
    fleet.close("r1")
    with pytest.raises(HeliographError, match="node r1 is closed already"):
        fleet.close("r1")
    with pytest.raises(HeliographError, match="is not occupied"):
        fleet.vacate("r1")
    with pytest.raises(HeliographError, match="vehicle 0 is not away"):
        fleet.put_back(0, "b0")
    with pytest.raises(HeliographError, match="vehicle 0 is not halted"):
        fleet.resume(0)


class Anything:
    """Draws operations, and takes them back later."""

    def __init__(self, floor: Floor, places: list[str], seed: int) -> None:
        self.floor, self.places = floor, places
        self.rng = np.random.default_rng(seed)
        self.closed: list = []
        self.occupied: list = []
        self.gone: set[int] = set()

    def any_area(self):
        plan = self.floor.fleet._roadmap
        names = plan.node_ids
        kind = self.rng.integers(4)
        if kind == 0:
            return str(names[self.rng.integers(len(names))])
        if kind == 1:
            edge = self.rng.integers(len(plan.edge_from))
            return names[plan.edge_from[edge]], names[plan.edge_to[edge]]
        if kind == 2:
            return [str(names[i]) for i in self.rng.choice(len(names), 3, replace=False)]
        x, y = self.rng.uniform(0, 15, 2)
        return [(x, y), (x + 4, y), (x + 4, y + 4), (x, y + 4)]

    def step(self) -> None:
        fleet, rng = self.floor.fleet, self.rng
        vehicle = int(rng.integers(fleet.count))
        mode = rng.integers(9)
        down, away = fleet._world.vehicles["down"][vehicle], vehicle in self.gone
        if mode in (0, 1):
            zones, put = ((self.closed, fleet.close), (self.occupied, fleet.occupy))[mode]
            area = self.any_area()
            if area not in zones:
                zones.append(area)
                put(area)
        elif mode in (2, 3) and (self.closed, self.occupied)[mode - 2]:
            zones, put = ((self.closed, fleet.reopen), (self.occupied, fleet.vacate))[mode - 2]
            put(zones.pop(int(rng.integers(len(zones)))))
        elif mode == 4 and not away:
            fleet.stall(vehicle, int(rng.integers(1, 60_000)))
        elif mode == 5 and not away:
            if down:
                fleet.resume(vehicle)
            else:
                fleet.halt(vehicle, lost=bool(rng.integers(2)))
        elif mode == 6:
            self.out_or_in(vehicle)
        elif mode == 7 and fleet._trips:
            self.cancel(int(rng.choice(list(fleet._trips))))
        elif mode == 8 and fleet.pending:
            self.cancel(fleet._pending[0].number)

    def cancel(self, number: int) -> None:
        try:
            if self.floor.fleet.cancel(number) != "brought back":
                self.floor.wanted_back += 1
        except HeliographError as wrong:
            assert "being handed over" in str(wrong) or "was placed" in str(wrong)

    def out_or_in(self, vehicle: int) -> None:
        fleet = self.floor.fleet
        if vehicle not in self.gone:
            fleet.take_out(vehicle)
            self.floor.handing = [entry for entry in self.floor.handing if entry[1] != vehicle]
            heapq.heapify(self.floor.handing)
            self.gone.add(vehicle)
            return
        for place in self.rng.permutation(self.places).tolist():
            try:
                fleet.put_back(vehicle, place)
            except HeliographError:
                continue
            self.gone.remove(vehicle)
            return

    def end(self) -> None:
        """Everything open, everybody back."""
        fleet = self.floor.fleet
        for area in self.closed:
            fleet.reopen(area)
        for area in self.occupied:
            fleet.vacate(area)
        for vehicle in range(fleet.count):
            if fleet._world.vehicles["down"][vehicle]:
                fleet.resume(vehicle)
        while self.gone:
            self.out_or_in(min(self.gone))
            if self.floor.placed < self.floor.wanted:
                self.floor.run(fleet.now_ms + MINUTE_MS)
            else:
                fleet.advance(fleet.now_ms + MINUTE_MS)


class Cancelling(Floor):
    """A floor that knows of moves that will never be placed."""

    wanted_back = 0

    def run(self, until_ms: int, *, keep: int = 0) -> None:
        self.placed += self.wanted_back
        self.wanted_back = 0
        super().run(until_ms, keep=keep)


def anything(rows, columns, bays, share, two_way, seed):
    plan = streets(rows, columns, bays, seed, two_way)
    stations = [f"b{i}" for i in range(bays)]
    vehicles = fleet_of(max(1, int(share * (bays - 1))), stations)
    floor = Cancelling(Fleet(plan, vehicles, seed=seed), stations, seed)
    people = Anything(floor, [*stations, "n0.0", "n1.1"], seed)
    for _ in range(60):
        for _ in range(3):
            floor.want()
        floor.run(floor.fleet.now_ms + int(people.rng.integers(1, 60_000)))
        people.step()
    people.end()
    floor.run(floor.fleet.now_ms + 200 * HOUR_MS)
    return floor, plan, vehicles


@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.sampled_from([2, 4, 6]),
    columns=st.sampled_from([4, 6]),
    bays=st.integers(4, 40),
    share=st.floats(0.05, 0.8),
    two_way=st.sampled_from([0.0, 0.3, 1.0]),
    seed=st.integers(0, 1000),
)
def test_whatever_people_do_no_rule_is_broken_and_afterwards_all_moves_are_served(
    rows, columns, bays, share, two_way, seed
):
    floor, plan, vehicles = anything(rows, columns, bays, share, two_way, seed)
    assert judged(floor.fleet, plan, vehicles) == []
    assert floor.placed == floor.wanted, "\n".join(floor.fleet.why(v) for v in range(vehicles.count))
    assert (floor.fleet.state_ms().sum(axis=1) == floor.fleet.now_ms).all()


def test_same_operations_same_tracks():
    runs = [anything(4, 4, 16, 0.6, 0.3, 7)[0].fleet.tracks() for _ in range(2)]
    assert {k: v.tobytes() for k, v in runs[0].items()} == {k: v.tobytes() for k, v in runs[1].items()}
    assert NOT_YET not in runs[0]["left_ms"]


def test_a_run_that_starts_before_midnight_is_no_slower():
    """The warm-up is negative time: nobody is stalled in it."""
    plan = ring(12, [0, 6])
    arrived = []
    for start_ms in (0, -HOUR_MS):
        fleet = Fleet(plan, fleet_of(1, ["b0"]), start_ms=start_ms)
        fleet.want(Move(0, 0, -1, "b1", "b0", 0, start_ms))
        fleet.assign(start_ms)
        fleet.advance(start_ms + HOUR_MS // 2)
        arrived.append(fleet.now_ms - start_ms)

    assert arrived[0] == arrived[1] < HOUR_MS // 4


def test_it_makes_no_difference_when_the_clock_starts():
    """Also where it starts before 0, as in a warm-up: nobody is taken to be stalled."""
    tracks = []
    for start_ms in (0, -18 * HOUR_MS):
        fleet = Fleet(ring(12, [0, 6]), fleet_of(1, ["b0"]), start_ms=start_ms)
        fleet.want(Move(0, 0, -1, "b1", "b0", 0, start_ms))
        fleet.assign(start_ms)
        fleet.advance(start_ms + HOUR_MS)
        tracks.append((fleet.tracks()["arrived_ms"] - start_ms).tolist())
    assert tracks[0] == tracks[1]
