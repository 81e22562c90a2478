"""The tables: as the registry says, byte for byte the same again, and readable by others."""

from __future__ import annotations

import importlib.util
import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from daybooks import make_daybook, walk
from recorded import Written, write

from heliograph.daybook import Daybook
from heliograph.errors import CannotWrite
from heliograph.events import BatchStarted, CarrierTaken, MachineStateChanged, VehicleArrived, WafersLost
from heliograph.ids import lot_id
from heliograph.plant.model import Plant
from heliograph.record.columns import arrow_type, tables, tables_json, tables_text
from heliograph.record.events import event_columns
from heliograph.record.frame import arrow_table

ROOT = Path(__file__).parents[2]


def test_every_table_has_the_columns_types_units_and_meanings_of_the_registry(plant: Plant, written: Written) -> None:
    for table in tables(plant):
        for name, opener in written.record.files[table.name]:
            schema = pq.read_schema(opener())
            assert schema.names == [column.name for column in table.columns], name
            for column in table.columns:
                field = schema.field(column.name)
                assert field.type == arrow_type(column.kind), (name, column.name)
                assert field.metadata[b"unit"].decode() == column.unit
                assert field.metadata[b"description"].decode() == column.english
                assert field.metadata[b"description_zh"].decode() == column.chinese
                assert field.nullable == column.null


def test_a_column_that_may_not_be_empty_never_is(plant: Plant, written: Written) -> None:
    for table in tables(plant):
        data = written.record.read(table.name)
        for column in table.columns:
            assert column.null or data[column.name].null_count == 0, (table.name, column.name)


def test_the_description_for_the_disc_names_every_column_in_both_languages(plant: Plant) -> None:
    text, document = tables_text(plant), json.loads(tables_json(plant))

    assert {entry["table"] for entry in document["tables"]} == {table.name for table in tables(plant)}
    for table in tables(plant):
        for column in table.columns:
            assert f"| {column.name} | " in text
            assert column.english and column.chinese and column.english in text and column.chinese in text


def test_a_table_unlike_the_registry_is_refused(plant: Plant) -> None:
    lots = next(table for table in tables(plant) if table.name == "lots")

    with pytest.raises(ValueError, match="columns unlike the registry"):
        arrow_table(lots, {}, plant.calendar.start, {"lot": ["a"], "colour": ["red"]})


def test_the_same_run_gives_the_same_bytes_and_another_seed_does_not(
    plant: Plant, book: Daybook, written: Written, tmp_path: Path
) -> None:
    again = write(plant, book, tmp_path / "again")
    other = write(plant, book._replace(seed=2), tmp_path / "other")

    names = [path.name for path in written.pieces.files]
    assert [path.name for path in again.pieces.files] == names
    for name in names:
        assert (again.folder / "record" / name).read_bytes() == (written.folder / "record" / name).read_bytes(), name
    assert (other.folder / "record" / "cells-L1.parquet").read_bytes() != (
        written.folder / "record" / "cells-L1.parquet"
    ).read_bytes()


def test_duckdb_reads_every_file_and_counts_the_same_rows(written: Written) -> None:
    for path in written.pieces.files:
        ((count,),) = duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall()
        assert count == pq.ParquetFile(path).metadata.num_rows


def test_duckdb_answers_in_plain_sql(plant: Plant, written: Written) -> None:
    base = written.record.connect()
    ((cells, first, wrong),) = base.execute(
        "SELECT count(*), min(cell), max(abs(voc_mv / 1000 * isc_a * ff_pct / 100 - power_w)) FROM cells"
    ).fetchall()
    ((summed,),) = base.execute("SELECT sum(cells) FROM lots").fetchall()

    assert cells == summed == written.pieces.meters.cells
    assert first.startswith("SM251103-")
    assert wrong < 1e-12


def test_cells_are_sorted_and_small_row_groups_tell_where_one_is(written: Written) -> None:
    for _, opener in written.record.files["cells"]:
        ids = pq.read_table(opener(), columns=["cell"])["cell"].to_pylist()
        assert ids == sorted(ids)
        statistics = pq.ParquetFile(opener()).metadata.row_group(0).column(0).statistics
        assert (statistics.min, statistics.max) == (ids[0], ids[-1])


def test_in_is_out_and_scrapped_and_in_process(book: Daybook, written: Written) -> None:
    """The daybook's own count at the start, and each wafer's moments, make the same sum."""
    count = written.pieces.wafers

    assert book.alive_at_start == count.at_start + count.tested_at_start
    assert count.at_start + count.released == count.out + count.scrapped + count.in_process
    assert count.out == written.record.read("cells", ["cell"]).num_rows
    assert min(count.at_start, count.released, count.out, count.scrapped, count.in_process) > 0
    assert count.scrapped == count.scrapped_at.sum()


