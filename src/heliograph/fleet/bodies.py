"""Vehicles of different sizes: who would touch whom.

A vehicle is a disc of half its diagonal, wherever it turns, and may be anywhere along the edge that it drives. It may
drive an edge only while no other vehicle, where that stands or along the edge that it drives, comes nearer to it than
both radii together. Whoever is near enough to ask holds a node near the edge, so a short list of nodes for each edge is
all that has to be looked at; where nodes and roads are further apart than the largest vehicles, the lists are empty.

Roads too narrow for a type beside a place where another may rest are not for this type (`narrow`): so nobody on the
road ever waits for somebody who rests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import inner
from heliograph.plant.model import Vehicles
from heliograph.plant.roadmap import Roadmap

__all__ = ["Near", "gap_m", "narrow", "near", "radius_m"]

AT_ONCE: Final = 4_000_000
"""So many pairs of edges are measured at once."""


class Near(NamedTuple):
    """Lists of near nodes; n nodes, e edges."""

    start: NDArray[np.int64]
    """(e + 1,)"""
    nodes: NDArray[np.int64]
    """Whoever holds one of these may be too near to edge i: nodes[start[i] : start[i + 1]]."""
    wake_start: NDArray[np.int64]
    """(n + 1,)"""
    wake: NDArray[np.int64]
    """The other way round: ends of edges that may be clear once node i is free."""


def radius_m(kind: Vehicles) -> float:
    """Half the diagonal."""
    return float(np.hypot(kind.length_m, kind.width_m)) / 2


def narrow(roadmap: Roadmap, kinds: Sequence[Vehicles], places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(k, e) where a type would touch the largest vehicle that rests in one of these places beside the edge."""
    radii = np.array([radius_m(kind) if kind.count else 0.0 for kind in kinds])
    tail, head = roadmap.edge_from, roadmap.edge_to
    xy = np.column_stack([roadmap.x_m, roadmap.y_m])
    nearest = np.full(len(tail), np.inf)
    for place in places.tolist():
        gap = _from_segments(xy[place], xy[tail], xy[head])
        gap[(tail == place) | (head == place)] = np.inf
        np.minimum(nearest, gap, out=nearest)
    tight: NDArray[np.bool_] = nearest[None, :] < radii[:, None] + radii.max()
    return tight


def near(roadmap: Roadmap, reach_m: float) -> Near:
    """The lists for vehicles whose radii add up to `reach_m` at most; 0: all are points, and nothing is near."""
    n, e = len(roadmap.node_ids), len(roadmap.edge_from)
    pairs = np.zeros((0, 2), np.int64) if reach_m <= 0 else _pairs(roadmap, reach_m)
    start, wake_start = np.zeros(e + 1, np.int64), np.zeros(n + 1, np.int64)
    start[1:] = np.cumsum(np.bincount(pairs[:, 0], minlength=e))
    ends = np.unique(np.column_stack([pairs[:, 1], roadmap.edge_to[pairs[:, 0]]]), axis=0).astype(np.int64)
    wake_start[1:] = np.cumsum(np.bincount(ends[:, 0], minlength=n))
    return Near(start, np.ascontiguousarray(pairs[:, 1]), wake_start, np.ascontiguousarray(ends[:, 1]))


def _pairs(roadmap: Roadmap, reach_m: float) -> NDArray[np.int64]:
    """(p, 2) edge, node: the node, or an edge that begins there, comes nearer to the edge than that."""
    tail, head = roadmap.edge_from.astype(np.int64), roadmap.edge_to.astype(np.int64)
    xy = np.column_stack([roadmap.x_m, roadmap.y_m])
    e, found = len(tail), []
    low, high = np.minimum(xy[tail], xy[head]), np.maximum(xy[tail], xy[head])
    for first in range(0, e, max(1, AT_ONCE // max(e, 1))):
        some = np.arange(first, min(e, first + max(1, AT_ONCE // max(e, 1))))
        boxes = ((low[some][:, None] < high + reach_m) & (high[some][:, None] > low - reach_m)).all(axis=2)
        one, two = np.nonzero(boxes)
        one = some[one]
        close = _between(xy[tail[one]], xy[head[one]], xy[tail[two]], xy[head[two]]) < reach_m
        one, two = one[close], two[close]
        stands = _from_segments(xy[head[two]], xy[tail[one]], xy[head[one]]) < reach_m
        found.append(np.column_stack([np.append(one, one[stands]), np.append(tail[two], head[two][stands])]))
    pairs = np.unique(np.concatenate(found), axis=0)
    own = (pairs[:, 1] == tail[pairs[:, 0]]) | (pairs[:, 1] == head[pairs[:, 0]])
    others: NDArray[np.int64] = pairs[~own]
    return others


def _from_segments(point: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """From points to segments."""
    along = b - a
    share = ((point - a) * along).sum(axis=-1) / np.maximum((along * along).sum(axis=-1), 1e-12)
    nearest = a + np.clip(share, 0, 1)[..., None] * along
    gap: NDArray[np.float64] = np.hypot(*(point - nearest).T)
    return gap


def _between(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], d: NDArray[np.float64]
) -> NDArray[np.float64]:
    """From segments a-b to segments c-d; 0 where they cross."""

    def side(p: NDArray[np.float64], q: NDArray[np.float64], r: NDArray[np.float64]) -> NDArray[np.float64]:
        return (q[:, 0] - p[:, 0]) * (r[:, 1] - p[:, 1]) - (q[:, 1] - p[:, 1]) * (r[:, 0] - p[:, 0])

    crosses = (side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0)
    gaps = [_from_segments(a, c, d), _from_segments(b, c, d), _from_segments(c, a, b), _from_segments(d, a, b)]
    return np.where(crosses, 0.0, np.min(gaps, axis=0))


@inner
def _off(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> float:
    """From a point to a segment."""
    ux, uy = bx - ax, by - ay
    share = ((px - ax) * ux + (py - ay) * uy) / max(ux * ux + uy * uy, 1e-12)
    share = min(max(share, 0.0), 1.0)
    x, y = px - ax - share * ux, py - ay - share * uy
    return float(np.sqrt(x * x + y * y))


@inner
def gap_m(nodes: np.ndarray, a: int, b: int, c: int, d: int) -> float:
    """From the edge or node a-b to the edge or node c-d; 0: they cross."""
    ax, ay, bx, by = nodes[a].x_m, nodes[a].y_m, nodes[b].x_m, nodes[b].y_m
    cx, cy, dx, dy = nodes[c].x_m, nodes[c].y_m, nodes[d].x_m, nodes[d].y_m
    one = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    two = (bx - ax) * (dy - ay) - (by - ay) * (dx - ax)
    three = (dx - cx) * (ay - cy) - (dy - cy) * (ax - cx)
    four = (dx - cx) * (by - cy) - (dy - cy) * (bx - cx)
    if one * two < 0 and three * four < 0:
        return 0.0
    near_ab = min(_off(ax, ay, cx, cy, dx, dy), _off(bx, by, cx, cy, dx, dy))
    near_cd = min(_off(cx, cy, ax, ay, bx, by), _off(dx, dy, ax, ay, bx, by))
    return float(min(near_ab, near_cd))
