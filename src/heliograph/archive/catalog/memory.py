"""The catalog in memory: filled from discs, asked, and gone. Names of an encrypted set that it holds touch no disk."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heliograph.archive.catalog.sqlite import SqliteRows, written
from heliograph.archive.catalog.store import WAIT_S, Rows, cannot
from heliograph.errors import CannotWrite, NotFound

__all__ = ["MemoryStore"]


class MemoryStore:
    """A catalog that lasts as long as this object; threads may share it, one transaction at a time."""

    def __init__(self, name: str = "memory") -> None:
        """Make an empty one; `name` is what messages call it."""
        self.name = name
        self._turn = threading.Lock()
        self._store = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._store.execute("PRAGMA temp_store = MEMORY")  # or a large ORDER BY would be sorted in a file

    def place(self, image: Path) -> str:
        """Where an image is."""
        return str(image.resolve())

    @contextmanager
    def reading(self) -> Iterator[Rows]:
        with self._one_at_a_time():
            try:
                self._store.execute("PRAGMA query_only = 1")
                self._store.execute("BEGIN")
                yield SqliteRows(self._store)
            except sqlite3.Error as wrong:
                if "no such table" in str(wrong):
                    raise NotFound(f"{self.name}: no catalog: no set was entered") from None
                raise self._cannot(wrong) from None
            finally:
                self._store.execute("ROLLBACK")
                self._store.execute("PRAGMA query_only = 0")

    @contextmanager
    def writing(self) -> Iterator[Rows]:
        with self._one_at_a_time():
            try:
                with written(self._store) as rows:
                    yield rows
            except (sqlite3.Error, OverflowError, UnicodeError) as wrong:  # as of a file
                raise self._cannot(wrong) from None

    def check(self) -> None:
        """Memory can be written."""

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=WAIT_S):
            raise cannot(self.name, f"another thread has used it for {WAIT_S} s", "ask again")
        try:
            yield
        finally:
            self._turn.release()

    def _cannot(self, wrong: Exception) -> CannotWrite:
        return cannot(self.name, str(wrong).lower(), "the discs are not affected")