def test_lost_wafers_of_the_steps_table_are_those_of_the_daybook(plant: Plant, book: Daybook, written: Written) -> None:
    found = {
        (row["lot"], position, row["step_number"] - 1)
        for row in written.record.rows("steps", ["lot", "step_number", "lost_positions"])
        for position in row["lost_positions"] or []
    }
    kept = set(written.record.read("lots", ["number"])["number"].to_pylist())
    meant = {
        (lot_id("SM251103", lot), position, step)
        for lot, position, step, _, _, leave, _ in walk(book, plant, kept, lost_only=True)
        if leave is not None
    }

    assert found == meant
    assert len(meant) > 100


def test_the_slot_maps_of_a_step_hold_each_position_of_a_lot_at_most_once(written: Written) -> None:
    """And the wafers of a batch add up: the parts of all lots lie one behind the other."""
    spans: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    batches: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for row in written.record.rows("steps"):
        spans[row["lot"], row["step_number"]].append((row["first"], row["last"]))
        batches[row["batch"], row["step_number"]].append((row["before"], row["wafers"]))
        assert 0 < row["wafers"] <= row["last"] - row["first"] + 1
    for its in spans.values():
        its.sort()
        assert all(one[1] < two[0] for one, two in pairwise(its))
    for its in batches.values():
        its.sort()
        assert all(one[0] + one[1] <= two[0] for one, two in pairwise(its))


def test_a_shared_batch_names_the_other_lots_and_every_other_batch_none(book: Daybook, written: Written) -> None:
    lots_of: dict[int, set[str]] = defaultdict(set)
    for batch, lot in zip(book.parts.batch.tolist(), book.parts.lot.tolist(), strict=True):
        lots_of[batch].add(lot_id("SM251103", lot))

    shared = 0
    for row in written.record.rows("steps", ["lot", "batch", "shared_with"]):
        assert {row["lot"], *(row["shared_with"] or [])} == lots_of[row["batch"]]
        shared += row["shared_with"] is not None
    assert shared > 100


def test_a_lot_that_waited_too_long_is_marked_at_that_step_only(plant: Plant, book: Daybook, tmp_path: Path) -> None:
    lot = int(np.flatnonzero(book.lots.finished_ms > 0)[0])
    step = plant.route.index("ALO")
    late = book._replace(
        waits=book.waits._replace(
            lot=np.array([lot], np.int32),
            step=np.array([step], np.int8),
            at_ms=np.array([5]),
            waited_ms=np.array([9_000_000]),
        )
    )
    record = write(plant, late, tmp_path).record

    marked = {(row["lot"], row["step"]) for row in record.rows("steps", ["lot", "step", "late"]) if row["late"]}
    assert marked == {(lot_id("SM251103", lot), "ALO")}


def test_waits_run_from_leaving_one_step_to_beginning_the_next(written: Written) -> None:
    """Of lots whose wafers stayed together: no row starts before the step before it has ended."""
    for row in written.record.rows("steps", ["step_number", "wait_s", "step"]):
        assert row["wait_s"] >= 0
        if row["step"] in {"FIR", "LIN", "LEC", "TST"}:
            assert row["wait_s"] == 0  # connected: nothing waits


def test_states_of_each_machine_follow_each_other_and_fill_the_record(written: Written) -> None:
    rows = written.record.rows("states")
    for machine in {row["machine"] for row in rows}:
        stays = [row for row in rows if row["machine"] == machine]
        assert stays[0]["start_utc"].timestamp() < stays[-1]["end_utc"].timestamp()
        assert all(one["end_utc"] == two["start_utc"] for one, two in pairwise(stays))
        assert (stays[-1]["end_utc"] - stays[0]["start_utc"]).total_seconds() == 2 * 3600


def test_the_energy_table_adds_up_to_the_meters_and_carbon_to_the_grid_factor(plant: Plant, written: Written) -> None:
    rows = written.record.rows("energy")

    assert sum(row["kwh"] for row in rows) == pytest.approx(written.pieces.meters.total_kwh)
    assert sum(row["kgco2"] for row in rows) == pytest.approx(
        written.pieces.meters.total_kwh * plant.energy.grid_kgco2_per_kwh
    )
    assert {row["part"] for row in rows} == {"machine", "facility", "vehicles"}


