"""Files that appear whole or not at all: write aside, fsync, rename."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from heliograph.errors import CannotWrite

__all__ = ["PARTIAL", "WholeFiles", "fsync_folder", "whole_file", "write_whole"]

PARTIAL = ".partial"
"""Suffix of a file still being written. One found later is what a killed command left; it is safe to delete."""


def fsync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_MANY, _MUCH = 256, 64 << 20
"""Files and bytes that wait at most before they are made sure of together."""
_AT_ONCE = 8

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


class WholeFiles:
    """Files that appear whole or not at all, many at a time: waiting for the disk for each alone takes longest of all.

    Used in a `with`; at its end, also that of a failure, every file that was written to its end has its name.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[Path, Path]] = []
        self._bytes = 0

    def __enter__(self) -> WholeFiles:
        return self

    def __exit__(self, *_: object) -> None:
        self.settle()

    @contextlib.contextmanager
    def file(self, path: Path) -> Iterator[Path]:
        """As `whole_file`, but that the file gets its name some files later, at the latest with `settle`."""
        aside = path.with_name(_aside_name(path.name))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield aside
            self._bytes += aside.stat().st_size
        except OSError as wrong:
            with contextlib.suppress(OSError):
                aside.unlink()
            raise cannot_write(path, wrong) from wrong
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        self._waiting.append((aside, path))
        if len(self._waiting) >= _MANY or self._bytes >= _MUCH:
            self.settle()

    def settle(self) -> None:
        """Force what waits to the disk, then give it its names.

        Raises:
            CannotWrite: as `whole_file`.
        """
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(_force, waiting))
        for aside, path in waiting:
            try:
                aside.replace(path)
            except OSError as wrong:
                raise cannot_write(path, wrong) from wrong
        for folder in {path.parent for _, path in waiting}:
            fsync_folder(folder)


def _force(pair: tuple[Path, Path]) -> None:
    aside, path = pair
    try:
        with aside.open("rb") as done:
            os.fsync(done.fileno())
    except OSError as wrong:
        raise cannot_write(path, wrong) from wrong


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
