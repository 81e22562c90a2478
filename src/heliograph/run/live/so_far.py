"""The record of a run so far: what figures, charts and traces are read from while it goes on.

It is written as if the run had been stopped there, when somebody asks and the last one is old. How long that takes
grows with the day, so it is done at most a tenth of the time, and by a thread that stands back where the run itself
wants the processor. When the run is done its own record takes the place.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from heliograph.daybook import Daybook
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

_REST: Final = 9
"""After a record so far has been made, so many times as long no other one is."""
_NICE: Final = 10
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
        self._maker = ThreadPoolExecutor(1, initializer=_stand_back)
        self._coming: Future[None] | None = None
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
        self._maker.shutdown(cancel_futures=True)
        for folder in self._folders:
            folder.cleanup()

    def _renew(self) -> None:
        if time.monotonic() - self._made_s < _REST * self._cost_s:
            return
        coming = self._coming
        if coming is None or coming.done():
            coming = self._coming = self._maker.submit(self._make, self._noted())
        if self._day is None or self._cost_s <= _QUICK_S:
            coming.result()

    def _noted(self) -> Daybook | None:
        """What has been so far; None: nothing, or nothing new. Here, not where it is written: that thread may be slow,
        and all wait for who has the lock.
        """
        with self._lock:
            if not self._book.begun or (self._day is not None and self._day.end_ms == self._book.now_ms):
                return None
            return self._book.daybook()

    def _make(self, book: Daybook | None) -> None:
        """Write the record so far, and open it."""
        with self._making:
            if book is not None and not self.finished:
                self._write(book)

    def _write(self, book: Daybook) -> None:
        began_s = time.monotonic()
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


def _stand_back() -> None:
    """This thread, and those that it starts, run where nobody else wants to: on Linux a thread has its own niceness."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
