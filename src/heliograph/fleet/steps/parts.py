"""The search that finds a way on where no hole can come to the node ahead without passing the vehicle.

A state is where the vehicle is and how many holes each part has, strongly connected without the vehicle. From a state
the vehicle goes to a neighbour, for which one hole of its part (or of one from where holes can come) is used up; the
others of that part are shared, in any way, among the parts that it falls into. Or a hole passes from part to part, one
way. Whoever knows the parts can make the moves: within a part a hole goes anywhere.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.steps.ground import EMPTY, FAR, SHUT, Floor, Ground, shift

__all__ = ["FOUND", "LIMIT", "NONE", "way_on"]

FOUND: Final = 0
NONE: Final = 1
"""There is no way, whatever the others do."""
LIMIT: Final = 2
"""None was found within the limits of work."""

WIDTHS: Final = (24, 96, 384, 1536, 6144)
"""Neighbourhoods of so many nodes are searched, one after the other."""
ROOM: Final = 1 << 24
"""Bytes for the states of one search."""
MOST: Final = 50_000
"""States of one search."""
SPLITS: Final = 64
"""So many ways to share holes among parts are tried in full, an eighth of it where that proves nothing; of more, the
telling ones."""

_Ints = NDArray[np.int64]


class _Ball(NamedTuple):
    """A neighbourhood of m nodes with numbers of its own."""

    at: _Ints
    """(m,) the node of the lattice."""
    out_start: _Ints
    out_to: _Ints
    part: NDArray[np.int16]
    """(m, m) row u: the strongly connected part of each node when u is taken out."""
    parts: _Ints
    """(m,) number of parts without u; -1: not worked out."""
    whole: bool
    """There are no other nodes."""
    scratch: _Ints
    """(9, m)"""


class _Tree(NamedTuple):
    """The states of a search: where the vehicle is, and which nodes are taken."""

    u: _Ints
    taken: NDArray[np.uint8]
    """(s, m) the holes of each part stand on its first nodes, so that like is like."""
    parent: _Ints
    depth: _Ints
    slot: _Ints
    """Hash table of states, open addressing."""
    key: NDArray[np.uint64]
    heap: _Ints
    """(s, 2) cost and state."""
    sizes: _Ints
    """(3,) states, heap, 1 if something was left out."""


@entry
def _around(g: Ground, on: _Ints, u: int, width: int) -> tuple[_Ints, _Ints, _Ints, bool]:
    """The nearest `width` nodes about u, u first, with their ways; whether that is all there is."""
    n = len(on)
    number = np.full(n, -1, np.int64)
    at = np.empty(min(width, n), np.int64)
    at[0], number[u] = u, 0
    first, last, whole = 0, 1, True
    while first < last:
        a = at[first]
        first += 1
        for side in range(2):
            start, to = (g.out_start, g.out_to) if side == 0 else (g.in_start, g.in_to)
            for i in range(start[a], start[a + 1]):
                b = to[i]
                if number[b] >= 0 or on[b] == SHUT:
                    continue
                if last == len(at):
                    whole = False
                    continue
                at[last], number[b] = b, last
                last += 1
    at = at[:last].copy()
    out_start = np.zeros(last + 1, np.int64)
    out_to = np.empty(len(g.out_to), np.int64)
    count = 0
    for i in range(last):
        for k in range(g.out_start[at[i]], g.out_start[at[i] + 1]):
            if number[g.out_to[k]] >= 0:
                out_to[count] = number[g.out_to[k]]
                count += 1
        out_start[i + 1] = count
    return at, out_start, out_to[:count].copy(), whole


@inner
def _part(b: _Ball, u: int) -> None:
    """Work out the strongly connected parts without u (Tarjan 1972, without recursion)."""
    if b.parts[u] >= 0:
        return
    index, low, next_arc = b.scratch[0], b.scratch[1], b.scratch[2]
    path, stack, row = b.scratch[3], b.scratch[4], b.part[u]
    index[:] = -1
    row[:] = -1
    count, parts, on_stack = 0, 0, 0
    for root in range(len(b.at)):
        if root == u or index[root] >= 0:
            continue
        path[0], depth = root, 1
        index[root] = low[root] = count
        next_arc[root] = b.out_start[root]
        count += 1
        stack[on_stack] = root
        on_stack += 1
        while depth > 0:
            a = path[depth - 1]
            if next_arc[a] < b.out_start[a + 1]:
                to = b.out_to[next_arc[a]]
                next_arc[a] += 1
                if to == u:
                    continue
                if index[to] < 0:
                    index[to] = low[to] = count
                    next_arc[to] = b.out_start[to]
                    count += 1
                    stack[on_stack] = path[depth] = to
                    on_stack += 1
                    depth += 1
                elif row[to] < 0:
                    low[a] = min(low[a], index[to])
                continue
            depth -= 1
            if depth > 0:
                low[path[depth - 1]] = min(low[path[depth - 1]], low[a])
            if low[a] == index[a]:
                while True:
                    on_stack -= 1
                    row[stack[on_stack]] = parts
                    if stack[on_stack] == a:
                        break
                parts += 1
    b.parts[u] = parts


@inner
def _push(t: _Tree, cost: int, state: int) -> None:
    i = t.sizes[1]
    t.sizes[1] += 1
    while i > 0:
        up = (i - 1) // 2
        if t.heap[up, 0] < cost or (t.heap[up, 0] == cost and t.heap[up, 1] < state):
            break
        t.heap[i, 0], t.heap[i, 1] = t.heap[up, 0], t.heap[up, 1]
        i = up
    t.heap[i, 0], t.heap[i, 1] = cost, state


@inner
def _pop(t: _Tree) -> int:
    state = t.heap[0, 1]
    t.sizes[1] -= 1
    size = t.sizes[1]
    cost, last = t.heap[size, 0], t.heap[size, 1]
    i = 0
    while True:
        down = 2 * i + 1
        if down >= size:
            break
        if down + 1 < size and (
            t.heap[down + 1, 0] < t.heap[down, 0]
            or (t.heap[down + 1, 0] == t.heap[down, 0] and t.heap[down + 1, 1] < t.heap[down, 1])
        ):
            down += 1
        if t.heap[down, 0] > cost or (t.heap[down, 0] == cost and t.heap[down, 1] > last):
            break
        t.heap[i, 0], t.heap[i, 1] = t.heap[down, 0], t.heap[down, 1]
        i = down
    t.heap[i, 0], t.heap[i, 1] = cost, last
    return int(state)


@inner
def _add(t: _Tree, b: _Ball, far: _Ints, u: int, holes: _Ints, parent: int) -> None:
    """Add the state with so many holes in each part without u, if it is new. `holes` is used up."""
    i = t.sizes[0]
    if i >= len(t.u):
        t.sizes[2] = 1
        return
    row, part = t.taken[i], b.part[u]
    key = np.uint64(u + 1) * np.uint64(0x9E3779B97F4A7C15)
    for x in range(len(b.at)):
        taken = 1
        if x == u:
            taken = 0
        elif holes[part[x]] > 0:
            holes[part[x]] -= 1
            taken = 0
        row[x] = taken
        if taken:
            z = np.uint64(x + 1) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(29))) * np.uint64(0x94D049BB133111EB)
            key ^= z ^ (z >> np.uint64(32))
    at = np.int64(key >> np.uint64(8)) % len(t.slot)
    while t.slot[at] >= 0:
        if t.key[t.slot[at]] == key and t.u[t.slot[at]] == u:
            return
        at = (at + 1) % len(t.slot)
    t.slot[at], t.key[i], t.u[i], t.parent[i] = i, key, u, parent
    t.depth[i] = 0 if parent < 0 else t.depth[parent] + 1
    t.sizes[0] += 1
    _push(t, t.depth[i] + min(far[b.at[u]], FAR), i)


@inner
def _count_holes(b: _Ball, taken: NDArray[np.uint8], u: int, holes: _Ints) -> None:
    holes[:] = 0
    for x in range(len(b.at)):
        if x != u and taken[x] == 0:
            holes[b.part[u, x]] += 1


@inner
def _copy(a: _Ints, b: _Ints) -> None:
    for i in range(len(a)):
        b[i] = a[i]


@inner
def _few_ways(size: _Ints, k: int, r: int, most: int) -> bool:
    """Whether r holes can be shared among k parts of these sizes in at most about `most` ways."""
    ways = 1
    for i in range(k - 1):
        ways *= min(size[i], r) + 1
        if ways > most:
            return False
    return True


@inner
def _split(
    t: _Tree, b: _Ball, far: _Ints, w: int, parent: int, base: _Ints, ids: _Ints, size: _Ints, k: int, r: int
) -> None:
    """Add the states in which r holes are shared among the k parts `ids` with room for `size`, on top of `base`."""
    share, holes = b.scratch[6], b.scratch[7]
    if k <= 1:
        _copy(base, holes)
        if k == 1:
            holes[ids[0]] += r
        _add(t, b, far, w, holes, parent)
        return
    if _few_ways(size, k, r, SPLITS if b.whole else SPLITS // 8):
        share[:k] = 0
        while True:
            left = r
            for i in range(k - 1):
                left -= share[i]
            if 0 <= left <= size[k - 1]:
                _copy(base, holes)
                for i in range(k - 1):
                    holes[ids[i]] += share[i]
                holes[ids[k - 1]] += left
                _add(t, b, far, w, holes, parent)
            i = 0
            while i < k - 1 and share[i] == min(size[i], r):
                share[i] = 0
                i += 1
            if i == k - 1:
                return
            share[i] += 1
    t.sizes[2] = 1
    for i in range(k):
        for j in range(k):
            if i == j:
                continue
            few = 0
            while True:
                here = min(few, size[i], r)
                _copy(base, holes)
                holes[ids[i]] += here
                left = r - here
                for step in range(k):
                    to = (j + step) % k
                    if to != i:
                        more = min(size[to], left)
                        holes[ids[to]] += more
                        left -= more
                if left <= size[i] - here:
                    holes[ids[i]] += left
                    _add(t, b, far, w, holes, parent)
                if few >= min(size[i], r):
                    break
                few = few + 1 if few < 3 else 2 * few


@inner
def _enter(t: _Tree, b: _Ball, far: _Ints, state: int, w: int, source: int) -> None:
    """Add the states after the vehicle has gone on to w, with a hole taken from the part `source`."""
    u = t.u[state]
    ahead, part = b.part[u, w], b.part[w]
    taken = t.taken[state]
    base, ids, size = b.scratch[1], b.scratch[2], b.scratch[3]
    base[:] = 0
    base[part[u]] = 1
    r, k = 0, 0
    for x in range(len(b.at)):
        if x in (u, w):
            r += x == w and taken[x] == 0
            continue
        if b.part[u, x] != ahead:
            base[part[x]] += taken[x] == 0
            continue
        r += taken[x] == 0
        known = False
        for i in range(k):
            if ids[i] == part[x]:
                size[i] += 1
                known = True
        if not known:
            ids[k], size[k] = part[x], 1
            k += 1
    if source == ahead:
        r -= 1
    else:
        for x in range(len(b.at)):
            if x != u and b.part[u, x] == source and taken[x] == 0:
                base[part[x]] -= 1
                break
    _split(t, b, far, w, state, base, ids, size, k, r)


@inner
def _sources(t: _Tree, b: _Ball, state: int, w: int) -> int:
    """Parts other than w's own from which a hole can come to w; how many, in `scratch[8]`."""
    u, taken = t.u[state], t.taken[state]
    holes, queue, seen, sources = b.scratch[0], b.scratch[4], b.scratch[5], b.scratch[8]
    _count_holes(b, taken, u, holes)
    if holes[b.part[u, w]] > 0:
        sources[0] = b.part[u, w]
        return 1
    seen[:] = 0
    seen[u] = seen[w] = 1
    queue[0] = w
    first, last, found = 0, 1, 0
    while first < last:
        a = queue[first]
        first += 1
        for k in range(b.out_start[a], b.out_start[a + 1]):
            to = b.out_to[k]
            if seen[to] == 0:
                seen[to] = 1
                queue[last] = to
                last += 1
                if holes[b.part[u, to]] > 0:
                    sources[found] = b.part[u, to]
                    holes[b.part[u, to]] = 0
                    found += 1
    return found


