"""The pass over all copies, front to back, that chooses each sector and writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.kernels.crc import sector_crcs
from heliograph.archive.medium import SECTOR
from heliograph.archive.merge.copies import Copy, other_disc
from heliograph.archive.merge.vote import LOST, SPLIT, vote
from heliograph.archive.rs03.layout import Layout
from heliograph.archive.rs03.sectors import COOKIE_IN_CRC, crc_sectors_are_whole, is_marked_dead
from heliograph.errors import UsageWrong

__all__ = ["Choice"]

Progress = Callable[[str, int, int], None]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]

_CHUNK: Final = 2048
"""Sectors of each copy in memory at once: 4 MiB."""
_CRC_TAIL: Final = slice(COOKIE_IN_CRC, 1120)
"""What all CRC sectors of a disc have in common: fingerprint and sizes."""
_ENOUGH: Final = 16
"""Sectors of a copy that are not the disc's before it is said to be of another one."""
_SAMPLE: Final = 256
"""Sectors of a copy that are held against the checksums to see whether it is of this disc."""


@dataclass(slots=True)
class Choice:
    """What is chosen, and what was found on the way; lists hold arrays of sector numbers."""

    copies: list[Copy]
    layout: Layout | None
    sure: set[Copy]
    """Copies that say themselves that they are of this disc."""
    progress: Progress | None
    origin: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))
    """The number of the copy whose bytes stand in each sector; LOST where none do."""
    unread: list[Numbers] = field(default_factory=list)
    """In no copy."""
    wrong: list[Numbers] = field(default_factory=list)
    """In some, and against their checksum in each."""
    split: list[Numbers] = field(default_factory=list)
    outvoted: list[Numbers] = field(default_factory=list)
    _right: list[int] = field(default_factory=list)
    _other: list[int] = field(default_factory=list)
    """Sectors of each copy that are as chosen, where something else speaks for them; and that are not."""
    _mute: set[int] = field(default_factory=set)
    """Copies that may be of another disc: what is not proved is not taken from them."""

    @property
    def length(self) -> int:
        """Bytes of the whole image."""
        return max(copy.bytes for copy in self.copies) if self.layout is None else self.layout.image_bytes

    @property
    def sectors(self) -> int:
        """Sectors of the whole image, the last of a plain one perhaps not full."""
        return -(-self.length // SECTOR)

    def write(self, file: IO[bytes]) -> None:
        """Choose every sector, and write it.

        Raises:
            UsageWrong: a copy is of another disc.
        """
        self._right, self._other = [0] * len(self.copies), [0] * len(self.copies)
        self.origin = np.full(self.sectors, LOST, np.int8)
        file.truncate(self.length)
        if self.layout is None:
            self._voted(file, 0, self.sectors)
            self._refuse_strangers(range(len(self.copies)))
            return
        self._checksums(file, self.layout)
        self._proved(file, self.layout)
        self._voted(file, self.layout.ecc_start, self.layout.sectors)

    def _checksums(self, file: IO[bytes], layout: Layout) -> None:
        """The CRC layer: of each row, a CRC sector that matches its own CRC. Those of one disc are all the same."""
        tail: Bytes | None = None
        for start, count in _chunks(layout.crc_start, layout.ecc_start):
            blocks, there = self._read_all(start, count)
            whole = []
            for copy, block, present in zip(self.copies, blocks, there, strict=True):
                good = present & crc_sectors_are_whole(block, layout)
                if tail is None and good.any():
                    tail = block[good][0, _CRC_TAIL]
                if tail is not None and (block[good][:, _CRC_TAIL] != tail).any():
                    raise other_disc(copy, next(each for each in self.copies if each is not copy))
                whole.append(good)
            chosen = vote(blocks, whole)
            if chosen.differ.any():
                at = int(np.flatnonzero(chosen.differ)[0])
                names = [str(copy.where) for copy, good in zip(self.copies, whole, strict=True) if good[at]]
                raise UsageWrong(
                    f"{', '.join(names)}: sector {start + at:,} keeps other checksums in each: not copies of one disc",
                    hint="merge copies of one disc only",
                    paths=names,
                )
            present = np.any(there, axis=0)
            self._put(file, start, blocks, there, chosen.taken)
            self.wrong.append(start + np.flatnonzero((chosen.taken < 0) & present))
            self.unread.append(start + np.flatnonzero(~present))

    def _proved(self, file: IO[bytes], layout: Layout) -> None:
        """Data, header and padding: by the checksums in the layer just written, where there are any."""
        file.flush()
        rows = layout.layer_sectors
        kept = np.memmap(file, np.uint8, "r", layout.crc_start * SECTOR, (rows, SECTOR))
        known = np.zeros(rows, np.bool_)
        for start, count in _chunks(0, rows):
            known[start : start + count] = crc_sectors_are_whole(np.array(kept[start : start + count]), layout)
        words = kept.view("<u4")

        def matches(sectors: Numbers, block: Bytes) -> tuple[Flags, Flags]:
            """Of which sectors there is a checksum, and which match it."""
            layers, row = np.divmod(sectors, rows)
            before = (row - 1) % rows
            return known[before], sector_crcs(block.reshape(1, -1))[0] == words[before, layers]

        self._sample(layout, matches)
        for start, count in _chunks(0, layout.crc_start):
            numbers = np.arange(start, start + count)
            taken = np.full(count, LOST, np.int64)
            told = np.zeros(count, np.bool_)
            blocks: list[Bytes] = []
            there: list[Flags] = []
            for number, copy in enumerate(self.copies):
                block, held = copy.read(start, count, length=self.length, mapped=False)
                told, match = matches(numbers, block)
                # A checksum proves what stands there, whatever a map says.
                taken[held & told & match & (taken < 0)] = number
                blocks.append(block)
                there.append(held & ~copy.is_lost(numbers))
                if (taken >= 0).all():
                    break
            untold = np.flatnonzero(~told)
            if untold.size:
                self._decide(start, untold, blocks, there, taken)
            present = np.any(there, axis=0)
            self._put(file, start, blocks, there, taken)
            self.wrong.append(start + np.flatnonzero(told & (taken < 0) & present))
            self.unread.append(start + np.flatnonzero((taken == LOST) & ~present))

    def _sample(self, layout: Layout, matches: Callable[[Numbers, Bytes], tuple[Flags, Flags]]) -> None:
        """Hold some sectors of each copy that says nothing of itself against the checksums."""
        unsure = [number for number, copy in enumerate(self.copies) if copy not in self.sure]
        for number in unsure:
            end = min(self.copies[number].bytes // SECTOR, layout.crc_start)
            for sector in sorted({end * part // _SAMPLE for part in range(_SAMPLE)}) if end else ():
                block, present = self.copies[number].read(sector, 1)
                told, match = matches(np.array([sector]), block)
                self._judge(number, block, present & told, match)
            if self._other[number] > self._right[number]:
                self._mute.add(number)
        self._refuse_strangers(number for number in unsure if not self._right[number])

    def _voted(self, file: IO[bytes], first: int, end: int) -> None:
        """Sectors without a checksum. An ECC sector that is all zero, or marked unread by dvdisaster, was not read."""
        for start, count in _chunks(first, end):
            blocks, there = self._read_all(start, count)
            if self.layout is not None:
                there = [
                    present & block.view(np.uint64).any(axis=1) & ~is_marked_dead(block)
                    for block, present in zip(blocks, there, strict=True)
                ]
            taken = np.full(count, LOST, np.int64)
            self._decide(start, np.arange(count), blocks, there, taken)
            self._put(file, start, blocks, there, taken)
            self.unread.append(start + np.flatnonzero(taken == LOST))

    def _decide(self, start: int, which: Numbers, blocks: list[Bytes], there: list[Flags], taken: Numbers) -> None:
        """Let the copies vote on some of the sectors from `start` on."""
        present = [each[which] & (number not in self._mute) for number, each in enumerate(there)]
        chosen = vote([block[which] for block in blocks], present)
        taken[which] = chosen.taken
        self.split.append(start + which[chosen.taken == SPLIT])
        self.outvoted.append(start + which[chosen.differ & (chosen.taken >= 0)])
        if self.layout is None:
            several = np.sum(present, axis=0) > 1
            for number, (block, each) in enumerate(zip(blocks, present, strict=True)):
                self._judge(number, block[which], each & several, chosen.agrees[number])

    def _judge(self, number: int, block: Bytes, known: Flags, agrees: Flags) -> None:
        """Count for and against a copy. Empty sectors, which any two discs may have in common, do not speak for it."""
        self._right[number] += int((known & agrees & block.view(np.uint64).any(axis=1)).sum())
        self._other[number] += int((known & ~agrees).sum())

    def _read_all(self, start: int, count: int) -> tuple[list[Bytes], list[Flags]]:
        pairs = [copy.read(start, count, length=self.length) for copy in self.copies]
        return [block for block, _ in pairs], [present for _, present in pairs]

    def _put(self, file: IO[bytes], start: int, blocks: list[Bytes], there: list[Flags], taken: Numbers) -> None:
        """Write sectors from `start` on: those taken; where none is, what the first copy has that has anything."""
        block = np.zeros((taken.size, SECTOR), np.uint8)
        origin = self.origin[start : start + taken.size]
        for number, present in reversed(list(enumerate(there))):
            origin[present & (taken < 0) & (number not in self._mute)] = number
        origin[taken >= 0] = taken[taken >= 0]
        for number, theirs in enumerate(blocks):
            block[origin == number] = theirs[origin == number]
        file.seek(start * SECTOR)
        file.write(block.reshape(-1).data[: self.length - start * SECTOR])
        if self.progress is not None:
            self.progress("merge", start + taken.size, self.sectors)

    def _refuse_strangers(self, suspects: Iterable[int]) -> None:
        """A copy that says nothing of itself shows by its sectors whether it belongs here."""
        for number in suspects:
            right, other = self._right[number], self._other[number]
            if other >= _ENOUGH and other > right:
                copy = self.copies[number]
                beside = next(each for each in self.copies if each is not copy)
                raise UsageWrong(
                    f"{copy.where}: {other:,} of its sectors are not those of {beside.where}, {right:,} are: "
                    "not copies of one disc",
                    hint="merge copies of one disc only",
                    path=str(copy.where),
                )


def _chunks(first: int, end: int) -> Iterator[tuple[int, int]]:
    """(start, count) of the pieces of first..end-1."""
    for start in range(first, end, _CHUNK):
        yield start, min(_CHUNK, end - start)
