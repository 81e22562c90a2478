"""Pieces of a file that stand at even distances, read in one call.

From Python each piece is a call of its own, which gives the interpreter's lock away and takes it back. A block of rows
is 255 pieces, and threads that read blocks side by side wait for each other longer than for the file.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numpy.typing import NDArray

from heliograph.archive.kernels.machine import ADDRESS, NUMBER, Code, address, kernel, once

__all__ = ["read_pieces"]

_PREAD = ir.FunctionType(NUMBER, [ir.IntType(32), ADDRESS, NUMBER, NUMBER])
"""pread(2): file, buffer, bytes, place; how many bytes it was, or -1."""


def read_pieces(file: int, start: int, step: int, lines: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Fill line i of `lines` with what stands from byte `start + i · step` on; releases the GIL.

    Args:
        file: a file descriptor, open for reading.
        lines: (pieces, bytes), each line in one piece.
    Returns:
        (pieces,) how many bytes came: fewer than asked for at the end of the file, or when interrupted; -1 where the
        system refused.
    """
    count, size = lines.shape
    if size and lines.strides[1] != 1:
        raise ValueError(f"pieces into lines with strides {lines.strides}")
    came = np.zeros(count, np.int64)
    run, pread = _kernel()
    run(pread, file, address(lines), lines.strides[0], count, size, start, step, address(came))
    return came


def _make() -> tuple[Callable[..., None], int]:
    """The kernel, and where the system's pread stands in memory: the one with places of 64 bits, whatever its name."""
    library = ctypes.CDLL(None)
    pread = getattr(library, "pread64", None) or library.pread
    kinds = [ADDRESS, NUMBER, ADDRESS, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, ADDRESS]
    return kernel("read_pieces", kinds, _write), ctypes.cast(pread, ctypes.c_void_p).value or 0


_kernel = once(_make)


def _write(
    code: Code, pread: Any, file: Any, data: Any, stride: Any, count: Any, size: Any, start: Any, step: Any, came: Any
) -> None:
    """The kernel: one call after another."""
    call = code.builder.bitcast(pread, _PREAD.as_pointer())
    descriptor = code.builder.trunc(file, ir.IntType(32))

    def piece(number: Any) -> None:
        line, place = code.at(data, code.times(number, stride)), code.plus(start, code.times(number, step))
        code.store(code.builder.call(call, [descriptor, line, size, place]), came, code.times(number, 8))

    code.loop(count, piece)
