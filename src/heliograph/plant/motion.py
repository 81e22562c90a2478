"""How long a vehicle takes: along an edge, to turn from one edge into the next, to start and to stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.plant.model import Vehicles
from heliograph.plant.roadmap import Roadmap

__all__ = ["NO_TURN", "Following", "drive_ms", "follow", "start_ms"]

STRAIGHT_DEG: Final = 10.0
"""A smaller change of heading is driven as a curve and costs no time."""
STEER_DEG: Final = 95.0
"""A vehicle that cannot turn on the spot drives changes up to this as a curve, and no sharper ones."""
NO_TURN: Final = 2_000_000_000


class Following(NamedTuple):
    """Which edge may follow which, both ways round; s pairs in all."""

    start: NDArray[np.int64]
    """(e + 1,)"""
    pairs: NDArray[np.int64]
    """(s, 1 + k) edge after, turning ms of each type of vehicle; NO_TURN: it cannot"""
    back_start: NDArray[np.int64]
    """(e + 1,)"""
    back_pairs: NDArray[np.int64]
    """(s, 1 + k) edge before, turning ms of each type"""


def drive_ms(roadmap: Roadmap, vehicles: Vehicles) -> NDArray[np.int32]:
    """(2, e) milliseconds along each edge at full speed, rounded up, row 0 empty, row 1 loaded; 0: not allowed.

    The lower of the edge's and the vehicle's top speed counts.
    """
    top = np.array([[vehicles.speed_empty_m_s], [vehicles.speed_loaded_m_s]])
    speed = np.minimum(roadmap.speed_m_s, top)
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.ceil(np.round(1000 * roadmap.length_m / speed, 6))
    return np.where(speed > 0, np.maximum(needed, 1), 0).astype(np.int32)


def start_ms(vehicles: Vehicles) -> tuple[int, int]:
    """What reaching top speed from standstill costs over passing at top speed (v / 2a), empty and loaded.

    Coming to a stop costs the same again.
    """
    return (
        round(500 * vehicles.speed_empty_m_s / vehicles.acceleration_m_s2),
        round(500 * vehicles.speed_loaded_m_s / vehicles.acceleration_m_s2),
    )


def follow(roadmap: Roadmap, turn_deg_s: Sequence[float]) -> Following:
    """Every pair of edges that meet, with the time to turn on the spot between them; 0 degrees a second: it cannot.

    Going back where one came from takes no turn: these vehicles drive as well backwards, out of a bay for instance.
    """
    count = np.diff(roadmap.out_start)[roadmap.edge_to]
    start = np.zeros(len(count) + 1, np.int64)
    start[1:] = np.cumsum(count)
    first = np.repeat(np.arange(len(count), dtype=np.int64), count)
    nth = np.arange(start[-1], dtype=np.int64) - start[first]
    after = roadmap.out_edges[roadmap.out_start[roadmap.edge_to[first]] + nth]
    change = np.abs((roadmap.heading_deg[after] - roadmap.heading_deg[first] + 180.0) % 360.0 - 180.0)
    back = roadmap.edge_from[first] == roadmap.edge_to[after]
    turns = []
    for rate in turn_deg_s:
        spot = np.rint(1000 * change / rate) if rate > 0 else np.where(change > STEER_DEG, NO_TURN, 0)
        turns.append(np.where((change > STRAIGHT_DEG) & ~back, spot, 0).astype(np.int64))
    order = np.argsort(after, kind="stable")
    back_start = np.zeros(len(count) + 1, np.int64)
    back_start[1:] = np.cumsum(np.bincount(after, minlength=len(count)))
    return Following(
        start=start,
        pairs=np.column_stack([after, *turns]).astype(np.int64),
        back_start=back_start,
        back_pairs=np.column_stack([first[order], *(turn[order] for turn in turns)]).astype(np.int64),
    )
