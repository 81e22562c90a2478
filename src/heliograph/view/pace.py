"""How fast: the takt against the three ways to read what the plant states, and how long lots take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from heliograph.plant.figures import readings
from heliograph.units import DAY_MS, HOUR_MS
from heliograph.view.tables import since_ms

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["Cycle", "TaktRead", "cycle_of", "readings_of"]


class TaktRead(msgspec.Struct, frozen=True, kw_only=True):
    """One way to read the plant's stated takt, and what the record says to it."""

    letter: str
    of: str
    """workshop, line or lane: what makes a cell in each takt."""
    gw_per_year: float
    """At 100 % uptime."""
    uptime_needed: float
    """For the plant's stated capacity; above 1 the reading cannot be meant."""
    uptime_here: float
    """What was made in the record, over what this reading makes at 100 %."""
    s_per_cell: list[float | None]
    """Of each step of time: seconds from one cell to the next out of the workshop, a line, a lane (mean of all)."""


class Cycle(msgspec.Struct, frozen=True, kw_only=True):
    """Hours from release to store of the lots that were finished in each step of time."""

    step_ms: int
    lots: list[int]
    median_h: list[float | None]
    low_h: list[float | None]
    """A tenth of the lots took less."""
    high_h: list[float | None]
    """A tenth took longer."""


def readings_of(day: Day, lanes: dict[str, list[int]], step_ms: int) -> list[TaktRead]:
    """The three readings of "a cell every so many seconds"; plant/figures.py has the arithmetic."""
    plant = day.files.plant
    count = max(-(-day.end_ms // step_ms), 1)
    made = np.sum([np.array(cells) for cells in lanes.values()], axis=0) if lanes else np.zeros(count, np.int64)
    length_s = np.diff(np.minimum(step_ms * np.arange(count + 1), day.end_ms)) / 1000
    makers = {"workshop": 1, "line": plant.lines, "lane": plant.lines * plant.takt.lanes_per_line}
    per_day = float(made.sum()) / max(day.end_ms, 1) * DAY_MS
    return [
        TaktRead(
            letter=reading.letter,
            of=reading.of,
            gw_per_year=reading.gw_per_year,
            uptime_needed=reading.uptime_needed,
            uptime_here=per_day / reading.cells_per_day,
            s_per_cell=[
                round(float(makers[reading.of] * spent / cells), 4) if cells else None
                for spent, cells in zip(length_s, made, strict=True)
            ],
        )
        for reading in readings(plant)
    ]


def cycle_of(day: Day, step_ms: int) -> Cycle:
    """In steps of about a 24th of the record: of a day, an hour."""
    length = step_ms * max(round(day.end_ms / 24 / step_ms), 1)
    count = max(-(-day.end_ms // length), 1)
    table = day.tables.read("lots", ["released_utc", "finished_utc"])
    none: list[float | None] = [None] * count
    if table is None:
        return Cycle(step_ms=length, lots=[0] * count, median_h=none, low_h=none, high_h=none)
    released, finished = (since_ms(table[f"{name}_utc"], day.start_ms) for name in ("released", "finished"))
    within = (finished >= 0) & (finished < day.end_ms)
    step, hours = finished[within] // length, (finished - released)[within] / HOUR_MS
    by_step = [hours[step == number] for number in range(count)]
    low, median, high = (
        [round(float(np.quantile(its, share)), 4) if len(its) else None for its in by_step] for share in (0.1, 0.5, 0.9)
    )
    return Cycle(step_ms=length, lots=[len(its) for its in by_step], median_h=median, low_h=low, high_h=high)
