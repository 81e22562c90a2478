"""Read a disc back, every sector of it, and hold it against the image that was burnt."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from heliograph.archive.drive.port import Drive, Loaded, Tell
from heliograph.archive.medium import SECTOR

__all__ = ["begins_like", "compare"]

_BEGINNING: Final = 64
"""Sectors that tell discs apart: the volume descriptors stand in sectors 16 to 37."""
_SHOWN: Final = 5


def begins_like(drive: Drive, image: Path, loaded: Loaded, tell: Tell) -> bool:
    """Whether the disc in the drive begins with the volume descriptors of the image: is that one, whole or in part."""
    sectors = min(_BEGINNING, loaded.readable_sectors, image.stat().st_size // SECTOR)
    with image.open("rb") as file:
        for piece in drive.read(image, sectors, tell):
            if piece.unreadable or piece.data != file.read(len(piece.data)):
                return False
    return sectors > 16


def compare(drive: Drive, image: Path, sha256: str, tell: Tell, *, all_of_it: bool = True) -> str:
    """Read every sector of the disc, and say what differs from the image; nothing when nothing does.

    The image is read beside it, and its SHA-256 taken again: it must still be the one that was checked.

    Args:
        all_of_it: count all that differs, rather than stop where the first sector does.
    """
    sectors = -(-image.stat().st_size // SECTOR)
    unreadable, differing = 0, list[int]()
    of_image, of_disc = hashlib.sha256(), hashlib.sha256()
    with image.open("rb") as file:
        for piece in drive.read(image, sectors, tell):
            expected = file.read(len(piece.data))
            found = piece.data[: len(expected)]
            of_image.update(expected)
            of_disc.update(found)
            gone = {sector for first, count in piece.unreadable for sector in range(first, first + count)}
            unreadable += len(gone)
            if not all_of_it and (found != expected or gone):
                return f"it differs from sector {piece.first:,} on, or soon after"
            if found != expected:
                differing += [
                    piece.first + at // SECTOR
                    for at in range(0, len(expected), SECTOR)
                    if found[at : at + SECTOR] != expected[at : at + SECTOR] and piece.first + at // SECTOR not in gone
                ]
    if of_image.hexdigest() != sha256:
        return f"{image} has changed since it was checked"
    if unreadable or differing:
        shown = ", ".join(map(str, differing[:_SHOWN])) + (" …" if len(differing) > _SHOWN else "")
        which = f" ({shown})" if differing else ""
        return f"of {sectors:,} sectors, {unreadable:,} cannot be read and {len(differing):,} differ{which}"
    return "" if of_disc.hexdigest() == sha256 else "its SHA-256 is not that of the image"
