"""Which file goes on which disc: first fit, in the order given, and large files in pieces.

Deterministic and simple on purpose: a person can predict it, and the same files give the same set. Sizes here are
estimates that never fall short of what the file system takes; `seal` draws each disc exactly and packs again with
less room when one came out too full.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from heliograph.archive.iso.names import Namer, readable, split_name
from heliograph.archive.medium import SECTOR
from heliograph.errors import DoesNotFit, NotFound, UsageWrong

__all__ = ["Gathered", "Placed", "Source", "gather", "pack", "sectors_of"]

_FOLDER_SECTORS: Final = 5
"""A folder takes a sector in ISO 9660, one in Joliet, two in UDF, and its share of the path tables."""
_RECORD_BYTES: Final = 480
"""Directory records of one file in the three views, beyond its name."""
_NAME_COPIES: Final = 6
"""How often a name is written: Rock Ridge, Joliet and UDF (two bytes a character each), manifest."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to keep: its true path in the set (with `/`), where it lies now, its size."""

    name: str
    path: Path
    bytes: int
    modified_s: float = 0.0

    def open(self) -> io.RawIOBase:
        """Its bytes, to be read once, from the first to the last."""
        return io.FileIO(self.path)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything under the paths given: files, and folders that hold nothing."""

    sources: tuple[Source, ...]
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A run of one source's bytes on one disc."""

    source: Source
    disc: int
    path: str
    start: int
    bytes: int


def gather(paths: Sequence[Path | Source]) -> Gathered:
    """The files under `paths`, each named from the last component of its path; folders in sorted order.

    Raises:
        NotFound: a path does not exist or cannot be read.
        UsageWrong: not a file or folder, a link to a folder, or two files of one name.
    """
    sources: list[Source] = []
    folders: list[str] = []
    for path in paths:
        if isinstance(path, Source):
            sources.append(path)
            continue
        try:
            _walk(path, readable(path.resolve().name) or "root", sources, folders, top=True)
        except OSError as wrong:
            raise NotFound(
                f"{wrong.filename or path}: {(wrong.strerror or str(wrong)).lower()}",
                hint="every path must exist and be readable; nothing was written",
            ) from None
    seen: dict[str, Source] = {}
    for source in sources:
        if (before := seen.setdefault(source.name, source)) is not source:
            raise UsageWrong(
                f"{before.path} and {source.path} would both be {source.name}",
                hint="give their common folder instead, or seal them in two sets",
            )
    return Gathered(tuple(sources), tuple(folders))


def _walk(path: Path, name: str, sources: list[Source], folders: list[str], *, top: bool = False) -> None:
    # os.stat follows links: a link to a file is kept as the file it points to.
    status = os.stat(path)  # noqa: PTH116 - its error carries the file name
    if stat.S_ISREG(status.st_mode):
        sources.append(Source(name, path, status.st_size, status.st_mtime))
    elif not stat.S_ISDIR(status.st_mode):
        raise UsageWrong(f"{path}: neither a file nor a folder", hint="leave it out; discs hold files")
    elif path.is_symlink() and not top:
        raise UsageWrong(f"{path}: a link to a folder", hint="give the folder itself as a path of its own")
    else:
        inside = sorted(os.listdir(path))  # noqa: PTH208 - names, with their undecodable bytes kept
        if not inside:
            folders.append(name)
        for each in inside:
            _walk(path / each, f"{name}/{readable(each)}", sources, folders)


