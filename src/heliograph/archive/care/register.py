"""The register: every test, burn and migration of every disc, a line each, in one SQLite file that only grows.

    SELECT tested_at, worst, roots FROM tests WHERE set_id = 'HG7K3M9QX2A' AND disc = 'D01' ORDER BY line;

Unlike the catalog it cannot be made again from the discs. So no line is ever changed or deleted (triggers refuse it),
each is written in a transaction of its own, and a killed writer leaves whole lines only. The tables are described in
docs/archive.md; `schema` draws them, `burns` and `custody` read and write theirs.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from heliograph.archive.care.schema import APPLICATION, SCHEMA, VERSION
from heliograph.archive.iso.names import readable
from heliograph.errors import CannotWrite, NotFound

__all__ = ["DiscId", "Register", "Shelf", "Test", "default_register", "utc_text"]


class DiscId(NamedTuple):
    """A disc by its set and its name in it."""

    set_id: str
    disc: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """A disc that is to be kept, tested or not."""

    disc: DiscId
    sealed_at: datetime
    title: str = ""


@dataclass(frozen=True, slots=True)
class Test:
    """One test of one disc: a line of the register.

    Counts are None where a test could not know them: mounted discs have no sectors, foreign images no roots.
    """

    __test__ = False  # pytest takes classes of this name for its own

    disc: DiscId
    tested_at: datetime
    depth: str
    """deep: ECC layers and file hashes, too; quick: sector checksums alone."""
    result: str
    """good, damaged, lost or wrong, as `verify` says."""
    sectors: int | None = None
    damaged_sectors: int | None = None
    worst: int | None = None
    """Damaged sectors in the worst row: so many roots of its ECC block are used."""
    roots: int | None = None
    """Roots of an ECC block; so many sectors of a row may be lost."""
    software: str = ""
    drive: str = ""
    medium: str = ""
    """Which physical disc it was; a copy on a new medium begins a new history."""
    why: str = ""

    @property
    def worst_share(self) -> float | None:
        """Roots that the worst ECC block uses, as a share of those it has."""
        return None if self.worst is None or not self.roots else self.worst / self.roots

    @property
    def mean(self) -> float | None:
        """Damaged sectors per row, over all rows of the image (a row is 255 sectors)."""
        return None if self.damaged_sectors is None or not self.sectors else self.damaged_sectors * 255 / self.sectors


def default_register(folder: Path) -> Path:
    """The register beside the catalog in `folder`."""
    return folder / "register.sqlite"


class Register:
    """The register in one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def check(self) -> None:
        """See that the register can be written, before hours of reading; makes no file.

        Raises:
            CannotWrite: it is another kind of file, a newer register, or cannot be written.
        """
        if self.path.exists():
            self.enter()
        elif not self.path.parent.is_dir() or not os.access(self.path.parent, os.W_OK | os.X_OK):
            what = "no such folder" if not self.path.parent.exists() else "the folder cannot be written"
            raise CannotWrite(
                f"{self.path}: {what}", hint="name a place for the register with --register", path=str(self.path)
            )

    def enter(self, shelves: Iterable[Shelf] = (), tests: Iterable[Test] = ()) -> None:
        """Add discs that are not in it yet, and lines for tests: all of them, or none if the power fails.

        The file is made when it is not there.

        Raises:
            CannotWrite: as `check`.
        """
        with self.open(write=True) as store, store:
            store.executemany(
                "INSERT OR IGNORE INTO discs VALUES (?, ?, ?, ?)",
                ((*shelf.disc, utc_text(shelf.sealed_at), shelf.title) for shelf in shelves),
            )
            store.executemany(
                "INSERT INTO tests (set_id, disc, tested_at, depth, sectors, damaged_sectors, worst, roots, result,"
                " software, drive, medium, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (_columns(one) for one in tests),
            )

    def tests(self) -> dict[DiscId, list[Test]]:
        """All tests of each disc, in the order of their dates; of equals, as they were entered.

        Raises:
            NotFound: there is no such file. CannotWrite: it is no register, or cannot be read.
        """
        found: dict[DiscId, list[Test]] = {}
        with self.open() as store:
            if is_empty(store):
                return found
            for row in store.execute(
                "SELECT set_id, disc, tested_at, depth, result, sectors, damaged_sectors, worst, roots, software,"
                " drive, medium, why FROM tests ORDER BY tested_at, line"
            ):
                disc = DiscId(row[0], row[1])
                found.setdefault(disc, []).append(Test(disc, datetime.fromisoformat(row[2]), *row[3:]))
        return found

    def shelves(self) -> list[Shelf]:
        """Every disc it knows of, by sealing date; errors as of `tests`."""
        with self.open() as store:
            rows = (
                []
                if is_empty(store)
                else store.execute("SELECT * FROM discs ORDER BY sealed_at, set_id, disc").fetchall()
            )
        return [Shelf(DiscId(row[0], row[1]), datetime.fromisoformat(row[2]), row[3]) for row in rows]

    @contextmanager
    def open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """The open file; for what other modules keep in tables of their own (`burns`, `migrations`).

        Raises:
            NotFound: it is not there, and nothing is to be written. CannotWrite: as `check`.
        """
        if not write and not self.path.exists():
            raise NotFound(
                f"{self.path}: no such register", hint="`heliograph archive scrub` writes one; --register names another"
            )
        try:
            with closing(sqlite3.connect(self.path, timeout=60)) as store:
                self._recognise(store)
                if write:
                    # FULL: a line that was acknowledged survives a power cut, too.
                    store.execute("PRAGMA synchronous = FULL")
                    if store.execute("PRAGMA user_version").fetchone()[0] < VERSION:
                        store.executescript(SCHEMA)
                yield store
        except sqlite3.Error as wrong:
            raise CannotWrite(
                f"{self.path}: {str(wrong).lower()}; expected a register of Heliograph that can be read and written",
                hint="name another file with --register, or put back a copy of this one",
                path=str(self.path),
            ) from None

    def _recognise(self, store: sqlite3.Connection) -> None:
        tables = store.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        ours = store.execute("PRAGMA application_id").fetchone()[0] == APPLICATION
        version = store.execute("PRAGMA user_version").fetchone()[0]
        if (tables and not ours) or version > VERSION:
            what = f"a register of version {version}, newer than" if ours else "another kind of SQLite file; expected"
            raise CannotWrite(
                f"{self.path}: {what} version {VERSION}",
                hint="name the register with --register" if not ours else "use the Heliograph that wrote it",
                path=str(self.path),
            )


def is_empty(store: sqlite3.Connection) -> bool:
    """Whether a writer was killed before its first transaction."""
    return not store.execute("PRAGMA user_version").fetchone()[0]


def _columns(one: Test) -> tuple[object, ...]:
    counts = (one.sectors, one.damaged_sectors, one.worst, one.roots)
    notes = map(readable, (one.software, one.drive, one.medium, one.why))
    return (*one.disc, utc_text(one.tested_at), one.depth, *counts, one.result, *notes)


def utc_text(at: datetime) -> str:
    """UTC, to the second, in a form that sorts as time does."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
