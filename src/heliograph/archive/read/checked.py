"""Reads an image, and holds every sector against its checksum in the RS03 layer; without NumPy and compiled code.

A sector that does not match is refused; or, where the reader asked for that, mended in memory from the parity, which
loads the kernels then. The image itself stays as it is.

RS03 cuts an image into 255 layers of equal length. One of them holds checksums: its sector i keeps, for each data
layer, the CRC-32 (without the final inversion) of that layer's sector in row i + 1. An image without such a layer is
read as it is.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import struct
import zlib
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Final

from heliograph.archive.bounds import check_layout
from heliograph.archive.medium import SECTOR
from heliograph.errors import Damaged, NotFound

__all__ = ["CheckedImage", "Mending", "how_to_mend"]

Mending = Callable[[Path, int], None]
"""Told of each damaged sector that was mended in memory: the image and its number."""

_COOKIE: Final = b"*dvdisaster*RS03"
_HEADER: Final = struct.Struct("<16s4x16s16x16xqiiiiiI16xiqq")
_HEADER_CRC: Final = 96
_CRC_COOKIE, _CRC_CRC = 1024, 1120
_SEED: Final = struct.pack("<I", 0x4C5047)
_KEPT_ROWS: Final = 65_536
"""Rows whose checksums stay in memory: about 60 MB at most, and all of a BD-25."""


_KEPT_MENDED: Final = 16_384
"""Mended sectors that stay in memory, 32 MB of them: a file is read layer by layer, and a row is mended at once."""


class CheckedImage:
    """An open image; `read` is the only way to its bytes."""

    def __init__(self, path: Path, *, checked: bool = True, mending: Mending | None = None) -> None:
        """Open `path`.

        Args:
            checked: hold sectors against their checksums.
            mending: give damaged sectors as they were sealed, as far as parity rebuilds them; called with the path and
                the number of each.
        Raises:
            NotFound: it cannot be opened.
        """
        self.where = path
        try:
            kind = path.stat().st_mode
            if not (stat.S_ISREG(kind) or stat.S_ISBLK(kind)):  # a pipe would be waited for without end
                raise OSError(errno.EINVAL, "neither a file nor a drive")
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            self.bytes = os.lseek(self._file, 0, os.SEEK_END)
        except (OSError, ValueError) as wrong:
            raise NotFound(
                f"{path}: {(getattr(wrong, 'strerror', None) or str(wrong)).lower()}",
                hint="give image files, or a folder that holds them",
            ) from None
        self._crcs: dict[int, array[int]] = {}
        self._mending, self._iso_sectors = mending, 0
        self._mended: dict[int, bytes] = {}
        self._told: set[int] = set()
        try:
            self._layer_sectors, self._data_layers = self._geometry() if checked else (0, 0)
        except BaseException:
            self.close()
            raise

    def read(self, start: int, count: int) -> bytes:
        """`count` bytes from byte `start`; fewer only past the end.

        Raises:
            Damaged: a sector does not match its checksum, cannot be read, or its checksum is damaged.
        """
        if not self._layer_sectors:
            return self._pread(start, count)
        first, last = start // SECTOR, -(-(start + count) // SECTOR)
        try:
            data = self._pread(first * SECTOR, (last - first) * SECTOR)
            self._check(first, memoryview(data))
        except Damaged:
            if self._mending is None:
                raise
            whole = min(last, -(-self.bytes // SECTOR))
            data = b"".join(self._sound(sector) for sector in range(first, whole))
        skip = start - first * SECTOR
        return data if skip == 0 and len(data) == count else data[skip : skip + count]

    def _sound(self, sector: int) -> bytes:
        """One sector, mended where it has to be.

        Raises:
            Damaged: its row has lost more than parity rebuilds.
        """
        known = self._mended.get(sector)
        if known is None:
            try:
                data = self._pread(sector * SECTOR, SECTOR)
                self._check(sector, memoryview(data))
            except Damaged:
                known = self._mend_row_of(sector)
                if known is None:
                    raise
            else:
                return data
        if self._mending is not None and sector not in self._told:
            self._told.add(sector)
            self._mending(self.where, sector)
        return known

    def _mend_row_of(self, sector: int) -> bytes | None:
        """A sector as it was sealed, and what else of its row is damaged is kept; None past what parity rebuilds."""
        from heliograph.archive.rs03.layout import LAYERS, Layout
        from heliograph.archive.rs03.one_row import mended_in

        layout = Layout(self._iso_sectors, self._layer_sectors, LAYERS - 1 - self._data_layers)
        mended = mended_in(self._file, layout, sector % self._layer_sectors, self._mended)
        if mended is None:
            return None
        if sector not in mended:  # sound, and only its checksum was not; now the parity has vouched for it
            mended[sector] = self._pread(sector * SECTOR, SECTOR)
        if len(self._mended) >= _KEPT_MENDED:
            self._mended = {}  # another thread may read in the old ones
        self._mended.update(mended)
        for number in mended:
            if number // self._layer_sectors == self._data_layers:  # what it keeps the checksums of may be read now
                self._crcs.pop((number + 1) % self._layer_sectors, None)
        return mended[sector]

    def view(self) -> io.BufferedReader:
        """The whole image as a file."""
        return io.BufferedReader(_Whole(self))

    def close(self) -> None:
        """Close the image; a second time does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _pread(self, start: int, count: int) -> bytes:
        if self._file < 0:
            raise ValueError(f"{self.where}: read after close")
        # A damaged directory may ask for gigabytes that are not there.
        count = min(count, self.bytes - start)
        parts = []
        while count > 0:
            try:
                part = os.pread(self._file, count, start)
            except OSError as wrong:
                # A drive that cannot read a sector answers so; the parity can still give its contents.
                raise self._damaged(start // SECTOR, (wrong.strerror or str(wrong)).lower()) from None
            if not part:
                break
            parts.append(part)
            start, count = start + len(part), count - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _check(self, first: int, data: memoryview) -> None:
        """Hold whole sectors from number `first` on against their checksums: the loop that every read pays for."""
        rows, known, crc32 = self._layer_sectors, self._crcs, zlib.crc32
        layer, row = divmod(first, rows)
        for at in range(0, len(data) - SECTOR + 1, SECTOR):
            if layer >= self._data_layers:
                return
            crcs = known.get(row)
            if crcs is None:
                crcs = self._crcs_of(row)
            if not crcs or crcs[layer] != crc32(data[at : at + SECTOR]):
                raise self._damaged(layer * rows + row)
            row += 1
            if row == rows:
                layer, row = layer + 1, 0

    def _crcs_of(self, row: int) -> array[int]:
        """The checksum of each data layer's sector in this row, as zlib counts; they stand in the row before.

        None at all where the sector that keeps them is itself damaged.
        """
        if len(self._crcs) >= _KEPT_ROWS:
            self._crcs.clear()
        before = self._data_layers * self._layer_sectors + (row - 1) % self._layer_sectors
        sector = self._mended.get(before) or self._pread(before * SECTOR, SECTOR)
        whole = len(sector) == SECTOR and sector[_CRC_COOKIE : _CRC_COOKIE + len(_COOKIE)] == _COOKIE
        crcs = array("I")
        if whole and _own_crc_fits(sector, _CRC_CRC):
            kept = struct.unpack_from(f"<{self._data_layers}I", sector)
            crcs = array("I", [crc ^ 0xFFFFFFFF for crc in kept])
        # Handed on directly: another thread may clear what is kept.
        self._crcs[row] = crcs
        return crcs

    def _geometry(self) -> tuple[int, int]:
        """Sectors per layer and number of data layers; zeros when there is no RS03 layer to be found."""
        descriptor = self._pread(16 * SECTOR, SECTOR)
        if len(descriptor) == SECTOR and descriptor[:6] == b"\x01CD001":
            sectors = int(struct.unpack_from("<I", descriptor, 80)[0])
            header = self._pread(sectors * SECTOR, 2 * SECTOR)
            if len(header) == 2 * SECTOR and header.startswith(_COOKIE) and _own_crc_fits(header, _HEADER_CRC):
                _, _, iso, data, _, _, _, _, _, _, layer, _ = _HEADER.unpack_from(header)
                self._iso_sectors = int(iso)
                if iso == sectors and _agree(iso, data, layer):
                    check_layout(self.where, 255 * layer, -(-self.bytes // SECTOR))
                    return int(layer), int(data) - 1
            self._iso_sectors = sectors
            if self.bytes > sectors * SECTOR and self.where.is_file():
                return self._search()
        elif self._mending is not None and self.where.is_file():
            return self._search()
        return 0, 0

    def _search(self) -> tuple[int, int]:
        """The same when the header is damaged: rare, so the search and what it loads may take a second."""
        from heliograph.archive.rs03 import read_layout

        # Also where the code alone tells: without a CRC sector nothing vouches for any sector, and all is refused.
        layout = read_layout(self.where)
        if layout is None:
            return 0, 0
        self._iso_sectors = layout.iso_sectors
        return layout.layer_sectors, layout.data_layers

    def _damaged(self, sector: int, why: str = "does not match its checksum") -> Damaged:
        return Damaged(
            f"{self.where}: sector {sector}: {why}",
            hint=f"mend the image first: {how_to_mend(self.where)}",
            path=str(self.where),
            sector=sector,
        )


def how_to_mend(image: Path) -> str:
    """The command, for a person: a drive is not mended in place."""
    return f"`heliograph archive repair {image}{'' if image.is_file() else ' --out IMAGE.iso'}`"


def _agree(iso: int, data: int, layer: int) -> bool:
    """Whether the numbers of a header can be those of an image (of 255 layers, 8 to 170 hold parity)."""
    return 85 <= data <= 247 and layer > 0 and iso + 2 <= (data - 1) * layer


def _own_crc_fits(block: bytes, at: int) -> bool:
    seeded = block[:at] + _SEED + block[at + 4 :]
    return bool(struct.unpack_from("<I", block, at)[0] == zlib.crc32(seeded) ^ 0xFFFFFFFF)


class _Whole(io.RawIOBase):
    """A checked image as a raw file."""

    def __init__(self, image: CheckedImage) -> None:
        super().__init__()
        self._image = image
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._image.bytes}[whence]
        self._at = base + offset
        return self._at

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self._image.read(self._at, len(view))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
