"""Streets of a grid: straight runs of cells, and a way for each, so that neighbours run opposite ways.

Where all narrow streets are one-way, every second one back, nobody meets anybody head-on, and ways become hardly
longer: so warehouses are laid out by hand. Here each pair of parallel streets that face each other without a third in
between asks to run opposite ways, long streets first; who closes a ring of wishes that cannot all be met is not heard.
The ways are a hint for guidance to begin with (see `guide`), not a rule.

Source: the highways of Cohen, Uras and Koenig, Feasibility study: using highways for bounded-suboptimal multi-agent
path finding (2015); the choice by neighbours is ours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["street_ways"]


def street_ways(free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n, 4) whether a move from a free cell with that heading runs the way of its street.

    Args:
        free: (h, w) where a robot may be; free cells count row by row, headings are 0 east, 1 south, 2 west, 3 north.
    """
    east = _forward(free)
    south = _forward(free.T).T
    return np.stack([east, south, ~east, ~south], axis=2)[free]


def _forward(free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(h, w) whether the street along the row in which a cell lies runs to the right."""
    street = _runs(free)
    pairs, common = _neighbours(free, street)
    parents = list(range(street.max(initial=-1) + 1))
    turned = [False] * len(parents)

    def root(a: int) -> tuple[int, bool]:
        """The first street of those joined with a, and whether a runs against it."""
        against = False
        while parents[a] != a:
            against ^= turned[a]
            a = parents[a]
        return a, against

    length = np.bincount(street[street >= 0], minlength=len(parents))
    shorter = length[pairs].min(axis=1, initial=free.size)
    for a, b in pairs[np.lexsort((-common, -shorter))].tolist():
        (one, one_against), (two, two_against) = root(a), root(b)
        if one != two:
            parents[two], turned[two] = one, one_against == two_against
    forward = np.array([not root(a)[1] for a in range(len(parents))], np.bool_)
    return np.where(street >= 0, forward[street], False) if parents else np.zeros(free.shape, np.bool_)


def _runs(free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(h, w) the number of the straight run of two cells or more, along the row, in which a cell lies; -1: none."""
    left = np.zeros(free.shape, np.bool_)
    left[:, 1:] = free[:, 1:] & free[:, :-1]
    right = np.zeros(free.shape, np.bool_)
    right[:, :-1] = left[:, 1:]
    first = right & ~left
    number = np.cumsum(first).reshape(free.shape) - 1
    return np.where(left | right, number, -1)


def _neighbours(free: NDArray[np.bool_], street: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(k, 2) pairs of streets with a straight way across from one to the other; (k,) how many such ways there are."""
    height, width = free.shape
    row = np.arange(height)[:, None]
    last_wall = np.maximum.accumulate(np.where(free, -1, row), axis=0)
    last_street = np.maximum.accumulate(np.where(street >= 0, row, -1), axis=0)
    above = np.full((height, width), -1)
    above[1:] = last_street[:-1]
    met = (street >= 0) & (above > last_wall)
    a = street[above[met], np.broadcast_to(np.arange(width), (height, width))[met]]
    pairs, common = np.unique(np.stack([a, street[met]], axis=1), axis=0, return_counts=True)
    return pairs, common
