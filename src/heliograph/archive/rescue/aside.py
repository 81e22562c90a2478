"""What is read of a disc in a drive, kept beside the image that it is to become until that is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.rescue.reading import Limits, Rescued, rescue
from heliograph.errors import CannotWrite, HeliographError

__all__ = ["read_aside", "refuse_existing"]

Progress = Callable[[str, int, int], None]


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
