"""Electricity of the simulated floor: meters of machines, facility and vehicles, hour by hour.

A tube or bath takes the same for a batch however full it is: `kwh_per_wafer` x the batch it is made for; so a cell of
a half-full tube took twice as much. A lane takes `kwh_per_wafer` for each wafer. The power is even from a batch's start
to its end (members: of its head). Besides, a machine that is not productive takes `idle_kw`. The facility takes
`facility_share` of `kwh_per_mwp` at the plant's stated capacity, day and night: at capacity a cell then costs what
`kwh_per_mwp` says, and below it more.
"""

from __future__ import annotations

import numpy as np

from heliograph.daybook import E10_STATES, F64, I64, NOT_YET_MS, Daybook
from heliograph.measured import Meters
from heliograph.passages import Floor, lots_in_record, number_out
from heliograph.plant.model import Plant
from heliograph.units import HOUR_MS, ms_from_s

__all__ = ["facility_kw", "read_meters"]

HOURS_PER_YEAR = 8760
MW_PER_GW = 1000


def facility_kw(plant: Plant) -> float:
    """The even load of all that serves no single machine."""
    kwh_per_year = plant.energy.kwh_per_mwp * plant.takt.capacity_gw_per_year * MW_PER_GW
    return plant.energy.facility_share * kwh_per_year / HOURS_PER_YEAR


def read_meters(plant: Plant, book: Daybook, floor: Floor) -> Meters:
    """Read every meter for a run."""
    edges = np.append(np.arange(0, book.until_ms, HOUR_MS), book.until_ms)
    hours = np.diff(edges) / HOUR_MS
    batch_kwh, wafer_kwh = _batches(book, floor)
    machine_kwh = np.zeros((len(book.machine_ids), len(hours)))
    process_ms = np.array([ms_from_s(kind.process_s) for kind in floor.equipment])[book.batches.machine]
    due = np.maximum(book.until_ms, book.batches.start_ms + process_ms)
    share = _shares(book.batches.start_ms, np.where(book.batches.end_ms == NOT_YET_MS, due, book.batches.end_ms), edges)
    counted = share.any(axis=0)
    for step in range(floor.steps):
        machine = floor.at_step[step, book.batches.machine]
        done = np.flatnonzero((machine >= 0) & counted)
        for hour in range(len(hours)):
            machine_kwh[:, hour] += np.bincount(
                machine[done], batch_kwh[step, done] * share[hour, done], minlength=len(machine_kwh)
            )
    idle_kwh = _idle(book, floor, edges)
    facility, vehicles = facility_kw(plant) * hours, float(book.vehicle_kwh.sum()) * hours / max(hours.sum(), 1e-9)
    cells = number_out(book, floor, lots_in_record(book))
    return Meters(
        hours=len(hours),
        machine_kwh=machine_kwh + idle_kwh,
        facility_kwh=facility,
        vehicles_kwh=vehicles,
        wafer_kwh=wafer_kwh,
        shared_kwh=float(facility.sum() + vehicles.sum() + idle_kwh.sum()) / max(cells, 1),
        cells=cells,
    )


def _batches(book: Daybook, floor: Floor) -> tuple[F64, F64]:
    """(steps, batches) kWh of each batch, and of each wafer in it."""
    wafers = np.maximum(book.batches.wafers, 1)
    batch = np.zeros((floor.steps, len(wafers)))
    for step in range(floor.steps):
        machine = floor.at_step[step, book.batches.machine]
        for number in np.unique(machine[machine >= 0]).tolist():
            kind, here = floor.equipment[number], machine == number
            paid = wafers[here] if kind.mode == "lane" else max(kind.batch, 1)
            batch[step, here] = kind.kwh_per_wafer * paid
    return batch, batch / wafers


def _shares(start_ms: I64, end_ms: I64, edges: I64) -> F64:
    """(hours, batches) share of each batch's time that lies in each hour."""
    length = np.maximum(end_ms - start_ms, 1)
    passed = np.clip((edges[:, None] - start_ms[None, :]) / length[None, :], 0.0, 1.0)
    return np.diff(passed, axis=0)


def _idle(book: Daybook, floor: Floor, edges: I64) -> F64:
    """(machines, hours) kWh taken while not productive."""
    idle_kw = np.array([kind.idle_kw for kind in floor.equipment])
    taken = np.zeros((len(idle_kw), len(edges) - 1))
    states = book.states
    still = np.flatnonzero((states.state != E10_STATES.index("productive")) & (idle_kw[states.machine] > 0))
    for hour in range(len(edges) - 1):
        within = np.minimum(states.end_ms[still], edges[hour + 1]) - np.maximum(states.start_ms[still], edges[hour])
        spent = np.bincount(states.machine[still], np.maximum(within, 0), minlength=len(idle_kw))
        taken[:, hour] = spent / HOUR_MS * idle_kw
    return taken
