"""Go through the rows of an open image, many at a time on all cores: check them, mend them, write what was mended."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.kernels.crc import sector_crcs
from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.decode import Verdict, mend
from heliograph.archive.rs03.layout import LAYERS, Layout
from heliograph.archive.rs03.report import Report
from heliograph.archive.rs03.rows import (
    Progress,
    batches,
    in_parallel,
    read_block,
    read_line,
    whole_crc_sector,
    write_line,
)
from heliograph.archive.rs03.sectors import crc_sectors_are_whole
from heliograph.errors import DiscWrong

__all__ = ["Before", "Flags", "Kept", "Scan", "write_sectors"]

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Before = dict[int, Bytes | None]
"""By first row of a batch: the whole CRC sector of the row before it, as it stands or mended."""


@dataclass(slots=True, eq=False)
class Kept:
    """Mended sectors that wait to be written: those of as many batches as there is room for."""

    room: int
    """Bytes left."""
    batches: dict[int, tuple[NDArray[np.int64], Bytes]] = field(default_factory=dict)
    """By first row of a batch: the numbers of its sectors that were mended, ascending, and what they should hold."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, first: int, numbers: NDArray[np.int64], sectors: Bytes) -> None:
        """Keep a batch, (k,) and (k, 2048), in place of what was kept of it before; or not, when there is no room."""
        with self._lock:
            before = self.batches.pop(first, None)
            self.room += 0 if before is None else before[1].nbytes
            if sectors.nbytes <= self.room:
                self.batches[first] = numbers, sectors
                self.room -= sectors.nbytes


