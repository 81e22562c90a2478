"""The judge of vehicles that have a size: nobody touches anybody, whoever planned it.

A vehicle is a disc of half its diagonal. From the moment when it may set off for a node until it has arrived it may be
anywhere on the edge; then it stands on the node. Two that are anywhere at the same time must be further apart than both
radii. This shares no code with the planner; the distance of two edges is found here by trying points along them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.check import Violation
from heliograph.plant.roadmap import Roadmap

__all__ = ["check_sizes"]

POINTS: Final = 41
"""Tried along each edge."""
ROUNDING_M: Final = 1e-6


def check_sizes(roadmap: Roadmap, sizes_m: Sequence[tuple[float, float]], tracks: Any) -> list[Violation]:
    """Every time two vehicles could have touched, in order of time.

    Args:
        sizes_m: length and width of each vehicle.
        tracks: columns vehicle, node (number), claimed_ms, arrived_ms, left_ms.
    """
    radius = np.array([np.hypot(*size) / 2 for size in sizes_m])
    stays = _stays(tracks)
    xy = np.column_stack([roadmap.x_m, roadmap.y_m])
    places = sorted(stays)
    share = np.linspace(0, 1, POINTS)[:, None]
    points = np.array([xy[a] + share * (xy[b] - xy[a]) for a, b in places])
    low, high, reach = points.min(axis=1), points.max(axis=1), 2 * radius.max()
    found = []
    for i, one in enumerate(places):
        boxes = ((low < high[i] + reach) & (high > low[i] - reach)).all(axis=1)
        for j in np.flatnonzero(boxes).tolist():
            gap = _gap_m(points[i], points[j]) if j >= i else reach
            if gap < reach:
                found += _meetings(roadmap, radius, one, places[j], stays[one], stays[places[j]], gap)
    return sorted(found, key=lambda v: v.at_ms)


Stays = dict[tuple[int, int], list[tuple[int, int, int]]]
"""By (node, node) or (from, to): vehicle, from ms, until ms."""


def _stays(tracks: Any) -> Stays:
    columns = [
        np.asarray(tracks[name]).astype(np.int64) for name in ("vehicle", "node", "claimed_ms", "arrived_ms", "left_ms")
    ]
    order = np.lexsort((columns[3], columns[0]))
    rows = list(zip(*(column[order].tolist() for column in columns), strict=True))
    stays: Stays = defaultdict(list)
    for before, (vehicle, node, claimed, arrived, left) in zip([None, *rows], rows, strict=False):
        here = arrived
        if before is not None and before[0] == vehicle and before[4] == arrived:
            here = arrived
            stays[before[1], node].append((vehicle, max(claimed, before[3]), arrived))
        stays[node, node].append((vehicle, here, left))
    return stays


def _gap_m(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    """The least distance; both ways of a line are tried point by point, each against the other's whole line."""
    return min(_to_line(one, two[0], two[-1]), _to_line(two, one[0], one[-1]))


def _to_line(points: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    along = b - a
    length = float(along @ along)
    share = np.clip((points - a) @ along / length, 0, 1) if length > 0 else np.zeros(len(points))
    return float(np.linalg.norm(points - a - share[:, None] * along, axis=1).min())


def _meetings(
    roadmap: Roadmap,
    radius: NDArray[np.float64],
    one: tuple[int, int],
    two: tuple[int, int],
    at_one: list[tuple[int, int, int]],
    at_two: list[tuple[int, int, int]],
    gap_m: float,
) -> list[Violation]:
    """Pairs of stays that overlap in time and are too near."""
    found = []
    begins = np.array([stay[1] for stay in at_two])
    order = np.argsort(begins, kind="stable")
    longest = max(stay[2] - stay[1] for stay in at_two)
    for v, since, until in at_one:
        first, last = np.searchsorted(begins[order], [since - longest, until])
        for k in order[first:last].tolist():
            u, start, end = at_two[k]
            at_ms = max(since, start)
            if u != v and at_ms < min(until, end) and gap_m < radius[v] + radius[u] - ROUNDING_M:
                text = (
                    f"comes within {gap_m:.2f} m of vehicle {u} at {_named(roadmap, one)} and {_named(roadmap, two)}: "
                    f"{radius[v] + radius[u]:.2f} m at least"
                )
                found.append(Violation("touch", at_ms, v, text, node=roadmap.node_ids[one[0]], other=u))
    return found


def _named(roadmap: Roadmap, place: tuple[int, int]) -> str:
    a, b = (roadmap.node_ids[node] for node in place)
    return a if a == b else f"{a} -> {b}"
