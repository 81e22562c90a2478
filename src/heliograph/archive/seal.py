"""Seal files onto a set of protected disc images: plan, copy and hash in one pass, protect, and only then give names.

    plan ──► file systems ──► data copied, hashed ──► manifests, index ──► parity discs ──► RS03 ──► fsync, rename

Until the last step every image is called NAME.iso.partial, so a kill at any moment leaves whole images or partial ones,
never a broken image under a good name. The same command goes on from there: same files, same set id, same bytes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from heliograph.archive.index import File, Index, image_name
from heliograph.archive.medium import MEDIA, Medium
from heliograph.archive.pack import Source, gather
from heliograph.archive.plan import (
    DiscPlan,
    ImageNote,
    SetPlan,
    Wishes,
    data_payload,
    parity_path,
    plan_set,
    tag_files,
)
from heliograph.errors import CannotWrite, UsageWrong
from heliograph.files import PARTIAL, cannot_write, whole_file

__all__ = ["DiscSet", "Progress", "SealedDisc", "fill_parity", "seal"]

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many bytes of it are done, and of how many."""

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class SealedDisc:
    """One image on its way to a burner or a shelf."""

    name: str
    kind: str
    path: Path
    iso_bytes: int
    image_bytes: int


@dataclass(frozen=True, slots=True)
class DiscSet:
    """A sealed set."""

    index: Index
    discs: tuple[SealedDisc, ...]
    catalog: Path
    left_behind: tuple[Path, ...]
    """Partial images that an interrupted seal had left in the directory; those of this set have been replaced."""
    split_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds spent on each part."""

    @property
    def set_id(self) -> str:
        """The name of the set."""
        return self.index.set_id

    @property
    def bytes(self) -> int:
        """Bytes of all images."""
        return sum(disc.image_bytes for disc in self.discs)


def seal(
    paths: Sequence[Path | Source],
    out_dir: Path,
    *,
    date: datetime,
    medium: Medium = MEDIA["bd-25"],
    parity: int = 0,
    redundancy: float = 0.15,
    title: str = "",
    keys: Mapping[str, Mapping[str, tuple[str, str]]] | None = None,
    extra: Mapping[str, str] | None = None,
    about: str = "",
    keep_times: bool = True,
    catalog: Path | None = None,
    progress: Progress | None = None,
) -> DiscSet:
    """Write `paths` to as many images of `medium` as they need, and `parity` more that replace any lost ones.

    Args:
        paths: files and folders, named in the set by their last component; or sources with a name of their own.
        date: stamped on everything; with it, the same files give the same bytes. With a time zone.
        redundancy: Reed-Solomon parity inside each image, per byte of data.
        keys: first and last value of key columns, by file name and column, for the index.
        extra: anything more the index shall say about the set.
        about: a few lines for README.txt, e.g. where the tables are described.
        keep_times: note each file's modification time in the index (then another time gives other bytes).
        catalog: SQLite catalog to enter the set in; `catalog.sqlite` in `out_dir` if not given.
    Raises:
        NotFound: a path cannot be read. UsageWrong: it is not a file or folder.
        DoesNotFit: a disc of this medium has no room beside its own overhead.
        CannotWrite: full disk, read-only directory, or an image of that name with other contents is there.
    """
    from heliograph.archive.catalog import default_catalog, enter

    watch = _Watch(progress)
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    wishes = Wishes(
        medium, " ".join(title.split()) or "Files", date, parity, redundancy, keys, extra, about, keep_times
    )
    explained = ""
    if parity:
        from heliograph.archive.parity import explain

        explained = explain()
    _refuse_own_output(paths, out_dir)
    plan = plan_set(gather(paths), wishes, explained)
    left_behind = tuple(sorted(out_dir.glob(f"*.iso{PARTIAL}*"))) if out_dir.is_dir() else ()
    _check_room(plan, out_dir)
    for path in left_behind:
        if path.name.startswith(plan.index.set_id):
            path.unlink(missing_ok=True)
    watch.lap("plan")
    names = [out_dir / image_name(plan.index.set_id, drawn.disc.name) for drawn in plan.discs]
    with ExitStack() as stack:
        aside = [stack.enter_context(whole_file(name)) for name in names]
        index = _fill(plan, aside, watch)
        sizes = [_protect(image, redundancy, watch, name.name) for name, image in zip(names, aside, strict=True)]
        watch.lap("protect")
        for path, done in zip(names, aside, strict=True):
            _refuse_another(path, done)
    watch.lap("fsync")
    discs = tuple(
        SealedDisc(drawn.disc.name, drawn.disc.kind, path, drawn.layout.bytes, size)
        for drawn, path, size in zip(plan.discs, names, sizes, strict=True)
    )
    catalog = catalog or default_catalog(out_dir)
    enter(catalog, index, {disc.name: (disc.path, disc.image_bytes) for disc in discs})
    watch.lap("catalog")
    return DiscSet(index, discs, catalog, left_behind, watch.split_s)


def _fill(plan: SetPlan, aside: Sequence[Path], watch: _Watch) -> Index:
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
        for number in range(len(plan.data)):
            disc = plan.discs[number].disc
            tags = tag_files(index, disc, plan.explained, payload=data_payload(index, disc))
            _write_tags(plan.discs[number], tags, images[number])
        watch.lap("copy and hash")
        if plan.parity:
            notes = _note_images(plan, aside)
            _write_parity(plan, aside, images, index, notes, watch)
            watch.lap("parity discs")
    return index


@dataclass(frozen=True, slots=True)
class _Run:
    """Where a run of a file's bytes goes: which open image, at which byte, how many."""

    image: int
    at: int
    bytes: int


