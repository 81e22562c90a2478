"""Rounds: in a crowd, many vehicles move on by one node at the same time, along rings and towards holes.

Where nearly every node is held, hardly anybody can give way, and pushing fails. But vehicles that stand in a ring can
all move at once, and so can those in a row before a free node. Which vehicles move where is an assignment: each that
stands still gets its own node or one beside it, no node twice, so that all together come nearer to their goals as far
as possible. It is found by an auction in which vehicles bid for nodes; two that would change places are parted by
closing one of the two ways, and bid again. What comes out falls into rings and rows; each one drives when its slowest
member has turned.

Source: Bertsekas, The auction algorithm: A distributed relaxation method for the assignment problem (1988).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.steps.rows import UNIT, Roads
from heliograph.fleet.steps.window import RIGID, Plans, leave_path, nearer, take_path

__all__ = ["Market", "build_market", "play_round"]

WAYS: Final = 5
"""A vehicle may stay, or go to one of four neighbours."""
FINE: Final = 16
"""What a unit of cost is worth for a vehicle of weight 1; a smaller bid is not made."""
TURNS: Final = 2
"""Who would have to turn more often before it can go is left out."""
TURN_COST: Final = 1500
"""What a turn before going counts, about 0.7 of a hurried vehicle's step: the whole ring waits for it."""
RESTLESS: Final = UNIT * FINE // 2
"""To stay is worth so much less than nothing: rings that gain nothing turn as well, and bring others together."""
BIDS: Final = 400_000
"""Bids in one round at most; without a result nobody moves."""


class Market(NamedTuple):
    """v vehicles, n nodes."""

    to: NDArray[np.int64]
    """(v, WAYS) the state in which a vehicle reaches the neighbour; -1: no such way; the first is staying."""
    turns: NDArray[np.int64]
    """(v, WAYS) the turns before."""
    worth: NDArray[np.int64]
    """(v, WAYS)"""
    got: NDArray[np.int64]
    """(v,) which way each vehicle has got; -1: none yet."""
    price: NDArray[np.int64]
    """(n,)"""
    owner: NDArray[np.int64]
    """(n,) the vehicle that has got the node; -1: none."""
    todo: NDArray[np.int64]
    """(v,) who has yet to bid."""
    at: NDArray[np.int64]
    """(n,) the standing vehicle on a node; -1: none; -2: others will be there, or are led through it."""


def build_market(vehicles: int, nodes: int) -> Market:
    """Room for rounds."""
    return Market(
        to=np.zeros((vehicles, WAYS), np.int64),
        turns=np.zeros((vehicles, WAYS), np.int64),
        worth=np.zeros((vehicles, WAYS), np.int64),
        got=np.zeros(vehicles, np.int64),
        price=np.zeros(nodes, np.int64),
        owner=np.zeros(nodes, np.int64),
        todo=np.zeros(vehicles, np.int64),
        at=np.zeros(nodes, np.int64),
    )


@inner
def _stands(p: Plans, roads: Roads, v: int) -> bool:
    """Whether v stays on its node for the whole window, and could do otherwise."""
    if p.path[v, 0] < 0 or p.fixed[v] >= RIGID:
        return False
    node = roads.node[p.path[v, 0]]
    away = 0
    for t in range(p.k[0].window):
        away += roads.node[p.path[v, t + 1]] != node
    return bool(away == 0)


@inner
def _ways(p: Plans, roads: Roads, m: Market, v: int) -> None:
    """Where v could go, what turning it takes, and what it is worth."""
    start = p.path[v, 0]
    m.to[v, 0], m.turns[v, 0], m.worth[v, 0] = start, 0, -p.weight[v] * RESTLESS
    for w in range(1, WAYS):
        m.to[v, w] = -1
    left = right = start
    found = 1
    for turns in range(TURNS + 1):
        for side in range(1 if turns in (0, TURNS) else 2):
            s = left if side == 0 else right
            for a in range(roads.arc_start[s], roads.arc_start[s + 1]):
                to = roads.arc_to[a]
                if roads.node[to] != roads.node[s] and found < WAYS and m.at[roads.node[to]] != -2:
                    m.to[v, found], m.turns[v, found] = to, turns
                    gain = 0 if p.aim[v] < 0 else nearer(p, v, start, to)
                    m.worth[v, found] = p.weight[v] * gain * FINE - turns * TURN_COST
                    found += 1
        left, right = _turned(roads, left, 0), _turned(roads, right, 1)


@inner
def _turned(roads: Roads, s: int, side: int) -> int:
    """The state after a turn clockwise (0) or counter-clockwise (1)."""
    skip = side
    for a in range(roads.arc_start[s], roads.arc_start[s + 1]):
        to = roads.arc_to[a]
        if to != s and roads.node[to] == roads.node[s]:
            if skip == 0:
                return int(to)
            skip -= 1
    return int(s)


@inner
def _auction(roads: Roads, m: Market, count: int, bids: int) -> int:
    """Those in `todo` bid until each has got a way; how many bids are left."""
    while count > 0 and bids > 0:
        bids -= 1
        v = m.todo[count - 1]
        best, best_gain, next_gain = -1, -(1 << 60), -(1 << 60)
        for w in range(WAYS):
            if m.to[v, w] < 0:
                continue
            gain = m.worth[v, w] - m.price[roads.node[m.to[v, w]]]
            if gain > best_gain:
                next_gain = best_gain
                best, best_gain = w, gain
            elif gain > next_gain:
                next_gain = gain
        node = roads.node[m.to[v, best]]
        m.price[node] += FINE + (best_gain - next_gain if next_gain > -(1 << 60) else 1 << 40)
        other = m.owner[node]
        m.owner[node], m.got[v] = v, best
        count -= 1
        if other >= 0:
            m.got[other] = -1
            m.todo[count] = other
            count += 1
    return bids if count == 0 else -1


