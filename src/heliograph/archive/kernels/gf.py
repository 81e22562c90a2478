"""Arithmetic in the field of 256 elements, on sectors and whole discs at a time.

Elements are bytes; adding is XOR; multiplying is modulo x^8 + x^7 + x^2 + x + 1 (0x187), in which x generates the
field. One operation does all the work: `product`, a matrix times many columns of bytes. Encoding, checking and
repairing are each one such product.

Its kernels, the fastest first: `affine`, where the processor has a field instruction; `planes`, for any processor; and
tables in NumPy. A kernel is used when all 65,536 products came out right at its first use, so the result never depends
on the processor.

Source: polynomial and generator from the dvdisaster codec specification, appendix "RS(255,k) encoding parameters".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.kernels.machine import once

__all__ = ["EXP", "LOG", "SLICE", "TIMES", "divide", "invert", "multiply", "power", "product"]

POLYNOMIAL = 0x187
SLICE = 1024
"""Columns are worked on in slices of so many bytes; their number must be a multiple of it."""


def _powers() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """x to each power 0..509 (twice round, so that sums of two logarithms need no modulo), and the logarithms."""
    exp = np.zeros(510, np.uint8)
    log = np.zeros(256, np.int64)
    value = 1
    for power_of_x in range(255):
        exp[power_of_x] = exp[power_of_x + 255] = value
        log[value] = power_of_x
        value = value << 1 ^ (POLYNOMIAL if value & 0x80 else 0)
    return exp, log


EXP, LOG = _powers()
"""EXP[i] is x^i for i in 0..509; LOG[v] is the i in 0..254 with x^i = v (LOG[0] means nothing)."""

Bytes = NDArray[np.uint8]


_PRODUCTS = EXP[LOG[:, None] + LOG[None, :]]
"""All products of two elements."""
_PRODUCTS[0, :] = _PRODUCTS[:, 0] = 0
TIMES = [row.tobytes() for row in _PRODUCTS]
"""TIMES[c][v] is c·v: for a few numbers plain Python is faster than arrays, and `bytes.translate` takes a row."""


def multiply(a: Bytes | int, b: Bytes | int) -> Bytes:
    """a·b, element by element."""
    out: Bytes = _PRODUCTS[a, b]
    return out


def divide(a: Bytes | int, b: Bytes | int) -> Bytes:
    """a/b, element by element.

    Raises:
        ZeroDivisionError: an element of b is 0.
    """
    a, b = np.asarray(a, np.uint8), np.asarray(b, np.uint8)
    if not b.all():
        raise ZeroDivisionError("0 has no inverse in a field")
    out: Bytes = np.where(a == 0, np.uint8(0), EXP[LOG[a] - LOG[b] + 255])
    return out


def power(exponent: NDArray[np.int64] | np.int64 | int) -> Bytes:
    """x to any whole power, negative ones too."""
    out: Bytes = EXP[np.asarray(exponent) % 255]
    return out


def invert(matrix: Bytes) -> Bytes:
    """The inverse of a square matrix, by Gauss and Jordan.

    Raises:
        ZeroDivisionError: the matrix has no inverse.
    """
    size = len(matrix)
    work = np.concatenate([matrix, np.eye(size, dtype=np.uint8)], axis=1)
    for at in range(size):
        rows = np.flatnonzero(work[at:, at])
        if not rows.size:
            raise ZeroDivisionError("the matrix has no inverse")
        pivot = at + int(rows[0])
        work[[at, pivot]] = work[[pivot, at]]
        work[at] = divide(work[at], work[at, at])
        others = work[:, at].copy()
        others[at] = 0
        work ^= multiply(others[:, None], work[at][None, :])
    return work[:, size:].copy()


_BIT_ROWS = np.zeros((256, 8), np.uint8)
"""_BIT_ROWS[c, i] has bit j set when bit j of v adds to bit i of c·v."""
for _j in range(8):
    _column = multiply(np.arange(256, dtype=np.uint8), 1 << _j)
    for _i in range(8):
        _BIT_ROWS[:, _i] |= (_column >> _i & 1) << _j


def product(matrix: Bytes, columns: Bytes, out: Bytes, *, start: int = 0, stop: int | None = None) -> None:
    """out[:, start:stop] = matrix · columns[:, start:stop], in the field; releases the GIL.

    Args:
        matrix: (r, k).
        columns: (k or more, n) bytes; rows past k are not touched.
        out: (r or more, n) bytes, overwritten; may not share memory with `columns`.
        start, stop: bytes of each row; `stop - start` is a multiple of `SLICE`.
    """
    stop = columns.shape[1] if stop is None else stop
    rows, terms = matrix.shape
    if (
        (stop - start) % SLICE
        or (columns.shape[1] | out.shape[1] | start) % 8
        or columns.shape[0] < terms
        or out.shape[0] < rows
    ):
        raise ValueError(f"product of {matrix.shape} and {columns.shape} into {out.shape}, bytes {start}..{stop}")
    if not rows or not terms:
        out[:rows, start:stop] = 0
        return
    _kernel()(matrix, columns, out, start, stop)


Product = Callable[[Bytes, Bytes, Bytes, int, int], None]


def _choose() -> Product:
    """The fastest kernel that is right."""
    for kernel in _kernels().values():
        if _is_right(kernel):
            return kernel
    return _by_tables


_kernel = once(_choose)


def _kernels() -> dict[str, Product]:
    """What this processor can run, by name, the fastest first."""
    from heliograph.archive.kernels.affine import affine_product, bit_matrices, is_supported
    from heliograph.archive.kernels.planes import plane_product

    kernels: dict[str, Product] = {}
    if is_supported():
        kernels["affine"] = partial(affine_product, bit_matrices(_BIT_ROWS))
    kernels["planes"] = partial(plane_product, _BIT_ROWS)
    return kernels


def _is_right(kernel: Product) -> bool:
    """Whether all 65,536 products of two elements are what the tables say."""
    every = np.arange(256, dtype=np.uint8)
    columns = np.tile(every, SLICE // 256)[None, :]
    tried = np.zeros((256, SLICE), np.uint8)
    kernel(every[:, None], columns, tried, 0, SLICE)
    return bool((tried == multiply(every[:, None], columns)).all())


def _by_tables(matrix: Bytes, columns: Bytes, out: Bytes, start: int, stop: int) -> None:
    """The product one term at a time."""
    out[: len(matrix), start:stop] = 0
    for term in range(matrix.shape[1]):
        table = multiply(matrix[:, term][:, None], np.arange(256, dtype=np.uint8)[None, :])
        out[: len(matrix), start:stop] ^= table[:, columns[term, start:stop]]