def _copy(plan: SetPlan, images: Sequence[int], watch: _Watch) -> Index:
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
        jobs = [pool.submit(_copy_file, sources[file.path], runs[file.path], watch, total) for file in plan.index.files]
        try:
            hashed = [_with_hashes(file, *job.result()) for file, job in zip(plan.index.files, jobs, strict=True)]
        except BaseException:
            # Ctrl-C, a full disk: the other copies are in vain, and must not keep the command waiting.
            watch.stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return msgspec.structs.replace(plan.index, files=tuple(hashed))


def _copy_file(source: Source, runs: Sequence[_Run], watch: _Watch, total: int) -> tuple[str, list[str]]:
    """SHA-256 of the whole file and of each run."""
    whole, parts = hashlib.sha256(), []
    buffer = memoryview(bytearray(min(_CHUNK, max(source.bytes, 1))))
    try:
        file = source.path.open("rb", buffering=0)
    except OSError as wrong:
        raise _unreadable(source, (wrong.strerror or str(wrong)).lower()) from None
    with file:
        for run in runs:
            part = hashlib.sha256() if len(runs) > 1 else whole
            at, left = run.at, run.bytes
            while left:
                try:
                    count = file.readinto(buffer[: min(left, len(buffer))]) or 0
                except OSError as wrong:
                    raise _unreadable(source, (wrong.strerror or str(wrong)).lower()) from None
                if not count:
                    raise _unreadable(source, "became shorter while it was being sealed")
                chunk = buffer[:count]
                _write(run.image, chunk, at)
                part.update(chunk)
                if part is not whole:
                    whole.update(chunk)
                at, left = at + count, left - count
                watch.add("copy and hash", count, total)
                if watch.stop.is_set():
                    return "", []
            parts.append(part.hexdigest())
        if file.read(1):
            raise _unreadable(source, "became longer while it was being sealed")
    return whole.hexdigest(), parts


def _with_hashes(file: File, whole: str, parts: list[str]) -> File:
    pieces = tuple(msgspec.structs.replace(piece, sha256=part) for piece, part in zip(file.pieces, parts, strict=True))
    return msgspec.structs.replace(file, sha256=whole, pieces=pieces)


