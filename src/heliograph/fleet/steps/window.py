"""The joint plan of the next few steps: paths, who holds what, and the search for a better one.

Every vehicle has a path of W steps, and no two paths collide; so there is a plan at any moment. A new step takes one
state off the front of each path and lets the vehicle stay where the path ends. Tries make the plan better meanwhile
(see `tries`); how far it looks may change from step to step, up to what there is room for.

What a path costs is the progress it loses: the arcs' costs minus what the way to the goal has become shorter. It is
never negative and never falls along a path, so the search is Dijkstra's on buckets, and runs straight ahead where the
way is free. After its goal a path costs nothing more.

Sources: paths of several steps, from Yukhnevich and Andreychuk, Enhancing PIBT via multi-action operations (EPIBT,
2025); improvement in windows, from Jiang et al., Scaling Lifelong MAPF to More Realistic Settings (WPPL, 2024);
crossing at a price, from Li et al., MAPF-LNS2 (2022).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.steps.rows import Roads

__all__ = [
    "CHAIN",
    "DEAREST",
    "NOMINAL",
    "RIGID",
    "Plans",
    "arrived",
    "build_plans",
    "crossed",
    "draw",
    "drive",
    "how_far",
    "leave_path",
    "loses",
    "nearer",
    "search",
    "stand",
    "take_path",
]

POOL: Final = 1 << 14
"""So many places a search may look at."""
DEAREST: Final = 500
"""A path may cost this much at most."""
CHAIN: Final = 24
"""So many vehicles may be moved in one try."""
NOMINAL: Final = 16
"""The weight of a vehicle like any other."""
RIGID: Final = 1 << 60
"""In `fixed`: this vehicle cannot move at all."""

COUNTERS: Final = np.dtype(
    [
        ("window", "i8"),
        ("follow", "i8"),
        ("top", "i8"),  # in a row: not looked at
        ("seed", "u8"),
        ("search", "i8"),  # searches so far
        ("chain", "i8"),  # rounds of pushing, and trades
        ("turn", "i8"),  # pushes and trades
        ("next", "i8"),  # whose turn it is to push: a position in `order`
        ("pushing", "i8"),  # the first so many in `order` may push
        ("good", "i8"),  # who loses no more than that has no need to push
        ("crossing", "i8"),  # what crossing another path costs a search; -1: it must not
        ("found", "i8"),  # what the path costs that the last search has found, crossings included
        ("failed", "i8"),  # who could not give way ...
        ("failed_at", "i8"),  # ... by which step
        ("tries", "i8"),
        ("helped", "i8"),
        ("places", "i8"),  # places looked at in all searches
    ],
    align=True,
)


class Plans(NamedTuple):
    """v vehicles, W steps at most (the counter `window` says how many now), s states, n nodes."""

    path: NDArray[np.int32]
    """(v, W + 1) states; -1: the vehicle is not on the map. Between steps it stays where the window ends."""
    held: NDArray[np.int32]
    """(W + 1, n) the vehicle that holds a node at a step; -1: none."""
    cost: NDArray[np.int64]
    """(v,) what the path of each vehicle loses, UNIT a step."""
    weight: NDArray[np.int64]
    """(v,) what a loss of each vehicle counts."""
    goal: NDArray[np.int64]
    """(v,) node; -1: none, and the vehicle goes wherever it is in nobody's way."""
    aim: NDArray[np.int64]
    """(v,) its goal, or -1 while it does not pursue that: it goes wherever it is in nobody's way."""
    to_go: NDArray[np.int64]
    """(v,) what the way from its state to its goal costs."""
    row: NDArray[np.int64]
    """(v,) the row of its goal."""
    rows: NDArray[np.uint16]
    """(r, s) see `rows`."""
    order: NDArray[np.int64]
    """(v,) who has the right of way before whom."""
    fixed: NDArray[np.int64]
    """(v,) the last chain that gave this vehicle its path, or RIGID."""
    firm: NDArray[np.int64]
    """(v, 2) the last turn in which it could not give way, and up to which step."""
    seen: NDArray[np.int32]
    """(2, W + 1, s) the last search that was here, before and after the goal."""
    pool: NDArray[np.int32]
    """(POOL, 4) places of a search: state, the place before, the next one in the bucket, 2 * step + (past the goal)."""
    bucket: NDArray[np.int32]
    """(DEAREST + 1,) the first place of each cost."""
    moved: NDArray[np.int64]
    """(CHAIN, 4) the vehicles of a try: who, its cost before, whether it has a new path, when it was crossed."""
    before: NDArray[np.int32]
    """(CHAIN, W + 1) and their paths before."""
    k: NDArray[np.void]
    """(1,) COUNTERS"""


