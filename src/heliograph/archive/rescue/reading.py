"""Read a disc, as far as it can be read, into an image; what could not be is in the map beside it.

The map is there before the image, and says a sector was read only once the image holds it on disk; so a rescue that was
killed goes on from both, here or with GNU ddrescue, and one of GNU ddrescue's goes on here.
"""

from __future__ import annotations

import os
import shutil
import struct
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from heliograph.archive.medium import SECTOR
from heliograph.archive.rescue.ddrescue import DONE, UNTRIED, map_beside, read_states, write_states
from heliograph.archive.rescue.door import Door
from heliograph.archive.rescue.passes import COPY, PHASES, Span, passes
from heliograph.errors import CannotWrite, Damaged, UsageWrong
from heliograph.files import cannot_write

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Limits", "Rescued", "rescue", "sectors_of_disc"]

Progress = Callable[[str, int, int], None]
_DESCRIPTOR: Final = 16
_MAP_EVERY_S: Final = 30.0
_TOLD_EVERY_S: Final = 0.2
_SLOW_S: Final = 2.0
"""A drive that takes longer over 64 KiB is trying again by itself."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to try what cannot be read."""

    retries: int = 3
    """How often each bad sector is tried again, after all else was read."""
    time_s: float = 3600.0
    """Seconds for reads that fail or take over 2 s, and for all reads of single sectors; others are not counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Rescued:
    """What was read."""

    source: Path
    image: Path
    map: Path
    sectors: int
    lost: NDArray[np.int64]
    """Numbers of the sectors that were not read, in order; zeros, or what an earlier try left, stand there."""
    timed_out: bool
    """The time was up before the tries were."""
    unasked: int = 0
    """How many of the lost were not wanted."""

    def error(self) -> Damaged | None:
        """What was not read, as the error it is; None when all was."""
        if not self.lost.size:
            return None
        shown = ", ".join(str(sector) for sector in self.lost[:5]) + (" …" if self.lost.size > 5 else "")
        late = "; the time limit was up before all was tried" if self.timed_out else ""
        return Damaged(
            f"{self.source}: {self.lost.size:,} of {self.sectors:,} sectors could not be read ({shown}){late}",
            hint=f"mend the image: `heliograph archive repair {self.image}`; merge it with another copy: "
            "`heliograph archive merge`; or run the same command again, in another drive if there is one",
        )


def rescue(
    source: Path,
    image: Path,
    *,
    wanted: NDArray[np.int64] | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Rescued:
    """Read the drive or file `source` into `image`, with GNU ddrescue's map in `image`.map; or go on with both.

    Of a drive, only what belongs to the disc's image is read where its RS03 header says how much that is.

    Args:
        wanted: numbers of the sectors to read, all others stay as they are; None for all.
    Raises:
        NotFound: there is no such drive or file, no disc in it, or it went away; what was read is kept.
        DiscWrong: it is empty.
        UsageWrong: `image` was read from another disc, or its map is no map.
        CannotWrite: no room, or another file is in the way.
    """
    limits = limits or Limits()
    with closing(Door(source)) as door:
        told = map_beside(image)
        sectors = sectors_of_disc(door)
        states = _states(door, image, told, sectors)
        length = len(states) * SECTOR if door.device else max(door.bytes, _size(image))
        _refuse_without_room(source, image, length)
        try:
            write_states(told, states, length)
            file = os.open(image, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as wrong:
            raise cannot_write(image, wrong) from None
        work = _Work(door, _Aim(states, wanted), length, image, told, file, progress, clock)
        try:
            if os.fstat(file).st_size < length:
                os.ftruncate(file, length)
            timed_out = work.run(limits)
        except OSError as wrong:
            raise cannot_write(image, wrong) from None
        finally:
            try:
                work.keep()
            finally:
                os.close(file)
    lost = _not_done(work.aim.states())
    unasked = int(lost.size) - len(states) + work.aim.open.count(DONE)
    return Rescued(source, image, told, len(states), lost, timed_out, unasked)


def sectors_of_disc(door: Door) -> int:
    """Sectors that belong to the image on a drive's disc, as far as its RS03 header says; else, and of a file, all."""
    from heliograph.archive.rs03.sectors import read_header

    if door.device:
        descriptor = bytes(door.read(_DESCRIPTOR, 1))
        if descriptor[:6] == b"\x01CD001":
            at = int(struct.unpack_from("<I", descriptor, 80)[0])
            header = read_header(bytes(door.read(at, 2))) if at + 2 <= door.sectors else None
            if header is not None and header.iso_sectors == at:
                return min(header.sectors, door.sectors)
    return door.sectors


