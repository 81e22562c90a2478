"""Arithmetic in the field of 256 elements, on sectors and whole discs at a time.

Elements are bytes; adding is XOR; multiplying is modulo x^8 + x^7 + x^2 + x + 1 (0x187), in which x generates the
field. One compiled kernel does all the work: `product`, a matrix times many columns of bytes. Encoding, checking and
repairing are each one such product.

Why bit planes. Multiplying by a constant is linear over bits: bit i of c·v is the XOR of some bits of v. So the kernel
turns every KiB into eight planes (plane j holds bit j of each byte), where one term of the product is a handful of XORs
of whole planes. The sixteen XORs of each four planes are built once per input and shared by all rows of the matrix
(the method of the four Russians), which leaves two XORs per plane and term. It needs no shuffle or field instruction,
so any processor that LLVM vectorises for is fast, and the result never depends on the processor. Where the processor
has a field instruction and the test at first use finds its products right, `affine` takes over, which is faster still.

Source: polynomial and generator from the dvdisaster codec specification, appendix "RS(255,k) encoding parameters";
Arlazarov, Dinic, Kronrod, Faradzhev 1970.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from heliograph.archive.affine import affine_product, bit_matrices, is_supported

__all__ = ["EXP", "LOG", "SLICE", "divide", "invert", "multiply", "power", "product"]

POLYNOMIAL = 0x187
SLICE = 1024
"""Columns are worked on in slices of so many bytes; their number must be a multiple of it."""

_WORDS = 16
"""64-bit words in one bit plane of a slice: 8 planes of 128 bytes."""
_TERMS = 4
"""Inputs folded into an output in one go, so that it is loaded and stored once for all of them."""


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


def multiply(a: Bytes | int, b: Bytes | int) -> Bytes:
    """a·b, element by element."""
    a, b = np.asarray(a, np.uint8), np.asarray(b, np.uint8)
    out: Bytes = np.where((a == 0) | (b == 0), np.uint8(0), EXP[LOG[a] + LOG[b]])
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


def _schedule(matrix: Bytes) -> NDArray[np.uint32]:
    """(groups of four columns, rows·8): which plane sums each output plane takes, a byte per column of the group."""
    rows, columns = matrix.shape
    groups = -(-columns // _TERMS)
    padded = np.zeros((rows, groups * _TERMS), np.uint8)
    padded[:, :columns] = matrix
    bits = _BIT_ROWS[padded].reshape(rows, groups, _TERMS, 8)
    packed = np.ascontiguousarray(bits.transpose(1, 0, 3, 2)).view("<u4")
    return packed.reshape(groups, rows * 8).astype(np.uint32)


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
    constants = _instruction_constants()
    if constants is None:
        _product(_schedule(matrix), terms, columns, out, start, stop)
    else:
        affine_product(constants, matrix, columns, out, start, stop)


@cache
def _instruction_constants() -> NDArray[np.uint64] | None:
    """What the field instruction needs, or None: the processor lacks it, or one of all 65,536 products is wrong."""
    if not is_supported():
        return None
    constants = bit_matrices(_BIT_ROWS)
    every = np.arange(256, dtype=np.uint8)
    tried = np.zeros((256, SLICE), np.uint8)
    affine_product(constants, every[:, None], np.tile(every, SLICE // 256)[None, :], tried, 0, SLICE)
    right = np.tile(multiply(every[:, None], every[None, :]), SLICE // 256)
    return constants if bool((tried == right).all()) else None


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """The address of 64-bit word `index` of an array, as one of sixteen words."""
    data = context.make_array(array_type)(context, builder, array).data
    words = builder.bitcast(data, ir.IntType(64).as_pointer())
    return builder.bitcast(builder.gep(words, [index]), ir.VectorType(ir.IntType(64), _WORDS).as_pointer())


def _load(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    return builder.load(_pointer(context, builder, array_type, array, index), align=8)


@intrinsic
def _fold(typingctx, target, to, sums, a, b, c, d, e, f, g, h):  # type: ignore[no-untyped-def]
    """target[to] ^= sums[a] ^ ... ^ sums[h], sixteen words each, as one vector expression.

    Written in LLVM's own vectors: its loop vectoriser would guard each call against overlap of the nine places.
    """

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        total = _load(context, builder, signature.args[0], arguments[0], arguments[1])
        for index in arguments[3:]:
            total = builder.xor(total, _load(context, builder, signature.args[2], arguments[2], index))
        place = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        builder.store(total, place, align=8)
        return context.get_dummy_value()

    return types.void(target, types.intp, sums, *[types.intp] * 8), generate


@intrinsic
def _xor(typingctx, target, to, a, b):  # type: ignore[no-untyped-def]
    """target[to] = target[a] ^ target[b], sixteen words each."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array, to_, a_, b_ = arguments
        first, second = (_load(context, builder, signature.args[0], array, index) for index in (a_, b_))
        place = _pointer(context, builder, signature.args[0], array, to_)
        builder.store(builder.xor(first, second), place, align=8)
        return context.get_dummy_value()

    return types.void(target, types.intp, types.intp, types.intp), generate


