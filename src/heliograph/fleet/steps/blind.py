"""Blind nodes: dead ends, and what hangs on the map by a single node; no ring worth the name leads there.

Two nodes lie on a ring if they are in the same part of the map that no single node cuts in two. A part that is large
has many rings; what is in no large part is blind, and where nearly all nodes are held it is reached through holes only.

Source: Hopcroft and Tarjan, Algorithm 447: Efficient algorithms for graph manipulation (1973).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry
from heliograph.fleet.steps.ground import build_ground
from heliograph.fleet.steps.lattice import Lattice

__all__ = ["blind_nodes"]

LARGE: Final = 0.125
"""A part with such a share of the nodes is large."""

_Ints = NDArray[np.int64]


def blind_nodes(lattice: Lattice) -> NDArray[np.bool_]:
    """(n,) which nodes are in no large part; none, where there is no large part."""
    ground = build_ground(lattice)
    blind = np.ones(lattice.nodes, np.bool_)
    _clear(ground.out_start, ground.out_to, max(3, round(LARGE * lattice.nodes)), blind)
    return blind & (not blind.all())


@entry
def _clear(out_start: _Ints, out_to: _Ints, large: int, blind: NDArray[np.bool_]) -> None:
    """Strike out the nodes of each part of at least so many: one walk over the map, in depth first.

    A node is the gate of a part if from what was found behind it no way leads back beyond it (`low`).
    """
    found, low = np.zeros(len(blind), np.int64), np.zeros(len(blind), np.int64)
    before, at = np.full(len(blind), -1, np.int64), out_start.copy()
    stack = np.zeros(len(blind), np.int64)
    clock = 0
    for root in range(len(blind)):
        if found[root] > 0:
            continue
        clock += 1
        found[root] = low[root] = clock
        x, size = root, 0
        while True:
            if at[x] < out_start[x + 1]:
                y = out_to[at[x]]
                at[x] += 1
                if found[y] == 0:
                    clock += 1
                    found[y] = low[y] = clock
                    before[y], stack[size] = x, y
                    size += 1
                    x = y
                elif y != before[x]:
                    low[x] = min(low[x], found[y])
                continue
            gate = before[x]
            if gate < 0:
                break
            low[gate] = min(low[gate], low[x])
            if low[x] >= found[gate]:
                end = size
                size -= 1
                while stack[size] != x:
                    size -= 1
                if end - size + 1 >= large:
                    blind[gate] = False
                    for i in range(size, end):
                        blind[stack[i]] = False
            x = gate
