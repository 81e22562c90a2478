"""The roadmap as arrays: what the compiled traffic loop reads.

Nodes and edges are numbered in the order of the layout file. Where a node is a bay (one edge in, one edge out, to the
same neighbour), a vehicle in it is off the road: it blocks nobody but those who want that very bay.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Roadmap", "build_roadmap"]


class Roadmap(NamedTuple):
    """A directed graph; n nodes, e edges."""

    node_ids: tuple[str, ...]
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    bay: NDArray[np.bool_]
    """(n,) True for dead-end places beside the road."""
    edge_from: NDArray[np.int32]
    edge_to: NDArray[np.int32]
    length_m: NDArray[np.float64]
    speed_m_s: NDArray[np.float64]
    """(2, e) the highest speed on each edge, row 0 empty, row 1 loaded; 0: not allowed."""
    heading_deg: NDArray[np.float64]
    """(e,) direction of travel, counter-clockwise from the x axis, -180 to 180."""
    out_start: NDArray[np.int32]
    """(n + 1,) edges that leave node i are out_edges[out_start[i] : out_start[i + 1]]."""
    out_edges: NDArray[np.int32]
    station_node: dict[str, int]
    """Station id to the node where a vehicle stands to serve it."""


def build_roadmap(
    node_ids: tuple[str, ...],
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    edge_from: NDArray[np.int32],
    edge_to: NDArray[np.int32],
    speed_m_s: NDArray[np.float64],
    station_node: dict[str, int],
) -> Roadmap:
    """Lengths, headings, bays and the table of outgoing edges, from nodes and edges alone."""
    n = len(node_ids)
    dx, dy = x_m[edge_to] - x_m[edge_from], y_m[edge_to] - y_m[edge_from]
    order = np.argsort(edge_from, kind="stable").astype(np.int32)
    out_count = np.bincount(edge_from, minlength=n)
    in_count = np.bincount(edge_to, minlength=n)
    out_start = np.zeros(n + 1, np.int32)
    out_start[1:] = np.cumsum(out_count)
    only_out = np.full(n, -1, np.int32)
    only_out[edge_from] = edge_to
    only_in = np.full(n, -2, np.int32)
    only_in[edge_to] = edge_from
    bay = (out_count == 1) & (in_count == 1) & (only_out == only_in)
    return Roadmap(
        node_ids=node_ids,
        x_m=x_m,
        y_m=y_m,
        bay=bay,
        edge_from=edge_from,
        edge_to=edge_to,
        length_m=np.hypot(dx, dy),
        speed_m_s=speed_m_s,
        heading_deg=np.degrees(np.arctan2(dy, dx)),
        out_start=out_start,
        out_edges=order,
        station_node=station_node,
    )
