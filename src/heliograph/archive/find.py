"""Ask the catalog: which files match, on which discs they stand, and which discs to fetch to have them back.

A day of sealing is that stamped on the set. A cell or a lot is looked for in the ranges that the catalog's table `keys`
keeps, first and last cell of a file: a file that is found may hold it, one that is not found does not.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from heliograph.archive.restore import wanted
from heliograph.errors import CannotWrite, DiscsLost, NotFound, UsageWrong

__all__ = ["Fetch", "Hit", "SetFetch", "find", "to_fetch"]

_DAY_IN_CELL: Final = re.compile(r"[A-Z]{2,4}(\d{6})-\d+-\d+")
"""A cell's id begins with its site and the day of its record, yymmdd (`heliograph.ids`)."""


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


@dataclass(frozen=True, slots=True)
class Fetch:
    """A disc to fetch."""

    disc: str
    volume: str
    image: str | None
    """Where the catalog saw its image."""
    files: int
    """Wanted files and pieces on it; 0 for one that is needed only to rebuild another."""


@dataclass(frozen=True, slots=True)
class SetFetch:
    """The discs of one set, in the order to fetch them, each once."""

    set_id: str
    title: str
    discs: tuple[Fetch, ...]
    rebuild: tuple[str, ...]
    """Missing discs that these rebuild, before anything is restored."""
    spare: tuple[str, ...]
    """Parity discs besides: each replaces one more disc, together with all other data discs of the set."""
    every_data: tuple[str, ...]
    """The data discs of the set, all of which are needed to rebuild one."""


def find(
    catalog: Path,
    pattern: str = "",
    *,
    sha256: str = "",
    lot: str = "",
    cell: str = "",
    days: tuple[date, date] | None = None,
    of: str = "sealed",
) -> list[Hit]:
    """The files that match everything given, in the order of their sets' dates, then of their names.

    Args:
        pattern: on the true path, as for restore: `record/*.parquet`, or a folder.
        sha256: of the file; its first 8 hex digits or more.
        lot, cell: an id; found by the range of cells in each file.
        days: first and last day; `of` says of what: `sealed`, or `record`, the days that a file's cells name.
    Raises:
        NotFound: no catalog, or nothing in it matches. UsageWrong: too short a hash. CannotWrite: not a catalog.
    """
    if sha256 and not re.fullmatch(r"[0-9a-f]{8,64}", sha256.lower()):
        raise UsageWrong(f"hash {sha256!r}: expected 8 to 64 hex digits", hint="`sha256sum FILE` prints it")
    with closing(_open(catalog)) as store:
        try:
            rows = store.execute(
                "SELECT set_id, title, created, file, bytes, sha256 FROM files JOIN sets USING (set_id) "
                "WHERE sha256 >= ? AND sha256 <= ? ORDER BY created, set_id, file",
                (sha256.lower(), sha256.lower() + "g"),
            ).fetchall()
            keys: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
            if lot or cell or of == "record":
                for one, file, *key in store.execute("SELECT set_id, file, column_name, first, last FROM keys"):
                    keys.setdefault((one, file), []).append((key[0], key[1], key[2]))
            hits = []
            for one, title, created, file, size, digest in rows:
                known = keys.get((one, file), [])
                if (
                    wanted(file, [pattern] if pattern else [])
                    and (not cell or any(name == "cell" and first <= cell <= last for name, first, last in known))
                    and (not lot or any(_holds_lot(key, lot) for key in known))
                    and (days is None or _within(days, created if of == "sealed" else "", known))
                ):
                    pieces = store.execute(
                        "SELECT disc FROM pieces WHERE set_id = ? AND file = ? ORDER BY piece", (one, file)
                    )
                    hits.append(Hit(one, title, created, file, size, digest, tuple(disc for (disc,) in pieces)))
        except sqlite3.Error as wrong:
            raise _not_a_catalog(catalog, wrong) from None
    if not hits:
        raise NotFound(
            f"{catalog}: no file matches", hint="`heliograph archive find` lists all; a pattern is on the whole path"
        )
    return hits


