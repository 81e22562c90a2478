"""Check whole images, and mend them.

Both are one pass over the rows, which mends in memory what is damaged. What it mended is kept, so far as there is room,
and written only when all rows have proved mendable: damage past the parity is refused before a byte is changed. What
there was no room for is mended again, by a second pass over those rows. Only sectors that change are written, each as
it was sealed, so a repair that was killed is finished by running it again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.layout import LAYERS, Layout
from heliograph.archive.rs03.report import Report
from heliograph.archive.rs03.rows import BATCH_ROWS, Progress, batches, open_image, read_line, write_line
from heliograph.archive.rs03.scan import Before, Flags, Kept, Scan, write_sectors
from heliograph.archive.rs03.search import read_layout
from heliograph.errors import DiscWrong, SectorsLost
from heliograph.files import whole_file

__all__ = ["Examined", "examine", "repair", "verify", "write_mended"]

KEPT_BYTES = 256 << 20
"""Mended sectors that are kept in memory: 2 % of a DVD three times over."""
_LISTED = 1000
"""Rows and sectors that an error lists by number; millions may be lost."""
_COPIED = 512
"""Sectors copied in one go."""


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """An image after its check, and what a repair needs to know."""

    report: Report
    gone: Flags
    before: Before
    kept: Kept


def verify(
    image: Path,
    *,
    deep: bool = True,
    lost: Iterable[int] = (),
    layout: Layout | None = None,
    progress: Progress | None = None,
) -> Report:
    """Find every damaged sector of an image and say whether the parity can mend it; nothing is written.

    Args:
        deep: check the ECC layers, too, and prove that damaged rows can be mended by mending them in memory. False
            reads data and CRC layers only, and counts.
        lost: sectors known to be unreadable; those that turn out to be right are not counted.
        layout: when it is known; else it is searched for.
    Raises:
        DiscWrong: not a protected image.
    """
    layout = layout or _layout_of(image)
    file = open_image(image)
    try:
        scan = Scan(file, image, layout, _as_flags(lost, layout), {})
        return scan.report(list(scan.deep(progress) if deep else scan.shallow(progress)), deep)
    finally:
        os.close(file)


def examine(
    image: Path, *, lost: Iterable[int] = (), layout: Layout | None = None, progress: Progress | None = None
) -> Examined:
    """As a deep `verify`, and keeps what was mended on the way, for `write_mended`.

    Raises:
        DiscWrong: not a protected image.
    """
    layout = layout or _layout_of(image)
    gone, before, kept = _as_flags(lost, layout), Before(), Kept(KEPT_BYTES)
    file = open_image(image)
    try:
        scan = Scan(file, image, layout, gone, before, kept)
        return Examined(scan.report(list(scan.deep(progress)), True), gone, before, kept)
    finally:
        os.close(file)


def write_mended(found: Examined, *, out: Path | None = None) -> None:
    """Write what `examine` mended: into the image, or whole or not at all into another one.

    Raises:
        SectorsLost: there is more damage than the parity rebuilds; nothing was written.
        DiscWrong: the image was changed since it was examined.
        CannotWrite: the disk is full, or the file may not be written.
    """
    report = found.report
    if not report.repairable:
        raise _past_parity(report)
    if out is not None:
        with whole_file(out) as aside:
            _copy(report.image, aside)
            _mend_file(aside, found)
    elif not report.clean or report.image.stat().st_size != report.layout.image_bytes:
        _mend_file(report.image, found)


def repair(
    image: Path,
    *,
    out: Path | None = None,
    lost: Iterable[int] = (),
    layout: Layout | None = None,
    progress: Progress | None = None,
) -> Report:
    """Make an image again what it was when it was sealed, byte for byte; the state it was found in.

    A killed repair in place is safe: run it again. A file too short is given its length back, one too long (a tail that
    a drive added) is cut.

    Args:
        out: write the mended image here, whole or not at all, and leave `image` alone.
        lost: sectors known to be unreadable (a drive's or ddrescue's map); helps where the ECC layers are damaged.
        layout: when it is known; else it is searched for.
    Raises:
        DiscWrong: not a protected image.
        SectorsLost: there is more damage than the parity rebuilds; nothing was written.
        CannotWrite: the disk is full, or the file may not be written.
    """
    found = examine(image, lost=lost, layout=layout, progress=progress)
    write_mended(found, out=out)
    return found.report


def _mend_file(image: Path, found: Examined) -> None:
    layout, gone = found.report.layout, found.gone
    file = open_image(image, write=True)
    try:
        length = os.fstat(file).st_size
        gone.reshape(-1)[length // SECTOR :] = True  # what the next line puts there is not the disc's
        os.ftruncate(file, layout.image_bytes)
        hurt = set((np.unique(found.report.damaged % layout.layer_sectors // BATCH_ROWS) * BATCH_ROWS).tolist())
        again = [batch for batch in batches(layout.layer_sectors) if batch[0] in hurt - found.kept.batches.keys()]
        for _ in Scan(file, image, layout, gone, found.before).write(again):
            pass
        for first in sorted(found.kept.batches):
            write_sectors(file, *found.kept.batches[first], image)
        os.fsync(file)
    finally:
        os.close(file)


def _copy(image: Path, copy: Path) -> None:
    """Copy what can be read; zeros, which are found and mended, for what cannot."""
    copy.touch()
    source, target = open_image(image), open_image(copy, write=True)
    try:
        line = np.zeros(_COPIED * SECTOR, np.uint8)
        length = os.fstat(source).st_size
        for sector in range(0, -(-length // SECTOR), _COPIED):
            read_line(source, sector, line)
            write_line(target, sector, line[: length - sector * SECTOR], copy)
    finally:
        os.close(source)
        os.close(target)


def _layout_of(image: Path) -> Layout:
    layout = read_layout(image)
    if layout is None:
        raise DiscWrong(
            f"{image}: no RS03 protection found, neither a header nor a CRC sector",
            hint="protect it while it is whole: `heliograph archive seal`; or restore it from its disc set",
            path=str(image),
        )
    return layout


def _as_flags(sectors: Iterable[int], layout: Layout) -> Flags:
    """(255, rows), true for these sectors; those outside the image are passed over."""
    numbers = np.fromiter(sectors, np.int64)
    flags = np.zeros(layout.sectors, np.bool_)
    flags[numbers[(numbers >= 0) & (numbers < layout.sectors)]] = True
    return flags.reshape(LAYERS, layout.layer_sectors)


def _past_parity(report: Report) -> SectorsLost:
    rows = report.lost_rows
    shown = ", ".join(str(row) for row in rows[:3]) + (" ..." if rows.size > 3 else "")
    numbers = report.damaged[np.isin(report.damaged % report.layout.layer_sectors, rows)]
    where = f" (sectors {numbers[0]} to {numbers[-1]})" if numbers.size else ""
    many = f"{rows.size} of {report.layout.layer_sectors} rows"
    return SectorsLost(
        f"{report.image}: {many} have lost more than parity rebuilds: row {shown}{where}; "
        f"{report.worst} of {LAYERS} sectors gone in the worst, {report.layout.roots} can be rebuilt",
        hint="rebuild this disc from the others of its set (`heliograph archive repair` on their folder), "
        "or read it again in another drive and repair that copy",
        image=str(report.image),
        rows_lost=rows.size,
        rows=rows[:_LISTED].tolist(),
        sectors=numbers[:_LISTED].tolist(),
        worst=report.worst,
        roots=report.layout.roots,
    )