def build_plans(
    roads: Roads, nodes: int, states: NDArray[np.int32], rows: NDArray[np.uint16], window: int, follow: bool, seed: int
) -> Plans:
    """All vehicles stand still, and none has a goal.

    Args:
        window: the most steps that there is to be room for.
    """
    count = len(states)
    k = np.zeros(1, COUNTERS)
    k["window"], k["follow"], k["top"] = window, follow, np.iinfo(rows.dtype).max
    k["seed"] = (seed * 2654435761 + 88172645463325252) % (1 << 64)
    k["next"] = count
    plans = Plans(
        path=np.repeat(states[:, None], window + 1, axis=1).astype(np.int32),
        held=np.full((window + 1, nodes), -1, np.int32),
        cost=np.zeros(count, np.int64),
        weight=np.full(count, NOMINAL, np.int64),
        goal=np.full(count, -1, np.int64),
        aim=np.full(count, -1, np.int64),
        to_go=np.zeros(count, np.int64),
        row=np.zeros(count, np.int64),
        rows=rows,
        order=np.arange(count),
        fixed=np.zeros(count, np.int64),
        firm=np.zeros((count, 2), np.int64),
        seen=np.zeros((2, window + 1, len(roads.node)), np.int32),
        pool=np.zeros((POOL, 4), np.int32),
        bucket=np.zeros(DEAREST + 1, np.int32),
        moved=np.zeros((CHAIN, 4), np.int64),
        before=np.zeros((CHAIN, window + 1), np.int32),
        k=k,
    )
    stand(plans, roads)
    return plans


@inner
def draw(p: Plans, below: int) -> int:
    """A number from 0 to below - 1 (Marsaglia's xorshift)."""
    k = p.k[0]
    x = k.seed
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    k.seed = x
    drawn: int = np.int64((x >> np.uint64(11)) % np.uint64(below))  # type: ignore[assignment]
    return drawn


@inner
def nearer(p: Plans, v: int, s: int, to: int) -> int:
    """How much nearer the goal of v is in state `to` than in state s."""
    top, row = p.k[0].top, p.row[v]
    here, then = np.int64(p.rows[row, s]), np.int64(p.rows[row, to])
    if top in (here, then):
        return -DEAREST
    gain = here - then
    if 2 * gain > top:
        gain -= top
    elif 2 * gain < -top:
        gain += top
    return int(gain)


@inner
def arrived(p: Plans, roads: Roads, v: int, s: int) -> bool:
    return bool(roads.node[s] == p.goal[v] and roads.there[s])


@inner
def loses(p: Plans, roads: Roads, v: int) -> int:
    """What the path of v costs."""
    cost = 0
    if p.aim[v] < 0 or p.path[v, 0] < 0:
        return cost
    for t in range(p.k[0].window):
        s, to = p.path[v, t], p.path[v, t + 1]
        if arrived(p, roads, v, s):
            break
        for a in range(roads.arc_start[s], roads.arc_start[s + 1]):
            if roads.arc_to[a] == to:
                cost += max(0, roads.arc_cost[a] - nearer(p, v, s, to))
                break
    return cost


