"""How large a protected image becomes.

RS03 has one free choice, the size of the whole image; the number of roots follows from it. So a person names the size
(a medium, or sectors) and gets all the roots there is room for, or names the least roots and gets the smallest image
that has them. Both together is a size that must reach those roots.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from heliograph.archive.medium import MEDIA, SECTOR, Medium
from heliograph.archive.protect.copying import unreadable
from heliograph.archive.rs03.layout import HEADER_SECTORS, LAYERS, MIN_ROOTS, SCRATCH_SECTORS, Layout, plan
from heliograph.errors import Damaged, DiscWrong, DoesNotFit

__all__ = ["Progress", "Protected", "layout_for", "length_of", "protection_of"]

Progress = Callable[[str, int, int], None]
"""Told what is done, sectors done and sectors in all."""
_LEAST_SECTORS = 17
"""Sector 16 is what ties header and parity to the ISO, so it must be there."""


@dataclass(frozen=True, slots=True)
class Protected:
    """What was written."""

    image: Path
    layout: Layout
    volumes: tuple[str, ...]
    """The file systems that the image announces, `ISO 9660` and `UDF`; with none it is protected all the same."""
    again: Layout | None = None
    """How the source was protected before; its own parity was left out."""
    resumed: bool = False
    """An earlier command had been stopped while it wrote to this image."""


def layout_for(source: Path, length: int, medium: Medium | None, roots: int | None) -> Layout:
    """The geometry for an ISO of so many bytes; `medium` and `roots` as of `protect_copy`.

    Raises:
        DoesNotFit: the ISO and its parity are larger than the medium.
    """
    iso_sectors = -(-length // SECTOR)
    if medium is not None and iso_sectors > _room(medium.sectors, roots or MIN_ROOTS):
        raise _over(source, iso_sectors, medium, roots or MIN_ROOTS)
    if medium is not None:
        return plan(iso_sectors, roots=roots or MIN_ROOTS, medium_sectors=medium.sectors)
    return plan(iso_sectors, roots=roots) if roots is not None else plan(iso_sectors, scratch_sectors=SCRATCH_SECTORS)


def length_of(source: Path) -> int:
    """Bytes of the source, once they are known to be enough.

    Raises:
        DiscWrong: they are not, or there is no such file.
    """
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


def protection_of(source: Path, progress: Progress | None) -> Layout | None:
    """The RS03 layer that the source carries, whose ISO is sound; None without one.

    Raises:
        Damaged: there is one, and the data or CRC layers do not match it.
    """
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
