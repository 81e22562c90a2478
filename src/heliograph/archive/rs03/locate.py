"""Where lone wrong bytes stand that nothing told of, codeword by codeword.

Compiled by Numba, and loaded only where such bytes are met: most damage is known by its CRCs, or is a whole sector.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from heliograph.archive.kernels.gf import EXP, LOG
from heliograph.archive.rs03.code import locator_logs

__all__ = ["locate"]

Bytes = NDArray[np.uint8]


@njit("void(u1[:], i8[:], u1[:, ::1], i8, i8[:], u1[:, ::1], b1[:])", nogil=True, cache=True)
def _locate(exp, log, rest, first, places, marks, found):  # type: ignore[no-untyped-def]
    """Berlekamp and Massey, then a trial of the allowed positions, for each column of `rest` that is not zero."""
    count = rest.shape[0] - first
    now = np.zeros(count + 2, np.uint8)
    before = np.zeros(count + 2, np.uint8)
    kept = np.zeros(count + 2, np.uint8)
    for column in range(rest.shape[1]):
        clean = True
        for k in range(count):
            if rest[first + k, column]:
                clean = False
                break
        found[column] = True
        if clean:
            continue
        now[:] = 0
        before[:] = 0
        now[0] = before[0] = 1
        length, shift, last = 0, 1, np.int64(1)
        for k in range(count):
            gap = np.int64(rest[first + k, column])
            for i in range(1, length + 1):
                value = rest[first + k - i, column]
                if now[i] and value:
                    gap ^= np.int64(exp[log[now[i]] + log[value]])
            if gap == 0:
                shift += 1
                continue
            factor = log[gap] + 255 - log[last]
            if factor >= 255:
                factor -= 255
            grows = 2 * length <= k
            if grows:
                kept[:] = now
            for i in range(count + 2 - shift):
                if before[i]:
                    now[i + shift] ^= exp[log[before[i]] + factor]
            if grows:
                length = k + 1 - length
                before[:] = kept
                last, shift = gap, 1
            else:
                shift += 1
        hits = 0
        if 2 * length <= count:
            for p in range(places.size):
                # the locator polynomial is zero at the inverse of an error's place
                back = 255 - places[p]
                value, exponent = np.int64(0), 0
                for i in range(length + 1):
                    if now[i]:
                        value ^= np.int64(exp[log[now[i]] + exponent])
                    exponent += back
                    if exponent >= 255:
                        exponent -= 255
                if value == 0:
                    marks[p, column] = 1
                    hits += 1
        if hits != length or length == 0:
            found[column] = False
            for p in range(places.size):
                marks[p, column] = 0


def locate(rest: Bytes, first: int, allowed: NDArray[np.int64]) -> tuple[Bytes, NDArray[np.bool_]]:
    """Where unknown errors stand, codeword by codeword.

    Args:
        rest: (roots, n) what `solver` made of the syndromes; rows from `first` on are the leftover.
        allowed: positions at which an error may stand (those that no CRC vouches for, and that are not erased).
    Returns:
        (len(allowed), n) marks, 1 where an error stands; (n,) whether the errors of that codeword were found.
    """
    marks = np.zeros((allowed.size, rest.shape[1]), np.uint8)
    found = np.zeros(rest.shape[1], np.bool_)
    _locate(EXP, LOG, rest, first, locator_logs(allowed), marks, found)
    return marks, found
