"""Fill the images of a set: file systems, then each file read once, hashed and written to its place, then the tags."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from heliograph.archive.digest import hashing
from heliograph.archive.seal.beside import INDEX
from heliograph.archive.seal.pack import Source
from heliograph.archive.seal.plan import DiscPlan, SetPlan
from heliograph.archive.seal.tags import ImageNote, data_payload, parity_path, tag_files
from heliograph.archive.texts.index import File, Index, encode
from heliograph.errors import CannotWrite

__all__ = ["Progress", "Watch", "fill", "write_parity_tags"]

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""

_CHUNK: Final = 1 << 20
_HANDFUL: Final = 100
"""Files that one thread copies in one go, at most."""


def fill(plan: SetPlan, aside: Sequence[Path], watch: Watch) -> Index:
    """Write everything but the RS03 layers; give the index with its hashes."""
    with ExitStack() as stack:
        images = []
        for drawn, path in zip(plan.discs, aside, strict=True):
            image = stack.enter_context(path.open("w+b"))
            drawn.layout.write(image)
            image.flush()
            images.append(image.fileno())
        watch.lap("file systems")
        index = _copy(plan, images, watch)
        shared = plan.beside.files()
        index = plan.beside.noted(index, shared)
        shared = {INDEX: encode(index), **shared, **plan.beside.signed(index)}
        for number in range(len(plan.data)):
            disc = plan.discs[number].disc
            tags = tag_files(index, disc, plan.explained, payload=data_payload(index, disc), shared=shared)
            _write_tags(plan.discs[number], tags | plan.beside.signed_disc(index, disc, tags), images[number])
        watch.lap("copy and hash")
        if plan.parity:
            _write_parity(plan, aside, images, index, shared, watch)
            watch.lap("parity discs")
    return index


@dataclass(frozen=True, slots=True)
class _Run:
    """Where a run of a file's bytes goes: which open image, at which byte, how many."""

    image: int
    at: int
    bytes: int


def _copy(plan: SetPlan, images: Sequence[int], watch: Watch) -> Index:
    """Copy every file to its place(s), hashing on the way; a few files at a time."""
    runs: dict[str, list[_Run]] = {}
    sources: dict[str, Source] = {}
    # Pieces of one file stand on discs in their order, so its runs come out in order, too.
    for drawn, image in zip(plan.data, images, strict=False):
        for placed in drawn.placed:
            sources[placed.source.name] = placed.source
            run = _Run(image, drawn.layout.offsets[placed.path], placed.bytes)
            runs.setdefault(placed.source.name, []).append(run)
    total = plan.index.bytes
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        works = [(sources[file.path], runs[file.path]) for file in plan.index.files]
        jobs = [pool.submit(_copy_files, some, watch, total) for some in _by_handfuls(works)]
        try:
            hashes = [each for job in jobs for each in job.result()]
            hashed = [_with_hashes(file, *each) for file, each in zip(plan.index.files, hashes, strict=True)]
        except BaseException:
            # Ctrl-C, a full disk: the other copies are in vain, and must not keep the command waiting.
            watch.stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return msgspec.structs.replace(plan.index, files=tuple(hashed))


_Work = tuple[Source, Sequence[_Run]]


def _by_handfuls(works: Sequence[_Work]) -> Iterator[list[_Work]]:
    """The works in their order, small ones together: handing a thread a task costs more than copying a small file."""
    some: list[_Work] = []
    size = 0
    for work in works:
        if some and (size + work[0].bytes > _CHUNK or len(some) >= _HANDFUL):
            yield some
            some, size = [], 0
        some.append(work)
        size += work[0].bytes
    if some:
        yield some


def _copy_files(works: Sequence[_Work], watch: Watch, total: int) -> list[tuple[str, list[str]]]:
    return [_copy_file(source, runs, watch, total) for source, runs in works]


