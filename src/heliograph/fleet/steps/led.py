"""Led vehicles: they follow the steps of a clearing, and all others keep off the nodes reserved for them.

A vehicle gets help when its errand has not come nearer to its goal for too many steps: the oldest errand first, and
several at a time where they do not touch. So every errand comes to an end: while a vehicle gets nearer it needs no
help, and who is led arrives. Where hardly anybody gets nearer (a jam) help comes sooner. Nodes that have just been used
for one are left to the ordinary planner for a while, but for the oldest it is not longer than that.

The joint plan stays free of collisions at any moment: when vehicles begin to be led, whoever would come into a reserved
node stands still instead (or drives on to the node it already holds), and so does who would run into it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.steps.clear import CLEARED, Clearing, build_ground, clear
from heliograph.fleet.steps.lattice import Lattice

__all__ = ["Led"]

LOOKS: Final = 4
"""It looks every so many steps."""
CLEARINGS: Final = 2
"""So many clearings are sought in one look."""
JAM: Final = 0.2
"""If a smaller share of vehicles has got nearer of late, it is a jam."""

_Ints = NDArray[np.int64]
_States = NDArray[np.int32]


@inner
def _free(path: _States, held: _States, node: _States, other: _States, v: int) -> bool:
    """Whether nobody else is entered where v goes."""
    for t in range(path.shape[1]):
        s = path[v, t]
        if held[t, node[s]] >= 0 or (other[s] >= 0 and held[t, other[s]] >= 0):
            return False
    return True


@entry
def _agree(
    path: _States,
    held: _States,
    node: _States,
    other: _States,
    arc_start: _States,
    arc_to: _States,
    given: NDArray[np.bool_],
    reserved: NDArray[np.bool_],
) -> None:
    """Enter all paths anew; who would come into a reserved node, or run into one who stands for that, stands still.

    To stand still is to take the last arc: who is between two nodes drives on to the one it holds.
    """
    count, window = path.shape[0], path.shape[1] - 1
    stands = given.copy()
    again = True
    while again:
        again = False
        held[:] = -1
        for x in range(len(reserved)):
            if reserved[x]:
                held[:, x] = count
        for turn in range(2):
            for v in range(count):
                if path[v, 0] < 0 or stands[v] != (turn == 0):
                    continue
                if turn == 0 and not given[v]:
                    for t in range(window):
                        path[v, t + 1] = arc_to[arc_start[path[v, t] + 1] - 1]
                elif turn == 1 and not _free(path, held, node, other, v):
                    stands[v] = again = True
                    continue
                for t in range(window + 1):
                    s = path[v, t]
                    held[t, node[s]] = v
                    if other[s] >= 0:
                        held[t, other[s]] = v


@entry
def _follow(
    path: NDArray[np.int32],
    held: NDArray[np.int32],
    node: NDArray[np.int32],
    other: NDArray[np.int32],
    who: _Ints,
    rows: _Ints,
    done: int,
    nodes: _Ints,
    holder: int,
) -> None:
    """The paths of those who are led: from row `done` of their states on; reserved nodes are held throughout."""
    for t in range(path.shape[1]):
        for x in nodes:
            held[t, x] = holder
        at = min(done + t, len(rows) - 1)
        for k in range(len(who)):
            s = rows[at, k]
            path[who[k], t] = s
            held[t, node[s]] = who[k]
            if other[s] >= 0:
                held[t, other[s]] = who[k]


class _Way:
    """A clearing that is being followed: who is still led, and the nodes they still need.

    Args:
        path: (v, W + 1) states; the first column is now.
    """

    def __init__(self, found: Clearing, lattice: Lattice, path: NDArray[np.int32]) -> None:
        self.who, self.nodes = found.who, found.nodes
        self.rows = np.concatenate([path[found.who, :1].T.astype(np.int64), found.steps])
        """(t + 1, k) states, from now on."""
        self.done, self.waits = 0, False
        moves = self.rows[1:] != self.rows[:-1]
        self.last = np.where(moves.any(axis=0), len(moves) - moves[::-1].argmax(axis=0), 0)
        """(k,) the row from which each stands for good."""
        until = np.zeros(lattice.nodes + 1, np.int64)  # the last is no node
        for t, row in enumerate(self.rows):
            going = row[t <= self.last]
            until[lattice.node[going]] = until[lattice.other[going]] = t
        self.until = until[self.nodes]
        """The last row in which each node is needed."""

    def release(self) -> tuple[_Ints, _Ints]:
        """Who is not led any more, and nodes that are not needed."""
        over, spare = self.last <= self.done, self.until < self.done
        who, nodes = self.who[over], self.nodes[spare]
        self.who, self.last, self.rows = self.who[~over], self.last[~over], np.ascontiguousarray(self.rows[:, ~over])
        self.nodes, self.until = self.nodes[~spare], self.until[~spare]
        return who, nodes


class Led:
    """Who is led, and where to.

    Args:
        patience: an errand that has not got nearer to its goal for so many steps is helped.
        hurry: the same in a jam.
    """

    def __init__(self, lattice: Lattice, count: int, *, patience: int, hurry: int) -> None:
        self._lattice = lattice
        self._ground = build_ground(lattice)
        self._patience, self._hurry = patience, hurry
        self._goal = np.full(count, -1, np.int64)
        self._nearest = np.zeros(count, np.int64)
        self._nearer_at = np.zeros(count, np.int64)
        self._born = np.zeros(count, np.int64)
        self._reserved = np.zeros(lattice.nodes, np.bool_)
        self._used_at = np.full(lattice.nodes, -patience, np.int64)
        self._step = 0
        self._ways: list[_Way] = []
        self._asks: dict[int, tuple[int, _Ints]] = {}
        """By vehicle that has to wait for others: when it was asked for, and the nodes it needed then."""
        self.led = np.zeros(count, np.bool_)
        """(v,) its path is given, and must not be changed."""
        self.clearings = 0
        """So many have been followed."""

    def look(
        self,
        path: _States,
        held: _States,
        goal: NDArray[np.integer],
        to_go: NDArray[np.integer],
        stalled: NDArray[np.bool_] | None = None,
    ) -> None:
        """Before planning a step: see who gets nearer, and begin to lead who has not for too long.

        Args:
            path: (v, W + 1) states, -1: not on the map; may be changed, and `held` with it.
            held: (W + 1, n) vehicles; -1: free.
            goal: (v,) node, -1: none.
            to_go: (v,) cost from each vehicle's state to its goal; only differences count.
            stalled: (v,) these did not move in the last step, and are taken to stay.
        """
        self._step += 1
        now = path[:, 0].astype(np.int64)
        new = goal != self._goal
        busy = (goal >= 0) & (now >= 0) & ~((self._lattice.node[now] == goal) & self._lattice.there[now])
        nearer = new | ~busy | (to_go < self._nearest)
        self._born[new] = self._nearer_at[nearer] = self._step
        self._nearest[nearer] = to_go[nearer]
        self._goal[new] = goal[new]
        if self._step % LOOKS:
            return
        lately = np.count_nonzero(self._nearer_at[busy] > self._step - self._hurry)
        patience = self._hurry if lately < JAM * np.count_nonzero(busy) else self._patience
        still = np.zeros(len(goal), np.bool_) if stalled is None else stalled
        starved = np.flatnonzero(busy & (self._step - self._nearer_at > patience) & ~self.led & ~still)
        wanted = self._reserved | (self._used_at > self._step - patience // 2)
        here = np.flatnonzero(now >= 0)
        asks, self._asks = self._asks, {}
        for v in starved[np.argsort(self._born[starved], kind="stable")][:CLEARINGS].tolist():
            asked, nodes = asks.get(v, (0, None))
            if nodes is None or self._step - asked >= self._hurry:
                found = clear(self._ground, now[here], int(np.searchsorted(here, v)), int(goal[v]), fixed=still[here])
                if found.outcome != CLEARED:
                    self._nearer_at[v] = self._step  # it is asked again
                    continue
                asked, nodes = self._step, found.nodes
                if not wanted[nodes].any():
                    self._begin(found._replace(who=here[found.who]), path, held)
                    wanted[nodes] = True
                    continue
            wanted[nodes] = True  # it has to wait, but not for younger ones
            self._asks[v] = asked, nodes

    def _begin(self, found: Clearing, path: _States, held: _States) -> None:
        self._ways.append(_Way(found, self._lattice, path))
        self.clearings += 1
        self.led[found.who] = True
        self._reserved[found.nodes] = True
        self.hold(path, held)
        node, other, arc_start, arc_to = self._lattice[1:5]
        _agree(path, held, node, other, arc_start, arc_to, self.led, self._reserved)
        self.hold(path, held)

    def hold(self, path: _States, held: _States) -> None:
        """Enter the paths of those who are led, and the nodes reserved for them; after all others stand still."""
        for way in self._ways:
            _follow(
                path, held, self._lattice.node, self._lattice.other,
                way.who, way.rows, way.done, way.nodes, int(way.who[0]),
            )  # fmt: skip

    def wait(self, stays: NDArray[np.bool_]) -> None:
        """Before a step: whoever is led together with one that stays and should move, stays too; `stays` is completed.

        A stall of one whose turn has not come holds up nobody.
        """
        for way in self._ways:
            moves = way.rows[min(way.done + 1, len(way.rows) - 1)] != way.rows[way.done]
            way.waits = bool((stays[way.who] & moves).any())
            stays[way.who] |= way.waits

    def moved(self, path: _States, held: _States) -> None:
        """After a step, paths and `held` being shifted: go on, and release who and what is not needed any more."""
        for way in self._ways:
            way.done += not way.waits
            who, nodes = way.release()
            stands = self._lattice.node[path[who, 0]]
            self.led[who] = False
            self._nearer_at[who] = self._step
            for free in (nodes, stands):
                self._reserved[free] = False
                self._used_at[free] = self._step
            keep = ~np.isin(way.nodes, stands)
            way.nodes, way.until = way.nodes[keep], way.until[keep]
        self._ways = [way for way in self._ways if len(way.who)]
        self.hold(path, held)

    def drop(self, vehicle: int) -> None:
        """A vehicle is taken out: the clearing in which it takes part ends, before the next plan is made.

        The others stay where they are, or drive on to the node they hold; their paths are given until then.
        """
        for way in [way for way in self._ways if vehicle in way.who]:
            self._ways.remove(way)
            self.led[way.who] = False
            self._reserved[way.nodes] = False
