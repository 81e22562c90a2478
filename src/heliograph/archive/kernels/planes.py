"""The product of `gf` on bit planes: for any processor whose vectors LLVM knows.

Multiplying by a constant is linear over bits: bit i of c·v is the XOR of some bits of v. So every KiB is turned into
eight planes (plane j holds bit j of each byte), where one term of the product is a handful of XORs of whole planes. The
sixteen XORs of each four planes are built once per input and shared by all rows of the matrix (the method of the four
Russians), which leaves two XORs per plane and term. It needs no shuffle or field instruction.

Source: Arlazarov, Dinic, Kronrod, Faradzhev 1970.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numpy.typing import NDArray

from heliograph.archive.kernels.machine import ADDRESS, NUMBER, Code, address, kernel, once, scratch

__all__ = ["plane_product"]

SLICE = 1024
"""Bytes of each row that are turned into planes together."""
_PLANE = SLICE // 8
"""Bytes in a plane."""
_TERMS = 4
"""Inputs folded into an output in one go, so that it is loaded and stored once for all of them."""
_SUMS = 32 * _PLANE
"""Bytes that the sums of one input take: 16 of its planes 0..3, 16 of its planes 4..7."""

_I32 = ir.IntType(32)
_VECTOR = ir.VectorType(NUMBER, _PLANE // 8)


def plane_product(
    bit_rows: NDArray[np.uint8],
    matrix: NDArray[np.uint8],
    columns: NDArray[np.uint8],
    out: NDArray[np.uint8],
    start: int,
    stop: int,
) -> None:
    """As `gf.product`, which has checked the shapes.

    Args:
        bit_rows: (256, 8); [c, i] has bit j set when bit j of v adds to bit i of c·v.
    """
    rows, terms = matrix.shape
    schedule = _schedule(bit_rows, matrix)
    _kernel()(
        *(address(schedule), len(schedule), rows, terms),
        *(address(columns) + start, columns.strides[0], address(out) + start, out.strides[0], stop - start),
        scratch((_TERMS * 32 + 8 + rows * 8) * _PLANE),
    )


def _schedule(bit_rows: NDArray[np.uint8], matrix: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """(groups of four columns, rows·8): which plane sums each output plane takes, a byte per column of the group."""
    rows, columns = matrix.shape
    groups = -(-columns // _TERMS)
    padded = np.zeros((rows, groups * _TERMS), np.uint8)
    padded[:, :columns] = matrix
    bits = bit_rows[padded].reshape(rows, groups, _TERMS, 8)
    packed = np.ascontiguousarray(bits.transpose(1, 0, 3, 2)).view("<u4")
    return packed.reshape(groups, rows * 8).astype(np.uint32)


@once
def _kernel() -> Callable[..., None]:
    return kernel("planes", [ADDRESS, *[NUMBER] * 3, ADDRESS, NUMBER, ADDRESS, NUMBER, NUMBER, ADDRESS], _write)


def _write(
    code: Code,
    schedule: Any,
    groups: Any,
    rows: Any,
    terms: Any,
    columns: Any,
    column_stride: Any,
    out: Any,
    out_stride: Any,
    width: Any,
    sums: Any,
) -> None:
    """The kernel; scratch holds the sums of four inputs, then eight planes, then the planes of the result."""
    builder = code.builder
    planes = code.at(sums, _TERMS * _SUMS)
    total = code.at(planes, 8 * _PLANE)
    plane_count = code.times(rows, 8)
    nothing = ir.Constant(_VECTOR, [0] * (_PLANE // 8))

    def each_slice(first: Any) -> None:
        code.loop(plane_count, lambda plane: code.store(nothing, total, code.times(plane, _PLANE)))

        def group(number: Any) -> None:
            def term(place: Any) -> None:
                column = code.plus(code.times(number, _TERMS), place)
                there = builder.select(builder.icmp_signed("<", column, terms), code.number(1), code.number(0))

                def build(_: Any) -> None:
                    transpose(code, planes, code.at(columns, code.times(column, column_stride), first))
                    here = code.at(sums, code.times(place, _SUMS))
                    for half in range(2):
                        built = [nothing]
                        for bit in range(4):
                            plane = code.load(_VECTOR, planes, (half * 4 + bit) * _PLANE)
                            built += [builder.xor(plane, below) for below in built]
                        for which, value in enumerate(built):
                            code.store(value, here, (half * 16 + which) * _PLANE)

                code.loop(there, build)  # a term past the last one adds sum 0, which stays as it was

            code.loop(_TERMS, term)
            bits_of = code.at(schedule, code.times(code.times(number, plane_count), 4))

            def fold(plane: Any) -> None:
                bits = builder.zext(code.load(_I32, bits_of, code.times(plane, 4)), NUMBER)
                result = code.load(_VECTOR, total, code.times(plane, _PLANE))
                for half in range(2 * _TERMS):
                    which = builder.and_(builder.lshr(bits, code.number(4 * half)), code.number(15))
                    result = builder.xor(
                        result, code.load(_VECTOR, sums, half * 16 * _PLANE, code.times(which, _PLANE))
                    )
                code.store(result, total, code.times(plane, _PLANE))

            code.loop(plane_count, fold)

        code.loop(groups, group)

        def put(row: Any) -> None:
            target = code.at(out, code.times(row, out_stride), first)
            transpose(code, target, code.at(total, code.times(row, 8 * _PLANE)))

        code.loop(rows, put)

    for half in range(2 * _TERMS):
        code.store(nothing, sums, half * 16 * _PLANE)
    code.loop(width, each_slice, step=SLICE)


def transpose(code: Code, target: Any, source: Any) -> None:
    """The eight bit planes of the KiB at `source`; applied twice, the bytes again.

    A transposition of 8 × 8 bits, on sixteen words at once: three rounds of exchanges between word k and word k + 4,
    2, 1 trade the bits of the word's number for the bits of the bit's number within its byte.
    """
    builder = code.builder

    def every(value: int) -> ir.Constant:
        return ir.Constant(_VECTOR, [value] * (_PLANE // 8))

    words = [code.load(_VECTOR, source, k * _PLANE) for k in range(8)]
    for distance, mask in ((4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333), (1, 0x5555555555555555)):
        for low in range(8):
            if low & distance:
                continue
            high = low + distance
            moved = builder.lshr(words[low], every(distance))
            swap = builder.and_(builder.xor(moved, words[high]), every(mask))
            words[high] = builder.xor(words[high], swap)
            words[low] = builder.xor(words[low], builder.shl(swap, every(distance)))
    for k, word in enumerate(words):
        code.store(word, target, k * _PLANE)
