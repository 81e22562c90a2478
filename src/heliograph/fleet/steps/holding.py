"""Holding fast to the plan: what a fleet in steps would do with stalls if it planned nothing anew.

Take a run without delay. Let every vehicle drive the same states, and enter each node in the same order as the others
did, as soon as it can: one that stalls holds up those who come after it, those hold up others, and so on. Such a fleet
never locks, for the order was driven once. What it does is a bound, to the step, for every fleet that plans anew and
makes nothing worse by it: there is no constant in it, and all that hangs together in the traffic (queues, queues across
crossings, who waits for whom to pass) is in the order.

That a stall is over is known once it is over, and so the vehicle is planned to move one step later: every stall counts
as a step longer. One that breaks down is struck from the order of all nodes that it has not reached; the nodes that it
holds stay blocked until it is towed, and nobody goes round.

Source: max-plus systems (Baccelli et al., Synchronization and Linearity, 1992); as action dependency graphs in Hönig et
al. 2019, Persistent and Robust Execution of MAPF Schedules in Warehouses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.steps.lattice import Lattice
from heliograph.fleet.steps.stalls import Stalls

__all__ = ["hold_fast"]

_States = NDArray[np.int32]
_Ints = NDArray[np.int64]


def hold_fast(lattice: Lattice, states: _States, goals: _Ints, stalls: Stalls) -> int:
    """How many errands are done by a fleet that drives a plan to its end, with stalls.

    Args:
        states: (t + 1, v) where each vehicle was before the first step and after every step, without delay.
        goals: (t, v) to which node it was on its way in each step.
        stalls: for as many steps.
    """
    node, other = lattice.node, lattice.other
    reached = (node[states[1:]] == goals) & lattice.there[states[1:]]
    done = np.concatenate([np.zeros((1, states.shape[1]), np.int64), np.cumsum(reached, axis=0)])
    moves = states[1:] != states[:-1]
    rows = np.arange(1, len(states))[:, None]
    after = np.where(moves, rows, len(states))
    after = np.minimum.accumulate(after[::-1])[::-1]
    after = np.concatenate([after, np.full((1, states.shape[1]), len(states))])  # (t + 1, v) the row of its next state
    ticket, count = _tickets(states, node, other, lattice.nodes)
    first = np.concatenate([[0], np.cumsum(count)])
    turn = np.full(int(first[-1]) + 1, -1, np.int64)
    _line_up(states, node, other, ticket, first, turn)
    own = stalls.stalled.copy()
    own[1:] |= stalls.stalled[:-1]
    for v, at in enumerate(stalls.broken_at.tolist()):
        own[at:, v] = False
    return int(_drive(states, node, other, done, after, ticket, first, turn, own, stalls.broken_at, stalls.towed_at))


@inner
def _new(states: _States, node: _States, other: _States, before: int, row: int, v: int, which: int) -> int:
    """A node that v holds in a row and did not hold in the one before; -1: none. `which`: 0 `node`, 1 `other`."""
    s = states[row, v]
    x = node[s] if which == 0 else other[s]
    if x < 0:
        return -1
    if before >= 0:
        last = states[before, v]
        if x in (node[last], other[last]):
            return -1
    return int(x)


@entry
def _tickets(states: _States, node: _States, other: _States, nodes: int) -> tuple[_Ints, _Ints]:
    """(t + 1, v, 2) the how manieth each one is to enter a node, and how many enter each."""
    rows, count = states.shape
    ticket, seen = np.full((rows, count, 2), -1, np.int64), np.zeros(nodes, np.int64)
    for row in range(rows):
        for v in range(count):
            for which in range(2):
                x = _new(states, node, other, row - 1, row, v, which)
                if x >= 0:
                    ticket[row, v, which] = seen[x]
                    seen[x] += 1
    return ticket, seen


@entry
def _line_up(states: _States, node: _States, other: _States, ticket: _Ints, first: _Ints, turn: _Ints) -> None:
    """Who enters each node, in order: `turn[first[x] + ticket]`."""
    for row in range(states.shape[0]):
        for v in range(states.shape[1]):
            for which in range(2):
                if ticket[row, v, which] >= 0:
                    s = states[row, v]
                    turn[first[node[s] if which == 0 else other[s]] + ticket[row, v, which]] = v


@entry
def _drive(
    states: _States,
    node: _States,
    other: _States,
    done: _Ints,
    after: _Ints,
    ticket: _Ints,
    first: _Ints,
    turn: _Ints,
    stalled: NDArray[np.bool_],
    broken_at: _Ints,
    towed_at: _Ints,
) -> int:
    """Errands done in as many steps as there are rows but one."""
    rows, count = states.shape
    at, struck, goes = np.zeros(count, np.int64), np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    holder, due = np.full(len(first) - 1, -1, np.int64), np.zeros(len(first) - 1, np.int64)
    for v in range(count):
        for which in range(2):
            x = _new(states, node, other, -1, 0, v, which)
            if x >= 0:
                holder[x] = v
    for step in range(rows - 1):
        for v in range(count):
            struck[v] = struck[v] or broken_at[v] <= step
            goes[v] = not struck[v] and not stalled[step, v] and after[at[v], v] < rows
            if towed_at[v] == step:
                for x in range(len(holder)):
                    if holder[x] == v:
                        holder[x] = -1
                        due[x] += 1
        again = True
        while again:  # all go on at once who can: who must stay makes others stay
            again = False
            for v in range(count):
                if goes[v] and not _may(
                    states, node, other, after, ticket, first, turn, at, struck, goes, holder, due, v
                ):
                    goes[v] = False
                    again = True
        for v in range(count):
            if goes[v]:
                for which in range(2):
                    x = _left(states, node, other, at[v], after[at[v], v], v, which)
                    if x >= 0:
                        holder[x] = -1
                        due[x] += 1
        for v in range(count):
            if goes[v]:
                row = after[at[v], v]
                for which in range(2):
                    x = _new(states, node, other, at[v], row, v, which)
                    if x >= 0:
                        holder[x] = v
                        due[x] = ticket[row, v, which]
                at[v] = row
    total = 0
    for v in range(count):
        total += done[min(after[at[v], v], rows) - 1, v]
    return int(total)


@inner
def _left(states: _States, node: _States, other: _States, row: int, then: int, v: int, which: int) -> int:
    """A node that v holds in a row and not in a later one; -1: none."""
    s, to = states[row, v], states[then, v]
    x = node[s] if which == 0 else other[s]
    return -1 if x < 0 or x in (node[to], other[to]) else int(x)


@inner
def _may(
    states: _States,
    node: _States,
    other: _States,
    after: _Ints,
    ticket: _Ints,
    first: _Ints,
    turn: _Ints,
    at: _Ints,
    struck: NDArray[np.bool_],
    goes: NDArray[np.bool_],
    holder: _Ints,
    due: _Ints,
    v: int,
) -> bool:
    """Whether it is the turn of v at the nodes that it enters next, if those go that are thought to."""
    row = after[at[v], v]
    for which in range(2):
        x = _new(states, node, other, at[v], row, v, which)
        if x < 0:
            continue
        u, next_due = holder[x], due[x]
        if u >= 0:
            if not goes[u]:
                return False
            to = states[after[at[u], u], u]
            if x in (node[to], other[to]):
                return False
            next_due += 1
        while next_due < ticket[row, v, which] and struck[turn[first[x] + next_due]]:
            next_due += 1
        if next_due < ticket[row, v, which]:
            return False
    return True
