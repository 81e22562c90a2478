"""Protect an ISO image in a copy of it."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from heliograph.archive.another import refuse_another
from heliograph.archive.medium import SECTOR, Medium
from heliograph.archive.protect.copying import Copying, opened, refuse_other_kinds
from heliograph.archive.protect.sizing import Progress, Protected, layout_for, length_of, protection_of
from heliograph.archive.protect.unfinished import refuse_unfinished
from heliograph.archive.protect.volumes import volumes_in
from heliograph.archive.protect.writing import add_parity
from heliograph.archive.rs03.layout import Layout
from heliograph.errors import CannotWrite, DiscWrong, DoesNotFit, UsageWrong
from heliograph.files import whole_file

__all__ = ["protect_copy"]

_PATIENCE_S = 0.1
"""How often progress is told while only the copy is still under way."""


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
        DiscWrong: the source is too short, unfinished, or cannot be read to its end.
        Damaged: the source carries RS03 and is damaged.
        DoesNotFit: the source and its parity are larger than the medium.
        UsageWrong: `out` is the source.
        CannotWrite: full disk, read-only folder, or another file of that name is there.
    """
    if out.exists() and source.exists() and out.samefile(source):
        raise UsageWrong(f"{out}: the image to protect; give OUT another name, since IN is never changed")
    if out.is_dir():
        raise CannotWrite(f"{out}: is a folder", hint="name the image to write", path=str(out))
    refuse_other_kinds(source)
    refuse_unfinished(source)
    length = length_of(source)
    try:
        room = layout_for(source, length, medium, roots).image_bytes
    except DoesNotFit:  # before anything is written; unless it is parity that does not fit, which is left out
        if protection_of(source, progress) is None:
            raise
        room = length
    layout, again = _write(source, out, length, room, medium, roots, progress)
    return Protected(out, layout, volumes_in(out), again)


def _write(
    source: Path, out: Path, length: int, room: int, medium: Medium | None, roots: int | None, progress: Progress | None
) -> tuple[Layout, Layout | None]:
    """Copy the ISO in one thread while others take its CRCs and parity from the source itself.

    The copy begins before anything else is known, or even loaded: the disk has the most to do. That the source carries
    parity, which is not copied, turns out while it is under way. `room` is how long the image will then most likely be:
    to make the file longer later is to wait for what is being written.
    """
    tell = progress or (lambda part, done, total: None)
    with whole_file(out) as aside, ExitStack() as stack:
        writing = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
        stack.callback(os.close, writing)
        os.ftruncate(writing, room)
        reading = opened(source)
        stack.callback(os.close, reading)
        before = os.fstat(reading)
        copying = stack.enter_context(Copying(source, aside, length))
        again = protection_of(source, progress)
        if again is not None:
            copying.stop()
            length = again.iso_sectors * SECTOR
            copying = stack.enter_context(Copying(source, aside, length))
        layout = layout_for(source, length, medium, roots)
        if out.exists() and out.stat().st_size != layout.image_bytes:
            raise CannotWrite(
                f"{out}: a file of this name is there already, with other contents",
                hint="give another name, or move it away",
                path=str(out),
            )
        if layout.image_bytes != room:
            os.ftruncate(writing, layout.image_bytes)
        for done in add_parity(reading, writing, aside, layout, length, source):
            tell("protect", done, layout.sectors)
            copying.ended(0)
        while not copying.ended(_PATIENCE_S):
            tell("copy", copying.done // SECTOR, length // SECTOR)
        after = os.fstat(reading)
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise DiscWrong(
                f"{source}: changed while it was protected",
                hint="let nothing else write to it, and try again",
                path=str(source),
            )
        refuse_another(out, aside)
    return layout, again
