"""Who shared a tube, a bath or a lane: the cells of one batch, held against all that went through the step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from heliograph.daybook import F64
from heliograph.errors import NotFound
from heliograph.record.columns import step_column
from heliograph.record.store import Where
from heliograph.view.details.moves import absent
from heliograph.view.details.parts import since_start
from heliograph.view.tables import texts
from heliograph.view.trace.told import CellsTogether, LotTogether, Together

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["Spans", "cells_of", "together_of"]

_BARS: Final = 30

Spans = Mapping[str, list[tuple[int, int]]]
"""Lot to the positions of it that are meant: first and last."""


def together_of(day: Day, machine: str, unit: int, batch: int) -> Together:
    """All that was in one batch of one unit of a machine.

    Raises:
        NotFound: there is no such machine, or it had no such batch.
    """
    if machine not in day.machines:
        raise absent("machine", machine)
    where = [Where("machine", "is", machine), Where("unit", "is", unit), Where("batch", "is", batch)]
    found = day.tables.read("steps", None, where)
    rows = found.to_pylist() if found is not None else []
    if not rows:
        raise NotFound(f"{machine} unit {unit}: no batch {batch} in this record", hint="`trace` names the batches")
    rows.sort(key=lambda row: (row["before"], row["lot"]))
    spans: dict[str, list[tuple[int, int]]] = {}
    for row in rows:
        spans.setdefault(row["lot"], []).append((row["first"], row["last"]))
    others = {lot for row in rows for lot in row["shared_with"] or []}
    cells = cells_of(day, rows[0]["step_number"] - 1, machine, unit, spans)
    own = np.array(cells.efficiency_pct)
    every = day.efficiency
    edges, here, there = _bars(own, every)
    ends = [row["end_utc"] for row in rows]
    return Together(
        number=rows[0]["step_number"],
        step=rows[0]["step"],
        machine=machine,
        unit=unit,
        batch=batch,
        start_ms=min(since_start(day, row["start_utc"]) for row in rows),
        end_ms=None if None in ends else max(since_start(day, end) for end in ends),
        lots=[LotTogether(**{name: row[name] for name in LotTogether.__struct_fields__}) for row in rows],
        elsewhere=sorted(others - set(spans)),
        cells=cells,
        mean_pct=_mean(own),
        sd_pct=_spread(own),
        flawed=float(np.mean([grade != "A" for grade in cells.el_grade])) if len(own) else None,
        all_cells=len(every),
        all_mean_pct=_mean(every),
        all_sd_pct=_spread(every),
        edges=edges,
        here=here,
        there=there,
    )


def cells_of(day: Day, step: int, machine: str, unit: int | None, spans: Spans) -> CellsTogether:
    """Finished cells of these positions that went through a machine at a step (index in the route, from 0)."""
    columns = ["cell", "lot", step_column(step, "unit"), "efficiency_pct", "el_grade"]
    where = [Where("lot", "in", frozenset(spans)), Where(step_column(step, "machine"), "is", machine)]
    if unit is not None:
        where.append(Where(columns[2], "is", unit))
    found = day.tables.read("cells", columns, where) if spans else None
    if found is None or not found.num_rows:
        return CellsTogether(cell=[], unit=[], efficiency_pct=[], el_grade=[])
    names, lots = found["cell"].to_pylist(), texts(found["lot"])
    meant = [
        i
        for i, (cell, lot) in enumerate(zip(names, lots, strict=True))
        if _within(int(cell.rpartition("-")[2]), spans[lot])
    ]
    meant.sort(key=lambda i: names[i])
    units, efficiency = found[columns[2]].to_pylist(), found["efficiency_pct"].to_pylist()
    grades = texts(found["el_grade"])
    return CellsTogether(
        cell=[names[i] for i in meant],
        unit=[units[i] for i in meant],
        efficiency_pct=[round(efficiency[i], 4) for i in meant],
        el_grade=[grades[i] for i in meant],
    )


def _within(position: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(first <= position <= last for first, last in spans)


def _mean(values: F64) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None


def _spread(values: F64) -> float | None:
    return round(float(values.std()), 4) if len(values) else None


def _bars(own: F64, every: F64) -> tuple[list[float], list[int], list[int]]:
    """Bars of equal width over the middle 99.8 % of all; what lies beyond counts into the first and the last."""
    if not len(every):
        return [], [], []
    low, high = np.percentile(every, [0.1, 99.9])
    edges = np.linspace(low, max(high, low + 0.01), _BARS + 1)

    def count(values: F64) -> list[int]:
        counts: list[int] = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0].tolist()
        return counts

    return edges.round(4).tolist(), count(own), count(every)
