"""What the tester says of each cell: Voc, Isc, FF, efficiency, power, grade and bin, drawn as arrays.

The model, stated. Voc, Isc and FF each start at a nominal value and are multiplied by `1 + x / 100`, where x (percent)
is a sum over the cell's way:

    machine   a constant of each machine, normal with sd `machine_pct` of its equipment
    unit      a constant of each tube, bath or lane, normal with sd `unit_pct`: a bad tube stays bad
    drift     minus `drift_pct_per_day` for every day since the machine's last scheduled stop (its clean)
    silicon   a constant of each lot: the wafers of one brick are alike
    noise     of each cell
    defect    one cell in `downgraded_pct` of the last step: EL grade B or C, bin "B", and it loses FF and Voc

A step's machine, unit and drift are shared among Voc, Isc and FF as SHARES says. Voc, Isc and FF are rounded as a
tester prints them; power is their product, and efficiency is power / (area x 0.1 W/cm2), both unrounded.

Machine and unit constants depend on the seed and the machine's id; a cell's noise on the seed, its lot and position:
neither on how long the run is, nor on what else is drawn. Nominal Voc and FF, SHARES and the noise are est.; nominal
efficiency and area are the plant's, and nominal Isc follows from them.
"""

from __future__ import annotations

import zlib
from typing import Final, NamedTuple

import numpy as np

from heliograph.daybook import E10_STATES, F64, I32, I64, Daybook
from heliograph.measured import EL_GRADES, Cells, DrawCells, Meters
from heliograph.passages import Floor, Passages
from heliograph.plant.model import Plant
from heliograph.units import DAY_MS

__all__ = ["NOMINAL_FF_PCT", "NOMINAL_VOC_MV", "SHARES", "cell_model", "unit_effects"]

NOMINAL_VOC_MV: Final = 724.0
NOMINAL_FF_PCT: Final = 84.4
"""est.: a 25.5 % TOPCon cell of 2025; with 41.7 mA/cm2 they give that efficiency."""

SUN_W_CM2: Final = 0.1
NOISE_PCT: Final = (0.12, 0.15, 0.25)
SILICON_PCT: Final = (0.08, 0.05, 0.05)
"""Standard deviations of Voc, Isc, FF: of each cell, of each lot. est."""

DEFECT_FF_PCT: Final = (0.5, 4.0)
DEFECT_VOC_PCT: Final = 0.3
GRADE_C_SHARE: Final = 0.25
"""A downgraded cell loses FF within these bounds, and a share of them is grade C. est."""

SHARES: Final[dict[str, tuple[float, float, float]]] = {
    "TEX": (0.2, 0.8, 0.0),
    "BDF": (0.5, 0.1, 0.4),
    "OXA": (0.7, 0.0, 0.3),
    "RET": (0.5, 0.5, 0.0),
    "TOX": (0.7, 0.0, 0.3),
    "PDF": (0.4, 0.0, 0.6),
    "FET": (0.5, 0.5, 0.0),
    "ALO": (1.0, 0.0, 0.0),
    "FSN": (0.3, 0.7, 0.0),
    "RSN": (0.4, 0.6, 0.0),
    "PRN": (0.0, 0.2, 0.8),
    "FIR": (0.4, 0.0, 0.6),
    "LIN": (1.0, 0.0, 0.0),
    "LEC": (0.0, 0.0, 1.0),
}
"""How a step's effect is shared among Voc, Isc and FF; any other step: evenly. est."""

EVENLY: Final = (1 / 3, 1 / 3, 1 / 3)
BELOW_PCT, ABOVE_PCT, BINS_PER_PCT = 6.0, 3.0, 10


def unit_effects(plant: Plant, floor: Floor, machine_ids: tuple[str, ...], seed: int) -> F64:
    """(machines, units + 1) percent of efficiency that each unit adds; column 0 is unused, units count from 1."""
    lanes = [max(floor.equipment[h].units, floor.equipment[m].units) for m, h in enumerate(floor.head.tolist())]
    effects = np.zeros((len(machine_ids), max(lanes) + 1))
    for number, name in enumerate(machine_ids):
        spread = floor.equipment[number].electrical
        rng = np.random.Generator(np.random.PCG64DXSM([seed, _UNITS, zlib.crc32(name.encode())]))
        normal = rng.standard_normal(lanes[number] + 1)
        effects[number, 1 : lanes[number] + 1] = spread.machine_pct * normal[0] + spread.unit_pct * normal[1:]
    return effects


_UNITS, _LOTS = 1, 2
"""Streams of chance, so that no two uses share numbers."""


def _since_clean_ms(book: Daybook, machine: int) -> I64:
    """(batches,) how long before the start of each batch the machine last came back from a scheduled stop."""
    mine = (book.states.machine == machine) & (book.states.state == E10_STATES.index("scheduled_downtime"))
    cleans = np.concatenate(([book.from_ms], np.sort(book.states.end_ms[mine])))
    start = book.batches.start_ms
    last = np.searchsorted(cleans, start, side="right") - 1
    return np.maximum(start - cleans[np.maximum(last, 0)], 0)


