"""Deadlock: finding a ring of vehicles that wait for each other, and opening it.

Every vehicle that waits on the road waits for exactly one node, and every node has one holder. So a deadlock is a ring
in this chain, and it can only close at the moment when a vehicle begins to wait: that is when we follow the chain.

A ring is opened as in priority inheritance with backtracking (PIBT), in its form without common time steps: the oldest
order of the ring has the right of way; a search from the node that it wants, through nodes whose vehicles wait, finds
the nearest hole: a free node, or a free place beside the road. The vehicles on the way to the hole shift by one, last
one first, and then find their own way again. The right of way stays until the order is fulfilled, so that the oldest
order always comes through, and every order is the oldest some day.

Source: Okumura et al., Priority Inheritance with Backtracking for Iterative Multi-agent Path Finding (2019, 2022);
Okumura et al., Time-Independent Planning for Multiple Moving Agents (2021).
"""

from __future__ import annotations

from typing import Final

from heliograph.fleet.compiled import inner
from heliograph.fleet.state import grant, join_waiting, leave_waiting
from heliograph.fleet.timers import LOOK, push
from heliograph.fleet.world import HELD, World

__all__ = ["close", "open_ring", "waiters_ahead"]

LOOK_AGAIN_MS: Final = 500


@inner
def waiters_ahead(w: World, node: int) -> int:
    """How many vehicles in a row wait, from this node on."""
    count, v = 0, w.nodes[node].holder
    while v >= 0 and w.vehicles[v].mode == HELD and count < len(w.vehicles):
        count += 1
        v = w.nodes[w.vehicles[v].want].holder
    return count


@inner
def close(w: World, v: int) -> bool:
    """Whether the chain from v leads back to v."""
    u = w.nodes[w.vehicles[v].want].holder
    for _ in range(len(w.vehicles)):
        if u == v:
            return True
        if u < 0 or w.vehicles[u].mode != HELD:
            return False
        u = w.nodes[w.vehicles[u].want].holder
    return False


@inner
def _may_shift_into(w: World, v: int, node: int) -> bool:
    """Whether a free node can take v: the road, or a place that nobody has claimed or waits for."""
    n = w.nodes[node]
    if n.holder >= 0:
        return False
    return bool(not n.closed or (n.claim < 0 and n.first_claiming < 0))


@inner
def _find_hole(w: World, v: int, start: int) -> int:
    """The nearest hole to which the waiting vehicles from `start` on can shift without v's own node; -1: none.

    The way is left in the nodes' `parent` and `parent_edge`.
    """
    clock, nodes = w.clock[0], w.nodes
    if nodes[start].holder < 0:
        return int(start) if _may_shift_into(w, v, start) else -1
    if w.vehicles[nodes[start].holder].mode != HELD or nodes[start].closed:
        return -1
    clock.search += 1
    search = clock.search
    nodes[start].seen = search
    nodes[w.vehicles[v].node].seen = search
    w.scratch[0] = start
    first, last = 0, 1
    while first < last:
        node = w.scratch[first]
        first += 1
        holder = w.vehicles[nodes[node].holder]
        for i in range(w.follow_start[holder.via], w.follow_start[holder.via + 1]):
            edge = w.follow[i, 0]
            there = w.edges[edge].head
            if w.drive_ms[holder.loaded, edge] <= 0 or nodes[there].seen == search:
                continue
            other = nodes[there].holder
            if other < 0:
                if not _may_shift_into(w, nodes[node].holder, there):
                    continue
            elif w.vehicles[other].mode != HELD or nodes[there].closed:
                continue
            nodes[there].seen, nodes[there].parent, nodes[there].parent_edge = search, node, edge
            if other < 0:
                return int(there)
            w.scratch[last] = there
            last += 1
    return -1


@inner
def _shift(w: World, v: int, edge: int, hole: int, now_ms: int) -> None:
    """Shift the vehicles between the end of v's edge and the hole by one, and let v go next."""
    start, node = w.edges[edge].head, hole
    while node != start:
        by, node = w.nodes[node].parent_edge, w.nodes[node].parent
        pushed = w.nodes[node].holder
        leave_waiting(w, pushed)
        head = w.edges[by].head
        if head == hole:
            if w.nodes[hole].closed:
                w.nodes[hole].claim = pushed
            grant(w, pushed, by, now_ms)
        else:
            join_waiting(w, pushed, by, True)
    leave_waiting(w, v)
    if hole == start:
        if w.nodes[hole].closed:
            w.nodes[hole].claim = v
        grant(w, v, edge, now_ms)
    else:
        join_waiting(w, v, edge, True)


@inner
def _push(w: World, v: int, now_ms: int) -> bool:
    """Let v go on to the node that it wants, or else to any other, by shifting who is in the way."""
    x = w.vehicles[v]
    wanted = x.along
    hole = _find_hole(w, v, x.want)
    if hole >= 0:
        _shift(w, v, wanted, hole, now_ms)
        return True
    for i in range(w.follow_start[x.via], w.follow_start[x.via + 1]):
        edge = w.follow[i, 0]
        if edge != wanted and w.drive_ms[x.loaded, edge] > 0:
            hole = _find_hole(w, v, w.edges[edge].head)
            if hole >= 0:
                _shift(w, v, edge, hole, now_ms)
                return True
    return False


@inner
def open_ring(w: World, v: int, now_ms: int) -> None:
    """Open the ring that v closes, if it closes one: oldest order first; with no hole in reach, look again soon."""
    if not close(w, v):
        return
    w.clock[0].cycles += 1
    tried_ms, tried = -(1 << 62), -1
    while True:
        oldest, u = -1, v
        for _ in range(len(w.vehicles)):
            born = w.vehicles[u].born_ms
            if (born, u) > (tried_ms, tried) and (oldest < 0 or (born, u) < (w.vehicles[oldest].born_ms, oldest)):
                oldest = u
            u = w.nodes[w.vehicles[u].want].holder
            if u == v:
                break
        if oldest < 0:
            w.clock[0].cycles_stuck += 1
            push(w, now_ms + LOOK_AGAIN_MS, LOOK, v)
            return
        if _push(w, oldest, now_ms):
            return
        tried_ms, tried = w.vehicles[oldest].born_ms, oldest
