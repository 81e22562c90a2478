"""Where the steps of a run went: on the way, on detours, standing, stalled, held up behind those who stall, broken.

The six add up to all steps of all vehicles, so that two runs can be set against each other and nothing is left over.
Distances are found anew, from the recorded states alone, along shortest ways without guidance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.steps.lattice import Lattice
from heliograph.fleet.steps.stalls import Stalls

__all__ = ["Spent", "spent"]

_States = NDArray[np.int32]
_Ints = NDArray[np.int64]


class Spent(NamedTuple):
    """Steps of all vehicles."""

    way: int
    """Nearer to the goal: the shortest ways of all errands, as far as they were driven."""
    detours: int
    """Driven or turned for nothing: what was not the shortest way."""
    standing: int
    """For any other reason than a stall ahead: to let others pass, for the most part."""
    held: int
    """Behind one that stalls, or is broken, down the chain of who waits for whom."""
    stalled: int
    broken: int
    """Broken, towed included."""


def spent(lattice: Lattice, states: _States, goals: _Ints, stalls: Stalls) -> Spent:
    """Account for every step of every vehicle.

    Args:
        states: (t + 1, v) before the first step and after every step; -1: not on the map.
        goals: (t, v) to which node each vehicle was on its way in each step.
        stalls: as drawn for this run.
    """
    of_goal, place = np.unique(goals, return_inverse=True)
    to_go = _distances(lattice, of_goal)
    broken = np.arange(len(goals))[:, None] >= stalls.broken_at[None]
    own = stalls.stalled & ~broken
    runs = ~broken & ~own
    row = place.reshape(goals.shape)
    nearer = to_go[row, states[:-1]] - to_go[row, states[1:]]
    moved = runs & (states[1:] != states[:-1])
    stands = runs & ~moved
    held = _held(lattice, states, to_go, row, stands, stalls.stalled)
    way = int(nearer[moved].sum())
    return Spent(
        way=way,
        detours=int(np.count_nonzero(moved)) - way,
        standing=int(np.count_nonzero(stands)) - held,
        held=held,
        stalled=int(np.count_nonzero(own)),
        broken=int(np.count_nonzero(broken)),
    )


def _distances(lattice: Lattice, goals: _Ints) -> _States:
    """(g, s) steps from every state to every goal, alone on the map."""
    tail = np.repeat(np.arange(len(lattice.node)), np.diff(lattice.arc_start))
    order = np.argsort(lattice.arc_to, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(lattice.arc_to, minlength=len(lattice.node)))])
    found = np.empty((len(goals), len(lattice.node)), np.int32)
    _search(goals, lattice.node, lattice.there, start, tail[order], found)
    return found


@entry
def _search(
    goals: _Ints, node: _States, there: NDArray[np.bool_], start: _Ints, tail: _Ints, found: NDArray[np.int32]
) -> None:
    """Breadth first, backwards from each goal."""
    todo = np.empty(len(node), np.int64)
    for g in range(len(goals)):
        row, first, last = found[g], 0, 0
        row[:] = 1 << 30
        for s in range(len(node)):
            if node[s] == goals[g] and there[s]:
                row[s], todo[last] = 0, s
                last += 1
        while first < last:
            s = todo[first]
            first += 1
            for i in range(start[s], start[s + 1]):
                if row[tail[i]] == 1 << 30:
                    row[tail[i]], todo[last] = row[s] + 1, tail[i]
                    last += 1


def _held(
    lattice: Lattice, states: _States, to_go: _States, row: _Ints, stands: NDArray[np.bool_], stalled: NDArray[np.bool_]
) -> int:
    """Steps in which vehicles stood behind one that stalled."""
    _, node, other, arc_start, arc_to = lattice[:5]
    return int(_count_held(states, to_go, row, stands, stalled, node, other, arc_start, arc_to, lattice.nodes))


@entry
def _count_held(
    states: _States,
    to_go: _States,
    row: _Ints,
    stands: NDArray[np.bool_],
    stalled: NDArray[np.bool_],
    node: _States,
    other: _States,
    arc_start: _States,
    arc_to: _States,
    nodes: int,
) -> int:
    count, total = states.shape[1], 0
    cause = np.zeros(count, np.bool_)
    holder = np.full(nodes, -1, np.int64)
    seen, todo = np.full(len(node), -1, np.int64), np.empty(len(node), np.int64)
    stamp = 0
    for t in range(len(stands)):
        holder[:] = -1
        for v in range(count):
            s = states[t, v]
            cause[v] = stalled[t, v] and s >= 0
            if s >= 0:
                holder[node[s]] = v
                if other[s] >= 0:
                    holder[other[s]] = v
        again = True
        while again:
            again = False
            for v in range(count):
                if not stands[t, v] or cause[v]:
                    continue
                stamp += 1
                to = to_go[row[t, v]]
                if _behind(states[t, v], to, node, other, arc_start, arc_to, holder, cause, seen, todo, stamp):
                    cause[v] = again = True
                    total += 1
    return total


@inner
def _behind(
    s: int,
    to_go: _States,
    node: _States,
    other: _States,
    arc_start: _States,
    arc_to: _States,
    holder: _Ints,
    cause: NDArray[np.bool_],
    seen: _Ints,
    todo: _Ints,
    stamp: int,
) -> bool:
    """Whether the next node on a shortest way is held by one that is a cause."""
    here, left = node[s], 1
    todo[0] = s
    while left > 0:
        left -= 1
        a = todo[left]
        for i in range(arc_start[a], arc_start[a + 1]):
            b = arc_to[i]
            if to_go[b] != to_go[a] - 1 or seen[b] == stamp:
                continue
            seen[b] = stamp
            ahead = node[b] if other[b] < 0 or other[b] == here else other[b]
            if ahead == here:
                todo[left] = b
                left += 1
            elif holder[ahead] >= 0 and cause[holder[ahead]]:
                return True
    return False
