"""The cells: what the tester says follows from where a cell has been, and from nothing else."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from recorded import Made, make

from heliograph.daybook import E10_STATES, NOT_YET_MS, Daybook
from heliograph.measured import Cells
from heliograph.passages import Passages, floor_of, lots_in_record, pass_lots
from heliograph.plant.model import Electrical, Plant
from heliograph.twin.cells import unit_effects
from heliograph.twin.energy import facility_kw, read_meters


def drawn(book: Daybook, made: Made) -> tuple[Passages, Cells]:
    passages = pass_lots(book, made.floor, lots_in_record(book))
    return passages, made.draw(passages)


def with_electrical(plant: Plant, code: str, electrical: Electrical) -> Plant:
    """The plant with the effects of one equipment type, and no other."""
    kinds = [
        msgspec.structs.replace(kind, electrical=electrical if kind.code == code else Electrical())
        for kind in plant.equipment
    ]
    return msgspec.structs.replace(plant, equipment=kinds)


def test_power_and_efficiency_are_exactly_what_voltage_current_and_fill_factor_give(
    plant: Plant, book: Daybook, made: Made
) -> None:
    _, cells = drawn(book, made)

    assert len(cells.at) > 1_000
    assert (cells.power_w == cells.voc_mv / 1000 * cells.isc_a * cells.ff_pct / 100).all()
    assert (cells.efficiency_pct == cells.power_w / (plant.wafer.area_cm2 * 0.1) * 100).all()


def test_cells_are_near_the_plants_nominal_efficiency_and_spread_like_a_good_line(
    plant: Plant, book: Daybook, made: Made
) -> None:
    _, cells = drawn(book, made)

    assert cells.efficiency_pct.mean() == pytest.approx(plant.wafer.efficiency_pct, abs=0.15)
    assert 0.05 < cells.efficiency_pct.std() < 0.3


def test_the_same_seed_gives_the_same_cells_and_another_seed_does_not(plant: Plant, book: Daybook, made: Made) -> None:
    _, cells = drawn(book, made)
    _, again = drawn(book, make(plant, book))
    other_book = book._replace(seed=2)
    _, other = drawn(other_book, make(plant, other_book))

    assert all(np.array_equal(one, two) for one, two in zip(cells, again, strict=True))
    assert not np.array_equal(cells.voc_mv, other.voc_mv)


def test_a_cell_is_the_same_however_long_the_record_is(plant: Plant, book: Daybook, made: Made) -> None:
    passages, cells = drawn(book, made)
    short = book._replace(until_ms=book.until_ms // 2)
    short_passages, fewer = drawn(short, make(plant, short))

    def by_place(passages: Passages, cells: Cells) -> dict[tuple[int, int], float]:
        row, position = np.divmod(cells.at, made.floor.slots)
        keys = zip(passages.lots[row].tolist(), position.tolist(), strict=True)
        return dict(zip(keys, cells.voc_mv.tolist(), strict=True))

    long_cells, short_cells = by_place(passages, cells), by_place(short_passages, fewer)
    assert 0 < len(short_cells) < len(long_cells)
    assert all(long_cells[key] == voc for key, voc in short_cells.items())


def test_a_bad_tube_shows_up_in_efficiency_by_tube(plant: Plant, book: Daybook) -> None:
    """Tubes differ by 1 % (relative); the mean of each tube's cells tells how, to a tenth of that."""
    spread = with_electrical(plant, "TOX", Electrical(unit_pct=1.0))
    made = make(spread, book)
    passages, cells = drawn(book, made)
    batch = passages.batch[spread.route.index("TOX")][cells.at]
    machine, unit = book.batches.machine[batch], book.batches.unit[batch]
    truth = unit_effects(spread, made.floor, book.machine_ids, book.seed)

    found, meant = [], []
    for number, tube in sorted({*zip(machine.tolist(), unit.tolist(), strict=True)}):
        its = (machine == number) & (unit == tube)
        found.append(cells.efficiency_pct[its].mean() / plant.wafer.efficiency_pct * 100 - 100)
        meant.append(truth[number, tube])
    assert len(found) >= 10
    assert np.corrcoef(found, meant)[0, 1] > 0.99
    assert int(np.argmin(found)) == int(np.argmin(meant))