@intrinsic
def _copy(typingctx, target, to, source, at):  # type: ignore[no-untyped-def]
    """target[to] = source[at], sixteen words."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        words = _load(context, builder, signature.args[2], arguments[2], arguments[3])
        place = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        builder.store(words, place, align=8)
        return context.get_dummy_value()

    return types.void(target, types.intp, source, types.intp), generate


@intrinsic
def _planes(typingctx, target, to, source, at):  # type: ignore[no-untyped-def]
    """target[to] = the eight bit planes of the 1024 bytes at source[at]; applied twice it gives the bytes again.

    A transposition of 8 × 8 bits, on sixteen words at once: three rounds of exchanges between word k and word k + 4,
    2, 1 trade the bits of the word's number for the bits of the bit's number within its byte.
    """

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        vector = ir.VectorType(ir.IntType(64), _WORDS)

        def every(value: int) -> ir.Constant:
            return ir.Constant(vector, [value] * _WORDS)

        array, to_, source_, at_ = arguments
        step = ir.Constant(ir.IntType(64), _WORDS)
        words, index = [], at_
        for _ in range(8):
            words.append(_load(context, builder, signature.args[2], source_, index))
            index = builder.add(index, step)
        for distance, mask in ((4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333), (1, 0x5555555555555555)):
            for low in range(8):
                if low & distance:
                    continue
                high = low + distance
                moved = builder.lshr(words[low], every(distance))
                swap = builder.and_(builder.xor(moved, words[high]), every(mask))
                words[high] = builder.xor(words[high], swap)
                words[low] = builder.xor(words[low], builder.shl(swap, every(distance)))
        index = to_
        for word in words:
            builder.store(word, _pointer(context, builder, signature.args[0], array, index), align=8)
            index = builder.add(index, step)
        return context.get_dummy_value()

    return types.void(target, types.intp, source, types.intp), generate


@njit("void(u4[:, ::1], i8, u1[:, ::1], u1[:, ::1], i8, i8)", nogil=True, cache=True)
def _product(schedule, terms, columns, out, start, stop):  # type: ignore[no-untyped-def]
    """The kernel of `product`; all offsets into `sums`, `planes` and `total` count 64-bit words."""
    groups, plane_count = schedule.shape
    rows = plane_count // 8
    sums = np.zeros(_TERMS * 32 * _WORDS, np.uint64)  # of each input: 16 sums of planes 0..3, 16 of planes 4..7
    planes = np.zeros(8 * _WORDS, np.uint64)
    total = np.zeros(plane_count * _WORDS, np.uint64)
    for slice_ in range(start, stop, SLICE):
        total[:] = 0
        for group in range(groups):
            for term in range(_TERMS):
                base = term * 32 * _WORDS
                row = group * _TERMS + term
                if row >= terms:
                    sums[base : base + 32 * _WORDS] = 0
                    continue
                _planes(planes, 0, columns, (row * columns.shape[1] + slice_) // 8)
                for half in range(2):
                    here = base + half * 16 * _WORDS
                    for bit in range(4):
                        _copy(sums, here + (1 << bit) * _WORDS, planes, (half * 4 + bit) * _WORDS)
                        for below in range(1, 1 << bit):
                            _xor(
                                sums,
                                here + ((1 << bit) + below) * _WORDS,
                                here + (1 << bit) * _WORDS,
                                here + below * _WORDS,
                            )
            for plane in range(plane_count):
                bits = np.int64(schedule[group, plane])
                _fold(
                    total,
                    plane * _WORDS,
                    sums,
                    (bits & 15) << 4,
                    (16 << 4) + ((bits >> 4 & 15) << 4),
                    (32 << 4) + ((bits >> 8 & 15) << 4),
                    (48 << 4) + ((bits >> 12 & 15) << 4),
                    (64 << 4) + ((bits >> 16 & 15) << 4),
                    (80 << 4) + ((bits >> 20 & 15) << 4),
                    (96 << 4) + ((bits >> 24 & 15) << 4),
                    (112 << 4) + ((bits >> 28 & 15) << 4),
                )
        for row in range(rows):
            _planes(out, (row * out.shape[1] + slice_) // 8, total, row * 8 * _WORDS)
