"""Batteries: what is used and charged adds up, nobody runs dry, and who is low takes no move."""

from __future__ import annotations

import numpy as np
import pytest
from floors import Floor, fleet_of, ring, streets

from heliograph.commands import Move
from heliograph.fleet import STATES, Fleet, check_tracks
from heliograph.units import HOUR_MS, MINUTE_MS

STATIONS = [f"b{i}" for i in range(20)]


def test_energy_used_is_power_times_time_in_each_state():
    """To the rounding of the last digit; the charge is what there was, minus used, plus charged."""
    vehicles = fleet_of(6, STATIONS[:8], STATIONS[8:10])
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
    fleet._world.vehicles["charge_mwms"] = round(0.31 * fleet._world.clock["capacity_mwms"][0])
    fleet.want(Move(0, 0, -1, "b2", "b3", 0, 0))
    fleet.assign(0)
    floor = Floor(fleet, ["b2", "b3"])
    floor.wanted = 1
    fleet._world.vehicles["charge_mwms"] = round(0.30 * fleet._world.clock["capacity_mwms"][0])
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
    fleet._world.vehicles["charge_mwms"] = round(0.5 * fleet._world.clock["capacity_mwms"][0])
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
