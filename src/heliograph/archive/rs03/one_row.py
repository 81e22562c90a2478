"""One row of an image as it was sealed, mended in memory: for readers that come upon a damaged sector."""

from __future__ import annotations

import numpy as np

from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.decode import mend
from heliograph.archive.rs03.layout import LAYERS, Layout
from heliograph.archive.rs03.rows import read_line
from heliograph.archive.rs03.sectors import crc_sectors_are_whole

__all__ = ["mended_in"]


def mended_in(file: int, layout: Layout, row: int) -> dict[int, bytes] | None:
    """The sectors of row `row` of an open image that are damaged, by number, as they were sealed.

    None: more of the row is lost than parity rebuilds. Nothing is written. Every answer is checked as `decode.mend`
    does: against the CRCs in the row before, as far as that is whole, and against what the parity has left over.
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
    verdict = mend(block, layout, known, gone)
    if verdict.lost[0]:
        return None
    return {int(layer) * layout.layer_sectors + row: block[layer].tobytes() for layer in np.flatnonzero(verdict.bad)}
