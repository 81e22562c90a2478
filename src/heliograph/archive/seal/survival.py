"""What one protected image survives, worked out from its geometry alone.

An image is rows of 255 sectors, and any `roots` sectors of a row may be lost (`rs03.layout`). Three kinds of damage
follow from that, each alone: sectors lost by chance, one run of sectors, and a ring at the rim of the disc.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Final

from heliograph.archive.medium import SECTOR, Medium
from heliograph.archive.rs03.layout import LAYERS, Layout

__all__ = ["SURE", "Survival", "survival"]

SURE: Final = 0.99
"""Likelihood with which damage by chance is mended, where a share of sectors is told."""


@dataclass(frozen=True, slots=True)
class Survival:
    """What an image survives of each kind of damage, none of the others beside it."""

    random_share: float
    """Share of the sectors, each lost on its own by chance: all are mended in at least 99 of 100 cases.

    Lost is what is known to be (unread, or against its checksum); where a row's checksums are lost as well, a sector
    with wrong bytes counts twice.
    """
    scratch_bytes: int
    """One run of lost sectors: always mended up to here."""
    ring_mm: float | None
    """Width of a ring at the rim with every sector of every layer lost, est.; None where the disc's shape is unknown.

    At the rim a ring of some width holds most, so nearer to the hub a wider one is survived.
    """


def survival(layout: Layout, medium: Medium) -> Survival:
    """What an image of this geometry survives on this medium."""
    run = layout.roots * layout.layer_sectors * SECTOR
    return Survival(_random_share(layout.roots, layout.layer_sectors), run, _ring_mm(layout, medium))


@cache
def _random_share(roots: int, rows: int) -> float:
    """The largest share p with rows · P(Binomial(255, p) > roots) <= 1 - SURE, rounded down to 0.01 %."""
    low, high = 0.0, roots / LAYERS
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if rows * _more_than(roots, middle) <= 1 - SURE else (low, middle)
    return math.floor(low * 1e4) / 1e4


def _more_than(roots: int, share: float) -> float:
    """P(Binomial(255, share) > roots)."""
    if share <= 0:
        return 0.0
    lost, kept = math.log(share), math.log1p(-share)
    return math.fsum(
        math.exp(math.log(math.comb(LAYERS, count)) + count * lost + (LAYERS - count) * kept)
        for count in range(roots + 1, LAYERS + 1)
    )


def _ring_mm(layout: Layout, medium: Medium) -> float | None:
    """Tracks are written at one density, so bytes are as areas.

    A ring cuts each layer of a disc once, in as many runs as there are layers at most; each but one of these may touch
    one sector more of a row than its length says.
    """
    if medium.ring_mm is None:
        return None
    inner_mm, outer_mm = medium.ring_mm
    lost = max(layout.roots + 1 - medium.layers, 0) * layout.layer_sectors / medium.sectors
    return outer_mm - math.sqrt(outer_mm**2 - lost * (outer_mm**2 - inner_mm**2))
