"""The sectors that RS03 adds to an ISO image, byte for byte: header, padding, CRC sectors. See docs/disc-format.md.

All numbers are little-endian. What stands here are facts of the format, so that dvdisaster 0.79.5 and this code write
the same bytes for the same ISO and size.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.layout import HEADER_SECTORS, LAYERS, MAX_ROOTS, MIN_ROOTS, Layout

__all__ = [
    "COOKIE",
    "COOKIE_IN_CRC",
    "behind_iso",
    "crc_sectors",
    "crc_sectors_are_whole",
    "fingerprint",
    "header",
    "is_marked_dead",
    "named_in",
    "padding",
    "read_crc_sector",
    "read_header",
]

COOKIE = b"*dvdisaster*RS03"
"""Begins the header, and stands at byte 1024 of every CRC sector."""
COOKIE_IN_CRC = 1024
FINGERPRINT_SECTOR = 16
"""The ISO's primary volume descriptor: different on any two discs."""
CREATOR_VERSION = 7905
"""Version 0.79.5, the writer whose bytes we match; readers only show it."""
NEEDED_VERSION = 7900
SEED = 0x4C5047
"""Stands in the place of a sector's own CRC while that is computed."""

_HEADER = struct.Struct("<16s4x16s16x16xqiiiiiI16xiqq")
_HEADER_CRC = 96
_CRC_TAIL = struct.Struct("<16s4xiii16s16xqiii4xqI")
_FINGERPRINT_IN_HEADER, _FINGERPRINT_IN_CRC = 20, 32
_CRC_SIZES = 1100
_CRC_CRC = 1120

_PADDING_TEXTS = {
    0x000: b"dvdisaster padding sector       This is a padding sector needed for augmenting the image "
    b"with error correction data.",
    0x100: b"Padding sector marker version",
    0x120: b"1.00",
    0x140: b"Padding sector number",
    0x180: b"Medium fingerprint",
    0x1C0: b"Medium fingerprint sector",
    0x1E0: b"16",
    0x7DB: b"dvdisaster padding sector end marker",
}
_PADDING_NUMBER, _PADDING_FINGERPRINT = 0x160, 0x1A0
_DEAD = b"dvdisaster dead sector marker"

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Sizes:
    iso_sectors: int
    data_bytes: int
    ecc_bytes: int
    layer_sectors: int


def fingerprint(sector_16: bytes) -> bytes:
    """What ties header and CRC sectors to their ISO: the MD5 of its sector 16."""
    return hashlib.md5(sector_16, usedforsecurity=False).digest()


def named_in(block: bytes, at: int) -> bytes:
    """The fingerprint in a header (`at` 0) or a CRC sector (`at` COOKIE_IN_CRC): of which image it is."""
    place = at + (_FINGERPRINT_IN_CRC if at else _FINGERPRINT_IN_HEADER)
    return block[place : place + hashlib.md5(usedforsecurity=False).digest_size]


def _own_crc(block: Bytes) -> int:
    return zlib.crc32(block.tobytes()) ^ 0xFFFFFFFF


def _crcs(block: Bytes) -> NDArray[np.uint32]:
    """(rows,) CRCs; a few are not worth loading the compiled kernel, which takes a second."""
    if len(block) <= 4:
        return np.array([_own_crc(sector) for sector in block], np.uint32)
    from heliograph.archive.kernels.crc import sector_crcs

    return sector_crcs(block)[:, 0]


def header(layout: Layout, medium: bytes, *, last_bytes: int = SECTOR) -> bytes:
    """The two header sectors, 4096 bytes; `medium` is the fingerprint, `last_bytes` are used of the ISO's last."""
    block = bytearray(2 * SECTOR)
    sizes = (layout.iso_sectors, layout.data_layers + 1, layout.roots)
    versions = (CREATOR_VERSION, NEEDED_VERSION, FINGERPRINT_SECTOR)
    _HEADER.pack_into(block, 0, COOKIE, medium, *sizes, *versions, SEED, last_bytes, layout.layer_sectors, 0)
    struct.pack_into("<I", block, _HEADER_CRC, _own_crc(np.frombuffer(bytes(block), np.uint8)))
    return bytes(block)


def padding(first: int, count: int, medium: bytes) -> Bytes:
    """(count, 2048): the padding sectors with these numbers in the image."""
    template = bytearray(SECTOR)
    for at, text in _PADDING_TEXTS.items():
        template[at : at + len(text)] = text
    template[_PADDING_FINGERPRINT : _PADDING_FINGERPRINT + len(medium)] = medium
    block = np.tile(np.frombuffer(bytes(template), np.uint8), (count, 1))
    numbers = np.arange(first, first + count).astype("S")  # ASCII digits, zeros behind them
    digits = numbers.view(np.uint8).reshape(count, numbers.itemsize)
    block[:, _PADDING_NUMBER : _PADDING_NUMBER + digits.shape[1]] = digits
    return block


