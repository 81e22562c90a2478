"""Random roadmaps and grids: by seed for benchmarks, and as Hypothesis strategies.

Every road is part of a way there and back (strongly connected), every bay hangs on the road by one edge in and out.

Room, the condition under which everybody can get everywhere: a vehicle in a corridor can neither pass nor be passed,
so what stands ahead must be able to leave it. A `corridor` of L nodes (a chain of bridges) needs L + 1 nodes free
elsewhere for that; `room` keeps two more. The continuous fleet rests in bays and asks for one bay more than vehicles.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from floors import fleet_of, roadmap
from hypothesis import strategies as st
from numpy.typing import NDArray

from heliograph.fleet.steps import Lattice, roadmap_lattice
from heliograph.plant.roadmap import Roadmap

__all__ = [
    "GRID_KINDS",
    "ROAD_KINDS",
    "RoadTraffic",
    "corridor",
    "grid_at_random",
    "grids",
    "most_vehicles",
    "neighbours",
    "roadmap_at_random",
    "roadmaps",
    "strong_ways",
]

ROAD_KINDS = ("web", "tree", "rings", "streets", "cells")
GRID_KINDS = ("obstacles", "rooms", "maze", "tree", "corridors")

Pair = tuple[int, int]


class RoadTraffic(NamedTuple):
    """A roadmap, its stations (all bays), and how many vehicles it is to carry."""

    kind: str
    plan: Roadmap
    stations: list[str]
    vehicles: int
    seed: int

    def lattice(self, step_ms: int = 1000) -> Lattice:
        """The roads cut into steps."""
        return roadmap_lattice(self.plan, fleet_of(1, self.stations), step_ms)


def strong_ways(nodes: int, roads: Iterable[Pair], rng: np.random.Generator, one_way: float) -> list[Pair]:
    """One-way arcs for undirected roads so that every node reaches every other.

    Bridges go both ways; of the others a share `one_way` only one: down the depth-first tree or back up it, which
    keeps every two-edge-connected part strongly connected (Robbins 1939).
    """
    beside: list[list[int]] = [[] for _ in range(nodes)]
    for a, b in roads:
        beside[a].append(b)
        beside[b].append(a)
    depth, low, up = [-1] * nodes, [0] * nodes, [-1] * nodes
    arcs: list[Pair] = []
    depth[0] = 0
    stack = [(0, iter(beside[0]))]
    while stack:
        a, rest = stack[-1]
        b = next(rest, None)
        if b is None:
            stack.pop()
            if up[a] >= 0:
                low[up[a]] = min(low[up[a]], low[a])
        elif depth[b] < 0:
            depth[b] = low[b] = depth[a] + 1
            up[b] = a
            arcs.append((a, b))
            stack.append((b, iter(beside[b])))
        elif b != up[a] and depth[b] < depth[a]:
            low[a] = min(low[a], depth[b])
            arcs.append((a, b))
    if min(depth) < 0:
        raise ValueError("the roads must be connected")
    both = []
    for a, b in arcs:
        bridge = up[b] == a and low[b] > depth[a]
        if bridge or rng.random() >= one_way:
            both.append((b, a))
    return arcs + both


def _tree(nodes: int, pairs: list[Pair], rng: np.random.Generator) -> list[Pair]:
    """A random spanning tree of connected pairs."""
    root = list(range(nodes))

    def top(a: int) -> int:
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        return a

    kept = []
    for i in rng.permutation(len(pairs)).tolist():
        a, b = pairs[i]
        if top(a) != top(b):
            root[top(a)] = top(b)
            kept.append((a, b))
    return kept


def _lattice_pairs(rows: int, columns: int) -> list[Pair]:
    across = [(y * columns + x, y * columns + x + 1) for y in range(rows) for x in range(columns - 1)]
    return across + [(y * columns + x, (y + 1) * columns + x) for y in range(rows - 1) for x in range(columns)]


def _rings(rng: np.random.Generator) -> tuple[NDArray[np.float64], list[Pair], list[Pair]]:
    """Two to five rings in a row, joined by lanes of some nodes: places, one-way ring roads, two-way lanes."""
    places: list[tuple[float, float]] = []
    ring_roads, lanes = [], []
    lane: list[tuple[float, float]] = []
    last, left_m = -1, 0.0
    for _ in range(int(rng.integers(2, 6))):
        count = int(rng.integers(4, 12))
        radius = 3.5 * count / (2 * np.pi)
        first = len(places)
        angle = np.pi - np.arange(count) * 2 * np.pi / count
        places += [(left_m + radius + radius * np.cos(a), radius * np.sin(a)) for a in angle]
        ring_roads += [(first + i, first + (i + 1) % count) for i in range(count)]
        if last >= 0:
            between = list(range(len(places), len(places) + len(lane)))
            places += lane
            chain = [last, *between, first]
            lanes += itertools.pairwise(chain)
        last = first + count // 2
        right_m = places[last][0]
        lane = [(right_m + 3.0 * (i + 1), 0.0) for i in range(int(rng.integers(0, 5)))]
        left_m = right_m + 3.0 * (len(lane) + 1)
    return np.array(places), ring_roads, lanes


def roadmap_at_random(
    seed: int, kind: str | None = None, size: int | None = None, fill: float | None = None
) -> RoadTraffic:
    """Roads of one of `ROAD_KINDS`, bays beside them, and a number of vehicles that leaves room.

    Args:
        size: about the side of the floor in nodes, 2 to 12; drawn if not given.
        fill: vehicles as a share of bays but one; drawn if not given.
    """
    rng = np.random.default_rng([seed, 7])
    kind = kind or str(rng.choice(ROAD_KINDS))
    side = size or int(rng.integers(2, 9))
    rows, columns = (max(2, int(side * f)) for f in rng.uniform(0.6, 1.4, 2))
    nodes = rows * columns
    xy = np.array([(4.0 * x, 4.0 * y) for y in range(rows) for x in range(columns)])
    xy += rng.uniform(-1.0, 1.0, xy.shape)
    pairs = _lattice_pairs(rows, columns)
    if kind == "rings":
        xy, ring_roads, lanes = _rings(rng)
        arcs = ring_roads + lanes + [(b, a) for a, b in lanes]
    elif kind == "tree":
        roads = _tree(nodes, pairs, rng)
        arcs = roads + [(b, a) for a, b in roads]
    elif kind == "web":
        tree = _tree(nodes, pairs, rng)
        more = [p for p in pairs if p not in set(tree) and rng.random() < 0.6]
        arcs = strong_ways(nodes, tree + more, rng, one_way=float(rng.choice([0.3, 0.7, 1.0])))
    elif kind == "streets":
        arcs = strong_ways(nodes, pairs, rng, one_way=1.0)
    else:
        arcs = pairs + [(b, a) for a, b in pairs]
    bays = int(rng.integers(4, max(5, 2 * len(xy)) + 1))
    beside = rng.integers(len(xy), size=bays)
    plan = roadmap(
        {f"n{i}": (float(x), float(y)) for i, (x, y) in enumerate(xy)},
        [(f"n{a}", f"n{b}") for a, b in arcs],
        {f"b{i}": f"n{at}" for i, at in enumerate(beside.tolist())},
    )
    speed = np.round(rng.uniform(0.5, 2.0, (1, len(plan.edge_from))).repeat(2, axis=0), 2)
    speed[1] *= rng.choice([1.0, 0.7])
    share = float(rng.uniform(0.1, 1.0)) if fill is None else fill
    return RoadTraffic(
        kind, plan._replace(speed_m_s=speed), [f"b{i}" for i in range(bays)], max(1, int(share * (bays - 1))), seed
    )


@st.composite
def roadmaps(draw: st.DrawFn, kinds: tuple[str, ...] = ROAD_KINDS, most: int = 8) -> RoadTraffic:
    """Any roadmap of these kinds, up to about `most` by `most` nodes."""
    return roadmap_at_random(
        draw(st.integers(0, 10**6)),
        draw(st.sampled_from(kinds)),
        draw(st.integers(2, most)),
        draw(st.floats(0.05, 1.0)),
    )


def _largest_part(free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Only the largest connected part of the free cells."""
    height, width = free.shape
    part = np.zeros((height, width), np.int64)
    count = 0
    for start in zip(*np.nonzero(free), strict=True):
        if part[start]:
            continue
        count += 1
        part[start] = count
        todo = [start]
        while todo:
            y, x = todo.pop()
            for there in ((y, x + 1), (y + 1, x), (y, x - 1), (y - 1, x)):
                if 0 <= there[0] < height and 0 <= there[1] < width and free[there] and not part[there]:
                    part[there] = count
                    todo.append(there)
    sizes = np.bincount(part.ravel(), minlength=2)
    sizes[0] = 0
    largest: NDArray[np.bool_] = part == sizes.argmax()
    return largest & free


