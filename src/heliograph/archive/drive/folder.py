"""The door without a drive: an image is copied, whole or not at all, into a folder or to a file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from heliograph.archive.drive.port import BLANK, WRITTEN, Loaded, Piece, Tell
from heliograph.archive.medium import SECTOR
from heliograph.errors import DriveWrong
from heliograph.files import cannot_write, whole_file

__all__ = ["FolderDrive", "forget_cache"]

_CHUNK: Final = 8 << 20


class FolderDrive:
    """`image:DIR` or `image:FILE.iso`."""

    one_disc = False

    def __init__(self, place: Path) -> None:
        """Take a folder, which need not be there yet, or a file to be: one called `.iso` that is no folder."""
        self.place = place
        self.name = f"image:{place}"

    def look(self, image: Path, tell: Tell) -> Loaded:
        target = self.target(image)
        if target.exists() and not target.is_file():
            raise DriveWrong(f"{target}: is there already, and no file", hint="name a folder: --drive image:DIR")
        if target.exists():
            return Loaded(f"file {target}", WRITTEN, 0, -(-target.stat().st_size // SECTOR), pseudo=True)
        there = next(each for each in (target, *target.absolute().parents) if each.exists())
        return Loaded(f"file {target}", BLANK, shutil.disk_usage(there).free // SECTOR, pseudo=True)

    def write(self, image: Path, speed: str, tell: Tell) -> None:
        target, size = self.target(image), image.stat().st_size
        with whole_file(target) as aside, image.open("rb") as source, aside.open("wb") as out:
            done = 0
            while chunk := source.read(_CHUNK):
                out.write(chunk)
                done += len(chunk)
                tell(f"copy {image.name}", done, size)

    def read(self, image: Path, sectors: int, tell: Tell) -> Iterator[Piece]:
        target = self.target(image)
        forget_cache(target)
        try:
            with target.open("rb", buffering=0) as file:
                for first in range(0, sectors, _CHUNK // SECTOR):
                    wanted = min(_CHUNK, (sectors - first) * SECTOR)
                    data = file.read(wanted) or b""
                    short = (wanted - len(data)) // SECTOR
                    gap = ((first + wanted // SECTOR - short, short),) if short else ()
                    tell(f"read back {target.name}", first + wanted // SECTOR, sectors)
                    yield Piece(first, data.ljust(wanted, b"\0"), gap)
        except OSError as wrong:
            raise DriveWrong(f"{target}: cannot be read back: {(wrong.strerror or str(wrong)).lower()}") from None

    def release(self) -> None:
        """A folder holds nothing back."""

    def target(self, image: Path) -> Path:
        """The file that `image` becomes."""
        is_file = self.place.suffix.lower() == ".iso" and not self.place.is_dir()
        return self.place if is_file else self.place / image.name


def forget_cache(path: Path) -> None:
    """Have the system write the file out and drop what it keeps of it in memory, so that it is read from the disk.

    Raises:
        CannotWrite: the system refuses to write it out.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)
    except OSError as wrong:
        raise cannot_write(path, wrong) from None
