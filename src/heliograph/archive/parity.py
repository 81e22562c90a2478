"""Parity discs: from n data discs and m parity discs, any m may be lost.

For every byte offset, the bytes of the n data discs are a vector d, and parity disc p holds the sum over the data
discs i of c(p, i) · d[i], in the field of 256 elements with x^8 + x^7 + x^2 + x + 1, where

    c(p, i) = (255 xor i) / ((255 - p) xor i)        p = 0 .. m-1,  i = 0 .. n-1,  n + m <= 255

a Cauchy matrix (every square part of it can be inverted) whose columns are scaled so that the first parity disc is
the plain XOR of all data discs. A coefficient depends on neither n nor m. A disc shorter than the longest counts as
followed by zeros. What is protected is the ISO part of a disc; its RS03 part follows from the ISO and is computed
again. Each byte is read once for all parity discs and for the hashes of all discs.

Sources: Blömer and others 1995 (Cauchy); Plank and Xu 2006 (scaled to ones).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.digest import InTurn
from heliograph.archive.kernels.gf import SLICE, divide, invert, multiply, product
from heliograph.archive.rs03.rows import Progress, in_parallel
from heliograph.archive.texts.undo import explain
from heliograph.errors import DiscsLost, DiscWrong
from heliograph.files import cannot_write, whole_file

__all__ = ["MAX_DISCS", "MAX_PARITY", "Source", "coefficients", "encode", "explain", "rebuild"]

MAX_PARITY = 16
MAX_DISCS = 255

_BUFFER = 16 << 20
"""Bytes each thread works on, over all discs: memory does not grow with the number of discs."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a disc's bytes are, or go: a part of a file, zeros after it."""

    path: Path
    offset: int
    length: int


def coefficients(data: int, parity: int) -> Bytes:
    """(parity, data): c(p, i) of the formula at the top.

    Raises:
        ValueError: more discs than the field has room for.
    """
    if not (data >= 1 and 0 <= parity <= MAX_PARITY and data + parity <= MAX_DISCS):
        raise ValueError(f"{data} data and {parity} parity discs: 1 or more, 0 to {MAX_PARITY}, {MAX_DISCS} together")
    discs = np.arange(data, dtype=np.uint8)[None, :]
    rows = np.arange(parity, dtype=np.uint8)[:, None]
    last = np.uint8(255)
    return divide(last ^ discs, (last - rows) ^ discs)


def encode(
    data_images: Sequence[Path],
    lengths: Sequence[int],
    outs: Sequence[Path | Source],
    progress: Progress | None = None,
) -> tuple[list[str], list[str]]:
    """Write the parity of some data discs.

    Args:
        data_images: one file per data disc, in the order of the set.
        lengths: bytes of each that are protected, from its start (the ISO, without the RS03 part).
        outs: one per parity disc; each gets as many bytes as the longest data disc. A file is there whole or not at
            all; a part of a file, which must be there, is written in its place.
        progress: called with (bytes done, bytes in all) of a parity disc.
    Returns:
        SHA-256 in hex of what is protected of each data disc, and of each parity.
    Raises:
        DiscWrong: a data image is missing or too short.
        CannotWrite: the disk is full, or the like.
    """
    sources = [Source(path, 0, length) for path, length in zip(data_images, lengths, strict=True)]
    width = max(lengths)
    read = [InTurn() for _ in sources]
    made = _combine(coefficients(len(sources), len(outs)), sources, read, list(outs), [width] * len(outs), progress)
    return [each.hexdigest() for each in read], made


def rebuild(
    present: Mapping[int, Source],
    n: int,
    m: int,
    lengths: Sequence[int],
    wanted: Sequence[int],
    outs: Sequence[Path | Source],
    names: Sequence[str] = (),
    progress: Progress | None = None,
) -> list[str]:
    """Write discs of a set again from those that are left.

    Args:
        present: what is left, by number: data discs are 0..n-1, parity discs n..n+m-1. Must hold only sound bytes.
        n, m: data and parity discs of the set.
        lengths: bytes of each data disc.
        wanted: numbers of the discs to write; may be parity discs, too.
        outs: one per wanted disc, as for `encode`.
        names: what the discs are called, for the message; else their numbers.
    Returns:
        SHA-256 in hex of each disc written.
    Raises:
        DiscsLost: more discs are gone than parity discs are left.
        DiscWrong: a source is missing or too short.
        CannotWrite: the disk is full, or the like.
    """
    gone = [disc for disc in range(n) if disc not in present]
    spare = [disc for disc in range(n, n + m) if disc in present]
    if len(gone) > len(spare):
        missing = [disc for disc in range(n + m) if disc not in present]
        named = [names[disc] if disc < len(names) else f"disc {disc + 1}" for disc in missing]
        raise DiscsLost(
            f"{len(named)} of {n + m} discs are gone ({', '.join(named)}); the set replaces {m}",
            hint=f"find {len(gone) - len(spare)} more of the discs named, in any readable state, and try again",
            gone=named,
            parity=m,
        )
    used = spare[: len(gone)]
    kept = [disc for disc in range(n) if disc in present]
    inputs = kept + used
    every = np.concatenate([np.eye(n, dtype=np.uint8), coefficients(n, m)])
    # What is left = every[inputs] · data, hence data = its inverse · what is left, and any disc = its row · data.
    matrix = _times(every[list(wanted)], invert(every[inputs]))
    width = max(lengths)
    sizes = [lengths[disc] if disc < n else width for disc in wanted]
    return _combine(matrix, [present[disc] for disc in inputs], [], list(outs), sizes, progress)


