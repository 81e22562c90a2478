"""From a drive to a whole image: read what can be read, mend the rest by the disc's own parity."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.mend import Mended, mend
from heliograph.archive.rescue.reading import Limits, Rescued, rescue
from heliograph.archive.rs03 import read_layout
from heliograph.errors import CannotWrite, DiscWrong, HeliographError, UsageWrong
from heliograph.files import cannot_write, fsync_folder

__all__ = ["mend_disc", "read_aside", "refuse_existing"]

Progress = Callable[[str, int, int], None]


def mend_disc(device: Path, out: Path | None, *, limits: Limits | None, progress: Progress | None) -> Mended:
    """Read the disc in a drive, and make of it the image that was sealed, at `out`.

    What is read stands beside `out`, as `read_aside` says, until `out` is whole.

    Raises:
        UsageWrong: no `out`. CannotWrite: `out` is there already, or no room.
        Otherwise as `rescue` and `mend`.
    """
    if out is None:
        raise UsageWrong(
            f"{device}: a disc cannot be mended in place", hint="name the image to write: `--out whole.iso`"
        )
    refuse_existing(out)
    with read_aside(device, out, limits=limits, progress=progress) as read:
        try:
            done = mend([read.image], progress=progress)
        except DiscWrong as wrong:
            if read_layout(read.image, exhaustive=False) is None:
                wrong.hint = f"without parity nothing is mended; to copy a disc: `heliograph archive rescue {device}`"
            raise
        try:
            read.image.replace(out)
            fsync_folder(out.parent)
        except OSError as wrong:
            raise cannot_write(out, wrong) from None
    return Mended(tuple((out, sectors) for _, sectors in done.repaired), (), (out,) if done.good else ())


@contextmanager
def read_aside(
    device: Path,
    out: Path,
    *,
    wanted: NDArray[np.int64] | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Iterator[Rescued]:
    """What can be read of a disc, or of its `wanted` sectors, in `OUT.DRIVE.rescue` and its map beside it.

    Both are deleted at the end; when the block ends in an error they stay, so that the same command goes on from them.
    """
    aside = out.with_name(f"{out.name}.{device.name}.rescue")
    read = rescue(device, aside, wanted=wanted, limits=limits, progress=progress)
    try:
        yield read
    except HeliographError as wrong:
        late = "; the time limit was up before all was tried" if read.timed_out else ""
        kept = f"what was read of {device} is kept in {aside}{late}: the same command goes on from there"
        wrong.hint = f"{wrong.hint}; {kept}" if wrong.hint else kept
        raise
    read.map.unlink(missing_ok=True)
    aside.unlink(missing_ok=True)


def refuse_existing(out: Path) -> None:
    """Before hours of reading.

    Raises:
        CannotWrite: something is there.
    """
    if out.exists():
        what = "is a folder" if out.is_dir() else "a file of this name is there already"
        raise CannotWrite(f"{out}: {what}", hint="name a new file with --out", path=str(out))
