"""Guidance: ways are spread over the map, so that opposite streams part and no node is crowded.

Where one-way streets hardly make ways longer (see `streets`), as in the aisles of a warehouse, they are where it
begins. Trips between random places are laid one after the other along their cheapest way, and each leaves a trace that
fades. An arc costs more where the traces run against it, and where its end is crowded. So streams find their own lanes,
as on a one-way system that nobody has drawn. What has been learnt becomes the cost of arcs, for distances and plans.

Source: the idea of traffic-flow guidance from Chen et al., Traffic Flow Optimisation for Lifelong Multi-Agent Path
Finding (2024).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry
from heliograph.fleet.steps.lattice import Lattice
from heliograph.fleet.steps.rows import FAR, MOST_NARROW, UNIT, Roads, Scratch, build_scratch, fill, note_costs

__all__ = ["spread"]

CROWDED: Final = 0.05
"""An arc into a node as busy as the average one costs so much more, in steps."""
FADE: Final = 0.99
"""What is left of a trace after each goal."""
GOALS: Final = 2000
STARTS: Final = 8
"""Trips to each goal, on a small map; ..."""
STARTS_LARGE: Final = 0.28
"""... so many, times the root of the number of nodes, leave as many traces on each edge of a large one."""
CHEAP: Final = 1.05
"""Streets are one-way where ways become no longer than by this factor, ..."""
SAMPLE: Final = 20
"""... as seen on the ways to so many goals, ..."""
SEED: Final = 20.0
"""... and then begin with so many traces, the way they should run."""
WORK: Final = 12_000_000
"""States that may be looked at: on large maps fewer goals are tried."""


def spread(
    lattice: Lattice,
    roads: Roads,
    places: NDArray[np.int64],
    against_steps: float,
    against_street_steps: float,
    seed: int,
) -> None:
    """Learn the cost of each arc, into `roads.arc_cost`.

    Args:
        places: nodes between which vehicles are sent, as often as they are.
        against_steps: an arc against a stream costs up to so much more, in steps ...
        against_street_steps: ... or that much, where streets are one-way.
    """
    edge, against = _edges(lattice)
    if not (against >= 0).any():
        return
    states = len(lattice.node)
    draw = np.random.default_rng(seed)
    goals = draw.choice(places, min(GOALS, max(200, WORK // states))).astype(np.int64)
    at = draw.choice(places, (len(goals), max(STARTS, round(STARTS_LARGE * lattice.nodes**0.5))))
    first, last = roads.state_start[at], roads.state_start[at + 1]
    starts = roads.states_of[first + draw.integers(0, 1 << 30, at.shape) % (last - first)].astype(np.int64)
    scratch, flow = build_scratch(roads), np.zeros(len(against))
    if _streets_are_cheap(lattice, roads, edge, goals[:SAMPLE], starts[:SAMPLE], against_street_steps, scratch):
        flow[edge[lattice.streets]] = SEED
        against_steps = max(against_steps, against_street_steps)
    through = np.zeros(lattice.nodes)
    _learn(roads, edge, against, flow, through, goals, starts, against_steps, CROWDED, scratch)


def _streets_are_cheap(
    lattice: Lattice,
    roads: Roads,
    edge: NDArray[np.int64],
    goals: NDArray[np.int64],
    starts: NDArray[np.int64],
    against_steps: float,
    scratch: Scratch,
) -> bool:
    """Whether ways are hardly longer if it costs so much to go against a street."""
    if lattice.streets is None:
        return False
    plain = _ways(roads, goals, starts, scratch)
    wrong = (edge >= 0) & ~lattice.streets
    roads.arc_cost[wrong] += min(round(UNIT * against_steps), MOST_NARROW - UNIT)
    note_costs(roads, scratch)
    with_streets = _ways(roads, goals, starts, scratch)
    return bool(with_streets <= CHEAP * plain)


@entry
def _ways(roads: Roads, goals: NDArray[np.int64], starts: NDArray[np.int64], scratch: Scratch) -> int:
    """The cost of all these ways together."""
    cost = 0
    for k in range(len(goals)):
        fill(roads, goals[k], -1, 0, 0, scratch)
        for s in starts[k]:
            if scratch.far[s] < FAR:
                cost += scratch.far[s]
    return cost


def _edges(lattice: Lattice) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(a,) the number of the edge, from node to node, that an arc begins; -1: none. (e,) the edge the other way; -1."""
    tail = np.repeat(np.arange(len(lattice.node)), np.diff(lattice.arc_start))
    head = lattice.arc_to
    here, there = lattice.node[tail].astype(np.int64), lattice.node[head].astype(np.int64)
    enters = (lattice.other[head] >= 0) & ((lattice.other[tail] < 0) | (there != here))
    there = np.where(enters, lattice.other[head], there)
    moves = (here != there) & (enters | (lattice.other[tail] < 0))
    pair, number = np.unique(here[moves] * lattice.nodes + there[moves], return_inverse=True)
    edge = np.full(len(tail), -1, np.int64)
    edge[moves] = number
    back = pair % lattice.nodes * lattice.nodes + pair // lattice.nodes
    at = np.minimum(np.searchsorted(pair, back), max(len(pair) - 1, 0))
    return edge, np.where(pair[at] == back, at, -1) if len(pair) else np.zeros(0, np.int64)


@entry
def _learn(
    roads: Roads,
    edge: NDArray[np.int64],
    against: NDArray[np.int64],
    flow: NDArray[np.float64],
    through: NDArray[np.float64],
    goals: NDArray[np.int64],
    starts: NDArray[np.int64],
    against_cost: float,
    crowded_cost: float,
    scratch: Scratch,
) -> None:
    """flow (e,) and through (n,): the traces on edges and in nodes."""
    for k in range(len(goals)):
        mean = flow.sum() / len(flow) + 1e-9
        for a in range(len(edge)):
            e = edge[a]
            if e < 0:
                continue
            steps = 1.0 + crowded_cost * through[roads.node[roads.arc_to[a]]] / mean
            if against[e] >= 0:
                steps += against_cost * flow[against[e]] / (flow[e] + flow[against[e]] + 0.5 * mean)
            roads.arc_cost[a] = min(MOST_NARROW, int(UNIT * steps + 0.5))
        note_costs(roads, scratch)
        fill(roads, goals[k], -1, 0, 0, scratch)
        flow *= FADE
        through *= FADE
        for i in range(starts.shape[1]):
            s = starts[k, i]
            if scratch.far[s] == FAR:
                continue
            while scratch.far[s] > 0:
                best = -1
                for a in range(roads.arc_start[s], roads.arc_start[s + 1]):
                    to = roads.arc_to[a]
                    if to != s and scratch.far[to] + roads.arc_cost[a] == scratch.far[s]:
                        best = a
                        break
                if best < 0:
                    break
                s = roads.arc_to[best]
                if edge[best] >= 0:
                    flow[edge[best]] += 1
                    through[roads.node[s]] += 1
