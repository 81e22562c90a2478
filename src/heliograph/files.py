"""Files that appear whole or not at all: write aside, fsync, rename."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from heliograph.errors import CannotWrite

__all__ = ["PARTIAL", "fsync_folder", "whole_file", "write_whole"]

PARTIAL = ".partial"
"""Suffix of a file still being written. One found later is what a killed command left; it is safe to delete."""


def fsync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_LONGEST_NAME = 255
"""Bytes in the name of a file, on every file system in use."""


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; on success it becomes `path`, on failure it is gone.

    Raises:
        CannotWrite: the directory is read-only, the disk is full, or the like.
    """
    aside = path.with_name(_aside_name(path.name))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        with aside.open("rb") as done:
            os.fsync(done.fileno())
        aside.replace(path)
        fsync_folder(path.parent)
    except OSError as wrong:
        with contextlib.suppress(OSError):  # the folder may not even be one
            aside.unlink()
        raise cannot_write(path, wrong) from wrong
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _aside_name(name: str) -> str:
    """`name` and the suffix; a hash of it where that would be longer than file systems allow."""
    if len(os.fsencode(name + PARTIAL)) <= _LONGEST_NAME:
        return name + PARTIAL
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:32] + PARTIAL


def write_whole(path: Path, data: bytes | str) -> None:
    """Write `data` to `path`, whole or not at all."""
    with whole_file(path) as aside:
        aside.write_bytes(data.encode() if isinstance(data, str) else data)


def cannot_write(path: Path, wrong: OSError) -> CannotWrite:
    """The one line a person needs when the system refuses a write."""
    return CannotWrite(
        f"{path}: {(wrong.strerror or str(wrong)).lower()}",
        hint="make room or choose another directory (--out), then run the same command again; nothing was lost",
        path=str(path),
    )
