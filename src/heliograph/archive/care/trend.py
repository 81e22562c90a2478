"""Where a disc's tests lead: when will its worst ECC block use up a stated share of its roots?

The model, plainly. The tests of one physical disc at one depth; of each, the share of its roots that the worst ECC
block uses, y, and the date, x, in years. A least-squares line is laid through them: through log y from five tests on,
when every y is above 0 (damage that feeds on damage grows so); through y itself when they are fewer. The scatter about
the line, with n - 2 degrees of freedom, gives the two-sided 90 % band of the line (Student's t). Counts are whole
sectors, so the scatter is never taken for less than rounding makes, 1/sqrt(12) of a sector. The date is where the line
reaches the share; the earliest and the latest, where the edges of the band do.

A band says how well the tests fix the line. It does not say that a disc ages along a line: no prediction replaces the
next test, and all of them are estimates (est.).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from heliograph.archive.care.register import Test

__all__ = ["LEAST_TESTS", "Trend", "same_history", "trend"]

LEAST_TESTS: Final = 3
_LOG_TESTS: Final = 5
_YEAR_DAYS: Final = 365.25
_HORIZON_YEARS: Final = 200.0
"""Dates further off than this are no help to anyone."""
_STEPS: Final = 400
# fmt: off
_T95: Final = (
    6.3138, 2.9200, 2.3534, 2.1318, 2.0150, 1.9432, 1.8946, 1.8595, 1.8331, 1.8125,
    1.7959, 1.7823, 1.7709, 1.7613, 1.7531, 1.7459, 1.7396, 1.7341, 1.7291, 1.7247,
    1.7207, 1.7171, 1.7139, 1.7109, 1.7081, 1.7056, 1.7033, 1.7011, 1.6991, 1.6973,
)
# fmt: on
"""Student's t, 95 % one-sided, for 1 to 30 degrees of freedom; that of 30 serves for more, on the safe side."""


@dataclass(frozen=True, slots=True)
class Trend:
    """What the tests of a disc say of its future."""

    kind: str
    """few: not enough tests or too close together; none: nothing grows; unsure: it may; grows; now: already there."""
    tests: int
    """Tests that were used."""
    model: str = ""
    """linear or log; empty where nothing was fitted."""
    slope: float | None = None
    """Per year: share of the roots (linear), or natural logarithm of it (log)."""
    slope_error: float | None = None
    """Standard error of the slope."""
    copy_by: datetime | None = None
    """When the line reaches the limit (est.); None when it does not within 200 years."""
    earliest: datetime | None = None
    latest: datetime | None = None


def same_history(tests: Sequence[Test]) -> list[Test]:
    """Of a disc's tests in order, those that can be held against the last: same medium, same depth, counted."""
    counted = [one for one in tests if one.worst_share is not None]
    return [one for one in counted if (one.medium, one.depth) == (counted[-1].medium, counted[-1].depth)]


def trend(tests: Sequence[Test], limit: float) -> Trend:
    """Where the tests of one disc lead.

    Args:
        tests: all of its tests, in order of their dates.
        limit: share of the roots of the worst ECC block at which the disc has to be copied, above 0 to 1.
    """
    used = same_history(tests)
    if used and (share := used[-1].worst_share) is not None and share >= limit:
        return Trend("now", len(used), copy_by=used[-1].tested_at)
    start = used[0].tested_at if used else datetime.min
    years = [(one.tested_at - start) / timedelta(days=_YEAR_DAYS) for one in used]
    if len(used) < LEAST_TESTS or len(set(years)) < LEAST_TESTS:
        return Trend("few", len(used))
    shares = [one.worst_share or 0.0 for one in used]
    rounding = 1 / math.sqrt(12) / max(one.roots or 1 for one in used)
    log = len(used) >= _LOG_TESTS and min(shares) > 0
    if log:
        rounding /= sum(shares) / len(shares)
    values = [math.log(share) for share in shares] if log else shares
    line = _fit(years, values, rounding)
    sure = line.slope > line.student * line.slope_error
    kind = "grows" if sure else "unsure" if line.slope > 0 else "none"
    goal = math.log(limit) if log else limit

    def date(edge: Callable[[float], float]) -> datetime | None:
        reached = _reaches(edge, goal, years[-1])
        try:
            return None if reached is None else start + timedelta(days=reached * _YEAR_DAYS)
        except OverflowError:  # past the year 9999
            return None

    fitted = Trend(kind, len(used), "log" if log else "linear", line.slope, line.slope_error)
    if kind == "none":
        return fitted
    return Trend(
        kind,
        len(used),
        fitted.model,
        line.slope,
        line.slope_error,
        date(line.at),
        date(lambda year: line.at(year) + line.band(year)),
        date(lambda year: line.at(year) - line.band(year)),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """A least-squares line with its band."""

    mean_x: float
    mean_y: float
    slope: float
    scatter: float
    spread: float
    """Sum of squares of x about its mean."""
    count: int

    @property
    def slope_error(self) -> float:
        return self.scatter / math.sqrt(self.spread)

    @property
    def student(self) -> float:
        return _T95[min(self.count - 2, len(_T95)) - 1]

    def at(self, x: float) -> float:
        return self.mean_y + self.slope * (x - self.mean_x)

    def band(self, x: float) -> float:
        """Half the width of the 90 % band."""
        return self.student * self.scatter * math.sqrt(1 / self.count + (x - self.mean_x) ** 2 / self.spread)


def _fit(xs: Sequence[float], ys: Sequence[float], least_scatter: float) -> _Line:
    count = len(xs)
    mean_x, mean_y = sum(xs) / count, sum(ys) / count
    spread = sum((x - mean_x) ** 2 for x in xs)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
    rest = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in zip(xs, ys, strict=True))
    return _Line(mean_x, mean_y, slope, max(math.sqrt(rest / (count - 2)), least_scatter), spread, count)


def _reaches(edge: Callable[[float], float], goal: float, last: float) -> float | None:
    """The first x from `last` on at which an edge is at the goal; None when that is more than 200 years off.

    An edge that is below the goal now and not in 200 years crosses it once. The lower edge may also rise to the goal
    and turn down again before: it is looked at step by step.
    """
    if edge(last) >= goal:
        return last
    end = last + _HORIZON_YEARS
    if edge(end) >= goal:
        return _between(edge, goal, last, end)
    step = _HORIZON_YEARS / _STEPS
    for high in (last + step * number for number in range(1, _STEPS)):
        if edge(high) >= goal:
            return _between(edge, goal, high - step, high)
    return None


def _between(edge: Callable[[float], float], goal: float, low: float, high: float) -> float:
    """Where an edge that is below the goal at `low`, and not at `high`, reaches it; to half a minute."""
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if edge(middle) >= goal else (middle, high)
    return high
