"""Deadlock: finding a ring of vehicles that wait for each other, and opening it.

Every vehicle that waits on the road waits for exactly one node, and every node has one holder. So a deadlock is a ring
in this chain, and it can only close at the moment when a vehicle begins to wait: that is when we follow the chain.

A ring is opened as in priority inheritance with backtracking (PIBT), in its form without common time steps: the oldest
order of the ring has the right of way; a search from the node that it wants, through nodes whose vehicles wait, finds
the nearest hole: a free node, a node that its vehicle is leaving, or a free place beside the road. The vehicles on the
way to the hole shift by one, last one first, each at the head of the queue of its next node, and then find their own
way again. The right of way stays until the order is fulfilled, so that the oldest
order always comes through, and every order is the oldest some day.

Source: Okumura et al., Priority Inheritance with Backtracking for Iterative Multi-agent Path Finding (2019, 2022);
Okumura et al., Time-Independent Planning for Multiple Moving Agents (2021).
"""

from __future__ import annotations

from typing import Final

from heliograph.fleet.compiled import inner
from heliograph.fleet.routes import FAR_MS
from heliograph.fleet.state import behind, grant, is_open, join_waiting, leave_waiting, too_near
from heliograph.fleet.timers import LOOK, push
from heliograph.fleet.world import DRIVING, HELD, World

__all__ = ["close", "open_ring", "waiters_ahead"]

LOOK_AGAIN_MS: Final = 490
PATIENT_LOOKS: Final = 6
TIRED_RINGS: Final = 16
TANGLED_RINGS: Final = 24
"""Who has met so many is led to its target (see `tangles`)."""
NO_HOLE: Final = -1
NOT_NOW: Final = -2


@inner
def waiters_ahead(w: World, node: int) -> int:
    """How many vehicles in a row wait, from this node on."""
    count, v = 0, w.nodes[node].holder
    while v >= 0 and w.vehicles[v].mode == HELD and count < len(w.vehicles):
        count += 1
        v = behind(w, v)
    return count


@inner
def close(w: World, v: int) -> bool:
    """Whether the chain from v leads back to v."""
    u = behind(w, v)
    for _ in range(len(w.vehicles)):
        if u == v:
            return True
        if u < 0 or w.vehicles[u].mode != HELD:
            return False
        u = behind(w, u)
    return False


@inner
def _may_shift_into(w: World, v: int, node: int) -> bool:
    """Whether a free node can take v: the road, or a place that nobody has claimed or waits for."""
    n = w.nodes[node]
    if n.holder >= 0 or n.reserved:
        return False
    return bool(not n.closed or (n.claim < 0 and n.first_claiming < 0))


@inner
def _is_leaving(w: World, node: int) -> bool:
    """Whether a held road node will be free in any case, and nobody shifts into it yet."""
    n = w.nodes[node]
    x = w.vehicles[n.holder]
    taken = n.first_waiting >= 0 and w.vehicles[n.first_waiting].pushed
    return bool(x.mode == DRIVING and x.node == node and not n.closed and not n.reserved and not taken)


@inner
def _older(w: World, a: int, b: int) -> bool:
    """Whether a's order is older than b's."""
    x, y = w.vehicles[a].born_ms, w.vehicles[b].born_ms
    return bool(x < y or (x == y and a < b))


@inner
def _due_to_an_older(w: World, node: int, elder: int, v: int) -> bool:
    """Whether somebody other than v waits for this node who goes before `elder`."""
    u = w.nodes[node].first_waiting
    while u >= 0:
        if u != v and _older(w, u, elder):
            return True
        u = w.vehicles[u].next_waiting
    return False


@inner
def _in_the_way(w: World, node: int, elder: int, any_age: bool) -> int:
    """Whether who holds a node can be shifted for `elder`: 1 yes; 0 no; -1 not now, it moves, or is older."""
    u = w.nodes[node].holder
    x = w.vehicles[u]
    if w.nodes[node].closed:
        return 0
    if x.mode != HELD:
        return -1 if x.mode == DRIVING else 0
    if x.led:
        return -1
    return 1 if any_age or _older(w, elder, u) else -1


