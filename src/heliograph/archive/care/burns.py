"""What was burnt when, and how it went: lines of the register, one for each step of a burn.

A burn is told from the SHA-256 of its image, so that images of no set are known, too. Its last line says how it stands:

    begun      xorriso was told to write. If nothing follows, the command was killed, and the disc may be lost
    written    it is on the disc, not yet read back
    verified   every sector was read back from the disc, and is that of the image
    failed     the drive failed, or what it read back was something else
    lost       found half-written later, or not found at all
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from heliograph.archive.care.register import DiscId, Register, utc_text
from heliograph.archive.iso.names import readable

__all__ = ["BEGUN", "FAILED", "LOST", "VERIFIED", "WRITTEN", "Burn", "enter_burn", "last_burns"]

BEGUN: Final = "begun"
WRITTEN: Final = "written"
VERIFIED: Final = "verified"
FAILED: Final = "failed"
LOST: Final = "lost"


@dataclass(frozen=True, slots=True)
class Burn:
    """One step of one burn."""

    disc: DiscId
    """Empty names for an image of no set."""
    sha256: str
    """Of the whole image."""
    sectors: int
    at: datetime
    state: str
    drive: str
    """As it was called: /dev/sr0."""
    model: str = ""
    kind: str = ""
    """Of the disc: `BD-R sequential recording`."""
    product: str = ""
    """The maker's code of the disc."""
    slot: int | None = None
    """Where a changer took it from."""
    medium: str = ""
    """A note: which physical discs, as of `scrub`."""
    software: str = ""
    why: str = ""


def enter_burn(register: Register, burn: Burn) -> None:
    """Add a line; it stays, whatever happens then.

    Raises:
        CannotWrite: as `Register.check`.
    """
    with register.open(write=True) as store, store:
        store.execute(
            "INSERT INTO burns (set_id, disc, sha256, sectors, at, state, drive, model, kind, product, slot, medium,"
            " software, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(*burn.disc, burn.sha256, burn.sectors, utc_text(burn.at), burn.state),
                *map(readable, (burn.drive, burn.model, burn.kind, burn.product)),
                *(burn.slot, readable(burn.medium), burn.software, readable(burn.why)),
            ),
        )


def last_burns(register: Register, images: Iterable[str] = (), *, folders: bool = False) -> dict[str, Burn]:
    """The last line of each image, by its SHA-256; of those named, or of all.

    Args:
        folders: of copies in folders (`image:`) instead of discs.
    Raises:
        CannotWrite: it is no register, or cannot be read.
    """
    if not register.path.exists():
        return {}
    wanted = set(images)
    found: dict[str, Burn] = {}
    with register.open() as store:
        if not store.execute("SELECT 1 FROM sqlite_master WHERE name = 'burns'").fetchone():
            return {}  # of version 1, or new
        for row in store.execute(
            "SELECT set_id, disc, sha256, sectors, at, state, drive, model, kind, product, slot, medium, software, why"
            " FROM burns WHERE (drive LIKE 'image:%') = ? ORDER BY line",
            (folders,),
        ):
            if not wanted or row[2] in wanted:
                found[row[2]] = Burn(DiscId(row[0], row[1]), row[2], row[3], datetime.fromisoformat(row[4]), *row[5:])
    return found
