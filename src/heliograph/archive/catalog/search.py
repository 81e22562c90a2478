"""Ask the catalog: which files match, and on which discs they stand.

A day of sealing is that stamped on the set. A cell or a lot is looked for in the ranges that the catalog's table `keys`
keeps, first and last cell of a file: a file that is found may hold it, one that is not found does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from heliograph.archive.catalog.store import Rows
from heliograph.archive.catalog.where import Where, open_store
from heliograph.archive.read.restore import wanted
from heliograph.archive.texts.index import set_named
from heliograph.errors import NotFound, UsageWrong

__all__ = ["Hit", "find"]

_DAY_IN_CELL: Final = re.compile(r"[A-Z]{2,4}(\d{6})-\d+-\d+")
"""A cell's id begins with its site and the day of its record, yymmdd (`heliograph.ids`)."""

_FIRST_WILD: Final = re.compile(r"[*?[]")
_TO_LIKE: Final = str.maketrans({"*": "%", "?": "_", "%": "~%", "_": "~_", "~": "~~"})
_LAST_LETTER: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Hit:
    """A file that was found."""

    set_id: str
    title: str
    sealed: str
    """Date stamped on the set, ISO 8601."""
    file: str
    bytes: int
    sha256: str
    discs: tuple[str, ...]
    """The disc of each piece, in order."""


def find(
    catalog: Where,
    pattern: str = "",
    *,
    sha256: str = "",
    lot: str = "",
    cell: str = "",
    days: tuple[date, date] | None = None,
    of: str = "sealed",
    set_id: str = "",
) -> list[Hit]:
    """The files that match everything given, in the order of their sets' dates, then of their names.

    Args:
        pattern: on the true path, as for restore: `record/*.parquet`, or a folder.
        sha256: of the file; its first 8 hex digits or more.
        lot, cell: an id; found by the range of cells in each file.
        set_id: of a set, or of one that it was made of by migrations; the id of a disc, as on its label, does as well.
        days: first and last day; `of` says of what: `sealed`, or `record`, the days that a file's cells name.
    Raises:
        NotFound: no catalog, or nothing in it matches. UsageWrong: too short a hash. CannotWrite: not a catalog.
    """
    if sha256 and not re.fullmatch(r"[0-9a-f]{8,64}", sha256.lower()):
        raise UsageWrong(f"hash {sha256!r}: expected 8 to 64 hex digits", hint="`sha256sum FILE` prints it")
    conditions = [
        *_named(pattern),
        *_hashed(sha256.lower()),
        *_keyed(lot, cell),
        *(_sealed(days) if days and of == "sealed" else []),
    ]
    store = open_store(catalog)
    with store.reading() as rows:
        conditions += _of_set(rows, set_id)
        where = " AND ".join(condition for condition, _ in conditions) or "1 = 1"
        values = [value for _, some in conditions for value in some]
        made = _made_on(rows, days) if days and of == "record" else None
        found = rows.ask(
            "SELECT set_id, title, created, file, files.bytes, files.sha256, disc "
            "FROM files JOIN sets USING (set_id) LEFT JOIN pieces USING (set_id, file) "
            f"WHERE {where} ORDER BY created, set_id, file, piece",
            *values,
        )
        patterns = [pattern] if pattern else []
        hits = []
        for (one, title, sealed, file, size, digest), pieces in groupby(found, lambda row: row[:-1]):
            if wanted(file, patterns) and (made is None or (one, file) in made):
                discs = tuple(disc for *_, disc in pieces if disc is not None)
                hits.append(Hit(one, title, sealed, file, size, digest, discs))
    if not hits:
        raise NotFound(
            f"{store.name}: no file matches", hint="`heliograph archive find` lists all; a pattern is on the whole path"
        )
    return hits


_Condition = tuple[str, tuple[str, ...]]
"""A part of WHERE, and the values in it."""


def _named(pattern: str) -> list[_Condition]:
    """What the database can rule out by a pattern; `wanted` has the last word.

    An index answers for the letters before the first wildcard. What follows a bracket is not looked at.
    """
    plain = _FIRST_WILD.split(pattern, maxsplit=1)[0].rstrip("/")
    conditions: list[_Condition] = [("file >= ? AND file <= ?", (plain, plain + _LAST_LETTER))] if plain else []
    if plain != pattern.rstrip("/"):
        like = pattern.rstrip("/").partition("[")[0].translate(_TO_LIKE) + "%"
        conditions.append(("file LIKE ? ESCAPE '~'", (like,)))
    return conditions


def _hashed(first_digits: str) -> list[_Condition]:
    return [("files.sha256 >= ? AND files.sha256 <= ?", (first_digits, first_digits + "g"))] if first_digits else []


def _keyed(lot: str, cell: str) -> list[_Condition]:
    holds = "(set_id, file) IN (SELECT set_id, file FROM keys WHERE {})"
    within = "column_name = '{}' AND first <= ? AND last >= ?"
    conditions: list[_Condition] = []
    if cell:
        conditions.append((holds.format(within.format("cell")), (cell, cell)))
    if lot:
        # The cells of a lot are its id and a number; their range and the file's must overlap.
        either = f"{within.format('lot')} OR {within.format('cell')}"
        conditions.append((holds.format(either), (lot, lot, f"{lot}-\x7f", f"{lot}-")))
    return conditions


def _of_set(rows: Rows, given: str) -> list[_Condition]:
    one = set_named(given)
    if not one:
        return []
    if not rows.has("origins"):
        return [("set_id = ?", (one,))]
    return [("(set_id = ? OR set_id IN (SELECT set_id FROM origins WHERE old_set_id = ?))", (one, one))]


def _sealed(days: tuple[date, date]) -> list[_Condition]:
    return [("substr(created, 1, 10) BETWEEN ? AND ?", (days[0].isoformat(), days[1].isoformat()))]


def _made_on(rows: Rows, days: tuple[date, date]) -> set[tuple[str, str]]:
    """The files whose first and last cell name days that overlap these."""
    begin, end = (f"{day:%y%m%d}" for day in days)
    made = set()
    for set_id, file, *ends in rows.ask("SELECT set_id, file, first, last FROM keys WHERE column_name = 'cell'"):
        first, last = (_DAY_IN_CELL.fullmatch(cell) for cell in ends)
        if first and last and first[1] <= end and last[1] >= begin:
            made.add((set_id, file))
    return made
