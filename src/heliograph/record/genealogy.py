"""Genealogy: from a cell to its lot, steps, machines, moves, energy; and back from a machine to what went through it.

Everything is read from the record's tables; where a batch held several lots, all are named, and nothing is said that
the record does not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from heliograph.errors import NotFound
from heliograph.ids import CELL_EXAMPLE, CellName, LotName
from heliograph.record.columns import step_column
from heliograph.record.store import Record, Where

__all__ = [
    "CellTrace",
    "LotTrace",
    "MachineTrace",
    "MoveMade",
    "StepPassed",
    "Through",
    "trace_cell",
    "trace_lot",
    "trace_machine",
]


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """Part of an answer; times carry their zone."""


class StepPassed(_Told, frozen=True, kw_only=True):
    """One step of a cell, or of a part of a lot."""

    step_number: int
    step: str
    machine: str
    unit: int
    batch: int
    start: datetime
    """When the cell went in; of a lot: its first wafer."""
    end: datetime | None
    first: int
    last: int
    """Positions of the lot that were in the batch."""
    wafers: int
    lost: int
    wait_s: float
    late: bool
    shared_with: list[str]


class MoveMade(_Told, frozen=True, kw_only=True):
    """One move of the lot."""

    move: int
    carrier: str
    vehicle: str | None
    source: str
    target: str
    from_machine: str
    to_machine: str
    wanted: datetime
    taken: datetime | None
    placed: datetime | None
    loaded_m: float


class LotTrace(_Told, frozen=True, kw_only=True):
    """A lot and its way."""

    lot: str
    line: int
    released: datetime
    finished: datetime | None
    wafers: int
    lost: int
    cells: int
    steps: list[StepPassed]
    moves: list[MoveMade]


class CellTrace(_Told, frozen=True, kw_only=True):
    """A cell and its way."""

    cell: str
    lot: str
    line: int
    position: int
    basket: int
    slot: int
    made: datetime
    voc_mv: float
    isc_a: float
    ff_pct: float
    efficiency_pct: float
    power_w: float
    el_grade: str
    bin: str
    kwh: float
    kgco2: float
    steps: list[StepPassed]
    moves: list[MoveMade]


class Through(_Told, frozen=True, kw_only=True):
    """Wafers of one lot that went through a machine in one batch."""

    lot: str
    batch: int
    unit: int
    first: int
    last: int
    wafers: int
    start: datetime
    end: datetime | None
    shared_with: list[str]


class MachineTrace(_Told, frozen=True, kw_only=True):
    """All that went through a machine in some time."""

    machine: str
    unit: int | None
    step: str
    since: datetime
    until: datetime
    lots: list[Through]
    cells: list[str]
    """Finished cells of the record, by id."""


def _zoned(record: Record, moment: datetime | None) -> datetime | None:
    """A time of the tables (UTC without zone) in the plant's zone."""
    return None if moment is None else moment.replace(tzinfo=UTC).astimezone(record.start.tzinfo)


def _steps(record: Record, lot: str, position: int | None = None) -> list[StepPassed]:
    rows = record.rows("steps", None, [Where("lot", "is", lot)])
    if position is not None:
        rows = [row for row in rows if row["first"] <= position <= row["last"]]
    rows.sort(key=lambda row: (row["step_number"], row["start_utc"], row["first"]))
    return [
        StepPassed(
            start=_zoned(record, row["start_utc"]) or record.start,
            end=_zoned(record, row["end_utc"]),
            shared_with=row["shared_with"] or [],
            **{name: row[name] for name in _SAME_STEP},
        )
        for row in rows
    ]


_SAME_STEP = ("step_number", "step", "machine", "unit", "batch", "first", "last", "wafers", "lost", "wait_s", "late")
_SAME_MOVE = ("move", "carrier", "vehicle", "source", "target", "from_machine", "to_machine", "loaded_m")
_SAME_CELL = ("cell", "lot", "line", "basket", "slot", "voc_mv", "isc_a", "ff_pct", "efficiency_pct", "power_w")
_SAME_CELL_TOO = ("el_grade", "bin", "kwh", "kgco2")


