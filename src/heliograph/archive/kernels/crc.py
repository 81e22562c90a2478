"""CRC-32 of many sectors at once, in machine code.

The usual CRC-32 (reflected polynomial 0xedb88320, register starting at all ones), kept as RS03 keeps it: without the
final inversion. `zlib.crc32(sector) ^ 0xffffffff` is the same number; called per 2 KiB sector it would cost more in
calls than in arithmetic, and hold Python's global lock.

A sector is a polynomial over one bit, its CRC the remainder by the CRC's polynomial P. Where the processor multiplies
such polynomials (PCLMULQDQ), 64 bytes at a time are folded onto the next 64: a·x^512 is a times the remainder of x^512.
Four such sums are under way at once, so that none waits for another. The last 16 bytes, and everything on other
processors, go sixteen bytes a step through sixteen tables.

Source: Gopal and others, Fast CRC Computation Using PCLMULQDQ Instruction, Intel 2009 (folding); Kounavis and Berry
2005 (tables).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numpy.typing import NDArray

from heliograph.archive.kernels.machine import ADDRESS, BYTE, NUMBER, Code, address, has, kernel, once
from heliograph.archive.medium import SECTOR

__all__ = ["sector_crcs"]

_POLYNOMIAL = 0xEDB88320
"""P without x^32, its bits reversed."""
_STEP = 16
_FOLDED = 4
"""Sums of 16 bytes that are folded side by side."""

_I32, _I128 = ir.IntType(32), ir.IntType(128)
_PAIR = ir.VectorType(NUMBER, 2)


def _tables() -> NDArray[np.uint32]:
    """(16, 256): table k takes a byte that still has k bytes after it in its step."""
    tables = np.zeros((16, 256), np.uint32)
    value = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        value = np.where(value & 1, value >> 1 ^ np.uint32(_POLYNOMIAL), value >> 1)
    tables[0] = value
    for k in range(1, 16):
        tables[k] = tables[k - 1] >> 8 ^ tables[0][tables[k - 1] & 0xFF]
    return tables


_TABLES = _tables()


def sector_crcs(data: NDArray[np.uint8], *, size: int = SECTOR) -> NDArray[np.uint32]:
    """The CRC of each sector; releases the GIL.

    Args:
        data: (rows, n·size) bytes, each row in one piece.
        size: bytes a CRC covers, a multiple of 64.
    Returns:
        (rows, n), without the final inversion.
    """
    rows, width = data.shape
    if size % (_STEP * _FOLDED) or data.strides[1] != 1:
        raise ValueError(f"CRCs over {size} bytes of rows with stride {data.strides}")
    out = np.zeros((rows, width // size), np.uint32)
    _kernel()(address(_TABLES), address(data), data.strides[0], rows, out.shape[1], size, address(out))
    return out


def _choose() -> Callable[..., None]:
    """The fastest kernel that finds the CRCs of a few sectors right."""
    if has("pclmul"):
        folding = _made(_folded)
        if _is_right(folding):
            return folding
    return _made(_stepped)


_kernel = once(_choose)


def _made(crc: Callable[[Code, Any, Any, Any], Any]) -> Callable[..., None]:
    kinds = [ADDRESS, ADDRESS, NUMBER, NUMBER, NUMBER, NUMBER, ADDRESS]
    return kernel(crc.__name__, kinds, lambda code, *arguments: _write(code, crc, *arguments))


def _is_right(run: Callable[..., None]) -> bool:
    """Whether it agrees with zlib on sectors of zeros, of ones, and of every byte."""
    tried = np.zeros((3, SECTOR), np.uint8)
    tried[1], tried[2] = 0xFF, np.arange(SECTOR) * 7 // 3 % 256
    found = np.zeros(3, np.uint32)
    run(address(_TABLES), address(tried), SECTOR, 3, 1, SECTOR, address(found))
    return found.tolist() == [zlib.crc32(sector.tobytes()) ^ 0xFFFFFFFF for sector in tried]


def _write(
    code: Code,
    crc: Callable[[Code, Any, Any, Any], Any],
    tables: Any,
    data: Any,
    stride: Any,
    rows: Any,
    count: Any,
    size: Any,
    out: Any,
) -> None:
    """The kernel: for each row and sector its CRC."""

    def row(number: Any) -> None:
        def sector(place: Any) -> None:
            start = code.at(data, code.times(number, stride), code.times(place, size))
            value = crc(code, tables, start, size)
            code.store(value, out, code.times(code.plus(code.times(number, count), place), 4))

        code.loop(count, sector)

    code.loop(rows, row)


def _stepped(code: Code, tables: Any, start: Any, size: Any) -> Any:
    """The CRC of one sector through the tables."""
    ones = ir.Constant(_I32, 0xFFFFFFFF)

    def step(at: Any, value: Any) -> list[Any]:
        return [_through_tables(code, tables, value, code.load(_I128, start, at))]

    (value,) = code.loop(size, step, ones, step=_STEP)
    return value


def _through_tables(code: Code, tables: Any, value: Any, block: Any) -> Any:
    """The CRC after sixteen bytes more."""
    builder = code.builder
    block = builder.xor(block, builder.zext(value, _I128))
    terms = []
    for byte in range(_STEP):
        index = builder.zext(builder.trunc(builder.lshr(block, ir.Constant(_I128, 8 * byte)), BYTE), NUMBER)
        terms.append(code.load(_I32, tables, (_STEP - 1 - byte) * 1024, code.times(index, 4)))
    while len(terms) > 1:
        terms = [builder.xor(a, b) for a, b in zip(terms[::2], terms[1::2], strict=True)]
    return terms[0]


def _folded(code: Code, tables: Any, start: Any, size: Any) -> Any:
    """The CRC of one sector with PCLMULQDQ."""
    builder = code.builder
    multiply = code.instruction("llvm.x86.pclmulqdq", _PAIR, _PAIR, _PAIR, BYTE)

    def onto(total: Any, constants: Any, block: Any) -> Any:
        """The 16 bytes `total`, so much further on, added to a later block."""
        low = builder.call(multiply, [total, constants, ir.Constant(BYTE, 0x00)])
        high = builder.call(multiply, [total, constants, ir.Constant(BYTE, 0x11)])
        return builder.xor(builder.xor(low, high), block)

    far, near = _constants(8 * _STEP * _FOLDED), _constants(8 * _STEP)
    sums = [code.load(_PAIR, start, k * _STEP) for k in range(_FOLDED)]
    sums[0] = builder.xor(sums[0], ir.Constant(_PAIR, [0xFFFFFFFF, 0]))

    def fold(at: Any, *totals: Any) -> list[Any]:
        return [onto(total, far, code.load(_PAIR, start, at, k * _STEP)) for k, total in enumerate(totals)]

    sums = code.loop(size, fold, *sums, start=_STEP * _FOLDED, step=_STEP * _FOLDED)
    total = sums[0]
    for following in sums[1:]:
        total = onto(total, near, following)
    return _through_tables(code, tables, ir.Constant(_I32, 0), builder.bitcast(total, _I128))


def _constants(distance: int) -> ir.Constant:
    """What the two halves of 16 bytes are multiplied by to move them `distance` bits on.

    Bit 0 of the first byte is the highest power. So a register of 64 bits holds its polynomial reversed, and a product
    of two stands one power too low, for which the constants have one power less. The first half has 64 powers more.
    """
    return ir.Constant(_PAIR, [_power(distance + 63), _power(distance - 1)])


def _power(exponent: int) -> int:
    """The remainder of x^exponent, reversed in 64 bits."""
    value = 1 << 31  # x^0, reversed in 32 bits
    for _ in range(exponent):
        value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return value << 32
