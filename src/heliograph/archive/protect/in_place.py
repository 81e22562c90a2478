"""Protect an ISO image itself: header, CRCs and parity are appended to it, as dvdisaster does.

    note beside it, on the disk ──► room reserved ──► appended ──► on the disk ──► note removed

The ISO's own bytes are never written to. A kill at any moment leaves them as they were, something behind them, and the
note that says where they end (`unfinished`): the same command then goes on. Any other failure cuts the image back.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import ExitStack
from pathlib import Path

from heliograph.archive.medium import SECTOR, Medium
from heliograph.archive.protect.copying import unreadable
from heliograph.archive.protect.sizing import Progress, Protected, layout_for, length_of, protection_of
from heliograph.archive.protect.unfinished import about, read_note, remove_note, write_note
from heliograph.archive.protect.volumes import volumes_in
from heliograph.archive.protect.writing import add_parity
from heliograph.archive.rs03.layout import Layout
from heliograph.errors import CannotWrite, DiscWrong
from heliograph.files import cannot_write

__all__ = ["protect_in_place"]

_HINT = "its ISO is as it was; make room, or write a protected copy: `heliograph archive protect {image} OUT.iso`"
_NO_SUCH_CALL = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


def protect_in_place(
    image: Path, *, medium: Medium | None = None, roots: int | None = None, progress: Progress | None = None
) -> Protected:
    """Append RS03 parity to an ISO image: the same bytes that `protect_copy` gives, and stock dvdisaster.

    The same call goes on from what a killed one left. An image that carries RS03 is protected anew, once its data and
    CRC layers have proved sound; its old parity is gone as soon as there is room for the new one.

    Args:
        image: a file of more than 16 sectors; a last sector that is not full is filled up with zeros.
        medium, roots, progress: as of `protect_copy`.
    Raises:
        DiscWrong: the image is too short, or cannot be read; or a note beside it is of another image.
        Damaged: it carries RS03 and is damaged.
        DoesNotFit: the image and its parity are larger than the medium.
        CannotWrite: no room, a read-only file or folder, a device, a file of several names, or one in use.

    After an error the image is as it was; but for one that was to be protected anew, which may then be its bare ISO.
    """
    with ExitStack() as stack:
        file = _opened(image)
        stack.callback(os.close, file)
        told = read_note(image)
        again = None if told is not None else protection_of(image, progress)
        if again is not None and os.fstat(file).st_size > again.image_bytes:
            raise CannotWrite(
                f"{image}: has bytes of something else behind its RS03 image, which would be cut off",
                hint=f"write a protected copy: `heliograph archive protect {image} OUT.iso`",
                path=str(image),
            )
        length = told.iso_bytes if told else again.iso_sectors * SECTOR if again else length_of(image)
        layout = layout_for(image, length, medium, roots)
        _append(file, image, layout, length, progress, resumed=told is not None)
        return Protected(image, layout, volumes_in(image), again, told is not None)


def _opened(image: Path) -> int:
    """A file of its own that nobody else protects, open for reading and writing.

    Raises:
        DiscWrong, CannotWrite: as `protect_in_place`.
    """
    try:
        about_it = image.stat()
    except OSError as wrong:
        raise unreadable(image, wrong) from wrong
    if not stat.S_ISREG(about_it.st_mode):
        what = "a folder" if image.is_dir() else "not a file, and cannot grow"
        raise CannotWrite(f"{image}: is {what}", hint="name an image file", path=str(image))
    if about_it.st_nlink > 1:
        raise CannotWrite(
            f"{image}: has {about_it.st_nlink} names (hard links), and would change under all of them",
            hint=f"write a protected copy: `heliograph archive protect {image} OUT.iso`",
            path=str(image),
        )
    try:
        file = os.open(image, os.O_RDWR | os.O_CLOEXEC)
    except OSError as wrong:
        raise CannotWrite(
            cannot_write(image, wrong).message, hint=_HINT.format(image=image), path=str(image)
        ) from wrong
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as wrong:
        os.close(file)
        raise CannotWrite(
            f"{image}: another command is protecting it", hint="wait for it to end", path=str(image)
        ) from wrong
    except OSError:
        pass  # a file system without locks
    return file


def _append(file: int, image: Path, layout: Layout, length: int, progress: Progress | None, *, resumed: bool) -> None:
    """Write all that is not the ISO's; on failure the image is what it was, or its bare ISO."""
    before = os.fstat(file)
    back_to = length if resumed else before.st_size
    try:
        write_note(image, about(image, length, max(before.st_size, layout.image_bytes)))
        try:
            if resumed:
                os.ftruncate(file, length)
            _reserve(file, length, layout.image_bytes)
            back_to = length
            _fill(file, image, layout, length, progress)
        except BaseException:
            os.ftruncate(file, back_to)
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
            os.fsync(file)
            remove_note(image)
            raise
        remove_note(image)
    except (OSError, CannotWrite, DiscWrong) as wrong:
        bare = "; it is cut back to its ISO, its old parity is gone" if not resumed and back_to < before.st_size else ""
        if isinstance(wrong, DiscWrong):
            wrong.message += bare
            raise
        said = cannot_write(image, wrong) if isinstance(wrong, OSError) else wrong
        raise CannotWrite(f"{said.message}{bare}", hint=_HINT.format(image=image), path=str(image)) from wrong


def _reserve(file: int, start: int, end: int) -> None:
    """Make sure of the room before anything is written; what stands there already is not touched."""
    try:
        os.posix_fallocate(file, start, end - start)
    except OSError as wrong:
        if wrong.errno not in _NO_SUCH_CALL:
            raise
        os.ftruncate(file, max(end, os.fstat(file).st_size))


def _fill(file: int, image: Path, layout: Layout, length: int, progress: Progress | None) -> None:
    """Write what RS03 adds, until it is on the disk."""
    for done in add_parity(file, file, image, layout, length, image):
        if progress is not None:
            progress("protect", done, layout.sectors)
    os.ftruncate(file, layout.image_bytes)
    os.fsync(file)