def _times(a: Bytes, b: Bytes) -> Bytes:
    out: Bytes = np.bitwise_xor.reduce(multiply(a[:, :, None], b[None, :, :]), axis=1)
    return out


def _combine(
    matrix: Bytes,
    sources: Sequence[Source],
    read: Sequence[InTurn],
    outs: list[Path | Source],
    sizes: list[int],
    progress: Progress | None,
) -> list[str]:
    """outs[r] = the first sizes[r] bytes of the sum over k of matrix[r, k] · sources[k]; their SHA-256 in hex.

    Args:
        read: told the bytes of each source; none if nobody wants to know.
    """
    if not outs:
        return []
    total = max(sizes)
    step = max(SLICE, _BUFFER // (len(sources) + len(outs)) // SLICE * SLICE)
    made = [InTurn() for _ in outs]
    with ExitStack() as stack:
        inputs = [_open(source, stack) for source in sources]
        targets = [_target(out, size, stack) for out, size in zip(outs, sizes, strict=True)]
        outputs = [_open_out(target.path, stack) for target in targets]
        own = threading.local()

        def work(start: int) -> int:
            if not hasattr(own, "columns"):
                own.columns = np.zeros((len(sources), step), np.uint8)
                own.sums = np.zeros((len(outs), step), np.uint8)
            for line, file, source in zip(own.columns, inputs, sources, strict=True):
                _fill(line, file, source, start)
            size = min(step, total - start)
            product(matrix, own.columns, own.sums, stop=-(-size // SLICE) * SLICE)
            for line, file, target in zip(own.sums, outputs, targets, strict=True):
                _put(_part(line, target.length, start), file, target.offset + start, target.path)
            for lines, parts, digests in ((own.columns, sources, read), (own.sums, targets, made)):
                for line, part, digest in zip(lines, parts, digests, strict=False):
                    if part.length > start:
                        digest.update(start, _part(line, part.length, start).data)
            return size

        def work_or_stop(start: int) -> int:
            try:
                return work(start)
            except BaseException:
                for digest in (*read, *made):
                    digest.stop()
                raise

        done = 0
        for size in in_parallel(work_or_stop, range(0, total, step)):
            done += size
            if progress is not None:
                progress(done, total)
    return [each.hexdigest() for each in made]


def _target(out: Path | Source, size: int, stack: ExitStack) -> Source:
    if isinstance(out, Source):
        return out
    aside = stack.enter_context(whole_file(out))
    aside.write_bytes(b"")  # a killed command may have left a longer one
    return Source(aside, 0, size)


def _open(source: Source, stack: ExitStack) -> int:
    try:
        file = os.open(source.path, os.O_RDONLY)
        stack.callback(os.close, file)
        size = os.fstat(file).st_size
    except OSError as wrong:
        raise DiscWrong(
            f"{source.path}: {(wrong.strerror or str(wrong)).lower()}", hint="check the path of the image"
        ) from wrong
    if size < source.offset + source.length:
        raise DiscWrong(
            f"{source.path}: {size} bytes, expected at least {source.offset + source.length}",
            hint="repair this image first: `heliograph archive repair`",
            path=str(source.path),
        )
    return file


def _open_out(path: Path, stack: ExitStack) -> int:
    file = os.open(path, os.O_WRONLY)
    stack.callback(os.close, file)
    return file


def _fill(line: Bytes, file: int, source: Source, start: int) -> None:
    """The bytes of a source from `start` on; zeros past its end."""
    size = max(0, min(line.size, source.length - start))
    view, done = line.data, 0
    while done < size:
        count = os.preadv(file, [view[done:size]], source.offset + start + done)
        if count == 0:
            raise DiscWrong(f"{source.path}: became shorter while it was read", hint="try again", path=str(source.path))
        done += count
    line[size:] = 0


def _part(line: Bytes, length: int, start: int) -> Bytes:
    """The bytes of a line that begins at `start` which belong to a disc of this length."""
    return line[: max(0, min(line.size, length - start))]


def _put(line: Bytes, file: int, start: int, out: Path) -> None:
    view, done = line.data, 0
    try:
        while done < len(view):
            done += os.pwrite(file, view[done:], start + done)
    except OSError as wrong:
        raise cannot_write(out, wrong) from wrong