@inner
def take_path(p: Plans, roads: Roads, v: int, until: int) -> None:
    """Enter the path of v, up to that step."""
    if p.path[v, 0] < 0:
        return
    for t in range(until + 1):
        s = p.path[v, t]
        p.held[t, roads.node[s]] = v
        if roads.other[s] >= 0:
            p.held[t, roads.other[s]] = v


@inner
def leave_path(p: Plans, roads: Roads, v: int) -> None:
    """Strike out the path of v."""
    for t in range(p.k[0].window + 1):
        s = p.path[v, t]
        if p.held[t, roads.node[s]] == v:
            p.held[t, roads.node[s]] = -1
        if roads.other[s] >= 0 and p.held[t, roads.other[s]] == v:
            p.held[t, roads.other[s]] = -1


@inner
def crossed(p: Plans, roads: Roads, s: int, to: int, t: int, which: int) -> int:
    """The vehicle that stands in the way of a step from s (at t) to `to` (at t + 1); -1: none.

    which: 0 it holds the node, 1 it holds the other node, 2 it comes the opposite way.
    """
    a, b = roads.node[s], roads.node[to]
    if which == 0:
        return int(p.held[t + 1, b])
    if which == 1:
        return int(p.held[t + 1, roads.other[to]]) if roads.other[to] >= 0 else -1
    if p.k[0].follow and a != b:
        u = p.held[t, b]
        if u >= 0 and p.held[t + 1, a] == u:
            return int(u)
    return -1