def _moves(record: Record, lot: str) -> list[MoveMade]:
    columns = (*_SAME_MOVE, "wanted_utc", "taken_utc", "placed_utc")
    rows = sorted(record.rows("moves", columns, [Where("lot", "is", lot)]), key=lambda row: row["move"])
    return [
        MoveMade(
            wanted=_zoned(record, row["wanted_utc"]) or record.start,
            taken=_zoned(record, row["taken_utc"]),
            placed=_zoned(record, row["placed_utc"]),
            **{name: row[name] for name in _SAME_MOVE},
        )
        for row in rows
    ]


def trace_lot(record: Record, name: LotName) -> LotTrace:
    """A lot: every part of it in every batch, and every move.

    Raises:
        NotFound: the record does not hold it.
    """
    rows = record.rows("lots", None, [Where("lot", "is", name.id)])
    if not rows:
        raise _no_lot(record, name.id)
    row = rows[0]
    return LotTrace(
        released=_zoned(record, row["released_utc"]) or record.start,
        finished=_zoned(record, row["finished_utc"]),
        steps=_steps(record, name.id),
        moves=_moves(record, name.id),
        **{key: row[key] for key in ("lot", "line", "wafers", "lost", "cells")},
    )


def trace_cell(record: Record, name: CellName) -> CellTrace:
    """A cell: what it is, and where it has been.

    Raises:
        NotFound: the record does not hold it; the message says whether its lot is there, and what became of it.
    """
    found = record.read("cells", None, [Where("cell", "is", name.id)])
    if found.num_rows == 0:
        raise _no_cell(record, name)
    row = found.to_pylist()[0]
    steps = []
    for step in _steps(record, name.lot.id, name.position):
        at = _zoned(record, row[step_column(step.step_number - 1, "utc")])
        steps.append(msgspec.structs.replace(step, start=at or step.start, end=_cell_left(record, step, row)))
    return CellTrace(
        position=name.position,
        made=_zoned(record, row["made_utc"]) or record.start,
        steps=steps,
        moves=_moves(record, name.lot.id),
        **{key: row[key] for key in (*_SAME_CELL, *_SAME_CELL_TOO)},
    )


def trace_machine(
    record: Record, machine: str, unit: int | None, since: datetime | None, until: datetime | None
) -> MachineTrace:
    """All lots and cells that were in a machine (in one of its units) at some moment from `since` to `until`.

    Args:
        since, until: with zone; None: the record's start, end.
    Raises:
        NotFound: there is no such machine, or it has no such unit.
    """
    about = _machine(record, machine, unit)
    since, until = since or record.start, until or record.end
    low, high = (moment.astimezone(UTC).replace(tzinfo=None) for moment in (since, until))
    if about["step"] is None:
        return MachineTrace(machine=machine, unit=unit, step="", since=since, until=until, lots=[], cells=[])
    here = [Where("machine", "is", machine), *([Where("unit", "is", unit)] if unit is not None else [])]
    rows = [
        row
        for row in record.rows("steps", None, here)
        if row["start_utc"] < high and (row["end_utc"] is None or row["end_utc"] > low)
    ]
    rows.sort(key=lambda row: (row["start_utc"], row["batch"], row["before"], row["lot"]))
    lots = [
        Through(
            start=_zoned(record, row["start_utc"]) or record.start,
            end=_zoned(record, row["end_utc"]),
            shared_with=row["shared_with"] or [],
            **{key: row[key] for key in ("lot", "batch", "unit", "first", "last", "wafers")},
        )
        for row in rows
    ]
    cells = _cells_through(record, about, unit, rows, (low, high))
    return MachineTrace(
        machine=machine, unit=unit, step=about["step"], since=since, until=until, lots=lots, cells=cells
    )


