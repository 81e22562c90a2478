"""What went through a machine, or one unit of it, in some time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph.errors import NotFound, UsageWrong
from heliograph.record.store import Where
from heliograph.view.details.moves import absent
from heliograph.view.details.parts import since_start
from heliograph.view.trace.discs import discs_of
from heliograph.view.trace.together import cells_of
from heliograph.view.trace.told import LotTogether, MachineTraced, ThroughTold

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["machine_traced"]


def machine_traced(day: Day, machine: str, unit: int | None, from_ms: int, to_ms: int) -> MachineTraced:
    """Every batch that was in it at some moment from one time to the other, and the finished cells of these batches.

    Raises:
        NotFound: there is no such machine, or it has no such unit. UsageWrong: the times are the wrong way round.
    """
    number = day.machines.get(machine, -1)
    if number < 0:
        raise absent("machine", machine)
    if to_ms <= from_ms:
        raise UsageWrong(f"from {from_ms} to {to_ms} ms is no time", hint="give the earlier time first")
    plant = day.files.plant
    kind = next(kind for kind in plant.equipment if kind.code == plant.machines[number].equipment)
    if unit is not None and not 1 <= unit <= kind.units:
        raise NotFound(f"{machine} has no unit {unit}", hint=f"it has units 1 to {kind.units}")
    where = [Where("machine", "is", machine), *([] if unit is None else [Where("unit", "is", unit)])]
    found = day.tables.read("steps", None, where)
    batches: dict[tuple[int, int], ThroughTold] = {}
    spans: dict[str, list[tuple[int, int]]] = {}
    step = next((code for code in plant.route if _equipment(day, code) == kind.code), "")
    for row in found.to_pylist() if found is not None else []:
        start = since_start(day, row["start_utc"])
        end = None if row["end_utc"] is None else since_start(day, row["end_utc"])
        if start >= to_ms or (end is not None and end <= from_ms):
            continue
        key = (row["unit"], row["batch"])
        before = batches.get(key)
        lot = LotTogether(**{name: row[name] for name in LotTogether.__struct_fields__})
        spans.setdefault(row["lot"], []).append((row["first"], row["last"]))
        open_ = end is None or (before is not None and before.end_ms is None)
        batches[key] = ThroughTold(
            batch=row["batch"],
            unit=row["unit"],
            start_ms=start if before is None else min(before.start_ms, start),
            end_ms=None if open_ else max(end or 0, end or 0 if before is None else before.end_ms or 0),
            lots=[*([] if before is None else before.lots), lot],
        )
    at = plant.route.index(step) if step else None
    return MachineTraced(
        id=machine,
        unit=unit,
        units=kind.units,
        mode=kind.mode,
        number=None if at is None else at + 1,
        step=step,
        from_ms=from_ms,
        to_ms=to_ms,
        batches=sorted(batches.values(), key=lambda one: (one.start_ms, one.unit, one.batch)),
        cells=cells_of(day, at or 0, machine, unit, spans),
        discs=discs_of(day, [("steps", where), ("cells", [Where("lot", "in", frozenset(spans))])] if spans else []),
    )


def _equipment(day: Day, code: str) -> str:
    return next(step.equipment for step in day.files.plant.steps if step.code == code)
