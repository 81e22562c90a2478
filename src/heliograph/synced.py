"""Made sure of many files at a time: one `syncfs` for a whole file system, where that says as much as an fsync of each.

An fsync of each of 10,000 small files commits the journal for every few of them; one `syncfs` commits it once. But it
also waits for what other programs have written there, so a handful of files is made sure of one by one. So is
everything where `syncfs` cannot be relied on: before Linux 5.8 it does not tell of failed writes, and a file system in
user space (ntfs-3g, sshfs) is not even asked. Hence a list of those that are known to keep the word.

Sources: syncfs(2) and statfs(2) of the Linux manual pages; linux/magic.h.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

__all__ = ["FileSystem", "fsync_path"]

_FEW: Final = 32
"""So many files or folders are made sure of one by one."""
_AT_ONCE: Final = 8
_RELIED_ON: Final = {
    0xEF53,  # ext4, and ext2 and ext3
    0x58465342,  # XFS
    0x9123683E,  # Btrfs
    0xF2F52010,  # F2FS
    0x01021994,  # tmpfs, which has no disk
}
"""Numbers of kinds of file systems, as `statfs` gives them."""
_TELLS_OF_ERRORS: Final = (5, 8)
"""The first Linux whose `syncfs` does."""


def fsync_path(path: Path) -> None:
    """Make sure of the bytes of a file, or of the names in a folder."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class FileSystem:
    """The file system that a folder stands on. Open it before the first write: it tells of what fails from then on."""

    def __init__(self, folder: Path) -> None:
        self._handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        self._whole = _can_be_relied_on(self._handle)

    def make_sure(self, paths: Sequence[Path]) -> None:
        """Return when the bytes of these files and the names in these folders are on the disk; all must stand on it.

        Raises:
            OSError: a write failed; `filename` says of which file, where that is known.
        """
        if len(paths) > _FEW and self._whole:
            try:
                _syncfs(self._handle)
            except OSError:
                pass  # perhaps another program's file; and which one of ours, only an fsync says
            else:
                return
        if len(paths) <= 1:
            for path in paths:
                _fsync_named(path)
            return
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in pool.map(_fsync_named, paths):
                pass

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._handle)


def _fsync_named(path: Path) -> None:
    try:
        fsync_path(path)
    except OSError as wrong:
        wrong.filename = str(path)
        raise


def _can_be_relied_on(handle: int) -> bool:
    if sys.platform != "linux":
        return False
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if release is None or (int(release[1]), int(release[2])) < _TELLS_OF_ERRORS:
        return False
    try:
        return _kind(handle) in _RELIED_ON
    except (OSError, AttributeError):  # a C library without them
        return False


def _kind(handle: int) -> int:
    """The first field of `struct statfs`, which no function of Python's gives."""
    import ctypes

    answer = ctypes.create_string_buffer(512)  # the struct has 120 bytes at most
    if ctypes.CDLL(None, use_errno=True).fstatfs(handle, answer) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return ctypes.c_long.from_buffer(answer).value & 0xFFFFFFFF


def _syncfs(handle: int) -> None:
    import ctypes

    if ctypes.CDLL(None, use_errno=True).syncfs(handle) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
