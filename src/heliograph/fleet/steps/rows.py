"""How far it is: for a goal node, the cost from every state, turning included, kept as a row of small whole numbers.

A row is made when a vehicle is first sent to its goal (Dial's algorithm, backwards from the goal, until some way beyond
the vehicle) and kept while there is room. It stores the cost modulo 65,535, or modulo 255 on large grids: what planning
asks is always the difference between two states one arc apart, and that is small, so it comes out exactly. The highest
number stands for states that were not looked at.

Source: Dial, Algorithm 360: Shortest-path forest with topological ordering (1969).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.steps.lattice import Lattice

__all__ = [
    "FAR",
    "MOST",
    "MOST_NARROW",
    "UNIT",
    "Roads",
    "RowTable",
    "Scratch",
    "build_roads",
    "build_scratch",
    "fill",
    "note_costs",
]

UNIT: Final = 8
"""The cost of a step on an arc that is neither favoured nor avoided."""
MOST: Final = 250
"""The highest cost of an arc ..."""
MOST_NARROW: Final = 90
"""... where rows are narrow: with four turns back it stays under half of 255."""
ROOM: Final = 1_000_000_000
"""Bytes for rows, as far as vehicles do not need more at a time."""
BEYOND: Final = 300
"""A row reaches so much further than the vehicle for which it was made may get in one plan."""
FAR: Final = 1 << 30
"""No way."""
NARROW: Final = 255
WIDE: Final = 65535
"""The highest number in a row, narrow or wide: not looked at."""
STATE_BITS: Final = 24
"""A state and a cost of an arc fit into 32 bits."""
SLOTS: Final = 256
"""Buckets in a ring: a power of two, and more than `MOST`."""


class Roads(NamedTuple):
    """The lattice as the kernels read it: arcs with costs, forwards and backwards."""

    node: NDArray[np.int32]
    other: NDArray[np.int32]
    there: NDArray[np.bool_]
    arc_start: NDArray[np.int32]
    arc_to: NDArray[np.int32]
    arc_cost: NDArray[np.int32]
    """(a,) UNIT for a plain step."""
    back_start: NDArray[np.int32]
    back: NDArray[np.int32]
    """(a', 2) arc and state before, of each state; arcs to the state itself are left out."""
    state_start: NDArray[np.int32]
    """(n + 1,)"""
    states_of: NDArray[np.int32]
    """States in which a vehicle stands on node i: states_of[state_start[i] : state_start[i + 1]]."""


def build_roads(lattice: Lattice) -> Roads:
    """Arcs at their plain cost, and the tables of what comes before."""
    states = len(lattice.node)
    tail = np.repeat(np.arange(states, dtype=np.int32), np.diff(lattice.arc_start))
    real = np.flatnonzero(tail != lattice.arc_to)
    order = real[np.argsort(lattice.arc_to[real], kind="stable")]
    back_start = np.zeros(states + 1, np.int32)
    np.cumsum(np.bincount(lattice.arc_to[real], minlength=states), out=back_start[1:])
    standing = np.flatnonzero(lattice.there)
    state_start = np.zeros(lattice.nodes + 1, np.int32)
    np.cumsum(np.bincount(lattice.node[standing], minlength=lattice.nodes), out=state_start[1:])
    return Roads(
        node=lattice.node,
        other=lattice.other,
        there=lattice.there,
        arc_start=lattice.arc_start,
        arc_to=lattice.arc_to,
        arc_cost=np.full(len(lattice.arc_to), UNIT, np.int32),
        back_start=back_start,
        back=np.stack([order, tail[order]], axis=1).astype(np.int32),
        state_start=state_start,
        states_of=standing[np.argsort(lattice.node[standing], kind="stable")].astype(np.int32),
    )


class Scratch(NamedTuple):
    """What `fill` needs room for."""

    far: NDArray[np.int32]
    """(s,) the cost from each state; FAR: there is no way."""
    head: NDArray[np.int32]
    """(SLOTS,) the first link of each bucket."""
    links: NDArray[np.int32]
    """(a + s, 2) state, next link."""
    back: NDArray[np.uint32]
    """(a',) the state before and what the arc costs, packed, in the order of `Roads.back`: see `note_costs`."""


def build_scratch(roads: Roads) -> Scratch:
    """Room for `fill`.

    Raises:
        ValueError: the map has too many states.
    """
    states = len(roads.node)
    if states >> STATE_BITS:
        raise ValueError(f"{states:,} states: expected fewer than {1 << STATE_BITS:,}")
    scratch = Scratch(
        far=np.zeros(states, np.int32),
        head=np.zeros(SLOTS, np.int32),
        links=np.zeros((len(roads.arc_to) + states, 2), np.int32),
        back=np.zeros(len(roads.back), np.uint32),
    )
    note_costs(roads, scratch)
    return scratch


@entry
def note_costs(roads: Roads, scratch: Scratch) -> None:
    """Arcs cost something else than before; `fill` is to know. Read in order, they are read much faster."""
    for i in range(len(roads.back)):
        scratch.back[i] = roads.back[i, 1] | roads.arc_cost[roads.back[i, 0]] << STATE_BITS


@inner
def fill(roads: Roads, goal: int, start: int, beyond: int, least: int, scratch: Scratch) -> int:
    """The cost from states to the goal node, into `scratch.far`; how far it was looked: FAR, everywhere.

    Args:
        start: this state is looked at, and so much `beyond`; -1: all states are.
        least: it is looked as far as that at least.
    """
    limit = FAR
    far, head, links, back = scratch.far, scratch.head, scratch.links, scratch.back
    far[:] = FAR
    head[:] = -1
    used = 0
    for i in range(roads.state_start[goal], roads.state_start[goal + 1]):
        s = roads.states_of[i]
        far[s] = 0
        links[used, 0], links[used, 1] = s, head[0]
        head[0] = used
        used += 1
    cost, empty = 0, 0
    while empty < SLOTS:
        slot = cost & (SLOTS - 1)
        link = head[slot]
        if link < 0:
            cost += 1
            empty += 1
            continue
        empty = 0
        s = links[link, 0]
        head[slot] = links[link, 1]
        if far[s] != cost:
            continue
        if cost > limit:
            return limit
        if s == start:
            limit = max(cost + beyond, least)
        for i in range(roads.back_start[s], roads.back_start[s + 1]):
            before, longer = back[i] & (1 << STATE_BITS) - 1, cost + (back[i] >> STATE_BITS)
            if longer < far[before]:
                far[before] = longer
                slot = longer & (SLOTS - 1)
                links[used, 0], links[used, 1] = before, head[slot]
                head[slot] = used
                used += 1
    return FAR


@entry
def _make_row(
    roads: Roads, goal: int, start: int, beyond: int, least: int, top: int, row: NDArray[np.uint16], scratch: Scratch
) -> int:
    reach = fill(roads, goal, start, beyond, least, scratch)
    last = min(reach, FAR - 1)
    if top == NARROW:  # division by a number that is known is several times as fast
        for s in range(len(row)):
            far = np.uint32(scratch.far[s])
            row[s] = NARROW if far > last else far % np.uint32(NARROW)
    else:
        for s in range(len(row)):
            far = np.uint32(scratch.far[s])
            row[s] = WIDE if far > last else far % np.uint32(WIDE)
    return int(reach)


class RowTable:
    """The rows that vehicles need, and, while there is room, those that they may need again."""

    def __init__(self, roads: Roads, nodes: int, vehicles: int, follow: bool, margin: int) -> None:
        states = len(roads.node)
        narrow = follow and 2 * states * min(nodes, 2 * vehicles + 64) > ROOM // 4
        self.narrow = narrow
        self._roads = roads
        self._beyond = margin + BEYOND
        self._scratch = build_scratch(roads)
        self._kept = int(min(nodes, max(1, ROOM // (states * (1 if narrow else 2)))))
        self.rows: NDArray[np.uint16] = np.zeros(
            (max(self._kept, min(nodes, vehicles)), states), np.uint8 if narrow else np.uint16
        )
        """(r, s); rows that were never used take no memory."""
        self.reach = np.zeros(len(self.rows), np.int64)
        """(r,) as far as that a row is true."""
        self._row_of = np.full(nodes, -1, np.int64)
        self._node_of = np.full(len(self.rows), -1, np.int64)
        self._users = np.zeros(len(self.rows), np.int64)
        self._used = 0
        self._hand = 0

    @property
    def top(self) -> int:
        """The number of a state that was not looked at."""
        return int(np.iinfo(self.rows.dtype).max)

    def take(self, node: int, state: int) -> int:
        """The row of a goal node, made if it is not there; it stays until it is released as often as taken.

        Args:
            state: from where the goal is sought; -1: from anywhere.
        """
        row = int(self._row_of[node])
        if row < 0:
            row = self._room()
            if self._node_of[row] >= 0:
                self._row_of[self._node_of[row]] = -1
            self._row_of[node], self._node_of[row] = row, node
            self.reach[row] = 0
            self.extend(row, state)
        elif self.reach[row] < FAR and (state < 0 or self.rows[row, state] == self.top):
            self.extend(row, state)
        self._users[row] += 1
        return row

    def extend(self, row: int, state: int) -> None:
        """Make a row true beyond a state; -1: everywhere."""
        node = int(self._node_of[row])
        self.reach[row] = _make_row(
            self._roads, node, state, self._beyond, int(self.reach[row]), self.top, self.rows[row], self._scratch
        )

    def renew(self, rows: list[int]) -> None:
        """Make rows again, as arcs cost now."""
        if rows:
            note_costs(self._roads, self._scratch)
        for row in rows:
            self.extend(row, -1)

    def in_use(self) -> NDArray[np.int64]:
        """The rows that vehicles need now."""
        return np.flatnonzero(self._users > 0)

    def release(self, row: int) -> None:
        """One user less."""
        self._users[row] -= 1

    def _room(self) -> int:
        if self._used >= self._kept:
            for _ in range(self._used):
                self._hand = (self._hand + 1) % self._used
                if self._users[self._hand] == 0:
                    return self._hand
        self._used += 1
        return self._used - 1
