"""The product of `gf` with the field instruction of newer x86 processors (GFNI), where there is one.

`vgf2p8affineqb` multiplies bytes by any 8 × 8 matrix of bits, so by any constant of any field of 256 elements, 32 bytes
at a time; its own fixed field is another one. It is taken on 256-bit registers: processors that have GFNI without
AVX-512 can do that, too, and those with both are no faster at 512 bits.

A slice of the columns is first copied so that what one pass reads lies in one piece: rows of a block lie a power of
two apart, and would evict each other from the cache. Eight sums stay in registers for all terms.

Nothing here is used before `gf` has seen it agree with the field's own tables, on all 65,536 products.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import binding, ir  # type: ignore[import-untyped]
from numba import config, njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

__all__ = ["affine_product", "bit_matrices", "is_supported"]

_ROWS = 4
"""Rows of the result that are summed together."""
_VECTORS = 2
"""Registers of columns that are worked on together."""
_WORDS = 4
"""64-bit words in a register."""
_STEP = _VECTORS * _WORDS
_SLICE_WORDS = 128

_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_I64, _WORDS)
_BYTES = ir.VectorType(_I8, 8 * _WORDS)
_INSTRUCTION = "llvm.x86.vgf2p8affineqb.256"


def is_supported() -> bool:
    """Whether the code that Numba makes here may use the instruction: else LLVM would end the whole process."""
    if config.CPU_NAME is not None or config.CPU_FEATURES is not None:
        return False  # someone asked for code for another processor
    try:
        features = binding.get_host_cpu_features()
    except RuntimeError:
        return False
    return all(features.get(name, False) for name in ("gfni", "avx", "avx2"))


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
    groups = -(-rows // _ROWS)
    table = np.zeros((groups * _ROWS, terms), np.uint64)  # zero is the constant 0: rows that fill up the last group
    table[:rows] = matrices[matrix]
    table = np.ascontiguousarray(table.reshape(groups, _ROWS, terms).transpose(0, 2, 1))
    _affine(table.reshape(-1), groups, rows, terms, columns, out, start, stop)


def _number(value: int) -> Any:
    return ir.Constant(_I64, value)


def _everywhere(builder: Any, word: Any) -> Any:
    """One word in all places of a register, as bytes."""
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, word, ir.Constant(_I32, 0))
    spread = builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(_I32, _WORDS), [0] * _WORDS))
    return builder.bitcast(spread, _BYTES)


@intrinsic
def _sum_terms(typingctx, table, table_at, packed, packed_at, terms, out, out_at):  # type: ignore[no-untyped-def]
    """out = the sum over all terms of constant times column, for `_ROWS` rows and `_VECTORS` registers of columns.

    Written as a loop in LLVM's own vectors, so that the sums stay in registers. All offsets count 64-bit words.
    """

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        def words(place: int) -> Any:
            array = context.make_array(signature.args[place])(context, builder, arguments[place])
            return builder.bitcast(array.data, _I64.as_pointer())

        def vector(base: Any, index: Any) -> Any:
            return builder.bitcast(builder.gep(base, [index]), _VECTOR.as_pointer())

        constants, source, target = words(0), words(2), words(5)
        kind = ir.FunctionType(_BYTES, [_BYTES, _BYTES, _I8])
        instruction = builder.module.globals.get(_INSTRUCTION) or ir.Function(builder.module, kind, _INSTRUCTION)
        before = builder.block
        loop, after = builder.append_basic_block("terms"), builder.append_basic_block("summed")
        builder.branch(loop)

        builder.position_at_end(loop)
        term = builder.phi(_I64)
        term.add_incoming(_number(0), before)
        sums = [builder.phi(_VECTOR) for _ in range(_ROWS * _VECTORS)]
        for each in sums:
            each.add_incoming(ir.Constant(_VECTOR, [0] * _WORDS), before)
        at = builder.add(arguments[3], builder.mul(term, _number(_STEP)))
        data = []
        for k in range(_VECTORS):
            loaded = builder.load(vector(source, builder.add(at, _number(k * _WORDS))), align=8)
            data.append(builder.bitcast(loaded, _BYTES))
        first = builder.add(arguments[1], builder.mul(term, _number(_ROWS)))
        totals = []
        for row in range(_ROWS):
            word = builder.load(builder.gep(constants, [builder.add(first, _number(row))]), align=8)
            times = _everywhere(builder, word)
            for k in range(_VECTORS):
                product = builder.call(instruction, [data[k], times, ir.Constant(_I8, 0)])
                totals.append(builder.xor(sums[row * _VECTORS + k], builder.bitcast(product, _VECTOR)))
        following = builder.add(term, _number(1))
        term.add_incoming(following, loop)
        for each, total in zip(sums, totals, strict=True):
            each.add_incoming(total, loop)
        builder.cbranch(builder.icmp_signed("<", following, arguments[4]), loop, after)

        builder.position_at_end(after)
        for row in range(_ROWS):
            for k in range(_VECTORS):
                place = builder.add(arguments[6], _number(row * _SLICE_WORDS + k * _WORDS))
                builder.store(totals[row * _VECTORS + k], vector(target, place), align=8)
        return context.get_dummy_value()

    return types.void(table, types.intp, packed, types.intp, types.intp, out, types.intp), generate


# Compiled when it is first called, with no signature here: a processor without the instruction must never get that far.
@njit(nogil=True, cache=True)
def _affine(table, groups, rows, terms, columns, out, start, stop):  # type: ignore[no-untyped-def]
    """The kernel of `affine_product`; offsets count 64-bit words."""
    source, target = columns.view(np.uint64), out.view(np.uint64)
    packed = np.empty(terms * _SLICE_WORDS, np.uint64)
    total = np.empty(groups * _ROWS * _SLICE_WORDS, np.uint64)
    for first in range(start // 8, stop // 8, _SLICE_WORDS):
        for term in range(terms):
            for part in range(_SLICE_WORDS // _STEP):
                for word in range(_STEP):
                    packed[(part * terms + term) * _STEP + word] = source[term, first + part * _STEP + word]
        for part in range(_SLICE_WORDS // _STEP):
            for group in range(groups):
                _sum_terms(
                    table,
                    group * terms * _ROWS,
                    packed,
                    part * terms * _STEP,
                    terms,
                    total,
                    group * _ROWS * _SLICE_WORDS + part * _STEP,
                )
        for row in range(rows):
            for word in range(_SLICE_WORDS):
                target[row, first + word] = total[row * _SLICE_WORDS + word]
