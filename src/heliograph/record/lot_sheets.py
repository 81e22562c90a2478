"""The tables made from passages: cells, steps and lots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from heliograph.daybook import I32
from heliograph.ids import lot_id
from heliograph.measured import EL_GRADES, Cells
from heliograph.passages import Floor, Passages, take
from heliograph.record.columns import step_column
from heliograph.record.frame import Coded, Values, fixed_text, or_never
from heliograph.record.passed import LotRows, StepRows
from heliograph.record.scribe import Scribe
from heliograph.units import SECOND_MS

__all__ = ["Lost", "cell_columns", "lost_wafers", "write_lots", "write_steps"]


class Lost(NamedTuple):
    """Wafers that were lost: lot, position from 1, step from 0."""

    lot: I32
    position: I32
    step: I32


def lost_wafers(floor: Floor, passages: Passages) -> Lost:
    """Find the lost wafers among some passages."""
    gone = np.flatnonzero(passages.lost_at >= 0)
    row, place = np.divmod(gone, floor.slots)
    return Lost(passages.lots[row], (place + 1).astype(np.int32), passages.lost_at[gone].astype(np.int32))


def cell_columns(scribe: Scribe, line: int, passages: Passages, cells: Cells) -> dict[str, Values]:
    plant, book, floor = scribe.plant, scribe.book, scribe.floor
    row, position = np.divmod(cells.at, floor.slots)
    lots = [lot_id(scribe.prefix, number) for number in passages.lots.tolist()]
    basket, slot = np.divmod(position, plant.carriers.slots_per_basket)
    columns: dict[str, Values] = {
        "cell": _cell_ids(lots, row, position + 1),
        "lot": Coded(row, lots),
        "line": np.full(len(row), line, np.int16),
        "basket": (basket + 1).astype(np.int16),
        "slot": (slot + 1).astype(np.int16),
        "made_utc": passages.leave_ms[-1][cells.at],
    }
    for step in range(floor.steps):
        batch = passages.batch[step][cells.at]
        machine = floor.at_step[step, book.batches.machine[batch]]
        used = np.unique(machine)
        code = np.zeros(len(floor.head) + 1, np.int32)
        code[used] = np.arange(len(used))
        columns[step_column(step, "machine")] = Coded(code[machine], [book.machine_ids[m] for m in used.tolist()])
        columns[step_column(step, "unit")] = book.batches.unit[batch]
        columns[step_column(step, "utc")] = passages.enter_ms[step][cells.at]
    columns |= {
        "voc_mv": cells.voc_mv,
        "isc_a": cells.isc_a,
        "ff_pct": cells.ff_pct,
        "efficiency_pct": cells.efficiency_pct,
        "power_w": cells.power_w,
        "el_grade": Coded(cells.el_grade, EL_GRADES),
        "bin": Coded(cells.bin, cells.bins),
        "kwh": cells.kwh,
        "kgco2": np.round(cells.kwh * plant.energy.grid_kgco2_per_kwh, 6),
    }
    return columns


def _cell_ids(lots: Sequence[str], row: np.ndarray, position: np.ndarray) -> Any:
    """Cell ids as Arrow strings: digits are computed, not printed."""
    width = {len(lot) for lot in lots}
    if len(width) > 1 or int(position.max(initial=0)) > 9999:
        return [f"{lots[r]}-{p:04d}" for r, p in zip(row.tolist(), position.tolist(), strict=True)]
    length = max(width, default=0)
    names = np.frombuffer("".join(lots).encode(), np.uint8).reshape(len(lots), length)
    text = np.empty((len(row), length + 5), np.uint8)
    text[:, :length] = names[row]
    text[:, length] = ord("-")
    for digit in range(4):
        text[:, length + 1 + digit] = position // 10 ** (3 - digit) % 10 + ord("0")
    return fixed_text(text)


def write_steps(scribe: Scribe, rows: StepRows, lost: Lost) -> Path:
    plant, book = scribe.plant, scribe.book
    late = set(zip(book.waits.lot.tolist(), book.waits.step.tolist(), strict=True))
    is_late = [pair in late for pair in zip(rows.lot.tolist(), rows.step.tolist(), strict=True)]
    values: dict[str, Values] = {
        "lot": scribe.lots(rows.lot),
        "step_number": (rows.step + 1).astype(np.int16),
        "step": Coded(rows.step, plant.route),
        "machine": Coded(rows.machine, book.machine_ids),
        "unit": rows.unit.astype(np.int16),
        "batch": rows.batch,
        "first": rows.first,
        "last": rows.last,
        "before": rows.before,
        "wafers": rows.wafers,
        "lost": rows.lost,
        "downgraded": rows.downgraded,
        "lost_positions": _lost_positions(scribe.floor, rows, lost),
        "start_utc": rows.start_ms,
        "end_utc": rows.end_ms,
        "wait_s": rows.wait_ms / SECOND_MS,
        "late": np.array(is_late, bool),
        "shared_with": _shared_with(scribe, rows),
    }
    return scribe.write("steps", values)


def _lost_positions(floor: Floor, rows: StepRows, lost: Lost) -> list[list[int] | None]:
    """Of each row, the positions of the wafers lost there: the row of a lot and step with the last `first` before."""
    positions: list[list[int] | None] = [None] * len(rows.lot)
    place = (rows.lot.astype(np.int64) * floor.steps + rows.step) * (floor.slots + 1) + rows.first
    of = (lost.lot.astype(np.int64) * floor.steps + lost.step) * (floor.slots + 1) + lost.position
    which = np.searchsorted(place, of, side="right") - 1
    for row, position in zip(which.tolist(), lost.position.tolist(), strict=True):
        held = positions[row]
        positions[row] = [position] if held is None else [*held, position]
    return positions


def _shared_with(scribe: Scribe, rows: StepRows) -> list[list[str] | None]:
    """The other lots of each row's batch, those that the record no longer holds included."""
    parts = scribe.book.parts
    order = np.lexsort((parts.lot, parts.batch))
    batch, lot = parts.batch[order], parts.lot[order]
    fresh = np.ones(len(batch), bool)
    fresh[1:] = (batch[1:] != batch[:-1]) | (lot[1:] != lot[:-1])
    batch, lot = batch[fresh], lot[fresh]
    begin, end = np.searchsorted(batch, rows.batch, "left"), np.searchsorted(batch, rows.batch, "right")
    shared: list[list[str] | None] = [None] * len(rows.lot)
    for row in np.flatnonzero(end - begin > 1).tolist():
        others = lot[begin[row] : end[row]].tolist()
        shared[row] = [lot_id(scribe.prefix, number) for number in others if number != rows.lot[row]]
    return shared


def write_lots(scribe: Scribe, rows: LotRows) -> Path:
    lots = take(scribe.book.lots, rows.lot)
    values: dict[str, Values] = {
        "lot": [lot_id(scribe.prefix, number) for number in rows.lot.tolist()],
        "number": rows.lot,
        "line": lots.line,
        "released_utc": lots.released_ms,
        "finished_utc": or_never(lots.finished_ms),
        "wafers": np.full(len(rows.lot), scribe.floor.slots, np.int32),
        "lost": rows.lost,
        "cells": rows.cells,
        "steps_done": rows.steps_done,
    }
    return scribe.write("lots", values)
