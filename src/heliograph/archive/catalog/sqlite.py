"""The catalog in one SQLite file: nothing to install, nothing to start."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from heliograph.archive.catalog.store import REBUILD, WAIT_S, Rows, cannot
from heliograph.archive.catalog.tables import schema
from heliograph.errors import CannotWrite, NotFound
from heliograph.files import cannot_write

__all__ = ["SqliteRows", "SqliteStore", "written"]


class SqliteStore:
    """A catalog file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)

    def place(self, image: Path) -> str:
        """Where an image is, seen from the catalog if it is below it: the two may move together."""
        image, home = image.resolve(), self.path.parent.resolve()
        return str(image.relative_to(home)) if image.is_relative_to(home) else str(image)

    @contextmanager
    def reading(self) -> Iterator[Rows]:
        if not self.path.is_file():
            raise self._none()
        try:
            # Not mode=ro: who reads first after a killed writer has to roll its work back. Where the file cannot be
            # written, SQLite opens it for reading by itself.
            with closing(self._connect("rw")) as store:
                store.execute("PRAGMA query_only = 1")
                store.execute("BEGIN")
                yield SqliteRows(store)
        except sqlite3.Error as wrong:
            raise self._none() if "no such table" in str(wrong) else self._cannot(wrong) from None

    @contextmanager
    def writing(self) -> Iterator[Rows]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as wrong:
            raise cannot_write(self.path, wrong) from None
        try:
            with closing(self._connect("rwc")) as store, written(store) as rows:
                yield rows
        except (sqlite3.Error, OverflowError, UnicodeError) as wrong:  # a disc may name any size and any letters
            raise self._cannot(wrong) from None

    def check(self) -> None:
        if self.path.exists():
            with self.writing():
                return
        folder = next(each for each in self.path.absolute().parents if each.exists())
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise cannot(self.name, f"{folder} cannot be written", "name another place with --catalog")

    def _connect(self, mode: str) -> sqlite3.Connection:
        uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(uri, uri=True, timeout=WAIT_S, isolation_level=None)

    def _none(self) -> NotFound:
        return NotFound(f"{self.name}: no such catalog", hint=f"name it with --catalog; {REBUILD} makes it")

    def _cannot(self, wrong: Exception) -> CannotWrite:
        said = str(wrong).lower()
        if self.path.is_dir():
            return cannot(self.name, "is a folder", "name the file in it: --catalog FOLDER/catalog.sqlite")
        if "locked" in said or "busy" in said:
            return cannot(self.name, f"another command has written to it for {WAIT_S} s", "run the same command again")
        if "not a database" in said or "malformed" in said:
            hint = f"no catalog, or a damaged one: move it away, then {REBUILD} makes it again from the discs"
            return cannot(self.name, said, hint)
        return cannot(self.name, said)


@contextmanager
def written(store: sqlite3.Connection) -> Iterator[Rows]:
    """One transaction that writes, whole or not at all; makes the tables that are not there."""
    store.execute("BEGIN IMMEDIATE")
    try:
        for statement in schema("TEXT"):
            store.execute(statement)
        yield SqliteRows(store)
        store.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # a full disk has ended the transaction already
            store.execute("ROLLBACK")
        raise


class SqliteRows:
    """The tables in an open database."""

    def __init__(self, store: sqlite3.Connection) -> None:
        self._store = store

    def ask(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        return iter(self._store.execute(sql, values))

    def has(self, table: str) -> bool:
        return any(self.ask("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", table))

    def do(self, sql: str, *values: object) -> None:
        self._store.execute(sql, values)

    def put(self, table: str, rows: Iterable[tuple[object, ...]]) -> None:
        rows = iter(rows)
        first = next(rows, None)
        if first is None:
            return
        places = ", ".join("?" * len(first))
        self._store.execute(f"INSERT INTO {table} VALUES ({places})", first)
        self._store.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
