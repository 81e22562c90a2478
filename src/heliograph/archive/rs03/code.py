"""The Reed-Solomon code of RS03 as matrices over the field.

A codeword has 255 bytes, position c = 0..254: data layers, CRC layer, ECC layers in their order on the disc. Position
c is the coefficient of z^(254-c) of a polynomial that is zero at the roots x^(11·(112+j)), j = 0..roots-1.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from heliograph.archive.gf import EXP, LOG, multiply, power
from heliograph.archive.rs03.layout import LAYERS

__all__ = ["FIRST_ROOT", "PRIMITIVE", "locate", "locate_together", "parity_matrix", "solver", "syndrome_matrix"]

PRIMITIVE = 11
FIRST_ROOT = 112

Bytes = NDArray[np.uint8]


def generator(roots: int) -> Bytes:
    """(roots + 1,): the generator polynomial's coefficients, highest power first."""
    poly = np.array([1], np.uint8)
    for j in range(roots):
        poly = np.append(poly, np.uint8(0)) ^ np.append(
            np.uint8(0), multiply(poly, power(PRIMITIVE * (FIRST_ROOT + j)))
        )
    return poly


@lru_cache(maxsize=8)
def parity_matrix(roots: int) -> Bytes:
    """(roots, 255 - roots): parity bytes = matrix · data bytes; both in disc order.

    Column by column from the last: the parity of a single byte at power p is z^p modulo the generator.
    """
    low = generator(roots)[1:]
    matrix = np.zeros((roots, LAYERS - roots), np.uint8)
    rest = low.copy()
    for column in range(LAYERS - roots - 1, -1, -1):
        matrix[:, column] = rest
        rest = np.append(rest[1:], np.uint8(0)) ^ multiply(low, rest[0])
    matrix.flags.writeable = False
    return matrix


def _locator(position: NDArray[np.int64]) -> NDArray[np.int64]:
    """The logarithm of each position's error locator."""
    return PRIMITIVE * (LAYERS - 1 - position) % 255


@lru_cache(maxsize=8)
def syndrome_matrix(roots: int) -> Bytes:
    """(roots, roots): syndromes = matrix · (parity as stored XOR parity as it should be for the data as stored)."""
    places = _locator(np.arange(LAYERS - roots, LAYERS))
    matrix = power((FIRST_ROOT + np.arange(roots))[:, None] * places[None, :])
    matrix.flags.writeable = False
    return matrix


@njit("b1(u1[:], i8[:], u1[:, ::1], u1[:, ::1])", nogil=True, cache=True)
def _invert(exp, log, work, out):  # type: ignore[no-untyped-def]
    """out = work^-1 by Gauss and Jordan, `work` destroyed; false when there is none."""
    size = work.shape[0]
    out[:, :] = 0
    for at in range(size):
        out[at, at] = 1
    for at in range(size):
        pivot = at
        while pivot < size and work[pivot, at] == 0:
            pivot += 1
        if pivot == size:
            return False
        if pivot != at:
            for k in range(size):
                work[at, k], work[pivot, k] = work[pivot, k], work[at, k]
                out[at, k], out[pivot, k] = out[pivot, k], out[at, k]
        scale = 255 - log[work[at, at]]
        for k in range(size):
            if work[at, k]:
                work[at, k] = exp[log[work[at, k]] + scale]
            if out[at, k]:
                out[at, k] = exp[log[out[at, k]] + scale]
        for row in range(size):
            if row == at or work[row, at] == 0:
                continue
            factor = log[work[row, at]]
            for k in range(size):
                if work[at, k]:
                    work[row, k] ^= exp[log[work[at, k]] + factor]
                if out[at, k]:
                    out[row, k] ^= exp[log[out[at, k]] + factor]
    return True


@njit("b1(u1[:], i8[:], i8[:], i8, u1[:, ::1])", nogil=True, cache=True)
def _solver(exp, log, places, first_root, matrix):  # type: ignore[no-untyped-def]
    """Fill the zeroed matrix of `solver`; false when two places are the same."""
    roots, count = matrix.shape[0], places.size
    powers = np.zeros((count, count), np.uint8)
    inverse = np.zeros((count, count), np.uint8)
    for row in range(count):
        for k in range(count):
            powers[row, k] = exp[(first_root + row) * places[k] % 255]
    if not _invert(exp, log, powers, inverse):
        return False
    matrix[:count, :count] = inverse
    locator = np.zeros(count + 1, np.uint8)  # product of (z - locator of each erased position), lowest power first
    locator[0] = 1
    for k in range(count):
        for i in range(k + 1, -1, -1):
            value = np.int64(0)
            if locator[i]:
                value = np.int64(exp[log[locator[i]] + places[k]])
            if i:
                value ^= np.int64(locator[i - 1])
            locator[i] = value
    for row in range(roots - count):
        matrix[count + row, row : row + count + 1] = locator
    return True


@lru_cache(maxsize=256)
def solver(roots: int, erased: tuple[int, ...]) -> Bytes:
    """(roots, roots): what to make of the syndromes when the bytes at these positions are known to be lost.

    The first e = len(erased) rows give, for each erased position, the XOR that mends it. The other roots - e rows give
    what then is left over: zeros, or the syndromes of further, unknown errors (to be found by `locate`).
    """
    matrix = np.zeros((roots, roots), np.uint8)
    if not _solver(EXP, LOG, _locator(np.array(erased, np.int64)), FIRST_ROOT, matrix):
        raise ValueError(f"positions must differ: {erased}")
    return matrix


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
    columns = power(np.arange(count)[:, None] * _locator(allowed)[None, :])
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
    _locate(EXP, LOG, rest, first, _locator(allowed), marks, found)
    return marks, found
