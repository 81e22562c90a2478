"""`heliograph archive find`: which discs hold a file, and which to fetch."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heliograph.cli.archive.catalogs import CATALOG, usual_catalog
from heliograph.cli.archive.keys import AskRing, open_options
from heliograph.cli.show import human_bytes, json_option, note, print_json, print_table
from heliograph.units import counted

if TYPE_CHECKING:
    from heliograph.archive.catalog import MemoryStore, SetFetch
    from heliograph.archive.secret import Keyring

__all__ = ["command"]


@click.command(
    epilog="\b\nExamples:\n  heliograph archive find 'record/*.parquet' --time 2026-11-01 2026-11-30\n"
    "  heliograph archive find --cell SX251103-00042-0123 --for-restore --missing D02\n"
    "  heliograph archive find '*payroll*' --discs shelf --identity my.key"
)
@click.argument("pattern", required=False, default="")
@click.option("--time", "days", nargs=2, metavar="FROM TO", help="First and last day, YYYY-MM-DD, in UTC.")
@click.option(
    "--time-of",
    type=click.Choice(["sealed", "record"]),
    default="sealed",
    show_default=True,
    help="What --time is of: the sealing, or the record's days, by the cells in a file.",
)
@click.option("--hash", "sha256", default="", help="SHA-256 of a file, or at least its first 8 hex digits.")
@click.option("--lot", default="", help="Files whose range of cells has room for this lot.")
@click.option("--cell", default="", help="Files whose range of cells has room for this cell.")
@click.option("--set", "set_id", default="", help="Files of this set, or of what it became when it was migrated.")
@click.option(
    "--catalog",
    type=CATALOG,
    help="A SQLite file or its folder, or postgresql://…  [default: catalog.sqlite here, or in discs]",
)
@click.option(
    "--discs",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Ask these images, mounted discs or folders themselves, and no catalog; repeatable.",
)
@click.option("--for-restore", is_flag=True, help="Say which discs to fetch, in which order: the fewest, each once.")
@click.option("--missing", multiple=True, metavar="DISC", help="A disc that is not to be had, e.g. D02; repeatable.")
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True, help="Rows of the table.")
@open_options
@json_option
def command(
    pattern: str,
    days: tuple[str, str] | None,
    time_of: str,
    sha256: str,
    lot: str,
    cell: str,
    set_id: str,
    catalog: Path | str | None,
    discs: tuple[Path, ...],
    for_restore: bool,
    missing: tuple[str, ...],
    limit: int,
    ask_ring: AskRing,
    as_json: bool,
) -> None:
    """Find files in the catalog: by PATTERN on their path, day, hash, lot or cell; all that are given must match.

    It says on which discs each file stands. Lots and cells are found by the first and last cell that the catalog keeps
    of a file: what is found may hold them, what is not found does not. With --discs and its key an encrypted set is
    searched by its true names, in memory: none is written anywhere.
    """
    from heliograph.archive.catalog import find, shown, to_fetch

    where = _asked(catalog, discs, ask_ring())
    between = (_day(days[0]), _day(days[1])) if days else None
    hits = find(
        where, pattern, sha256=sha256, lot=lot.strip(), cell=cell.strip(), days=between, of=time_of, set_id=set_id
    )
    fetch = to_fetch(where, hits, missing) if for_restore or missing else []
    if as_json:
        document: dict[str, object] = {"catalog": shown(where), "files": [dataclasses.asdict(hit) for hit in hits]}
        if for_restore or missing:
            document["fetch"] = [dataclasses.asdict(each) for each in fetch]
        print_json(document)
        return
    rows = [
        (hit.file, human_bytes(hit.bytes), hit.set_id, hit.sealed[:10], ", ".join(dict.fromkeys(hit.discs)))
        for hit in hits[:limit]
    ]
    print_table(["file", "size", "set", "sealed", "discs"], rows, title=shown(where))
    if len(hits) > limit:
        note(f"note: {len(hits) - limit:,} more of {len(hits):,} files are not shown: --limit {len(hits)}, or --json")
    for became in dict.fromkeys(hit.set_id for hit in hits) if set_id else ():
        if not set_id.strip().upper().startswith(became):
            note(f"note: set {became} holds what was migrated from {set_id}")
    if fetch:
        _show(fetch)


def _asked(catalog: Path | str | None, discs: tuple[Path, ...], ring: Keyring | None) -> Path | str | MemoryStore:
    """What to ask: a catalog, or the discs themselves."""
    from heliograph.archive.catalog import MemoryStore, add
    from heliograph.errors import UsageWrong

    if not discs:
        if ring is not None:
            raise UsageWrong(
                "a key opens discs, not a catalog",
                hint="say which: --discs PATH; or enter them by their true names: `heliograph archive catalog add`",
            )
        return usual_catalog(catalog)
    if catalog is not None:
        raise UsageWrong("--catalog and --discs: give one of the two")
    where = MemoryStore(", ".join(map(str, discs)))
    entered = add(where, discs, ring)
    for wrong in entered.unread.values():
        note(f"note: not read: {wrong.message}")
    for one in entered.sets if ring is None else ():
        if one.locked:
            note(f"note: set {one.set_id} is encrypted: --identity or --passphrase finds its files by their true names")
    return where


def _show(sets: list[SetFetch]) -> None:
    turns = [(one, disc) for one in sets for disc in one.discs]
    rows = [
        (
            number,
            disc.volume,
            one.title,
            disc.image or "",
            f"{counted(disc.files, 'file')}" if disc.files else f"to rebuild {', '.join(one.rebuild)}",
        )
        for number, (one, disc) in enumerate(turns, 1)
    ]
    print_table(["turn", "disc", "set", "image", "for"], rows, title="Discs to fetch, in this order")
    for one in sets:
        if one.rebuild:
            note(
                f"note: {', '.join(one.rebuild)} of {one.set_id} is rebuilt first: copy the discs of the set into one "
                "folder, then `heliograph archive repair FOLDER`"
            )
        if one.spare:
            note(
                f"note: should another disc of {one.set_id} be missing: {', '.join(one.spare)}, each in place of one, "
                f"together with all other data discs ({one.every_data[0]} to {one.every_data[-1]})"
            )
        else:
            note(f"note: no parity disc of {one.set_id} is left to replace another disc")


def _day(text: str) -> date:
    from heliograph.errors import UsageWrong

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageWrong(f"--time {text}: expected YYYY-MM-DD") from None
