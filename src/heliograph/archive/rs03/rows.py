"""Rows of an image, read and written many at a time: the one place that touches the file.

A block is (255, rows · 2048) bytes: its line c is `rows` consecutive sectors of layer c. Reading one costs 255 reads of
`rows` sectors; with 32 rows, that is 64 KiB each and 16 MiB in all, whatever the size of the image.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.layout import Layout
from heliograph.archive.rs03.sectors import crc_sectors_are_whole
from heliograph.errors import DiscWrong
from heliograph.files import cannot_write

__all__ = [
    "BATCH_ROWS",
    "Progress",
    "batches",
    "in_parallel",
    "open_image",
    "read_block",
    "read_line",
    "read_lines",
    "read_sound",
    "whole_crc_sector",
    "write_line",
    "write_lines",
]

BATCH_ROWS = 32
WORKERS = max(1, min(4, os.cpu_count() or 1))
"""Threads; each holds a block of its own, and with four of them all stays under 300 MB."""

Progress = Callable[[int, int], None]
"""Called now and then with (sectors done, sectors in all); always from the thread that called us."""

Bytes = NDArray[np.uint8]
Task = TypeVar("Task")
Result = TypeVar("Result")


def batches(rows: int) -> list[tuple[int, int]]:
    """(first, end) of each batch of rows, in order."""
    return [(first, min(first + BATCH_ROWS, rows)) for first in range(0, rows, BATCH_ROWS)]


def in_parallel(work: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
    """The results as they come, few tasks in flight: memory stays constant. The kernels release the GIL."""
    with ThreadPoolExecutor(WORKERS) as pool:
        flying: set[Future[Result]] = set()
        try:
            for task in tasks:
                if len(flying) > WORKERS:
                    done, flying = wait(flying, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
                flying.add(pool.submit(work, task))
            while flying:
                done, flying = wait(flying, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        finally:
            for future in flying:
                future.cancel()


def open_image(image: Path, *, write: bool = False) -> int:
    """A file descriptor.

    Raises:
        DiscWrong: there is no such file, or it cannot be read.
        CannotWrite: it can be read, but not written.
    """
    try:
        return os.open(image, os.O_RDWR if write else os.O_RDONLY)
    except OSError as wrong:
        if write and image.exists():
            raise cannot_write(image, wrong) from wrong
        raise DiscWrong(
            f"{image}: {(wrong.strerror or str(wrong)).lower()}", hint="check the path of the image", path=str(image)
        ) from wrong


def read_sound(file: int, sector: int, line: Bytes, image: Path) -> None:
    """Fill a line with sectors from `sector` on, to be protected as they are; what is past the end is zeroed.

    Raises:
        DiscWrong: a sector cannot be read; parity over zeros in its place would vouch for them.
    """
    view = line.data
    done = 0
    while done < len(view):
        at = sector * SECTOR + done
        try:
            count = os.preadv(file, [view[done:]], at)
        except OSError as wrong:
            raise DiscWrong(
                f"{image}: cannot be read from sector {at // SECTOR:,} on: {(wrong.strerror or str(wrong)).lower()}",
                hint="copy it to a sound disk first, and protect the copy",
                path=str(image),
                sector=at // SECTOR,
            ) from wrong
        if count == 0:
            break
        done += count
    line[done:] = 0


def read_lines(file: int, sector: int, step: int, lines: Bytes) -> list[int]:
    """Fill line i of `lines` with sectors from `sector + i · step` on, in one call.

    Returns:
        Which lines did not come whole, and are for `read_line` or `read_sound` to read again.
    """
    from heliograph.archive.kernels.lines import read_pieces  # here: who asks for the layout alone needs no LLVM

    came = read_pieces(file, sector * SECTOR, step * SECTOR, lines)
    short: list[int] = np.flatnonzero(came != lines.shape[1]).tolist()
    return short


def read_block(file: int, first: int, layer_sectors: int, block: Bytes) -> tuple[NDArray[np.bool_], list[int]]:
    """Fill a block, (layers, rows · 2048), with rows from `first` on; what is not there or cannot be read is zeroed.

    Returns:
        (layers, rows) which sectors are not there; and the numbers of those that cannot be read.
    """
    missing, unread = np.zeros((len(block), block.shape[1] // SECTOR), np.bool_), list[int]()
    for layer in read_lines(file, first, layer_sectors, block):
        there = read_line(file, layer * layer_sectors + first, block[layer], unread)
        missing[layer, there:] = True
    return missing, unread


def read_line(file: int, sector: int, line: Bytes, unread: list[int] | None = None) -> int:
    """Fill a line with sectors from `sector` on; the whole sectors that were there. What was not there is zeroed.

    A read error ends the sector it is in, not the command: it is asked for again sector by sector. What stays
    unreadable is zeroed, and its number appended to `unread`: zeros may be what was there, and may not.
    """
    view = line.data
    done = 0
    while done < len(view):
        try:
            count = os.preadv(file, [view[done:]], sector * SECTOR + done)
        except OSError:
            if len(view) - done <= SECTOR:
                last = (len(view) - 1) // SECTOR
                line[last * SECTOR :] = 0
                if unread is not None:
                    unread.append(sector + last)
                return len(view) // SECTOR
            for at in range(done - done % SECTOR, len(view), SECTOR):
                read_line(file, sector + at // SECTOR, line[at : at + SECTOR], unread)
            return len(view) // SECTOR
        if count == 0:
            break
        done += count
    line[done:] = 0
    return done // SECTOR


def whole_crc_sector(file: int, layout: Layout, row: int) -> Bytes | None:
    """The CRC sector of a row as it stands in the file, (2048,); None when it is not whole."""
    sector = np.zeros(SECTOR, np.uint8)
    read_line(file, layout.crc_start + row, sector)
    return sector if crc_sectors_are_whole(sector[None, :], layout)[0] else None


def write_line(file: int, sector: int, line: Bytes, image: Path) -> None:
    """Write whole sectors.

    Raises:
        CannotWrite: the disk is full, or the like.
    """
    write_lines(file, sector, [line], image)


def write_lines(file: int, sector: int, lines: Sequence[Bytes], image: Path) -> None:
    """Write lines that follow each other, in one call if the system takes them so.

    Raises:
        CannotWrite: the disk is full, or the like.
    """
    at, left = sector * SECTOR, [line.data for line in lines]
    try:
        while left:
            done = os.pwritev(file, left, at)
            at += done
            while left and done >= len(left[0]):
                done -= len(left.pop(0))
            if done:
                left[0] = left[0][done:]
    except OSError as wrong:
        raise cannot_write(image, wrong) from wrong
