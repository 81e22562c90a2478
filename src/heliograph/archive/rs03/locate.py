"""Where bad bytes stand that nothing told of: errors, found from what the known losses leave over.

Compiled by Numba, and loaded only where such errors are met: most damage is known by its CRCs.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from heliograph.archive.gf import EXP, LOG, multiply, power
from heliograph.archive.rs03.code import locator_logs

__all__ = ["locate", "locate_together"]

Bytes = NDArray[np.uint8]


@njit("i8(u1[:], i8[:], u1[:, ::1], i8)", nogil=True, cache=True)
def _reduce(exp, log, work, width):  # type: ignore[no-untyped-def]
    """Gauss on the first `width` columns of `work`, in place; the rank. Rows past it are zero there."""
    rows, columns = work.shape
    rank = 0
    for at in range(width):
        pivot = rank
        while pivot < rows and work[pivot, at] == 0:
            pivot += 1
        if pivot == rows:
            continue
        if pivot != rank:
            for k in range(columns):
                work[rank, k], work[pivot, k] = work[pivot, k], work[rank, k]
        for row in range(rank + 1, rows):
            if work[row, at] == 0:
                continue
            factor = log[work[row, at]] + 255 - log[work[rank, at]]
            if factor >= 255:
                factor -= 255
            for k in range(columns):
                if work[rank, k]:
                    work[row, k] ^= exp[log[work[rank, k]] + factor]
        rank += 1
        if rank == rows:
            break
    return rank


def locate_together(rest: Bytes, first: int, allowed: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where unknown errors stand if they stand at the same places in all codewords: whole bad sectors.

    What an error adds to the leftover is a multiple of one fixed column for its place. Bad sectors hold independent
    bytes, as a rule; then the leftovers span just the space of these columns, and a place is bad when its column
    lies in it. That finds nearly twice as many as codeword by codeword: up to one fewer than the leftover has rows.

    Args:
        rest, first, allowed: as for `locate`; some hundred columns of `rest` are enough.
    Returns:
        The positions, perhaps with some that are sound; none when this cannot tell.
    """
    count, width = rest.shape[0] - first, rest.shape[1]
    work = np.concatenate([rest[first:], np.eye(count, dtype=np.uint8)], axis=1)
    rank = _reduce(EXP, LOG, work, width)
    checks = work[rank:, width:]
    if not len(checks):
        return allowed[:0]
    columns = power(np.arange(count)[:, None] * locator_logs(allowed)[None, :])
    inside = ~np.bitwise_xor.reduce(multiply(checks[:, :, None], columns[None, :, :]), axis=1).any(axis=0)
    return allowed[inside] if inside.sum() >= rank else allowed[:0]


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