@inner
def _part(roads: Roads, m: Market, standing: NDArray[np.int64], count: int) -> int:
    """Who would change places with another: the way that is worth less is closed. How many must bid again."""
    again = 0
    for i in range(count):
        v = standing[i]
        if m.got[v] <= 0:
            continue
        here, there = roads.node[m.to[v, 0]], roads.node[m.to[v, m.got[v]]]
        u = m.at[there]
        if u < 0 or m.got[u] <= 0 or roads.node[m.to[u, m.got[u]]] != here:
            continue
        loser = v if m.worth[v, m.got[v]] <= m.worth[u, m.got[u]] else u
        m.owner[roads.node[m.to[loser, m.got[loser]]]] = -1
        m.to[loser, m.got[loser]] = -1
        m.got[loser] = -1
        m.todo[again] = loser
        again += 1
    return again


@entry
def play_round(p: Plans, roads: Roads, m: Market, standing: NDArray[np.int64]) -> int:
    """Move on those who stand, as far as rings and holes allow. How many move.

    Args:
        standing: (v,) scratch.
    """
    count = 0
    m.at[:] = -1
    m.price[:] = 0
    m.owner[:] = -1
    for v in range(len(p.path)):
        if p.path[v, 0] < 0:
            continue
        if _stands(p, roads, v):
            standing[count] = v
            count += 1
            m.at[roads.node[p.path[v, 0]]] = v
    for t in range(p.k[0].window + 1):
        for node in range(len(m.at)):
            holder = p.held[t, node]
            if holder >= 0 and holder != m.at[node]:
                m.at[node] = -2
    for i in range(count):
        v = standing[i]
        _ways(p, roads, m, v)
        m.got[v] = -1
        m.todo[i] = v
    bids = _auction(roads, m, count, BIDS)
    while bids >= 0:
        again = _part(roads, m, standing, count)
        if again == 0:
            break
        bids = _auction(roads, m, again, bids)
    if bids < 0:
        return 0
    return int(_drive_off(p, roads, m, standing, count))


@inner
def _drive_off(p: Plans, roads: Roads, m: Market, standing: NDArray[np.int64], count: int) -> int:
    """Each ring and each row gets its paths: turn, wait for the slowest, go."""
    moving = 0
    for i in range(count):
        leave_path(p, roads, standing[i])
    for i in range(count):
        first = standing[i]
        if m.got[first] <= 0:
            continue
        # Back to where the row begins, or once round the ring; then forwards, for the slowest.
        v = first
        while True:
            u = m.owner[roads.node[m.to[v, 0]]]
            if u < 0 or u == first:
                break
            v = u
        head = v
        slowest = m.turns[v, m.got[v]]
        while True:
            u = m.at[roads.node[m.to[v, m.got[v]]]]
            if u < 0 or u == head or m.got[u] <= 0:
                break
            v = u
            slowest = max(slowest, m.turns[v, m.got[v]])
        v = head
        while True:
            u = m.at[roads.node[m.to[v, m.got[v]]]]
            _lay(p, roads, v, m.to[v, m.got[v]], slowest)
            m.got[v] = 0
            moving += 1
            if u < 0 or u == head or m.got[u] <= 0:
                break
            v = u
    for i in range(count):
        v = standing[i]
        if roads.node[p.path[v, p.k[0].window]] == roads.node[m.to[v, 0]]:
            _face(p, roads, v)
        take_path(p, roads, v, p.k[0].window)
    return moving


@inner
def _lay(p: Plans, roads: Roads, v: int, to: int, slowest: int) -> None:
    """A path for v: turn towards `to`, wait until `slowest` turns are over, go there, and stay."""
    s = p.path[v, 0]
    for t in range(p.k[0].window):
        if t == slowest:
            s = to
        elif t < slowest:
            s = _towards(roads, s, to)
        p.path[v, t + 1] = s


@inner
def _leads(roads: Roads, s: int, to: int) -> bool:
    arcs = 0
    for a in range(roads.arc_start[s], roads.arc_start[s + 1]):
        arcs += roads.arc_to[a] == to
    return arcs > 0


@inner
def _towards(roads: Roads, s: int, to: int) -> int:
    """One turn nearer to the state from which an arc leads to `to`."""
    if _leads(roads, s, to):
        return s
    other_way = _leads(roads, _turned(roads, s, 1), to)
    return int(_turned(roads, s, 1 if other_way else 0))


@inner
def _face(p: Plans, roads: Roads, v: int) -> None:
    """v stays, and turns to where it would like to go."""
    s = p.path[v, 0]
    for t in range(p.k[0].window):
        if p.goal[v] >= 0:
            for a in range(roads.arc_start[s], roads.arc_start[s + 1]):
                to = roads.arc_to[a]
                if to != s and roads.node[to] == roads.node[s] and nearer(p, v, s, to) > 0:
                    s = to
                    break
        p.path[v, t + 1] = s