def grid_at_random(seed: int, kind: str | None = None, size: int | None = None) -> NDArray[np.bool_]:
    """(height, width) True where a cell is free; one connected part of at least two cells.

    Args:
        size: about the side in cells, 3 to 40; drawn if not given.
    """
    rng = np.random.default_rng([seed, 11])
    kind = kind or str(rng.choice(GRID_KINDS))
    side = size or int(rng.integers(4, 25))
    height, width = (max(3, int(side * f)) for f in rng.uniform(0.7, 1.3, 2))
    free = np.ones((height, width), np.bool_)
    if kind == "obstacles":
        free = rng.random((height, width)) >= rng.uniform(0.05, 0.4)
    elif kind == "rooms":
        free[2::4, :] = False
        free[:, 3::5] = False
        for y in range(2, height, 4):
            for x in range(0, width, 5):
                free[y, min(width - 1, x + int(rng.integers(3)))] = True
        for x in range(3, width, 5):
            for y in range(0, height, 4):
                free[min(height - 1, y + int(rng.integers(2))), x] = True
    elif kind in ("maze", "tree"):
        rows, columns = max(2, (height + 1) // 2), max(2, (width + 1) // 2)
        pairs = _lattice_pairs(rows, columns)
        kept = _tree(rows * columns, pairs, rng)
        if kind == "maze":
            kept += [p for p in pairs if rng.random() < 0.15]
        free = np.zeros((2 * rows - 1, 2 * columns - 1), np.bool_)
        free[::2, ::2] = True
        for a, b in kept:
            free[a // columns + b // columns, a % columns + b % columns] = True
    elif kind == "corridors":
        free[:] = False
        free[:, 0] = free[:, -1] = True
        for y in range(0, height, 2):
            free[y, :] = True
            if rng.random() < 0.5:
                free[y, 1 + int(rng.integers(max(1, width - 2)))] = False
    free = _largest_part(free)
    return free if free.sum() > 1 else np.ones((3, 3), np.bool_)


@st.composite
def grids(draw: st.DrawFn, kinds: tuple[str, ...] = GRID_KINDS, most: int = 12) -> NDArray[np.bool_]:
    """Any grid of these kinds, up to about `most` by `most` cells."""
    return grid_at_random(draw(st.integers(0, 10**6)), draw(st.sampled_from(kinds)), draw(st.integers(3, most)))


def neighbours(free: NDArray[np.bool_]) -> list[list[int]]:
    """By free cell, numbered row by row, the free cells beside it."""
    number = np.full(free.shape, -1)
    number[free] = np.arange(free.sum())
    beside: list[list[int]] = [[] for _ in range(int(free.sum()))]
    for a, b in (
        *zip(number[:, :-1].ravel(), number[:, 1:].ravel(), strict=True),
        *zip(number[:-1].ravel(), number[1:].ravel(), strict=True),
    ):
        if a >= 0 and b >= 0:
            beside[a].append(int(b))
            beside[b].append(int(a))
    return beside


def corridor(beside: list[list[int]]) -> int:
    """The most nodes on a chain of bridges without a branching in between, its ends counted; 0 without bridges."""
    nodes = len(beside)
    depth, low, up = [-1] * nodes, [0] * nodes, [-1] * nodes
    bridges: list[set[int]] = [set() for _ in range(nodes)]
    for start in range(nodes):
        if depth[start] >= 0:
            continue
        depth[start] = 0
        stack = [(start, iter(beside[start]))]
        while stack:
            a, rest = stack[-1]
            b = next(rest, None)
            if b is None:
                stack.pop()
                if up[a] >= 0:
                    low[up[a]] = min(low[up[a]], low[a])
                    if low[a] > depth[up[a]]:
                        bridges[a].add(up[a])
                        bridges[up[a]].add(a)
            elif depth[b] < 0:
                depth[b] = low[b] = depth[a] + 1
                up[b] = a
                stack.append((b, iter(beside[b])))
            elif b != up[a]:
                low[a] = min(low[a], depth[b])
    longest = 0
    inner = [len(beside[a]) == 2 and len(bridges[a]) == 2 for a in range(nodes)]
    for a in range(nodes):
        if inner[a] or not bridges[a]:
            continue
        for b in bridges[a]:
            before, at, length = a, b, 2
            while inner[at]:
                before, at = at, next(c for c in beside[at] if c != before)
                length += 1
            longest = max(longest, length)
    return longest if longest or not any(bridges) else nodes


def most_vehicles(beside: list[list[int]]) -> int:
    """How many vehicles leave the room that everybody needs to get everywhere; at least one."""
    return max(1, len(beside) - corridor(beside) - 2)
