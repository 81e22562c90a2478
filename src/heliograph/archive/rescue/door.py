"""The one place that touches what is read: an image file, or the block device of a drive.

A device has no size that `stat` tells; its end does. It is read in whole sectors and, where the system can, past the
page cache: cached reads fetch whole pages, so that one bad sector takes sound ones with it.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import stat
from pathlib import Path
from typing import Final

from heliograph.archive.medium import SECTOR
from heliograph.archive.rescue.passes import CLUSTER
from heliograph.errors import DiscWrong, NotFound

__all__ = ["Door", "is_device"]

_BAD_SECTOR: Final = frozenset({errno.EIO, errno.ENODATA, errno.EILSEQ, errno.EREMOTEIO, errno.ETIMEDOUT})
"""What Linux answers for a sector that cannot be read (block/blk-core.c); anything else says that the drive is gone."""


def is_device(path: Path) -> bool:
    """Whether a path is a block device, such as /dev/sr0."""
    try:
        return stat.S_ISBLK(path.stat().st_mode)
    except OSError:
        return False


class Door:
    """An open disc; `read` gives its sectors, as far as they can be read."""

    def __init__(self, path: Path) -> None:
        """Open `path`.

        Raises:
            NotFound: it cannot be opened: no such file, no disc in the drive.
            DiscWrong: it is empty, or a folder.
        """
        self.where = path
        if path.is_fifo():  # to open it would wait for someone who writes
            raise DiscWrong(
                f"{path}: is a pipe", hint="give a drive with a disc in it, or an image file", path=str(path)
            )
        self._buffer = mmap.mmap(-1, CLUSTER * SECTOR)  # page-aligned, as direct reads ask for
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            self.bytes = os.lseek(self._file, 0, os.SEEK_END)
        except OSError as wrong:
            allowed = "you may not read it: join the group that may (`cdrom` as a rule), or ask whoever may"
            raise NotFound(
                f"{path}: {(wrong.strerror or str(wrong)).lower()}",
                hint=allowed if wrong.errno == errno.EACCES else "give a drive with a disc in it, or an image file",
            ) from None
        self.device = is_device(path)
        if path.is_dir() or not self.bytes:
            self.close()
            raise DiscWrong(
                f"{path}: {'is a folder' if path.is_dir() else 'is empty: 0 bytes'}",
                hint="give a drive with a disc in it, or an image file",
                path=str(path),
            )
        self._direct = False
        with contextlib.suppress(OSError, AttributeError):  # not every file system, or system, has direct reads
            self._reopen(os.O_DIRECT)
            self._direct = True

    @property
    def sectors(self) -> int:
        """Sectors, the last of a file perhaps not full."""
        return -(-self.bytes // SECTOR)

    def read(self, first: int, count: int) -> memoryview:
        """Sectors from `first` on, at most `CLUSTER`, as far as they can be read; the memory is used again.

        Raises:
            NotFound: the drive, or its disc, is gone.
        """
        room = memoryview(self._buffer)[: count * SECTOR]
        done = 0
        end = min(len(room), self.bytes - first * SECTOR)
        while done < end:
            try:
                got = os.preadv(self._file, [room[done:]], first * SECTOR + done)
            except OSError as wrong:
                if wrong.errno == errno.EINVAL and self._direct:
                    self._direct = False
                    self._reopen(0)
                    continue
                if wrong.errno not in _BAD_SECTOR or not self.where.exists():
                    raise NotFound(
                        f"{self.where}: {(wrong.strerror or str(wrong)).lower()}, at sector {first + done // SECTOR:,}",
                        hint="the drive or its disc is gone: put it back and run the same command again to go on",
                        path=str(self.where),
                    ) from None
                break
            if not got:
                break
            done += got
        return room[: done if done >= end else done - done % SECTOR]

    def _reopen(self, how: int) -> None:
        file = os.open(self.where, os.O_RDONLY | os.O_CLOEXEC | how)
        os.close(self._file)
        self._file = file

    def close(self) -> None:
        """Close it; a second time does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