def test_a_machine_drifts_from_one_clean_to_the_next(plant: Plant, book: Daybook) -> None:
    drifting = with_electrical(plant, "PRN", Electrical(drift_pct_per_day=20.0))
    clean_ms = 3_600_000
    printing = [i for i, name in enumerate(book.machine_ids) if "PRN" in name]
    states = book.states._replace(
        machine=np.append(book.states.machine, printing).astype(np.int16),
        state=np.append(book.states.state, [E10_STATES.index("scheduled_downtime")] * len(printing)).astype(np.int8),
        reason=[*book.states.reason, *["screen change"] * len(printing)],
        start_ms=np.append(book.states.start_ms, [clean_ms - 1] * len(printing)),
        end_ms=np.append(book.states.end_ms, [clean_ms] * len(printing)),
    )
    cleaned = book._replace(states=states)
    passages, cells = drawn(cleaned, make(drifting, cleaned))
    went_in = passages.enter_ms[plant.route.index("PRN")][cells.at]
    before = cells.efficiency_pct[(went_in > clean_ms - 600_000) & (went_in < clean_ms)].mean()
    after = cells.efficiency_pct[(went_in > clean_ms + 200_000) & (went_in < clean_ms + 800_000)].mean()

    assert after / before == pytest.approx(1.13, abs=0.02)  # 15 hours at 20 % a day are gone, 12.5 %


def test_downgraded_cells_are_bin_b_and_as_many_as_the_plant_says(plant: Plant, book: Daybook, made: Made) -> None:
    _, cells = drawn(book, made)
    flawed = cells.el_grade > 0

    assert flawed.mean() == pytest.approx(0.008, abs=0.003)
    assert (np.array(cells.bins)[cells.bin[flawed]] == "B").all()
    classes = np.array([float(name) for name in cells.bins[:-1]])
    low = classes[cells.bin[~flawed]]
    assert ((cells.efficiency_pct[~flawed] >= low) & (cells.efficiency_pct[~flawed] < low + 0.1000001)).all()


def test_a_cell_of_a_half_full_tube_takes_twice_the_tubes_electricity(plant: Plant, book: Daybook) -> None:
    floor = floor_of(plant, book.machine_ids)
    meters = read_meters(plant, book, floor)
    kinds = {kind.code: kind for kind in plant.equipment}
    step = plant.route.index("BDF")
    rows = np.flatnonzero(floor.step[book.batches.machine] == step)
    wafers, kwh = book.batches.wafers[rows], meters.wafer_kwh[step, rows]

    assert (np.abs(kwh * wafers - kinds["BDF"].kwh_per_wafer * kinds["BDF"].batch) < 1e-9).all()


def test_the_facility_takes_its_share_of_the_years_electricity(plant: Plant, book: Daybook, made: Made) -> None:
    mwp = plant.takt.capacity_gw_per_year * 1000
    whole_year = facility_kw(plant) * 8760

    assert whole_year == pytest.approx(plant.energy.facility_share * plant.energy.kwh_per_mwp * mwp)
    assert made.meters.facility_kwh.sum() == pytest.approx(facility_kw(plant) * 2)


def test_all_that_the_batches_took_is_on_the_meters(plant: Plant, book: Daybook, made: Made) -> None:
    """Of batches that lie wholly within the record, counted one by one."""
    step = plant.route.index("FSN")
    kind = next(kind for kind in plant.equipment if kind.code == "FSN")
    for number in np.flatnonzero(made.floor.step == step):
        its = book.batches.machine == number
        start, end = book.batches.start_ms[its], book.batches.end_ms[its]
        end = np.where(end == NOT_YET_MS, start + round(kind.process_s * 1000), end)
        within = np.clip(np.minimum(end, book.until_ms) - np.maximum(start, 0), 0, None) / (end - start)
        assert made.meters.machine_kwh[number].sum() == pytest.approx(within.sum() * kind.batch * kind.kwh_per_wafer)
