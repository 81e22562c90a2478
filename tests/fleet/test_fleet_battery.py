"""Batteries: what is used and charged adds up, nobody runs dry, and who is low takes no move."""

from __future__ import annotations

import numpy as np
import pytest
from floors import Floor, fleet_of, ring, streets

from heliograph.commands import Move
from heliograph.fleet import STATES, Fleet, check_tracks
from heliograph.fleet.timers import REST
from heliograph.units import HOUR_MS, MINUTE_MS

STATIONS = [f"b{i}" for i in range(20)]


def test_energy_used_is_power_times_time_in_each_state():
    """To the rounding of the last digit; the charge is what there was, minus used, plus charged."""
    vehicles = fleet_of(6, STATIONS[:8], STATIONS[8:10], knee_pct=100.0)
    fleet = Fleet(streets(4, 4, 20, 3), vehicles)
    at_first = fleet.soc()
    Floor(fleet, STATIONS[10:]).run(6 * HOUR_MS, keep=5)
    hours = dict(zip(STATES, fleet.state_ms().T / HOUR_MS, strict=True))
    battery = vehicles.battery
    resting = hours["handoff"] + hours["waiting"] + hours["idle"]
    used = (
        hours["driving_loaded"] * battery.drive_loaded_w
        + hours["driving_empty"] * battery.drive_empty_w
        + resting * battery.idle_w
    ) / 1000

    assert fleet.kwh()[:, 0] == pytest.approx(used)
    assert fleet.kwh()[:, 1] == pytest.approx(hours["charging"] * battery.charge_kw)
    assert fleet.soc() * 2.0 == pytest.approx(at_first * 2.0 - fleet.kwh()[:, 0] + fleet.kwh()[:, 1])


@pytest.mark.parametrize("seed", range(3))
def test_under_constant_load_nobody_runs_dry(seed):
    """A hungry fleet with few chargers: a vehicle that is low charges before anything else."""
    plan = streets(4, 4, 20, seed)
    vehicles = fleet_of(8, STATIONS[:8], STATIONS[8:11], capacity_kwh=0.5, idle_w=80.0)
    floor = Floor(Fleet(plan, vehicles, seed=seed), STATIONS[11:], seed)
    lowest = 1.0
    for hour in range(1, 30):
        floor.run(hour * HOUR_MS, keep=12)
        lowest = min(lowest, floor.fleet.soc().min())

    assert lowest > 0.1
    assert (floor.fleet.kwh()[:, 1] > 0.5).all()
    assert check_tracks(plan, vehicles, floor.fleet.tracks(), floor.fleet.moves(), unserved_min=1000) == []


def test_more_low_vehicles_than_chargers_queue_for_them():
    """Five vehicles, one charger: each gets its turn."""
    vehicles = fleet_of(5, STATIONS[:5], STATIONS[5:6], capacity_kwh=0.3, charge_kw=1.0)
    floor = Floor(Fleet(ring(20, list(range(20))), vehicles), STATIONS[6:])
    floor.run(24 * HOUR_MS, keep=5)

    assert (floor.fleet.kwh()[:, 1] > 0.2).all()
    assert floor.fleet.soc().min() > 0


def test_a_low_vehicle_takes_no_move_until_it_is_full():
    vehicles = fleet_of(1, ["b0"], ["b1"])
    fleet = Fleet(ring(12, [0, 3, 6, 9]), vehicles)
    fleet._world.vehicles["charge_mwms"] = round(0.31 * fleet._world.batteries["capacity_mwms"][0])
    fleet.want(Move(0, 0, -1, "b2", "b3", 0, 0))
    fleet.assign(0)
    floor = Floor(fleet, ["b2", "b3"])
    floor.wanted = 1
    fleet._world.vehicles["charge_mwms"] = round(0.30 * fleet._world.batteries["capacity_mwms"][0])
    floor.run(HOUR_MS)
    assert floor.placed == 1

    floor.want("b2", "b3")
    assert fleet.assign(fleet.now_ms) == []
    begun_ms = fleet.now_ms
    floor.run(6 * HOUR_MS)
    assert floor.placed == 2
    assert fleet.moves()["assigned_ms"][1] - begun_ms > 0.5 * HOUR_MS
    assert fleet.kwh()[0, 1] == pytest.approx(0.6 * 2.0, abs=0.05)


def test_an_idle_vehicle_tops_up_at_a_free_charger_and_can_be_called_away():
    fleet = Fleet(ring(12, [0, 3, 6, 9]), fleet_of(1, ["b0"], ["b1"]))
    fleet._world.vehicles["charge_mwms"] = round(0.5 * fleet._world.batteries["capacity_mwms"][0])
    floor = Floor(fleet, ["b2", "b3"])
    floor.want("b2", "b3")
    floor.run(HOUR_MS)
    fleet.advance(fleet.now_ms + 10 * MINUTE_MS)
    assert fleet.station_of(0) == "b1"
    assert "charges" in fleet.why(0)

    floor.want("b2", "b3")
    assert len(fleet.assign(fleet.now_ms)) == 1


