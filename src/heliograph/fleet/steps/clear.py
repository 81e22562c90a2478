"""Clearing a tangle: joint steps that bring one vehicle to its goal, whatever stands in the way.

Planners that look some steps ahead can stand still for ever where roads are narrow: head-on in a corridor, or before a
dead end whose occupant the vehicle itself keeps from leaving. Here one vehicle has the right of way and all others are
obstacles that may be moved anywhere, a question that has an exact answer:

    ground = build_ground(lattice)                    once for a lattice
    found = clear(ground, states, vehicle, goal)      -> Clearing(outcome, who, steps, nodes)

If `found.outcome` is `CLEARED`, follow `found.steps` with the vehicles `found.who`, while all others stay off
`found.nodes`; if one of `who` stalls, all of them wait.

How. On the way to the goal a free node (a hole) is brought to the node ahead: from the nearest hole that can get there
without passing the vehicle, by shifting those between by one. Where there is none, we search. The vehicle at u cuts the
map into parts, strongly connected without u; in a part obstacles can be arranged in any way, so all that matters is u
and how many holes each part has. That is complete, and small: where the vehicle stands in a loop there is one part. The
search looks at a neighbourhood first and widens it as needed; its aim is a node nearer to the goal, then the way goes
on. On strongly connected maps every move can be taken back by others, so nothing is spoilt.

Node moves become steps by a rule that needs no clock: every node is entered in the order found.

Not used: full rings that turn as one, which LoRR's rules would allow without any hole.

Sources: Papadimitriou, Raghavan, Sudan & Tamaki, Motion Planning on a Graph (1994), for holes and one labelled vehicle;
Kornhauser, Miller & Spirakis (1984) and Wu & Grumbach (2009) for undirected and directed graphs.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.steps.ground import EMPTY, FAR, SHUT, Floor, Ground, build_ground, shift
from heliograph.fleet.steps.parts import FOUND, LIMIT, NONE, way_on
from heliograph.fleet.steps.timetable import ends, in_steps

__all__ = ["CLEARED", "GAVE_UP", "IMPOSSIBLE", "Clearing", "Ground", "build_ground", "clear", "clearing_moves"]

CLEARED: Final = 0
IMPOSSIBLE: Final = 1
"""Proven: it cannot get there."""
GAVE_UP: Final = 2
"""The limit of work was reached, or the vehicles cannot turn where the way needs it."""
MOST_MOVES: Final = 1 << 18

_Ints = NDArray[np.int64]


class Clearing(NamedTuple):
    """How to bring the vehicle to its goal."""

    outcome: int
    """`CLEARED`, `IMPOSSIBLE` or `GAVE_UP`."""
    who: _Ints
    """(k,) the vehicles that take part."""
    steps: _Ints
    """(t, k) their states after each step."""
    nodes: _Ints
    """All nodes that are used."""


@inner
def _measure(g: Ground, f: Floor, goal: int, u: int) -> bool:
    """Nodes to go to the goal; whether u can get there."""
    f.far[:] = FAR
    f.far[goal] = 0
    f.queue[0] = goal
    first, last = 0, 1
    while first < last:
        b = f.queue[first]
        first += 1
        for i in range(g.in_start[b], g.in_start[b + 1]):
            a = g.in_to[i]
            if f.far[a] == FAR and f.on[a] != SHUT:
                f.far[a] = f.far[b] + 1
                f.queue[last] = a
                last += 1
    return bool(f.far[u] < FAR)


@inner
def _nearest_hole(g: Ground, f: Floor, start: int, u: int) -> int:
    """The nearest hole to which who stands at `start` can give way without passing u; -1: none. The way: `parent`."""
    f.tally[0] += 1
    mark = f.tally[0]
    f.seen[start] = f.seen[u] = mark
    f.queue[0] = start
    first, last = 0, 1
    while first < last:
        a = f.queue[first]
        first += 1
        if f.on[a] == EMPTY:
            return int(a)
        for i in range(g.out_start[a], g.out_start[a + 1]):
            b = g.out_to[i]
            if f.seen[b] != mark and f.on[b] != SHUT:
                f.seen[b], f.parent[b] = mark, a
                f.queue[last] = b
                last += 1
    return -1


@inner
def _way_to(f: Floor, start: int, hole: int) -> int:
    """How many nodes lie from `start` to the hole just found."""
    length = 0
    while hole != start:
        hole = f.parent[hole]
        length += 1
    return length


@inner
def _walk(g: Ground, f: Floor, u: int, goal: int) -> int:
    """From u as near to the goal as holes can be brought ahead; where it ends. Stops, too, if `moves` is full."""
    while u != goal:
        best, best_way = -1, FAR
        for i in range(g.out_start[u], g.out_start[u + 1]):
            w = g.out_to[i]
            if f.far[w] < f.far[u] and f.on[w] != SHUT:
                hole = _nearest_hole(g, f, w, u)
                if hole >= 0:
                    way = _way_to(f, w, hole)
                    if way < best_way:
                        best, best_way = w, way
        if best < 0 or f.tally[1] + best_way + 1 > len(f.moves):
            break
        at = _nearest_hole(g, f, best, u)
        while at != best:
            before = f.parent[at]
            shift(f, before, at)
            at = before
        shift(f, u, best)
        u = best
    return int(u)


@entry
def _advance(g: Ground, f: Floor, u: int, goal: int) -> int:
    """Walk; -1 where the goal cannot be reached at all."""
    if not _measure(g, f, goal, u):
        return -1
    return int(_walk(g, f, u, goal))


def _floor(ground: Ground, standing: _Ints, states: _Ints, fixed: NDArray[np.bool_]) -> Floor:
    n = len(ground.out_start) - 1
    on = np.full(n + 1, EMPTY, np.int64)  # the last stands for no second node
    on[ground.node[standing]] = np.arange(len(states))
    on[ground.node[states[fixed]]] = on[ground.other[states[fixed]]] = SHUT
    far, seen, parent, queue = np.zeros((4, n), np.int64)
    return Floor(on[:n], far, seen, parent, queue, np.empty((MOST_MOVES, 3), np.int64), np.zeros(2, np.int64))


def clear(
    ground: Ground,
    states: NDArray[np.integer],
    vehicle: int,
    goal: int,
    *,
    fixed: NDArray[np.bool_] | None = None,
) -> Clearing:
    """Find joint steps that bring a vehicle to a node, the others giving way.

    Args:
        states: (v,) of the lattice, of all vehicles.
        fixed: (v,) these cannot move (broken, foreign); none if not given.
    Returns:
        `CLEARED` with the steps; `IMPOSSIBLE`: proven that there are none as long as that is so; `GAVE_UP`: none found
        within the limits of work. Same call, same answer.
    """
    now = states.astype(np.int64)
    outcome, moves = clearing_moves(ground, now, vehicle, goal, fixed=fixed)
    if outcome == CLEARED:
        found = in_steps(ground, now, ends(ground, now), vehicle, moves)
        if found is not None:
            return Clearing(CLEARED, *found)
        outcome = GAVE_UP
    none = np.empty(0, np.int64)
    return Clearing(outcome, none, none.reshape(0, 0), none)


def clearing_moves(
    ground: Ground,
    states: NDArray[np.integer],
    vehicle: int,
    goal: int,
    *,
    fixed: NDArray[np.bool_] | None = None,
) -> tuple[int, _Ints]:
    """The same as moves from node to node, for who has a time of its own.

    Returns:
        The outcome, and (m, 3) vehicle, from, to; made one by one, each goes into a node that is free by then. Who is
        between two nodes has come to stand before.
    """
    now = states.astype(np.int64)
    still = np.zeros(len(now), np.bool_) if fixed is None else fixed
    standing = ends(ground, now)
    floor = _floor(ground, standing, now, still)
    outcome, u = IMPOSSIBLE, int(ground.node[standing[vehicle]])
    if not still[vehicle] and floor.on[goal] != SHUT:
        outcome = _bring_to(ground, floor, vehicle, u, goal)
    return outcome, floor.moves[: floor.tally[1] if outcome == CLEARED else 0]


def _bring_to(ground: Ground, floor: Floor, vehicle: int, u: int, goal: int) -> int:
    """Move the vehicle from u to the goal on `floor`; the outcome."""
    first, on = u, floor.on.copy()
    while True:
        u = _advance(ground, floor, u, goal)
        if u == goal:
            return CLEARED
        if u < 0:
            return IMPOSSIBLE
        answer = way_on(ground, floor, u)
        if answer != FOUND:
            break
        u = int(np.flatnonzero(floor.on == vehicle)[0])
    if answer == LIMIT or not ground.turns:
        return GAVE_UP
    if floor.tally[1] == 0:
        return IMPOSSIBLE
    # where not every way leads back, the moves made may have spoilt it: all over again, with no aim but the goal
    floor.on[:], floor.far[:], floor.tally[1] = on, FAR, 0
    floor.far[goal] = 0
    answer = way_on(ground, floor, first)
    return CLEARED if answer == FOUND else IMPOSSIBLE if answer == NONE else GAVE_UP
