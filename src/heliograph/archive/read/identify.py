"""Which discs lie here: each is opened, asked for its index, and closed again, so that a thousand are no trouble."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.archive.medium import SECTOR
from heliograph.archive.read.believe import bytes_on, check_room, decode
from heliograph.archive.read.disc import DiscFolder, DiscImage
from heliograph.archive.read.reader import image_paths
from heliograph.archive.texts.index import Index, volume_name
from heliograph.errors import DiscWrong, HeliographError

if TYPE_CHECKING:
    from heliograph.archive.secret import Keyring

__all__ = ["Identified", "SetHere", "identify"]


@dataclass(slots=True)
class SetHere:
    """A set, and those of its discs that are here."""

    index: Index
    """As it stands on each disc."""
    images: dict[str, tuple[Path, int]] = field(default_factory=dict)
    """Where each image is and its bytes, by disc name."""
    mounted: dict[str, Path] = field(default_factory=dict)
    """Discs that are here as folders, which is no lasting place."""
    opened: Index | None = None
    """The true names of an encrypted set, where a key was given."""


@dataclass(frozen=True, slots=True)
class Identified:
    """What some paths hold."""

    sets: tuple[SetHere, ...]
    """In the order of their dates."""
    unread: Mapping[Path, HeliographError]
    """Images that do not say which disc they are, with the reason."""


def identify(paths: Iterable[Path], ring: Keyring | None = None) -> Identified:
    """Say of every image, mounted disc or folder of images which disc of which set it is.

    Args:
        ring: opens encrypted sets.
    Raises:
        NotFound: a path does not exist. Locked: a set is encrypted, and the ring given does not open it.
    """
    locked: dict[str, HeliographError] = {}
    sets: dict[bytes, SetHere] = {}
    said: dict[bytes, Counter[str]] = {}
    unread: dict[Path, HeliographError] = {}
    for path in image_paths(paths):
        try:
            disc = DiscFolder(path) if path.is_dir() else DiscImage(path)
            try:
                # The index tells sets apart, even two whose ids happen to be equal.
                key = hashlib.sha256(disc.index_text).digest()
                if key not in sets:
                    sets[key] = SetHere(decode(disc.index_text, path))
                here = sets[key]
                name = _name(disc.volume_name, here.index, path)
                if key not in said:
                    said[key] = bytes_on(here.index)
                if isinstance(disc, DiscImage):
                    check_room(said[key], name, disc.volume.sectors * SECTOR, path)
                if isinstance(disc, DiscFolder):
                    here.mounted.setdefault(name, path)
                else:
                    here.images.setdefault(name, (path, disc.image.bytes))
                if ring is not None and here.index.locked and here.opened is None:
                    _open(here, disc, ring, locked)
            finally:
                disc.close()
        except HeliographError as wrong:
            unread[path] = wrong
    for here in sets.values():
        if here.opened is None and here.index.set_id in locked:
            raise locked[here.index.set_id]
    found = sorted(
        (here for here in sets.values() if here.images or here.mounted),
        key=lambda here: (here.index.created, here.index.set_id),
    )
    return Identified(tuple(found), unread)


def _open(here: SetHere, disc: DiscFolder | DiscImage, ring: Keyring, locked: dict[str, HeliographError]) -> None:
    from heliograph.archive.read.unlock import unlock_index

    try:
        here.opened, _ = unlock_index(here.index, disc, ring)
    except HeliographError as wrong:  # the next disc has the same, and may be sound
        locked.setdefault(here.index.set_id, wrong)


def _name(volume: str, index: Index, path: Path) -> str:
    for disc in index.discs:
        if volume == volume_name(index.set_id, disc.name):
            return disc.name
    raise DiscWrong(
        f"{path}: is called {volume!r}, which is no disc of the set {index.set_id} that its index.json describes",
        hint="it has been changed since it was sealed: hold it against the other discs of the set",
        path=str(path),
    )
