"""Protect an image: header, padding, CRC layer and ECC layers behind an ISO, in one pass and constant memory.

Each row is read once; its CRCs are taken and its parity computed while it is in the processor's cache.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.kernels.crc import sector_crcs
from heliograph.archive.kernels.gf import product
from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.code import parity_matrix
from heliograph.archive.rs03.layout import LAYERS, Layout, plan
from heliograph.archive.rs03.rows import BATCH_ROWS, Progress, batches, in_parallel, open_image, read_lines, read_sound
from heliograph.archive.rs03.search import read_layout
from heliograph.archive.rs03.sectors import FINGERPRINT_SECTOR, behind_iso, crc_sectors, fingerprint
from heliograph.archive.rs03.writer import LineWriter
from heliograph.errors import DiscWrong

__all__ = ["encode", "protect"]

Bytes = NDArray[np.uint8]


def protect(
    image: Path,
    *,
    redundancy: float = 0.15,
    scratch_sectors: int = 0,
    roots: int | None = None,
    medium_sectors: int | None = None,
    last_bytes: int = SECTOR,
    progress: Progress | None = None,
) -> Layout:
    """Append RS03 protection to an ISO image, in place: the bytes that dvdisaster would append for the same size.

    The ISO itself is not touched. When writing fails, the file is cut back to the ISO; a process that is killed leaves
    a longer file behind, so callers who care write aside and rename (`files.whole_file`).

    Args:
        image: the ISO image; whole sectors of 2048 bytes, at least 17 of them.
        redundancy, roots, medium_sectors, scratch_sectors: see `plan`.
        last_bytes: how many bytes of its last sector the ISO had before the caller filled it up with zeros; noted.
    Raises:
        DiscWrong: not whole sectors, too short, already protected, or not to be read in full.
        DoesNotFit: image and parity are larger than the medium.
        CannotWrite: the disk is full, or the file may not be written.
    """
    file = open_image(image, write=True)
    try:
        length = os.fstat(file).st_size
        iso_sectors, rest = divmod(length, SECTOR)
        if rest or iso_sectors <= FINGERPRINT_SECTOR:
            raise DiscWrong(
                f"{image}: {length} bytes; an ISO image is whole sectors of {SECTOR} bytes, "
                f"more than {FINGERPRINT_SECTOR} of them",
                hint="give an ISO image that was written to its end",
                path=str(image),
            )
        if read_layout(image, exhaustive=False) is not None:
            raise DiscWrong(
                f"{image}: already protected",
                hint=f"check it: `heliograph archive verify {image}`",
                path=str(image),
            )
        layout = plan(
            iso_sectors,
            roots=roots,
            redundancy=redundancy,
            medium_sectors=medium_sectors,
            scratch_sectors=scratch_sectors,
        )
        try:
            for done in encode(file, file, image, layout, last_bytes=last_bytes):
                if progress is not None:
                    progress(done, layout.sectors)
            os.fsync(file)
        except BaseException:
            os.ftruncate(file, length)
            raise
        return layout
    finally:
        os.close(file)


def encode(
    source: int, target: int, image: Path, layout: Layout, *, last_bytes: int = SECTOR, named: Path | None = None
) -> Iterator[int]:
    """Write all that RS03 adds to an ISO; yields the sectors done now and then, counted over the whole image.

    Args:
        source: open for reading; its first `layout.iso_sectors` sectors are the ISO, the last filled up with zeros.
        target: open for writing; may be the same file. What stands before the end of the ISO is not touched.
        image, named: what the target and the source are called; the same if they are the same file.
        last_bytes: how many bytes of the ISO's last sector are used.
    Raises:
        DiscWrong: a sector of the source cannot be read.
        CannotWrite: the disk is full, or the like.
    """
    done = 0
    with LineWriter(target, image) as writer:
        work = _Encoding(source, writer, named or image, layout, last_bytes)
        for rows in in_parallel(work.encode, batches(layout.layer_sectors)):
            done += rows
            yield done * LAYERS


class _Encoding:
    """An ISO that is being protected."""

    def __init__(self, source: int, writer: LineWriter, named: Path, layout: Layout, last_bytes: int) -> None:
        self.source, self.writer, self.named = source, writer, named
        self.layout, self.last_bytes = layout, last_bytes
        sector_16 = np.zeros(SECTOR, np.uint8)
        read_sound(source, FINGERPRINT_SECTOR, sector_16, named)
        self.medium = fingerprint(sector_16.tobytes())
        self.own = threading.local()

    def encode(self, batch: tuple[int, int]) -> int:
        """Have CRC and ECC sectors of rows first..end-1 written, and what of their data is not the ISO's; how many.

        One row more is needed: a CRC sector keeps the CRCs of the next row.
        """
        first, end = batch
        layout = self.layout
        n, all_rows, iso = layout.data_layers, layout.layer_sectors, layout.iso_sectors
        rows = end - first
        width = rows * SECTOR
        if not hasattr(self.own, "block"):  # one block per thread, used again for every batch
            self.own.block = np.zeros((LAYERS, (min(BATCH_ROWS, all_rows) + 1) * SECTOR), np.uint8)
        block = self.own.block
        whole = self._read(first, end, block)
        for layer in range(whole, n):
            start, line = layer * all_rows + first, block[layer, : width + SECTOR]
            if end < all_rows:
                self._fill(line, start)
            else:
                self._fill(line[:width], start)
                self._fill(line[width:], layer * all_rows)
            if start + rows > iso:
                made = max(iso, start)
                self.writer.put([made], line[None, (made - start) * SECTOR : width])
        crcs = sector_crcs(block[:n])[:, 1 : rows + 1]
        block[n, :width] = crc_sectors(layout, self.medium, crcs.T, last_bytes=self.last_bytes).reshape(-1)
        product(parity_matrix(layout.roots), block[: n + 1], block[n + 1 :], stop=width)
        self.writer.put(range(n * all_rows + first, LAYERS * all_rows, all_rows), block[n:, :width])
        return rows

    def _read(self, first: int, end: int, block: Bytes) -> int:
        """The first layers of rows first..end, as far as they are the ISO's in full; how many of them."""
        layout = self.layout
        if end == layout.layer_sectors:  # the row more is the first of the layer
            return 0
        lines = block[: (layout.iso_sectors - 1 - end) // layout.layer_sectors + 1, : (end + 1 - first) * SECTOR]
        for layer in read_lines(self.source, first, layout.layer_sectors, lines):
            read_sound(self.source, layer * layout.layer_sectors + first, lines[layer], self.named)
        return len(lines)

    def _fill(self, line: Bytes, start: int) -> None:
        """Data sectors from `start` on: of the ISO, and behind it the header and padding."""
        iso, count = self.layout.iso_sectors, line.size // SECTOR
        of_iso = min(max(iso - start, 0), count)
        if of_iso:
            read_sound(self.source, start, line[: of_iso * SECTOR], self.named)
        if of_iso < count:
            made = behind_iso(self.layout, self.medium, start + of_iso, count - of_iso, last_bytes=self.last_bytes)
            line[of_iso * SECTOR :] = made.reshape(-1)
