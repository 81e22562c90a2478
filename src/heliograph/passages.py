"""Passages: which batch took each wafer at each step, when it went in and when it came out.

Worked out of the daybook, for whole lots at a time, as arrays with one element a wafer and step; `twin.cells` draws the
cells from them and `record` writes them down. A daybook holds batches only for machines that vehicles serve; here the
steps of the machines connected behind them are added: a wafer passes those on the same lane, each a fixed operating
time after the one before, and the whole connected line stands still together (see Stops).

What has not happened by the end of the record has the time NEVER: a passage that is only planned is not in the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import numpy as np

from heliograph.daybook import I8, I16, I32, I64, NOT_YET_MS, Batches, Lots, Parts, Stops
from heliograph.plant.model import Equipment, Plant
from heliograph.units import ms_from_s

__all__ = [
    "NEVER",
    "Floor",
    "Noted",
    "Passages",
    "PlacedParts",
    "ahead",
    "floor_of",
    "lots_in_record",
    "number_out",
    "parts_of",
    "pass_lots",
    "take",
]

NEVER: Final = np.iinfo(np.int64).max
"""The time of what has not happened."""


class Noted(Protocol):
    """What passages follow from: a daybook, or as much of one."""

    @property
    def batches(self) -> Batches: ...
    @property
    def parts(self) -> Parts: ...
    @property
    def lots(self) -> Lots: ...
    @property
    def stops(self) -> Stops: ...
    @property
    def until_ms(self) -> int: ...


class Floor(NamedTuple):
    """Which machine does which step, numbered: machines as in the daybook, steps as in the route."""

    head: I16
    """(machines,) the machine that a vehicle serves and this one is connected behind; itself if none."""
    equipment: tuple[Equipment, ...]
    """(machines,) the type of each."""
    line: I16
    """(machines,) the line of each, from 1."""
    step: I16
    """(machines,) the step each does; -1: none (wafer store, cell store)."""
    at_step: I16
    """(steps, machines) the machine behind (or at) each head that does the step; -1: none."""
    enter_op_ms: I64
    """(steps, machines) operating time from entering the head to entering that machine."""
    leave_op_ms: I64
    """(steps, machines) operating time from entering the head to leaving that machine."""
    slots: int
    """Positions of a carrier."""

    @property
    def steps(self) -> int:
        """Steps of the route."""
        return len(self.at_step)


class Passages(NamedTuple):
    """The way of some lots through all steps; w wafers are lots x slots, in order of lot and position.

    One array for each step, not one for all: the allocator uses such sizes again, without new pages from the system.
    """

    lots: I32
    """(lots,) numbers, ascending."""
    batch: tuple[I32, ...]
    """(steps)(w,) row of the daybook's batches; -1: the wafer did not begin the step."""
    enter_ms: tuple[I64, ...]
    """(steps)(w,) NEVER where `batch` is -1."""
    leave_ms: tuple[I64, ...]
    """(steps)(w,) also NEVER while in process; a wafer that broke there is gone when its batch comes out."""
    lost_at: I8
    """(w,) the step at which the wafer was lost; -1: none. A loss after the end of the record is none."""


T = TypeVar("T", bound=tuple[Any, ...])


def take(rows: T, which: Any) -> T:
    """Some rows of a NamedTuple of columns."""
    kind: Any = type(rows)
    taken: T = kind(*(column[which] for column in rows))
    return taken


