"""What the figures' page draws: states of machines, what the fleet's time goes into, energy, lanes, key figures.

Read when it is asked for, from tables that the floor does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from heliograph.errors import HeliographError
from heliograph.record.columns import step_column
from heliograph.record.kpi import read_kpis
from heliograph.view.batteries import BatteryFigures
from heliograph.view.details import stays_of
from heliograph.view.pace import Cycle, TaktRead, cycle_of, readings_of
from heliograph.view.series import Ints
from heliograph.view.tables import codes, names_in, since_ms
from heliograph.view.told import Stay
from heliograph.view.vehicles import FULL, PHASES

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["Charts", "Energy", "StepFigures", "UnitFigures", "charts_of", "units_of"]


class Energy(msgspec.Struct, frozen=True, kw_only=True):
    """Electricity of each hour of the record."""

    at_ms: list[int]
    kwh: dict[str, list[float]]
    """By part of the workshop."""
    kgco2: list[float]
    cells: list[int]
    """That left the last step in the hour."""


class StepFigures(msgspec.Struct, frozen=True, kw_only=True):
    """ISO 22400-2 figures of a step; None where one would divide by nothing."""

    step: str
    availability: float | None
    effectiveness: float | None
    quality: float | None
    oee: float | None
    occupied: float
    starved: float
    blocked: float
    failures: int


class Charts(msgspec.Struct, frozen=True, kw_only=True):
    """Figures over the record."""

    step_ms: int
    lanes: dict[str, list[int]]
    """Line and lane of the last step ("L3.2"): cells in each step of time."""
    takt_s: float
    """As the plant states it."""
    target_s: float
    """Of a lane, that the plant's stated capacity needs, every hour of the year."""
    readings: list[TaktRead]
    cycle: Cycle
    doing: dict[str, list[float]]
    """Part of a move: vehicles in it, the mean of each step of time."""
    batteries: BatteryFigures
    stays: dict[str, list[Stay]]
    """Machine: its states."""
    energy: Energy
    steps: list[StepFigures]
    bottleneck: str
    reason: str
    """What the record's key figures say of it, in English."""


class UnitFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Cells of one unit of a machine at a step."""

    machine: str
    unit: int
    cells: int
    mean_pct: float
    """Efficiency."""
    sd_pct: float
    flawed: float
    """Share of EL grade B or C."""


def charts_of(day: Day, step_ms: int) -> Charts:
    """Read and add up."""
    steps, bottleneck = _steps(day)
    machines = {name: stays for name, number in day.machines.items() if (stays := stays_of(day, number))}
    lanes = _lanes(day, step_ms)
    plant = day.files.plant
    target_per_h = plant.takt.capacity_gw_per_year * 1e9 / plant.wafer.power_w / 8760
    return Charts(
        step_ms=step_ms,
        lanes=lanes,
        takt_s=plant.takt.lane_s,
        target_s=3600 * plant.lines * plant.takt.lanes_per_line / target_per_h,
        readings=readings_of(day, lanes, step_ms),
        cycle=cycle_of(day, step_ms),
        doing=_doing(day, step_ms),
        batteries=day.batteries.figures(day.end_ms, step_ms),
        stays=machines,
        energy=_energy(day),
        steps=steps,
        bottleneck=bottleneck[0],
        reason=bottleneck[1],
    )


def _count(day: Day, step_ms: int) -> int:
    return max(-(-day.end_ms // step_ms), 1)


def _lanes(day: Day, step_ms: int) -> dict[str, list[int]]:
    last = step_column(len(day.files.plant.route) - 1, "unit")
    cells = day.tables.read("cells", ["line", last, "made_utc"])
    if cells is None:
        return {}
    made = since_ms(cells["made_utc"], day.start_ms)
    line, unit = cells["line"].to_numpy().astype(np.int64), cells[last].to_numpy().astype(np.int64)
    key = 1000 * line + unit
    within = (made >= 0) & (made < day.end_ms)
    count = _count(day, step_ms)
    return {
        f"L{lane // 1000}.{lane % 1000}": np.bincount(made[within & (key == lane)] // step_ms, minlength=count).tolist()
        for lane in np.unique(key).tolist()
    }


def _doing(day: Day, step_ms: int) -> dict[str, list[float]]:
    """Of the time between two moments, vehicles add up what they spent in each part of a move."""
    series = day.series["doing"]
    phase = series.columns["doing"].astype(np.int64) % FULL
    begins = np.clip(series.at, 0, day.end_ms)
    ends = np.append(begins[1:], day.end_ms)
    ends[series.start[1:][series.start[1:] > 0] - 1] = day.end_ms
    edges = np.minimum(step_ms * np.arange(_count(day, step_ms) + 1), day.end_ms)
    return {name: _mean(begins[phase == code], ends[phase == code], edges) for code, name in enumerate(PHASES)}


def _mean(begins: Ints, ends: Ints, edges: Ints) -> list[float]:
    """Of each step of time between the edges, how many of the stays hold on average."""

    def begun(moments: Ints) -> Ints:
        """Up to each edge, ms since all moments before it, added up."""
        moments = np.sort(moments)
        sums = np.concatenate(([0], np.cumsum(moments)))
        before = np.searchsorted(moments, edges)
        spent: Ints = before * edges - sums[before]
        return spent

    spent = np.diff(begun(begins) - begun(ends))
    means: list[float] = np.round(spent / np.maximum(np.diff(edges), 1), 3).tolist()
    return means


def _energy(day: Day) -> Energy:
    table = day.tables.read("energy", ["hour_utc", "part", "kwh", "kgco2"])
    if table is None:
        return Energy(at_ms=[], kwh={}, kgco2=[], cells=[])
    at = since_ms(table["hour_utc"], day.start_ms)
    hours, which = np.unique(at, return_inverse=True)
    parts = names_in(table["part"])
    part = codes(table["part"], {name: number for number, name in enumerate(parts)})
    kwh, kgco2 = table["kwh"].to_numpy(), table["kgco2"].to_numpy()
    sums = {
        name: np.bincount(which[part == code], kwh[part == code], len(hours)).round(3).tolist()
        for code, name in enumerate(parts)
    }
    made = day.tables.read("cells", ["made_utc"])
    moments = np.zeros(0, np.int64) if made is None else since_ms(made["made_utc"], day.start_ms)
    hour = np.searchsorted(hours, moments, side="right") - 1
    cells = np.bincount(hour[hour >= 0], minlength=len(hours)).tolist()
    return Energy(
        at_ms=hours.tolist(), kwh=sums, kgco2=np.bincount(which, kgco2, len(hours)).round(3).tolist(), cells=cells
    )


def _steps(day: Day) -> tuple[list[StepFigures], tuple[str, str]]:
    try:
        kpis = read_kpis(day.record)
    except HeliographError:  # a table that they need cannot be read: the page names its file
        return [], ("", "")
    told = [
        StepFigures(
            step=step.name,
            availability=step.availability,
            effectiveness=step.effectiveness,
            quality=step.quality_ratio,
            oee=step.oee,
            occupied=step.occupied,
            starved=step.starved,
            blocked=step.blocked,
            failures=step.failures,
        )
        for step in kpis.steps
    ]
    worst = kpis.bottleneck
    return told, (worst.step, worst.reason) if worst else ("", "")


def units_of(day: Day, step: str) -> list[UnitFigures]:
    """Efficiency of the record's cells by the unit that they went through at a step: a bad tube stands out.

    Raises:
        ValueError: there is no such step.
    """
    number = day.files.plant.route.index(step)
    columns = [step_column(number, "machine"), step_column(number, "unit"), "efficiency_pct", "el_grade"]
    table = day.tables.read("cells", columns)
    if table is None:
        return []
    machine = codes(table[columns[0]], day.machines)
    key = 1000 * machine + table[columns[1]].to_numpy().astype(np.int64)
    efficiency = table["efficiency_pct"].to_numpy()
    flawed = codes(table["el_grade"], {"A": 0}) < 0
    names, which = np.unique(key, return_inverse=True)
    count = np.bincount(which)
    mean = np.bincount(which, efficiency) / count
    spread = np.sqrt(np.bincount(which, (efficiency - mean[which]) ** 2) / count)
    share = np.bincount(which, flawed) / count
    ids = list(day.machines)
    return [
        UnitFigures(
            machine=ids[name // 1000],
            unit=name % 1000,
            cells=int(count[i]),
            mean_pct=round(float(mean[i]), 4),
            sd_pct=round(float(spread[i]), 4),
            flawed=round(float(share[i]), 5),
        )
        for i, name in enumerate(names.tolist())
    ]
