"""Where a disc's tests lead, held against SciPy and against lines drawn by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from heliograph.archive.care.register import DiscId, Test
from heliograph.archive.care.trend import trend

START = datetime(2026, 11, 22, tzinfo=UTC)
ROOTS = 32


def after(years: float) -> datetime:
    return START + timedelta(days=years * 365.25)


def history(worst: dict[float, int], *, depth: str = "deep", medium: str = "") -> list[Test]:
    """Tests by years since the first: damaged sectors in the worst row, and in all ten."""
    disc = DiscId("HG000000001", "D01")
    return [
        Test(disc, after(years), depth, "damaged", 2550, count, count, ROOTS, medium=medium)
        for years, count in worst.items()
    ]


def days_apart(one: datetime | None, other: datetime) -> float:
    assert one is not None
    return abs(one - other) / timedelta(days=1)


def test_three_tests_on_a_line_reach_the_limit_where_the_line_does():
    """2 roots, then 4, then 6, three years apart: 16 of 32 are used 21 years after the first."""
    way = trend(history({0: 2, 3: 4, 6: 6}), limit=0.5)

    assert (way.kind, way.model, way.tests) == ("grows", "linear", 3)
    assert way.slope == pytest.approx(2 / 32 / 3)
    assert days_apart(way.copy_by, after(21)) < 0.01
    assert way.earliest is not None and way.latest is not None and way.copy_by is not None
    assert way.earliest < way.copy_by < way.latest


def test_fewer_than_three_tests_say_nothing_and_three_on_one_day_neither():
    assert trend([], 0.5).kind == "few"
    assert trend(history({0: 2, 3: 4}), 0.5) == trend(history({0: 2, 3: 4}), 0.4)
    assert trend(history({0: 2, 3: 4}), 0.5).kind == "few"
    assert trend(history({0: 2}) * 3, 0.5).kind == "few"


@pytest.mark.parametrize("worst", [{0: 0, 3: 0, 6: 0}, {0: 5, 3: 5, 6: 5, 9: 5, 12: 5}, {0: 6, 2: 5, 4: 4, 6: 3, 8: 2}])
def test_what_does_not_grow_has_no_date(worst: dict[float, int]):
    way = trend(history(worst), 0.5)

    assert (way.kind, way.copy_by, way.earliest, way.latest) == ("none", None, None, None)


def test_noise_about_a_level_is_unsure_or_none_nine_times_in_ten():
    """The band is the two-sided 90 % one: at most one level in twenty looks as if it grew."""
    random = np.random.default_rng(5)
    kinds = [
        trend(history({float(year): int(count) for year, count in enumerate(random.poisson(9, 8))}), 1.0).kind
        for _ in range(400)
    ]

    assert kinds.count("grows") / 400 < 0.08
    assert kinds.count("unsure") > 100 and kinds.count("none") > 100


def test_five_tests_are_fitted_as_growth_by_a_constant_factor():
    """Damage that doubles every two years from 1 of 32: 16 of 32 after eight years."""
    way = trend(history({0: 1, 2: 2, 4: 4, 5: 6, 6: 8}), 0.5)

    assert way.model == "log"
    assert way.slope == pytest.approx(math.log(2) / 2, rel=0.03)
    assert days_apart(way.copy_by, after(8)) < 60


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("log", [False, True])
def test_slope_error_and_band_are_those_of_scipy(seed: int, log: bool):
    random = np.random.default_rng(seed)
    years = np.sort(random.uniform(0, 30, 9))
    counts = np.clip((3 + 0.25 * years + random.normal(0, 2.5, 9)).round(), 1, 15).astype(int)
    if not log:
        counts[0] = 0  # no logarithm of nothing
    way = trend(history({float(year): int(count) for year, count in zip(years, counts, strict=True)}), 0.9)
    x = years - years[0]
    y = np.log(counts / ROOTS) if log else counts / ROOTS
    fit = stats.linregress(x, y)

    assert way.model == ("log" if log else "linear")
    assert way.slope == pytest.approx(fit.slope)
    assert way.slope_error == pytest.approx(fit.stderr)
    if fit.slope <= 0:
        assert way.kind == "none"
        return
    student = stats.t.ppf(0.95, 7)
    assert (way.kind == "grows") == bool(fit.slope > student * fit.stderr)
    goal = math.log(0.9) if log else 0.9
    assert way.copy_by is None or days_apart(way.copy_by, after(years[0] + (goal - fit.intercept) / fit.slope)) < 0.01
    scatter = math.sqrt(((y - fit.intercept - fit.slope * x) ** 2).sum() / 7)
    for date, sign in ((way.earliest, 1), (way.latest, -1)):
        if date is not None:
            at = (date - after(years[0])) / timedelta(days=365.25)
            half = student * scatter * math.sqrt(1 / 9 + (at - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum())
            assert fit.intercept + fit.slope * at + sign * half == pytest.approx(goal, abs=1e-4)


def test_more_tests_bring_the_edges_nearer():
    few, many = trend(history({0: 2, 3: 4, 6: 6}), 0.5), trend(history({x: 2 + x for x in range(10)} | {0: 0}), 0.9)

    assert few.latest is not None and few.earliest is not None and many.latest is not None and many.earliest is not None
    assert many.latest - many.earliest < few.latest - few.earliest


def test_a_disc_at_the_limit_is_copied_now():
    way = trend(history({0: 16}), 0.5)

    assert (way.kind, way.copy_by) == ("now", after(0))


def test_a_copy_on_a_new_medium_begins_a_new_history_and_quick_tests_are_held_against_quick_ones():
    old = history({0: 2, 3: 8, 6: 14})

    assert trend(old + history({7: 0}, medium="copy of 2033"), 0.5).kind == "few"
    assert trend(old + history({7: 1}, depth="quick"), 0.5).tests == 1


def test_dates_beyond_two_hundred_years_are_not_given():
    """A root in 40 years: the limit is 480 years off."""
    way = trend(history({0: 0, 20: 0, 40: 1}), 0.4)

    assert way.copy_by is None
    assert way.kind in ("unsure", "grows")
