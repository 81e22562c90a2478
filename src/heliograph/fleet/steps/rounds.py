"""Rounds: in a crowd, many vehicles move on by one node at the same time, along rings and towards holes.

Where nearly every node is held, hardly anybody can give way, and pushing fails. But vehicles that stand in a ring can
all move at once, and so can those in a row before a free node. Which vehicles move where is an assignment: each that
stands still gets its own node or one beside it, no node twice, so that all together come nearer to their goals as far
as possible. It is found by an auction in which vehicles bid for nodes; two that would change places are parted by
closing one of the two ways, and bid again. What comes out falls into rings and rows; each one drives when its slowest
member has turned.

Which of two ways is closed, and who waits for whose turn, an auction does not weigh. So where there is time, further
rounds with a little chance in them are played for the same step, and the one that is worth most is driven.

Source: Bertsekas, The auction algorithm: A distributed relaxation method for the assignment problem (1988).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.steps.rows import UNIT, Roads
from heliograph.fleet.steps.window import RIGID, Plans, draw, leave_path, nearer, take_path

__all__ = ["Market", "build_market", "open_round", "play_rounds"]

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
WAITING_PCT: Final = 50
"""When rounds are compared, to wait for another's turn counts so many hundredths of a turn, for each in the ring."""
CHANCE: Final = 300
"""In further rounds each way is worth up to so much more or less; a hurried vehicle's step is 2,048."""
TURNED_PCT: Final = 25
"""There, of so many of a hundred pairs that would change places, the one goes that has more to lose by it."""
ENTRY_COST: Final = 16 * UNIT * FINE
"""What it counts to enter a blind node for nothing (see `blind`), as much as a hurried vehicle's step: a hole there
waits for those who are sent there."""
BIDS: Final = 400_000
"""Bids in one round at most; without a result nobody moves."""
SHUT: Final = -(1 << 50)
"""What a way that is closed is worth."""
STANDING, WORTH = 0, 1
"""The tallies of a market."""


class Market(NamedTuple):
    """v vehicles, n nodes."""

    to: NDArray[np.int64]
    """(v, WAYS) the state in which a vehicle reaches the neighbour; the first is staying."""
    turns: NDArray[np.int64]
    """(v, WAYS) the turns before."""
    worth: NDArray[np.int64]
    """(v, WAYS) SHUT: no such way."""
    offer: NDArray[np.int64]
    """(v, WAYS) the same in this round: with some chance, and SHUT also where two would change places."""
    got: NDArray[np.int64]
    """(v,) which way each vehicle has got; -1: none yet."""
    price: NDArray[np.int64]
    """(n,)"""
    owner: NDArray[np.int64]
    """(n,) the vehicle that has got the node; -1: none."""
    todo: NDArray[np.int64]
    """(v,) who has yet to bid."""
    standing: NDArray[np.int64]
    """(v,) who takes part: the first so many, by the tally."""
    at: NDArray[np.int64]
    """(n,) the standing vehicle on a node; -1: none; -2: others will be there, or are led through it."""
    blind: NDArray[np.bool_]
    """(n,) nodes that only those enter who are sent to such a one."""
    tally: NDArray[np.int64]
    """(2,) how many take part, and what the round that is to be driven is worth."""


