"""How full batteries are at any instant: between two readings of the record evenly, before the first not known."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from heliograph.view.series import Ints
from heliograph.view.tables import Tables, codes, since_ms

__all__ = ["Batteries", "BatteryFigures", "read_batteries"]


class BatteryFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Of the fleet, at the begin of each step of time and at the end of the record; in percent, None: not known."""

    at_ms: list[int]
    median_pct: list[float | None]
    lowest_pct: list[float | None]


class Batteries(NamedTuple):
    """Every reading, by vehicle and time."""

    start: Ints
    """(v + 1,) vehicle i has the rows start[i] to start[i + 1]."""
    at: Ints
    percent: NDArray[np.float64]

    def of(self, vehicle: int, moments: Ints) -> NDArray[np.float64]:
        """State of charge in percent at each moment; NaN: not known. After the last reading: that one's."""
        its = slice(int(self.start[vehicle]), int(self.start[vehicle + 1]))
        if its.start == its.stop:
            return np.full(len(moments), np.nan)
        return np.interp(moments, self.at[its], self.percent[its], left=np.nan)

    def figures(self, end_ms: int, step_ms: int) -> BatteryFigures:
        """Median and lowest of the fleet; nothing where no battery was recorded."""
        if not len(self.at):
            return BatteryFigures(at_ms=[], median_pct=[], lowest_pct=[])
        moments = np.unique(np.append(np.arange(0, end_ms, step_ms), end_ms))
        full = np.stack([self.of(vehicle, moments) for vehicle in range(len(self.start) - 1)], axis=1)
        known = [its[~np.isnan(its)] for its in full]
        return BatteryFigures(
            at_ms=moments.tolist(),
            median_pct=[round(float(np.median(its)), 2) if len(its) else None for its in known],
            lowest_pct=[round(float(its.min()), 2) if len(its) else None for its in known],
        )


def read_batteries(tables: Tables, start_ms: int, vehicles: dict[str, int]) -> Batteries:
    """The table `batteries`; records made before there was one have no rows."""
    table = tables.read("batteries", ["vehicle", "at_utc", "soc_permille"])
    if table is None:
        return Batteries(np.zeros(len(vehicles) + 1, np.int64), np.zeros(0, np.int64), np.zeros(0))
    vehicle, at = codes(table["vehicle"], vehicles), since_ms(table["at_utc"], start_ms)
    order = np.lexsort((at, vehicle))
    percent = table["soc_permille"].to_numpy()[order] / 10
    return Batteries(np.searchsorted(vehicle[order], np.arange(len(vehicles) + 1)), at[order], percent)
