"""Lines of an image, written by a thread of their own.

Whoever computes need not wait for the file: where the ISO is copied into the same file past the page cache, each piece
of that holds the file's lock, and threads that compute parity would spend half their time waiting for it. What has
come together in the meantime is written in runs that are as long as may be.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.rows import write_lines

__all__ = ["LineWriter"]

_MOST = 96 << 20
"""Bytes that may wait to be written; whoever brings more waits."""
_TOGETHER = 64
"""Lines written in one call; systems take 1,024."""

Line = tuple[int, NDArray[np.uint8]]
"""A sector, and the bytes to be written from it on."""


class LineWriter:
    """Used in a `with`; at its end all that was put is written, or, after a failure, what is left is dropped."""

    def __init__(self, file: int, image: Path) -> None:
        self._file, self._image = file, image
        self._changed = threading.Condition()
        self._waiting: list[Line] = []
        self._bytes = 0
        self._closed = False
        self._wrong: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> LineWriter:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, wrong: BaseException | None, _: TracebackType | None) -> None:
        with self._changed:
            self._closed = True
            self._wrong = self._wrong or wrong
            self._changed.notify_all()
        self._thread.join()
        if wrong is None and self._wrong is not None:
            raise self._wrong

    def put(self, sectors: Sequence[int], lines: NDArray[np.uint8]) -> None:
        """Have line i of `lines`, (lines, bytes), written from sector `sectors[i]` on; it is copied, and may change.

        Raises:
            CannotWrite: the disk is full, or the like; perhaps for something that was put before.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._bytes < _MOST or self._wrong is not None)
            if self._wrong is not None:
                raise self._wrong
            self._bytes += lines.nbytes
        own = lines.copy()
        with self._changed:
            self._waiting += zip(sectors, own, strict=True)
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                lines, self._waiting = self._waiting, []
            if not lines or self._wrong is not None:
                return
            failed: BaseException | None = None
            try:
                for run in _runs(sorted(lines, key=lambda line: line[0])):
                    if self._wrong is None:
                        write_lines(self._file, run[0][0], [line for _, line in run], self._image)
            except BaseException as wrong:  # whatever it is, somebody may be waiting for room
                failed = wrong
            with self._changed:
                self._wrong = self._wrong or failed
                self._bytes -= sum(line.nbytes for _, line in lines)
                self._changed.notify_all()


def _runs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines in order of sectors, gathered where one begins as the one before ends."""
    run: list[Line] = []
    for sector, line in lines:
        if run and (run[-1][0] * SECTOR + run[-1][1].nbytes != sector * SECTOR or len(run) == _TOGETHER):
            yield run
            run = []
        run.append((sector, line))
    yield run
