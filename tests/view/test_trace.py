"""The trace page's answers, held against the Parquet tables by DuckDB: the way, who shared a tube, where it stands."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from recorded_day import ms, open_day

from heliograph.errors import NotFound, UsageWrong
from heliograph.view import Day
from heliograph.view.trace.told import MachineTraced, Together, TraceTold


@pytest.fixture(scope="module")
def base(run: Path) -> duckdb.DuckDBPyConnection:
    """Every table of the record as a view of its files."""
    connection = duckdb.connect()
    for table in ("cells", "lots", "steps", "moves", "energy", "states"):
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{run}/record/{table}*.parquet')")
    return connection


@pytest.fixture(scope="module")
def some(base: duckdb.DuckDBPyConnection) -> list[str]:
    cells = [cell for (cell,) in base.execute("SELECT cell FROM cells ORDER BY cell").fetchall()]
    return [str(cell) for cell in np.random.default_rng(7).choice(cells, 10)]


def rows(base: duckdb.DuckDBPyConnection, query: str, *values: object) -> list[tuple[Any, ...]]:
    return base.execute(query, list(values)).fetchall()


def traced(day: Day, thing: str) -> TraceTold:
    told = day.trace(thing, None, None, None)
    assert isinstance(told, TraceTold)
    return told


def test_a_cell_has_gone_the_way_that_its_row_says(day: Day, base: duckdb.DuckDBPyConnection, some: list[str]):
    for cell in some:
        told = traced(day, cell)
        (row,) = base.execute("SELECT * FROM cells WHERE cell = ?", [cell]).fetchall()
        about = dict(zip([column[0] for column in base.description or []], row, strict=True))
        assert (told.kind, told.id, told.lot, told.line) == ("cell", cell, about["lot"], about["line"])
        assert (told.basket, told.slot, told.position) == (about["basket"], about["slot"], int(cell[-4:]))
        assert told.made_ms == ms(day.record, about["made_utc"])
        assert told.test is not None and told.test.efficiency_pct == about["efficiency_pct"]
        assert (told.kwh, told.kgco2) == (about["kwh"], about["kgco2"])
        for step in told.steps:
            s = f"s{step.number:02d}"
            (batch,) = step.batches
            assert (step.machine, batch.unit) == (about[f"{s}_machine"], about[f"{s}_unit"])
            assert step.start_ms == ms(day.record, about[f"{s}_utc"])
            ((number, late, wait_s),) = rows(
                base,
                "SELECT batch, late, wait_s FROM steps WHERE lot = ? AND step = ? AND ? BETWEEN first AND last",
                told.lot,
                step.step,
                told.position,
            )
            assert (batch.batch, step.late, step.wait_s) == (number, late, wait_s)
        assert [step.number for step in told.steps] == list(range(1, 17))


def test_the_batches_of_a_cell_and_its_share_of_the_rest_are_all_its_electricity(
    day: Day, base: duckdb.DuckDBPyConnection, some: list[str]
):
    """What is left after the batches is the same for each cell: facility, vehicles and idle machines, by the meters."""
    left = [traced(day, cell).shared_kwh for cell in some]
    (kwh,) = rows(base, "SELECT sum(kwh) FROM energy WHERE part <> 'machine'")[0]
    idle_kw = {
        m.id: k.idle_kw for m in day.files.plant.machines for k in day.files.plant.equipment if k.code == m.equipment
    }
    idle = rows(
        base,
        "SELECT machine, sum(epoch_ms(end_utc) - epoch_ms(start_utc)) FROM states "
        "WHERE state <> 'productive' GROUP BY 1",
    )
    kwh += sum(idle_kw[machine] * spent / 3_600_000 for machine, spent in idle)
    (cells,) = rows(base, "SELECT count(*) FROM cells")[0]

    assert left == pytest.approx([kwh / cells] * len(left), abs=2e-6)
    grid = day.files.plant.energy.grid_kgco2_per_kwh
    for step in traced(day, some[0]).steps:
        assert step.kwh is not None and step.kgco2 == pytest.approx(step.kwh * grid)


def test_a_half_full_tube_takes_as_much_as_a_full_one(day: Day, base: duckdb.DuckDBPyConnection, some: list[str]):
    kinds = {kind.code: kind for kind in day.files.plant.equipment}
    for cell in some:
        for step in traced(day, cell).steps:
            kind = kinds[step.machine.split("-")[1][:3]]
            (batch,) = step.batches
            (wafers,) = rows(
                base, "SELECT sum(wafers) FROM steps WHERE batch = ? AND machine = ?", batch.batch, step.machine
            )[0]
            paid = wafers if kind.mode == "lane" else kind.batch
            assert step.kwh == pytest.approx(kind.kwh_per_wafer * paid / wafers)


def test_a_lot_names_every_batch_and_every_move(day: Day, base: duckdb.DuckDBPyConnection):
    lots = [lot for (lot,) in rows(base, "SELECT lot FROM lots ORDER BY lot")]
    for lot in lots[:: max(len(lots) // 12, 1)]:
        told = traced(day, lot)
        parts = rows(base, "SELECT step, machine, unit, batch, first, last, wafers FROM steps WHERE lot = ?", lot)
        found = [
            (step.step, step.machine, b.unit, b.batch, b.first, b.last, b.wafers)
            for step in told.steps
            for b in step.batches
        ]
        assert sorted(found) == sorted(parts)
        moves = [move for (move,) in rows(base, "SELECT move FROM moves WHERE lot = ? ORDER BY move", lot)]
        given = [move for step in told.steps for move in step.brought]
        assert sorted(move.move for move in (*given, *told.after)) == moves
        for step in told.steps:
            assert all(move.placed_ms is not None and move.placed_ms <= step.start_ms for move in step.brought)
        if told.kwh is not None:
            assert told.kwh == pytest.approx(sum(step.kwh or 0 for step in told.steps))


def test_all_that_shared_a_tube_are_there_and_no_others(day: Day, base: duckdb.DuckDBPyConnection, some: list[str]):
    for cell in some[:4]:
        for step in traced(day, cell).steps:
            (batch,) = step.batches
            told = day.together(step.machine, batch.unit, batch.batch)
            assert isinstance(told, Together)
            s = f"s{step.number:02d}"
            meant = rows(
                base,
                f"""SELECT c.cell, c.efficiency_pct, c.el_grade FROM cells c JOIN steps p ON c.lot = p.lot
                AND c.{s}_machine = p.machine AND c.{s}_unit = p.unit
                AND CAST(right(c.cell, 4) AS INT) BETWEEN p.first AND p.last
                WHERE p.machine = ? AND p.unit = ? AND p.batch = ? ORDER BY 1""",
                step.machine,
                batch.unit,
                batch.batch,
            )
            assert told.cells.cell == [name for name, _, _ in meant] and cell in told.cells.cell
            assert told.cells.el_grade == [grade for _, _, grade in meant]
            values = np.array([efficiency for _, efficiency, _ in meant])
            assert told.mean_pct == pytest.approx(values.mean(), abs=1e-4)
            assert told.sd_pct == pytest.approx(values.std(), abs=1e-4)
            assert sum(told.here) == len(meant)
            ((count, mean, spread),) = rows(
                base, "SELECT count(*), avg(efficiency_pct), stddev_pop(efficiency_pct) FROM cells"
            )
            assert (told.all_cells, sum(told.there)) == (count, count)
            assert (told.all_mean_pct, told.all_sd_pct) == (
                pytest.approx(mean, abs=1e-4),
                pytest.approx(spread, abs=1e-4),
            )
            named = {lot.lot for lot in told.lots} | set(told.elsewhere)
            assert named == {*batch.shared_with, cell[:14]}


@pytest.mark.parametrize(
    ("machine", "unit", "begin", "end"),
    [("L1-BDF1", None, 0, 3_600_000), ("L2-BDF1", 3, -36_000_000, 0), ("L1-TST1", None, 600_000, 1_200_000)],
)
def test_a_machine_names_the_batches_of_a_time(
    day: Day, base: duckdb.DuckDBPyConnection, machine: str, unit: int | None, begin: int, end: int
):
    told = day.trace(machine.lower(), unit, begin, end)

    assert isinstance(told, MachineTraced)
    query = "SELECT batch, unit, lot, first, last, start_utc, end_utc FROM steps WHERE machine = ?"
    parts = [
        (batch, its, lot, first, last)
        for batch, its, lot, first, last, start, out in rows(base, query, machine)
        if unit in (None, its) and ms(day.record, start) < end and ms(day.record, out) > begin
    ]
    found = [(one.batch, one.unit, lot.lot, lot.first, lot.last) for one in told.batches for lot in one.lots]
    assert sorted(found) == sorted(parts) != []
    s = f"s{told.number:02d}"
    cells = rows(base, f"SELECT cell FROM cells WHERE {s}_machine = ? ORDER BY cell", machine)
    of = {(lot, position) for _, _, lot, first, last in parts for position in range(first, last + 1)}
    assert told.cells.cell == [cell for (cell,) in cells if (cell[:14], int(cell[-4:])) in of]


@pytest.mark.parametrize("place", ["", "discs"])
def test_the_disc_that_is_named_holds_the_cell(run: Path, some: list[str], place: str):
    """Another program reads the label, and finds the files: from the run's folder and from its discs alike."""
    (disc,) = traced(open_day(run / place if place else run), some[0]).discs
    image = run / "discs" / disc.image
    label = subprocess.run(["isoinfo", "-d", "-i", image], capture_output=True, text=True, check=True).stdout
    inside = subprocess.run(["isoinfo", "-R", "-f", "-i", image], capture_output=True, text=True, check=True).stdout

    assert f"Volume id: {disc.volume}\n" in label
    assert disc.volume.startswith(disc.set_id)
    names = [file.rpartition("/")[2] for file in disc.files]
    assert {"lots.parquet", "steps.parquet", "moves.parquet"} < set(names)
    assert [name for name in names if name.startswith("cells-")] == [
        f"cells-L{traced(open_day(run), some[0]).line}.parquet"
    ]
    for name in names:
        assert f"/record/{name}" in inside


def test_a_record_away_from_its_discs_names_none(run: Path, tmp_path: Path, some: list[str]):
    (tmp_path / "record").symlink_to(run / "record")
    (tmp_path / "plant").symlink_to(run / "plant")

    assert traced(open_day(tmp_path), some[0]).discs == []


@pytest.mark.parametrize(
    "thing", ["L9-BDF1", "SM251103-99999", "SM251103-00001-9999", "", "<script>", "x" * 300, "V001"]
)
def test_what_is_no_cell_lot_or_machine_is_refused_by_name(day: Day, thing: str):
    with pytest.raises((NotFound, UsageWrong)):
        day.trace(thing, None, None, None)


def test_a_batch_or_a_unit_that_never_was_is_refused(day: Day):
    for ask in (
        lambda: day.together("L1-BDF1", 1, 999_999),
        lambda: day.together("<b>", 1, 1),
        lambda: day.trace("L1-BDF1", 7, 0, 1000),
        lambda: day.trace("L1-BDF1", None, 1000, 0),
    ):
        with pytest.raises((NotFound, UsageWrong)):
            ask()
