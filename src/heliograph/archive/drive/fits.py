"""May this image be burnt on what lies in the drive? A decision without a drive."""

from __future__ import annotations

from typing import Final

from heliograph.archive.drive.port import BLANK, NO_DISC, UNSUITABLE, Loaded
from heliograph.archive.medium import MEDIA, SECTOR
from heliograph.errors import DoesNotFit, DriveWrong

__all__ = ["medium_of", "refusal"]

_REWRITABLE: Final = ("-RW", "+RW", "-RE", "-RAM")
_LITTLE_LESS: Final = 0.999
"""Discs of one kind differ by a few sectors from maker to maker."""


def medium_of(loaded: Loaded) -> str:
    """Which medium of `MEDIA` a blank disc is; nothing for one that is none of them."""
    family = loaded.kind.partition("-")[0].partition("+")[0].lower()
    fits = [
        kind
        for kind in MEDIA.values()
        if kind.name.partition("-")[0] == family and kind.sectors * _LITTLE_LESS <= loaded.free_sectors
    ]
    return max(fits, key=lambda kind: kind.sectors).name if fits else ""


def refusal(
    loaded: Loaded, sectors: int, *, drive: str, medium: str = "", rewritable: bool = False
) -> DriveWrong | DoesNotFit | None:
    """Why an image of so many sectors may not be burnt on it, in one line with a way out; None when it may.

    Args:
        medium: the kind that it must be, a name of `MEDIA`; any that fits for none.
        rewritable: discs that can be erased are welcome, too.
    """
    kind = loaded.kind or "no disc"
    if loaded.state == NO_DISC:
        return DriveWrong(f"{drive}: no disc that the drive can read", hint="put in a blank disc", drive=drive)
    if loaded.kind.endswith("-ROM"):
        return DriveWrong(f"{drive}: {kind}: a pressed disc cannot be written", hint="put in a blank disc", drive=drive)
    if loaded.state == UNSUITABLE:
        return DriveWrong(f"{drive}: {kind}: the drive cannot write it as it is", hint="put in another", drive=drive)
    if loaded.state != BLANK:
        return DriveWrong(
            f"{drive}: {kind}: not blank ({loaded.state}, {loaded.readable_sectors:,} sectors)",
            hint="put in a blank disc; nothing is ever written over",
            drive=drive,
            state=loaded.state,
        )
    if any(mark in loaded.kind for mark in _REWRITABLE) and not rewritable:
        return DriveWrong(
            f"{drive}: {kind}: can be erased, so it is not for keeping",
            hint="put in a write-once disc, or say --rewritable",
            drive=drive,
        )
    if medium and not loaded.pseudo and medium_of(loaded) != medium:
        return DriveWrong(
            f"{drive}: {kind} of {loaded.free_sectors:,} sectors ({medium_of(loaded) or 'unknown'}); "
            f"expected {medium}, {MEDIA[medium].sectors:,}",
            hint="put in that kind of disc, or leave --medium away",
            drive=drive,
        )
    if loaded.free_sectors < sectors:
        return DoesNotFit(
            f"{drive}: {kind} has {loaded.free_sectors:,} sectors free, the image takes {sectors:,}: "
            f"{(sectors - loaded.free_sectors) * SECTOR:,} bytes over",
            hint="put in a larger disc, or seal for this one (--medium)",
            drive=drive,
            over=sectors - loaded.free_sectors,
        )
    return None