def test_times_are_utc_and_the_zone_of_the_plant_is_told(written: Written) -> None:
    """Midnight in Shanxi is four in the afternoon of the day before in Greenwich."""
    first = min(row["start_utc"] for row in written.record.rows("states"))

    assert first.isoformat() == "2025-11-02T16:00:00"
    assert written.record.metadata["record_start"] == "2025-11-03T00:00:00.000+08:00"
    assert written.record.hours == 2


def test_events_of_every_kind_become_rows_with_their_own_fields_only(plant: Plant) -> None:
    events = (
        BatchStarted(-5, 1, "L1-BDF1", 2, 2000),
        CarrierTaken(1, "L1-BDF1-OUT1", 7, 3),
        VehicleArrived(2, 3, "L1-PARK1", -1),
        WafersLost(3, 12, "L1-TEX1", "TEX", (4, 5)),
        MachineStateChanged(3, "L1-BDF1", "standby", "starved"),
        BatchStarted(4, 2, "L1-BDF1", 2, 1999),
    )
    table = next(table for table in tables(plant) if table.name == "events")
    data = arrow_table(
        table, {}, plant.calendar.start, event_columns(events, "SM251103", [f"V{i:03}" for i in range(9)])
    )
    rows = [{key: value for key, value in row.items() if value is not None} for row in data.to_pylist()]
    for row in rows:
        row.pop("at_utc")

    assert rows == [
        {"number": 0, "kind": "CarrierTaken", "carrier": "K0007", "vehicle": "V003", "station": "L1-BDF1-OUT1"},
        {"number": 1, "kind": "VehicleArrived", "vehicle": "V003", "station": "L1-PARK1"},
        {
            "number": 2,
            "kind": "WafersLost",
            "lot": "SM251103-00012",
            "machine": "L1-TEX1",
            "step": "TEX",
            "positions": [4, 5],
        },
        {"number": 3, "kind": "MachineStateChanged", "machine": "L1-BDF1", "state": "standby", "reason": "starved"},
        {"number": 4, "kind": "BatchStarted", "machine": "L1-BDF1", "unit": 2, "batch": 2, "wafers": 1999},
    ]


def test_a_cold_start_with_no_cells_yet_writes_a_whole_record(plant: Plant, tmp_path: Path) -> None:
    book = make_daybook(plant, hours=1, warmup_h=0, every_s=900)
    written = write(plant, book, tmp_path)

    assert written.record.read("cells").num_rows == 0
    assert written.pieces.wafers.released == written.pieces.wafers.scrapped + written.pieces.wafers.in_process


def test_a_day_cut_into_files_of_tracks_keeps_every_claim_once(plant: Plant, tmp_path: Path) -> None:
    book = make_daybook(plant, hours=6, warmup_h=0, every_s=900, tracks_per_vehicle=500)
    record = write(plant, book, tmp_path).record

    assert len(record.files["tracks"]) == 2
    claimed = record.read("tracks", ["claimed_utc"])["claimed_utc"].cast(pa.int64()).to_numpy()
    start = int(plant.calendar.start.timestamp() * 1000)
    within = book.tracks.claimed_ms < book.until_ms
    assert sorted(claimed - start) == sorted(book.tracks.claimed_ms[within])


def test_a_directory_that_cannot_be_written_gives_one_line(plant: Plant, book: Daybook, tmp_path: Path) -> None:
    in_the_way = tmp_path / "run"
    in_the_way.write_text("a file, not a folder")

    with pytest.raises((CannotWrite, OSError)) as told:
        write(plant, book, in_the_way)
    assert "run" in str(told.value)


def test_an_interrupted_write_leaves_no_half_file(
    plant: Plant, book: Daybook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        Path(str(args[1])).write_bytes(b"PAR1")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("heliograph.record.frame.pq.write_table", full)
    with pytest.raises(CannotWrite, match="no space left on device"):
        write(plant, book, tmp_path)
    assert list((tmp_path / "record").iterdir()) == []


def test_plants_of_one_step_have_a_record_too(plant: Plant, tmp_path: Path) -> None:
    """Queueing experiments: a route of one step, no connected line."""
    route = ["INS"]
    alone = msgspec.structs.replace(plant, route=route)
    written = write(alone, make_daybook(alone, hours=2, warmup_h=0, every_s=900), tmp_path)

    assert written.pieces.wafers.out == written.record.read("cells").num_rows > 0


def test_the_document_prints_the_tables_of_the_registry() -> None:
    spec = importlib.util.spec_from_file_location("record_page", ROOT / "docs" / "record.py")
    assert spec is not None and spec.loader is not None
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)

    assert page.DOCUMENT.read_text("utf-8") == page.document(), "run `python docs/record.py`"
