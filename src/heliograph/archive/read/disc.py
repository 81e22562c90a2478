"""One disc, as an image file of any name or as a mounted folder, and the files on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from heliograph.archive.bounds import MOST_INDEX_BYTES, shown
from heliograph.archive.iso.image import APPLICATION
from heliograph.archive.iso.lookup import Node, Tree, Volume, read_volume
from heliograph.archive.positioned import Positioned
from heliograph.archive.read.checked import CheckedImage, Mending
from heliograph.errors import DiscWrong, HeliographError

__all__ = ["DiscFolder", "DiscImage", "OnDisc", "Run"]

INDEX = "index.json"


@dataclass(frozen=True, slots=True)
class Run:
    """Bytes of an open image or file."""

    image: CheckedImage
    start: int
    bytes: int


class DiscImage:
    """One image file, opened by its content."""

    def __init__(self, path: Path, *, checked: bool = True, mending: Mending | None = None) -> None:
        """Open the image at `path`; `checked` and `mending` as `CheckedImage` has them.

        Raises:
            NotFound: it cannot be read. DiscWrong: it is not one of ours, or its file system is broken.
            Damaged: the sectors that say so are damaged, and the image can be repaired.
        """
        self.where = path
        self.image = CheckedImage(path, checked=checked, mending=mending)
        try:
            self.volume: Volume = read_volume(self.image.view(), path)
            if self.volume.application != APPLICATION:
                raise DiscWrong(
                    f"{path}: volume {self.volume.name!r} was not written by Heliograph",
                    hint="7z, xorriso or any operating system reads it; Heliograph reads the discs it sealed",
                    path=str(path),
                )
            self.tree = Tree(self.image.view(), self.volume, path)
            self.index_text = self.read(INDEX)
        except BaseException:
            self.image.close()
            raise

    @property
    def volume_name(self) -> str:
        """Set id and disc name, e.g. HG7K3M9QX2A_D01."""
        return self.volume.name

    def run(self, path: str) -> Run:
        """Where the file at `path` stands.

        Raises:
            DiscWrong: the disc holds no such file.
        """
        node = self.tree.find(path)
        if node is None or node.folder:
            raise _not_there(self.where, path)
        return Run(self.image, node.extent.start, node.extent.bytes)

    def read(self, path: str) -> bytes:
        """All bytes of the file at `path`, one of those beside `data/`."""
        return _whole(self.run(path), self.where, path)

    def files(self) -> dict[str, Node]:
        """Every file on the disc by path.

        Raises:
            DiscWrong: the file system is not one of ours.
        """
        return self.tree.files()

    def close(self) -> None:
        """Close the image."""
        self.image.close()


class DiscFolder:
    """A mounted disc, or what 7z copied out of one."""

    def __init__(self, path: Path) -> None:
        """Open the folder at `path`, which holds bag-info.txt and index.json.

        Raises:
            DiscWrong: it does not.
        """
        self.where = path
        self._open: list[CheckedImage] = []
        try:
            self.index_text = self.read(INDEX)
            info = self.read("bag-info.txt").decode("utf-8", "replace")
        except BaseException:
            self.close()
            raise
        names = [line.partition(": ")[2] for line in info.splitlines() if line.startswith("External-Identifier: ")]
        self.volume_name = (names or [""])[0].replace("-", "_")

    def run(self, path: str) -> Run:
        """The file at `path`, opened.

        Raises:
            DiscWrong: the disc holds no such file, or a link in its place.
        """
        try:
            # A mounted disc may hold links, and they may lead anywhere.
            if (self.where / path).resolve() != self.where.resolve() / path:
                raise DiscWrong(
                    f"{self.where / path}: a link stands there, or on the way",
                    hint="discs of Heliograph hold no links: this is none, or has been tampered with",
                    path=str(self.where),
                )
        except (OSError, RuntimeError, ValueError):
            raise _not_there(self.where, path) from None
        try:
            image = CheckedImage(self.where / path, checked=False)
        except HeliographError:
            raise _not_there(self.where, path) from None
        self._open.append(image)
        return Run(image, 0, image.bytes)

    def read(self, path: str) -> bytes:
        """All bytes of the file at `path`, one of those beside `data/`."""
        return _whole(self.run(path), self.where, path)

    def close(self) -> None:
        """Close what was opened."""
        for image in self._open:
            image.close()


class OnDisc(Positioned):
    """A file on one disc or several: read-only, seekable."""

    def __init__(self, runs: Sequence[Run]) -> None:
        super().__init__()
        self._runs = tuple(runs)
        self._bytes = sum(run.bytes for run in runs)

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes from here on; all that is left for -1.

        Raises:
            Damaged: a sector on the way does not match its checksum.
        """
        left = self._bytes - self._at if size is None or size < 0 else min(size, self._bytes - self._at)
        parts = []
        skipped = 0
        for run in self._runs:
            if left <= 0:
                break
            within = self._at - skipped
            if within < run.bytes:
                count = min(left, run.bytes - within)
                parts.append(run.image.read(run.start + within, count))
                self._at += count
                left -= count
            skipped += run.bytes
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _whole(run: Run, where: Path, path: str) -> bytes:
    if run.bytes > MOST_INDEX_BYTES:
        raise DiscWrong(
            f"{where}: {path} has {run.bytes:,} bytes; the largest that was ever sealed has {MOST_INDEX_BYTES:,}",
            hint="this disc was not written by Heliograph or has been tampered with",
            path=str(where),
        )
    return OnDisc([run]).read()


def _not_there(where: Path, path: str) -> DiscWrong:
    return DiscWrong(
        f"{where}: the disc should hold {shown(path)[1:-1]}, and does not",
        hint="the disc is damaged: try `heliograph archive repair`",
        path=str(where),
    )
