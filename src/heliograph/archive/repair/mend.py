"""Mend a disc set: first each image by its own parity, then the discs that are gone by the parity discs.

What an image's own parity cannot mend counts as gone; `rebuild` makes those again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.archive.another import refuse_another
from heliograph.archive.medium import SECTOR
from heliograph.archive.read.reader import image_paths
from heliograph.archive.repair.rebuild import rebuild_sets
from heliograph.archive.rescue import Limits, is_device
from heliograph.archive.rescue.aside import read_aside, refuse_existing
from heliograph.archive.rescue.ddrescue import DONE, RescueMap, known_lost, map_beside, write_states
from heliograph.archive.verify.check import (
    DAMAGED,
    GOOD,
    LOST,
    WRONG,
    DiscState,
    check_image,
    not_ours,
    state_of,
    stopped,
)
from heliograph.errors import DiscWrong, NotFound, UsageWrong
from heliograph.files import cannot_write, whole_file
from heliograph.synced import fsync_path

if TYPE_CHECKING:
    from heliograph.archive.rs03 import Examined

__all__ = ["Mended", "mend"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Mended:
    """What was done, by image."""

    repaired: tuple[tuple[Path, int], ...]
    """Images mended by their own parity, and how many sectors were."""
    rebuilt: tuple[tuple[Path, str], ...]
    """Images made again from the rest of their set, and which disc each is."""
    good: tuple[Path, ...]
    """Images that needed nothing."""


def mend(
    paths: Sequence[Path],
    *,
    out: Path | None = None,
    rescued: RescueMap | None = None,
    whole_sets: bool | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Mended:
    """Mend every image and every set that the paths hold; in place, or into the folder `out`.

    Missing discs are rebuilt when a folder is given. With single images, only these are mended.

    Args:
        out: mended and rebuilt images are written into this folder, and nothing else is touched; for a single image,
            also the file it becomes: one that exists, or a name with a suffix.
        rescued: what ddrescue could not read of the one image given; of others, the map beside them says so, if there
            is one. No bytes of these sectors are believed but those that a CRC proves.
        limits: how long to try to read the disc, when the one path is a drive; `out` is then a new file.
        whole_sets: whether missing discs are rebuilt; when a folder is given, if not said.
    Raises:
        UsageWrong: a map, and not one image; a drive, and no `out` or more paths.
        SectorsLost: an image has more damage than its parity and its set can mend; all else was mended.
        DiscsLost: more discs are gone than the set replaces; all else was mended.
        DiscWrong: an image is not one of ours, or its bytes are not what was sealed though its checksums fit.
        CannotWrite: full disk, read-only folder, or another image of that name is in `out`.
    """
    drives = [path for path in paths if is_device(path)]
    if drives:
        return _mend_disc(drives[0], paths, out, rescued, limits, progress)
    images = [path for path in image_paths(paths) if path.is_file()]
    if not images:
        raise NotFound(
            f"{', '.join(str(path) for path in paths)}: no disc images here",
            hint="repair mends image files; read a disc into one first, as far as it can be read",
        )
    single = images[0] if len(paths) == 1 and images == list(paths) else None
    if rescued is not None and single is None:
        raise UsageWrong(
            f"a map tells of one image; {', '.join(str(path) for path in paths)}: not one image file",
            hint="repair that image alone with its map",
        )
    name = None
    if single is not None and out is not None and (out.is_file() or (out.suffix and not out.exists())):
        out, name = out.parent, out.name
    states: list[DiscState] = []
    repaired: list[tuple[Path, int]] = []
    usable: list[Path] = []
    wrong_inside: list[DiscState] = []
    for image in images:
        state, found = _examine(image, known_lost(image, rescued), progress)
        states.append(state)
        if state.state == DAMAGED and found is not None:
            where = _repair(found, None if out is None else out / (name or image.name))
            repaired.append((where, state.damaged_sectors))
            usable.append(where)
            # Each mended sector matched its checksum before it was written; the files have checksums of their own.
            wrong_inside += [after for after in [state_of(found.report.mended(where))] if after.state != GOOD]
        elif state.state == GOOD:
            usable.append(image)
    beyond = [state for state in states if state.state in (LOST, WRONG)]
    whole_sets = any(path.is_dir() for path in paths) if whole_sets is None else whole_sets
    rebuilt, wrong = rebuild_sets(usable, beyond, out, progress) if whole_sets or beyond else ([], None)
    after = [check_image(path, deep=False) for path, _ in rebuilt]
    for again in (*wrong_inside, *after):
        if again.state != GOOD:
            raise DiscWrong(
                f"{again.where}: mended, and yet {again.why}",
                hint="keep the image as it is and read the disc again, in another drive if there is one",
            )
    if wrong is not None:
        raise wrong
    good = tuple(state.where for state in states if state.state == GOOD)
    return Mended(tuple(repaired), tuple(rebuilt), good)


def _mend_disc(
    drive: Path,
    paths: Sequence[Path],
    out: Path | None,
    rescued: RescueMap | None,
    limits: Limits | None,
    progress: Progress | None,
) -> Mended:
    """Read the disc in a drive, and make of it the image that was sealed, at `out`.

    What is read stands beside `out`, as `read_aside` says, until `out` is whole.
    """
    from heliograph.archive.rs03 import read_layout

    if len(paths) > 1 or rescued is not None:
        raise UsageWrong(
            f"{drive}: a drive is read and mended alone",
            hint="repair its disc first; or merge it with images of the same disc: `heliograph archive merge`",
        )
    if out is None:
        raise UsageWrong(
            f"{drive}: a disc cannot be mended in place", hint="name the image to write: `--out whole.iso`"
        )
    refuse_existing(out)
    with read_aside(drive, out, limits=limits, progress=progress) as read:
        try:
            done = mend([read.image], progress=progress)
        except DiscWrong as wrong:
            if read_layout(read.image, exhaustive=False) is None:
                wrong.hint = f"without parity nothing is mended; to copy a disc: `heliograph archive rescue {drive}`"
            raise
        try:
            read.image.replace(out)
            fsync_path(out.parent)
        except OSError as wrong:
            raise cannot_write(out, wrong) from None
    return Mended(tuple((out, sectors) for _, sectors in done.repaired), (), (out,) if done.good else ())


def _examine(image: Path, lost: Iterable[int], progress: Progress | None) -> tuple[DiscState, Examined | None]:
    """The state of an image, and what was mended of it on the way; without hashing its files."""
    from heliograph.archive import rs03

    told = None if progress is None else lambda done, total: progress(f"repair {image.name}", done, total)
    unfinished = stopped(image)
    if unfinished is not None:
        return unfinished, None
    try:
        found = rs03.examine(image, lost=lost, progress=told)
    except DiscWrong as wrong:
        return not_ours(image, wrong), None
    return state_of(found.report, hashes=False), found


def _repair(found: Examined, out: Path | None) -> Path:
    """Mend an image by its own parity, in place or into the file `out`; where the mended one stands.

    A map beside an image mended in place is told that nothing is missing any more.
    """
    from heliograph.archive import rs03

    image = found.report.image
    where = out or image
    if out is None or (where.exists() and where.samefile(image)):
        rs03.write_mended(found)
        if map_beside(image).is_file():
            length = image.stat().st_size
            write_states(map_beside(image), bytearray(DONE * (length // SECTOR)), length)
    else:
        with whole_file(where) as aside:
            rs03.write_mended(found, out=aside)
            refuse_another(where, aside)
    return where
