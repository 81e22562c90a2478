"""What the passages of some lots say, summed up: rows of the `steps` table, rows of `lots`, and the wafers counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from heliograph.daybook import F64, I16, I32, I64, Daybook
from heliograph.measured import EL_GRADES, Cells
from heliograph.passages import NEVER, Floor, Noted, Passages, PlacedParts, parts_of, take

__all__ = ["Count", "LotRows", "StepRows", "count_wafers", "join_rows", "lot_rows", "running_takt_ms", "step_rows"]

LONG_AGO = np.iinfo(np.int64).min


class StepRows(NamedTuple):
    """One row a part and step; see the table `steps`."""

    lot: I32
    step: I16
    machine: I16
    unit: I16
    batch: I64
    first: I16
    last: I16
    before: I32
    wafers: I32
    lost: I32
    downgraded: I32
    start_ms: I64
    end_ms: I64
    wait_ms: I64


class LotRows(NamedTuple):
    """One row a lot."""

    lot: I32
    lost: I32
    cells: I32
    steps_done: I16


class Count(NamedTuple):
    """Wafers of some lots: in process at the start, released, lost, out, in process at the end."""

    at_start: int
    tested_at_start: int
    """Cells that had left the last step before the record, and whose lot had not been stored."""
    released: int
    scrapped: int
    out: int
    in_process: int
    scrapped_at: I64
    """(steps,) of `scrapped`, by step."""


def step_rows(book: Noted, floor: Floor, passages: Passages, cells: Cells) -> StepRows:
    """Sum up each part of a lot in a batch at each step that its machine, or one behind it, does."""
    parts = parts_of(book, floor, passages.lots)
    flawed = np.zeros(passages.lost_at.shape, bool)
    flawed[cells.at[cells.el_grade != EL_GRADES.index("A")]] = True
    pieces = []
    for head_step in np.unique(parts.step).tolist():
        mine = slice(*np.searchsorted(parts.step, [head_step, head_step + 1]).tolist())
        its = take(parts, mine)
        heads = np.unique(book.batches.machine[its.row])
        for step in np.flatnonzero(np.any(floor.at_step[:, heads] >= 0, axis=1)).tolist():
            pieces.append(_rows_of_step(book, floor, passages, its, step, flawed))
    return join_rows(pieces)


def join_rows(pieces: Sequence[StepRows]) -> StepRows:
    """All rows in the order of the table."""
    if not pieces:
        return StepRows(*[np.zeros(0, np.int64)] * len(StepRows._fields))  # type: ignore[arg-type]
    rows = StepRows(*[np.concatenate(columns) for columns in zip(*pieces, strict=True)])
    return take(rows, np.lexsort((rows.first, rows.step, rows.lot)))


def _rows_of_step(
    book: Noted, floor: Floor, passages: Passages, its: PlacedParts, step: int, flawed: np.ndarray
) -> StepRows:
    start = np.searchsorted(passages.lots, its.lot) * floor.slots + its.first - 1
    ends = np.cumsum(its.length)
    begins = ends - its.length
    at = np.arange(ends[-1]) + np.repeat(start - begins, its.length)
    began = passages.batch[step][at] >= 0

    def most(values: I64) -> I64:
        return np.maximum.reduceat(np.where(began, values, LONG_AGO), begins)

    def count(which: np.ndarray) -> I32:
        return np.add.reduceat((began & which).astype(np.int32), begins)

    released = np.repeat(book.lots.released_ms[its.lot], its.length)
    ready = most(passages.leave_ms[step - 1][at] if step else released)
    went_in = np.minimum.reduceat(passages.enter_ms[step][at], begins)
    wafers = count(began)
    some = wafers > 0
    last_step = step == floor.steps - 1
    rows = StepRows(
        lot=its.lot,
        step=np.full(len(some), step, np.int16),
        machine=floor.at_step[step, book.batches.machine[its.row]],
        unit=book.batches.unit[its.row],
        batch=book.batches.number[its.row],
        first=its.first.astype(np.int16),
        last=(its.first + its.length - 1).astype(np.int16),
        before=its.rank.astype(np.int32),
        wafers=wafers,
        lost=count(passages.lost_at[at] == step),
        downgraded=count(flawed[at]) if last_step else np.zeros(len(some), np.int32),
        start_ms=went_in,
        end_ms=most(passages.leave_ms[step][at]),
        wait_ms=np.maximum(went_in - ready, 0),
    )
    return take(rows, some)


def lot_rows(floor: Floor, passages: Passages, cells: Cells) -> LotRows:
    """Sum up each lot."""
    shape = len(passages.lots), floor.slots
    made = np.zeros(passages.lost_at.shape, bool)
    made[cells.at] = True
    done = np.zeros(len(passages.lots), np.int16)
    for step in range(floor.steps):
        alive = (passages.lost_at < 0) | (passages.lost_at > step)
        left = (passages.leave_ms[step] != NEVER) | ~alive
        done += left.reshape(shape).all(axis=1) & (done == step)
    lost = (passages.lost_at >= 0).reshape(shape).sum(axis=1)
    return LotRows(passages.lots, lost.astype(np.int32), made.reshape(shape).sum(axis=1).astype(np.int32), done)


def count_wafers(book: Daybook, floor: Floor, passages: Passages) -> Count:
    """Count wafers in, out, lost and in process: each wafer by its own moments, within the record or before it."""
    lost = passages.lost_at >= 0
    gone_at = passages.leave_ms[-1].copy()
    for step in range(floor.steps):
        here = passages.lost_at == step
        gone_at[here] = passages.leave_ms[step][here]
    released = np.repeat(book.lots.released_ms[passages.lots], floor.slots)
    within = (gone_at >= 0) & (gone_at < book.until_ms)
    return Count(
        at_start=int(np.count_nonzero((released < 0) & (gone_at >= 0))),
        tested_at_start=int(np.count_nonzero((gone_at < 0) & ~lost)),
        released=int(np.count_nonzero((released >= 0) & (released < book.until_ms))),
        scrapped=int(np.count_nonzero(within & lost)),
        out=int(np.count_nonzero(within & ~lost)),
        in_process=int(np.count_nonzero((released < book.until_ms) & (gone_at >= book.until_ms))),
        scrapped_at=np.bincount(passages.lost_at[within & lost], minlength=floor.steps),
    )


def running_takt_ms(book: Daybook, floor: Floor, passages: Passages, cells: Cells) -> F64:
    """Times between two cells that follow each other out of one lane of the last step; one array for all lanes."""
    row = passages.batch[-1][cells.at]
    lane = book.batches.machine[row].astype(np.int64) * 1000 + book.batches.unit[row]
    made = passages.leave_ms[-1][cells.at]
    order = np.lexsort((made, lane))
    between: F64 = np.diff(made[order])[np.diff(lane[order]) == 0].astype(np.float64)
    return between
