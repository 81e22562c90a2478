"""What has to be done with which disc by which day, by a rule, the register, and the discs' own trends.

All days are UTC. "At most three years" ends on the same day of the third year; a test made on that day is in time, and
the disc is overdue on the next. What was counted from 29 February ends on 28 February where the year has no 29th.

A sample is drawn oldest first: the discs whose last test (or sealing) is longest ago, of equals by the SHA-256 of their
names, so that nobody chooses, every disc has its turn before any has its second, and the same register draws the same.
The sample is due when the interval after the last one is over: in any span of so many years the share has been tested.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from typing import Final

from heliograph.archive.care.register import DiscId, Shelf, Test
from heliograph.archive.care.rules import Interval, Rule
from heliograph.archive.care.trend import trend

__all__ = ["Due", "Kept", "add_years", "due", "sample"]

_YEAR_DAYS: Final = 365.25
_LIVE: Final = ("good", "damaged")


@dataclass(frozen=True, slots=True)
class Kept:
    """A disc and its tests, in order of their dates."""

    shelf: Shelf
    tests: Sequence[Test] = ()

    @property
    def disc(self) -> DiscId:
        return self.shelf.disc

    @property
    def sealed(self) -> date:
        return self.shelf.sealed_at.astimezone(UTC).date()

    def tested(self, *, deep: bool, at: date) -> date | None:
        """Day of the last test that counts, up to and with the day `at`."""
        days = [_day(one) for one in self.tests if one.depth == "deep" or not deep]
        return max((day for day in days if day <= at), default=None)


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """One thing to do with one disc."""

    by: date
    disc: DiscId
    do: str
    """test, copy or rebuild."""
    state: str = field(compare=False)
    """overdue (the day is over), due (within the days asked for) or later."""
    tested: date | None = field(compare=False)
    why: str = field(compare=False)
    citation: str = field(compare=False)


def add_years(day: date, years: float) -> date:
    """The day so many years on: whole years by the calendar, the rest by days of a year of 365.25, rounded down."""
    whole = int(years)
    if day.year + whole >= date.max.year:
        return date.max
    try:
        there = day.replace(year=day.year + whole)
    except ValueError:
        there = day.replace(year=day.year + whole, day=28)
    return there + timedelta(days=int((years - whole) * _YEAR_DAYS))


def due(
    rule: Rule,
    discs: Sequence[Kept],
    at: date,
    *,
    within_days: int = 90,
    limit: float = 0.5,
    life_interval_years: float | None = None,
) -> list[Due]:
    """All that has to be done, by day; of a disc at most one test, one copy.

    Args:
        at: today; tests after it are not known yet.
        within_days: what is due so soon is `due`, the rest `later`.
        limit: share of the worst block's roots at which a disc is copied, for its trend.
        life_interval_years: between tests, from an estimated life, for rules that allow it.
    """
    known = [Kept(one.shelf, [test for test in one.tests if _day(test) <= at]) for one in discs if one.sealed <= at]
    found: list[Due] = []

    def enter(one: Kept, do: str, by: date, why: str, citation: str) -> None:
        state = "overdue" if by < at else "due" if (by - at).days <= within_days else "later"
        found.append(Due(by, one.disc, do, state, one.tested(deep=False, at=at), why, citation))

    testing = rule.test
    if testing is not None and life_interval_years is not None and testing.life:
        testing = Interval(life_interval_years, testing.citation, testing.sample, testing.initial, testing.deep)
    if testing is not None and testing.sample < 1:
        drawn, by, many = sample(known, testing, at)
        for one in drawn:
            enter(
                one, "test", by, f"drawn: {many} of {len(known)} discs each {testing.years:g} years", testing.citation
            )
    elif testing is not None:
        for one in known:
            enter(one, "test", *_next_test(one, testing, at), testing.citation)
    for one in known:
        for do, by, why, citation in _of_its_own(rule, one, limit):
            enter(one, do, by, why, citation)
    first: dict[tuple[DiscId, str], Due] = {}
    for each in sorted(found):
        first.setdefault((each.disc, each.do), each)
    return list(first.values())


def sample(discs: Sequence[Kept], testing: Interval, at: date) -> tuple[list[Kept], date, int]:
    """The discs drawn for the next sample, the day by which they are tested, and how many a whole sample is.

    Discs of the sample that have been tested already are not drawn again.
    """
    if not discs:
        return [], date.max, 0
    many = math.ceil(testing.sample * len(discs) - 1e-9)
    last = {one.disc: one.tested(deep=testing.deep, at=at) for one in discs}
    done = sorted((day for day in last.values() if day is not None), reverse=True)
    began = min(one.sealed for one in discs)
    if len(done) >= many:
        began = max(began, done[many - 1])
    tested_since = sum(1 for day in done[: many - 1] if day > began or len(done) < many)

    def turn(one: Kept) -> tuple[date, bytes]:
        return last[one.disc] or one.sealed, hashlib.sha256("/".join(one.disc).encode()).digest()

    return sorted(discs, key=turn)[: many - tested_since], add_years(began, testing.years), many


def _next_test(one: Kept, testing: Interval, at: date) -> tuple[date, str]:
    tested = one.tested(deep=testing.deep, at=at)
    if tested is not None:
        return add_years(tested, testing.years), f"{testing.years:g} years after its last test"
    if testing.initial:
        return one.sealed, "never tested" + (" deeply" if one.tests else "") + "; first test at sealing"
    return add_years(one.sealed, testing.years), f"never tested; {testing.years:g} years after sealing"


def _of_its_own(rule: Rule, one: Kept, limit: float) -> list[tuple[str, date, str, str]]:
    """What a disc's age, last test and trend ask for: what to do, by when, why, from where."""
    found = []
    if rule.copy is not None:
        by = add_years(one.sealed, rule.copy.years)
        found.append(("copy", by, f"{rule.copy.years:g} years after sealing", rule.copy.citation))
    if not one.tests:
        return found
    last = one.tests[-1]
    if last.result not in _LIVE:
        found.append(("rebuild", _day(last), f"last test: {last.result}", "its last test"))
    measures = {"worst_share": last.worst_share, "damaged_share": _damaged_share(last)}
    reached = [level for level in rule.level if (measures[level.measure] or 0) >= level.at_least]
    if reached:
        level = reached[-1]
        why = f"{level.name}: {level.measure} {measures[level.measure]:.3g}, limit {level.at_least:g}"
        found.append((level.do, add_years(_day(last), level.within_years), why, level.citation))
    way = trend(one.tests, limit)
    if way.kind in ("now", "grows") and way.copy_by is not None:
        when = "is at" if way.kind == "now" else "will be at"
        why = f"worst block {when} {limit:.0%} of its roots (est.)"
        found.append(("copy", way.copy_by.astimezone(UTC).date(), why, "the trend of its own tests (est.)"))
    return found


def _damaged_share(one: Test) -> float | None:
    return None if one.damaged_sectors is None or not one.sectors else one.damaged_sectors / one.sectors


def _day(one: Test) -> date:
    return one.tested_at.astimezone(UTC).date()
