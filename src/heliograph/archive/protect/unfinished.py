"""The note beside an image that is being protected in place, for whoever finds one after a kill.

It is on the disk before the first byte is appended, and goes when the last one is. So an image with a note is a whole
ISO and something behind it, and the note says where the one ends and the other begins; without it, the end of an
ISO cannot be told for sure (hybrid and padded images state another size than they have).
"""

from __future__ import annotations

import hashlib
import os
import shlex
from pathlib import Path

import msgspec

from heliograph.archive.medium import SECTOR
from heliograph.errors import DiscWrong
from heliograph.files import named_after, write_whole
from heliograph.synced import fsync_path

__all__ = ["Unfinished", "about", "note_of", "read_note", "refuse_unfinished", "remove_note", "write_note"]

_START = 17 * SECTOR
"""Bytes that tell an image: up to its primary volume descriptor, with its name and time."""
_COOKIE = b"*dvdisaster*RS03"
"""What stands behind an ISO as soon as its header is written."""


class Unfinished(msgspec.Struct, frozen=True):
    """What the note tells."""

    iso_bytes: int
    """The ISO is so many bytes long."""
    most_bytes: int
    """The image was never longer than this while it was written."""
    start_sha256: str
    """Of its first 17 sectors."""


def note_of(image: Path) -> Path:
    """Where the note of an image is, or would be; of a link, beside the file itself."""
    return named_after(Path(os.path.realpath(image)), ".unfinished")  # resolve() trips over a link to itself


def about(image: Path, iso_bytes: int, most_bytes: int) -> Unfinished:
    """What to tell of an image."""
    return Unfinished(iso_bytes, most_bytes, _start_sha256(image))


def write_note(image: Path, unfinished: Unfinished) -> None:
    """Put the note beside the image, so that a power cut leaves it there.

    Raises:
        CannotWrite: the folder is read-only, or full.
    """
    name = shlex.quote(Path(os.path.realpath(image)).name)
    words = (
        f"`heliograph archive protect --in-place` is writing to {name}, or was stopped while it did.\n"
        f"The ISO image, its first {unfinished.iso_bytes} bytes, is whole. To go on, give the same command again.\n"
        f"To have the bare ISO image back: truncate -s {unfinished.iso_bytes} {name}; then delete this file.\n"
    )
    write_whole(note_of(image), words.encode("utf-8", "surrogateescape") + msgspec.json.encode(unfinished) + b"\n")


def remove_note(image: Path) -> None:
    """The image is whole, or its bare ISO again."""
    note = note_of(image)
    note.unlink(missing_ok=True)
    fsync_path(note.parent)


def read_note(image: Path) -> Unfinished | None:
    """What a stopped command left to be told of this image; None where there is no note.

    Raises:
        DiscWrong: there is a note, and it does not fit the image.
    """
    note = note_of(image)
    try:
        told = msgspec.json.decode(note.read_bytes().splitlines()[-1], type=Unfinished)
        size = image.stat().st_size
        start_sha256 = _start_sha256(image)
        with image.open("rb") as file:
            file.seek(-(-told.iso_bytes // SECTOR) * SECTOR)
            behind = file.read(SECTOR)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, IndexError, OverflowError) as wrong:
        raise _not_of(image, note, f"cannot be read ({str(wrong).lower()})") from wrong
    if not _START <= told.iso_bytes <= size <= told.most_bytes:
        raise _not_of(image, note, f"is of an image of {told.iso_bytes:,} to {told.most_bytes:,} bytes, not {size:,}")
    if told.start_sha256 != start_sha256:
        raise _not_of(image, note, "is of another image, one that begins with other bytes")
    if not behind.startswith(_COOKIE) and any(behind):
        raise _not_of(image, note, f"says that its ISO ends at byte {told.iso_bytes:,}, and foreign bytes stand there")
    return told


def refuse_unfinished(image: Path) -> None:
    """Say what happened to an image that a killed command left unfinished.

    Raises:
        DiscWrong: it did.
    """
    try:
        told = read_note(image)
    except DiscWrong:
        return  # a note of something else, which only a command that writes has to heed
    if told is not None:
        raise DiscWrong(
            f"{image}: unfinished, as a `protect --in-place` was stopped while it wrote to it; its ISO, the first "
            f"{told.iso_bytes:,} bytes, is whole",
            hint=f"go on with `heliograph archive protect {image} --in-place`, or cut it back to the ISO with "
            f"`truncate -s {told.iso_bytes} {image}` and delete {note_of(image)}",
            path=str(image),
            iso_bytes=told.iso_bytes,
        )


def _start_sha256(image: Path) -> str:
    with image.open("rb") as file:
        return hashlib.sha256(file.read(_START)).hexdigest()


def _not_of(image: Path, note: Path, why: str) -> DiscWrong:
    return DiscWrong(
        f"{image}: unchanged, since {note.name} beside it {why}",
        hint=f"see what it says; delete it if no stopped `protect --in-place` is to go on: {note}",
        path=str(image),
    )
