"""The reference plant: deterministic, valid, and with the figures that it promises."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import msgspec
import pytest

from heliograph.plant.figures import cells_per_day, readings, step_figures
from heliograph.plant.lif import Lif, schema, write_lif
from heliograph.plant.model import Plant
from heliograph.plant.read import read_plant, shipped_plants
from heliograph.plant.topcon import SHIPPED, build
from heliograph.plant.write import plant_text, write_plant


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_what_ships_is_what_the_builder_builds(name: str):
    """To the byte; if the builder changes, `plants/` is written anew."""
    plant, lif = build(*SHIPPED[name], name)
    folder = shipped_plants()[name]

    assert (folder / "plant.toml").read_text(encoding="utf-8") == plant_text(plant)
    assert (folder / "layout.lif.json").read_bytes() == write_lif(lif)


@pytest.mark.parametrize(("lines", "vehicles"), [(1, 5), (3, 70)])
def test_a_written_plant_reads_back_as_it_was(lines: int, vehicles: int, tmp_path: Path):
    plant, lif = build(lines, vehicles)
    write_plant(tmp_path / "new", plant, lif)

    files = read_plant(tmp_path / "new")

    assert files.plant == plant
    assert files.layout == lif
    assert files.warnings == ()


@pytest.mark.parametrize(("lines", "vehicles"), [(1, 23), (2, 46), (20, 465)])
def test_the_same_arguments_give_the_same_bytes(lines: int, vehicles: int):
    one, other = build(lines, vehicles), build(lines, vehicles)

    assert plant_text(one[0]) == plant_text(other[0])
    assert write_lif(one[1]) == write_lif(other[1])


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_the_layout_validates_against_the_published_schema(name: str):
    raw = msgspec.json.decode((shipped_plants()[name] / "layout.lif.json").read_bytes())

    jsonschema.Draft7Validator(schema()).validate(raw)
    assert msgspec.convert(raw, Lif) == read_plant(name).layout


@pytest.fixture(scope="module")
def topcon() -> Plant:
    return read_plant("topcon").plant


def test_a_lot_makes_thirteen_transfers(topcon: Plant):
    """From the wafer store through eleven machines to the printing line, and from there to the cell store."""
    behind = {member for machine in topcon.machines for member in machine.members}
    line = [machine for machine in topcon.machines if machine.line == 1 and machine.id not in behind]
    served = {machine.equipment for machine in line if machine.in_ports}

    assert len(topcon.route) == 16
    assert len(served) == 13
    assert [machine.equipment for machine in topcon.machines if machine.line == 1 and machine.members] == ["PRN"]


def test_the_stores_stand_at_both_ends_of_a_lot(topcon: Plant):
    modes = {kind.code: kind.mode for kind in topcon.equipment}
    for machine in topcon.machines:
        if modes[machine.equipment] == "source":
            assert machine.out_ports and not machine.in_ports
        if modes[machine.equipment] == "sink":
            assert machine.in_ports and not machine.out_ports


def test_stockers_hold_all_carriers_so_that_nothing_locks(topcon: Plant):
    assert sum(stocker.slots for stocker in topcon.stockers) >= topcon.carriers.count


def test_a_tube_does_its_process_and_its_handling_within_its_cycle(topcon: Plant):
    """Units x batch / rate is the cycle of a tube; the process alone is never longer."""
    for kind in topcon.equipment:
        if kind.mode == "tube":
            cycle_s = kind.units * kind.batch * 3600 / kind.rate_per_h
            assert kind.process_s <= cycle_s <= kind.process_s * 1.25, kind.code


def test_printing_holds_the_plant_at_four_gigawatts(topcon: Plant):
    """By hand, where no machine waits for another: 4 % above the 4 GW a year that the twin makes."""
    figures = step_figures(topcon)
    per_day, bottleneck = cells_per_day(figures, topcon.lines)
    printing = next(step for step in figures if step.code == "PRN")

    assert bottleneck == "PRN"
    assert per_day == pytest.approx(1.04 * 1_302_000, rel=0.001)
    assert printing.available == pytest.approx(0.844, abs=0.002)
    assert pytest.approx(printing.available / (1 - printing.planned_share)) == 1 / (
        1 + 0.0125 + 0.008 + 0.004 + 0.00625 + 0.0075
    )


def test_stops_calibrated_to_the_year_say_so(topcon: Plant):
    printing = next(kind for kind in topcon.equipment if kind.code == "PRN")

    assert {stop.state for stop in printing.downtime} == {"scheduled_downtime", "engineering", "non_scheduled"}
    assert {stop.note for stop in printing.downtime} == {"calibrated to 4 GW/yr"}
    assert max(stop.every_h for stop in printing.downtime) <= 12, "a day must hold its share of the year"


def test_only_the_third_reading_of_the_takt_is_possible(topcon: Plant):
    a, b, c = readings(topcon)

    assert [round(reading.cells_per_day) for reading in (a, b, c)] == [100_465, 803_721, 1_607_442]
    assert [round(reading.gw_per_year, 2) for reading in (a, b, c)] == [0.31, 2.47, 4.94]
    assert [round(reading.moves_per_vehicle_day) for reading in (a, b, c)] == [14, 112, 225]
    assert a.uptime_needed > b.uptime_needed > 1
    assert c.uptime_needed == pytest.approx(0.81, abs=0.001)


def test_electricity_adds_up_to_the_published_figure(topcon: Plant):
    kwh = topcon.energy.kwh_per_mwp * topcon.wafer.power_w / 1e6
    machines = sum(step.kwh_per_wafer for step in step_figures(topcon))

    assert kwh == pytest.approx(0.541, abs=0.001)
    assert machines / (1 - topcon.energy.facility_share) == pytest.approx(kwh, rel=0.002)


def test_estimates_carry_their_mark_in_the_file():
    text = (shipped_plants()["topcon"] / "plant.toml").read_text(encoding="utf-8")

    assert "batch = 2000  # est." in text
    assert "process_s = 9000.0\n" in text, "150 min of boron diffusion is published"
    assert "takt_s = 0.86\n" in text, "the headline is no estimate of ours"
    assert "count = 640  # est." in text


def test_the_small_plant_is_two_lines_and_twelve_vehicles():
    plant = read_plant("small").plant

    assert (plant.lines, plant.vehicles.count, len(plant.route)) == (2, 12, 16)


def test_the_small_plant_asks_as_much_of_its_vehicles_as_the_reference():
    """Twelve vehicles must be enough, or tests on it would see queues and nothing else."""
    small, reference = (readings(read_plant(name).plant)[2].moves_per_vehicle_day for name in ("small", "topcon"))

    assert small == pytest.approx(reference, rel=0.05)


def test_printing_holds_the_small_plant_too():
    plant = read_plant("small").plant
    per_day, bottleneck = cells_per_day(step_figures(plant), plant.lines)

    assert bottleneck == "PRN"
    assert per_day == pytest.approx(1.04 * 1_302_000 / 16, rel=0.001)
