"""The catalog: which set, disc and file is where, in one SQLite file; all of it can be read from the discs again.

    SELECT disc, path FROM pieces WHERE file = 'record/cells.parquet';

It is a convenience, never the only copy: `heliograph archive catalog rebuild FOLDER` makes it again.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from heliograph.archive.disc import DiscImage
from heliograph.archive.index import Index, encode
from heliograph.archive.reader import find_sets
from heliograph.errors import CannotWrite, HeliographError
from heliograph.files import whole_file

__all__ = ["default_catalog", "enter", "rebuild"]

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS sets (
    set_id TEXT PRIMARY KEY, title TEXT NOT NULL, created TEXT NOT NULL, software TEXT NOT NULL,
    redundancy REAL NOT NULL, index_sha256 TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS discs (
    set_id TEXT NOT NULL REFERENCES sets, disc TEXT NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL,
    image TEXT, bytes INTEGER, PRIMARY KEY (set_id, disc));
CREATE TABLE IF NOT EXISTS files (
    set_id TEXT NOT NULL REFERENCES sets, file TEXT NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL,
    modified TEXT NOT NULL, PRIMARY KEY (set_id, file));
CREATE TABLE IF NOT EXISTS pieces (
    set_id TEXT NOT NULL REFERENCES sets, file TEXT NOT NULL, piece INTEGER NOT NULL, disc TEXT NOT NULL,
    path TEXT NOT NULL, start INTEGER NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (set_id, file, piece));
CREATE TABLE IF NOT EXISTS keys (
    set_id TEXT NOT NULL REFERENCES sets, file TEXT NOT NULL, column_name TEXT NOT NULL,
    first TEXT NOT NULL, last TEXT NOT NULL, PRIMARY KEY (set_id, file, column_name));
CREATE INDEX IF NOT EXISTS files_by_hash ON files (sha256);
"""
_TABLES: Final = ("keys", "pieces", "files", "discs", "sets")


def default_catalog(folder: Path) -> Path:
    """The catalog beside the discs in `folder`."""
    return folder / "catalog.sqlite"


def enter(catalog: Path, index: Index, images: Mapping[str, tuple[Path, int]]) -> None:
    """Enter a set, in place of what the catalog said of it before.

    Args:
        images: where each disc's image is and its bytes, by disc name; discs that are not here have no place.
    Raises:
        CannotWrite: full disk, no catalog, or another set of the same id is in it.
    """
    try:
        with closing(sqlite3.connect(catalog, timeout=30)) as store:
            store.executescript(_SCHEMA)
            with store:
                _enter(store, catalog, index, images)
    except (sqlite3.Error, OSError) as wrong:
        raise _cannot(catalog, wrong) from None


def rebuild(catalog: Path, paths: Iterable[Path]) -> tuple[list[Index], Mapping[Path, HeliographError]]:
    """Make the catalog again from the discs alone; the sets found, and the images that could not be read.

    Raises:
        NotFound: a path does not exist. CannotWrite: the catalog cannot be written; the old one is untouched.
    """
    found = find_sets(paths)
    try:
        with whole_file(catalog) as aside:
            aside.unlink(missing_ok=True)
            with closing(sqlite3.connect(aside)) as store:
                store.executescript(_SCHEMA)
                with store:
                    for view in found.sets:
                        images = {
                            name: (disc.where, disc.image.bytes)
                            for name, disc in view.discs.items()
                            if isinstance(disc, DiscImage)
                        }
                        _enter(store, catalog, view.index, images)
        return [view.index for view in found.sets], found.unread
    except sqlite3.Error as wrong:
        raise _cannot(catalog, wrong) from None
    finally:
        found.close()


def _enter(store: sqlite3.Connection, catalog: Path, index: Index, images: Mapping[str, tuple[Path, int]]) -> None:
    sha256 = hashlib.sha256(encode(index)).hexdigest()
    before = store.execute("SELECT index_sha256 FROM sets WHERE set_id = ?", (index.set_id,)).fetchone()
    if before is not None and before[0] != sha256:
        raise CannotWrite(
            f"{catalog}: holds another set of the id {index.set_id}",
            hint="seal with another --title, or keep the two sets in two catalogs (--catalog)",
        )
    for table in _TABLES:
        store.execute(f"DELETE FROM {table} WHERE set_id = ?", (index.set_id,))
    one = index.set_id
    store.execute(
        "INSERT INTO sets VALUES (?, ?, ?, ?, ?, ?)",
        (one, index.title, index.created, index.software, index.redundancy, sha256),
    )
    for disc in index.discs:
        path, size = images.get(disc.name, (None, None))
        place = None if path is None else _place(catalog, path)
        store.execute(
            "INSERT INTO discs VALUES (?, ?, ?, ?, ?, ?)", (one, disc.name, disc.kind, disc.number, place, size)
        )
    store.executemany(
        "INSERT INTO files VALUES (?, ?, ?, ?, ?)",
        ((one, file.path, file.bytes, file.sha256, file.modified) for file in index.files),
    )
    store.executemany(
        "INSERT INTO pieces VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (one, file.path, number, piece.disc, piece.path, piece.start, piece.bytes, piece.sha256)
            for file in index.files
            for number, piece in enumerate(file.pieces, 1)
        ),
    )
    store.executemany(
        "INSERT INTO keys VALUES (?, ?, ?, ?, ?)",
        ((one, file.path, column, *ends) for file in index.files for column, ends in file.keys.items()),
    )


def _place(catalog: Path, image: Path) -> str:
    """Where an image is, seen from the catalog if it is below it: the two may move together."""
    image, home = image.resolve(), catalog.parent.resolve()
    return str(image.relative_to(home)) if image.is_relative_to(home) else str(image)


def _cannot(catalog: Path, wrong: Exception) -> CannotWrite:
    return CannotWrite(
        f"{catalog}: {str(wrong).lower()}",
        hint="the discs are not affected; make it again with `heliograph archive catalog rebuild`",
        path=str(catalog),
    )
