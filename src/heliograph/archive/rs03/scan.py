"""Check and mend whole images, many rows at a time on all cores.

Both are the same pass over the rows. A repair makes it twice: first without writing, so that damage past the parity
is refused before a byte is changed; then, for the rows that need it, writing. Only sectors that change are written,
each as it was sealed, so a repair that was killed is finished by running it again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.crc import sector_crcs
from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.decode import Verdict, mend
from heliograph.archive.rs03.layout import LAYERS, Layout
from heliograph.archive.rs03.report import Report
from heliograph.archive.rs03.rows import BATCH_ROWS, Progress, batches, in_parallel, open_image, read_line, write_line
from heliograph.archive.rs03.search import read_layout
from heliograph.archive.rs03.sectors import crc_sectors_are_whole
from heliograph.errors import DiscWrong, SectorsLost
from heliograph.files import whole_file

__all__ = ["repair", "verify"]

_LISTED = 1000
"""Rows and sectors that an error lists by number; millions may be lost."""
_COPIED = 512
"""Sectors copied in one go."""

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Before = dict[int, Bytes | None]
"""By first row of a batch: the whole CRC sector of the row before it, as it stands or mended."""


def verify(
    image: Path,
    *,
    deep: bool = True,
    lost: Iterable[int] = (),
    layout: Layout | None = None,
    progress: Progress | None = None,
) -> Report:
    """Find every damaged sector of an image and say whether the parity can mend it; nothing is written.

    Args:
        deep: check the ECC layers, too, and prove that damaged rows can be mended by mending them in memory. False
            reads data and CRC layers only, and counts.
        lost: sectors known to be unreadable; those that turn out to be right are not counted.
        layout: when it is known; else it is searched for.
    Raises:
        DiscWrong: not a protected image.
    """
    layout = layout or _layout_of(image)
    file = open_image(image)
    try:
        scan = _Scan(file, image, layout, _as_flags(lost, layout), {})
        return scan.report(list(scan.deep(progress) if deep else scan.shallow(progress)), deep)
    finally:
        os.close(file)


def repair(
    image: Path,
    *,
    out: Path | None = None,
    lost: Iterable[int] = (),
    layout: Layout | None = None,
    progress: Progress | None = None,
) -> Report:
    """Make an image again what it was when it was sealed, byte for byte; the state it was found in.

    A killed repair in place is safe: run it again. A file too short is given its length back, one too long (a tail that
    a drive added) is cut.

    Args:
        out: write the mended image here, whole or not at all, and leave `image` alone.
        lost: sectors known to be unreadable (a drive's or ddrescue's map); helps where the ECC layers are damaged.
        layout: when it is known; else it is searched for.
    Raises:
        DiscWrong: not a protected image.
        SectorsLost: there is more damage than the parity rebuilds; nothing was written.
        CannotWrite: the disk is full, or the file may not be written.
    """
    layout = layout or _layout_of(image)
    gone = _as_flags(lost, layout)
    file = open_image(image)
    try:
        scan = _Scan(file, image, layout, gone, {})
        report = scan.report(list(scan.deep(progress)), True)
    finally:
        os.close(file)
    if not report.repairable:
        raise _past_parity(report)
    if out is not None:
        with whole_file(out) as aside:
            _copy(image, aside)
            _mend_file(aside, report, gone, scan.before)
    elif not report.clean or image.stat().st_size != layout.image_bytes:
        _mend_file(image, report, gone, scan.before)
    return report


def _mend_file(image: Path, report: Report, gone: Flags, before: Before) -> None:
    layout = report.layout
    file = open_image(image, write=True)
    try:
        length = os.fstat(file).st_size
        gone.reshape(-1)[length // SECTOR :] = True  # what the next line puts there is not the disc's
        os.ftruncate(file, layout.image_bytes)
        scan = _Scan(file, image, layout, gone, before)
        hurt = set(np.unique(report.damaged % layout.layer_sectors // BATCH_ROWS).tolist())
        for _ in scan.write(batch for batch in batches(layout.layer_sectors) if batch[0] // BATCH_ROWS in hurt):
            pass
        os.fsync(file)
    finally:
        os.close(file)


def _copy(image: Path, copy: Path) -> None:
    """Copy what can be read; zeros, which are found and mended, for what cannot."""
    copy.touch()
    source, target = open_image(image), open_image(copy, write=True)
    try:
        line = np.zeros(_COPIED * SECTOR, np.uint8)
        length = os.fstat(source).st_size
        for sector in range(0, -(-length // SECTOR), _COPIED):
            read_line(source, sector, line)
            write_line(target, sector, line[: length - sector * SECTOR], copy)
    finally:
        os.close(source)
        os.close(target)


def _layout_of(image: Path) -> Layout:
    layout = read_layout(image)
    if layout is None:
        raise DiscWrong(
            f"{image}: no RS03 protection found, neither a header nor a CRC sector",
            hint="protect it while it is whole: `heliograph archive seal`; or restore it from its disc set",
            path=str(image),
        )
    return layout


def _as_flags(sectors: Iterable[int], layout: Layout) -> Flags:
    """(255, rows), true for these sectors; those outside the image are passed over."""
    numbers = np.fromiter(sectors, np.int64)
    flags = np.zeros(layout.sectors, np.bool_)
    flags[numbers[(numbers >= 0) & (numbers < layout.sectors)]] = True
    return flags.reshape(LAYERS, layout.layer_sectors)


def _past_parity(report: Report) -> SectorsLost:
    rows = report.lost_rows
    shown = ", ".join(str(row) for row in rows[:3]) + (" ..." if rows.size > 3 else "")
    numbers = report.damaged[np.isin(report.damaged % report.layout.layer_sectors, rows)]
    where = f" (sectors {numbers[0]} to {numbers[-1]})" if numbers.size else ""
    many = f"{rows.size} of {report.layout.layer_sectors} rows"
    return SectorsLost(
        f"{report.image}: {many} have lost more than parity rebuilds: row {shown}{where}; "
        f"{report.worst} of {LAYERS} sectors gone in the worst, {report.layout.roots} can be rebuilt",
        hint="rebuild this disc from the others of its set (`heliograph archive repair` on their folder), "
        "or read it again in another drive and repair that copy",
        image=str(report.image),
        rows_lost=rows.size,
        rows=rows[:_LISTED].tolist(),
        sectors=numbers[:_LISTED].tolist(),
        worst=report.worst,
        roots=report.layout.roots,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A batch of rows after its check."""

    first: int
    verdict: Verdict