def build_market(vehicles: int, nodes: int, blind: NDArray[np.bool_]) -> Market:
    """Room for rounds."""
    return Market(
        to=np.zeros((vehicles, WAYS), np.int64),
        turns=np.zeros((vehicles, WAYS), np.int64),
        worth=np.zeros((vehicles, WAYS), np.int64),
        offer=np.zeros((vehicles, WAYS), np.int64),
        got=np.zeros(vehicles, np.int64),
        price=np.zeros(nodes, np.int64),
        owner=np.zeros(nodes, np.int64),
        todo=np.zeros(vehicles, np.int64),
        standing=np.zeros(vehicles, np.int64),
        at=np.zeros(nodes, np.int64),
        blind=blind,
        tally=np.zeros(2, np.int64),
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
    m.worth[v, 1:] = SHUT
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
                    if m.blind[roads.node[to]] and (p.goal[v] < 0 or not m.blind[p.goal[v]] or gain <= 0):
                        m.worth[v, found] -= ENTRY_COST
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
            if m.offer[v, w] <= SHUT:
                continue
            gain = m.offer[v, w] - m.price[roads.node[m.to[v, w]]]
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
def _part(p: Plans, roads: Roads, m: Market, turned_pct: int) -> int:
    """Who would change places with another: one of the two ways is closed. How many must bid again.

    Args:
        turned_pct: of so many of a hundred pairs it is the way that is worth more.
    """
    again = 0
    for i in range(m.tally[STANDING]):
        v = m.standing[i]
        if m.got[v] <= 0:
            continue
        here, there = roads.node[m.to[v, 0]], roads.node[m.to[v, m.got[v]]]
        u = m.at[there]
        if u < 0 or m.got[u] <= 0 or roads.node[m.to[u, m.got[u]]] != here:
            continue
        loser, other = (v, u) if m.offer[v, m.got[v]] <= m.offer[u, m.got[u]] else (u, v)
        if turned_pct > 0 and draw(p, 100) < turned_pct:
            loser = other
        m.owner[roads.node[m.to[loser, m.got[loser]]]] = -1
        m.offer[loser, m.got[loser]] = SHUT
        m.got[loser] = -1
        m.todo[again] = loser
        again += 1
    return again


@inner
def _deal(p: Plans, roads: Roads, m: Market, chance: int) -> bool:
    """One round: each of those who take part gets a way, in `got`; whether it came to an end.

    Args:
        chance: each way is worth up to so much more or less; 0: none, and nothing else is left to chance either.
    """
    count = m.tally[STANDING]
    m.price[:] = 0
    m.owner[:] = -1
    for i in range(count):
        v = m.standing[i]
        m.got[v] = -1
        m.todo[i] = v
        for w in range(WAYS):
            m.offer[v, w] = m.worth[v, w]
            if chance > 0 and m.worth[v, w] > SHUT:
                m.offer[v, w] += draw(p, 2 * chance) - chance
    if chance > 0:
        for i in range(count):
            j = i + draw(p, count - i)
            m.todo[i], m.todo[j] = m.todo[j], m.todo[i]
    bids = _auction(roads, m, count, BIDS)
    while bids >= 0:
        again = _part(p, roads, m, TURNED_PCT if chance > 0 else 0)
        if again == 0:
            return True
        bids = _auction(roads, m, again, bids)
    return False


@inner
def _head(roads: Roads, m: Market, first: int) -> int:
    """Who drives last of the row in which `first` is; of a ring, who comes where `first` leaves."""
    v = first
    while True:
        u = m.owner[roads.node[m.to[v, 0]]]
        if u < 0 or u == first:
            return v
        v = u


@inner
def _ahead(roads: Roads, m: Market, v: int, head: int) -> int:
    """Who drives before v; -1: nobody, or all of the ring have been passed."""
    u = m.at[roads.node[m.to[v, m.got[v]]]]
    return -1 if u < 0 or u == head or m.got[u] <= 0 else int(u)


@inner
def _slowest(roads: Roads, m: Market, head: int) -> int:
    """The turns that a row or a ring waits for."""
    v, most = head, 0
    while v >= 0:
        most = max(most, m.turns[v, m.got[v]])
        v = _ahead(roads, m, v, head)
    return most


@inner
def _value(roads: Roads, m: Market) -> int:
    """What the ways that all have got are worth, those who wait for another's turn considered."""
    value = 0
    m.todo[:] = 0  # who has been counted
    for i in range(m.tally[STANDING]):
        v = m.standing[i]
        value += m.worth[v, m.got[v]]
        if m.got[v] <= 0 or m.todo[v] == 1:
            continue
        head = _head(roads, m, v)
        slowest = _slowest(roads, m, head)
        u = head
        while u >= 0:
            m.todo[u] = 1
            value -= TURN_COST * (slowest - m.turns[u, m.got[u]]) * WAITING_PCT // 100
            u = _ahead(roads, m, u, head)
    return value


@entry
def open_round(p: Plans, roads: Roads, m: Market) -> int:
    """Move on those who stand, as far as rings and holes allow. How many move."""
    count = 0
    m.at[:] = -1
    for v in range(len(p.path)):
        if p.path[v, 0] < 0:
            continue
        if _stands(p, roads, v):
            m.standing[count] = v
            count += 1
            m.at[roads.node[p.path[v, 0]]] = v
    m.tally[STANDING] = count
    for t in range(p.k[0].window + 1):
        for node in range(len(m.at)):
            holder = p.held[t, node]
            if holder >= 0 and holder != m.at[node]:
                m.at[node] = -2
    for i in range(count):
        _ways(p, roads, m, m.standing[i])
    if not _deal(p, roads, m, 0):
        m.tally[WORTH] = SHUT
        return 0
    m.tally[WORTH] = _value(roads, m)
    return int(_drive_off(p, roads, m))


@entry
def play_rounds(p: Plans, roads: Roads, m: Market, tries: int) -> int:
    """So many further rounds for the same step, each in place of the one before if it is worth more. How many were.

    Since `open_round` nobody may have got another path.
    """
    better = 0
    for _ in range(tries):
        if not _deal(p, roads, m, CHANCE):
            continue
        value = _value(roads, m)
        if value > m.tally[WORTH]:
            m.tally[WORTH] = value
            _drive_off(p, roads, m)
            better += 1
    return better


@inner
def _drive_off(p: Plans, roads: Roads, m: Market) -> int:
    """Each ring and each row gets its paths: turn, wait for the slowest, go. How many move."""
    moving, count = 0, m.tally[STANDING]
    for i in range(count):
        leave_path(p, roads, m.standing[i])
    for i in range(count):
        first = m.standing[i]
        if m.got[first] <= 0:
            continue
        head = _head(roads, m, first)
        slowest = _slowest(roads, m, head)
        v = head
        while v >= 0:
            u = _ahead(roads, m, v, head)
            _lay(p, roads, v, m.to[v, m.got[v]], slowest)
            m.got[v] = -1  # it has its path
            moving += 1
            v = u
    for i in range(count):
        v = m.standing[i]
        if m.got[v] == 0:
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
