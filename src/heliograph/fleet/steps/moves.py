"""Moves: all that a vehicle can do in the next three steps, as a table; who takes which is dealt out to all at once.

Where there is no time to search for each vehicle, this is how a plan is made (on grids). In the order of right of way
each takes the best move that it can: one that crosses nobody, or a single vehicle of less right, which then looks for
another move in the same way, and so on. A whole queue so moves on in one go. After that, tries: any vehicle takes its
best move as if it came first, and who is in its way another one; kept if all together, each by its weight, lose no more
than before. To deal takes some 2 µs a vehicle, a try some 4 µs.

Source: Yukhnevich and Andreychuk, Enhancing PIBT via multi-action operations (EPIBT, 2025), and its improvement.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.steps.rows import Roads
from heliograph.fleet.steps.window import RIGID, Plans, draw, nearer

__all__ = ["DEPTH", "Moves", "build_moves", "deal", "redeal"]

DEPTH: Final = 3
"""Steps of a move."""
MOST_MOVES: Final = 31
"""From no state are there more (a grid: forward, turn, wait)."""
VISITS: Final = 10
"""So often may one vehicle be asked to look for another move, in one try."""
DEEP: Final = 1000
"""And so many may be asked in all."""
DRAWS: Final = 8
"""So often another vehicle is drawn, when one can do no better."""

COUNTERS: Final = np.dtype([("mark", "i8"), ("score", "i8")], align=True)


class Moves(NamedTuple):
    """m moves, v vehicles."""

    start: NDArray[np.int32]
    """(s + 1,) the moves from state i are start[i] to start[i + 1] - 1."""
    states: NDArray[np.int32]
    """(m, DEPTH) where a vehicle is after each step."""
    cost: NDArray[np.int32]
    """(m, DEPTH) what the arcs cost until then."""
    now: NDArray[np.int32]
    """(v,) the move of each vehicle."""
    value: NDArray[np.int32]
    """(v, MOST_MOVES) what each of its moves loses."""
    best: NDArray[np.int16]
    """(v, MOST_MOVES) its moves, the best first."""
    place: NDArray[np.int32]
    """(v,) its place in the order of right of way; -1: it cannot move."""
    asked: NDArray[np.int64]
    """(v, 3) the last try that asked it, how often, and the last one in which it waits for an answer."""
    chain: NDArray[np.int32]
    """(DEEP + 1, 3) who has been asked: vehicle, its move before, the next of `best` to look at."""
    c: NDArray[np.void]
    """(1,) COUNTERS; `score`: what all together lose, by weight."""


def build_moves(roads: Roads, vehicles: int) -> Moves:
    """The table for arcs as they cost now."""
    states = len(roads.node)
    start = np.zeros(states + 1, np.int32)
    to, cost = np.empty((2, states * MOST_MOVES + 1, DEPTH), np.int32)  # one more is begun than is kept
    count = _list_moves(roads, start, to, cost)
    return Moves(
        start=start,
        states=to[:count].copy(),
        cost=cost[:count].copy(),
        now=np.zeros(vehicles, np.int32),
        value=np.zeros((vehicles, MOST_MOVES), np.int32),
        best=np.zeros((vehicles, MOST_MOVES), np.int16),
        place=np.zeros(vehicles, np.int32),
        asked=np.zeros((vehicles, 3), np.int64),
        chain=np.zeros((DEEP + 1, 3), np.int32),
        c=np.zeros(1, COUNTERS),
    )


@inner
def _same(roads: Roads, to: NDArray[np.int32], one: int, other: int) -> bool:
    """Whether two moves take the same nodes at the same times and end alike."""
    for t in range(DEPTH):
        if roads.node[to[one, t]] != roads.node[to[other, t]]:
            return False
    return bool(to[one, DEPTH - 1] == to[other, DEPTH - 1])


@inner
def _fidgets(roads: Roads, to: NDArray[np.int32], move: int, s: int) -> bool:
    """Whether a move turns and turns back, where it could have stayed."""
    turns = False
    for t in range(DEPTH):
        if roads.node[to[move, t]] != roads.node[s]:
            return False
        turns = turns or to[move, t] != s
    return bool(turns and to[move, DEPTH - 1] == s)


@entry
def _list_moves(roads: Roads, start: NDArray[np.int32], to: NDArray[np.int32], cost: NDArray[np.int32]) -> int:
    """All moves of all states, those that drive first before those that wait first; how many."""
    count = 0
    arc = np.zeros(DEPTH, np.int64)
    for s in range(len(roads.node)):
        first = count
        depth, at = 0, s
        arc[0] = roads.arc_start[s]
        while depth >= 0:
            at = to[count, depth - 1] if depth else s
            if arc[depth] == roads.arc_start[at + 1]:
                depth -= 1
                if depth >= 0:
                    arc[depth] += 1
                continue
            to[count, depth] = roads.arc_to[arc[depth]]
            before = 0 if depth == 0 else cost[count, depth - 1]
            cost[count, depth] = before + roads.arc_cost[arc[depth]]
            if depth < DEPTH - 1:
                depth += 1
                arc[depth] = roads.arc_start[to[count, depth - 1]]
                continue
            known = _fidgets(roads, to, count, s)
            for i in range(first, count):
                known = known or _same(roads, to, i, count)
            if not known:
                count += 1
                for t in range(DEPTH):
                    to[count, t], cost[count, t] = to[count - 1, t], cost[count - 1, t]
            arc[depth] += 1
        start[s + 1] = count
    return count


@inner
def _loses(p: Plans, roads: Roads, m: Moves, v: int, move: int) -> int:
    """What a move of v costs it: as for paths, the arcs' costs minus what it comes nearer, up to its goal."""
    if p.aim[v] < 0:
        return 0
    s, near = np.int64(p.path[v, 0]), 0
    for t in range(DEPTH):
        to = np.int64(m.states[move, t])
        if roads.node[s] == p.goal[v]:
            return int(m.cost[move, t - 1] - near) if t else 0
        if to != s:
            near += nearer(p, v, s, to)
        s = to
    return int(m.cost[move, DEPTH - 1] - near)