@inner
def _expand(t: _Tree, b: _Ball, far: _Ints, state: int) -> None:
    """Add all states that follow: the vehicle goes to a neighbour, or a hole passes from part to part."""
    u, taken = t.u[state], t.taken[state]
    _part(b, u)
    for i in range(b.out_start[u], b.out_start[u + 1]):
        w = b.out_to[i]
        _part(b, w)
        for k in range(_sources(t, b, state, w)):
            _enter(t, b, far, state, w, b.scratch[8, k])
    holes, full = b.scratch[0], b.scratch[1]
    full[:] = 0
    for x in range(len(b.at)):
        if x != u and taken[x] == 1:
            full[b.part[u, x]] += 1
    for a in range(len(b.at)):
        for i in range(b.out_start[a], b.out_start[a + 1]):
            to = b.out_to[i]
            if u in (a, to) or b.part[u, a] == b.part[u, to] or full[b.part[u, a]] == 0:
                continue
            _count_holes(b, taken, u, holes)
            if holes[b.part[u, to]] > 0:
                holes[b.part[u, to]] -= 1
                holes[b.part[u, a]] += 1
                _add(t, b, far, u, holes, state)


@entry
def _search(f: Floor, b: _Ball, t: _Tree) -> int:
    """The state in which the vehicle is nearer to the goal than at first; -1: none was found."""
    holes = b.scratch[0]
    _part(b, 0)
    holes[:] = 0
    for x in range(1, len(b.at)):
        if f.on[b.at[x]] == EMPTY:
            holes[b.part[0, x]] += 1
    _add(t, b, f.far, 0, holes, -1)
    while t.sizes[1] > 0:
        state = _pop(t)
        if f.far[b.at[t.u[state]]] < f.far[b.at[0]]:
            return int(state)
        _expand(t, b, f.far, state)
    return -1


