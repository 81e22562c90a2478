"""The port to a drive: what every door offers, and what lies in a drive as it is seen through it.

Two doors keep this contract: `folder.FolderDrive` (an image is copied whole) and `recorder.Recorder` (a real recorder,
or xorriso's pseudo-drive on a file). The third, `changer.Changer`, is no drive, but feeds one. `burn` knows the port.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

__all__ = ["APPENDABLE", "BLANK", "NO_DISC", "UNSUITABLE", "WRITTEN", "Drive", "Loaded", "Piece", "Tell"]

BLANK: Final = "blank"
WRITTEN: Final = "written"
APPENDABLE: Final = "appendable"
"""Written, and more could be added: no place for an image, which is all of a disc."""
NO_DISC: Final = "none"
UNSUITABLE: Final = "unsuitable"
"""The drive cannot write on it as it is."""

Tell = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What lies in a drive."""

    kind: str
    """As the drive says: `BD-R sequential recording`; empty without a disc."""
    state: str
    """blank, written, appendable, none or unsuitable."""
    free_sectors: int = 0
    readable_sectors: int = 0
    product: str = ""
    """The maker's code of the disc, e.g. `VERBAT/IMe/0`; empty where there is none."""
    model: str = ""
    """The drive: vendor, product, revision."""
    pseudo: bool = False
    """No real medium: a file or a folder."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of sectors read from a medium."""

    first: int
    data: bytes
    """Whole sectors; zeros stand for those that cannot be read."""
    unreadable: tuple[tuple[int, int], ...] = ()
    """First sector and count of each run that cannot be read."""


class Drive(Protocol):
    """One drive."""

    @property
    def name(self) -> str:
        """As a person calls it: `/dev/sr0`, `stdio:/tmp/disc.bin`, `image:burnt`."""

    @property
    def one_disc(self) -> bool:
        """Whether it holds one disc, which must be changed for the next image; a folder takes any number."""

    def look(self, image: Path, tell: Tell) -> Loaded:
        """What lies in the drive, or in the place where `image` would be written.

        Waits for a burn that a killed command left running.

        Raises:
            DriveWrong: no such drive, or its program is missing or fails.
        """

    def write(self, image: Path, speed: str, tell: Tell) -> None:
        """Write all of `image` from the first sector on, and close the disc.

        Args:
            speed: `4x`, `18MB` a second, or nothing for the drive's own choice.
        Raises:
            DriveWrong: the drive refuses or fails. CannotWrite: full disk, or a file in the way.
        """

    def read(self, image: Path, sectors: int, tell: Tell) -> Iterator[Piece]:
        """The first `sectors` sectors of the medium, in order, from the medium itself and from no cache.

        Raises:
            DriveWrong: the drive fails altogether; sectors that cannot be read are no error here.
        """

    def release(self) -> None:
        """Let go of the disc, so that a person or a changer can take it."""