def _cells_through(
    record: Record,
    about: dict[str, Any],
    unit: int | None,
    rows: Sequence[dict[str, Any]],
    between: tuple[datetime, datetime],
) -> list[str]:
    """Finished cells of these rows that were in the machine at some moment of the time between.

    A cell's own row says when it went in. When it came out is said by its own row only where the next machine stands
    connected behind, or the step is the last; else by its part of the batch.
    """
    if not rows:
        return []
    spans: dict[str, list[tuple[int, int]]] = {}
    for row in rows:
        spans.setdefault(row["lot"], []).append((row["first"], row["last"]))
    step = about["step_number"] - 1
    went_in = step_column(step, "utc")
    came_out = _came_out(record, about)
    where = [Where(step_column(step, "machine"), "is", about["machine"]), Where("lot", "in", frozenset(spans))]
    if unit is not None:
        where.append(Where(step_column(step, "unit"), "is", unit))
    found = record.read("cells", ["cell", "lot", went_in, *([came_out] if came_out else [])], where)
    names, lots = found["cell"].to_pylist(), found["lot"].cast("string").to_pylist()
    entered = found[went_in].to_pylist()
    left = found[came_out].to_pylist() if came_out else [between[1]] * len(names)
    cells: list[str] = []
    for cell, lot, begin, end in zip(names, lots, entered, left, strict=True):
        position = int(cell.rpartition("-")[2])
        if begin < between[1] and end > between[0] and any(a <= position <= b for a, b in spans[lot]):
            cells.append(cell)
    return cells


def _cell_left(record: Record, step: StepPassed, row: dict[str, Any]) -> datetime | None:
    """When a cell left a step: with its batch; on a lane, when the next connected machine took it; else not known."""
    about = _machine(record, step.machine, None)
    if about["mode"] != "lane":
        return step.end
    column = _came_out(record, about)
    return _zoned(record, row[column]) if column else None


def _came_out(record: Record, about: dict[str, Any]) -> str | None:
    """The column that says when each cell left the machine."""
    number = about["step_number"]
    machines = _machines(record)
    if number == max(row["step_number"] or 0 for row in machines):
        return "made_utc"
    head = about["behind"] or about["machine"]
    together = {row["step_number"] for row in machines if head in (row["machine"], row["behind"])}
    return step_column(number, "utc") if number + 1 in together else None


def _machines(record: Record) -> list[dict[str, Any]]:
    return record.rows("machines", ["machine", "step", "step_number", "units", "behind", "mode"])


def _machine(record: Record, machine: str, unit: int | None) -> dict[str, Any]:
    rows = _machines(record)
    for row in rows:
        if row["machine"] == machine:
            if unit is not None and not 1 <= unit <= row["units"]:
                raise NotFound(f"{machine} has no unit {unit}", hint=f"it has units 1 to {row['units']}")
            return row
    like = [row["machine"] for row in rows if machine.upper()[-4:] in row["machine"]] or [r["machine"] for r in rows]
    hint = f"machines are called like {', '.join(like[:6])}"
    raise NotFound(f"no machine {machine} in {record.where}", hint=hint)


def _no_lot(record: Record, lot: str) -> NotFound:
    known = record.read("lots", ["lot"])["lot"].to_pylist()
    span = f"it holds {known[0]} to {known[-1]}" if known else "it holds no lots"
    return NotFound(f"lot {lot} is not in {record.where}", hint=span, lot=lot)


def _no_cell(record: Record, name: CellName) -> NotFound:
    cell, lot = name.id, name.lot.id
    rows = record.rows("lots", None, [Where("lot", "is", lot)])
    if not rows:
        known = record.read("lots", ["lot"])["lot"].to_pylist()
        span = f"it holds lots {known[0]} to {known[-1]}" if known else f"a cell id looks like {CELL_EXAMPLE}"
        return NotFound(f"cell {cell}: its lot {lot} is not in {record.where}", hint=span, cell=cell)
    if name.position > rows[0]["wafers"]:
        hint = f"positions of {lot} run from 0001 to {rows[0]['wafers']:04d}"
        return NotFound(f"cell {cell}: its lot has no position {name.position}", hint=hint, cell=cell)
    for step in record.rows("steps", _LOST, [Where("lot", "is", lot)]):
        if name.position in (step["lost_positions"] or []):
            at = _zoned(record, step["end_utc"])
            said = f"it was lost at {step['step']}, {step['machine']}, by {at:%Y-%m-%d %H:%M:%S}"
            return NotFound(
                f"wafer {cell} never became a cell: {said}", hint=f"try `heliograph trace {lot}`", cell=cell
            )
    passed = [step.step for step in _steps(record, lot, name.position)]
    hint = f"its lot began {passed[-1] if passed else 'nothing'} last; try `heliograph trace {lot}`"
    return NotFound(f"cell {cell} did not leave the last step within the record", hint=hint, cell=cell)


_LOST = ("end_utc", "step", "machine", "lost_positions")