@inner
def _bring(f: Floor, b: _Ball, u: int, start: int, part: _Ints, surplus: _Ints, ahead: int) -> int:
    """Bring a hole to `start`, or to any taken node of part -1 - start, from a part with a surplus; that part.

    Nobody passes u. -1: there is no way, which cannot be.
    """
    queue, seen, came = b.scratch[3], b.scratch[4], b.scratch[5]
    seen[:] = 0
    seen[u] = 1
    first, last = 0, 0
    for x in range(len(b.at)):
        if x == start or (start < 0 and x not in (u, ahead) and part[x] == -1 - start and f.on[b.at[x]] != EMPTY):
            queue[last], seen[x], came[x] = x, 1, -1
            last += 1
    while first < last:
        a = queue[first]
        first += 1
        for k in range(b.out_start[a], b.out_start[a + 1]):
            x = b.out_to[k]
            if seen[x]:
                continue
            seen[x], came[x] = 1, a
            queue[last] = x
            last += 1
            if x == ahead or f.on[b.at[x]] != EMPTY or surplus[part[x]] <= 0:
                continue
            _pass_on(f, b, came, queue, x)
            return int(part[x])
    return -1


@inner
def _pass_on(f: Floor, b: _Ball, came: _Ints, way: _Ints, hole: int) -> None:
    """Bring the hole back to where the way began; holes on the way stay holes."""
    length, x = 0, hole
    while x >= 0:
        way[length] = x
        length += 1
        x = came[x]
    i = length - 1
    while i > 0:
        k = i - 1
        while f.on[b.at[way[k]]] != EMPTY:
            k -= 1
        for j in range(k + 1, i + 1):
            shift(f, b.at[way[j]], b.at[way[j - 1]])
        i = k


