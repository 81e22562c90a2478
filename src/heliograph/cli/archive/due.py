"""`heliograph archive due`: what must be tested or copied by when, by a rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heliograph.cli.archive.care_options import limit_option, register_option
from heliograph.cli.archive.dates import utc
from heliograph.cli.archive.figures import Figure
from heliograph.cli.show import json_option, note, print_table, print_verdict
from heliograph.units import counted

if TYPE_CHECKING:
    from heliograph.archive.care.due import Due, Kept
    from heliograph.archive.care.register import DiscId, Register, Shelf
    from heliograph.errors import Overdue

__all__ = ["command"]


@click.command(
    epilog="\b\nExamples:\n  heliograph archive due discs\n"
    "  heliograph archive due --register care.sqlite --rule gbt-18894-2002 --at 2030-11-22\n"
    "  heliograph archive due discs --life-years 50 --tests-per-life 10\n"
    "  heliograph archive due discs --exit-code || mail -s 'discs are overdue' archive@example.org"
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH...]")
@register_option
@click.option(
    "--rule",
    "name",
    default="iso-29121",
    show_default=True,
    metavar="NAME|FILE.toml",
    help="iso-29121, gbt-18894-2002, gbt-17678-1999, or your own.",
)
@click.option("--at", "day", metavar="DATE", help="The day that counts as today, UTC: YYYY-MM-DD.  [today]")
@click.option(
    "--within", type=click.IntRange(0, 36525), default=90, show_default=True, help="Days ahead that count as due."
)
@click.option("--all", "every", is_flag=True, help="List what is due later, too.")
@limit_option
@click.option("--life-years", type=Figure(1, 10_000), metavar="N", help="Estimated life of the discs; for iso-29121.")
@click.option(
    "--tests-per-life", type=click.IntRange(1, 1000), help="Tests in that life: the interval is the one by the other."
)
@click.option("--exit-code", "tell", is_flag=True, help="Exit with code 16 when something is overdue, for cron.")
@json_option
def command(
    paths: tuple[Path, ...],
    register: Path | None,
    name: str,
    day: str | None,
    within: int,
    every: bool,
    limit: float,
    life_years: float | None,
    tests_per_life: int | None,
    tell: bool,
    as_json: bool,
) -> None:
    """List what must be tested or copied by when: the sets in the images or folders PATH..., those in the register, or
    both.

    A disc never tested counts from its sealing date. With --life-years give --tests-per-life, too: no open source says
    how many tests a life takes. Copies by trend are estimates (est.). To list is to succeed: the exit code is 0,
    whatever is overdue, unless --exit-code is given.
    """
    from heliograph.archive.care.due import due
    from heliograph.archive.care.register import Register, default_register
    from heliograph.archive.care.rules import rule_called
    from heliograph.errors import UsageWrong

    rule = rule_called(name)
    at = utc("--at", day).date()
    interval = _interval(life_years, tests_per_life)
    if interval is not None and (rule.test is None or not rule.test.life):
        raise UsageWrong(f"--life-years: rule {rule.name} does not go by a life", hint="iso-29121 does")
    if not paths and register is None:
        raise UsageWrong("no discs named", hint="give a folder of images, or --register FILE")
    first = paths[0] if paths and paths[0].is_dir() else paths[0].parent if paths else Path()
    book = Register(register or default_register(first))
    discs = _kept(paths, book, needed=register is not None)
    todo = due(rule, discs, at, within_days=within, limit=limit, life_interval_years=interval)
    soon = [one for one in todo if every or one.state != "later"]
    later = [one for one in todo if one.state == "later"]
    states = [one.state for one in todo]
    wrong = _overdue(todo) if tell else None
    if as_json:
        document = {
            "rule": rule.name,
            "title": rule.title,
            "at": at.isoformat(),
            "discs": len(discs),
            **{state: states.count(state) for state in ("overdue", "due", "later")},
            "todo": [_plain(one) for one in todo],
        }
        print_verdict(document, wrong)
        return
    rows = [
        (one.by.isoformat(), one.state, one.do, one.disc.set_id, one.disc.disc, _last(one.tested), one.why)
        for one in soon
    ]
    if rows:
        title = f"At {at}, by {rule.name}"
        print_table(["by", "state", "do", "set", "disc", "last test", "why"], rows, title=title)
    more = f"; {len(later)} later, the first on {later[0].by}" if later else ""
    now = f"{states.count('overdue')} overdue, {states.count('due')} due within {within} days"
    click.echo(f"{counted(len(discs), 'disc')}; to do: {now}{more}")
    for citation in dict.fromkeys(one.citation for one in (soon or later)):
        click.echo(f"by: {citation}")
    if wrong is not None:
        raise wrong


def _overdue(todo: Sequence[Due]) -> Overdue | None:
    """The first thing whose day is over, as the error that --exit-code asks for."""
    from heliograph.errors import Overdue

    over = [one for one in todo if one.state == "overdue"]
    if not over:
        return None
    first = min(over)
    return Overdue(
        f"{len(over)} overdue; the first: {first.do} disc {first.disc.disc} of set {first.disc.set_id} by {first.by}",
        hint="test with `heliograph archive scrub`, copy with `heliograph archive migrate`",
    )


def _plain(one: Due) -> dict[str, object]:
    return {
        "by": one.by.isoformat(),
        "state": one.state,
        "do": one.do,
        "set": one.disc.set_id,
        "disc": one.disc.disc,
        "tested": one.tested.isoformat() if one.tested else None,
        "why": one.why,
        "citation": one.citation,
    }


def _interval(life_years: float | None, tests_per_life: int | None) -> float | None:
    from heliograph.errors import UsageWrong

    if life_years is None and tests_per_life is None:
        return None
    if life_years is None or tests_per_life is None:
        raise UsageWrong("--life-years and --tests-per-life: give both or none", hint="the interval is years / tests")
    return life_years / tests_per_life


def _last(tested: object) -> str:
    return "never" if tested is None else str(tested)


def _kept(paths: tuple[Path, ...], book: Register, *, needed: bool) -> list[Kept]:
    """The discs of the sets at `paths`, or all that the register knows, with their tests."""
    from heliograph.archive.care.due import Kept
    from heliograph.archive.care.register import Shelf

    known: dict[DiscId, Shelf] = {shelf.disc: shelf for shelf in _shelves(paths)}
    if not needed and not book.path.exists():
        note(f"note: {book.path}: no register there, so no tests are known; `heliograph archive scrub` writes one")
        return [Kept(shelf) for shelf in known.values()]
    tests = book.tests()
    if not paths:
        known = {shelf.disc: shelf for shelf in book.shelves()}
        for disc, done in tests.items():
            # Scrubbed as a single image that could not name its set: its sealing date is not known.
            known.setdefault(disc, Shelf(disc, done[0].tested_at))
        known = _without_migrated(known, book)
    return [Kept(shelf, tests.get(disc, [])) for disc, shelf in known.items()]


def _without_migrated(known: dict[DiscId, Shelf], book: Register) -> dict[DiscId, Shelf]:
    """The discs whose files have not all gone into another set; who keeps the others, names their folder."""
    from heliograph.archive.care.migrations import repacked

    became = repacked(book)
    for old in dict.fromkeys(disc.set_id for disc in known if disc.set_id in became):
        note(f"note: set {old}: left out, migrated to {became[old]}; name its folder if you keep it")
    return {disc: shelf for disc, shelf in known.items() if disc.set_id not in became}


def _shelves(paths: tuple[Path, ...]) -> list[Shelf]:
    """The discs of all sets at `paths`, here or not."""
    from heliograph.archive.care.register import DiscId, Shelf
    from heliograph.archive.read.reader import find_sets
    from heliograph.errors import NotFound

    if not paths:
        return []
    found = find_sets(paths)
    try:
        for wrong in found.unread.values():
            note(f"note: not read: {wrong.message}")
        if not found.sets:
            named = ", ".join(str(path) for path in paths)
            raise NotFound(f"{named}: no disc images of Heliograph here", hint="give image files, or their folder")
        return [
            Shelf(DiscId(view.set_id, disc.name), _sealed(view.index.created), view.index.title)
            for view in found.sets
            for disc in view.index.discs
        ]
    finally:
        found.close()


def _sealed(created: str) -> datetime:
    at = datetime.fromisoformat(created)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