@inner
def _in_the_way(p: Plans, roads: Roads, m: Moves, v: int, move: int) -> int:
    """Who stands in the way of a move of v; -1: nobody, -2: more than one."""
    who, a = -1, roads.node[p.path[v, 0]]
    for t in range(DEPTH):
        b = roads.node[m.states[move, t]]
        u = p.held[t + 1, b]
        if u >= 0 and u != who:
            if who >= 0:
                return -2
            who = u
        if a != b:
            u = p.held[t, b]
            if u >= 0 and u != who and p.held[t + 1, a] == u:
                if who >= 0:
                    return -2
                who = u
        a = b
    return int(who)


@inner
def _enter(p: Plans, roads: Roads, m: Moves, v: int, move: int) -> None:
    m.now[v] = move
    for t in range(DEPTH):
        s = m.states[move, t]
        p.path[v, t + 1] = s
        p.held[t + 1, roads.node[s]] = v
    m.c[0].score += p.weight[v] * m.value[v, move - m.start[p.path[v, 0]]]


@inner
def _strike_out(p: Plans, roads: Roads, m: Moves, v: int) -> None:
    move = m.now[v]
    for t in range(DEPTH):
        p.held[t + 1, roads.node[m.states[move, t]]] = -1
    m.c[0].score -= p.weight[v] * m.value[v, move - m.start[p.path[v, 0]]]


@inner
def _ask(m: Moves, v: int, depth: int) -> None:
    """v, whose move has been struck out, is to look for one."""
    mark = m.c[0].mark
    m.asked[v, 1] = m.asked[v, 1] + 1 if m.asked[v, 0] == mark else 1
    m.asked[v, 0] = m.asked[v, 2] = mark
    m.chain[depth, 0], m.chain[depth, 1], m.chain[depth, 2] = v, m.now[v], 0


