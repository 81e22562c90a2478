"""Moves from node to node as joint steps: every node is entered in the order of the moves, as early as that allows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.steps.ground import FAR, Ground

__all__ = ["ends", "in_steps"]

_Ints = NDArray[np.int64]


@inner
def _holds(g: Ground, s: int, x: int) -> bool:
    return bool(x >= 0 and (g.node[s] == x or g.other[s] == x))


@inner
def _drive(g: Ground, s: int, a: int, b: int, end: int, seen: _Ints, came: _Ints, queue: _Ints, mark: int) -> int:
    """The nearest standing state on `end` (-1: any), over states that hold a and b alone; -1: none. Way in `came`."""
    queue[0], seen[s], came[s] = s, mark, -1
    first, last = 0, 1
    while first < last:
        x = queue[first]
        first += 1
        if g.there[x] and (end < 0 or g.node[x] == end):
            return int(x)
        for k in range(g.arc_start[x], g.arc_start[x + 1]):
            to = g.arc_to[k]
            inside = g.node[to] in (a, b) and (g.other[to] < 0 or g.other[to] in (a, b))
            if seen[to] != mark and inside:
                seen[to], came[to] = mark, x
                queue[last] = to
                last += 1
    return -1


@entry
def ends(g: Ground, states: _Ints) -> _Ints:
    """(v,) the state in which each vehicle comes to stand without another node; -1: nowhere."""
    found = states.copy()
    seen, came, queue = (
        np.zeros(len(g.node), np.int64),
        np.empty(len(g.node), np.int64),
        np.empty(len(g.node), np.int64),
    )
    for v in range(len(states)):
        s = states[v]
        if not g.there[s]:
            found[v] = _drive(g, s, g.node[s], g.other[s], -1, seen, came, queue, v + 1)
    return found


@entry
def _ways(g: Ground, moves: _Ints, now: _Ints) -> tuple[_Ints, _Ints]:
    """The states of each move, in a row, and where each begins; `now` (v,) goes along. Empty: one cannot drive."""
    start, ways, size = np.zeros(len(moves) + 1, np.int64), np.empty(4 * len(moves) + 64, np.int64), 0
    seen, came, queue = (
        np.zeros(len(g.node), np.int64),
        np.empty(len(g.node), np.int64),
        np.empty(len(g.node), np.int64),
    )
    for i in range(len(moves)):
        v, a, b = moves[i]
        end = _drive(g, now[v], a, b, b, seen, came, queue, i + 1)
        if end < 0:
            return start[:0], ways[:0]
        length, s = 0, end
        while s != now[v]:
            length += 1
            s = came[s]
        if size + length > len(ways):
            longer = np.empty(2 * (size + length), np.int64)
            longer[:size] = ways[:size]
            ways = longer
        s = end
        for k in range(size + length - 1, size - 1, -1):
            ways[k] = s
            s = came[s]
        size += length
        start[i + 1] = size
        now[v] = end
    return start, ways[:size].copy()


@entry
def _timetable(g: Ground, moves: _Ints, start: _Ints, ways: _Ints, states: _Ints, steps: _Ints) -> int:
    """Make all moves, each as soon as the one before it has left its node; the number of steps.

    `steps` (t, k) is filled with the states as far as it goes.
    """
    before = np.full(len(moves), -1, np.int64)
    own = np.full(len(moves), -1, np.int64)
    left = np.full(len(g.out_start), -1, np.int64)
    last = np.full(len(states), -1, np.int64)
    for i in range(len(moves)):
        k, a, b = moves[i]
        before[i], own[i], left[a], last[k] = left[b], last[k], i, i
    now, at = states.copy(), start[:-1].copy()
    freed, done = np.full(len(moves), FAR, np.int64), np.full(len(moves), FAR, np.int64)
    first, step = 0, 0
    while True:
        while first < len(moves) and done[first] < FAR:
            first += 1
        if first == len(moves):
            return step
        for i in range(first, len(moves)):
            k, a, b = moves[i]
            if done[i] < FAR or (own[i] >= 0 and done[own[i]] >= step):
                continue
            s = ways[at[i]] if at[i] < start[i + 1] else now[k]
            if _holds(g, s, b) and not _holds(g, now[k], b) and before[i] >= 0:
                free_at = freed[before[i]]
                if free_at > step or (free_at == step and not g.follow):
                    continue
            now[k] = s
            at[i] += 1
            if freed[i] == FAR and not _holds(g, s, a):
                freed[i] = step
            if at[i] >= start[i + 1]:
                done[i] = step
        if step < len(steps):
            steps[step] = now
        step += 1


def in_steps(
    ground: Ground, states: _Ints, standing: _Ints, vehicle: int, moves: _Ints
) -> tuple[_Ints, _Ints, _Ints] | None:
    """Moves made one by one, as joint steps; who is between two nodes comes to stand first.

    Args:
        states: (v,) now.
        standing: (v,) from `ends`.
        vehicle: takes part in any case.
        moves: (m, 3) vehicle, from, to, each into a node that is free by then.
    Returns:
        who (k,), steps (t, k), nodes; None: a vehicle cannot make one of its moves, it cannot turn there.
    """
    node, other = ground.node[states], ground.other[states]
    used = np.zeros(len(ground.out_start), np.bool_)  # the last stands for no second node
    used[moves[:, 1:]] = used[node[vehicle]] = used[other[vehicle]] = True
    used[-1] = False
    who = np.flatnonzero(used[node] | used[other])
    under_way = who[~ground.there[states[who]]]
    head = ground.node[standing[under_way]]
    tail = np.where(node[under_way] == head, other[under_way], node[under_way])
    arriving = np.column_stack([under_way, np.where(tail >= 0, tail, head), head])
    moves = np.concatenate([arriving, moves])
    start, ways = _ways(ground, moves, states.copy())
    if len(start) == 0:
        return None
    moves[:, 0] = np.searchsorted(who, moves[:, 0])
    count = _timetable(ground, moves, start, ways, states[who], np.empty((0, len(who)), np.int64))
    steps = np.empty((count, len(who)), np.int64)
    _timetable(ground, moves, start, ways, states[who], steps)
    used[head] = used[tail] = True
    used[-1] = False
    return who, steps, np.flatnonzero(used)
