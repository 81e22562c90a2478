"""What the fleet notes of its batteries is true, and the judge finds every kind of wrong in it."""

from __future__ import annotations

import numpy as np
import pytest
from floors import Floor, fleet_of, streets

from heliograph.fleet import Fleet
from heliograph.fleet.check_batteries import check_batteries
from heliograph.units import MINUTE_MS

STATIONS = [f"b{i}" for i in range(20)]
PLAN = streets(4, 4, 20, 3)
VEHICLES = fleet_of(8, STATIONS[:8], STATIONS[8:11], capacity_kwh=0.5, idle_w=80.0)


@pytest.fixture(scope="module")
def floor() -> Floor:
    """A day of a hungry fleet, looked at every quarter of an hour."""
    floor = Floor(Fleet(PLAN, VEHICLES), STATIONS[11:], 1)
    floor.looked = []  # type: ignore[attr-defined]
    for quarter in range(1, 96):
        floor.run(quarter * 15 * MINUTE_MS, keep=8)
        floor.looked.append(floor.fleet.soc())  # type: ignore[attr-defined]
        floor.fleet.gauge()
    return floor


@pytest.fixture
def readings(floor: Floor) -> dict[str, np.ndarray]:
    """A copy to spoil."""
    return dict(zip(("vehicle", "at_ms", "permille"), floor.fleet.gauged().copy(), strict=True))


def judge(floor: Floor, readings: dict[str, np.ndarray]) -> list:
    return check_batteries(PLAN, VEHICLES, floor.fleet.tracks(), readings)


def test_readings_are_those_of_the_fleet_at_that_moment(floor, readings):
    for quarter, soc in enumerate(floor.looked, 1):
        now = np.flatnonzero(readings["at_ms"] == quarter * 15 * MINUTE_MS)[-8:]
        assert readings["vehicle"][now].tolist() == list(range(8))
        assert readings["permille"][now] / 1000 == pytest.approx(soc, abs=0.00051)


def test_a_reading_comes_with_every_carrier_set_down(floor, readings):
    """And the notes do not run out of room, however many they are."""
    known = set(zip(readings["vehicle"].tolist(), readings["at_ms"].tolist(), strict=True))
    moves = floor.fleet.moves()
    placed = {(v, at) for v, at in zip(moves["vehicle"].tolist(), moves["placed_ms"].tolist(), strict=True) if at > 0}
    assert len(placed) > 700 and placed <= known
    assert len(readings["at_ms"]) > 16 * 8 + 1024
    assert (np.diff(readings["at_ms"]) >= 0).all()


def test_what_was_charged_is_what_the_readings_rise(floor, readings):
    """Every charge has a reading at its begin and its end: between other readings a battery only falls."""
    rises = 0
    for vehicle in range(8):
        permille = readings["permille"][readings["vehicle"] == vehicle]
        rises += np.maximum(np.diff(permille), 0).sum()
    charged = floor.fleet.kwh()[:, 1].sum() / 0.5 * 1000
    assert rises == pytest.approx(charged, rel=0.03)


def test_a_sound_day_is_found_sound(floor, readings):
    assert judge(floor, readings) == []


def test_more_than_full_and_less_than_nothing_are_found(floor, readings):
    readings["permille"][100] = 1001
    assert "1001 ‰" in judge(floor, readings)[0].text
    readings["permille"][100] = -1
    assert judge(floor, readings)[0].kind == "battery"


def test_a_battery_that_rises_away_from_a_charger_is_found(floor, readings):
    """By one thousandth more than rounding can make of it is enough."""
    mine = np.flatnonzero(readings["vehicle"] == 2)
    falls = np.flatnonzero(np.diff(readings["permille"][mine]) < 0)
    one, two = mine[falls[5]], mine[falls[5] + 1]
    readings["permille"][two] = readings["permille"][one] + 1
    found = [v for v in judge(floor, readings) if "not on a charger" in v.text]
    assert [(v.vehicle, v.at_ms) for v in found] == [(2, readings["at_ms"][two])]


def test_a_battery_that_charges_or_empties_faster_than_it_can_is_found(floor, readings):
    mine = np.flatnonzero(readings["vehicle"] == 4)
    rises = np.flatnonzero(np.diff(readings["permille"][mine]) > 100)
    one = mine[rises[0]]
    readings["permille"][one] = 0
    said = [v.text for v in judge(floor, readings)]
    assert any("falls faster" in text for text in said)
    readings["permille"][one] = 300
    readings["at_ms"][mine[rises[0] + 1]] = readings["at_ms"][one] + 1
    assert any("rises faster" in v.text for v in judge(floor, readings))


def test_one_long_stay_on_a_charger_is_no_licence_for_another_vehicle(floor, readings):
    readings["vehicle"] = np.where(
        readings["vehicle"] == 0, 1, np.where(readings["vehicle"] == 1, 0, readings["vehicle"])
    )
    assert any("not on a charger" in v.text for v in judge(floor, readings))
