"""Many lines in one call: read by a kernel, written by a thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rs03_discs import SECTOR

from heliograph.archive.kernels.lines import read_pieces
from heliograph.archive.rs03 import writer
from heliograph.archive.rs03.writer import LineWriter
from heliograph.errors import CannotWrite


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    """Twenty bytes, each its own place."""
    path = tmp_path / "file"
    path.write_bytes(bytes(range(20)))
    opened = os.open(path, os.O_RDWR)
    yield opened
    os.close(opened)


def test_pieces_come_from_their_places_and_the_end_is_told(file: int):
    """Lines of an array that has more columns; the last but one is cut off by the end, the last is past it."""
    block = np.full((4, 6), 99, np.uint8)

    came = read_pieces(file, 1, 6, block[:, :4])

    assert came.tolist() == [4, 4, 4, 1]
    assert block[:3].tolist() == [[k, k + 1, k + 2, k + 3, 99, 99] for k in (1, 7, 13)]
    assert block[3].tolist() == [19, 99, 99, 99, 99, 99]
    assert read_pieces(file, 20, 1, block[:1]).tolist() == [0]
    assert read_pieces(file, 0, 1, block[:0]).tolist() == []


def test_what_cannot_be_read_is_told(tmp_path: Path):
    """A folder is open, and gives no bytes."""
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        assert read_pieces(folder, 0, 1, np.zeros((2, 3), np.uint8)).tolist() == [-1, -1]
    finally:
        os.close(folder)


def test_places_past_four_gigabytes_are_reached(tmp_path: Path):
    path = tmp_path / "sparse"
    with path.open("wb") as out:
        out.seek(9 << 30)
        out.write(b"far")
    far = os.open(path, os.O_RDONLY)
    line = np.zeros((1, 3), np.uint8)
    try:
        assert read_pieces(far, 9 << 30, 0, line).tolist() == [3]
    finally:
        os.close(far)
    assert line.tobytes() == b"far"


def test_lines_of_columns_are_refused(file: int):
    with pytest.raises(ValueError, match="strides"):
        read_pieces(file, 0, 1, np.zeros((4, 4), np.uint8).T)


def test_lines_are_written_where_they_belong_in_as_few_calls_as_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Those that wait behind another come together, whoever brought them, in whatever order."""
    path, calls, held = tmp_path / "image", [], threading.Event()
    real = os.pwritev

    def slow(file: int, lines: list[memoryview], at: int) -> int:
        held.wait(10)
        calls.append((at // SECTOR, len(lines)))
        return real(file, [lines[0][:1000]] if len(calls) == 2 else lines, at)  # once, only a part

    monkeypatch.setattr(os, "pwritev", slow)
    sectors = np.random.default_rng(1).integers(0, 256, (9, SECTOR), np.uint8)
    room = os.open(path, os.O_RDWR | os.O_CREAT)
    with LineWriter(room, path) as lines:
        lines.put([0], sectors[:1])
        while lines._waiting:
            pass
        lines.put([6, 3], sectors[[6, 3]])
        lines.put([4, 7, 2], sectors[[4, 7, 2]])
        held.set()
    os.close(room)

    written = np.frombuffer(path.read_bytes(), np.uint8).reshape(-1, SECTOR)
    kept = [0, 2, 3, 4, 6, 7]
    assert (written[kept] == sectors[kept]).all()
    assert not written[[1, 5]].any()
    assert calls == [(0, 1), (2, 3), (2, 3), (6, 2)]


def test_whoever_brings_too_much_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Memory stays bounded, however slow the disk."""
    path, held, most = tmp_path / "image", threading.Event(), []
    real = os.pwritev

    def slow(file: int, lines: list[memoryview], at: int) -> int:
        held.wait(10)
        most.append(writing._bytes)
        return real(file, lines, at)

    monkeypatch.setattr(os, "pwritev", slow)
    monkeypatch.setattr(writer, "_MOST", 3 * SECTOR)
    threading.Timer(0.2, held.set).start()
    room = os.open(path, os.O_RDWR | os.O_CREAT)
    with LineWriter(room, path) as writing:
        for number in range(12):
            writing.put([number], np.full((1, SECTOR), number, np.uint8))
    os.close(room)

    assert path.read_bytes() == b"".join(bytes([number]) * SECTOR for number in range(12))
    assert max(most) == 3 * SECTOR


def test_a_full_disk_is_told_to_whoever_comes_next_or_at_the_end():
    """`/dev/full` takes nothing; nobody waits for ever."""
    full = os.open("/dev/full", os.O_WRONLY)
    line = np.zeros((1, SECTOR), np.uint8)
    try:
        with pytest.raises(CannotWrite, match="no space left"), LineWriter(full, Path("/dev/full")) as lines:
            lines.put([0], line)
        with pytest.raises(CannotWrite, match="no space left"), LineWriter(full, Path("/dev/full")) as lines:
            for number in range(100_000):
                lines.put([number], line)
    finally:
        os.close(full)


def test_whatever_stops_the_writer_nobody_waits_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Also what is no error of the system."""

    def broken(file: int, lines: list[memoryview], at: int) -> int:
        raise MemoryError

    monkeypatch.setattr(os, "pwritev", broken)
    monkeypatch.setattr(writer, "_MOST", SECTOR)
    room = os.open(tmp_path / "image", os.O_RDWR | os.O_CREAT)
    line = np.zeros((1, SECTOR), np.uint8)
    with pytest.raises(MemoryError), LineWriter(room, tmp_path / "image") as lines:
        for number in range(100_000):
            lines.put([number], line)
    os.close(room)


def test_after_a_failure_of_another_nothing_more_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What is left is dropped, and the failure told as it was."""
    held, calls = threading.Event(), []

    def slow(file: int, lines: list[memoryview], at: int) -> int:
        held.wait(10)
        calls.append(at)
        return sum(map(len, lines))

    monkeypatch.setattr(os, "pwritev", slow)
    path = tmp_path / "image"
    room = os.open(path, os.O_RDWR | os.O_CREAT)
    with pytest.raises(KeyError), LineWriter(room, path) as lines:
        lines.put([0], np.zeros((1, SECTOR), np.uint8))
        while lines._waiting:
            pass
        lines.put([5], np.zeros((1, SECTOR), np.uint8))
        threading.Timer(0.1, held.set).start()
        raise KeyError
    os.close(room)

    assert calls == [0]