@inner
def _try(p: Plans, roads: Roads, m: Moves, v: int, ranked: bool, most: int) -> bool:
    """v, whose move is struck out, takes its best one; whether it and all whom it asked found one.

    Args:
        ranked: only those may be asked who come after v in the order.
        most: all together may lose no more than that.
    """
    depth, asked = 0, 0
    mark, first = m.c[0].mark, m.place[v]
    _ask(m, v, 0)
    while True:
        r = np.int64(m.chain[depth, 0])
        s = p.path[r, 0]
        begin = m.start[s]
        moves = m.start[s + 1] - begin
        i, over = np.int64(m.chain[depth, 2]), False
        while i < moves:
            move = begin + m.best[r, i]
            i += 1
            u = _in_the_way(p, roads, m, r, move)
            if u == -1:
                _enter(p, roads, m, r, move)
                if m.c[0].score <= most:
                    return True
                _strike_out(p, roads, m, r)
                over = True
                break
            if u < 0 or m.place[u] < 0 or (ranked and m.place[u] <= first):
                continue
            if m.asked[u, 0] == mark and (m.asked[u, 2] == mark or m.asked[u, 1] >= VISITS):
                continue
            if asked == DEEP:
                over = True
                break
            asked += 1
            m.chain[depth, 2] = i
            _strike_out(p, roads, m, u)
            _enter(p, roads, m, r, move)
            depth += 1
            _ask(m, u, depth)
            break
        else:
            m.now[r] = m.chain[depth, 1]
            m.asked[r, 2] = 0
            if depth == 0:
                return False
            depth -= 1
            _strike_out(p, roads, m, np.int64(m.chain[depth, 0]))
            _enter(p, roads, m, r, m.now[r])
            continue
        if over:
            break
    while True:  # all get back what they had
        r = np.int64(m.chain[depth, 0])
        m.now[r] = m.chain[depth, 1]
        if depth == 0:
            return False
        depth -= 1
        _strike_out(p, roads, m, np.int64(m.chain[depth, 0]))
        _enter(p, roads, m, r, m.now[r])


@inner
def _begin(p: Plans, roads: Roads, m: Moves, v: int) -> None:
    """What the moves of v lose, the best ones first; and which of them is in its path now."""
    s = p.path[v, 0]
    begin = m.start[s]
    for i in range(m.start[s + 1] - begin):
        value = _loses(p, roads, m, v, begin + i)
        m.value[v, i] = value
        j = i
        while j > 0 and (m.value[v, m.best[v, j - 1]] > value or p.aim[v] < 0):  # the last of them is to stay
            m.best[v, j] = m.best[v, j - 1]
            j -= 1
        m.best[v, j] = i
        same = m.states[begin + i, DEPTH - 1] == p.path[v, DEPTH]
        for t in range(DEPTH - 1):
            same = same and roads.node[m.states[begin + i, t]] == roads.node[p.path[v, t + 1]]
        if same:
            m.now[v] = begin + i


@inner
def _could_do_better(p: Plans, m: Moves, v: int) -> bool:
    return bool(m.value[v, m.now[v] - m.start[p.path[v, 0]]] > m.value[v, m.best[v, 0]])


@entry
def deal(p: Plans, roads: Roads, m: Moves) -> None:
    """A new step: in the order of right of way each vehicle takes the best move that it can."""
    c = m.c[0]
    m.place[:] = -1
    c.score = 0
    c.mark += 1
    for i in range(len(p.order)):
        v = p.order[i]
        if p.path[v, 0] < 0 or p.fixed[v] >= RIGID:
            continue
        m.place[v] = i
        _begin(p, roads, m, v)
        _enter(p, roads, m, v, m.now[v])
    for i in range(len(p.order)):
        v = p.order[i]
        if m.place[v] < 0 or m.asked[v, 0] == c.mark:
            continue
        _strike_out(p, roads, m, v)
        if not _try(p, roads, m, v, True, np.int64(1) << 60):
            _enter(p, roads, m, v, m.now[v])


@entry
def redeal(p: Plans, roads: Roads, m: Moves, tries: int) -> int:
    """So many tries: a vehicle takes its best move as if it came first. How many made the sum of losses smaller."""
    c, count, helped = m.c[0], len(p.path), 0
    for _ in range(tries):
        v = draw(p, count)
        for _ in range(DRAWS):
            if m.place[v] >= 0 and _could_do_better(p, m, v):
                break
            v = draw(p, count)
        if m.place[v] < 0:
            continue
        c.mark += 1
        before = c.score
        _strike_out(p, roads, m, v)
        if not _try(p, roads, m, v, False, before):
            _enter(p, roads, m, v, m.now[v])
        elif c.score < before:
            helped += 1
    return helped
