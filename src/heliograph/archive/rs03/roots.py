"""How many roots an image has, from one damaged row alone.

The roots of the code are the same for all sizes, there are only more or fewer of them: a codeword with r roots has
syndromes 0 to r - 1 that tell of its errors alone, and from r on of anything. So all that could be are computed at
once, and what they have in common says where they end.

Bad sectors are bad in all codewords of a row. What t of them do to a syndrome is a combination of t fixed rows, so the
first r syndromes, over many codewords, have rank t, and each after them adds one: r is the last that adds none, unless
so many sectors are empty that those after it add nothing, either; then it is one of these. Lone wrong bytes stand
elsewhere in each codeword; then each codeword is asked alone: the first r syndromes follow a recurrence as long as it
has errors, which Berlekamp and Massey find, and which ends at r.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.kernels.gf import TIMES, divide, multiply, power, product
from heliograph.archive.medium import SECTOR
from heliograph.archive.rs03.code import FIRST_ROOT, locator_logs
from heliograph.archive.rs03.layout import LAYERS, MAX_ROOTS, MIN_ROOTS

__all__ = ["likely_roots"]

_TOGETHER = 256
"""Codewords that are taken together: more than there can be roots."""
_ALONE = 24
"""Codewords that are asked alone."""

Bytes = NDArray[np.uint8]


def likely_roots(row: Bytes) -> list[int]:
    """Numbers of roots that a row may have, the likeliest first; none for noise. Takes less than a second.

    Args:
        row: (255, 2048), damaged sectors among them, unread ones as any bytes.
    """
    syndromes = np.empty((MAX_ROOTS, SECTOR), np.uint8)
    product(_syndromes(), row, syndromes)
    spread = np.random.default_rng(0).permutation(SECTOR)  # what is on discs has patterns; columns far apart have fewer
    votes = Counter(_end_of_recurrence(syndromes[:, at].tolist()) for at in spread[:_ALONE])
    together = _idle(syndromes[:, spread[:_TOGETHER]])
    found = [*together[-1:], *(roots for roots, many in votes.most_common(3) if many > 1), *together]
    return [roots for roots in dict.fromkeys(found) if roots >= MIN_ROOTS]


@lru_cache(maxsize=1)
def _syndromes() -> Bytes:
    """(170, 255): all syndromes that any number of roots has = this · a codeword."""
    matrix = power((FIRST_ROOT + np.arange(MAX_ROOTS))[:, None] * locator_logs(np.arange(LAYERS))[None, :])
    matrix.flags.writeable = False
    return matrix


def _idle(rows: Bytes) -> list[int]:
    """How many rows there are up to each that is a combination of those before it."""
    left = rows.copy()
    idle = []
    for number, row in enumerate(left):
        places = np.flatnonzero(row)
        if not places.size:
            idle.append(number + 1)
            continue
        pivot = int(places[0])
        factors = divide(left[number + 1 :, pivot], row[pivot])
        left[number + 1 :] ^= multiply(factors[:, None], row[None, :])
    return idle


def _end_of_recurrence(sequence: list[int]) -> int:
    """How many numbers follow the first recurrence that holds for more than twice its length; 0 for none."""
    now, before = [1], [1]
    length, shift, last = 0, 1, 1
    for number, value in enumerate(sequence):
        gap = value
        for back, factor in enumerate(now[1:], 1):
            if back <= number:
                gap ^= TIMES[factor][sequence[number - back]]
        if not gap:
            shift += 1
            continue
        if 2 * length < number and number >= MIN_ROOTS:
            return number
        scale = TIMES[int(divide(gap, last))]
        kept = now
        width = max(len(now), len(before) + shift)
        moved = [0] * shift + [scale[factor] for factor in before]
        now = [a ^ b for a, b in zip(now + [0] * (width - len(now)), moved + [0] * (width - len(moved)), strict=True)]
        if 2 * length <= number:
            length, before, last, shift = number + 1 - length, kept, gap, 1
        else:
            shift += 1
    return len(sequence) if 2 * length < len(sequence) else 0
