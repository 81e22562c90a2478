"""What a wafer took in a batch, worked out from the plant and the table `steps`.

A tube or bath takes the same for a batch however full it is, a lane for each wafer: so the fuller the tube, the less
each wafer took. What is left of a cell's electricity is its share of facility, vehicles and idle machines.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from heliograph.record.store import Where

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["wafer_kwh"]


def wafer_kwh(day: Day, batches: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str, int], float | None]:
    """Electricity of each wafer in a batch, kWh; None where the batch held lots that are not in the record.

    Args:
        batches: step, machine and batch number of each.
    """
    wanted = set(batches)
    kinds = {kind.code: kind for kind in day.files.plant.equipment}
    of = {machine.id: kinds[machine.equipment] for machine in day.files.plant.machines}
    columns = ["step", "machine", "batch", "lot", "wafers", "shared_with"]
    where = [Where("batch", "in", frozenset(number for _, _, number in wanted))]
    found = day.tables.read("steps", columns, where)
    wafers: dict[tuple[str, str, int], int] = {}
    lots: dict[tuple[str, str, int], set[str]] = {}
    for row in found.to_pylist() if found is not None else []:
        key = (row["step"], row["machine"], row["batch"])
        if key in wanted:
            wafers[key] = wafers.get(key, 0) + row["wafers"]
            lots.setdefault(key, set()).update([row["lot"], *(row["shared_with"] or [])])
    told: dict[tuple[str, str, int], float | None] = {}
    for key in wanted:
        kind = of[key[1]]
        if kind.mode == "lane":
            told[key] = kind.kwh_per_wafer
        elif key in wafers and lots[key] <= day.lots.keys():
            told[key] = kind.kwh_per_wafer * max(kind.batch, 1) / wafers[key]
        else:
            told[key] = None
    return told
