"""Chains: one vehicle takes a better path across those of others; these find new ones in turn, and so on.

A *push* asks no price: whoever is in the way gives way, except those who have had their turn. Where somebody cannot
give way in time, the path is sought anew around that. A *trade* is kept if all together, each by its weight, lose no
more than before.

Source: right of way that is handed on, from Okumura et al., PIBT (2019, 2022).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from heliograph.fleet.compiled import inner
from heliograph.fleet.steps.rows import UNIT, Roads
from heliograph.fleet.steps.window import CHAIN, DEAREST, Plans, crossed, draw, leave_path, loses, search, take_path

__all__ = ["push", "trade", "undo"]

AGAIN: Final = 20
"""So often a push is tried anew around those who cannot give way."""


@inner
def _enlist(p: Plans, roads: Roads, u: int, count: int, at: int) -> int:
    """Make u, crossed at step `at`, part of the chain: keep its path, and strike it out."""
    p.moved[count, 0], p.moved[count, 1], p.moved[count, 2], p.moved[count, 3] = u, p.cost[u], 0, at
    for t in range(p.k[0].window + 1):
        p.before[count, t] = p.path[u, t]
    leave_path(p, roads, u)
    return count + 1


@inner
def _enlist_crossed(p: Plans, roads: Roads, u: int, count: int) -> int:
    """Make all whom the new path of u crosses part of the chain; the length of the chain, -1: it is too long."""
    for t in range(p.k[0].window):
        for which in range(3):
            x = crossed(p, roads, p.path[u, t], p.path[u, t + 1], t, which)
            if x >= 0 and x != u:
                if count == CHAIN:
                    return -1
                count = _enlist(p, roads, x, count, t + 1)
    return count


@inner
def undo(p: Plans, roads: Roads, count: int) -> None:
    """All vehicles of the chain get back their paths from before."""
    for i in range(count):
        u = p.moved[i, 0]
        if p.moved[i, 2]:
            leave_path(p, roads, u)
        p.fixed[u] = 0
    for i in range(count):
        u = p.moved[i, 0]
        p.cost[u] = p.moved[i, 1]
        for t in range(p.k[0].window + 1):
            p.path[u, t] = p.before[i, t]
    for i in range(count):
        take_path(p, roads, p.moved[i, 0], p.k[0].window)


@inner
def _chain(p: Plans, roads: Roads, v: int, push: bool) -> bool:
    """A chain that begins with v; whether its new paths were kept."""
    k = p.k[0]
    k.failed = -1
    count, done = _enlist(p, roads, v, 0, 0), 0
    worse, hope = np.int64(0), p.weight[v] * p.cost[v]
    while done < count:
        u = p.moved[done, 0]
        hope -= p.weight[u] * p.cost[u]
        limit = p.cost[u] + (hope - worse) // p.weight[u]
        if push:
            limit = DEAREST if done else p.cost[u] - 1
        end = search(p, roads, u, limit)
        if end < 0:
            k.failed, k.failed_at = u, p.moved[done, 3]
            break
        p.fixed[u] = k.chain
        for t in range(k.window, -1, -1):
            p.path[u, t] = p.pool[end, 0]
            end = p.pool[end, 1]
        longer = _enlist_crossed(p, roads, u, count)
        if longer < 0:
            undo(p, roads, CHAIN)
            return False
        for i in range(count, longer):
            hope += p.weight[p.moved[i, 0]] * p.moved[i, 1]
        count = longer
        p.cost[u] = loses(p, roads, u)
        worse += p.weight[u] * (p.cost[u] - p.moved[done, 1])
        take_path(p, roads, u, k.window)
        p.moved[done, 2] = 1
        done += 1
        if not push and worse > hope:
            break
    if done == count and (push or worse <= 0):
        if worse < 0:
            k.helped += 1
        return True
    undo(p, roads, count)
    return False


@inner
def push(p: Plans, roads: Roads, v: int) -> None:
    """v takes its best path, and whoever can gives way."""
    k = p.k[0]
    k.turn += 1
    k.crossing = UNIT // 4
    for _ in range(AGAIN):
        if _chain(p, roads, v, True) or k.failed < 0 or k.failed == v:
            return
        u = k.failed
        if p.firm[u, 0] != k.turn or p.firm[u, 1] < k.failed_at:
            p.firm[u, 1] = k.failed_at
        p.firm[u, 0] = k.turn


@inner
def trade(p: Plans, roads: Roads, v: int) -> None:
    """v takes a better path, and others give way, if all together lose no more than before."""
    p.k[0].crossing = draw(p, 3) * (UNIT // 2)
    _chain(p, roads, v, False)
