"""Find out how an image is laid out, however little of it is left.

In this order, cheapest first: the header where the ISO says it ends; any CRC sector where the file's length says the
CRC layer might be; header or CRC sector anywhere, unless it is of an image that is kept as a file on the disc; and,
when neither survives, the code itself: a few rows are asked for their number of roots (`roots`), and one that then
decodes to a row with a whole CRC sector tells. So the search takes no longer than reading the image once, and some
seconds.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np

from heliograph.archive.bounds import check_layout
from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.layout import HEADER_SECTORS, LAYERS, MAX_ROOTS, MIN_ROOTS, Layout
from heliograph.archive.rs03.rows import open_image, read_line
from heliograph.archive.rs03.sectors import (
    COOKIE,
    COOKIE_IN_CRC,
    FINGERPRINT_SECTOR,
    fingerprint,
    named_in,
    read_crc_sector,
    read_header,
)

__all__ = ["read_layout"]

_TAIL_SECTORS = 150
"""Sectors that some writers add after the end which the ISO states; dvdisaster looks there, too."""
_CHUNK = 2048
"""Sectors looked at in one go by the search through everything."""
_ROWS = 8
"""Rows asked when only the code itself can tell, and one more."""


def read_layout(image: Path, *, exhaustive: bool = True) -> Layout | None:
    """The layout of a protected image, or None when it is not protected.

    Args:
        exhaustive: when nothing stands where it should, search the whole image, then try the code itself. Takes as long
            as reading the image, and some seconds; False answers at once.
    Raises:
        DiscWrong: the file cannot be read, or is but a small part of what its layout tells of.
    """
    file = open_image(image)
    try:
        size = os.fstat(file).st_size
        sectors = size // SECTOR
        layout = (
            _by_iso_size(file, sectors)
            or _by_file_size(file, sectors)
            or (exhaustive and (_by_reading_all(file, sectors) or _by_decoding(file, sectors)))
            or None
        )
        if layout is not None:
            check_layout(image, layout.sectors, -(-size // SECTOR))
        return layout
    finally:
        os.close(file)


def _read(file: int, sector: int, count: int) -> bytes:
    line = np.zeros(count * SECTOR, np.uint8)
    read_line(file, sector, line)
    return line.tobytes()


def _by_iso_size(file: int, sectors: int) -> Layout | None:
    """The header, right after the ISO as its primary volume descriptor (sector 16, byte 80) measures it."""
    descriptor = _read(file, 16, 1)
    if descriptor[1:6] != b"CD001":
        return None
    (size,) = struct.unpack_from("<I", descriptor, 80)
    for at in (size, size + _TAIL_SECTORS):
        if at + HEADER_SECTORS <= sectors:
            layout = read_header(_read(file, at, HEADER_SECTORS))
            if layout is not None and layout.iso_sectors == at:
                return layout
    return None


def _by_file_size(file: int, sectors: int) -> Layout | None:
    """A CRC sector, if the file still has its length: in three rows of each layer that may be the CRC layer."""
    rows, rest = divmod(sectors, LAYERS)
    if rest or not rows:
        return None
    for row in sorted({0, rows // 2, rows - 1}):
        for roots in range(MIN_ROOTS, MAX_ROOTS + 1):
            layout = read_crc_sector(_read(file, (LAYERS - 1 - roots) * rows + row, 1))
            if layout is not None and layout.layer_sectors == rows and layout.roots == roots:
                return layout
    return None


def _by_reading_all(file: int, sectors: int) -> Layout | None:
    """A header or a CRC sector, anywhere: one that stands where its own numbers say it should.

    An image that is kept as a file on the disc has such sectors, too. They name another sector 16; and should ours be
    damaged, the layout that they tell of ends before the file does.
    """
    own = fingerprint(_read(file, FINGERPRINT_SECTOR, 1))
    cookie = np.frombuffer(COOKIE, np.uint8)
    chunk = np.zeros((_CHUNK + 1, SECTOR), np.uint8)
    for first in range(0, sectors, _CHUNK):
        read_line(file, first, chunk.reshape(-1))
        marked = (chunk[:, : cookie.size] == cookie).all(axis=1)
        crc_marked = (chunk[:, COOKIE_IN_CRC : COOKIE_IN_CRC + cookie.size] == cookie).all(axis=1)
        for at in np.flatnonzero(marked[:_CHUNK] | crc_marked[:_CHUNK]):
            where, block = first + int(at), chunk[at : at + HEADER_SECTORS].tobytes()
            if marked[at]:
                layout, named = read_header(block), named_in(block, 0)
                here = layout is not None and layout.iso_sectors == where
            else:
                layout, named = read_crc_sector(block), named_in(block, COOKIE_IN_CRC)
                here = layout is not None and 0 <= where - layout.crc_start < layout.layer_sectors
            if layout is not None and here and (named == own or layout.sectors >= sectors):
                return layout
    return None


def _by_decoding(file: int, sectors: int) -> Layout | None:
    """No header and no CRC sector: ask a few rows for their number of roots."""
    from heliograph.archive.rs03.decode import guess_layout

    rows, rest = divmod(sectors, LAYERS)
    if rest or not rows:
        return None
    for row in sorted({(rows - 1) * part // _ROWS for part in range(_ROWS + 1)}):
        block = np.zeros((LAYERS, SECTOR), np.uint8)
        for layer in range(LAYERS):
            read_line(file, layer * rows + row, block[layer])
        layout = guess_layout(block, rows)
        if layout is not None:
            return layout
    return None
