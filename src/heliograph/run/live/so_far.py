"""The record of a run so far: what figures, charts and traces are read from while it goes on.

It is written as if the run had been stopped there, when somebody asks and the last one is old. How long that takes
grows with the day, so it is done at most a fifth of the time. When the run is done its own record takes the place.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from heliograph.errors import HeliographError, NotFound
from heliograph.passages import floor_of
from heliograph.plant.read import PlantFiles, read_plant
from heliograph.record.store import open_folder
from heliograph.record.write import write_record
from heliograph.run.live.book import Book
from heliograph.twin.cells import cell_model
from heliograph.twin.energy import read_meters
from heliograph.view import Recorded

__all__ = ["SoFar"]

_REST: Final = 4
"""After a record so far has been made, so many times as long no other one is."""
_QUICK_S: Final = 0.5
"""One that takes no longer is waited for; else the one before has to do meanwhile."""


class SoFar:
    """Makes records of a book that grows."""

    def __init__(self, files: PlantFiles, book: Book, lock: threading.Lock) -> None:
        """Of a run of a plant; the book changes only while the lock is held."""
        self._files, self._book, self._lock = files, book, lock
        self._day: Recorded | None = None
        self.finished = False
        """It is the record of a run that is over."""
        self._folders: list[tempfile.TemporaryDirectory[str]] = []
        """Of the last records so far: somebody may still read in the one before."""
        self._making = threading.Lock()
        self._made_s, self._cost_s = 0.0, 0.0

    def day(self) -> Recorded:
        """The latest one that there is, or a newer one if there is time to make it.

        Raises:
            NotFound: the record has not begun.
        """
        if not self.finished:
            self._renew()
        if self._day is None:
            raise NotFound("the record has not begun", hint="the warm-up runs first, and is not recorded")
        return self._day

    def finish(self, folder: Path) -> None:
        """The run is over, and this is its directory."""
        with contextlib.suppress(HeliographError):  # moved away already: then what is known has to do
            day = Recorded(open_folder(folder), read_plant(str(folder / "plant")))
            with self._making:
                self._day, self.finished = day, True

    def close(self) -> None:
        """Leave nothing behind."""
        for folder in self._folders:
            folder.cleanup()

    def _renew(self) -> None:
        if time.monotonic() - self._made_s < _REST * self._cost_s:
            return
        if self._day is None or self._cost_s <= _QUICK_S:
            with self._making:
                self._make()
        elif self._making.acquire(blocking=False):
            threading.Thread(target=self._make_aside, daemon=True).start()

    def _make_aside(self) -> None:
        try:
            self._make()
        finally:
            self._making.release()

    def _make(self) -> None:
        """Write the record so far, and open it."""
        if self.finished:
            return
        began_s = time.monotonic()
        with self._lock:
            if not self._book.begun or (self._day is not None and self._day.end_ms == self._book.now_ms):
                return
            book = self._book.daybook()
        plant = self._files.plant
        folder = tempfile.TemporaryDirectory(prefix="heliograph-live-")
        floor = floor_of(plant, book.machine_ids)
        meters = read_meters(plant, book, floor)
        where, draw = Path(folder.name), cell_model(plant, book, floor, meters)
        write_record(plant, book, floor, self._files.roadmap.node_ids, where, meters, draw)
        self._day = Recorded(open_folder(where), self._files)
        self._folders.append(folder)
        for old in self._folders[:-2]:
            old.cleanup()
        self._folders = self._folders[-2:]
        self._made_s = time.monotonic()
        self._cost_s = self._made_s - began_s
