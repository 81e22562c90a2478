"""One disc image: ISO 9660 with Rock Ridge, Joliet and UDF over the same bytes, through pycdlib.

pycdlib draws the file system; the contents of the files are written by `seal`, straight to the place that the layout
gives them, so that each byte is read, hashed and written once. The image is the same for the same input: pycdlib asks
the clock and chance for what it writes into descriptors, so both are held still while it works.

ISO 9660 is drawn at interchange level 4 (ISO 9660:1999) because that allows folders deeper than eight without the
relocation that level 3 needs, and files above 4 GB as several extents, one after the other.
"""

from __future__ import annotations

import io
import os
import random
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import IO, Any

from heliograph.archive.iso.names import unique_names
from heliograph.archive.medium import SECTOR
from heliograph.errors import DoesNotFit
from heliograph.sweeps import no_sweeps

__all__ = ["APPLICATION", "Layout", "lay_out", "tree_of"]

APPLICATION = "HELIOGRAPH DISC SET 1"
"""What stands in the volume descriptor of every disc; images are known by it, not by their file names."""

_STILL = threading.Lock()


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands on one disc, before a byte of it is written."""

    sectors: int
    offsets: Mapping[str, int]
    """Byte offset of each file in the image, by its path on the disc; files above 4 GB are in one piece, too."""
    _iso: Any
    _at: datetime
    _seed: str

    def write(self, image: IO[bytes]) -> None:
        """Write the file system to the open, empty file `image`, once; the contents of the files stay holes."""
        first = min((offset for offset in self.offsets.values() if offset), default=self.bytes)
        skeleton = _Skeleton(image, first)
        with _still(self._at, self._seed):
            self._iso.inodes.clear()  # the files, which pycdlib would write now
            self._iso.write_fp(skeleton)
        skeleton.flush()
        image.truncate(self.bytes)

    @property
    def bytes(self) -> int:
        """Size of the image without protection."""
        return self.sectors * SECTOR


def lay_out(
    files: Sequence[tuple[str, int]], folders: Sequence[str], *, volume: str, set_id: str, at: datetime
) -> Layout:
    """Place `files` (path on the disc, bytes), in this order, and `folders` (parents are made as needed).

    Args:
        volume: volume name, at most 16 (Joliet) of A-Z, 0-9 and underscore.
        at: the time stamped on every file and descriptor (with a time zone).
    """
    import pycdlib
    from pycdlib.pycdlibexception import PyCdlibException

    tree = tree_of([path for path, _ in files], folders)
    try:
        with _still(at, volume):
            iso = pycdlib.PyCdlib()
            iso.new(
                interchange_level=4,
                vol_ident=volume,
                vol_set_ident=set_id,
                app_ident_str=APPLICATION,
                joliet=3,
                rock_ridge="1.09",
                udf="2.60",
            )
            # Every name in its four forms; siblings are told apart within each form.
            iso_paths, joliet_paths = {"": ""}, {"": ""}
            for folder, (names, subfolders) in tree.items():
                for form, known in (("iso", iso_paths), ("joliet", joliet_paths)):
                    for name, formed in unique_names(names, form, folders=subfolders).items():
                        known[f"{folder}/{name}"] = f"{known[folder]}/{formed}"
            for folder in tree:
                if folder:
                    iso.add_directory(
                        iso_paths[folder],
                        rr_name=folder.rpartition("/")[2],
                        joliet_path=joliet_paths[folder],
                        udf_path=folder,
                        file_mode=0o040555,
                    )
            contents = io.BytesIO()  # never read: the files are written by others
            for path, size in files:
                full = f"/{path}"
                iso.add_fp(
                    contents,
                    size,
                    f"{iso_paths[full]};1",
                    rr_name=path.rpartition("/")[2],
                    joliet_path=joliet_paths[full],
                    udf_path=full,
                    file_mode=0o100444,
                )
            iso.force_consistency()
            # One inode for each file, in their order; the paths need not be looked up again.
            offsets = {
                path: inode.extent_location() * SECTOR if size else 0
                for (path, size), inode in zip(files, iso.inodes, strict=True)
            }
    except PyCdlibException as wrong:
        raise DoesNotFit(
            f"volume {volume}: the file system cannot hold this tree: {wrong}",
            hint="seal it in several sets, or with fewer or shorter folder names",
        ) from None
    return Layout(iso.pvd.space_size, MappingProxyType(offsets), iso, at, volume)


def tree_of(paths: Sequence[str], folders: Sequence[str]) -> dict[str, tuple[list[str], list[str]]]:
    """Each folder, parents first, with the names of its files and of its folders."""
    tree: dict[str, tuple[list[str], list[str]]] = {"": ([], [])}

    def grow(folder: str) -> None:
        if folder not in tree:
            parent, _, name = folder.rpartition("/")
            grow(parent)
            tree[parent][1].append(name)
            tree[folder] = ([], [])

    for folder in folders:
        grow(f"/{folder}")
    for path in paths:
        parent, _, name = f"/{path}".rpartition("/")
        grow(parent)
        tree[parent][0].append(name)
    return tree


class _Skeleton:
    """The image file as pycdlib writes to it: the thousands of small pieces before the first file become one."""

    __slots__ = ("_at", "_image", "_start")

    def __init__(self, image: IO[bytes], first: int) -> None:
        self._image, self._start, self._at = image, bytearray(first), 0

    def write(self, data: bytes) -> int:
        end = self._at + len(data)
        if end <= len(self._start):
            self._start[self._at : end] = data
        else:
            self._image.seek(self._at)
            self._image.write(data)
        self._at = end
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence)
        self._at = (self._image.seek(0, os.SEEK_END) if base is None else base) + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Write the start of the image."""
        self._image.seek(0)
        self._image.write(self._start)


class _Clock:
    """Stands in for the module `time` inside pycdlib: one instant, in UTC."""

    gmtime = staticmethod(lru_cache(time.gmtime))
    localtime = gmtime
    strftime = staticmethod(time.strftime)

    def __init__(self, at: datetime) -> None:
        self._at_s = at.timestamp()

    def time(self) -> float:
        return self._at_s


@contextmanager
def _still(at: datetime, seed: str) -> Iterator[None]:
    """Hold the clock and chance of pycdlib, and of nothing else, still."""
    import pycdlib  # noqa: F401 - its modules are patched below

    clock, chance = _Clock(at), random.Random(seed)
    with _STILL:
        parts = [part for name, part in sys.modules.items() if name.startswith("pycdlib.")]
        changed: list[tuple[Any, str, Any]] = []
        for part in parts:
            for name, real, stand_in in (("time", time, clock), ("random", random, chance)):
                if getattr(part, name, None) is real:
                    changed.append((part, name, real))
                    setattr(part, name, stand_in)
        try:
            # pycdlib makes some fifty objects for each file and drops none: sweeps took a fifth of the time.
            with no_sweeps():
                yield
        finally:
            for part, name, real in changed:
                setattr(part, name, real)
