"""Checksums that no copy has, brought back by the parity, so that they can decide after all.

The CRC sector of a row keeps the checksums of the next row. Where it is lost in all copies, the sectors of that next
row were put to the vote, and where copies hold wrong bytes without saying so, many of them are split: more than the
parity gives back. But the row of the CRC sector can be mended as a rule, and with it the checksums.
"""

from __future__ import annotations

from typing import IO, Final

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.kernels.crc import sector_crcs
from heliograph.archive.medium import SECTOR
from heliograph.archive.merge.choose import Choice
from heliograph.archive.rs03.decode import mend
from heliograph.archive.rs03.layout import LAYERS, Layout
from heliograph.archive.rs03.sectors import crc_sectors_are_whole

__all__ = ["choose_again", "mend_what_can_be"]

_CHUNK: Final = 2048
"""CRC sectors looked at in one go."""

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]


def choose_again(file: IO[bytes], choice: Choice, layout: Layout, lost: Numbers) -> tuple[Numbers, bool]:
    """Mend lost CRC sectors in the merged image, and choose the sectors that they vouch for anew.

    Args:
        file: the merged image, open to read and write.
        lost: its sectors that are known to be lost.
    Returns:
        Those that still are, and whether any checksum was brought back.
    """
    rows = layout.layer_sectors
    gone = np.zeros(layout.sectors, np.bool_)
    gone[lost] = True
    by_row = gone.reshape(LAYERS, rows)
    kept = np.memmap(file, np.uint8, "r", layout.crc_start * SECTOR, (rows, SECTOR))
    known = np.concatenate(
        [crc_sectors_are_whole(kept[first : first + _CHUNK], layout) for first in range(0, rows, _CHUNK)]
    )
    found, again = False, True
    while again:
        again = False
        for row in np.flatnonzero(~known).tolist():
            block = np.stack([_read(file, layer * rows + row) for layer in range(LAYERS)])
            before = np.array(kept[row - 1]) if known[row - 1] else None
            if mend(block, layout, before, by_row[:, row : row + 1]).lost[0]:
                continue
            # Only this sector is taken: it vouches for itself, the others not yet.
            checksums = block[layout.data_layers]
            _write(file, layout.crc_start + row, checksums)
            file.flush()
            known[row], by_row[layout.data_layers, row] = True, False
            _choose_row(file, choice, layout, (row + 1) % rows, checksums, by_row)
            found = again = True
    file.flush()
    return np.flatnonzero(gone), found


def mend_what_can_be(file: IO[bytes], layout: Layout, lost: Numbers) -> Numbers:
    """Mend each row for itself in the merged image, as `repair` does when all rows can be; the sectors still lost."""
    rows = layout.layer_sectors
    gone = np.zeros(layout.sectors, np.bool_)
    gone[lost] = True
    by_row = gone.reshape(LAYERS, rows)
    for row in np.flatnonzero(by_row.any(axis=0)).tolist():
        block = np.stack([_read(file, layer * rows + row) for layer in range(LAYERS)])
        before = _read(file, layout.crc_start + (row - 1) % rows)
        whole = bool(crc_sectors_are_whole(before[None, :], layout)[0])
        verdict = mend(block, layout, before if whole else None, by_row[:, row : row + 1])
        if whole and not verdict.lost[0]:
            for layer in np.flatnonzero(verdict.bad[:, 0]).tolist():
                _write(file, layer * rows + row, block[layer])
            by_row[:, row] = False
    file.flush()
    return np.flatnonzero(gone)


def _choose_row(
    file: IO[bytes], choice: Choice, layout: Layout, row: int, checksums: Bytes, gone: NDArray[np.bool_]
) -> None:
    """Take each data sector of a row from the first copy that matches its checksum."""
    wanted = np.ascontiguousarray(checksums[: 4 * layout.data_layers]).view("<u4")
    for layer in range(layout.data_layers):
        sector = layer * layout.layer_sectors + row
        for number, copy in enumerate(choice.copies):
            block, there = copy.read(sector, 1, mapped=False)
            if there[0] and sector_crcs(block)[0, 0] == wanted[layer]:
                _write(file, sector, block[0])
                choice.origin[sector] = number
                gone[layer, row] = False
                break


def _read(file: IO[bytes], sector: int) -> Bytes:
    file.seek(sector * SECTOR)
    return np.frombuffer(file.read(SECTOR), np.uint8).copy()


def _write(file: IO[bytes], sector: int, data: Bytes) -> None:
    file.seek(sector * SECTOR)
    file.write(data.data)
