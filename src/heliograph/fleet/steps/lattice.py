"""The lattice: a map cut into steps, so that one planner serves grids and roadmaps alike.

A vehicle is in one state at a time, and every arc from state to state takes one step. A state holds the node on which
the vehicle stands; while it drives along an edge that takes several steps, it holds both ends of that edge.

On a LoRR grid a state is a cell and a heading; its arcs are forward, clockwise and counter-clockwise. On a roadmap a
state is a node and the edge by which the vehicle came, or a place along an edge; its length is whole steps.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.steps.streets import street_ways
from heliograph.plant import motion
from heliograph.plant.model import Vehicles
from heliograph.plant.roadmap import Roadmap

__all__ = ["Lattice", "grid_lattice", "roadmap_lattice"]


class Lattice(NamedTuple):
    """s states, a arcs, n nodes."""

    nodes: int
    node: NDArray[np.int32]
    """(s,) the node that a state holds."""
    other: NDArray[np.int32]
    """(s,) a second node that it holds; -1: none."""
    arc_start: NDArray[np.int32]
    """(s + 1,) arcs that leave state i are arc_to[arc_start[i] : arc_start[i + 1]]."""
    arc_to: NDArray[np.int32]
    """(a,) the state one step later. The last arc of a state takes no node that the state does not hold."""
    follow: bool
    """Whether a vehicle may enter a node in the very step in which another leaves it (LoRR); if not, a state on the
    way holds both nodes."""
    there: NDArray[np.bool_]
    """(s,) a vehicle in this state stands on its node: if that is its goal, it has arrived."""
    streets: NDArray[np.bool_] | None = None
    """(a,) arcs that run the way of their street, where streets are known (see `streets`)."""


def grid_lattice(free: NDArray[np.bool_]) -> Lattice:
    """The lattice of a grid by the rules of the League of Robot Runners: forward, turn, wait; nodes are free cells.

    Args:
        free: (h, w) where a robot may be. Nodes count free cells row by row; state 4 * node + heading, with heading
            0 east, 1 south, 2 west, 3 north.
    """
    height, width = free.shape
    number = np.full((height + 2, width + 2), -1, np.int32)
    number[1:-1, 1:-1][free] = np.arange(np.count_nonzero(free), dtype=np.int32)
    cell = np.argwhere(number >= 0)
    nodes = len(cell)
    ahead = np.empty((nodes, 4), np.int32)
    for heading, (down, right) in enumerate(((0, 1), (1, 0), (0, -1), (-1, 0))):
        ahead[:, heading] = number[cell[:, 0] + down, cell[:, 1] + right]
    arcs = np.empty((nodes, 4, 4), np.int32)
    here = 4 * np.arange(nodes, dtype=np.int32)[:, None]
    facing = np.arange(4, dtype=np.int32)[None, :]
    arcs[:, :, 0] = np.where(ahead >= 0, 4 * ahead + facing, -1)
    arcs[:, :, 1] = here + (facing + 1) % 4
    arcs[:, :, 2] = here + (facing + 3) % 4
    arcs[:, :, 3] = here + facing
    flat = arcs.reshape(4 * nodes, 4)
    streets = np.zeros((nodes, 4, 4), np.bool_)
    streets[:, :, 0] = street_ways(free)
    start = np.zeros(4 * nodes + 1, np.int32)
    np.cumsum(np.count_nonzero(flat >= 0, axis=1), out=start[1:])
    return Lattice(
        nodes=nodes,
        node=np.repeat(np.arange(nodes, dtype=np.int32), 4),
        other=np.full(4 * nodes, -1, np.int32),
        arc_start=start,
        arc_to=flat[flat >= 0],
        follow=True,
        there=np.ones(4 * nodes, np.bool_),
        streets=streets.reshape(4 * nodes, 4)[flat >= 0],
    )


def roadmap_lattice(roadmap: Roadmap, vehicles: Vehicles, step_ms: int, *, loaded: bool = False) -> Lattice:
    """The lattice of a roadmap for one type of vehicle: every edge and every turn takes whole steps.

    A vehicle stands on a node, facing as it came, or turning to an edge or back; or it is so many steps
    into an edge, and holds both its ends. It may drive from edge to edge without stopping. No vehicle enters a node
    before the one in it has reached its next node.

    Args:
        step_ms: the length of a step; edges and turns are rounded up to whole steps.
        loaded: speeds with a carrier on.
    """
    drive = motion.drive_ms(roadmap, vehicles)[int(loaded)].astype(np.int64)
    after = motion.follow(roadmap, [vehicles.turn_deg_s])
    along = -(-drive // step_ms)
    edges = len(along)
    usable = np.flatnonzero(along > 0)
    build = _Builder(len(roadmap.node_ids))
    stand = np.full(edges, -1, np.int64)
    way = np.full(edges, -1, np.int64)
    for e in usable.tolist():
        a, b = int(roadmap.edge_from[e]), int(roadmap.edge_to[e])
        way[e] = build.states
        for _ in range(int(along[e])):
            build.state(a, b, False)
        stand[e] = build.state(b, -1, True)
        for i in range(int(along[e])):
            build.arc(int(way[e]) + i, int(way[e]) + i + 1)
    for e in usable.tolist():
        b, arriving = int(roadmap.edge_to[e]), int(stand[e]) - 1
        for f, turn_ms in after.pairs[after.start[e] : after.start[e + 1]].tolist():
            if along[f] <= 0 or turn_ms >= motion.NO_TURN:
                continue
            turns = -(-turn_ms // step_ms)
            if turns == 0:
                build.arc(int(stand[e]), int(way[f]))
                build.arc(arriving, int(way[f]))
                continue
            facing = [build.state(b, -1, True) for _ in range(turns)]
            build.arc(int(stand[e]), facing[0])
            build.arc(arriving, facing[0])
            for one, two in pairwise(facing):
                build.arc(one, two)
                build.arc(two, one)
            build.arc(facing[0], int(stand[e]))
            build.arc(facing[-1], int(way[f]))
    return build.lattice()


class _Builder:
    """States and arcs as they come."""

    def __init__(self, nodes: int) -> None:
        self._nodes = nodes
        self._node: list[int] = []
        self._other: list[int] = []
        self._there: list[bool] = []
        self._tail: list[int] = []
        self._head: list[int] = []

    @property
    def states(self) -> int:
        return len(self._node)

    def state(self, node: int, other: int, there: bool) -> int:
        self._node.append(node)
        self._other.append(other)
        self._there.append(there)
        return len(self._node) - 1

    def arc(self, tail: int, head: int) -> None:
        self._tail.append(tail)
        self._head.append(head)

    def lattice(self) -> Lattice:
        """All arcs in order; last of each state comes the one that takes no other node: staying, or driving on."""
        there = np.array(self._there, np.bool_)
        staying = np.flatnonzero(there)
        tail = np.concatenate([np.array(self._tail, np.int64), staying])
        head = np.concatenate([np.array(self._head, np.int64), staying])
        on = (tail == head) | (~there[tail] & (head == tail + 1))
        order = np.lexsort((np.arange(len(tail)), on, tail))
        start = np.zeros(len(there) + 1, np.int32)
        np.cumsum(np.bincount(tail, minlength=len(there)), out=start[1:])
        return Lattice(
            nodes=self._nodes,
            node=np.array(self._node, np.int32),
            other=np.array(self._other, np.int32),
            arc_start=start,
            arc_to=head[order].astype(np.int32),
            follow=False,
            there=there,
        )