def _states(door: Door, image: Path, told: Path, sectors: int) -> bytearray:
    """The state of each sector: all untried, or as an earlier rescue left them."""
    if image.is_dir():
        raise CannotWrite(f"{image}: is a folder", hint="name the image to write", path=str(image))
    if image.exists() and image.samefile(door.where):
        raise UsageWrong(f"{image}: is what is to be read", hint="give the image another name")
    if not told.exists():
        if image.exists():
            raise CannotWrite(
                f"{image}: a file of this name is there already, and no map {told.name} that says what of it was read",
                hint="give another name, or move it away",
                path=str(image),
            )
        return bytearray(UNTRIED * sectors)
    if not image.exists():
        # A rescue that was killed at once leaves a map alone, and nothing is read by it.
        if DONE in read_states(told, sectors):
            raise UsageWrong(
                f"{told}: the map of an image that is not there", hint="move the map away, or bring the image"
            )
        return bytearray(UNTRIED * sectors)
    # An earlier rescue, by a drive that tells another size, may know more sectors.
    states = read_states(told, max(sectors, -(-image.stat().st_size // SECTOR)))
    if len(states) > _DESCRIPTOR and states[_DESCRIPTOR] == DONE[0]:
        there = bytes(door.read(_DESCRIPTOR, 1))
        with image.open("rb") as file:
            file.seek(_DESCRIPTOR * SECTOR)
            if there and file.read(len(there)) != there:
                raise UsageWrong(
                    f"{image}: was read from another disc than the one in {door.where}: sector 16 differs",
                    hint="put that disc in, or give another name for the image",
                    path=str(image),
                )
    return states


def _size(image: Path) -> int:
    return image.stat().st_size if image.exists() else 0


def _refuse_without_room(source: Path, image: Path, length: int) -> None:
    """Before hours are spent."""
    try:
        image.parent.mkdir(parents=True, exist_ok=True)
        there = image.stat().st_blocks * 512 if image.exists() else 0
        free = shutil.disk_usage(image.parent).free
    except OSError as wrong:
        raise cannot_write(image, wrong) from None
    if length - there > free:
        raise CannotWrite(
            f"{image}: reading {source} takes {length - there:,} bytes here, {free:,} are free",
            hint="make room, or name a place on another disk (--out, --scratch)",
            path=str(image),
        )


def _not_done(states: bytearray) -> NDArray[np.int64]:
    import numpy as np

    return np.flatnonzero(np.frombuffer(states, np.uint8) != DONE[0])


class _Aim:
    """The states of the sectors that are wanted; those of the others are put by."""

    def __init__(self, states: bytearray, wanted: NDArray[np.int64] | None) -> None:
        """Args as of `rescue`."""
        import numpy as np

        before = np.frombuffer(bytes(states), np.uint8)
        aside = np.full(len(states), wanted is not None)
        if wanted is not None:
            aside[wanted[wanted < len(states)]] = False
        self._aside, self._before = np.flatnonzero(aside), before[aside]
        self.open = bytearray(np.where(aside, DONE[0], before).astype(np.uint8).tobytes())
        """One letter each, as `passes` takes it; what is not wanted looks done."""

    def states(self) -> bytearray:
        """One letter each, as the map has it."""
        import numpy as np

        states = bytearray(self.open)
        np.frombuffer(states, np.uint8)[self._aside] = self._before
        return states


class _Work:
    """The loop: asks `passes` what to read, reads, writes, keeps the map."""

    def __init__(
        self,
        door: Door,
        aim: _Aim,
        length: int,
        image: Path,
        told: Path,
        file: int,
        progress: Progress | None,
        clock: Callable[[], float],
    ) -> None:
        self.door, self.aim, self.length = door, aim, length
        self.image, self.told, self.file = image, told, file
        self.progress, self.clock = progress, clock
        self.span = Span(0, 0, COPY)
        self.done = aim.open.count(DONE)
        self.kept_at = self.told_at = clock()

    def run(self, limits: Limits) -> bool:
        """Read all that can be within the limits; whether time was up."""
        order = passes(self.aim.open, limits.retries)
        trouble_s = 0.0
        try:
            self.span = next(order)
            while True:
                began = self.clock()
                data = self.door.read(self.span.first, self.span.count)
                good = -(-len(data) // SECTOR)
                self._write(data)
                now = self.clock()
                if good < self.span.count or self.span.phase != COPY or now - began > _SLOW_S:
                    trouble_s += now - began
                self.done += good
                self._tell(now)
                self.span = order.send(good)
                if trouble_s > limits.time_s:
                    return True
        except StopIteration:
            return False

    def _write(self, data: memoryview) -> None:
        at = self.span.first * SECTOR
        while data:
            written = os.pwrite(self.file, data, at)
            data, at = data[written:], at + written

    def _tell(self, now: float) -> None:
        if now - self.kept_at > _MAP_EVERY_S:
            self.keep()
            self.kept_at = self.clock()
        if self.progress is not None and now - self.told_at > _TOLD_EVERY_S:
            self.told_at = now
            self.progress(f"read {self.door.where.name} ({self.span.phase})", self.done, len(self.aim.open))

    def keep(self) -> None:
        """Put image and map on disk, the image first: what the map calls read must be there after a power cut."""
        os.fsync(self.file)
        states = self.aim.states()
        doing = DONE if states.count(DONE) == len(states) else PHASES[self.span.phase]
        write_states(self.told, states, self.length, at=self.span.first, doing=doing)
