"""An image that is to be burnt, known to be sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from heliograph.archive.care.register import DiscId
from heliograph.archive.digest import sha256_of
from heliograph.archive.drive.port import Tell
from heliograph.archive.medium import SECTOR
from heliograph.archive.read.reader import image_paths
from heliograph.archive.texts.index import volume_name
from heliograph.archive.verify.check import DiscState, check_image
from heliograph.archive.verify.verify import Verdict
from heliograph.errors import NotFound

__all__ = ["Job", "image_sha256", "images_in", "sound"]


@dataclass(frozen=True, slots=True)
class Job:
    """An image that is known to be sound."""

    path: Path
    state: DiscState
    sha256: str
    sectors: int

    @property
    def disc(self) -> DiscId:
        """Which disc it is; empty names for an image of no set."""
        return DiscId(self.state.set_id, self.state.disc) if self.state.set_id else DiscId("", "")

    @property
    def called(self) -> str:
        """What a person calls it."""
        return volume_name(*self.disc) if self.state.set_id else self.path.name


def images_in(paths: Sequence[Path]) -> list[Path]:
    """The image files that the paths hold.

    Raises:
        NotFound: none.
    """
    images = [path for path in image_paths(paths) if path.is_file()]
    if not images:
        raise NotFound(
            f"{', '.join(map(str, paths))}: no disc images here", hint="give image files, or their folder; seal first"
        )
    return images


def image_sha256(path: Path, tell: Tell) -> str:
    """SHA-256 of the whole image, in hex."""
    size = path.stat().st_size
    return sha256_of(path, size, lambda done: tell(f"read {path.name}", done, size))


def sound(path: Path, sha256: str, tell: Tell) -> Job:
    """Check an image in full: what is write-once deserves a good one.

    Raises:
        Damaged, SectorsLost, DiscWrong: it is not sound.
    """
    state = check_image(path, progress=lambda name, done, total: tell(f"check {name}", done, total))
    wrong = Verdict((), (state,), whole_sets=False).error()
    if wrong is not None:
        raise type(wrong)(f"{wrong.message}; nothing was burnt", hint=wrong.hint, **wrong.fields)
    return Job(path, state, sha256, -(-path.stat().st_size // SECTOR))