def floor_of(plant: Plant, machine_ids: tuple[str, ...]) -> Floor:
    """Number the machines and steps of a plant.

    Args:
        machine_ids: as in the daybook.
    """
    types = {kind.code: kind for kind in plant.equipment}
    machines = {machine.id: machine for machine in plant.machines}
    index = {name: i for i, name in enumerate(machine_ids)}
    step_of_type = {step.equipment: plant.route.index(step.code) for step in plant.steps if step.code in plant.route}
    count, steps = len(machine_ids), len(plant.route)
    head = np.arange(count, dtype=np.int16)
    step = np.array([step_of_type.get(machines[name].equipment, -1) for name in machine_ids], np.int16)
    at_step = np.full((steps, count), -1, np.int16)
    enter, leave = np.zeros((steps, count), np.int64), np.zeros((steps, count), np.int64)
    members = {name for machine in plant.machines for name in machine.members}
    for name in machine_ids:
        if name in members:
            continue
        passed = 0
        for behind in (name, *machines[name].members):
            head[index[behind]] = index[name]
            after = passed + ms_from_s(types[machines[behind].equipment].process_s)
            if (done := step[index[behind]]) >= 0:
                at_step[done, index[name]] = index[behind]
                enter[done, index[name]], leave[done, index[name]] = passed, after
            passed = after
    return Floor(
        head=head,
        equipment=tuple(types[machines[name].equipment] for name in machine_ids),
        line=np.array([machines[name].line for name in machine_ids], np.int16),
        step=step,
        at_step=at_step,
        enter_op_ms=enter,
        leave_op_ms=leave,
        slots=plant.wafers_per_carrier,
    )


def ahead(stop_op_ms: I64, stop_lost_ms: I64, op_ms: I64) -> I64:
    """Real time of operating times of one machine, from its stops in order (see daybook.Stops)."""
    if len(stop_op_ms) == 0:
        return op_ms
    lost = np.concatenate(([0], stop_lost_ms))
    real: I64 = op_ms + lost[np.searchsorted(stop_op_ms, op_ms, side="left")]
    return real


class PlacedParts(NamedTuple):
    """The slot maps of some lots: parts with their batch's row, in order of head step, lot and position."""

    lot: I32
    first: I64
    length: I64
    rank: I64
    row: I64
    step: I16
    """Step of the batch's machine, the head."""


def parts_of(book: Noted, floor: Floor, lots: I32) -> PlacedParts:
    """Find the parts of some lots (numbers), and order them."""
    order = np.argsort(book.batches.number, kind="stable")
    row = order[np.searchsorted(book.batches.number[order], book.parts.batch)]
    step = floor.step[book.batches.machine[row]]
    wanted = np.zeros(len(book.lots.line), bool)
    wanted[lots] = True
    keep = np.flatnonzero(wanted[book.parts.lot] & (step >= 0))
    lot, first = book.parts.lot[keep], book.parts.first[keep].astype(np.int64)
    by_place = np.lexsort((first, lot, step[keep]))  # lots of a step, and positions of a lot, lie side by side
    keep, first = keep[by_place], first[by_place]
    length = book.parts.last[keep].astype(np.int64) - first + 1
    return PlacedParts(lot[by_place], first, length, book.parts.rank[keep].astype(np.int64), row[keep], step[keep])


def pass_lots(book: Noted, floor: Floor, lots: I32) -> Passages:
    """Follow the wafers of some lots (numbers, ascending) through all steps."""
    wafers = len(lots) * floor.slots
    lost_at = book.lots.lost_at[lots].reshape(wafers)
    batch = tuple(np.full(wafers, -1, np.int32) for _ in range(floor.steps))
    enter = tuple(np.full(wafers, NEVER, np.int64) for _ in range(floor.steps))
    leave = tuple(np.full(wafers, NEVER, np.int64) for _ in range(floor.steps))
    for step, at, row, went_in, came_out in _passed(book, floor, lots, lost_at, range(floor.steps)):
        batch[step][at] = row
        enter[step][at] = went_in
        leave[step][at] = came_out
    for step in range(floor.steps):
        gone = np.flatnonzero(lost_at == step)
        # As the event log has it: a loss is seen when the batch comes out; before, there is none.
        out = np.where(batch[step][gone] >= 0, book.batches.end_ms[batch[step][gone]], NOT_YET_MS)
        leave[step][gone] = np.where((out == NOT_YET_MS) | (out >= book.until_ms), NEVER, out)
        lost_at[gone[leave[step][gone] == NEVER]] = -1
    return Passages(lots, batch, enter, leave, lost_at)


