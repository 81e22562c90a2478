"""Copying past the page cache, and as usual where that is not to be had."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import threading
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from heliograph.archive.protect import copying
from heliograph.archive.protect.copying import copy_start
from heliograph.errors import CannotWrite, DiscWrong

BLOCK = 1 << 20
LENGTH = 2 * BLOCK + 500_001


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of two whole blocks and a part of one, and 1,000 bytes more; blocks are smaller than they are in use."""
    monkeypatch.setattr(copying, "_STRAIGHT", BLOCK)
    path = tmp_path / "source"
    path.write_bytes(np.random.default_rng(1).bytes(LENGTH + 1000))
    return path


def copied(source: Path) -> tuple[Path, list[int]]:
    """The copy in a file that was longer, and what was told of it."""
    target, told = source.with_name("target"), []
    target.write_bytes(bytes(LENGTH + 500))
    copy_start(source, target, LENGTH, threading.Event(), told.append)
    return target, told


def test_the_start_is_copied_and_nothing_else_is_touched(source: Path):
    """Whole blocks and what is left of them; progress ends at the length."""
    target, told = copied(source)

    assert target.read_bytes() == source.read_bytes()[:LENGTH] + bytes(500)
    assert told == sorted(told)
    assert told[-1] == LENGTH


@pytest.mark.parametrize("refused", ["when it is opened", "when it is written", "half way"])
def test_where_the_direct_way_is_refused_the_usual_one_goes_on(
    source: Path, monkeypatch: pytest.MonkeyPatch, refused: str
):
    """File systems say so at different moments."""
    open_, write, left = os.open, os.pwrite, [1 if refused == "half way" else 0]
    direct: set[int] = set()

    def opening(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & copying._DIRECT and refused == "when it is opened":
            raise OSError(errno.EINVAL, "Invalid argument")
        file = open_(path, flags, mode)
        direct.update({file} if flags & copying._DIRECT else ())
        return file

    def writing(file: int, data: memoryview, at: int) -> int:
        if file in direct:
            if not left[0]:
                direct.discard(file)
                raise OSError(errno.EINVAL, "Invalid argument")
            left[0] -= 1
        return write(file, data, at)

    monkeypatch.setattr(os, "open", opening)
    monkeypatch.setattr(os, "pwrite", writing)
    target, _ = copied(source)

    assert target.read_bytes() == source.read_bytes()[:LENGTH] + bytes(500)


def test_where_blocks_can_be_shared_the_rest_alone_is_copied(source: Path, monkeypatch: pytest.MonkeyPatch):
    """As Btrfs and XFS do: whole blocks of the source, from its start; only what is behind them is written."""
    shared: list[tuple[int, ...]] = []

    def share(file: BinaryIO, request: int, ranges: bytes) -> int:
        from_file, start, length, to = struct.unpack("=qQQQ", ranges)
        shared.append((request, start, length, to))
        os.pwrite(file.fileno(), os.pread(from_file, length, start), to)
        return 0

    def straight(*_: object) -> int:
        raise AssertionError("copied, though shared")

    monkeypatch.setattr(fcntl, "ioctl", share)
    monkeypatch.setattr(copying, "_straight", straight)
    target, told = copied(source)

    assert target.read_bytes() == source.read_bytes()[:LENGTH] + bytes(500)
    assert shared == [(0x4020940D, 0, 2 * BLOCK, 0)]
    assert told == [2 * BLOCK, LENGTH]


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY])
def test_where_blocks_cannot_be_shared_all_is_copied(source: Path, monkeypatch: pytest.MonkeyPatch, code: int):
    """Each system says so in its own way; none is an error."""

    def refuse(file: BinaryIO, request: int, ranges: bytes) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    target, _ = copied(source)

    assert target.read_bytes() == source.read_bytes()[:LENGTH] + bytes(500)


def test_a_source_that_cannot_be_read_is_named(source: Path, monkeypatch: pytest.MonkeyPatch):
    """Neither zeros nor a shorter copy."""

    def unreadable(file: int, buffers: list[memoryview], at: int) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "preadv", unreadable)
    with pytest.raises(DiscWrong, match="source: input/output error"):
        copied(source)


def test_a_source_that_became_shorter_is_named(source: Path):
    """Another program cut it."""
    os.truncate(source, LENGTH - 7)
    with pytest.raises(DiscWrong, match="ends 7 bytes before its length"):
        copied(source)


def test_a_full_disk_is_named(source: Path, monkeypatch: pytest.MonkeyPatch):
    """By the file that could not be written."""

    def full(file: int, data: memoryview, at: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(CannotWrite, match="target: no space left on device"):
        copied(source)


def test_it_stops_when_told(source: Path):
    """Between two blocks."""
    stop, target, told = threading.Event(), source.with_name("target"), []
    target.write_bytes(b"")

    copy_start(source, target, LENGTH, stop, lambda done: (told.append(done), stop.set()))

    assert len(told) == 1
