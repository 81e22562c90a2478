"""`heliograph archive scrub`: test discs, keep the result, say where the tests lead."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heliograph.cli.archive.care_options import limit_option, register_option
from heliograph.cli.archive.dates import utc
from heliograph.cli.archive.reading import limits_of, reading_options, scratch_option
from heliograph.cli.show import json_option, note, print_table, print_verdict, progress
from heliograph.units import counted

if TYPE_CHECKING:
    from heliograph.archive.care import Test, Trend

__all__ = ["command"]


@click.command(
    epilog="\b\nExamples:\n  heliograph archive scrub discs\n"
    "  heliograph archive scrub /mnt/d01.iso --register care.sqlite --drive 'BU40N' --medium 'shelf A, 2026'"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@register_option
@click.option("--date", metavar="DATE", help="When the discs were read, UTC: YYYY-MM-DD or an ISO 8601 time.  [now]")
@click.option("--quick", is_flag=True, help="Checksums of the sectors only; compared with other quick tests.")
@limit_option
@click.option("--drive", default="", help="A note: the drive that read them.")
@click.option("--medium", default="", help="A note: which physical discs; another note begins a new history.")
@scratch_option
@reading_options
@json_option
def command(
    paths: tuple[Path, ...],
    register: Path | None,
    date: str | None,
    quick: bool,
    limit: float,
    drive: str,
    medium: str,
    scratch: Path | None,
    retries: int,
    time_limit: float,
    as_json: bool,
) -> None:
    """Test the images PATH..., or those in the folders PATH..., and enter each test in the register.

    Of each disc: damaged sectors, the worst ECC block, and by when it has to be copied, from at least three tests. All
    such dates are estimates (est.); docs/archive.md gives the model. Each disc is entered as soon as it is tested.
    Exit codes as of `verify`.
    """
    from heliograph.archive.care.measure import measured
    from heliograph.archive.care.register import DiscId, Register, Shelf, default_register
    from heliograph.archive.care.trend import trend
    from heliograph.archive.rescue import is_device
    from heliograph.archive.verify.check import DiscState
    from heliograph.archive.verify.verify import verify

    at = utc("--date", date)
    first = paths[0] if paths[0].is_dir() else Path() if is_device(paths[0]) else paths[0].parent
    book = Register(register or default_register(first))
    entered: dict[DiscState, Test] = {}

    def enter(state: DiscState) -> None:
        line = measured(state, at, deep=not quick, drive=drive, medium=medium)
        if line is not None:
            book.enter(tests=[line])
            entered[state] = line

    book.check()
    with progress("scrubbing", quiet=as_json) as tell:
        verdict = verify(
            paths,
            deep=not quick,
            hashes=not quick,
            limits=limits_of(retries, time_limit),
            scratch=scratch,
            progress=lambda image, done, total: tell(done / max(total, 1), image),
            each=enter,
        )
    states = [disc for one in verdict.sets for disc in one.discs] + list(verdict.strays)
    for state in states:
        # Only its set told which disc this is.
        if state not in entered and not any(done.where == state.where for done in entered):
            enter(state)
    shelves = [
        Shelf(DiscId(one.index.set_id, disc.name), datetime.fromisoformat(one.index.created), one.index.title)
        for one in verdict.sets
        for disc in one.index.discs
    ]
    if shelves:
        book.enter(shelves)
    history = book.tests() if entered else {}
    found = {line.disc: (line, trend(history[line.disc], limit)) for line in entered.values()}
    wrong = verdict.error()
    unnamed = [str(state.where) for state in states if not any(state.where == done.where for done in entered)]
    document = {
        "good": wrong is None,
        "register": str(book.path),
        "limit": limit,
        "discs": [_plain(line, way) for line, way in found.values()],
        "missing": [{"set": one.index.set_id, "disc": name} for one in verdict.sets for name in one.missing],
        "not_entered": unnamed,
    }
    if as_json:
        print_verdict(document, wrong)
        return
    for set_id in dict.fromkeys(disc.set_id for disc in found):
        rows = [_row(line, way) for disc, (line, way) in found.items() if disc.set_id == set_id]
        title = f"Set {set_id}, tested {at:%Y-%m-%d}; copy at {limit:.0%} of the roots"
        print_table(["disc", "state", "damaged", "worst block", "mean", "tests", "trend", "copy by"], rows, title=title)
    for where in unnamed:
        note(f"note: {where}: does not say which disc it is, and is not in the register")
    for one in verdict.sets:
        if one.missing and verdict.whole_sets:
            note(f"note: set {one.index.set_id}: not here, not tested: {', '.join(one.missing)}")
    note(f"{book.path}: {counted(len(entered), 'test')} entered")
    if wrong is not None:
        raise wrong


def _row(line: Test, way: Trend) -> tuple[object, ...]:
    share = line.worst_share
    worst = "" if share is None else f"{line.worst} of {line.roots} ({share:.0%})"
    mean = "" if line.mean is None else f"{line.mean:.3g}"
    return (line.disc.disc, line.result, line.damaged_sectors, worst, mean, way.tests, _words(way), _by(way))


def _words(way: Trend) -> str:
    if way.kind == "few":
        return f"needs {max(3 - way.tests, 1)} more"
    return {"none": "none", "unsure": "unsure", "grows": "grows", "now": "at the limit"}[way.kind]


def _by(way: Trend) -> str:
    if way.kind == "now":
        return "now"
    if way.kind in ("few", "none"):
        return ""
    if way.copy_by is None:
        return "not in 200 years (est.)"
    spread = " to ".join("later" if each is None else f"{each:%Y-%m}" for each in (way.earliest, way.latest))
    return f"{way.copy_by:%Y-%m-%d} est. ({spread})"


def _plain(line: Test, way: Trend) -> dict[str, object]:
    return {
        "set": line.disc.set_id,
        "disc": line.disc.disc,
        "tested_at": line.tested_at.isoformat(),
        "depth": line.depth,
        "state": line.result,
        "why": line.why,
        "sectors": line.sectors,
        "damaged_sectors": line.damaged_sectors,
        "worst": line.worst,
        "roots": line.roots,
        "mean": line.mean,
        "trend": {"est": True, **{name: _text(getattr(way, name)) for name in way.__dataclass_fields__}},
    }


def _text(value: object) -> object:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