@inner
def _find_hole(w: World, v: int, start: int, elder: int, any_age: bool) -> int:
    """The nearest hole to which the waiting vehicles from `start` on can shift without v's own node.

    v acts for the order of `elder`: only younger ones are shifted, unless `any_age`, and into no node that is due to an
    older one. The way is left in the nodes' `parent` and
    `parent_edge`. `NO_HOLE`: there is none; `NOT_NOW`: there may be one when others have stopped or had their turn.
    """
    clock, nodes = w.clock[0], w.nodes
    answer = NO_HOLE
    if nodes[start].holder < 0:
        return int(start) if _may_shift_into(w, v, start) else NO_HOLE
    if not any_age and _due_to_an_older(w, start, elder, v):
        return NOT_NOW
    first_one = _in_the_way(w, start, elder, any_age)
    if first_one < 1:
        return NOT_NOW if first_one < 0 else NO_HOLE
    clock.search += 1
    search = clock.search
    nodes[start].seen = search
    nodes[w.vehicles[v].node].seen = search
    w.scratch[0] = start
    first, last = 0, 1
    while first < last:
        node = w.scratch[first]
        first += 1
        holder = w.vehicles[nodes[node].holder]
        for i in range(w.edges[holder.via].after_from, w.edges[holder.via].after_to):
            edge = w.turns[i, 0]
            there = w.edges[edge].head
            if (
                w.drive_ms[holder.gear, edge] <= 0
                or nodes[there].seen == search
                or w.turns[i, 1 + holder.kind] >= FAR_MS
            ):
                continue
            free = nodes[there].holder < 0
            if free:
                if not _may_shift_into(w, nodes[node].holder, there) or too_near(w, nodes[node].holder, edge) >= 0:
                    continue
            elif _is_leaving(w, there):
                free = True
            else:
                other = _in_the_way(w, there, elder, any_age)
                if other < 1:
                    if other < 0:
                        answer = NOT_NOW
                    continue
            if not any_age and _due_to_an_older(w, there, elder, v):
                answer = NOT_NOW
                continue
            nodes[there].seen, nodes[there].parent, nodes[there].parent_edge = search, node, edge
            if free:
                return int(there)
            w.scratch[last] = there
            last += 1
    return answer


@inner
def _go_or_queue(w: World, v: int, edge: int, now_ms: int) -> None:
    """Onto the end of the edge if it is free, else to the head of its queue."""
    n = w.nodes[w.edges[edge].head]
    if n.holder < 0 and n.closed:
        n.claim = v
    if is_open(w, v, edge):
        grant(w, v, edge, now_ms)
    else:
        join_waiting(w, v, edge, True)


@inner
def _shift(w: World, v: int, edge: int, start: int, hole: int, now_ms: int) -> None:
    """Shift the vehicles between `start` and the hole by one, and let v go next along its edge."""
    node = hole
    while node != start:
        by, node = w.nodes[node].parent_edge, w.nodes[node].parent
        pushed = w.nodes[node].holder
        leave_waiting(w, pushed)
        _go_or_queue(w, pushed, by, now_ms)
    leave_waiting(w, v)
    _go_or_queue(w, v, edge, now_ms)


@inner
def _next_older(w: World, v: int, after: int) -> int:
    """Of the ring that v is in, the oldest order that is younger than that of `after`; -1: none. `after` -1: oldest."""
    oldest, u = -1, v
    for _ in range(len(w.vehicles)):
        if (after < 0 or _older(w, after, u)) and (oldest < 0 or _older(w, u, oldest)):
            oldest = u
        u = behind(w, u)
        if u == v:
            break
    return int(oldest)


@inner
def _hold_up(w: World, v: int, edge: int) -> int:
    """The node that must be free before v can drive along an edge: its end, or that of who is too near."""
    head = w.edges[edge].head
    if w.nodes[head].holder >= 0:
        return int(head)
    u = too_near(w, v, edge)
    return int(head) if u < 0 else int(w.vehicles[u].node)


@inner
def _push_on(w: World, v: int, elder: int, any_age: bool, now_ms: int) -> int:
    """Let v go on to the node that it wants by shifting who is in the way. The hole, or why there is none."""
    x = w.vehicles[v]
    start = _hold_up(w, v, x.along)
    hole = _find_hole(w, v, start, elder, any_age)
    if hole >= 0:
        _shift(w, v, x.along, start, hole, now_ms)
    return int(hole)


