"""Which copy each sector is taken from: decided from bytes alone.

A checksum decides where there is one. Else the copies that have the sector vote: one that stands alone is taken, and so
is what more copies say than say anything else. Where they are split, nobody knows; the sector counts as lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LOST", "SPLIT", "Vote", "vote"]

LOST = -1
"""No copy has the sector."""
SPLIT = -2
"""Copies have it, and disagree."""

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Vote:
    """The outcome for n sectors."""

    taken: NDArray[np.int64]
    """(n,) the number of the first copy with the winning bytes, LOST or SPLIT."""
    differ: Flags
    """(n,) whether any two copies that have it disagree."""
    agrees: Flags
    """(copies, n) whether a copy has the winning bytes; of a split sector, none."""


def vote(blocks: Sequence[Bytes], there: Sequence[Flags]) -> Vote:
    """Let copies vote.

    Args:
        blocks: (n, 2048) for each copy.
        there: (n,) for each copy, whether it has the sector.
    """
    present = np.stack(there)
    first = np.where(present.any(axis=0), present.argmax(axis=0), LOST).astype(np.int64)
    differ = np.zeros(first.size, np.bool_)
    for number, block in enumerate(blocks):
        for earlier in range(number):
            both = np.flatnonzero(present[number] & (first == earlier))
            differ[both] |= (block[both] != blocks[earlier][both]).any(axis=1)
    taken, agrees = first.copy(), present.copy()
    for sector in np.flatnonzero(differ).tolist():
        voices = {each: blocks[each][sector].tobytes() for each in np.flatnonzero(present[:, sector]).tolist()}
        taken[sector] = winner = _majority(voices)
        for number, said in voices.items():
            agrees[number, sector] = winner != SPLIT and said == voices[winner]
    return Vote(taken, differ, agrees)


def _majority(voices: dict[int, bytes]) -> int:
    """The first copy that says what most say."""
    said = list(voices.values())
    counts = {each: said.count(each) for each in said}
    most = max(counts.values())
    winners = [each for each, count in counts.items() if count == most]
    return next(number for number, each in voices.items() if each == winners[0]) if len(winners) == 1 else SPLIT