class _Scan:
    """One open image and what is known of it while its rows are gone through."""

    def __init__(self, file: int, image: Path, layout: Layout, gone: Flags, before: Before) -> None:
        self.file, self.image, self.layout, self.gone, self.before = file, image, layout, gone, before
        self.own = threading.local()

    def _block(self, first: int, end: int) -> tuple[Bytes, Flags]:
        """The rows first..end-1, and which of their sectors are gone; the memory is the thread's, used again."""
        layout, width = self.layout, (end - first) * SECTOR
        room = getattr(self.own, "room", None)
        if room is None or room.size < LAYERS * width:
            room = self.own.room = np.zeros(LAYERS * width, np.uint8)
        block = room[: LAYERS * width].reshape(LAYERS, width)
        unread: list[int] = []
        gone = self.gone[:, first:end]
        short = np.zeros_like(gone)
        for layer in range(LAYERS):
            there = read_line(self.file, layer * layout.layer_sectors + first, block[layer], unread)
            short[layer, there:] = True
        # Kept for good: the second pass of a repair may read a copy, which holds zeros there.
        self.gone.reshape(-1)[unread] = True
        return block, gone | short

    def _crc_sector(self, row: int) -> Bytes | None:
        """The CRC sector of a row as it stands in the file; None when it is not whole."""
        sector = np.zeros(SECTOR, np.uint8)
        read_line(self.file, self.layout.crc_start + row, sector)
        return sector if crc_sectors_are_whole(sector[None, :], self.layout)[0] else None

    def _chains(self) -> list[list[tuple[int, int]]]:
        """The batches, strung together where one needs what the mending of the one before it brings back."""
        rows = self.layout.layer_sectors
        every = batches(rows)
        starts = []
        for number, (first, _) in enumerate(every):
            self.before[first] = self._crc_sector((first - 1) % rows)
            if self.before[first] is not None:
                starts.append(number)
        if not starts:
            return [every]
        ends = [*starts[1:], starts[0] + len(every)]
        return [[every[k % len(every)] for k in range(start, end)] for start, end in zip(starts, ends, strict=True)]

    def deep(self, progress: Progress | None) -> Iterator[_Found]:
        """Check and mend, in memory, every row."""
        rows = self.layout.layer_sectors
        done = 0

        def check(first: int, end: int) -> _Found:
            block, gone = self._block(first, end)
            verdict = mend(block, self.layout, self.before[first], gone)
            if self.before[end % rows] is None and not verdict.lost[-1]:
                self.before[end % rows] = block[self.layout.data_layers, -SECTOR:].copy()
            return _Found(first, verdict)

        def follow(chain: list[tuple[int, int]]) -> list[_Found]:
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

    def shallow(self, progress: Progress | None) -> Iterator[_Found]:
        """Compare the data with its CRCs, where they are whole; the ECC layers are not read."""
        layout = self.layout
        n, rows = layout.data_layers, layout.layer_sectors

        def look(batch: tuple[int, int]) -> _Found:
            first, end = batch
            width = (end - first) * SECTOR
            block = np.zeros((n, width), np.uint8)
            bad = np.zeros((LAYERS, end - first), np.bool_)
            for layer in range(n):
                unread: list[int] = []
                there = read_line(self.file, layer * rows + first, block[layer], unread)
                bad[layer, there:] = True
                bad[layer, [sector - layer * rows - first for sector in unread]] = True
            own = np.zeros((end - first + 1, SECTOR), np.uint8)
            read_line(self.file, layout.crc_start + (first - 1) % rows, own[0])
            read_line(self.file, layout.crc_start + first, own[1:].reshape(-1))
            whole = crc_sectors_are_whole(own, layout)
            wanted = np.ascontiguousarray(own[:-1, : 4 * n]).view("<u4").T
            bad[:n] |= (sector_crcs(block) != wanted) & whole[:-1]
            bad[n] = ~whole[1:]
            return _Found(first, Verdict(bad, bad.sum(axis=0) > layout.roots))

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
            for layer, row in np.argwhere(verdict.bad):
                sector = block[layer, row * SECTOR : (row + 1) * SECTOR]
                write_line(self.file, int(layer) * layout.layer_sectors + first + int(row), sector, self.image)
            return end - first

        yield from in_parallel(mend_and_write, wanted)

    def report(self, found: list[_Found], deep: bool) -> Report:
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
