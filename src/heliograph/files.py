"""Files that appear whole or not at all: write aside, fsync, rename."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from heliograph.errors import CannotWrite
from heliograph.synced import FileSystem, fsync_path

__all__ = ["PARTIAL", "WholeFiles", "named_after", "whole_file", "write_whole"]

PARTIAL = ".partial"
"""Suffix of a file still being written. One found later is what a killed command left; it is safe to delete."""


_MANY, _MUCH = 2048, 128 << 20
"""Files and bytes that are made sure of together; while these are, as many more are written."""

_LONGEST_NAME = 255
"""Bytes in the name of a file, on every file system in use."""


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path beside `path`, or what that leads to, to write to; on success it becomes that, on failure it is gone.

    Raises:
        CannotWrite: the folder is read-only, the disk is full, or the like; or a device or a pipe is called so.
    """
    if path.is_symlink():  # what it leads to is written; the link stays
        path = Path(os.path.realpath(path))  # unlike Path.resolve, at rest with a link that leads to itself
    aside = named_after(path, PARTIAL)
    if path.exists() and not path.is_file() and not path.is_dir():  # root may put a file in the place of /dev/null
        raise CannotWrite(f"{path}: is a device or a pipe, and would be replaced", hint="name a file", path=str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        fsync_path(aside)
        aside.replace(path)
        fsync_path(path.parent)
    except OSError as wrong:
        with contextlib.suppress(OSError):  # the folder may not even be one
            aside.unlink()
        raise cannot_write(path, wrong) from wrong
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


class WholeFiles:
    """Files that appear whole or not at all, many at a time: waiting for the disk for each alone takes longest of all.

    Used in a `with`; at its end, also that of a failure, every file that was written to its end has its name. Until
    then some thousand of them may still be called `.partial`, and a kill leaves those as they are.
    """

    def __init__(self) -> None:
        self._folders: dict[Path, FileSystem] = {}
        self._systems: dict[int, FileSystem] = {}
        self._written: list[_Aside] = []
        self._bytes = 0
        self._forced: list[_Aside] = []
        self._forcing: Future[None] | None = None
        self._pool = ThreadPoolExecutor(1)

    def __enter__(self) -> WholeFiles:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._settle()
            self._settle()
            _force([_Aside(folder, folder, system) for folder, system in self._folders.items()])
        finally:
            self._pool.shutdown()
            for one in self._forced + self._written:  # none, but when the disk failed
                one.aside.unlink(missing_ok=True)
            for system in self._systems.values():
                system.close()

    @contextlib.contextmanager
    def file(self, path: Path) -> Iterator[io.FileIO]:
        """As `whole_file`, but open for writing, and the file gets its name some files later.

        What `write` of it returns may be less than it was given.
        """
        aside = named_after(path, PARTIAL)
        try:
            system = self._system(path.parent)
            out = io.FileIO(aside, "wb")
        except OSError as wrong:
            raise cannot_write(path, wrong) from wrong
        try:
            with out:
                yield out
                size = out.tell()
        except BaseException as wrong:
            aside.unlink(missing_ok=True)
            if isinstance(wrong, OSError):
                raise cannot_write(path, wrong) from wrong
            raise
        self._written.append(_Aside(aside, path, system))
        self._bytes += size
        if len(self._written) >= _MANY or self._bytes >= _MUCH:
            self._settle()

    def _system(self, folder: Path) -> FileSystem:
        """What `folder` stands on; both are there from the first time on."""
        if folder not in self._folders:
            new = [folder]  # and the folders that will be made on the way, up to one whose names they are
            while not new[-1].exists() and new[-1].parent != new[-1]:
                new.append(new[-1].parent)
            folder.mkdir(parents=True, exist_ok=True)
            for each in new:
                number = each.stat().st_dev
                if number not in self._systems:
                    self._systems[number] = FileSystem(each)
                self._folders[each] = self._systems[number]
        return self._folders[folder]

    def _settle(self) -> None:
        """Name what is on the disk by now, and let what was written since be forced there, while the caller goes on.

        Raises:
            CannotWrite: as `whole_file`.
        """
        if self._forcing is not None:
            self._forcing.result()
        for one in self._forced:
            try:
                os.replace(one.aside, one.path)  # noqa: PTH105 - Path.replace makes a Path for each
            except OSError as wrong:
                raise cannot_write(one.path, wrong) from wrong
        self._forced, self._written, self._bytes = self._written, [], 0
        self._forcing = self._pool.submit(_force, self._forced)


class _Aside(NamedTuple):
    """A file on its way to its name."""

    aside: Path
    path: Path
    system: FileSystem


def _force(files: Sequence[_Aside]) -> None:
    for system in {id(one.system): one.system for one in files}.values():
        called = {one.aside: one.path for one in files if one.system is system}
        try:
            system.make_sure(list(called))
        except OSError as wrong:
            raise cannot_write(called[Path(wrong.filename)], wrong) from wrong


def named_after(path: Path, suffix: str) -> Path:
    """A file beside `path`: its name and the suffix, with a hash for the name where that is too long together."""
    name = path.name
    if not name:  # "." or "/"
        raise CannotWrite(f"{path}: is a folder", hint="name the file in it", path=str(path))
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
        hint="make room or choose another folder (--out), then run the same command again; nothing was lost",
        path=str(path),
    )