@inner
def _in_need(f: Floor, b: _Ball, ahead: int, w: int, part: _Ints, surplus: _Ints) -> tuple[bool, int]:
    """Whether a hole is missing, and where: the node ahead first, then -1 - a part with too few."""
    if ahead >= 0 and f.on[b.at[ahead]] != EMPTY:
        return True, ahead
    for x in range(len(b.at)):
        if x != w and surplus[part[x]] < 0:
            return True, -1 - part[x]
    return False, 0


@entry
def _realise(f: Floor, b: _Ball, t: _Tree, goal: int) -> bool:
    """Make the moves that lead to a state; False: there was no room to note them."""
    part, surplus = b.scratch[7], b.scratch[2]
    states = np.empty(t.depth[goal] + 1, np.int64)
    state = goal
    for i in range(len(states) - 1, -1, -1):
        states[i] = state
        state = t.parent[state]
    for i in range(1, len(states)):
        u, w, taken = t.u[states[i - 1]], t.u[states[i]], t.taken[states[i]]
        ahead = w if w != u else -1
        part[:] = b.part[w]
        surplus[:] = 0
        for x in range(len(b.at)):
            if x != w:
                surplus[part[x]] -= taken[x] == 0
                surplus[part[x]] += x == u or f.on[b.at[x]] == EMPTY
        while True:
            needed, start = _in_need(f, b, ahead, w, part, surplus)
            if not needed:
                break
            if f.tally[1] + len(b.at) + 1 > len(f.moves):
                return False
            source = _bring(f, b, u, start, part, surplus, ahead)
            if source < 0:
                return False
            surplus[source] -= 1
            if start < 0:
                surplus[-1 - start] += 1
        if ahead >= 0:
            shift(f, b.at[u], b.at[w])
    return True


def _ball(ground: Ground, on: _Ints, u: int, width: int) -> _Ball:
    at, out_start, out_to, whole = _around(ground, on, u, width)
    m = len(at)
    return _Ball(
        at, out_start, out_to, np.empty((m, m), np.int16), np.full(m, -1, np.int64), whole, np.zeros((9, m), np.int64)
    )


def _tree(m: int) -> _Tree:
    s = min(MOST, ROOM // m)
    return _Tree(
        u=np.empty(s, np.int64),
        taken=np.empty((s, m), np.uint8),
        parent=np.empty(s, np.int64),
        depth=np.empty(s, np.int64),
        slot=np.full(2 * s + 1, -1, np.int64),
        key=np.empty(s, np.uint64),
        heap=np.empty((s, 2), np.int64),
        sizes=np.zeros(3, np.int64),
    )


def way_on(ground: Ground, floor: Floor, u: int) -> int:
    """Move the vehicle on u to a node that is nearer to the goal, by `floor.far`, through whatever detour.

    Returns:
        `FOUND`: the moves are made; `NONE`; or `LIMIT`.
    """
    for width in WIDTHS:
        ball = _ball(ground, floor.on, u, width)
        tree = _tree(len(ball.at))
        state = _search(floor, ball, tree)
        if state >= 0:
            return FOUND if _realise(floor, ball, tree, state) else LIMIT
        if ball.whole:
            return LIMIT if tree.sizes[2] else NONE
    return LIMIT