def test_without_chargers_batteries_are_not_watched():
    """Experiments without charging places: vehicles go on."""
    floor = Floor(Fleet(ring(12, [0, 3, 6, 9]), fleet_of(2, ["b0", "b1"], capacity_kwh=0.05)), ["b2", "b3"])
    floor.run(12 * HOUR_MS, keep=2)
    assert floor.placed > 100
    assert (floor.fleet.soc() == 0).all()
    assert np.all(floor.fleet.kwh()[:, 1] == 0)


def think_one_by_one(fleet: Fleet) -> None:
    """Let every vehicle think about where to rest, a millisecond after the other."""
    for v in range(fleet.count):
        timer = fleet._world.timers[v]
        timer["kind"], timer["who"], timer["epoch"], timer["at_ms"], timer["seq"] = REST, v, 0, v, v
    fleet._world.clock["timers"] = fleet.count


def charging_fleet(share: float, **battery: float) -> Fleet:
    """One vehicle that has just begun to charge, with that much in its battery."""
    fleet = Fleet(ring(12, [0, 3, 6, 9]), fleet_of(1, [], ["b0"], idle_w=0.0, **battery))
    fleet._world.vehicles["charge_mwms"] = round(share * fleet._world.batteries["capacity_mwms"][0])
    fleet._world.vehicles["must_charge"] = 1
    think_one_by_one(fleet)
    fleet.advance(1)
    assert "charges" in fleet.why(0)
    return fleet


@pytest.mark.parametrize(("knee", "cutoff"), [(60.0, 10.0), (85.0, 5.0), (100.0, 5.0), (40.0, 50.0)])
def test_charging_follows_the_model_integrated_in_small_steps(knee, cutoff):
    """Full power up to the knee, then as what is missing to full, no less than the cut-off; against 50 ms steps."""
    fleet = charging_fleet(0.1, full_pct=100.0, knee_pct=knee, cutoff_pct=cutoff)
    capacity, power = 2.0, 2.0
    kwh, step_h = fleet.soc()[0] * capacity, 50 / HOUR_MS
    top = capacity * (1 - knee / 100)
    while kwh < capacity - 1e-9:
        for _ in range(20 * 60 * 3):
            taper = 1.0 if top == 0 or kwh < capacity - top else (capacity - kwh) / top
            kwh = min(capacity, kwh + power * max(min(taper, 1.0), cutoff / 100) * step_h)
        fleet.advance(fleet.now_ms + 3 * MINUTE_MS)
        assert fleet.soc()[0] * capacity == pytest.approx(kwh, abs=2e-4)
    fleet.advance(fleet.now_ms + 1000)
    assert fleet.why(0).endswith("has no order")


def test_it_is_full_when_the_closed_form_says_so():
    """30 to 90 %: 0.55 of 2 kWh at 2 kW, then the missing 15 % fall to 10 with 9 minutes' time constant."""
    fleet = charging_fleet(0.3)
    expected_min = 0.55 * 60 + 9 * np.log(15 / 10)
    fleet.advance(round((expected_min - 0.02) * MINUTE_MS))
    assert "charges" in fleet.why(0)
    fleet.advance(round((expected_min + 0.02) * MINUTE_MS))
    assert "charges" not in fleet.why(0)
    assert fleet.soc()[0] == pytest.approx(0.9, abs=1e-6)


def test_how_often_one_looks_at_a_battery_makes_no_difference():
    """To the rounding of a milliwatt-millisecond for each look."""
    seldom, often = charging_fleet(0.2, full_pct=100.0), charging_fleet(0.2, full_pct=100.0)
    seldom.advance(HOUR_MS)
    for at_ms in range(777, HOUR_MS, 777):
        often.advance(at_ms)
        often.soc()
    often.advance(HOUR_MS)
    assert often.kwh()[0, 1] == pytest.approx(seldom.kwh()[0, 1], abs=1e-8)


def test_the_chargers_draw_more_than_is_stored():
    fleet = charging_fleet(0.5, efficiency_pct=80.0)
    fleet.advance(10 * MINUTE_MS)
    assert fleet.grid_kwh()[0] == pytest.approx(fleet.kwh()[0, 1] / 0.8)
    assert fleet.kwh()[0, 1] == pytest.approx(2.0 / 6, abs=1e-3)


def test_old_batteries_hold_less():
    """2,000 cycles at 5 % each thousand: a tenth of the hour of charging is missing."""
    new, old = charging_fleet(0.1, full_pct=80.0), charging_fleet(0.1, full_pct=80.0, cycles=2000.0)
    for fleet in (new, old):
        fleet.advance(2 * HOUR_MS)
    assert old.kwh()[0, 1] == pytest.approx(0.9 * new.kwh()[0, 1], rel=1e-6)