@inner
def _step_aside(w: World, v: int, off_road: bool, now_ms: int) -> bool:
    """Let v go into a place or elsewhere on the road; who waits for its node in the ring passes before all others."""
    x = w.vehicles[v]
    follower = v
    while behind(w, follower) != v:
        follower = behind(w, follower)
    for i in range(w.edges[x.via].after_from, w.edges[x.via].after_to):
        edge = w.turns[i, 0]
        place = w.nodes[w.edges[edge].head].closed != 0
        can = w.drive_ms[x.gear, edge] > 0 and w.turns[i, 1 + x.kind] < FAR_MS
        if edge != x.along and can and place == off_road:
            start = _hold_up(w, v, edge)
            hole = _find_hole(w, v, start, v, True)
            if hole >= 0:
                along = w.vehicles[follower].along
                leave_waiting(w, follower)
                join_waiting(w, follower, along, True)
                _shift(w, v, edge, start, hole, now_ms)
                return True
    return False


@inner
def _held_up(w: World, v: int) -> tuple[int, int]:
    """The oldest order that waits in or behind the ring of v, and who acts for it at the ring."""
    w.clock[0].rings += 1
    ring, elder, u = w.clock[0].rings, v, v
    while w.vehicles[u].ring != ring:
        w.vehicles[u].ring = ring
        elder = u if _older(w, u, elder) else elder
        u = behind(w, u)
    heir = elder
    for u in range(len(w.vehicles)):
        if w.vehicles[u].mode != HELD or w.vehicles[u].ring == ring or not _older(w, u, elder):
            continue
        last, at = u, behind(w, u)
        for _ in range(len(w.vehicles)):
            if at < 0 or w.vehicles[at].mode != HELD or w.vehicles[at].ring == ring:
                break
            last, at = at, behind(w, at)
        if at >= 0 and w.vehicles[at].mode == HELD and w.vehicles[at].ring == ring:
            elder, heir = u, last
    return elder, heir


@inner
def _draw(w: World) -> int:
    """A number that looks random, another one for each ring."""
    return int(w.clock[0].rings * 2_654_435_761 % 4_294_967_296 >> 16)


@inner
def _drawn(w: World, v: int) -> int:
    """Somebody of the ring of v, another one each time."""
    length, u = 1, behind(w, v)
    while u != v:
        length += 1
        u = behind(w, u)
    for _ in range(_draw(w) % length):
        u = behind(w, u)
    return int(u)


@inner
def open_ring(w: World, v: int, now_ms: int) -> None:
    """Open the ring that v closes, if it closes one.

    The oldest order that the ring holds up, inside it or behind it, goes on if orders younger than it can shift; else
    the next one of the ring. Where a way is blocked by vehicles
    on the move, or by older orders, it looks again soon. Only after some looks are older orders shifted, or does
    somebody step aside; done at once, two rings side by side could make way for each other for ever. Who begins then is
    drawn (the same in every run), and so it is now and then for an order that has been through many rings: where the
    floor has a pocket with one way in and out, no fixed order helps.
    """
    if not close(w, v):
        return
    clock, x = w.clock[0], w.vehicles[v]
    clock.cycles += 1
    elder, heir = _held_up(w, v)
    w.vehicles[elder].rings += 1
    if w.vehicles[elder].rings > TANGLED_RINGS and clock.leading == 0:
        clock.tangled = elder
    tired = w.vehicles[elder].rings > TIRED_RINGS and _draw(w) % 2 == 0
    wait = False
    if not tired:
        hole = _push_on(w, heir, elder, False, now_ms)
        u = _next_older(w, v, -1)
        while hole < 0 and u >= 0:
            wait = wait or hole == NOT_NOW
            hole = _push_on(w, u, u, False, now_ms)
            u = _next_older(w, v, u)
        if hole >= 0:
            return
        wait = wait or hole == NOT_NOW
    x.looks += 1
    if tired or not wait or x.looks > PATIENT_LOOKS:
        u = _drawn(w, v)
        first = u
        while True:
            if _push_on(w, u, u, True, now_ms) >= 0:
                return
            if _step_aside(w, u, True, now_ms) or _step_aside(w, u, False, now_ms):
                return
            u = behind(w, u)
            if u == first:
                break
        clock.cycles_stuck += 1
    push(w, now_ms + LOOK_AGAIN_MS, LOOK, v)
