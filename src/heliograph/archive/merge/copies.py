"""The copies of a disc that are merged: open files, each with what its map says was not read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.iso.lookup import Volume, read_volume
from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.layout import Layout
from heliograph.archive.rs03.rows import open_image, read_line
from heliograph.archive.rs03.search import read_layout
from heliograph.archive.rs03.sectors import COOKIE_IN_CRC, crc_sectors_are_whole, read_header
from heliograph.errors import DiscWrong, HeliographError, UsageWrong

__all__ = ["Copy", "layout_of_all", "refuse_other_discs", "telling_sectors"]

_FINGERPRINT = 20
_CRC_FINGERPRINT = COOKIE_IN_CRC + 32
_CREATED = slice(813, 830)
"""When the volume was made; ECMA-119, 8.4.26."""
_LOOKED_AT = 32
"""CRC sectors of a copy that are tried before it is said to have none."""

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]


class Copy:
    """One copy: an image file that may be short, damaged, or of another disc altogether."""

    def __init__(self, where: Path, image: Path, lost: NDArray[np.int64], *, unasked: int = 0) -> None:
        """Open it.

        Args:
            where: what the user named.
            image: the file with its bytes; another one when `where` is a drive.
            lost: sectors that are known not to have been read.
            unasked: how many of them nobody asked for.
        Raises:
            DiscWrong: it cannot be read, or is empty.
        """
        self.where, self.image, self.unasked = where, image, unasked
        self.file = open_image(image)
        self.bytes = os.lseek(self.file, 0, os.SEEK_END)
        self.sectors = -(-self.bytes // SECTOR)
        self.lost = np.zeros(self.sectors, np.bool_)
        self.lost[lost[lost < self.sectors]] = True
        if not self.bytes:
            self.close()
            raise DiscWrong(f"{where}: is empty: 0 bytes", hint="leave it out", path=str(where))

    def read(self, first: int, count: int, *, length: int = 0, mapped: bool = True) -> tuple[Bytes, Flags]:
        """(count, 2048) sectors, and (count,) which of them are there.

        Args:
            length: bytes that the whole image has: a copy of that length has a last sector that is not full, too.
            mapped: those that its map calls unread are not; False for all bytes that the file has.
        """
        block = np.zeros((count, SECTOR), np.uint8)
        there = np.zeros(count, np.bool_)
        within = min(count, max(self.sectors - first, 0))
        if within:
            unread: list[int] = []
            full = read_line(self.file, first, block.reshape(-1), unread)
            there[:full] = True
            if full < within and self.bytes == length:
                tail = os.pread(self.file, SECTOR, (first + full) * SECTOR)
                block[full, : len(tail)] = np.frombuffer(tail, np.uint8)
                there[full] = True
            there[[sector - first for sector in unread]] = False
            self.lost[unread] = True
            if mapped or self.image != self.where:  # zeros stand for what was not read of a drive
                there[:within] &= ~self.lost[first : first + within]
        return block, there

    def is_lost(self, sectors: NDArray[np.int64]) -> Flags:
        """Which of these sectors are known not to have been read, those past its end not counted."""
        known: Flags = np.append(self.lost, False)[np.minimum(sectors, self.sectors)]
        return known

    def unread(self, length: int) -> int:
        """How many sectors of an image of `length` bytes this copy does not have, of those that it was asked for."""
        whole = -(-length // SECTOR) if self.bytes >= length else self.bytes // SECTOR
        return -(-length // SECTOR) - whole + int(self.lost[:whole].sum()) - self.unasked

    def volume(self) -> Volume | None:
        """What its volume descriptor says, if it was read and is one."""
        try:
            with self.image.open("rb") as file:
                return None if self._unread(16) else read_volume(file, self.where)
        except (HeliographError, OSError):
            return None

    def created(self) -> bytes:
        """When its volume descriptor says that it was made; nothing where it cannot be read."""
        block, there = self.read(16, 1)
        return block[0, _CREATED].tobytes() if there[0] else b""

    def fingerprint(self, layout: Layout | None) -> bytes:
        """The fingerprint that its RS03 sectors carry, each proved by its own CRC; nothing when none is left."""
        volume = self.volume()
        for at in {layout.iso_sectors if layout else 0, volume.sectors if volume else 0} - {0}:
            block, there = self.read(at, 2)
            if there.all() and read_header(block.tobytes()) is not None:
                return block.tobytes()[_FINGERPRINT : _FINGERPRINT + 16]
        if layout is not None:
            for sector in telling_sectors(layout)[3:].tolist():
                block, there = self.read(sector, 1)
                if there[0] and crc_sectors_are_whole(block)[0]:
                    return block[0, _CRC_FINGERPRINT : _CRC_FINGERPRINT + 16].tobytes()
        return b""

    def name(self) -> str:
        """What the disc calls itself, for people."""
        volume = self.volume()
        return f"volume {volume.name}" if volume is not None and volume.name else "a disc without a readable name"

    def _unread(self, sector: int) -> bool:
        return sector >= self.sectors or bool(self.lost[sector])

    def close(self) -> None:
        """Close the file."""
        os.close(self.file)


def telling_sectors(layout: Layout) -> NDArray[np.int64]:
    """The sectors that tell which disc it is: the volume descriptor, the header, some of the CRC layer."""
    rows = layout.layer_sectors
    some = sorted({layout.crc_start + rows * part // _LOOKED_AT for part in range(_LOOKED_AT)})
    return np.array([16, layout.iso_sectors, layout.iso_sectors + 1, *some], np.int64)


def layout_of_all(copies: Sequence[Copy]) -> Layout | None:
    """The RS03 layout of the first copy that still tells one; None when the disc is not protected."""
    for copy in copies:
        layout = read_layout(copy.image, exhaustive=False)
        if layout is not None:
            return layout
    for copy in copies:
        volume = copy.volume()
        # An image that ends where its file system does has no parity: not worth the time of a search through all of it.
        layout = read_layout(copy.image) if volume is None or copy.sectors > volume.sectors else None
        if layout is not None:
            return layout
    return None


def refuse_other_discs(copies: Sequence[Copy], layout: Layout | None) -> set[Copy]:
    """See that all copies are of one disc, as far as they still say; the copies that say so.

    Raises:
        UsageWrong: one says that it is of another disc.
    """
    marks = {copy: copy.fingerprint(layout) for copy in copies}
    known: dict[Copy, tuple[object, ...]] = {copy: (mark,) for copy, mark in marks.items() if mark}
    if not known:
        for copy in copies:
            volume = copy.volume()
            if volume is not None:
                known[copy] = (volume.name, volume.set_id, volume.application, volume.sectors, copy.created())
    first = next(iter(known), None)
    for copy, said in known.items():
        if first is not None and said != known[first]:
            raise other_disc(copy, first)
        if layout is not None:
            own = read_layout(copy.image, exhaustive=False)
            if own is not None and own != layout:
                raise UsageWrong(
                    f"{copy.where}: has {own.roots} roots and {own.sectors:,} sectors, other copies {layout.roots} and "
                    f"{layout.sectors:,}: the same ISO protected twice",
                    hint="merge copies of one protected image only",
                )
    return set(known)


def other_disc(copy: Copy, first: Copy) -> UsageWrong:
    """The refusal to merge what does not belong together."""
    return UsageWrong(
        f"{copy.where}: is {copy.name()}, and {first.where} is {first.name()}: not copies of one disc",
        hint="merge copies of one disc only",
        paths=[str(copy.where), str(first.where)],
    )
