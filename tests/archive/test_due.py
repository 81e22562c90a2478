"""Rules at the edges of dates, samples that come round to every disc, rule files that are refused by place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from heliograph.archive.care.due import Due, Kept, add_years, due, sample
from heliograph.archive.care.register import DiscId, Shelf, Test
from heliograph.archive.care.rules import SHIPPED, Interval, Level, Rule, read_rule, rule_called
from heliograph.errors import RuleWrong, UsageWrong

SEALED = date(2026, 11, 22)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def kept(*tested: date, number: int = 1, sealed: date = SEALED, worst: Sequence[int] = (), depth: str = "deep") -> Kept:
    """A disc of 32 roots, tested on these days, with so many sectors lost in the worst row each time."""
    disc = DiscId("HG000000001", f"D{number:02}")
    counts = worst or [0] * len(tested)
    lines = [
        Test(disc, noon(day), depth, "good", 2550, count, count, 32) for day, count in zip(tested, counts, strict=True)
    ]
    return Kept(Shelf(disc, noon(sealed)), lines)


def only(found: list[Due]) -> Due:
    (one,) = found
    return one


@pytest.mark.parametrize(
    ("day", "years", "there"),
    [
        (date(2026, 11, 22), 3, date(2029, 11, 22)),
        (date(2028, 2, 29), 3, date(2031, 2, 28)),
        (date(2028, 2, 29), 4, date(2032, 2, 29)),
        (date(2096, 2, 29), 4, date(2100, 2, 28)),
        (date(2027, 2, 28), 1, date(2028, 2, 28)),
        (date(2026, 11, 22), 2.5, date(2029, 5, 23)),
        (date(2026, 11, 22), 7973.9, date.max),
        (date(2026, 11, 22), 9000, date.max),
    ],
)
def test_years_are_those_of_the_calendar(day: date, years: float, there: date):
    """2100 is no leap year; half a year is 182 days."""
    assert add_years(day, years) == there


def test_a_disc_tested_exactly_three_years_ago_is_in_time_and_overdue_the_day_after():
    rule = rule_called("iso-29121")
    disc = [kept(date(2028, 2, 29))]

    last = only(due(rule, disc, date(2031, 2, 28)))
    assert (last.by, last.state, last.do) == (date(2031, 2, 28), "due", "test")
    assert only(due(rule, disc, date(2031, 3, 1))).state == "overdue"
    assert only(due(rule, disc, date(2030, 11, 29))).state == "later"
    assert only(due(rule, disc, date(2030, 11, 30))).state == "due"


def test_a_disc_never_tested_counts_from_its_sealing():
    """ISO/IEC 29121 asks for an initial test; GB/T 17678.1 for one every five years."""
    first = only(due(rule_called("iso-29121"), [kept()], date(2026, 11, 22)))
    assert (first.by, first.state, first.tested) == (SEALED, "due", None)
    assert only(due(rule_called("iso-29121"), [kept()], date(2026, 11, 23))).state == "overdue"

    later = only(due(rule_called("gbt-17678-1999"), [kept()], date(2026, 11, 23)))
    assert (later.by, later.state) == (date(2031, 11, 22), "later")


def test_a_quick_test_is_none_for_iso_29121_and_one_for_gbt_17678():
    disc = [kept(date(2027, 1, 1), depth="quick")]

    assert only(due(rule_called("iso-29121"), disc, date(2027, 1, 2))).by == SEALED
    assert only(due(rule_called("gbt-17678-1999"), disc, date(2027, 1, 2))).by == date(2032, 1, 1)


def test_a_life_estimate_gives_the_interval_where_the_rule_allows_it():
    found = due(rule_called("iso-29121"), [kept(date(2027, 1, 1))], date(2027, 1, 2), life_interval_years=50 / 10)

    assert only(found).by == date(2032, 1, 1)


def test_tests_and_sealings_of_the_future_are_not_known_yet():
    discs = [kept(date(2027, 1, 1), date(2029, 1, 1)), kept(number=2, sealed=date(2030, 1, 1))]

    assert only(due(rule_called("iso-29121"), discs, date(2028, 1, 1))).by == date(2030, 1, 1)


@pytest.mark.parametrize(("count", "drawn"), [(1, 1), (10, 1), (11, 2), (37, 4), (200, 20)])
def test_a_sample_is_a_tenth_rounded_up_and_comes_round_to_every_disc_before_any_twice(count: int, drawn: int):
    testing = rule_called("gbt-18894-2002").test
    assert testing is not None
    tested: dict[int, list[date]] = {number: [] for number in range(1, count + 1)}
    at = SEALED
    turns = -(-count // drawn)
    for turn in range(turns):
        discs = [kept(*days, number=number) for number, days in tested.items()]
        picked, by, many = sample(discs, testing, at)
        assert (len(picked), many, by) == (drawn, drawn, add_years(SEALED, 4 * (turn + 1)))
        assert sample(discs[::-1], testing, at) == (picked, by, many)
        at = by
        for one in picked:
            tested[int(one.disc.disc[1:])].append(at)
    times = [len(days) for days in tested.values()]
    assert min(times) == 1
    assert max(times) <= (1 if count % drawn == 0 else 2)


def test_a_sample_half_done_asks_for_the_other_half():
    """Two of four tested in the third year: two are still drawn; the next sample is due four years after those two."""
    testing = Interval(4, "here", sample=0.1)
    discs = [kept(number=number) for number in range(1, 38)]
    third = date(2029, 6, 1)
    picked, _, _ = sample(discs, testing, third)
    half = {one.disc for one in picked[:2]}

    def after(day: date, which: set[DiscId], among: list[Kept]) -> list[Kept]:
        return [
            Kept(one.shelf, [*one.tests, Test(one.disc, noon(day), "deep", "good")]) if one.disc in which else one
            for one in among
        ]

    discs = after(third, half, discs)
    rest, by, _ = sample(discs, testing, third)
    assert ([one.disc for one in rest], by) == ([one.disc for one in picked[2:]], date(2030, 11, 22))
    discs = after(date(2030, 11, 22), {one.disc for one in rest}, discs)
    rest, by, _ = sample(discs, testing, date(2030, 11, 23))
    assert (len(rest), by) == (2, date(2033, 6, 1))


def test_a_sample_lists_only_the_discs_drawn():
    discs = [kept(number=number) for number in range(1, 38)]

    found = due(rule_called("gbt-18894-2002"), discs, date(2030, 11, 23))
    assert [one.state for one in found] == ["overdue"] * 4
    assert found[0].why == "drawn: 4 of 37 discs each 4 years"


def test_a_disc_that_wears_is_copied_by_its_trend_and_one_that_is_lost_rebuilt():
    """2, 4, 6 of 32 roots, three years apart: 16 in the 21st year."""
    days = [date(2026, 11, 22), date(2029, 11, 22), date(2032, 11, 22)]
    copy = due(rule_called("iso-29121"), [kept(*days, worst=[2, 4, 6])], date(2033, 1, 1))
    assert [(one.do, one.by.year) for one in copy] == [("test", 2035), ("copy", 2047)]
    assert copy[1].why.endswith("(est.)")

    lost = kept(date(2029, 11, 22))
    lost = Kept(lost.shelf, [Test(lost.disc, noon(date(2029, 11, 22)), "deep", "lost", 2550, 40, 40, 32)])
    assert ("rebuild", "last test: lost") in [
        (one.do, one.why) for one in due(rule_called("iso-29121"), [lost], date(2029, 11, 23))
    ]


def test_of_the_warning_levels_reached_the_gravest_counts():
    rule = Rule(
        "house",
        "House rule",
        level=(
            Level("first", "worst_share", 0.1, "test", "house book 1", within_years=1),
            Level("second", "worst_share", 0.3, "copy", "house book 2"),
        ),
    )
    day = date(2027, 1, 1)

    assert due(rule, [kept(day, worst=[3])], day) == []
    mild = only(due(rule, [kept(day, worst=[4])], day))
    assert (mild.do, mild.by, mild.citation) == ("test", date(2028, 1, 1), "house book 1")
    grave = only(due(rule, [kept(day, worst=[10])], day))
    assert (grave.do, grave.by, grave.why) == ("copy", day, "second: worst_share 0.312, limit 0.3")


def test_every_shipped_rule_can_be_read_and_is_cited():
    for name in SHIPPED:
        rule = rule_called(name)
        assert rule.name == name
        assert rule.test is not None and rule.title.split(",")[0].split(":")[0] in rule.test.citation
    folder = Path(read_rule.__code__.co_filename).with_name("rules")
    assert sorted(path.stem for path in folder.glob("*.toml")) == sorted(SHIPPED)


_TEST = '[test]\nyears = 3\ncitation = "here"\n'
_NAMES = 'name = "mine"\ntitle = "Mine"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = mine", "line 1, column 8: not TOML: invalid value"),
        ('name = "mine"\n' + _TEST, "$: object missing required field title"),
        (_NAMES, "$: expected [test], [copy] or [[level]]"),
        (_NAMES + "[test]\nyears = 3\n", "$.test: object missing required field citation"),
        (_NAMES + '[test]\nyears = 3\ncitation = " "\n', "$.test.citation: expected where the figure is from"),
        (_NAMES + '[test]\nyears = "3"\ncitation = "here"\n', "$.test.years: expected a number, got text"),
        (_NAMES + '[test]\nyears = 0\ncitation = "here"\n', "$.test.years: expected 1/12 (a month) to 200, got 0"),
        (_NAMES + '[test]\nyears = nan\ncitation = "here"\n', "$.test.years: expected 1/12 (a month) to 200, got nan"),
        (_NAMES + _TEST + "sample = 10\n", "$.test.sample: expected a share above 0, up to 1, got 10"),
        (_NAMES + _TEST + "yeers = 10\n", "$.test: object contains unknown field yeers"),
        (
            _NAMES + '[[level]]\nname = "one"\nmeasure = "worst_share"\nat_least = 0\ndo = "copy"\ncitation = "here"\n',
            "$.level[0].at_least: expected a share above 0, up to 1, got 0",
        ),
        (
            _NAMES + '[[level]]\nname = "one"\nmeasure = "BLER"\nat_least = 0.1\ndo = "copy"\ncitation = "here"\n',
            "$.level[0].measure: invalid enum value 'BLER'",
        ),
    ],
)
def test_a_bad_rule_file_is_refused_with_file_and_place(tmp_path: Path, text: str, said: str):
    path = tmp_path / "mine.toml"
    path.write_text(text)

    with pytest.raises(RuleWrong) as wrong:
        rule_called(str(path))
    assert wrong.value.message.startswith(f"{path}: {said}")
    assert "\n" not in wrong.value.message


def test_a_rule_that_is_not_text_and_one_that_is_not_there_are_refused(tmp_path: Path):
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RuleWrong, match="byte 0: expected text in UTF-8"):
        rule_called(str(tmp_path / "bytes.toml"))
    with pytest.raises(UsageWrong, match="no such file"):
        rule_called(str(tmp_path / "none.toml"))
    with pytest.raises(UsageWrong, match="expected one of iso-29121"):
        rule_called("da-t-38-2008")


def test_the_rule_that_the_documents_show_can_be_read(tmp_path: Path):
    document = (Path(__file__).parents[2] / "docs" / "archive.md").read_text("utf-8")
    (tmp_path / "house.toml").write_text(document.split("```toml\n")[1].split("```")[0])

    rule = rule_called(str(tmp_path / "house.toml"))
    assert rule.test is not None and rule.copy is not None
    assert (rule.name, rule.test.years, rule.copy.years, rule.level[0].do) == ("house", 2, 30, "test")


def test_nothing_sealed_yet_is_nothing_due():
    for name in SHIPPED:
        assert due(rule_called(name), [kept()], SEALED - timedelta(days=1)) == []