def sectors_of(size: int) -> int:
    """Whole sectors that `size` bytes take."""
    return -(-size // SECTOR)


def pack(gathered: Gathered, room: int) -> tuple[list[list[Placed]], list[str]]:
    """Place every source on discs with `room` sectors each for files and their directory entries.

    A file goes to the first disc that still has room for all of it. One larger than an empty disc is split: each piece
    but the last fills a fresh disc, the last shares its disc with what comes later. Where that saves a disc, the first
    piece takes what is left of the last disc.

    Returns:
        The pieces on each disc, in order (at least one disc, even for no files), and the empty folders, which stand
        on the first disc, by their path there.
    Raises:
        DoesNotFit: `room` does not hold the directory entry of a single file.
    """
    discs: list[_Filling] = [_Filling(room)]
    namer = Namer()
    for source in gathered.sources:
        path = f"data/{namer.path(source.name)}"
        # A split file leaves its whole name unused; that only reserves it.
        need = _need(path, source.bytes)
        fitting = next((number for number, disc in enumerate(discs) if disc.fits(need)), None)
        if fitting is None and _Filling(room).fits(need):
            fitting = len(discs)
            discs.append(_Filling(room))
        if fitting is not None:
            discs[fitting].put(source, path, 0, source.bytes, fitting)
            continue
        for number, (piece_path, start, size) in enumerate(_pieces(source, namer, room, discs[-1])):
            if discs[-1].placed and (number or not discs[-1].fits(_need(piece_path, size))):
                discs.append(_Filling(room))
            discs[-1].put(source, piece_path, start, size, len(discs) - 1)
    return [disc.placed for disc in discs], [f"data/{namer.path(folder)}" for folder in gathered.folders]


def _pieces(source: Source, namer: Namer, room: int, last: _Filling) -> Iterator[tuple[str, int, int]]:
    """Path, begin and bytes of each piece of a file that is larger than a disc; `last` is the disc in use."""
    # A piece's name is as long for any number, so its cost is known before the count is.
    longest = f"data/{Namer().path(split_name(source.name, 1, 1))}"
    most = (room - _Filling(room).cost(_need(longest, 0)) - 1) * SECTOR
    if most < SECTOR:
        raise DoesNotFit(
            f"{source.path}: {source.bytes:,} bytes, and one disc has no room for even a piece of it",
            hint="choose a larger --medium or --capacity",
        )
    first = most
    count = -(-source.bytes // most)
    if last.placed:
        left = max(0, last.left - last.cost(_need(longest, 0)) - 1) * SECTOR
        if -(-(source.bytes - left) // most) < count:
            first = left
    if count > 999:
        raise DoesNotFit(
            f"{source.path}: {source.bytes:,} bytes would be {count:,} pieces; at most 999 are allowed",
            hint="choose a larger --medium or --capacity",
        )
    starts = [0, *range(first, source.bytes, most)]
    for number, start in enumerate(starts, 1):
        path = f"data/{namer.path(split_name(source.name, number, count), 'piece')}"
        yield path, start, min(most if start else first, source.bytes - start)


class _Need(NamedTuple):
    """What a file takes of any disc, and the folders that it needs there."""

    sectors: int
    parents: tuple[str, ...]


class _Filling:
    """A disc while it fills up."""

    def __init__(self, room: int) -> None:
        self.left = room
        self.placed: list[Placed] = []
        self.folders: set[str] = set()

    def cost(self, need: _Need) -> int:
        """Sectors that a file takes here, its folders included as far as they are new."""
        return need.sectors + _FOLDER_SECTORS * sum(folder not in self.folders for folder in need.parents)

    def fits(self, need: _Need) -> bool:
        return need.sectors <= self.left and self.cost(need) <= self.left

    def put(self, source: Source, path: str, start: int, size: int, disc: int) -> None:
        need = _need(path, size)
        self.left -= self.cost(need)
        self.folders.update(need.parents)
        self.placed.append(Placed(source, disc, path, start, size))


def _need(path: str, size: int) -> _Need:
    """Of a file of `size` bytes at `path`, its directory entries included."""
    names = _NAME_COPIES * len(path.encode()) + _RECORD_BYTES
    # One sector for the UDF file entry; directory records are rounded up for each file, which is more than they take.
    return _Need(sectors_of(size) + 1 + sectors_of(names), _parents(path))


def _parents(path: str) -> tuple[str, ...]:
    return tuple(path[:at] for at, letter in enumerate(path) if letter == "/")
