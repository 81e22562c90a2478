"""One row of an image as it was sealed, mended in memory: for readers that come upon a damaged sector."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.decode import mend
from heliograph.archive.rs03.layout import LAYERS, Layout
from heliograph.archive.rs03.rows import BATCH_ROWS, read_block, whole_crc_sector

__all__ = ["mended_in"]


def mended_in(file: int, layout: Layout, row: int, known: Mapping[int, bytes]) -> dict[int, bytes] | None:
    """The sectors of row `row` of an open image that are damaged, by number, as they were sealed.

    Its CRCs stand in the row before. Where those are damaged, that row is mended first, and so on back to a whole CRC
    sector: without CRCs two damages can look alike, and a wrong byte would be handed on. What was mended on the way is
    in the answer, too. Nothing is written.

    Args:
        known: sectors as they were sealed, from an earlier answer.
    Returns:
        None: more of a row is lost than parity rebuilds, or the image has no whole CRC sector.
    """
    rows, n = layout.layer_sectors, layout.data_layers
    first = row
    while (crcs := _crc_sector(file, layout, (first - 1) % rows, known)) is None:
        first -= 1
        if row - first == rows:
            return None
    mended: dict[int, bytes] = {}
    for start in range(first, row + 1, BATCH_ROWS):
        numbers = np.arange(start, min(start + BATCH_ROWS, row + 1)) % rows
        block, gone = _block(file, layout, numbers)
        verdict = mend(block, layout, crcs, gone)
        if verdict.lost.any():
            return None
        sectors = block.reshape(LAYERS, -1, SECTOR)
        crcs = sectors[n, -1].copy()
        for layer, at in zip(*np.nonzero(verdict.bad), strict=True):
            mended[int(layer) * rows + int(numbers[at])] = sectors[layer, at].tobytes()
    return mended


def _crc_sector(file: int, layout: Layout, row: int, known: Mapping[int, bytes]) -> NDArray[np.uint8] | None:
    """The CRC sector of a row, if it is known or whole."""
    number = layout.crc_start + row
    if number in known:
        return np.frombuffer(known[number], np.uint8)
    return whole_crc_sector(file, layout, row)


def _block(file: int, layout: Layout, numbers: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Rows that follow each other, perhaps over the end of the layers, (255, rows · 2048); and what cannot be read."""
    block = np.zeros((LAYERS, numbers.size * SECTOR), np.uint8)
    gone = np.zeros((LAYERS, numbers.size), np.bool_)
    ends = np.flatnonzero(np.diff(numbers) != 1) + 1
    for part in np.split(np.arange(numbers.size), ends):
        first = int(numbers[part[0]])
        lines = block[:, part[0] * SECTOR : (part[-1] + 1) * SECTOR]
        gone[:, part], unread = read_block(file, first, layout.layer_sectors, lines)
        layers, at = divmod(np.array(unread, np.int64), layout.layer_sectors)
        gone[layers, part[at - first]] = True
    return block, gone