def _passed(
    book: Noted, floor: Floor, lots: I32, lost_at: I8, steps: range
) -> Iterator[tuple[int, I64, I64, I64, I64]]:
    """For each step: which wafers began it, in which batch (row), and the moments in and out."""
    parts = parts_of(book, floor, lots)
    for head_step in np.unique(parts.step).tolist():
        mine = slice(*np.searchsorted(parts.step, [head_step, head_step + 1]).tolist())
        rows, length = parts.row[mine], parts.length[mine]
        heads = np.unique(book.batches.machine[rows])
        does = [s for s in np.flatnonzero(np.any(floor.at_step[:, heads] >= 0, axis=1)).tolist() if s in steps]
        if not does:
            continue
        start = np.searchsorted(lots, parts.lot[mine]) * floor.slots + parts.first[mine] - 1
        ends = np.cumsum(length)
        at = np.arange(ends[-1]) + np.repeat(start - (ends - length), length)
        alive = (lost_at[at] < 0) | (lost_at[at] >= head_step)
        before = np.cumsum(alive) - alive
        nth = before - np.repeat(before[ends - length] - parts.rank[mine], length)
        at, row, nth = at[alive], np.repeat(rows, length)[alive], nth[alive]
        for step, went_in, came_out in _times(book, floor, does, heads, row, nth):
            here = ((lost_at[at] < 0) | (lost_at[at] >= step)) & (went_in < book.until_ms)
            out = came_out[here]
            yield step, at[here], row[here], went_in[here], np.where(out < book.until_ms, out, NEVER)


def _times(
    book: Noted, floor: Floor, steps: list[int], heads: I16, row: I64, nth: I64
) -> Iterator[tuple[int, I64, I64]]:
    """Each of the steps that these heads and their members do, with the moments in and out of each wafer."""
    batches = book.batches
    takt = batches.takt_ms[row]
    if (floor.at_step[:, heads] >= 0).sum() == len(heads) and not takt.any():
        end = batches.end_ms[row]
        yield steps[0], batches.start_ms[row], np.where(end == NOT_YET_MS, NEVER, end)
        return
    machine = batches.machine[row]
    op = batches.op_start_ms[row] + nth * takt
    groups = [(head, machine == head if len(heads) > 1 else slice(None)) for head in heads.tolist()]

    def real(offset_op_ms: I64) -> I64:
        moment = np.empty_like(op)
        for head, its in groups:
            stops = slice(*np.searchsorted(stop_machine, [head, head + 1]).tolist())
            moment[its] = ahead(stop_op[stops], stop_lost[stops], op[its] + offset_op_ms[head])
        return moment

    by_machine = np.lexsort((book.stops.op_ms, book.stops.machine))
    stop_machine = book.stops.machine[by_machine]
    stop_op, stop_lost = book.stops.op_ms[by_machine], book.stops.lost_ms[by_machine]
    came_out, before = op, -2
    for step in steps:
        enter_op, leave_op = floor.enter_op_ms[step], floor.leave_op_ms[step]
        follows = before == step - 1 and np.array_equal(enter_op[heads], floor.leave_op_ms[before, heads])
        went_in = came_out if follows else real(enter_op)
        came_out, before = real(leave_op), step
        yield step, went_in, came_out


def number_out(book: Noted, floor: Floor, lots: I32) -> int:
    """How many cells of these lots left the last step within the record."""
    last, count = floor.steps - 1, 0
    lost_at = book.lots.lost_at[lots].reshape(-1)
    for _, at, _, _, came_out in _passed(book, floor, lots, lost_at, range(last, last + 1)):
        count += int(np.count_nonzero((came_out >= 0) & (came_out < book.until_ms) & (lost_at[at] < 0)))
    return count


def lots_in_record(book: Noted) -> I32:
    """Lots that were in process at some moment of the record, or finished within it."""
    finished = book.lots.finished_ms
    within = ((finished == NOT_YET_MS) | (finished >= 0)) & (book.lots.released_ms < book.until_ms)
    return np.flatnonzero(within).astype(np.int32)
