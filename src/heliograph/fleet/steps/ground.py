"""A lattice by nodes, for clearing: which node leads to which, and who stands where."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.steps.lattice import Lattice

__all__ = ["EMPTY", "FAR", "SHUT", "Floor", "Ground", "build_ground", "shift"]

EMPTY: Final = -1
SHUT: Final = -2
FAR: Final = 1 << 40

_Ints = NDArray[np.int64]


class Ground(NamedTuple):
    """What clearing needs to know of a lattice, by node; s states, n nodes."""

    node: _Ints
    other: _Ints
    there: NDArray[np.bool_]
    arc_start: _Ints
    arc_to: _Ints
    follow: bool
    turns: bool
    """Everywhere a standing vehicle can set out to each neighbour: then an answer is proven."""
    out_start: _Ints
    """(n + 1,) from node i one can drive to out_to[out_start[i] : out_start[i + 1]] without a third node."""
    out_to: _Ints
    in_start: _Ints
    in_to: _Ints


class Floor(NamedTuple):
    """Who stands where, and room to work."""

    on: _Ints
    """(n,) the vehicle on each node, `EMPTY`, or `SHUT`."""
    far: _Ints
    """(n,) nodes to go to the goal."""
    seen: _Ints
    parent: _Ints
    queue: _Ints
    moves: _Ints
    """(m, 3) vehicle, from, to; in an order in which they can be made one by one."""
    tally: _Ints
    """(2,) marks used in `seen`, moves made."""


@entry
def _node_moves(
    node: _Ints, other: _Ints, there: NDArray[np.bool_], arc_start: _Ints, arc_to: _Ints, first: _Ints, rest: _Ints
) -> tuple[_Ints, bool]:
    """(k, 2) pairs of nodes with a way that holds no third; whether every standing vehicle has them all."""
    pairs = np.empty((len(arc_to) + 16, 2), np.int64)
    seen, met = np.zeros(len(node), np.int64), np.zeros(len(first), np.int64)
    stack = np.empty(len(node) + 1, np.int64)
    count, mark, turns = 0, 0, True
    for a in range(len(first) - 1):
        begin = count
        for i in range(first[a], first[a + 1]):
            mark += 1
            stack[0], size, found = rest[i], 1, 0
            seen[rest[i]] = mark
            while size > 0:
                size -= 1
                s = stack[size]
                for k in range(arc_start[s], arc_start[s + 1]):
                    to = arc_to[k]
                    if seen[to] == mark or (not there[to] and a not in (node[to], other[to])):
                        continue
                    seen[to] = mark
                    if not there[to] or node[to] == a:
                        stack[size] = to
                        size += 1
                    elif met[node[to]] != mark:
                        met[node[to]] = mark
                        found += 1
                        new = True
                        for j in range(begin, count):
                            new = new and pairs[j, 1] != node[to]
                        if new:
                            turns = turns and i == first[a]
                            pairs[count, 0], pairs[count, 1] = a, node[to]
                            count += 1
            turns = turns and found == count - begin
    return pairs[:count].copy(), turns


def build_ground(lattice: Lattice) -> Ground:
    """The map of a lattice by nodes; once for a lattice."""
    node, other, there = lattice.node.astype(np.int64), lattice.other.astype(np.int64), lattice.there
    standing = np.flatnonzero(there)
    rest = standing[np.argsort(node[standing], kind="stable")]
    first = np.searchsorted(node[rest], np.arange(lattice.nodes + 1))
    arc_start, arc_to = lattice.arc_start.astype(np.int64), lattice.arc_to.astype(np.int64)
    pairs, turns = _node_moves(node, other, there, arc_start, arc_to, first, rest)
    by_head = pairs[np.argsort(pairs[:, 1], kind="stable")]
    count = np.arange(lattice.nodes + 1)
    return Ground(
        node=node,
        other=other,
        there=there,
        arc_start=arc_start,
        arc_to=arc_to,
        follow=lattice.follow,
        turns=bool(turns),
        out_start=np.searchsorted(pairs[:, 0], count),
        out_to=pairs[:, 1].copy(),
        in_start=np.searchsorted(by_head[:, 1], count),
        in_to=by_head[:, 0].copy(),
    )


@inner
def shift(f: Floor, a: int, b: int) -> None:
    """Move who stands on a to b; note it."""
    v = f.on[a]
    f.on[a], f.on[b] = EMPTY, v
    i = f.tally[1]
    f.moves[i, 0], f.moves[i, 1], f.moves[i, 2] = v, a, b
    f.tally[1] += 1
