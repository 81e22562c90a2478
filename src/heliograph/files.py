"""Files that appear whole or not at all: write aside, fsync, rename."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from heliograph.errors import CannotWrite

__all__ = ["PARTIAL", "WholeFiles", "fsync_folder", "named_after", "whole_file", "write_whole"]

PARTIAL = ".partial"
"""Suffix of a file still being written. One found later is what a killed command left; it is safe to delete."""


def fsync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_MANY, _MUCH = 128, 32 << 20
"""Files and bytes that are made sure of together; while these are, as many more are written. All of them are open."""
_AT_ONCE = 8

_LONGEST_NAME = 255
"""Bytes in the name of a file, on every file system in use."""


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; on success it becomes `path`, on failure it is gone.

    Raises:
        CannotWrite: the directory is read-only, the disk is full, or the like.
    """
    aside = named_after(path, PARTIAL)
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
        self._made: set[Path] = set()
        self._written: list[_Aside] = []
        self._bytes = 0
        self._forced: list[_Aside] = []
        self._forcing: list[Future[None]] = []
        self._pool = ThreadPoolExecutor(_AT_ONCE)

    def __enter__(self) -> WholeFiles:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._settle()
            self._settle()
        finally:
            self._pool.shutdown()
            for one in self._forced + self._written:  # none, but when the disk failed
                one.file.close()
                one.aside.unlink(missing_ok=True)

    @contextlib.contextmanager
    def file(self, path: Path) -> Iterator[io.FileIO]:
        """As `whole_file`, but open for writing, and the file gets its name some files later.

        What `write` of it returns may be less than it was given.
        """
        aside = named_after(path, PARTIAL)
        try:
            if path.parent not in self._made:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._made.add(path.parent)
            out = io.FileIO(aside, "wb")
        except OSError as wrong:
            raise cannot_write(path, wrong) from wrong
        try:
            yield out
            size = out.tell()
        except BaseException as wrong:
            out.close()
            aside.unlink(missing_ok=True)
            if isinstance(wrong, OSError):
                raise cannot_write(path, wrong) from wrong
            raise
        self._written.append(_Aside(out, aside, path))
        self._bytes += size
        if len(self._written) >= _MANY or self._bytes >= _MUCH:
            self._settle()

    def _settle(self) -> None:
        """Name what is on the disk by now, and let what was written since be forced there, while the caller goes on.

        Raises:
            CannotWrite: as `whole_file`.
        """
        for done in self._forcing:
            done.result()
        for one in self._forced:
            one.file.close()
            try:
                one.aside.replace(one.path)
            except OSError as wrong:
                raise cannot_write(one.path, wrong) from wrong
        for folder in {one.path.parent for one in self._forced}:
            fsync_folder(folder)
        self._forced, self._written, self._bytes = self._written, [], 0
        self._forcing = [self._pool.submit(_force, part) for part in _parts(self._forced)]


class _Aside(NamedTuple):
    """A file on its way to its name."""

    file: io.FileIO
    aside: Path
    path: Path


def _parts(files: list[_Aside]) -> list[list[_Aside]]:
    return [files[start::_AT_ONCE] for start in range(min(_AT_ONCE, len(files)))]


def _force(files: list[_Aside]) -> None:
    for one in files:
        try:
            os.fsync(one.file.fileno())
        except OSError as wrong:
            raise cannot_write(one.path, wrong) from wrong


def named_after(path: Path, suffix: str) -> Path:
    """A file beside `path`: its name and the suffix, with a hash for the name where that is too long together."""
    name = path.name
    if len(os.fsencode(name + suffix)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return path.with_name(name + suffix)


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