def write_sectors(file: int, numbers: NDArray[np.int64], sectors: Bytes, image: Path) -> None:
    """Write sectors, (k, 2048), at their numbers, (k,) ascending: neighbours in one go.

    Raises:
        CannotWrite: the disk is full, or the like.
    """
    ends = np.flatnonzero(np.diff(numbers) != 1) + 1
    for run in np.split(np.arange(numbers.size), ends) if numbers.size else []:
        write_line(file, int(numbers[run[0]]), sectors[run[0] : run[-1] + 1].reshape(-1), image)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A batch of rows after its check."""

    first: int
    verdict: Verdict


class Scan:
    """One open image and what is known of it while its rows are gone through."""

    def __init__(
        self, file: int, image: Path, layout: Layout, gone: Flags, before: Before, kept: Kept | None = None
    ) -> None:
        """
        Args:
            gone: (255, rows): sectors known to be unreadable; those found to be are added.
            before: filled by `deep`, needed by `write`.
            kept: where `deep` leaves what it mended.
        """
        self.file, self.image, self.layout, self.gone, self.before = file, image, layout, gone, before
        self.kept = kept
        self.own = threading.local()

    def _block(self, first: int, end: int) -> tuple[Bytes, Flags]:
        """The rows first..end-1, and which of their sectors are gone; the memory is the thread's, used again."""
        layout, width = self.layout, (end - first) * SECTOR
        room = getattr(self.own, "room", None)
        if room is None or room.size < LAYERS * width:
            room = self.own.room = np.zeros(LAYERS * width, np.uint8)
        block = room[: LAYERS * width].reshape(LAYERS, width)
        missing, unread = read_block(self.file, first, layout.layer_sectors, block)
        # Kept for good: the second pass of a repair may read a copy, which holds zeros there.
        self.gone.reshape(-1)[unread] = True
        return block, self.gone[:, first:end] | missing

    def _chains(self) -> list[list[tuple[int, int]]]:
        """The batches, strung together where one needs what the mending of the one before it brings back."""
        rows = self.layout.layer_sectors
        every = batches(rows)
        starts = []
        for number, (first, _) in enumerate(every):
            self.before[first] = whole_crc_sector(self.file, self.layout, (first - 1) % rows)
            if self.before[first] is not None:
                starts.append(number)
        if not starts:
            return [every]
        ends = [*starts[1:], starts[0] + len(every)]
        return [[every[k % len(every)] for k in range(start, end)] for start, end in zip(starts, ends, strict=True)]

    def deep(self, progress: Progress | None) -> Iterator[Found]:
        """Check and mend, in memory, every row."""
        rows = self.layout.layer_sectors
        done = 0

        def check(first: int, end: int) -> Found:
            block, gone = self._block(first, end)
            verdict = mend(block, self.layout, self.before[first], gone)
            if self.before[end % rows] is None and not verdict.lost[-1]:
                self.before[end % rows] = block[self.layout.data_layers, -SECTOR:].copy()
            if self.kept is not None:
                layers, at = np.nonzero(verdict.bad & ~verdict.lost)
                self.kept.keep(first, layers * rows + first + at, block.reshape(LAYERS, -1, SECTOR)[layers, at])
            return Found(first, verdict)

        def follow(chain: list[tuple[int, int]]) -> list[Found]:
            blind = self.before[chain[0][0]] is None
            found = [check(*batch) for batch in chain]
            if blind:  # nothing vouched for the first row; now its CRCs are back
                found[0] = check(*chain[0])
            return found

        for found in in_parallel(follow, self._chains()):
            yield from found
            done += sum(batch.verdict.lost.size for batch in found)
            if progress is not None:
                progress(done * LAYERS, self.layout.sectors)

    def shallow(self, progress: Progress | None) -> Iterator[Found]:
        """Compare the data with its CRCs, where they are whole; the ECC layers are not read."""
        layout = self.layout
        n, rows = layout.data_layers, layout.layer_sectors

        def look(batch: tuple[int, int]) -> Found:
            first, end = batch
            width = (end - first) * SECTOR
            block = np.zeros((n, width), np.uint8)
            bad = np.zeros((LAYERS, end - first), np.bool_)
            bad[:n], unread = read_block(self.file, first, rows, block)
            layers, at = divmod(np.array(unread, np.int64), rows)
            bad[layers, at - first] = True
            own = np.zeros((end - first + 1, SECTOR), np.uint8)
            read_line(self.file, layout.crc_start + (first - 1) % rows, own[0])
            read_line(self.file, layout.crc_start + first, own[1:].reshape(-1))
            whole = crc_sectors_are_whole(own, layout)
            wanted = np.ascontiguousarray(own[:-1, : 4 * n]).view("<u4").T
            bad[:n] |= (sector_crcs(block) != wanted) & whole[:-1]
            bad[n] = ~whole[1:]
            return Found(first, Verdict(bad, bad.sum(axis=0) > layout.roots))

        done = 0
        for found in in_parallel(look, batches(rows)):
            yield found
            done += found.verdict.lost.size
            if progress is not None:
                progress(done * LAYERS, layout.sectors)

    def write(self, wanted: Iterable[tuple[int, int]]) -> Iterator[int]:
        """Mend these batches in the file; `before` is complete, so that each stands alone."""
        layout = self.layout

        def mend_and_write(batch: tuple[int, int]) -> int:
            first, end = batch
            block, gone = self._block(first, end)
            verdict = mend(block, layout, self.before[first], gone)
            if verdict.lost.any():
                raise DiscWrong(
                    f"{self.image}: changed while it was repaired",
                    hint="let nothing else write to it, and repair it again",
                    path=str(self.image),
                )
            layers, at = np.nonzero(verdict.bad)
            sectors = block.reshape(LAYERS, -1, SECTOR)[layers, at]
            write_sectors(self.file, layers * layout.layer_sectors + first + at, sectors, self.image)
            return end - first

        yield from in_parallel(mend_and_write, wanted)

    def report(self, found: list[Found], deep: bool) -> Report:
        """Put the batches together."""
        rows = self.layout.layer_sectors
        numbers, lost = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        used = np.zeros(rows, np.int64)
        for batch in found:
            layers, at = np.nonzero(batch.verdict.bad)
            numbers.append(layers * rows + batch.first + at)
            lost.append(batch.first + np.flatnonzero(batch.verdict.lost))
            used[batch.first : batch.first + batch.verdict.lost.size] = batch.verdict.bad.sum(axis=0)
        worst = int(used.max())
        return Report(
            self.image,
            self.layout,
            np.sort(np.concatenate(numbers)),
            np.sort(np.concatenate(lost)),
            worst,
            deep,
            int(used.argmax()) if worst else -1,
            tuple(np.bincount(used).tolist()),
        )
