"""A changer, through mtx: slots with discs, and a robot that carries them into a drive and back.

Source: mtx 1.3.12, `man mtx`; the lines that `status`, `load` and `unload` print are those of its program.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from heliograph.errors import DriveWrong

__all__ = ["Changer", "ChangerStatus", "Slot", "next_slot", "read_status"]

_HEAD: Final = re.compile(r"^\s*Storage Changer (.*):(\d+) Drives, (\d+) Slots \( (\d+) Import/Export \)", re.M)
_DRIVE: Final = re.compile(
    r"^Data Transfer Element (\d+):(?:(Empty)|Full \((?:Storage Element (\d+)|Unknown Storage Element) Loaded\)"
    r"(?::VolumeTag = (.*?))?(?::AlternateVolumeTag = .*)?)\s*$",
    re.M,
)
_SLOT: Final = re.compile(
    r"^ +Storage Element (\d+)( IMPORT/EXPORT)?:(Full |Empty)(?::VolumeTag=(.*?))?(?::AlternateVolumeTag=.*)?\s*$", re.M
)


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot, or one drive, of a changer."""

    number: int
    full: bool
    tag: str = ""
    """The bar code, where there is one."""
    mailbox: bool = False
    """An import/export slot, through which people pass discs."""
    source: int | None = None
    """Of a drive: the slot that its disc came from."""


@dataclass(frozen=True, slots=True)
class ChangerStatus:
    """What is where."""

    drives: tuple[Slot, ...]
    slots: tuple[Slot, ...]


def read_status(text: str) -> ChangerStatus | None:
    """What `mtx status` says; None when it says something else."""
    if not _HEAD.search(text):
        return None
    drives = (
        Slot(int(number), not empty, (tag or "").strip(), source=int(source) if source else None)
        for number, empty, source, tag in _DRIVE.findall(text)
    )
    slots = (
        Slot(int(number), state == "Full ", (tag or "").strip(), bool(mailbox))
        for number, mailbox, state, tag in _SLOT.findall(text)
    )
    return ChangerStatus(tuple(drives), tuple(slots))


def next_slot(status: ChangerStatus, allowed: Collection[int], tried: Collection[int]) -> int | None:
    """The first slot with a disc that may be taken and was not tried yet; None when there is none.

    Args:
        allowed: slot numbers; none for all but those of the mailbox.
    """
    for slot in status.slots:
        if slot.full and slot.number not in tried and (slot.number in allowed if allowed else not slot.mailbox):
            return slot.number
    return None


class Changer:
    """A changer and one of its drives."""

    def __init__(self, device: str, drive: int = 0, program: str = "mtx") -> None:
        """Name it; nothing is opened yet.

        Args:
            device: the changer's generic SCSI device, e.g. /dev/sg1.
            drive: which of its drives, from 0 on.
        """
        self.device, self.drive, self._program = device, drive, program

    def status(self) -> ChangerStatus:
        """What is where.

        Raises:
            DriveWrong: no mtx, no such changer, or no drive of that number.
        """
        said = self._call("status")
        status = read_status(said)
        if status is None:
            raise DriveWrong(f"{self.device}: expected the status of a changer, mtx says: {_last(said)}")
        if self.drive >= len(status.drives):
            raise DriveWrong(
                f"{self.device}: no drive {self.drive}; it has {len(status.drives)}, counted from 0",
                hint="choose another with --drive-number",
            )
        return status

    def loaded(self) -> Slot:
        """What is in the drive."""
        return self.status().drives[self.drive]

    def load(self, slot: int) -> None:
        """Carry the disc of a slot into the drive, which must be empty."""
        self._call("load", str(slot), str(self.drive))

    def unload(self) -> int | None:
        """Carry the disc in the drive back to its slot, or to the first empty one; which, None for an empty drive.

        Raises:
            DriveWrong: no empty slot, or the robot fails.
        """
        status = self.status()
        there = status.drives[self.drive]
        if not there.full:
            return None
        empty = [slot.number for slot in status.slots if not slot.full and not slot.mailbox]
        slot = there.source if there.source in empty else empty[0] if empty else None
        if slot is None:
            raise DriveWrong(f"{self.device}: the disc in drive {self.drive} has no empty slot to go to")
        self._call("unload", str(slot), str(self.drive))
        return slot

    def _call(self, *words: str) -> str:
        program = shutil.which(self._program)
        if program is None:
            raise DriveWrong(
                f"{self._program}: no such program; changers are reached through it",
                hint="install it (Debian: apt-get install mtx), or change discs by hand: --prompt",
            )
        done = subprocess.run(
            [program, "-f", self.device, *words], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        if done.returncode != 0:
            raise DriveWrong(
                f"{self.device}: mtx {' '.join(words)}: {_last(said)}",
                hint="see that this is the changer's /dev/sg device and that you may write to it",
                changer=self.device,
            )
        return said


def _last(said: str) -> str:
    return ([line.strip() for line in said.splitlines() if line.strip()] or ["nothing"])[-1]
