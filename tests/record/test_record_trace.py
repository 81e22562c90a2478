"""Tracing: forward and back, the tables say what walking wafer by wafer through the daybook says."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from daybooks import walk
from recorded import Written

from heliograph.cli.main import main
from heliograph.daybook import NOT_YET_MS, Daybook
from heliograph.errors import NotFound, RunWrong
from heliograph.ids import cell_id, lot_id, parse_cell, parse_lot
from heliograph.plant.model import Plant
from heliograph.record.genealogy import trace_cell, trace_lot, trace_machine
from heliograph.record.store import Record, Where, open_folder, open_record

PREFIX = "SM251103"


def ms(record: Record, moment: Any) -> int:
    return round((moment - record.start).total_seconds() * 1000)


def finished(record: Record) -> list[str]:
    cells: list[str] = record.read("cells", ["cell"])["cell"].to_pylist()
    return cells


def test_a_cells_steps_machines_units_batches_and_times_are_those_of_the_daybook(
    plant: Plant, book: Daybook, written: Written
) -> None:
    record = written.record
    for cell in finished(record)[:: len(finished(record)) // 12]:
        name = parse_cell(cell)
        trace = trace_cell(record, name)
        way = {
            step: (machine, int(book.batches.unit[row]), int(book.batches.number[row]), enter, leave)
            for lot, position, step, row, enter, leave, machine in walk(book, plant, {name.lot.number})
            if position == name.position
        }
        assert [step.step for step in trace.steps] == plant.route
        for step in trace.steps:
            machine, unit, batch, enter, leave = way[step.step_number - 1]
            assert (step.machine, step.unit, step.batch, ms(record, step.start)) == (machine, unit, batch, enter)
            assert step.end is None or ms(record, step.end) == leave
            assert step.first <= name.position <= step.last
        assert ms(record, trace.made) == way[len(plant.route) - 1][4]
        # Only the inspection, a lane with no connected machine behind it, leaves open when this one cell came out.
        assert [step.step for step in trace.steps if step.end is None] == ["INS"]


def test_a_trace_tells_basket_and_slot_test_values_energy_and_carbon(plant: Plant, written: Written) -> None:
    cell = next(cell for cell in finished(written.record) if cell.endswith("-0901"))
    trace = trace_cell(written.record, parse_cell(cell))

    assert (trace.position, trace.basket, trace.slot) == (901, 10, 1)
    assert trace.power_w == trace.voc_mv / 1000 * trace.isc_a * trace.ff_pct / 100
    assert trace.kgco2 == pytest.approx(trace.kwh * plant.energy.grid_kgco2_per_kwh, abs=1e-6)
    assert 0.3 < trace.kwh < 1.0


def test_a_trace_names_every_carrier_and_vehicle_that_moved_the_lot(book: Daybook, written: Written) -> None:
    name = parse_cell(finished(written.record)[2000])
    trace = trace_cell(written.record, name)
    moves = np.flatnonzero(book.moves.lot == name.lot.number)

    assert [move.move for move in trace.moves] == book.moves.number[moves].tolist()
    assert [move.vehicle for move in trace.moves] == [f"V{v:03d}" for v in book.moves.vehicle[moves].tolist()]
    assert [move.carrier for move in trace.moves] == [f"K{c:04d}" for c in book.moves.carrier[moves].tolist()]
    assert {move.to_machine for move in trace.moves} >= {f"L{trace.line}-{code}1" for code in ("INS", "BDF", "PRN")}


@pytest.mark.parametrize(("code", "unit"), [("BDF", 2), ("TOX", None), ("TEX", None), ("TST", 1), ("FIR", None)])
def test_back_from_a_machine_come_exactly_the_cells_that_were_in_it(
    plant: Plant, book: Daybook, written: Written, code: str, unit: int | None
) -> None:
    """In the machine at some moment of the time asked for; of the finished cells of the record."""
    machine, record = f"L1-{code}1", written.record
    step = plant.route.index(code)
    made = set(finished(record))
    passed = [(e, v) for *_, s, _, e, v, m in walk(book, plant) if s == step and m == machine]
    middle = int(np.median([enter for enter, _ in passed]))
    low, high = middle, middle + 1_800_000
    lots = {parse_cell(cell).lot.number for cell in made}
    low, high = (low, high) if step < 10 else (600_000, 1_500_000)
    meant = {
        cell_id(lot_id(PREFIX, lot), position)
        for lot, position, s, row, enter, leave, m in walk(book, plant, lots)
        if s == step
        and m == machine
        and (unit is None or book.batches.unit[row] == unit)
        and enter < high
        and (leave is None or leave > low)
    } & made
    since, until = (record.start + timedelta(milliseconds=at) for at in (low, high))
    trace = trace_machine(record, machine, unit, since, until)

    assert set(trace.cells) == meant
    assert trace.cells == sorted(trace.cells)
    assert {parse_cell(cell).lot.id for cell in trace.cells} <= {through.lot for through in trace.lots}


def test_forward_and_back_agree(written: Written) -> None:
    cell = finished(written.record)[777]
    trace = trace_cell(written.record, parse_cell(cell))
    tube = next(step for step in trace.steps if step.step == "PDF")

    back = trace_machine(written.record, tube.machine, tube.unit, tube.start, tube.end)
    assert cell in back.cells
    assert {through.lot for through in back.lots if through.batch == tube.batch} == {trace.lot, *tube.shared_with}


def test_a_lot_is_told_with_every_part_of_it(plant: Plant, written: Written) -> None:
    lot = parse_cell(finished(written.record)[0]).lot
    trace = trace_lot(written.record, lot)

    assert [step for step in plant.route if step not in {part.step for part in trace.steps}] == []
    assert sum(part.wafers for part in trace.steps if part.step == "INS") == trace.wafers
    assert trace.lost == sum(part.lost for part in trace.steps)


def test_a_lost_wafer_is_told_where_it_was_lost(plant: Plant, book: Daybook, written: Written) -> None:
    row = next(row for row in written.record.rows("steps") if row["lost_positions"])
    cell = cell_id(row["lot"], row["lost_positions"][0])

    with pytest.raises(NotFound, match=f"never became a cell: it was lost at {row['step']}, {row['machine']}"):
        trace_cell(written.record, parse_cell(cell))


def test_what_is_not_there_is_said_with_what_is(written: Written) -> None:
    record = written.record
    with pytest.raises(NotFound, match="its lot SM251103-99999 is not in") as told:
        trace_cell(record, parse_cell("SM251103-99999-0001"))
    assert "it holds lots SM251103-" in told.value.hint
    with pytest.raises(NotFound, match="its lot has no position 1001"):
        trace_cell(record, parse_cell(f"{finished(record)[0][:14]}-1001"))
    with pytest.raises(NotFound, match="lot SM251103-99999 is not in"):
        trace_lot(record, parse_lot("SM251103-99999"))
    with pytest.raises(NotFound, match="no machine L7-BDF1") as told:
        trace_machine(record, "L7-BDF1", None, None, None)
    assert "L1-BDF1" in told.value.hint
    with pytest.raises(NotFound, match="L1-BDF1 has no unit 7"):
        trace_machine(record, "L1-BDF1", 7, None, None)


def test_a_cell_in_process_at_the_end_is_not_called_finished(book: Daybook, written: Written) -> None:
    lot = int(np.flatnonzero(book.lots.finished_ms == NOT_YET_MS)[-1])
    while book.lots.lost_at[lot, 0] >= 0:
        lot -= 1

    with pytest.raises(NotFound, match="did not leave the last step within the record"):
        trace_cell(written.record, parse_cell(cell_id(lot_id(PREFIX, lot), 1)))


def test_files_on_discs_answer_as_the_folder_does(written: Written) -> None:
    """From seekable file objects under other folders, as the archive gives them."""

    def opener(path: Path) -> Callable[[], Any]:
        return lambda: io.BytesIO(path.read_bytes())

    files = {f"data/2025-11-03/record/{path.name}": opener(path) for path in written.pieces.files}
    record = open_record(files, "disc set X")
    cell = parse_cell(finished(written.record)[123])

    assert trace_cell(record, cell) == trace_cell(written.record, cell)
    ((cells,),) = record.connect().execute("SELECT count(*) FROM cells").fetchall()
    assert cells == len(finished(written.record))


def test_of_a_file_only_the_row_groups_that_can_hold_the_answer_are_read(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = Where("cell", "is", finished(written.record)[0])

    assert where.may_hold("SM251103-00000-0001", "SM251103-99999-9999")
    assert not where.may_hold("SM251103-99998-0001", "SM251103-99999-9999")
    assert Where("at", "from_to", (5, 9)).may_hold(8, 20)
    assert not Where("at", "from_to", (5, 9)).may_hold(9, 20)
    assert not Where("lot", "in", frozenset({"a", "z"})).may_hold("b", "y")


def test_what_is_no_record_is_said_so(tmp_path: Path, written: Written) -> None:
    with pytest.raises(NotFound, match="no such directory"):
        open_folder(tmp_path / "nothing")
    with pytest.raises(RunWrong, match="no record in it"):
        open_folder(tmp_path)
    cut = tmp_path / "cut"
    shutil.copytree(written.folder, cut)
    lots = cut / "record" / "lots.parquet"
    lots.write_bytes(lots.read_bytes()[:-100])
    with pytest.raises(RunWrong, match=r"lots\.parquet in .*: not a whole Parquet file"):
        trace_lot(open_folder(cut), parse_lot("SM251103-00006"))
    lots.write_bytes((written.folder / "record" / "lots.parquet").read_bytes())
    (cut / "record" / "steps.parquet").unlink()
    with pytest.raises(RunWrong, match="holds no table 'steps'"):
        trace_lot(open_folder(cut), parse_lot(finished(written.record)[0][:14]))


def test_the_command_prints_one_json_document(written: Written, capsys: pytest.CaptureFixture[str]) -> None:
    cell = finished(written.record)[42]
    assert main(["trace", cell, "--from", str(written.folder), "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert document["cell"] == cell
    assert len(document["steps"]) == 16
    assert document["steps"][0]["start"].endswith("+08:00")


def test_the_command_draws_a_table_of_steps(written: Written, capsys: pytest.CaptureFixture[str]) -> None:
    cell = finished(written.record)[42]
    assert main(["trace", cell, "--from", str(written.folder)]) == 0

    shown = capsys.readouterr().out
    assert cell in shown and "L1-BDF1" in shown and "kgCO2" in shown


def test_the_command_takes_a_machine_and_times_of_the_day(written: Written, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["trace", "--machine", "L1-TST1", "--between", "00:10", "00:20", "--from", str(written.folder)]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["since"] == "2025-11-03T00:10:00+08:00"
    assert len(document["cells"]) > 10

    assert main(words) == 0
    assert "finished cells of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["trace", "nonsense"], 2, "'nonsense' is not a cell id"),
        (["trace"], 2, "no cell, lot or machine given"),
        (["trace", "SM251103-00042-0001", "--unit", "3"], 2, "--unit and --between need --machine"),
        (["trace", "--machine", "L1-BDF1", "--between", "noon", "13:00"], 2, "'noon' is not a time"),
        (["trace", "--machine", "L1-BDF1", "--between", "12:99", "13:00"], 2, "'12:99' is not a time"),
        (["trace", "--machine", "L1-BDF1", "--between", "14:00", "13:00"], 2, "13:00 is not after 14:00"),
        (["trace", "SM251103-99999-0001"], 6, "its lot SM251103-99999 is not in"),
        (["trace", "SM251103-00042-0001", "--machine", "L1-BDF1"], 2, "one or the other"),
        (["trace", "--machine", "l1-bdf1", "--unit", "0"], 6, "L1-BDF1 has no unit 0"),
    ],
)
def test_a_mistake_gets_one_line_a_hint_and_its_exit_code(
    written: Written, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    assert main([*words, "--from", str(written.folder)]) == code

    told = capsys.readouterr().err
    assert said in told
    assert "hint: " in told
    assert "Traceback" not in told


def test_without_from_the_last_run_here_is_taken(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(written.folder, tmp_path / "runs" / "monday")
    monkeypatch.chdir(tmp_path)
    assert main(["trace", finished(written.record)[0], "--json"]) == 0

    monkeypatch.chdir(tmp_path / "runs" / "monday" / "record")
    assert main(["trace", finished(written.record)[0]]) == 6
    assert "no run here" in capsys.readouterr().err


def test_two_runs_at_once_are_refused(written: Written, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(written.folder, tmp_path / "other")
    words = ["trace", "SM251103-00042-0001", "--from", str(written.folder), "--from", str(tmp_path / "other")]

    assert main(words) == 2
    assert "give one run, or disc images only" in capsys.readouterr().err
