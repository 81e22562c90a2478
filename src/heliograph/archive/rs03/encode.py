"""Protect an image: append header, padding, CRC layer and ECC layers to an ISO, in one pass and constant memory."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.crc import sector_crcs
from heliograph.archive.gf import product
from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.code import parity_matrix
from heliograph.archive.rs03.layout import HEADER_SECTORS, LAYERS, Layout, plan
from heliograph.archive.rs03.rows import BATCH_ROWS, Progress, batches, in_parallel, open_image, read_sound, write_line
from heliograph.archive.rs03.search import read_layout
from heliograph.archive.rs03.sectors import FINGERPRINT_SECTOR, crc_sectors, fingerprint, header, padding
from heliograph.errors import DiscWrong

__all__ = ["protect"]

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
            _append(file, image, layout, last_bytes, progress)
            os.fsync(file)
        except BaseException:
            os.ftruncate(file, length)
            raise
        return layout
    finally:
        os.close(file)


def _append(file: int, image: Path, layout: Layout, last_bytes: int, progress: Progress | None) -> None:
    sector_16 = np.zeros(SECTOR, np.uint8)
    read_sound(file, FINGERPRINT_SECTOR, sector_16, image)
    medium = fingerprint(sector_16.tobytes())
    write_line(file, layout.iso_sectors, np.frombuffer(header(layout, medium, last_bytes=last_bytes), np.uint8), image)
    first_padding = layout.iso_sectors + HEADER_SECTORS
    for at in range(0, layout.padding_sectors, 4096):
        part = padding(first_padding + at, min(4096, layout.padding_sectors - at), medium)
        write_line(file, first_padding + at, part.reshape(-1), image)

    own = threading.local()  # one block per thread, used again for every batch

    def encode(batch: tuple[int, int]) -> int:
        if not hasattr(own, "block"):
            own.block = np.zeros((LAYERS, (min(BATCH_ROWS, layout.layer_sectors) + 1) * SECTOR), np.uint8)
        _encode_rows(file, image, layout, medium, last_bytes, batch, own.block)
        return batch[1] - batch[0]

    done = 0
    for rows in in_parallel(encode, batches(layout.layer_sectors)):
        done += rows
        if progress is not None:
            progress(done * LAYERS, layout.sectors)


def _encode_rows(
    file: int, image: Path, layout: Layout, medium: bytes, last_bytes: int, batch: tuple[int, int], block: Bytes
) -> None:
    """CRC and ECC sectors of rows first..end-1. They need one row more: a CRC sector keeps the CRCs of the next row."""
    first, end = batch
    rows, n = end - first, layout.data_layers
    width = rows * SECTOR
    after = end % layout.layer_sectors
    for layer in range(n):
        start = layer * layout.layer_sectors
        read_sound(file, start + first, block[layer, :width], image)
        read_sound(file, start + after, block[layer, width : width + SECTOR], image)
    crcs = sector_crcs(block[:n])[:, 1 : rows + 1]
    block[n, :width] = crc_sectors(layout, medium, crcs.T, last_bytes=last_bytes).reshape(-1)
    product(parity_matrix(layout.roots), block[: n + 1], block[n + 1 :], stop=width)
    for layer in range(n, LAYERS):
        write_line(file, layer * layout.layer_sectors + first, block[layer, :width], image)
