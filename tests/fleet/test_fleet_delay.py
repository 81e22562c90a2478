"""Delay: vehicles that stall at random and break down never collide, lose nothing, and stop nobody for good."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from floors import Floor, fleet_of, streets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heliograph.fleet import Fleet, check_tracks
from heliograph.fleet.mishaps import Mishaps
from heliograph.units import HOUR_MS, MINUTE_MS


def a_day(plan, vehicles, stations, seed: int, hours: float, **chances) -> tuple[Floor, Mishaps]:
    """So many hours with as many moves as vehicles under way, and with mishaps; then until all is placed."""
    floor = Floor(Fleet(plan, vehicles, seed=seed), stations, seed)
    fleet, until_ms = floor.fleet, round(hours * HOUR_MS)
    mishaps = Mishaps(fleet.count, seed=seed, until_ms=until_ms, **chances)
    while fleet.now_ms < until_ms or floor.placed < floor.wanted:
        floor.run(min(mishaps.next_ms, fleet.now_ms + HOUR_MS), keep=fleet.count if fleet.now_ms < until_ms else 0)
        if fleet.now_ms < mishaps.next_ms:
            continue
        for arrived in mishaps.apply(fleet):
            heapq.heappush(floor.handing, (fleet.now_ms + floor.handoff_ms, arrived.vehicle))
        assert fleet.now_ms < until_ms + 100 * HOUR_MS, "\n".join(fleet.why(v) for v in range(fleet.count))
    return floor, mishaps


@settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.sampled_from([2, 4, 6]),
    columns=st.sampled_from([4, 6]),
    bays=st.integers(6, 40),
    share=st.floats(0.1, 0.8),
    two_way=st.sampled_from([0.0, 0.3, 1.0]),
    back_min=st.sampled_from([30.0, None]),
    seed=st.integers(0, 1000),
)
def test_with_stalls_and_breakdowns_no_rule_is_broken_and_every_carrier_arrives(
    rows, columns, bays, share, two_way, back_min, seed
):
    """A third of the vehicles break within two hours; each step stalls with 5 %."""
    plan = streets(rows, columns, bays, seed, two_way)
    stations = [f"b{i}" for i in range(bays)]
    vehicles = fleet_of(max(2, int(share * (bays - 1))), stations)
    floor, mishaps = a_day(plan, vehicles, stations, seed, 2.0, stall_share=0.05, broken_share=0.34, back_min=back_min)
    fleet = floor.fleet
    assert mishaps.broken == round(0.34 * vehicles.count)
    found = check_tracks(
        plan, vehicles, fleet.tracks(), fleet.moves(), away=mishaps.away, wait_min=600, unserved_min=3000
    )
    assert found == []
    assert floor.placed == floor.wanted


def test_stalls_come_as_often_and_last_as_long_as_asked():
    plan, stations = streets(6, 6, 30, 1), [f"b{i}" for i in range(30)]
    floor, mishaps = a_day(plan, fleet_of(15, stations), stations, 1, 12.0, broken_share=0.0)
    assert mishaps.stalls == pytest.approx(0.01 * floor.fleet.steps, rel=0.2)


def test_output_falls_by_no_more_than_the_time_that_stalls_and_breakdowns_take():
    """The fluid bound of docs/fleet.md: a stall costs its vehicle that time, and here two others behind it at most."""
    plan, stations = streets(6, 6, 40, 2, two_way=0.3), [f"b{i}" for i in range(40)]
    vehicles = fleet_of(10, stations)
    plain, _ = a_day(plan, vehicles, stations, 3, 12.0, stall_share=0.0, broken_share=0.0)
    hurt, mishaps = a_day(plan, vehicles, stations, 3, 12.0, broken_share=0.1)
    lost = mishaps.stalls * 32.5 / (10 * 12 * 3600) + 0.1 * 40 / (12 * 60)
    assert hurt.placed < plain.placed
    assert hurt.placed > plain.placed * (1 - 3 * lost)


def test_same_seed_same_mishaps():
    plan, stations = streets(4, 4, 20, 5), [f"b{i}" for i in range(20)]
    runs = [a_day(plan, fleet_of(12, stations), stations, 5, 3.0, broken_share=0.2)[0] for _ in range(2)]
    one, two = (run.fleet.tracks() for run in runs)
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_a_broken_vehicle_is_named_as_the_cause_down_the_chain():
    """Vehicles that wait behind it say so, and go on when it is towed."""
    plan, stations = streets(2, 2, 8, 0), [f"b{i}" for i in range(8)]
    floor = Floor(Fleet(plan, fleet_of(4, stations)), stations, 1)
    fleet = floor.fleet
    while not len(fleet.driving()):
        floor.run(fleet.now_ms + 1000, keep=4)
    broken = int(fleet.driving()[0])
    fleet.halt(broken)
    floor.run(fleet.now_ms + 10 * MINUTE_MS, keep=4)
    told = [fleet.why(v) for v in range(4) if v != broken]
    assert any(f"vehicle {broken} is broken at" in line for line in told), told
    fleet.take_out(broken)
    before = floor.placed
    floor.run(fleet.now_ms + 30 * MINUTE_MS, keep=4)
    assert floor.placed > before
