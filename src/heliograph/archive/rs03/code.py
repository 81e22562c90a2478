"""The Reed-Solomon code of RS03 as matrices over the field.

A codeword has 255 bytes, position c = 0..254: data layers, CRC layer, ECC layers in their order on the disc. Position
c is the coefficient of z^(254-c) of a polynomial that is zero at the roots x^(11·(112+j)), j = 0..roots-1.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.gf import divide, multiply, power
from heliograph.archive.rs03.layout import LAYERS

__all__ = ["FIRST_ROOT", "PRIMITIVE", "locator_logs", "parity_matrix", "solver", "syndrome_matrix"]

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
    locators = power(places)
    zero_at_all = np.zeros(count + 1, np.uint8)  # product of (z - locator), lowest power first
    zero_at_all[0] = 1
    for locator in locators:
        shifted = np.append(np.uint8(0), zero_at_all[:-1])
        zero_at_all = shifted ^ multiply(zero_at_all, locator)
    rests = np.zeros((count, count), np.uint8)  # row k: the product without locator k, by division
    there = np.zeros(count, np.uint8)  # its value at locator k
    quotient = np.zeros(count, np.uint8)
    for at in range(count - 1, -1, -1):
        quotient = zero_at_all[at + 1] ^ multiply(locators, quotient)
        rests[:, at] = quotient
        there = quotient ^ multiply(locators, there)
    if not there.all():
        raise ValueError(f"positions must differ: {erased}")
    matrix = np.zeros((roots, roots), np.uint8)
    matrix[:count, :count] = divide(rests, multiply(there, power(FIRST_ROOT * places))[:, None])
    for row in range(roots - count):
        matrix[count + row, row : row + count + 1] = zero_at_all
    return matrix
