"""The product of `gf` with the field instruction of newer x86 processors (GFNI), where there is one.

`vgf2p8affineqb` multiplies bytes by any 8 × 8 matrix of bits, so by any constant of any field of 256 elements, 32 bytes
at a time; its own fixed field is another one. It is taken on 256-bit registers: processors that have GFNI without
AVX-512 can do that, too, and those with both are no faster at 512 bits.

A slice of the columns is first copied so that what one pass reads lies in one piece: rows of a block lie a power of
two apart, and would evict each other from the cache. The sums of eight rows (four, where there are only sixteen
registers) stay in registers for all terms, and take two terms in one go, as AVX-512 adds three vectors at once.

Nothing here is used before `gf` has seen it agree with the field's own tables, on all 65,536 products.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numpy.typing import NDArray

from heliograph.archive.kernels.machine import ADDRESS, BYTE, NUMBER, Code, address, has, kernel, once, scratch

__all__ = ["affine_product", "bit_matrices", "is_supported"]

SLICE = 1024
"""Bytes of each row that are copied and worked on together."""
_VECTORS = 2
"""Registers of columns that are worked on together."""
_TERMS = 2
"""Terms that are added in one go."""
_WORDS = 4
"""64-bit words in a register."""
_REGISTER = 8 * _WORDS
_STEP = _VECTORS * _REGISTER

_I32 = ir.IntType(32)
_VECTOR = ir.VectorType(NUMBER, _WORDS)
_BYTES = ir.VectorType(BYTE, _REGISTER)


def is_supported() -> bool:
    """Whether the processor has the instruction."""
    return has("gfni", "avx", "avx2")


def bit_matrices(bit_rows: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(256,): for each constant the matrix as the instruction wants it, the row of the highest bit in the lowest byte.

    Args:
        bit_rows: (256, 8); [c, i] has bit j set when bit j of v adds to bit i of c·v.
    """
    matrices = np.zeros(256, np.uint64)
    for bit in range(8):
        matrices |= bit_rows[:, bit].astype(np.uint64) << np.uint64(8 * (7 - bit))
    return matrices


def affine_product(
    matrices: NDArray[np.uint64],
    matrix: NDArray[np.uint8],
    columns: NDArray[np.uint8],
    out: NDArray[np.uint8],
    start: int,
    stop: int,
) -> None:
    """As `gf.product`, which has checked the shapes; `matrices` as `bit_matrices` gives them."""
    rows, terms = matrix.shape
    even = -(-terms // _TERMS) * _TERMS
    eights = -(-rows // 8) if rows % 8 > 4 else rows // 8
    if not has("avx512vl"):  # sixteen registers
        eights = 0
    fours = -(-max(0, rows - 8 * eights) // 4)
    # Zero is the constant 0: rows that fill up the last group, and the term that makes their number even.
    table = np.zeros((8 * eights + 4 * fours, even), np.uint64)
    table[:rows, :terms] = matrices[matrix]
    grouped = (
        table[: 8 * eights].reshape(eights, 8, even).transpose(0, 2, 1).reshape(-1),
        table[8 * eights :].reshape(fours, 4, even).transpose(0, 2, 1).reshape(-1),
    )
    constants = np.concatenate(grouped)
    _kernel()(
        *(address(constants), eights, fours, rows, terms, even),
        *(address(columns) + start, columns.strides[0], address(out) + start, out.strides[0], stop - start),
        scratch((even + len(table)) * SLICE),
    )


@once
def _kernel() -> Callable[..., None]:
    kinds = [ADDRESS, *[NUMBER] * 5, ADDRESS, NUMBER, ADDRESS, NUMBER, NUMBER, ADDRESS]
    return kernel("affine", kinds, _write)


def _write(
    code: Code,
    table: Any,
    eights: Any,
    fours: Any,
    rows: Any,
    terms: Any,
    even: Any,
    columns: Any,
    column_stride: Any,
    out: Any,
    out_stride: Any,
    width: Any,
    packed: Any,
) -> None:
    """The kernel. `table`: for each eight rows, then for each four, (even, 8 or 4) words. `packed` is scratch, the sums
    behind the columns."""
    builder = code.builder
    affine = code.instruction(f"llvm.x86.vgf2p8affineqb.{8 * _REGISTER}", _BYTES, _BYTES, _BYTES, BYTE)
    sums = code.at(packed, code.times(even, SLICE))
    nothing = ir.Constant(_VECTOR, [0] * _WORDS)

    def everywhere(word: Any) -> Any:
        """One word in all places of a register, as bytes."""
        first = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), word, ir.Constant(_I32, 0))
        mask = ir.Constant(ir.VectorType(_I32, _WORDS), [0] * _WORDS)
        return builder.bitcast(builder.shuffle_vector(first, ir.Constant(_VECTOR, ir.Undefined), mask), _BYTES)

    def each_slice(first: Any) -> None:
        def pack(term: Any) -> None:
            source = code.at(columns, code.times(term, column_stride), first)
            for part in range(SLICE // _STEP):
                to = code.at(packed, code.times(code.plus(code.times(even, part), term), _STEP))
                for at in range(0, _STEP, _REGISTER):
                    code.store(code.load(_VECTOR, source, part * _STEP + at), to, at)

        def group(together: int, constants: Any, totals_of: Any) -> None:
            """Sum the terms of so many rows."""

            def part(number: Any) -> None:
                data = code.at(packed, code.times(code.times(number, even), _STEP))

                def add(term: Any, *totals: Any) -> list[Any]:
                    line = code.at(data, code.times(term, _STEP))
                    factors = code.at(constants, code.times(term, 8 * together))
                    loaded = [
                        builder.bitcast(code.load(_VECTOR, line, k * _STEP + v * _REGISTER), _BYTES)
                        for k in range(_TERMS)
                        for v in range(_VECTORS)
                    ]
                    after = []
                    for row in range(together):
                        words = [code.load(NUMBER, factors, 8 * (k * together + row)) for k in range(_TERMS)]
                        spread = [everywhere(word) for word in words]
                        for v in range(_VECTORS):
                            both = nothing
                            for k in range(_TERMS):
                                column = loaded[k * _VECTORS + v]
                                product = builder.call(affine, [column, spread[k], ir.Constant(BYTE, 0)])
                                both = builder.xor(both, builder.bitcast(product, _VECTOR))
                            after.append(builder.xor(totals[row * _VECTORS + v], both))
                    return after

                totals = code.loop(even, add, *[nothing] * (together * _VECTORS), step=_TERMS)
                for row in range(together):
                    to = code.at(totals_of, row * SLICE, code.times(number, _STEP))
                    for v in range(_VECTORS):
                        code.store(totals[row * _VECTORS + v], to, v * _REGISTER)

            code.loop(SLICE // _STEP, part)

        def groups(together: int, constants: Any, totals_of: Any) -> Callable[[Any], None]:
            def one(number: Any) -> None:
                here = code.at(constants, code.times(code.times(number, even), 8 * together))
                group(together, here, code.at(totals_of, code.times(number, together * SLICE)))

            return one

        def put(row: Any) -> None:
            source = code.at(sums, code.times(row, SLICE))
            target = code.at(out, code.times(row, out_stride), first)
            for at in range(0, SLICE, _REGISTER):
                code.store(code.load(_VECTOR, source, at), target, at)

        code.loop(terms, pack)
        code.loop(eights, groups(8, table, sums))
        after = code.at(table, code.times(code.times(eights, even), 64))
        code.loop(fours, groups(4, after, code.at(sums, code.times(eights, 8 * SLICE))))
        code.loop(rows, put)

    code.loop(width, each_slice, step=SLICE)