def _effects(plant: Plant, book: Daybook, floor: Floor) -> F64:
    units = unit_effects(plant, floor, book.machine_ids, book.seed)
    pct = np.zeros((floor.steps, len(book.batches.number)))
    for step in range(floor.steps):
        machine = floor.at_step[step, book.batches.machine]
        done = np.flatnonzero(machine >= 0)
        pct[step, done] = units[machine[done], book.batches.unit[done]]
        for number in np.unique(machine[done]).tolist():
            drift = floor.equipment[number].electrical.drift_pct_per_day
            if drift:
                here = machine == number
                pct[step, here] -= drift * _since_clean_ms(book, number)[here] / DAY_MS
    return pct


class _Chance(NamedTuple):
    """(3, w) percent of Voc, Isc, FF by silicon and noise; (w,) uniform numbers for the defects."""

    pct: F64
    defect: F64
    depth: F64


def _chance(seed: int, lots: I32, slots: int) -> _Chance:
    pct, defect, depth = np.empty((3, len(lots), slots)), np.empty((len(lots), slots)), np.empty((len(lots), slots))
    noise, silicon = np.array(NOISE_PCT)[:, None], np.array(SILICON_PCT)
    for row, lot in enumerate(lots.tolist()):
        rng = np.random.Generator(np.random.PCG64DXSM([seed, _LOTS, lot]))
        of_lot = silicon * rng.standard_normal(3)
        pct[:, row] = rng.standard_normal((3, slots)) * noise + of_lot[:, None]
        rng.random(out=defect[row])
        rng.random(out=depth[row])
    return _Chance(pct.reshape(3, -1), defect.reshape(-1), depth.reshape(-1))


def cell_model(plant: Plant, book: Daybook, floor: Floor, meters: Meters) -> DrawCells:
    """The tester at the end of the line: give a function that measures the finished cells among some passages."""
    effects = _effects(plant, book, floor)
    shares = [SHARES.get(code, EVENLY) for code in plant.route]
    codes = {step.code: step for step in plant.steps}
    downgraded = codes[plant.route[-1]].downgraded_pct / 100
    area = plant.wafer.area_cm2
    voc_nominal, ff_nominal = NOMINAL_VOC_MV, NOMINAL_FF_PCT
    isc_nominal = plant.wafer.efficiency_pct / 100 * area * SUN_W_CM2 / (voc_nominal / 1000 * ff_nominal / 100)
    lowest = round((plant.wafer.efficiency_pct - BELOW_PCT) * BINS_PER_PCT)
    count = round((BELOW_PCT + ABOVE_PCT) * BINS_PER_PCT)
    bins = (*(f"{(lowest + i) / BINS_PER_PCT:.1f}" for i in range(count)), "B")

    def draw(passages: Passages) -> Cells:
        out = passages.leave_ms[-1]
        at = np.flatnonzero((out >= 0) & (out < book.until_ms) & (passages.lost_at < 0))
        chance = _chance(book.seed, passages.lots, floor.slots)
        pct = chance.pct[:, at]
        kwh = np.full(len(at), meters.shared_kwh)
        for step, share in enumerate(shares):
            batch = passages.batch[step][at]
            known = batch >= 0
            effect = np.where(known, effects[step, batch], 0.0)
            for value, part in enumerate(share):
                if part:
                    pct[value] += part * effect
            kwh += np.where(known, meters.wafer_kwh[step, batch], 0.0)
        defect, depth = chance.defect[at] < downgraded, chance.depth[at]
        loss = DEFECT_FF_PCT[0] + (DEFECT_FF_PCT[1] - DEFECT_FF_PCT[0]) * depth[defect]
        voc, isc, ff = pct
        ff[defect] -= loss
        voc[defect] -= DEFECT_VOC_PCT
        voc_mv = np.round(voc_nominal * (1 + voc / 100), 1)
        isc_a = np.round(isc_nominal * (1 + isc / 100), 3)
        ff_pct = np.round(ff_nominal * (1 + ff / 100), 2)
        power_w = voc_mv / 1000 * isc_a * ff_pct / 100
        efficiency_pct = power_w / (area * SUN_W_CM2) * 100
        grade = np.zeros(len(at), np.int8)
        grade[defect] = EL_GRADES.index("B")
        grade[np.flatnonzero(defect)[depth[defect] > 1 - GRADE_C_SHARE]] = EL_GRADES.index("C")
        place = np.clip(np.floor(efficiency_pct * BINS_PER_PCT).astype(np.int16) - lowest, 0, count - 1)
        place[defect] = count
        return Cells(at, voc_mv, isc_a, ff_pct, efficiency_pct, power_w, grade, place, bins, np.round(kwh, 6))

    return draw
