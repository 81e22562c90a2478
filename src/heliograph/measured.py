"""Measured: what testers and meters say, as columns, on its way from the twin (or the floor) into the record."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from heliograph.daybook import F64, I8, I16, I64
from heliograph.passages import Passages

__all__ = ["EL_GRADES", "ENERGY_PARTS", "Cells", "DrawCells", "Meters"]

EL_GRADES = ("A", "B", "C")
"""What the electroluminescence image shows: nothing; dark spots or a fine crack; a broken or dead area."""

ENERGY_PARTS = ("machine", "facility", "vehicles")


class Meters(NamedTuple):
    """Electricity: what each part took in each hour of the record, and what a wafer took in each batch."""

    hours: int
    """Hours of the record, the last one perhaps short."""
    machine_kwh: F64
    """(machines, hours), members as themselves."""
    facility_kwh: F64
    """(hours,) air, water, vacuum, cooling: all that serves no single machine."""
    vehicles_kwh: F64
    """(hours,) what the vehicles have charged, spread evenly."""
    wafer_kwh: F64
    """(steps, batches) of each wafer in the batch; 0 where the batch's machine does not do the step."""
    shared_kwh: float
    """Of each cell that left the last step in the record: its share of facility, vehicles and idle machines."""
    cells: int
    """How many cells left the last step in the record."""

    @property
    def total_kwh(self) -> float:
        """All of the record."""
        return float(self.machine_kwh.sum() + self.facility_kwh.sum() + self.vehicles_kwh.sum())


class Cells(NamedTuple):
    """The cells of some lots that left the last step within the record, in order of lot and position."""

    at: I64
    """(cells,) which wafer of the passages each one is."""
    voc_mv: F64
    isc_a: F64
    ff_pct: F64
    efficiency_pct: F64
    """Voc x Isc x FF / (area x 0.1 W/cm2)."""
    power_w: F64
    """Voc x Isc x FF."""
    el_grade: I8
    """Index into EL_GRADES."""
    bin: I16
    """Index into `bins`."""
    bins: tuple[str, ...]
    kwh: F64


DrawCells = Callable[[Passages], Cells]
"""What measures the finished cells among some passages."""
