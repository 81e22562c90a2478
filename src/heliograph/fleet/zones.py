"""What can be closed or occupied: a node, an edge, several nodes, or all that lies in a polygon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.errors import HeliographError
from heliograph.plant.roadmap import Roadmap

__all__ = ["Area", "Zone", "key_of", "zone_of"]

Area = str | tuple[str, str] | Sequence[str] | Sequence[tuple[float, float]]
"""A node or station; an edge (from, to); a list of nodes or stations; the corners of a polygon in metres."""

CORNERS: Final = 3


class Zone(NamedTuple):
    """What an area means on the roadmap."""

    name: str
    nodes: NDArray[np.int64]
    edges: NDArray[np.int64]


def key_of(area: Area) -> object:
    """Equal for equal areas."""
    return (
        area
        if isinstance(area, str)
        else (type(area) is tuple, tuple(tuple(x) if not isinstance(x, str) else x for x in area))
    )


def zone_of(roadmap: Roadmap, area: Area) -> Zone:
    """The nodes and edges of an area.

    An edge that only crosses a polygon belongs to it as well as one that ends in it.

    Raises:
        HeliographError: it names what the layout does not have, or is no area.
    """
    none = np.zeros(0, np.int64)
    if isinstance(area, str):
        return Zone(f"node {area}", np.array([_node(roadmap, area)]), none)
    if isinstance(area, tuple) and len(area) == 2 and isinstance(area[0], str):
        tail, head = (_node(roadmap, str(name)) for name in area)
        edges = np.flatnonzero((roadmap.edge_from == tail) & (roadmap.edge_to == head))
        if len(edges) == 0:
            raise HeliographError(f"there is no edge from {area[0]} to {area[1]}")
        return Zone(f"edge {area[0]} -> {area[1]}", none, edges)
    if len(area) and all(isinstance(item, str) for item in area):
        return Zone(
            f"area of {len(area)} nodes from {area[0]}", np.array([_node(roadmap, str(name)) for name in area]), none
        )
    corners = np.array([item for item in area if not isinstance(item, str)], np.float64)
    if corners.shape != (len(area), 2) or len(corners) < CORNERS or not np.isfinite(corners).all():
        raise HeliographError(
            "an area is a node, an edge (from, to), a list of nodes, or three corners (x, y) in metres at least"
        )
    xy = np.column_stack([roadmap.x_m, roadmap.y_m])
    nodes = np.flatnonzero(_inside(corners, xy))
    crossed = np.zeros(len(roadmap.edge_from), np.bool_)
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        crossed |= _cross(a, b, xy[roadmap.edge_from], xy[roadmap.edge_to])
    through = crossed & ~np.isin(roadmap.edge_from, nodes) & ~np.isin(roadmap.edge_to, nodes)
    low, high = corners.min(axis=0), corners.max(axis=0)
    name = f"area {low[0]:g} to {high[0]:g} m, {low[1]:g} to {high[1]:g} m"
    return Zone(name, nodes, np.flatnonzero(through))


def _node(roadmap: Roadmap, name: str) -> int:
    if name in roadmap.station_node:
        return roadmap.station_node[name]
    if name in roadmap.node_ids:
        return roadmap.node_ids.index(name)
    raise HeliographError(f'"{name}" is neither a node nor a station of the layout')


def _inside(corners: NDArray[np.float64], xy: NDArray[np.float64]) -> NDArray[np.bool_]:
    """By counting how many sides lie to the right of each point."""
    inside = np.zeros(len(xy), np.bool_)
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        spans = (a[1] > xy[:, 1]) != (b[1] > xy[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            at = a[0] + (xy[:, 1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
        inside ^= spans & (xy[:, 0] < at)
    return inside


def _cross(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], d: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether a-b crosses each of c-d."""

    def side(p: NDArray[np.float64], q: NDArray[np.float64], r: NDArray[np.float64]) -> NDArray[np.float64]:
        along, out = q - p, r - p
        return along[..., 0] * out[..., 1] - along[..., 1] * out[..., 0]

    return (side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0)
