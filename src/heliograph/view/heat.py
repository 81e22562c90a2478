"""Where it is crowded: of each node, how often vehicles come, and how long they wait there, in some stretch of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from heliograph.view.series import NEVER, Ints, Series
from heliograph.view.vehicles import FULL, PHASES

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["Heat", "heat_of"]

_UNDER_WAY = [PHASES.index("to_source"), PHASES.index("to_target")]


class Heat(msgspec.Struct, frozen=True, kw_only=True):
    """Nodes that a vehicle came to or waited on."""

    from_ms: int
    to_ms: int
    node: list[int]
    visits_per_h: list[float]
    waiting: list[float]
    """Mean number of vehicles that stand there with a move, and neither hand over nor drive."""


def heat_of(day: Day, from_ms: int, to_ms: int) -> Heat:
    """Visits and waiting between two moments."""
    visits = day.visits
    following = np.append(visits.claimed[1:], NEVER)
    following[visits.start[1:][visits.start[1:] > 0] - 1] = NEVER
    departs = np.maximum(following, visits.arrived)
    near = np.flatnonzero((visits.arrived < to_ms) & (departs > from_ms))
    node, vehicle = visits.node[near], visits.vehicle[near].astype(np.int64)
    came = visits.arrived[near] >= from_ms
    low, high = np.clip(visits.arrived[near], from_ms, to_ms), np.clip(departs[near], from_ms, to_ms)
    doing = day.series["doing"]
    waited = _under_way(doing, vehicle, high) - _under_way(doing, vehicle, low)
    count, span_ms = len(day.nodes), max(to_ms - from_ms, 1)
    often = np.bincount(node, came, count) * 3_600_000 / span_ms
    share = np.bincount(node, waited, count) / span_ms
    used = np.flatnonzero((often > 0) | (share > 0))
    return Heat(
        from_ms=from_ms,
        to_ms=to_ms,
        node=used.tolist(),
        visits_per_h=often[used].round(2).tolist(),
        waiting=share[used].round(4).tolist(),
    )


def _under_way(doing: Series, vehicle: Ints, moment: Ints) -> Ints:
    """Of each vehicle, ms up to a moment in which it was bound for somewhere."""
    on = np.isin(doing.columns["doing"] % FULL, _UNDER_WAY)
    length = np.append(np.diff(doing.at), 0)
    length[doing.start[1:][doing.start[1:] > 0] - 1] = 0
    before = np.cumsum(on * length) - on * length
    key = vehicle * doing.length + np.clip(moment - doing.first, -1, doing.length - 1)
    row = np.searchsorted(doing.key, key, side="right") - 1
    spent: Ints = before[row] + on[row] * (moment - doing.at[row])
    return spent
