"""Is one disc still what was sealed? Its sectors against the RS03 checksums, its files against its manifests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from heliograph.archive.iso.image import APPLICATION
from heliograph.archive.iso.lookup import Volume, read_volume
from heliograph.archive.medium import SECTOR
from heliograph.archive.protect.unfinished import refuse_unfinished
from heliograph.archive.read.disc import DiscFolder, DiscImage
from heliograph.archive.texts.bag import MANIFEST, TAG_MANIFEST, read_manifest
from heliograph.errors import DiscWrong, HeliographError
from heliograph.units import counted

if TYPE_CHECKING:
    from heliograph.archive.rs03 import Report

__all__ = [
    "DAMAGED",
    "GOOD",
    "LOST",
    "WRONG",
    "DiscState",
    "Progress",
    "check_image",
    "not_ours",
    "state_of",
    "stopped",
]

GOOD: Final = "good"
DAMAGED: Final = "damaged"
LOST: Final = "lost"
WRONG: Final = "wrong"

Progress = Callable[[str, int, int], None]
"""Told the image's name, sectors done and sectors in all."""
_CHUNK: Final = 1 << 20
_SHOWN: Final = 5
_OWN_VOUCHER: Final = (TAG_MANIFEST, f"{TAG_MANIFEST}.minisig", f"{TAG_MANIFEST}.sig")
"""No manifest lists these: the one that lists the others, and its signature."""
_DESCRIPTOR: Final = 16
"""The sector of the primary volume descriptor."""


@dataclass(frozen=True, slots=True)
class DiscState:
    """What a check found on one disc.

    `state` is good; damaged (its own parity repairs it); lost (it does not); or wrong (neither a disc of ours nor
    protected with RS03, or its bytes are intact and yet not what its manifest says).
    """

    where: Path
    state: str
    why: str = ""
    disc: str = ""
    set_id: str = ""
    damaged_sectors: int = 0
    lost_rows: int = 0
    worst: int = 0
    roots: int = 0
    worst_row: int = -1
    """The first row with `worst` damaged sectors; -1 when nothing is damaged."""
    histogram: tuple[int, ...] = ()
    """Item k: rows with k damaged sectors."""
    files: tuple[str, ...] = ()
    """Files that the damage touches, where the file system can still say so."""
    foreign: bool = False
    """Protected with RS03, by dvdisaster or `protect`, and no disc of a set."""
    sectors: int = 0
    """Sectors that the image should have; 0 where that is not known."""
    iso_sectors: int = 0
    hint: str = ""
    """What to do, where that does not follow from the state."""

    @property
    def margin(self) -> int:
        """Sectors that the worst ECC block, a row of 255, may still lose; negative when it has lost too many."""
        return self.roots - self.worst


def check_image(
    image: Path, *, deep: bool = True, hashes: bool = True, lost: Iterable[int] = (), progress: Progress | None = None
) -> DiscState:
    """Check one image file, or one mounted disc; `lost` are sectors of the image that are known to be unreadable."""
    if image.is_dir():
        return _check_folder(image)
    from heliograph.archive import rs03

    told = None if progress is None else lambda done, total: progress(image.name, done, total)
    unfinished = stopped(image)
    if unfinished is not None:
        return unfinished
    try:
        report = rs03.verify(image, deep=deep, lost=lost, progress=told)
    except DiscWrong as wrong:
        return not_ours(image, wrong)
    return state_of(report, hashes=hashes)


def stopped(image: Path) -> DiscState | None:
    """The state of an image that a killed `protect --in-place` left unfinished; None for any other."""
    try:
        refuse_unfinished(image)
    except DiscWrong as wrong:
        return replace(not_ours(image, wrong), state=WRONG, hint=wrong.hint)
    return None


def not_ours(image: Path, wrong: DiscWrong) -> DiscState:
    """The state of an image that carries no RS03, or none any more."""
    volume = _volume(image)
    set_id, _, name = volume.name.rpartition("_") if volume is not None else ("", "", "")
    why = wrong.message.removeprefix(f"{image}: ")
    size = image.stat().st_size if image.exists() else 0
    if volume is None or volume.sectors * SECTOR <= size:
        return DiscState(image, WRONG, why, name, set_id)
    why = f"cut off: {size // SECTOR:,} of at least {volume.sectors:,} sectors are here; {why}"
    return DiscState(image, LOST if volume.application == APPLICATION else WRONG, why, name, set_id)


