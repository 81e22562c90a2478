"""The genealogy of a cell or a lot: every step with its machine, unit and batch, and what carried it there."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from heliograph.ids import CellName, LotName
from heliograph.record.genealogy import CellTrace, LotTrace, StepPassed, trace_cell, trace_lot
from heliograph.record.store import Where
from heliograph.view.details.moves import move_of
from heliograph.view.told import MoveTold
from heliograph.view.trace.discs import discs_of
from heliograph.view.trace.electricity import wafer_kwh
from heliograph.view.trace.told import BatchTraced, StepTraced, TestTold, TraceTold

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["cell_traced", "lot_traced"]

_TEST = ("voc_mv", "isc_a", "ff_pct", "efficiency_pct", "power_w", "el_grade", "bin")


def lot_traced(day: Day, name: LotName) -> TraceTold:
    """A lot and its way.

    Raises:
        NotFound: the record does not hold it.
    """
    return _traced(day, trace_lot(day.record, name), None)


def cell_traced(day: Day, name: CellName) -> TraceTold:
    """A cell and its way.

    Raises:
        NotFound: the record does not hold it; the message says what became of it.
    """
    cell = trace_cell(day.record, name)
    return _traced(day, trace_lot(day.record, name.lot), cell)


def _traced(day: Day, lot: LotTrace, cell: CellTrace | None) -> TraceTold:
    passed = lot.steps if cell is None else cell.steps
    grid = day.files.plant.energy.grid_kgco2_per_kwh
    steps = _steps(day, passed, of_cell=cell is not None)
    steps, after = _carried(day, steps, _moves(day, lot.lot))
    known = [step.kwh for step in steps if step.kwh is not None]
    batches = sum(known) if len(known) == len(steps) else None
    where = [Where("lot", "is", lot.lot)]
    asked = [("lots", where), ("steps", where), ("moves", where)]
    if cell is not None:
        asked.insert(0, ("cells", [Where("cell", "is", cell.cell)]))
    return TraceTold(
        kind="lot" if cell is None else "cell",
        id=lot.lot if cell is None else cell.cell,
        lot=lot.lot,
        line=lot.line,
        released_ms=_since(day, lot.released),
        finished_ms=None if lot.finished is None else _since(day, lot.finished),
        wafers=lot.wafers,
        lost=lot.lost,
        cells=lot.cells,
        position=None if cell is None else cell.position,
        basket=None if cell is None else cell.basket,
        slot=None if cell is None else cell.slot,
        made_ms=None if cell is None else _since(day, cell.made),
        test=None if cell is None else TestTold(**{name: getattr(cell, name) for name in _TEST}),
        kwh=batches if cell is None else cell.kwh,
        kgco2=(None if batches is None else batches * grid) if cell is None else cell.kgco2,
        shared_kwh=None if cell is None or batches is None else cell.kwh - batches,
        steps=steps,
        after=after,
        discs=discs_of(day, asked),
    )


def _since(day: Day, moment: datetime) -> int:
    return round(moment.timestamp() * 1000) - day.start_ms


def _steps(day: Day, passed: list[StepPassed], *, of_cell: bool) -> list[StepTraced]:
    """The parts of one step in one machine, taken together."""
    plant = day.files.plant
    modes = {kind.code: kind.mode for kind in plant.equipment}
    mode = {machine.id: modes[machine.equipment] for machine in plant.machines}
    limits = {step.code: step.max_wait_min for step in plant.steps}
    each = wafer_kwh(day, [(part.step, part.machine, part.batch) for part in passed])
    together: dict[tuple[int, str], list[StepPassed]] = {}
    for part in passed:
        together.setdefault((part.step_number, part.machine), []).append(part)
    steps = []
    for (number, machine), parts in together.items():
        batches = [
            BatchTraced(
                batch=part.batch,
                unit=part.unit,
                first=part.first,
                last=part.last,
                wafers=part.wafers,
                lost=part.lost,
                start_ms=_since(day, part.start),
                end_ms=None if part.end is None else _since(day, part.end),
                wafer_kwh=each[part.step, part.machine, part.batch],
                shared_with=part.shared_with,
            )
            for part in parts
        ]
        step, limit = parts[0].step, limits[parts[0].step]
        ends = [batch.end_ms for batch in batches]
        taken = [None if b.wafer_kwh is None else b.wafer_kwh * (1 if of_cell else b.wafers) for b in batches]
        kwh = None if None in taken else sum(x for x in taken if x is not None)
        steps.append(
            StepTraced(
                number=number,
                step=step,
                machine=machine,
                mode=mode[machine],
                start_ms=min(batch.start_ms for batch in batches),
                end_ms=None if None in ends else max(end for end in ends if end is not None),
                wait_s=parts[0].wait_s,
                limit_s=None if limit is None else limit * 60,
                late=any(part.late for part in parts),
                lost=sum(part.lost for part in parts),
                kwh=kwh,
                kgco2=None if kwh is None else kwh * plant.energy.grid_kgco2_per_kwh,
                brought=[],
                batches=batches,
            )
        )
    return sorted(steps, key=lambda step: (step.number, step.start_ms))


def _moves(day: Day, lot: str) -> list[MoveTold]:
    rows = np.flatnonzero(day.moves.lot == day.lots.get(lot, -2))
    rows = rows[np.lexsort((day.moves.number[rows], day.moves.taken[rows]))]
    return [move_of(day, row) for row in rows.tolist()]


def _carried(day: Day, steps: list[StepTraced], moves: list[MoveTold]) -> tuple[list[StepTraced], list[MoveTold]]:
    """Give each move to the step that it led to: of those that began after the carrier was set down, the first in the
    machine that it was brought to; where it was brought to a stocker, the first in any.
    """
    owner = {spot.id: spot.of for spot in day.ground.stations}
    told: list[list[MoveTold]] = [[] for _ in steps]
    after: list[MoveTold] = []
    for move in moves:
        placed = move.placed_ms
        later = [i for i, step in enumerate(steps) if placed is not None and placed <= step.start_ms]
        there = [i for i in later if steps[i].machine == owner.get(move.target)]
        (told[(there or later)[0]] if later else after).append(move)
    return [msgspec.structs.replace(step, brought=its) for step, its in zip(steps, told, strict=True)], after
