"""The Reed-Solomon code of RS03 as matrices over the field.

A codeword has 255 bytes, position c = 0..254: data layers, CRC layer, ECC layers in their order on the disc. Position
c is the coefficient of z^(254-c) of a polynomial that is zero at the roots x^(11·(112+j)), j = 0..roots-1.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.kernels.gf import LOG, TIMES, divide, multiply, power
from heliograph.archive.rs03.layout import LAYERS

__all__ = [
    "FIRST_ROOT",
    "PRIMITIVE",
    "few_columns",
    "locate_together",
    "locator_logs",
    "parity_matrix",
    "solver",
    "syndrome_matrix",
]

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


def locator_logs(position: NDArray[np.int64]) -> NDArray[np.int64]:
    """The logarithm of each position's error locator."""
    return PRIMITIVE * (LAYERS - 1 - position) % 255


@lru_cache(maxsize=8)
def syndrome_matrix(roots: int) -> Bytes:
    """(roots, roots): syndromes = matrix · (parity as stored XOR parity as it should be for the data as stored)."""
    places = locator_logs(np.arange(LAYERS - roots, LAYERS))
    matrix = power((FIRST_ROOT + np.arange(roots))[:, None] * places[None, :])
    matrix.flags.writeable = False
    return matrix


@lru_cache(maxsize=256)
def solver(roots: int, erased: tuple[int, ...]) -> Bytes:
    """(roots, roots): what to make of the syndromes when the bytes at these positions are known to be lost.

    The first e = len(erased) rows give, for each erased position, the XOR that mends it. The other roots - e rows give
    what then is left over: zeros, or the syndromes of further, unknown errors (to be found by `locate`).

    The syndromes are powers of the erased places' locators times what mends them: a Vandermonde matrix, so its inverse
    is read off the polynomials that are zero at all locators but one.
    """
    count = len(erased)
    places = locator_logs(np.array(erased, np.int64))
    locators = power(places).tolist()
    zero_at_all = [1]  # product of (z - locator), lowest power first
    for locator in locators:
        times = TIMES[locator]
        zero_at_all = [below ^ times[here] for below, here in zip([0, *zero_at_all], [*zero_at_all, 0], strict=True)]
    matrix = np.zeros((roots, roots), np.uint8)
    scales = power(FIRST_ROOT * places).tolist()
    for k, (locator, scale) in enumerate(zip(locators, scales, strict=True)):
        times, rest, there = TIMES[locator], 0, 0
        without = bytearray(count)  # the product without this locator, by division; and its value there
        for at in range(count - 1, -1, -1):
            without[at] = rest = zero_at_all[at + 1] ^ times[rest]
            there = rest ^ times[there]
        if not there:
            raise ValueError(f"positions must differ: {erased}")
        inverse = power(-LOG[TIMES[there][scale]])
        matrix[k, :count] = np.frombuffer(without.translate(TIMES[int(inverse)]), np.uint8)
    for row in range(roots - count):
        matrix[count + row, row : row + count + 1] = zero_at_all
    return matrix


def locate_together(rest: Bytes, first: int, allowed: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where unknown errors stand if they stand at the same places in all codewords: whole bad sectors.

    What an error adds to the leftover is a multiple of one fixed column for its place. Bad sectors hold independent
    bytes, as a rule; then the leftovers span just the space of these columns, and a place is bad when its column
    lies in it. That finds nearly twice as many as codeword by codeword: up to one fewer than the leftover has rows.

    Args:
        rest: (roots, n) what `solver` made of the syndromes; rows from `first` on are the leftover. Some hundred
            columns are enough.
        allowed: positions at which an error may stand (those that no CRC vouches for, and that are not erased).
    Returns:
        The positions, perhaps with some that are sound; none when this cannot tell.
    """
    checks = _checks(rest[first:])
    if not len(checks):
        return allowed[:0]
    rank = rest.shape[0] - first - len(checks)
    columns = power(np.arange(rest.shape[0] - first)[:, None] * locator_logs(allowed)[None, :])
    inside = ~few_columns(checks, columns).any(axis=0)
    return allowed[inside] if inside.sum() >= rank else allowed[:0]


def few_columns(matrix: Bytes, columns: Bytes) -> Bytes:
    """matrix · columns, for so few columns that `gf.product` would not be worth it."""
    out = np.zeros((matrix.shape[0], columns.shape[1]), np.uint8)
    for k, column in enumerate(columns):
        out ^= multiply(matrix[:, k, None], column[None, :])
    return out


def _checks(columns: Bytes) -> Bytes:
    """What is zero on all of these columns, and on all that they span: (rows - rank, rows), by Gauss."""
    count, width = columns.shape
    work = np.concatenate([columns, np.eye(count, dtype=np.uint8)], axis=1)
    for rank in range(count):
        left = np.flatnonzero(work[rank:, :width])
        if not left.size:
            return work[rank:, width:]
        row, at = divmod(int(left[0]), width)
        work[[rank, rank + row]] = work[[rank + row, rank]]
        factors = divide(work[rank + 1 :, at], work[rank, at])
        work[rank + 1 :] ^= multiply(factors[:, None], work[rank][None, :])
    return work[count:, width:]
