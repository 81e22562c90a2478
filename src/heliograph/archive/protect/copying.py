"""Copy the start of a large file, past the page cache where the system can.

A disc image is written once and not read soon. Through the page cache each byte would be copied twice by the processor
and push out what others keep there. So whole blocks go from the source's pages straight to the disk (O_DIRECT, from a
mapping of the source): that takes a third of the processor time, and the disk is busy from the first block on. What
cannot go that way, on file systems that do not know it, or the last part block, is read and written as usual.

Where the file system can let two files share their blocks until one of them is written to (Btrfs, XFS: a reflink),
nothing is copied at all.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import struct
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from heliograph.errors import DiscWrong
from heliograph.files import cannot_write

__all__ = ["Copying", "copy_start"]

_CHUNK = 4 << 20
"""Bytes read and written in one go."""
_STRAIGHT = 32 << 20
"""Bytes written in one go from the source's pages: a multiple of every page and disk block, and much more than the
other threads of this process let the interpreter wait for."""
_SHARED = 1 << 20
"""Bytes that can be shared are a multiple of a block, of any file system."""
_FICLONERANGE = 0x4020940D
"""Linux, ioctl_ficlonerange(2): share so many bytes of a file, from here, with another, there."""
_DIRECT = getattr(os, "O_DIRECT", 0)


def copy_start(source: Path, target: Path, length: int, stop: threading.Event, told: Callable[[int], None]) -> None:
    """Copy the first `length` bytes of `source` into `target`, which is there; nothing else of it is touched.

    Args:
        stop: set by another thread to end early, with the copy in pieces.
        told: bytes done so far.
    Raises:
        DiscWrong: the source cannot be read to its end.
        CannotWrite: the disk is full, or the like.
    """
    reading = opened(source)
    try:
        done = _shared(reading, target, length - length % _SHARED)
        if done:
            told(done)
        else:
            done = _straight(reading, target, length - length % _STRAIGHT, stop, told)
        _as_usual(reading, source, target, done, length, stop, told)
    finally:
        os.close(reading)


class Copying:
    """`copy_start` in a thread of its own, under way at once; used in a `with`, whose end also ends it."""

    def __init__(self, source: Path, target: Path, length: int) -> None:
        self.done = 0
        """Bytes copied so far."""
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._copy = self._pool.submit(copy_start, source, target, length, self._stop, self._told)

    def _told(self, done: int) -> None:
        self.done = done

    def __enter__(self) -> Copying:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, with the copy in pieces if it was not at its end; what went wrong with it is not told any more."""
        self._stop.set()
        self._pool.shutdown()

    def ended(self, patience_s: float) -> bool:
        """Whether all is copied, after waiting at most so long.

        Raises:
            DiscWrong, CannotWrite: as `copy_start`.
        """
        wait([self._copy], timeout=patience_s)
        if self._copy.done():
            self._copy.result()
        return self._copy.done()


def refuse_other_kinds(source: Path) -> None:
    """Only files and drives can be read from any place, and do not wait for someone to write.

    Raises:
        DiscWrong: it is a folder, a pipe or the like. What is not there is not looked at.
    """
    if source.exists() and not source.is_file() and not source.is_block_device():
        what = "a folder" if source.is_dir() else "neither a file nor a drive"
        raise DiscWrong(f"{source}: is {what}", hint="name an image file", path=str(source))


def opened(source: Path) -> int:
    """A file descriptor of an image, to be closed by the caller.

    Raises:
        DiscWrong: it cannot be opened.
    """
    try:
        return os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as wrong:
        raise unreadable(source, wrong) from wrong


def _shared(reading: int, target: Path, length: int) -> int:
    """Let the target share the source's blocks; how many bytes of it do, all or none."""
    if not length:
        return 0
    # Neither by this file system, nor from one to another, nor on this system: then it is copied.
    with contextlib.suppress(OSError), target.open("r+b", buffering=0) as file:
        fcntl.ioctl(file, _FICLONERANGE, struct.pack("=qQQQ", reading, 0, length, 0))
        return length
    return 0


def _straight(reading: int, target: Path, length: int, stop: threading.Event, told: Callable[[int], None]) -> int:
    """Write from the source's own pages; how many bytes went that way, all of them whole blocks."""
    done = 0
    if not length or not _DIRECT:
        return done
    # Not on this file system, or a page that cannot be read: the usual way goes on, and says which.
    with contextlib.suppress(OSError, ValueError), contextlib.ExitStack() as stack:
        direct = os.open(target, os.O_WRONLY | os.O_CLOEXEC | _DIRECT)
        stack.callback(os.close, direct)
        pages = stack.enter_context(mmap.mmap(reading, length, prot=mmap.PROT_READ))
        pages.madvise(mmap.MADV_SEQUENTIAL)
        view = stack.enter_context(memoryview(pages))
        while done < length and not stop.is_set():
            with view[done : done + _STRAIGHT] as chunk:
                if os.pwrite(direct, chunk, done) < _STRAIGHT:
                    break
            pages.madvise(mmap.MADV_DONTNEED, done, _STRAIGHT)  # else all of it would count as ours
            done += _STRAIGHT
            told(done)
    return done


def _as_usual(
    reading: int, source: Path, target: Path, done: int, length: int, stop: threading.Event, told: Callable[[int], None]
) -> None:
    buffer = memoryview(bytearray(min(_CHUNK, max(length - done, 1))))
    with target.open("r+b", buffering=0) as file:
        while done < length and not stop.is_set():
            try:
                count = os.preadv(reading, [buffer[: length - done]], done)
            except OSError as wrong:
                raise unreadable(source, wrong) from wrong
            if not count:
                raise DiscWrong(
                    f"{source}: ends {length - done:,} bytes before its length",
                    hint="let nothing else write to it, and try again",
                )
            try:
                written = os.pwrite(file.fileno(), buffer[:count], done)
            except OSError as wrong:
                raise cannot_write(target, wrong) from wrong
            done += written
            told(done)


def unreadable(source: Path, wrong: OSError) -> DiscWrong:
    """What to say of an image that does not give its bytes."""
    return DiscWrong(
        f"{source}: {(wrong.strerror or str(wrong)).lower()}",
        hint="check the path; a disc that cannot be read to its end must be rescued first, its gaps would be protected",
        path=str(source),
    )