def test_of_those_that_queue_for_a_charger_the_emptiest_is_next():
    """One charger, taken; three wait for it, the emptiest asked last."""
    vehicles = fleet_of(4, ["b0", "b1", "b2", "b3"], ["b4"], low_pct=60.0)
    fleet = Fleet(ring(24, list(range(0, 24, 3))), vehicles)
    capacity = fleet._world.batteries["capacity_mwms"][0]
    fleet._world.vehicles["charge_mwms"] = [round(share * capacity) for share in (0.2, 0.5, 0.4, 0.3)]
    think_one_by_one(fleet)
    order: list[int] = []
    while len(order) < 4:
        fleet.advance(fleet.now_ms + MINUTE_MS)
        order += [v for v in np.flatnonzero(fleet.kwh()[:, 1] > 0).tolist() if v not in order]

    assert order == [0, 3, 2, 1]


def two_types(first: dict[str, float], second: dict[str, float], chargers: list[str]) -> Fleet:
    """A vehicle of each type on a ring with bays."""
    kinds = [fleet_of(1, ["b0"], chargers, **first), fleet_of(1, ["b1"], **second)]
    return Fleet(ring(24, list(range(0, 24, 3))), kinds)


def test_each_type_uses_the_power_of_its_own_battery():
    """The same rest for both: 50 and 80 W; the shares are of their own capacities."""
    fleet = two_types({"idle_w": 50.0}, {"idle_w": 80.0, "capacity_kwh": 4.0, "full_pct": 80.0}, [])
    at_first = fleet.soc()
    fleet.advance(3 * HOUR_MS)
    assert at_first[0] <= 0.9 and at_first[1] <= 0.8
    assert fleet.kwh()[:, 0] == pytest.approx([0.15, 0.24])
    assert at_first - fleet.soc() == pytest.approx([0.15 / 2, 0.24 / 4])


def test_each_type_charges_as_its_own_battery_does():
    """From 20 %: 2 kW up to 90 %, all below the knee; 4 kW up to 60 % of 4 kWh, then behind a knee at 50 %.

    And a second or two for what the way to the charger takes.
    """
    quick = {"capacity_kwh": 4.0, "charge_kw": 4.0, "knee_pct": 50.0, "full_pct": 60.0, "efficiency_pct": 80.0}
    fleet = two_types({"knee_pct": 95.0, "idle_w": 0.0}, {"idle_w": 0.0, **quick}, ["b2", "b3"])
    world = fleet._world
    world.vehicles["charge_mwms"] = np.rint(0.2 * world.batteries["capacity_mwms"])
    world.vehicles["must_charge"] = 1
    think_one_by_one(fleet)
    fleet.advance(2 * HOUR_MS)
    charging_min = fleet.state_ms()[:, STATES.index("charging")] / MINUTE_MS
    assert fleet.soc() == pytest.approx([0.9, 0.6], abs=1e-6)
    assert charging_min == pytest.approx([0.7 * 60, 0.3 * 60 + 30 * np.log(50 / 40)], abs=0.05)
    assert fleet.grid_kwh() == pytest.approx(fleet.kwh()[:, 1] / [0.9, 0.8])


def test_each_type_takes_moves_down_to_its_own_threshold():
    """Both at 40 %: one charges below 30 %, the other below 50 %; so the nearer one takes no move."""
    fleet = two_types({}, {"low_pct": 50.0, "capacity_kwh": 1.0}, ["b5"])
    world = fleet._world
    world.vehicles["charge_mwms"] = np.rint(0.4 * world.batteries["capacity_mwms"])
    fleet.want(Move(0, 0, -1, "b2", "b4", 0, 0))
    assert [given.vehicle for given in fleet.assign(0)] == [0]


def test_the_emptiest_is_who_has_least_of_its_own_capacity():
    """A charger is taken; 1.2 kWh of 4 wait for it before 0.5 of 1."""
    big = fleet_of(2, ["b0", "b1"], ["b4"], capacity_kwh=4.0, low_pct=60.0)
    small = fleet_of(1, ["b2"], capacity_kwh=1.0, low_pct=60.0)
    fleet = Fleet(ring(24, list(range(0, 24, 3))), [big, small])
    world = fleet._world
    world.vehicles["charge_mwms"] = np.rint([0.2, 0.3, 0.5] * world.batteries["capacity_mwms"][[0, 0, 1]])
    for v, at_ms in ((0, 0), (2, 1), (1, 2)):
        timer = world.timers[at_ms]
        timer["kind"], timer["who"], timer["epoch"], timer["at_ms"], timer["seq"] = REST, v, 0, at_ms, at_ms
    world.clock["timers"] = 3
    order: list[int] = []
    while len(order) < 3:
        fleet.advance(fleet.now_ms + MINUTE_MS)
        order += [v for v in np.flatnonzero(fleet.kwh()[:, 1] > 0).tolist() if v not in order]
    assert order == [0, 1, 2]
