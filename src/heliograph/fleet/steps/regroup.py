"""Groups: a few vehicles that are in each other's way lose their paths and find new ones, one after the other.

New paths cross nobody's, and are kept if the group, each by its weight, loses no more than before. So a group can swap
who goes first where a chain of single changes would have to pass through something worse.

Source: large neighbourhood search by groups, from Li et al., Anytime MAPF via large neighborhood search (2021); in
windows of a plan that never ends, from Jiang et al. (WPPL, 2024).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from heliograph.fleet.compiled import inner
from heliograph.fleet.steps.chains import undo
from heliograph.fleet.steps.rows import Roads
from heliograph.fleet.steps.window import RIGID, Plans, arrived, crossed, draw, leave_path, nearer, search, take_path

__all__ = ["regroup"]

GROUP: Final = 8
"""So many vehicles at most."""
TRIPS: Final = 6
"""So often the way of a member is walked, to find who is in its way."""
WALKS: Final = 4
"""Or so often one sets out at random from a place ..."""
WALK: Final = 12
"""... and takes so many steps, to find who is about."""


@inner
def _join(p: Plans, u: int, count: int) -> int:
    """Make u part of the group, unless it is already or cannot move; the size of the group."""
    if u < 0 or p.fixed[u] >= RIGID or p.firm[u, 0] == p.k[0].turn:
        return count
    p.firm[u, 0], p.firm[u, 1] = p.k[0].turn, 0
    p.moved[count, 0] = u
    return count + 1


@inner
def _along(p: Plans, roads: Roads, v: int, size: int, count: int) -> int:
    """Who stands in the way of v on a walk on which it would lose less than now."""
    k = p.k[0]
    t = np.int64(draw(p, k.window))
    s, lost = np.int64(p.path[v, t]), np.int64(0)
    while t < k.window and count < size:
        first = roads.arc_start[s]
        arcs = roads.arc_start[s + 1] - first
        turn, to = draw(p, arcs), np.int64(-1)
        for j in range(arcs):
            a = first + (j + turn) % arcs
            more = 0 if p.aim[v] < 0 else max(0, roads.arc_cost[a] - nearer(p, v, s, roads.arc_to[a]))
            if lost + more < p.cost[v]:
                to = np.int64(roads.arc_to[a])
                lost += more
                break
        if to < 0:
            break
        for which in range(3):
            u = crossed(p, roads, s, to, t, which)
            if count < size:
                count = _join(p, u, count)
        s = to
        t += 1
        if arrived(p, roads, v, s):
            break
    return count


@inner
def _about(p: Plans, roads: Roads, v: int, size: int, count: int) -> int:
    """Who is about a place on the path of v at some time, the same or another."""
    k = p.k[0]
    t, when = draw(p, k.window + 1), draw(p, k.window + 1)
    begin = np.int64(p.path[v, t])
    s = begin
    for i in range(WALKS * WALK):
        if i % WALK == 0:
            s = begin
        arcs = roads.arc_start[s + 1] - roads.arc_start[s]
        s = np.int64(roads.arc_to[roads.arc_start[s] + draw(p, arcs)])
        count = _join(p, p.held[when, roads.node[s]], count)
        if count >= size:
            break
    return count


@inner
def _gather(p: Plans, roads: Roads, v: int) -> int:
    """v and others with whom it could do better, in the order in which they will find new paths; how many."""
    size, count, lead = 2 + draw(p, GROUP - 1), _join(p, v, 0), v
    if draw(p, 2):
        for _ in range(TRIPS):
            count = _along(p, roads, lead, size, count)
            if count >= size:
                break
            if count > 1 and draw(p, 3) == 0:
                lead = p.moved[draw(p, count), 0]
    else:
        count = _about(p, roads, v, size, count)
    worst_first = draw(p, 2)
    for i in range(1, count):
        u = p.moved[i, 0]
        j = i
        if worst_first:
            while j > 0 and p.cost[p.moved[j - 1, 0]] < p.cost[u]:
                p.moved[j, 0] = p.moved[j - 1, 0]
                j -= 1
        else:
            j = draw(p, i + 1)
            p.moved[i, 0] = p.moved[j, 0]
        p.moved[j, 0] = u
    return int(count)


@inner
def regroup(p: Plans, roads: Roads, v: int) -> None:
    """v and some others lose their paths and find new ones, one after the other, if they lose no more so."""
    k = p.k[0]
    k.crossing = -1
    count = _gather(p, roads, v)
    left = np.int64(0)
    for i in range(count):
        u = p.moved[i, 0]
        p.moved[i, 1], p.moved[i, 2] = p.cost[u], 0
        for t in range(k.window + 1):
            p.before[i, t] = p.path[u, t]
        leave_path(p, roads, u)
        left += p.weight[u] * p.cost[u]
    done = 0
    while done < count and left >= 0:
        u = p.moved[done, 0]
        end = search(p, roads, u, left // p.weight[u])
        if end < 0:
            break
        p.cost[u] = k.found
        left -= p.weight[u] * p.cost[u]
        for t in range(k.window, -1, -1):
            p.path[u, t] = p.pool[end, 0]
            end = p.pool[end, 1]
        take_path(p, roads, u, k.window)
        p.moved[done, 2] = 1
        done += 1
    if done < count or left < 0:
        undo(p, roads, count)
    elif left > 0:
        k.helped += 1