def _copy_file(source: Source, runs: Sequence[_Run], watch: Watch, total: int) -> tuple[str, list[str]]:
    """SHA-256 of the whole file and of each run."""
    whole = hashlib.sha256()
    parts = [hashlib.sha256() for _ in runs] if len(runs) > 1 else [whole]
    # Two, as the one before may still be hashed.
    buffers = [memoryview(bytearray(min(_CHUNK, max(source.bytes, 1)))) for _ in range(2)]
    try:
        file = source.open()
    except OSError as wrong:
        raise _unreadable(source, (wrong.strerror or str(wrong)).lower()) from None
    with file, hashing(source.bytes) as update:
        for run, part in zip(runs, parts, strict=True):
            at, left = run.at, run.bytes
            while left:
                buffers.reverse()
                try:
                    count = file.readinto(buffers[0][:left]) or 0
                except OSError as wrong:
                    raise _unreadable(source, (wrong.strerror or str(wrong)).lower()) from None
                if not count:
                    raise _unreadable(source, "became shorter while it was being sealed")
                chunk = buffers[0][:count]
                update(chunk, *{part, whole})
                _write(run.image, chunk, at)
                at, left = at + count, left - count
                watch.add("copy and hash", count, total)
                if watch.stop.is_set():
                    return "", []
        if file.read(1):
            raise _unreadable(source, "became longer while it was being sealed")
    return whole.hexdigest(), [part.hexdigest() for part in parts]


def _with_hashes(file: File, whole: str, parts: list[str]) -> File:
    pieces = tuple(msgspec.structs.replace(piece, sha256=part) for piece, part in zip(file.pieces, parts, strict=True))
    return msgspec.structs.replace(file, sha256=whole, pieces=pieces)


def _write_tags(drawn: DiscPlan, tags: Mapping[str, bytes], image: int) -> None:
    for name, content in tags.items():
        _write(image, memoryview(content), drawn.layout.offsets[name])


def _write_parity(
    plan: SetPlan,
    aside: Sequence[Path],
    images: Sequence[int],
    index: Index,
    shared: Mapping[str, bytes],
    watch: Watch,
) -> None:
    """Fill the parity discs: from the ISO images of the data discs (not their RS03 layers), in one pass over them."""
    from heliograph.archive.parity import Source as Part
    from heliograph.archive.parity import encode

    count = len(plan.data)
    outs = [
        Part(path, drawn.layout.offsets[parity_path(drawn.disc)], drawn.parity_bytes)
        for drawn, path in zip(plan.parity, aside[count:], strict=True)
    ]
    lengths = [drawn.layout.bytes for drawn in plan.data]
    hashes, numbers = encode(aside[:count], lengths, outs, lambda done, total: watch.tell("parity discs", done, total))
    notes = [
        ImageNote(drawn.disc.name, length, sha256)
        for drawn, length, sha256 in zip(plan.data, lengths, hashes, strict=True)
    ]
    for drawn, image, sha256 in zip(plan.parity, images[count:], numbers, strict=True):
        write_parity_tags(drawn, image, sha256, index, notes, plan.explained, shared)


def write_parity_tags(
    drawn: DiscPlan,
    image: int,
    sha256: str,
    index: Index,
    notes: Sequence[ImageNote],
    explained: str,
    shared: Mapping[str, bytes],
) -> None:
    """Write the tag files into the open image of a parity disc, whose numbers have this SHA-256."""
    payload = [(parity_path(drawn.disc), drawn.parity_bytes, sha256)]
    tags = tag_files(index, drawn.disc, explained, payload=payload, notes=notes, shared=shared)
    _write_tags(drawn, tags, image)


def _write(image: int, data: memoryview, at: int) -> None:
    while data:
        written = os.pwrite(image, data, at)
        data, at = data[written:], at + written


def _unreadable(source: Source, why: str) -> CannotWrite:
    return CannotWrite(
        f"{source.path}: {why}",
        hint="no image was written; mend that and run the same command again",
        path=str(source.path),
    )


class Watch:
    """Tells the caller how far it is, and keeps the time of each part."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._done: dict[str, int] = {}
        self.stop = threading.Event()
        self._since = time.perf_counter()
        self.split_s: dict[str, float] = {}

    def add(self, part: str, count: int, total: int) -> None:
        """`count` more bytes of `part` are done."""
        if self._progress is not None:
            with self._lock:
                self._done[part] = done = self._done.get(part, 0) + count
                self._progress(part, done, total)

    def tell(self, part: str, done: int, total: int) -> None:
        """`done` of `part` is done."""
        if self._progress is not None:
            self._progress(part, done, total)

    def lap(self, part: str) -> None:
        """`part` is over."""
        now = time.perf_counter()
        self.split_s[part] = self.split_s.get(part, 0.0) + now - self._since
        self._since = now
