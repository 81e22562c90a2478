"""Protect any ISO image: a copy of it with RS03 parity behind it, the very bytes that stock dvdisaster writes.

RS03 has one free choice, the size of the whole image; the number of roots follows from it. So a person names the size
(a medium, or sectors) and gets all the roots there is room for, or names the least roots and gets the smallest image
that has them. Both together is a size that must reach those roots.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from heliograph.archive.copying import copy_start, opened, unreadable
from heliograph.archive.medium import MEDIA, SECTOR, Medium
from heliograph.archive.rs03.layout import HEADER_SECTORS, LAYERS, MIN_ROOTS, SCRATCH_SECTORS, Layout, plan
from heliograph.errors import CannotWrite, Damaged, DiscWrong, DoesNotFit, UsageWrong
from heliograph.files import whole_file

__all__ = ["Protected", "protect_copy"]

Progress = Callable[[str, int, int], None]
_PATIENCE_S = 0.1
"""How often progress is told while only the copy is still under way."""
_LEAST_SECTORS = 17
"""Sector 16 is what ties header and parity to the ISO, so it must be there."""


@dataclass(frozen=True, slots=True)
class Protected:
    """What was written."""

    image: Path
    layout: Layout
    again: Layout | None
    """How the source was protected before; its own parity was left out."""


def protect_copy(
    source: Path,
    out: Path,
    *,
    medium: Medium | None = None,
    roots: int | None = None,
    progress: Progress | None = None,
) -> Protected:
    """Write a protected copy of an ISO image, whole or not at all; the source is only read.

    A source that carries RS03 is protected anew: its ISO is taken once its data and CRC layers have proved sound.

    Args:
        source: an ISO image of more than 16 sectors; a last sector that is not full is filled up with zeros.
        medium: fill it, less the remainder of 255 sectors; None for the smallest image.
        roots: at least so many, 8 to 170; None for 8 with a medium, and without one for as many as `seal` gives.
        progress: told what is done, sectors done and sectors in all.
    Raises:
        DiscWrong: the source is too short, or cannot be read to its end.
        Damaged: the source carries RS03 and is damaged.
        DoesNotFit: the source and its parity are larger than the medium.
        UsageWrong: `out` is the source.
        CannotWrite: full disk, read-only directory, or another file of that name is there.
    """
    if out.exists() and source.exists() and out.samefile(source):
        raise UsageWrong(f"{out}: the image to protect; give OUT another name, since IN is never changed")
    if out.is_dir():
        raise CannotWrite(f"{out}: is a directory", hint="name the image to write", path=str(out))
    again = _protection_of(source, progress)
    length = _length(source) if again is None else again.iso_sectors * SECTOR
    iso_sectors = -(-length // SECTOR)
    last_bytes = length - (iso_sectors - 1) * SECTOR
    if medium is not None and iso_sectors > _room(medium.sectors, roots or MIN_ROOTS):
        raise _over(source, iso_sectors, medium, roots or MIN_ROOTS)
    if medium is not None:
        layout = plan(iso_sectors, roots=roots or MIN_ROOTS, medium_sectors=medium.sectors)
    elif roots is not None:
        layout = plan(iso_sectors, roots=roots)
    else:
        layout = plan(iso_sectors, scratch_sectors=SCRATCH_SECTORS)
    if out.exists() and out.stat().st_size != layout.image_bytes:
        raise CannotWrite(
            f"{out}: a file of this name is there already, with other contents",
            hint="give another name, or move it away",
            path=str(out),
        )
    _write(source, out, layout, length, last_bytes, progress)
    return Protected(out, layout, again)


def _write(source: Path, out: Path, layout: Layout, length: int, last_bytes: int, progress: Progress | None) -> None:
    """Copy the ISO in one thread while others take its CRCs and parity from the source itself."""
    tell = progress or (lambda part, done, total: None)
    stop, copied = threading.Event(), [0]
    with whole_file(out) as aside, ExitStack() as stack:
        writing = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
        stack.callback(os.close, writing)
        os.ftruncate(writing, layout.image_bytes)
        reading = opened(source)
        stack.callback(os.close, reading)
        before = os.fstat(reading)
        pool = stack.enter_context(ThreadPoolExecutor(1))
        copying = pool.submit(copy_start, source, aside, length, stop, lambda done: copied.__setitem__(0, done))
        try:
            from heliograph.archive.rs03.encode import encode  # while the first blocks are on their way
            from heliograph.archive.seal import refuse_another

            for done in encode(reading, writing, aside, layout, last_bytes=last_bytes, named=source):
                tell("protect", done, layout.sectors)
                if copying.done():
                    copying.result()
            while not copying.done():
                wait([copying], timeout=_PATIENCE_S)
                tell("copy", copied[0] // SECTOR, length // SECTOR)
            copying.result()
        except BaseException:
            stop.set()
            raise
        after = os.fstat(reading)
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise DiscWrong(
                f"{source}: changed while it was protected",
                hint="let nothing else write to it, and try again",
                path=str(source),
            )
        refuse_another(out, aside)


def _length(source: Path) -> int:
    """Bytes of the source, once they are known to be enough."""
    try:
        length = source.stat().st_size
    except OSError as wrong:
        raise unreadable(source, wrong) from wrong
    if length < _LEAST_SECTORS * SECTOR:
        raise DiscWrong(
            f"{source}: {length} bytes; an ISO image has at least {_LEAST_SECTORS} sectors of {SECTOR}",
            hint="give an ISO image that was written to its end",
            path=str(source),
        )
    return length


def _protection_of(source: Path, progress: Progress | None) -> Layout | None:
    """The RS03 layer that the source carries, whose ISO is sound; None without one."""
    from heliograph.archive import rs03

    layout = rs03.read_layout(source, exhaustive=False)
    if layout is None:
        return None
    report = rs03.verify(
        source,
        deep=False,
        layout=layout,
        progress=None if progress is None else lambda done, total: progress("check", done, total),
    )
    if not report.clean:
        raise Damaged(
            f"{source}: carries RS03 already, and {report.damaged.size:,} of its sectors are damaged",
            hint=f"mend it first: `heliograph archive repair {source}`",
            path=str(source),
            sectors=int(report.damaged.size),
        )
    return layout


def _room(medium_sectors: int, roots: int) -> int:
    """Sectors of the largest ISO image that fits with so many roots; may be negative."""
    return (LAYERS - 1 - roots) * (medium_sectors // LAYERS) - HEADER_SECTORS


def _over(source: Path, iso_sectors: int, medium: Medium, roots: int) -> DoesNotFit:
    room = max(_room(medium.sectors, roots), 0)
    over = iso_sectors - room
    ways = []
    if roots > MIN_ROOTS and iso_sectors <= _room(medium.sectors, MIN_ROOTS):
        most = LAYERS - 1 - -(-(iso_sectors + HEADER_SECTORS) // (medium.sectors // LAYERS))
        ways.append(f"ask for --roots {most} or fewer")
    if medium.name in MEDIA:
        bare = medium.unmanaged_sectors
        if bare is not None and bare > medium.sectors and iso_sectors <= _room(bare, roots):
            ways.append("add --no-defect-management")
        larger = (each for each in MEDIA.values() if each.sectors > medium.sectors)
        fits = next((each for each in larger if iso_sectors <= _room(each.sectors, roots)), None)
        ways += [f"choose --medium {fits.name}"] if fits is not None else []
    else:
        needed = LAYERS * -(-(iso_sectors + HEADER_SECTORS) // (LAYERS - 1 - roots))
        ways.append(f"give --sectors {needed}")
    ways.append(f"leave out {over:,} sectors of files")
    return DoesNotFit(
        f"{source}: {over:,} sectors over: {medium.name} has room for an ISO of {room:,} with {roots} roots, "
        f"this one has {iso_sectors:,}; {', or '.join(ways)}",
        over=over,
        room=room,
        iso_sectors=iso_sectors,
        medium_sectors=medium.sectors,
        roots=roots,
    )
