"""CRC-32 of many sectors at once, compiled.

The usual CRC-32 (reflected polynomial 0xedb88320, register starting at all ones), kept as RS03 keeps it: without the
final inversion. `zlib.crc32(sector) ^ 0xffffffff` is the same number; called per 2 KiB sector it would cost more in
calls than in arithmetic, and hold Python's global lock. Sixteen bytes a step through sixteen tables, four sectors
side by side so that their table look-ups overlap.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from heliograph.archive.medium import SECTOR

__all__ = ["sector_crcs"]


def _tables() -> NDArray[np.uint32]:
    """(16, 256): table k takes a byte that still has k bytes after it in its step."""
    tables = np.zeros((16, 256), np.uint32)
    value = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        value = np.where(value & 1, value >> 1 ^ np.uint32(0xEDB88320), value >> 1)
    tables[0] = value
    for k in range(1, 16):
        tables[k] = tables[k - 1] >> 8 ^ tables[0][tables[k - 1] & 0xFF]
    return tables


_TABLES = _tables()


@njit("u4(u4[:, ::1], u4, u8, u8)", nogil=True, cache=True, inline="always")
def _step(t, crc, low, high):  # type: ignore[no-untyped-def]
    low ^= np.uint64(crc)
    byte = np.uint64(255)
    return (
        t[15, low & byte]
        ^ t[14, low >> np.uint64(8) & byte]
        ^ t[13, low >> np.uint64(16) & byte]
        ^ t[12, low >> np.uint64(24) & byte]
        ^ t[11, low >> np.uint64(32) & byte]
        ^ t[10, low >> np.uint64(40) & byte]
        ^ t[9, low >> np.uint64(48) & byte]
        ^ t[8, low >> np.uint64(56)]
        ^ t[7, high & byte]
        ^ t[6, high >> np.uint64(8) & byte]
        ^ t[5, high >> np.uint64(16) & byte]
        ^ t[4, high >> np.uint64(24) & byte]
        ^ t[3, high >> np.uint64(32) & byte]
        ^ t[2, high >> np.uint64(40) & byte]
        ^ t[1, high >> np.uint64(48) & byte]
        ^ t[0, high >> np.uint64(56)]
    )


@njit("void(u4[:, ::1], u8[:, ::1], i8, i8, u4[:, ::1])", nogil=True, cache=True)
def _crcs(tables, words, rows, length, out):  # type: ignore[no-untyped-def]
    count = words.shape[1] // length
    for row in range(rows):
        at = 0
        while at + 4 <= count:
            a = b = c = d = np.uint32(0xFFFFFFFF)
            base = at * length
            for k in range(base, base + length, 2):
                a = _step(tables, a, words[row, k], words[row, k + 1])
                b = _step(tables, b, words[row, k + length], words[row, k + length + 1])
                c = _step(tables, c, words[row, k + 2 * length], words[row, k + 2 * length + 1])
                d = _step(tables, d, words[row, k + 3 * length], words[row, k + 3 * length + 1])
            out[row, at], out[row, at + 1], out[row, at + 2], out[row, at + 3] = a, b, c, d
            at += 4
        while at < count:
            a = np.uint32(0xFFFFFFFF)
            for k in range(at * length, (at + 1) * length, 2):
                a = _step(tables, a, words[row, k], words[row, k + 1])
            out[row, at] = a
            at += 1


def sector_crcs(data: NDArray[np.uint8], *, size: int = SECTOR) -> NDArray[np.uint32]:
    """The CRC of each sector; releases the GIL.

    Args:
        data: (rows, n·size) bytes, C-contiguous.
        size: bytes a CRC covers, a multiple of 16.
    Returns:
        (rows, n), without the final inversion.
    """
    data = data if data.flags.writeable else data.copy()  # the kernel is compiled for writable arrays only
    rows, width = data.shape
    out = np.zeros((rows, width // size), np.uint32)
    _crcs(_TABLES, data.view(np.uint64), rows, size // 8, out)
    return out
