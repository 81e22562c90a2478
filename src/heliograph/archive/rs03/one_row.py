"""One row of an image as it was sealed, mended in memory: for readers that come upon a damaged sector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.decode import mend
from heliograph.archive.rs03.layout import LAYERS, Layout
from heliograph.archive.rs03.rows import read_line
from heliograph.archive.rs03.sectors import crc_sectors_are_whole

__all__ = ["read_row"]


def read_row(file: int, layout: Layout, row: int) -> NDArray[np.uint8] | None:
    """Row `row` of an open image, (255, 2048); None: more of it is lost than parity rebuilds.

    Nothing is written. Every answer is checked as `decode.mend` does: against the CRCs in the row before, as far as
    that is whole, and against what the parity has left over.
    """
    block = np.zeros((LAYERS, SECTOR), np.uint8)
    gone = np.zeros((LAYERS, 1), np.bool_)
    for layer in range(LAYERS):
        unread: list[int] = []
        there = read_line(file, layer * layout.layer_sectors + row, block[layer], unread)
        gone[layer] = there == 0 or bool(unread)
    before = np.zeros((1, SECTOR), np.uint8)
    read_line(file, layout.crc_start + (row - 1) % layout.layer_sectors, before[0])
    known = before[0] if crc_sectors_are_whole(before, layout)[0] else None
    return None if mend(block, layout, known, gone).lost[0] else block