def _write_tags(drawn: DiscPlan, tags: Mapping[str, bytes], image: int) -> None:
    for name, content in tags.items():
        _write(image, memoryview(content), drawn.layout.offsets[name])


def _note_images(plan: SetPlan, aside: Sequence[Path]) -> list[ImageNote]:
    def note(drawn: DiscPlan, path: Path) -> ImageNote:
        with path.open("rb") as image:
            return ImageNote(drawn.disc.name, drawn.layout.bytes, hashlib.file_digest(image, "sha256").hexdigest())

    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        return list(pool.map(note, plan.data, aside))


def _write_parity(
    plan: SetPlan, aside: Sequence[Path], images: Sequence[int], index: Index, notes: Sequence[ImageNote], watch: _Watch
) -> None:
    """Compute the parity discs over the ISO images of the data discs (not over their RS03 layers)."""
    from heliograph.archive.parity import encode

    count = len(plan.data)
    numbers = [path.with_name(f"{path.name}.numbers") for path in aside[count:]]
    try:
        encode(aside[:count], [drawn.layout.bytes for drawn in plan.data], numbers)
        for drawn, path, image in zip(plan.parity, numbers, images[count:], strict=True):
            fill_parity(drawn, image, path, index, notes, plan.explained)
            path.unlink()
    finally:
        for path in numbers:
            path.unlink(missing_ok=True)


def fill_parity(
    drawn: DiscPlan, image: int, numbers: Path, index: Index, notes: Sequence[ImageNote], explained: str
) -> None:
    """Write the numbers and the tag files into the open image of a parity disc, whose file system is there already."""
    source = Source(parity_path(drawn.disc), numbers, drawn.parity_bytes)
    sha256, _ = _copy_file(source, [_Run(image, drawn.layout.offsets[source.name], source.bytes)], _Watch(None), 0)
    payload = [(source.name, source.bytes, sha256)]
    tags = tag_files(index, drawn.disc, explained, payload=payload, notes=notes)
    _write_tags(drawn, tags, image)


def _protect(image: Path, redundancy: float, watch: _Watch, name: str) -> int:
    from heliograph.archive.rs03 import protect

    protect(image, redundancy=redundancy, progress=lambda done, total: watch.tell(f"protect {name}", done, total))
    return image.stat().st_size


def _refuse_own_output(paths: Sequence[Path | Source], out_dir: Path) -> None:
    """Images written into the folder that is sealed would be sealed in turn the next time."""
    for path in paths:
        if isinstance(path, Path) and path.is_dir() and out_dir.resolve().is_relative_to(path.resolve()):
            raise UsageWrong(
                f"{out_dir}: the images would stand inside {path}, which is to be sealed",
                hint="choose a folder outside of it (--out)",
            )


def _check_room(plan: SetPlan, out_dir: Path) -> None:
    """Refuse before the work what would only fail after it.

    Raises:
        CannotWrite: too little room, no directory, or another image in the way.
    """
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(out_dir).free
    except OSError as wrong:
        raise cannot_write(out_dir, wrong) from None
    needed = sum(int(drawn.layout.bytes * (1 + plan.index.redundancy)) + drawn.parity_bytes for drawn in plan.discs)
    if needed > free:
        raise CannotWrite(
            f"{out_dir}: the set needs {needed:,} bytes, {free:,} are free",
            hint="make room or choose another directory (--out); nothing was written",
            path=str(out_dir),
        )


def _refuse_another(path: Path, done: Path) -> None:
    """Let an identical image stand in the way, and no other: it may be the only copy of something."""
    if path.exists() and not _same(path, done):
        raise CannotWrite(
            f"{path}: an image of this name is there already, with other contents",
            hint="it may be damaged (try `heliograph archive verify`); move it away, then run the same command again",
            path=str(path),
        )


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as first, other.open("rb") as second:
        while chunk := first.read(_CHUNK):
            if chunk != second.read(_CHUNK):
                return False
    return True


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


class _Watch:
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