@inner
def _toll(p: Plans, roads: Roads, v: int, s: int, to: int, t: int) -> int:
    """What v pays for crossing others in a step from s (at t) to `to`; -1: it may not."""
    k, toll = p.k[0], 0
    for which in range(3):
        u = crossed(p, roads, s, to, t, which)
        if u >= 0:
            if k.crossing < 0 or p.fixed[u] >= k.chain or (p.firm[u, 0] == k.turn and t < p.firm[u, 1]):
                return -1
            toll += max(1, k.crossing * p.weight[u] // p.weight[v])
    return toll


@inner
def search(p: Plans, roads: Roads, v: int, limit: int) -> int:
    """The cheapest path of v that crosses no fixed one: its last place in the pool; -1: none up to the limit."""
    k = p.k[0]
    k.search += 1
    mark, used = k.search, 1
    limit = min(limit, DEAREST)
    p.bucket[: limit + 1] = -1
    start = p.path[v, 0]
    p.pool[0, 0], p.pool[0, 1], p.pool[0, 2] = start, -1, -1
    p.pool[0, 3] = 1 if p.aim[v] < 0 or arrived(p, roads, v, start) else 0
    p.bucket[0] = 0
    cost = 0
    while True:
        while cost <= limit and p.bucket[cost] < 0:
            cost += 1
        if cost > limit:
            return -1
        at = p.bucket[cost]
        p.bucket[cost] = p.pool[at, 2]
        s, t, past = p.pool[at, 0], p.pool[at, 3] >> 1, p.pool[at, 3] & 1
        if p.seen[past, t, s] == mark:
            continue
        p.seen[past, t, s] = mark
        k.places += 1
        if t == k.window:
            k.found = cost
            return int(at)
        first = roads.arc_start[s]
        arcs = roads.arc_start[s + 1] - first
        turn = draw(p, arcs)
        for j in range(arcs):
            a = first + (j + turn) % arcs
            to = roads.arc_to[a]
            if p.seen[past, t + 1, to] == mark:
                continue
            higher = cost
            if not past:
                higher += max(0, roads.arc_cost[a] - nearer(p, v, s, to))
            if higher > limit:
                continue
            toll = _toll(p, roads, v, s, to, t)
            if toll < 0 or higher + toll > limit or used >= POOL:
                continue
            higher += toll
            p.pool[used, 0], p.pool[used, 1], p.pool[used, 2] = to, at, p.bucket[higher]
            p.pool[used, 3] = 2 * (t + 1) + (1 if past or arrived(p, roads, v, to) else 0)
            p.bucket[higher] = used
            used += 1


@inner
def _stay_on(p: Plans, roads: Roads, v: int, t: int) -> None:
    """After step t, v stays where it is, as far as its state lets it."""
    for i in range(t, p.path.shape[1] - 1):
        p.path[v, i + 1] = roads.arc_to[roads.arc_start[p.path[v, i] + 1] - 1]


@inner
def _who_stays(p: Plans, roads: Roads, stays: NDArray[np.bool_], todo: NDArray[np.int64]) -> None:
    """Whoever would come where somebody stays must stay too, and so on."""
    count = 0
    for v in range(len(p.path)):
        if stays[v] and p.path[v, 0] >= 0:
            todo[count] = v
            count += 1
    while count > 0:
        count -= 1
        s = p.path[todo[count], 0]
        for which in range(2):
            n = roads.other[s] if which else roads.node[s]
            if n < 0:
                continue
            u = p.held[1, n]
            if u >= 0 and not stays[u]:
                stays[u] = True
                todo[count] = u
                count += 1


@inner
def _clashes(p: Plans, roads: Roads, v: int) -> bool:
    """Whether the path of v, which is not entered, crosses one that is."""
    for t in range(p.k[0].window):
        for which in range(3):
            u = crossed(p, roads, p.path[v, t], p.path[v, t + 1], t, which)
            if u >= 0 and u != v:
                return True
    return False


@entry
def drive(p: Plans, roads: Roads, stays: NDArray[np.bool_], todo: NDArray[np.int64]) -> None:
    """One step is driven: each path loses its first state, and stays at its end.

    Args:
        stays: (v,) vehicles that do not move in this step, whatever they should; those who cannot move because of
            them are added.
        todo: (v,) scratch.
    """
    _who_stays(p, roads, stays, todo)
    window, longest, late = p.k[0].window, p.path.shape[1] - 1, False
    for v in range(len(p.path)):
        if p.path[v, 0] < 0:
            continue
        if stays[v]:
            for t in range(window):
                late = late or p.path[v, t + 1] != p.path[v, 0]
            for t in range(longest):
                p.path[v, t + 1] = p.path[v, 0]
            continue
        if p.goal[v] >= 0:
            p.to_go[v] -= nearer(p, v, p.path[v, 0], p.path[v, 1])
        for t in range(window):
            p.path[v, t] = p.path[v, t + 1]
        _stay_on(p, roads, v, window - 1)
    while True:
        p.held[:] = -1
        for v in range(len(p.path)):
            if stays[v]:
                take_path(p, roads, v, longest)
        again = False
        for v in range(len(p.path)):
            if stays[v] or p.path[v, 0] < 0:
                continue
            if late and _clashes(p, roads, v):
                _stay_on(p, roads, v, 0)
                stays[v] = again = True
            take_path(p, roads, v, longest)
        if not again:
            return


@entry
def how_far(p: Plans, roads: Roads, v: int) -> int:
    """What the cheapest way of v to its goal costs, found by walking it."""
    s, cost = p.path[v, 0], 0
    while not arrived(p, roads, v, s):
        for a in range(roads.arc_start[s], roads.arc_start[s + 1]):
            to = roads.arc_to[a]
            if to != s and nearer(p, v, s, to) == roads.arc_cost[a]:
                cost += roads.arc_cost[a]
                s = to
                break
        else:
            return -1
    return cost


@entry
def stand(p: Plans, roads: Roads) -> None:
    """All paths anew: everybody stays, as far as its state lets it."""
    p.held[:] = -1
    for v in range(len(p.path)):
        if p.path[v, 0] < 0:
            continue
        _stay_on(p, roads, v, 0)
        take_path(p, roads, v, p.path.shape[1] - 1)