def state_of(report: Report, *, hashes: bool = True) -> DiscState:
    """What a check of an image by its RS03 layer means for the disc; `hashes`: hold its files against theirs, too."""
    image = report.image
    volume = _volume(image)
    set_id, _, name = volume.name.rpartition("_") if volume is not None else ("", "", "")
    counts = (
        *(int(report.damaged.size), int(report.lost_rows.size), int(report.worst), int(report.layout.roots)),
        *(report.worst_row, report.histogram),
    )
    found = DiscState(
        image, GOOD, "", name, set_id, *counts, sectors=report.sectors, iso_sectors=report.layout.iso_sectors
    )
    if not report.clean:
        state = DAMAGED if report.repairable else LOST
        found = replace(found, state=state, why=_why(report), files=_touched(image, report))
    if (volume is None or volume.application != APPLICATION) and _descriptor_is_sound(report):
        return replace(found, disc="", set_id="", foreign=True)
    if not report.clean:
        return found
    try:
        disc = DiscImage(image, checked=False)
    except HeliographError as wrong:
        return replace(found, state=WRONG, why=wrong.message.removeprefix(f"{image}: "))
    try:
        why, files = _against_manifests(disc) if hashes else ("", ())
        return replace(found, state=WRONG if why else GOOD, why=why, files=files)
    except HeliographError as wrong:
        return replace(found, state=WRONG, why=wrong.message)
    finally:
        disc.close()


def _descriptor_is_sound(report: Report) -> bool:
    """Whether the sector that tells a disc of ours is as it was; if not, the image may be one, and cannot say so."""
    sector, row = _DESCRIPTOR, _DESCRIPTOR % report.layout.layer_sectors
    return sector not in report.damaged and row not in report.lost_rows


def _check_folder(folder: Path) -> DiscState:
    try:
        disc = DiscFolder(folder)
        set_id, _, name = disc.volume_name.rpartition("_")
        try:
            why, files = _against_manifests(disc)
        finally:
            disc.close()
    except HeliographError as wrong:
        return DiscState(folder, WRONG, wrong.message)
    return DiscState(folder, LOST if why else GOOD, why, name, set_id, files=files)


def _volume(image: Path) -> Volume | None:
    try:
        with image.open("rb") as file:
            return read_volume(file, image)
    except (HeliographError, OSError):
        return None


def _why(report: Report) -> str:
    shown = ", ".join(str(number) for number in report.damaged[:_SHOWN]) + (
        " …" if report.damaged.size > _SHOWN else ""
    )
    what = f"{report.damaged.size:,} of {report.sectors:,} sectors damaged ({shown})"
    worst = f"{report.worst} in the worst row, where {report.layout.roots} can be rebuilt"
    if report.repairable and report.margin < 0:
        return f"{what}; {report.worst} in row {report.worst_row}, with lone wrong bytes that can all be mended"
    if report.repairable:
        return f"{what}; at most {worst}: {report.margin} more may go (row {report.worst_row})"
    said = f"{what}; {report.lost_rows.size:,} rows have lost more than parity rebuilds: {worst}"
    return said if report.deep else f"{said}, or more if single bytes are wrong: a check without --quick tells"


def _touched(image: Path, report: Report) -> tuple[str, ...]:
    """Files that have damaged sectors; empty when the file system is too damaged to say."""
    import numpy as np

    try:
        disc = DiscImage(image, checked=False)
    except HeliographError:
        return ()
    try:
        touched = []
        for path, node in disc.files().items():
            first, end = node.extent.start // SECTOR, -(-(node.extent.start + node.extent.bytes) // SECTOR)
            low, high = np.searchsorted(report.damaged, [first, end])
            if high > low:
                touched.append(path)
        return tuple(touched)
    except HeliographError:
        return ()
    finally:
        disc.close()


def _against_manifests(disc: DiscImage | DiscFolder) -> tuple[str, tuple[str, ...]]:
    """What does not match, in words and as paths; nothing when all files are there and as they were."""
    expected = read_manifest(disc.read(TAG_MANIFEST), TAG_MANIFEST)
    expected |= read_manifest(disc.read(MANIFEST), MANIFEST)

    def matches(path: str) -> bool:
        try:
            run = disc.run(path)
        except DiscWrong:
            return False
        digest = hashlib.sha256()
        at, end = run.start, run.start + run.bytes
        while at < end:
            chunk = run.image.read(at, min(_CHUNK, end - at))
            if not chunk:
                return False
            digest.update(chunk)
            at += len(chunk)
        return digest.hexdigest() == expected[path]

    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        bad = [path for path, good in zip(expected, pool.map(matches, expected), strict=True) if not good]
    unlisted: list[str] = []
    if isinstance(disc, DiscImage):
        unlisted = [path for path in disc.files() if path not in expected and path not in _OWN_VOUCHER]
    if bad:
        return f"{counted(len(bad), 'file')} without the SHA-256 of the manifest: {', '.join(bad[:_SHOWN])}", tuple(bad)
    if unlisted:
        return f"{counted(len(unlisted), 'file')} in no manifest: {', '.join(unlisted[:_SHOWN])}", tuple(unlisted)
    return "", ()
