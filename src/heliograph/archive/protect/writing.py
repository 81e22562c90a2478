"""Write what RS03 adds to an ISO, with the disk at work from early on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.layout import Layout

__all__ = ["add_parity"]

_AT_ONCE = 32 << 20
"""Bytes that are left to gather before the disk is asked to take them: enough for it to write in long pieces."""


def add_parity(source: int, target: int, image: Path, layout: Layout, length: int, named: Path) -> Iterator[int]:
    """As `rs03.encode`, for an ISO of so many bytes; yields the sectors done.

    Without a word to the system it would begin to write when it is asked to wait for the disk (fsync), or after
    seconds: the computing would be over by then.
    """
    from heliograph.archive.rs03.encode import encode  # here: a copy is on its way already while kernels are made

    asked, start = 0, layout.iso_sectors * SECTOR
    last_bytes = length - (layout.iso_sectors - 1) * SECTOR
    added = (layout.sectors - layout.iso_sectors) * SECTOR
    for done in encode(source, target, image, layout, last_bytes=last_bytes, named=named):
        written = added * done // layout.sectors
        if written - asked >= _AT_ONCE:
            asked = written
            # What is dirty is written; what is on the disk leaves the page cache, as nobody reads it soon.
            with contextlib.suppress(OSError):
                os.posix_fadvise(target, start, 0, os.POSIX_FADV_DONTNEED)
        yield done