def behind_iso(layout: Layout, medium: bytes, first: int, count: int, *, last_bytes: int = SECTOR) -> Bytes:
    """(count, 2048): data sectors from number `first` on, none of them the ISO's: header, then padding."""
    in_header = first - layout.iso_sectors
    whole = np.frombuffer(header(layout, medium, last_bytes=last_bytes), np.uint8).reshape(HEADER_SECTORS, SECTOR)
    parts = whole[min(in_header, HEADER_SECTORS) : in_header + count]
    left = count - len(parts)
    return np.concatenate([parts, padding(first + len(parts), left, medium)]) if left else parts


def crc_sectors(layout: Layout, medium: bytes, crcs: NDArray[np.uint32], *, last_bytes: int = SECTOR) -> Bytes:
    """(rows, 2048): the CRC sectors that keep these CRCs.

    Args:
        crcs: (rows, data layers) CRCs; a CRC sector keeps those of the row after its own.
        last_bytes: how many bytes of the ISO's last sector are used.
    """
    rows = len(crcs)
    block = np.zeros((rows, SECTOR), np.uint8)
    block.view("<u4")[:, : layout.data_layers] = crcs
    tail = _CRC_TAIL.pack(
        *(COOKIE, CREATOR_VERSION, NEEDED_VERSION, FINGERPRINT_SECTOR, medium, layout.iso_sectors, last_bytes),
        *(layout.data_layers + 1, layout.roots, layout.layer_sectors, SEED),
    )
    block[:, COOKIE_IN_CRC : COOKIE_IN_CRC + len(tail)] = np.frombuffer(tail, np.uint8)
    block[:, _CRC_CRC : _CRC_CRC + 4] = _crcs(block).astype("<u4").view(np.uint8).reshape(rows, 4)
    return block


def crc_sectors_are_whole(block: Bytes, layout: Layout | None = None) -> NDArray[np.bool_]:
    """(rows,): which of these CRC sectors, (rows, 2048), carry the cookie and match their own CRC (and the layout)."""
    stored = np.ascontiguousarray(block[:, _CRC_CRC : _CRC_CRC + 4]).view("<u4")[:, 0]
    seeded = np.array(block)
    seeded[:, _CRC_CRC : _CRC_CRC + 4] = np.frombuffer(struct.pack("<I", SEED), np.uint8)
    cookie = np.frombuffer(COOKIE, np.uint8)
    marked = (block[:, COOKIE_IN_CRC : COOKIE_IN_CRC + cookie.size] == cookie).all(axis=1)
    if layout is not None:
        sizes = struct.pack("<ii4xq", layout.data_layers + 1, layout.roots, layout.layer_sectors)
        marked &= (block[:, _CRC_SIZES : _CRC_SIZES + len(sizes)] == np.frombuffer(sizes, np.uint8)).all(axis=1)
    whole: NDArray[np.bool_] = marked & (_crcs(seeded) == stored)
    return whole


def is_marked_dead(block: Bytes) -> NDArray[np.bool_]:
    """(sectors,): which sectors, (sectors, 2048), are the mark that dvdisaster leaves for what it could not read."""
    mark = np.frombuffer(_DEAD, np.uint8)
    dead: NDArray[np.bool_] = (block[:, : mark.size] == mark).all(axis=1)
    return dead


def _layout(sizes: _Sizes) -> Layout | None:
    """A layout if the numbers agree with each other."""
    layout = Layout(sizes.iso_sectors, sizes.layer_sectors, sizes.ecc_bytes)
    agree = (
        sizes.data_bytes + sizes.ecc_bytes == LAYERS
        and MIN_ROOTS <= sizes.ecc_bytes <= MAX_ROOTS
        and sizes.layer_sectors > 0
        and sizes.iso_sectors > FINGERPRINT_SECTOR
        and layout.padding_sectors >= 0
    )
    return layout if agree else None


def read_header(block: bytes) -> Layout | None:
    """The layout from two header sectors, or None when they are not whole."""
    if len(block) < 2 * SECTOR or not block.startswith(COOKIE):
        return None
    seeded = np.frombuffer(block[: 2 * SECTOR], np.uint8).copy()
    seeded[_HEADER_CRC : _HEADER_CRC + 4] = np.frombuffer(struct.pack("<I", SEED), np.uint8)
    _, _, iso, data, ecc, _, _, _, own, _, layer, _ = _HEADER.unpack_from(block)
    return _layout(_Sizes(iso, data, ecc, layer)) if own == _own_crc(seeded) else None


def read_crc_sector(block: bytes) -> Layout | None:
    """The layout from any one CRC sector, or None when it is not whole."""
    if len(block) < SECTOR or not crc_sectors_are_whole(np.frombuffer(block[:SECTOR], np.uint8)[None, :])[0]:
        return None
    _, _, _, _, _, iso, _, data, ecc, layer, _ = _CRC_TAIL.unpack_from(block, COOKIE_IN_CRC)
    return _layout(_Sizes(iso, data, ecc, layer))