def to_fetch(catalog: Path, hits: Sequence[Hit], missing: Iterable[str] = ()) -> list[SetFetch]:
    """The fewest discs that bring every hit back, and the order to take them in: set by set, each disc once.

    A file that stands in several sets with the same name and hash is taken from the one that adds the fewest discs,
    files with no choice first.

    Args:
        missing: discs that are not to be had: D02 (of any set), or HG7K3M9QX2A-D02.
    Raises:
        DiscsLost: a file is on a missing disc that its set's parity does not replace, and in no other set.
    """
    gone_names = {name.upper().replace("_", "-") for name in missing}
    sets = {set_id: _Set(catalog, set_id, gone_names) for set_id in dict.fromkeys(hit.set_id for hit in hits)}
    groups: dict[tuple[str, str], list[Hit]] = {}
    for hit in hits:
        groups.setdefault((hit.file, hit.sha256), []).append(hit)
    taken: dict[str, set[str]] = {}
    chosen: list[Hit] = []
    for options in sorted(groups.values(), key=len):
        able = [hit for hit in options if sets[hit.set_id].needed(hit.discs) is not None]
        if not able:
            one = sets[options[0].set_id]
            raise DiscsLost(
                f"{options[0].file}: disc {', '.join(sorted(one.gone))} of set {one.set_id} is missing; "
                f"the set replaces {len(one.parity)}",
                hint="find one more of the discs named, in any readable state",
                set_id=one.set_id,
                discs=sorted(one.gone),
            )

        def added(hit: Hit) -> int:
            return len((sets[hit.set_id].needed(hit.discs) or set()) - taken.get(hit.set_id, set()))

        best = min(able, key=added)
        chosen.append(best)
        taken.setdefault(best.set_id, set()).update(sets[best.set_id].needed(best.discs) or set())
    return [_fetch(sets[set_id], taken[set_id], chosen) for set_id in sets if set_id in taken]


class _Set:
    """What the catalog knows of one set's discs."""

    def __init__(self, catalog: Path, set_id: str, missing: set[str]) -> None:
        with closing(_open(catalog)) as store:
            rows = store.execute(
                "SELECT disc, kind, image FROM discs WHERE set_id = ? ORDER BY kind, number", (set_id,)
            ).fetchall()
            self.title: str = store.execute("SELECT title FROM sets WHERE set_id = ?", (set_id,)).fetchone()[0]
        self.set_id = set_id
        self.images: dict[str, str | None] = {disc: image for disc, _, image in rows}
        self.data = [disc for disc, kind, _ in rows if kind == "data"]
        self.parity = [disc for disc, kind, _ in rows if kind == "parity"]
        self.gone = {disc for disc in self.images if {disc, f"{set_id}-{disc}"} & missing}

    def needed(self, discs: Iterable[str]) -> set[str] | None:
        """The discs that must be there to have these; None when too many are gone."""
        discs = set(discs)
        if not discs & self.gone:
            return discs
        # To rebuild one disc takes as many discs as there are data discs; then every other lost one comes with it.
        lost = [disc for disc in self.data if disc in self.gone]
        spare = [disc for disc in self.parity if disc not in self.gone]
        if len(lost) > len(spare):
            return None
        return {disc for disc in self.data if disc not in self.gone} | set(spare[: len(lost)])


def _fetch(one: _Set, discs: set[str], chosen: Sequence[Hit]) -> SetFetch:
    held = [disc for hit in chosen if hit.set_id == one.set_id for disc in hit.discs]
    return SetFetch(
        one.set_id,
        one.title,
        tuple(
            Fetch(disc, f"{one.set_id}_{disc}", one.images[disc], held.count(disc))
            for disc in (*one.data, *one.parity)
            if disc in discs
        ),
        tuple(disc for disc in one.data if disc in one.gone and disc in held),
        tuple(disc for disc in one.parity if disc not in discs and disc not in one.gone),
        tuple(one.data),
    )


def _holds_lot(key: tuple[str, str, str], lot: str) -> bool:
    name, first, last = key
    if name == "lot":
        return first <= lot <= last
    # The cells of a lot are its id and a number; their range and the file's must overlap.
    return name == "cell" and first <= f"{lot}-\x7f" and last >= f"{lot}-"


def _within(days: tuple[date, date], sealed: str, keys: Sequence[tuple[str, str, str]]) -> bool:
    if sealed:
        return days[0] <= datetime.fromisoformat(sealed).date() <= days[1]
    for name, *ends in keys:
        found = [_DAY_IN_CELL.fullmatch(end) for end in ends] if name == "cell" else []
        if len(found) == 2 and found[0] and found[1]:
            first, last = (match[1] for match in found if match)
            return first <= f"{days[1]:%y%m%d}" and last >= f"{days[0]:%y%m%d}"
    return False


def _open(catalog: Path) -> sqlite3.Connection:
    if not catalog.is_file():
        raise NotFound(
            f"{catalog}: no such catalog", hint="name it with --catalog; `heliograph archive catalog rebuild` makes it"
        )
    return sqlite3.connect(f"{catalog.resolve().as_uri()}?mode=ro", uri=True)


def _not_a_catalog(catalog: Path, wrong: Exception) -> CannotWrite:
    return CannotWrite(
        f"{catalog}: {str(wrong).lower()}",
        hint="the discs are not affected; make it again with `heliograph archive catalog rebuild`",
        path=str(catalog),
    )
