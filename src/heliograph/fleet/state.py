"""State times and batteries, and the queues at nodes: the small moves that every rule of the traffic is made of."""

from __future__ import annotations

from heliograph.fleet.battery import gained_mwms
from heliograph.fleet.bodies import gap_m
from heliograph.fleet.compiled import inner
from heliograph.fleet.timers import ARRIVE, push
from heliograph.fleet.world import AWAY, CHARGING, DRIVING, HALTED, HANDOFF, HELD, IDLE, World

__all__ = [
    "become",
    "behind",
    "gauge",
    "grant",
    "is_open",
    "join_claiming",
    "join_waiting",
    "leave_claiming",
    "leave_waiting",
    "left",
    "offer",
    "settle",
    "standing",
    "too_near",
    "turn_ms",
]


@inner
def standing(w: World, v: int) -> bool:
    """Whether it stands in a place, in order, and nothing has set it off."""
    mode = w.vehicles[v].mode
    return bool(mode != DRIVING and mode != HELD and mode < HALTED)  # noqa: PLR1714


@inner
def settle(w: World, v: int, now_ms: int) -> None:
    """Book the time since the last change, and the energy of that time."""
    x, b = w.vehicles[v], w.batteries[w.vehicles[v].kind]
    ms = now_ms - x.since_ms
    x.since_ms = now_ms
    if ms == 0:
        return
    state, power = 3, b.idle_mw
    if x.mode == DRIVING:
        state, power = (0, b.loaded_mw) if x.loaded else (1, b.empty_mw)
    elif x.mode == HANDOFF:
        state = 2
    elif x.mode == CHARGING:
        state, power = 4, 0
        gained = gained_mwms(w, x.kind, x.charge_mwms, ms)
        x.charge_mwms += gained
        x.charged_mwms += gained
    elif x.mode == IDLE:
        state = 5
    elif x.mode == HALTED:
        state = 6
    elif x.mode == AWAY:
        state, power = 6, 0
    w.state_ms[v, state] += ms
    used = min(power * ms, x.charge_mwms)
    x.charge_mwms -= used
    x.used_mwms += used


@inner
def gauge(w: World, v: int, now_ms: int) -> None:
    """Note how full its battery is; it is settled."""
    clock = w.clock[0]
    row = w.gauged[clock.gauged]
    row.vehicle, row.at_ms, row.charge_mwms = v, now_ms, w.vehicles[v].charge_mwms
    clock.gauged += 1


@inner
def become(w: World, v: int, mode: int, now_ms: int) -> None:
    """Change what a vehicle does; timers set before are void."""
    settle(w, v, now_ms)
    if (mode == CHARGING) != (w.vehicles[v].mode == CHARGING):
        gauge(w, v, now_ms)
    w.vehicles[v].mode = mode
    w.vehicles[v].epoch += 1


@inner
def turn_ms(w: World, kind: int, via: int, edge: int) -> int:
    """How long turning from one edge into the next takes."""
    for i in range(w.edges[via].after_from, w.edges[via].after_to):
        if w.turns[i, 0] == edge:
            return int(w.turns[i, 1 + kind])
    return 0


@inner
def too_near(w: World, v: int, edge: int) -> int:
    """Who is too near for v to drive along an edge to a free node; -1: nobody."""
    x, tail, head = w.vehicles[v], w.edges[edge].tail, w.edges[edge].head
    for i in range(w.edges[edge].near_from, w.edges[edge].near_to):
        u = w.nodes[w.near[i]].holder
        if u < 0 or u == v:
            continue
        other = w.vehicles[u]
        to = other.next if other.next >= 0 else other.node
        if gap_m(w.nodes, tail, head, other.node, to) < x.radius_m + other.radius_m:
            return int(u)
    return -1


@inner
def is_open(w: World, v: int, edge: int) -> bool:
    """Whether v may have the end of an edge now."""
    e = w.edges[edge]
    n, alone = w.nodes[e.head], e.near_from == e.near_to
    return bool(n.holder < 0 and (not n.reserved or w.vehicles[v].led) and (alone or too_near(w, v, edge) < 0))


@inner
def behind(w: World, v: int) -> int:
    """Whom v waits for, that wants a node: its holder, or who is too near; -1: nobody."""
    x = w.vehicles[v]
    holder = w.nodes[x.want].holder
    return int(holder) if holder >= 0 else int(too_near(w, v, x.along))


@inner
def offer(w: World, node: int, now_ms: int) -> None:
    """A node may be free: it goes to the first who waits for it and can have it."""
    v = w.nodes[node].first_waiting
    while v >= 0 and w.nodes[node].holder < 0 and not w.nodes[node].reserved:
        x = w.vehicles[v]
        after = x.next_waiting
        if w.drive_ms[x.gear, x.along] > 0 and too_near(w, v, x.along) < 0:
            along = x.along
            leave_waiting(w, v)
            grant(w, v, along, now_ms)
        v = after


@inner
def left(w: World, node: int, now_ms: int) -> None:
    """A vehicle has left a node: it is free for who waits, and so may be others near it."""
    w.nodes[node].holder = -1
    if w.nodes[node].first_waiting >= 0:
        offer(w, node, now_ms)
    for i in range(w.nodes[node].wake_from, w.nodes[node].wake_to):
        offer(w, w.near[i], now_ms)


@inner
def grant(w: World, v: int, edge: int, now_ms: int) -> None:
    """The end of the edge is free: it is the vehicle's now, and the vehicle drives to it."""
    x = w.vehicles[v]
    head = w.edges[edge].head
    w.nodes[head].holder = v
    start = x.start_loaded_ms if x.loaded else x.start_empty_ms
    ms = turn_ms(w, x.kind, x.via, edge) + w.drive_ms[x.gear, edge] * x.slow_permille // 1000 + start * x.stood
    if head == x.target:
        ms += start
    if x.stall_until_ms > now_ms:
        ms += x.stall_until_ms - now_ms
    x.stood, x.looks, x.pushed = 0, 0, 0
    x.next, x.along, x.want = head, edge, -1
    x.next_claimed_ms = now_ms
    become(w, v, DRIVING, now_ms)
    x.due_ms = now_ms + max(ms, 1)
    push(w, x.due_ms, ARRIVE, v)


@inner
def join_waiting(w: World, v: int, edge: int, first: bool) -> None:
    """Queue for the end of an edge, at the end or, where a ring is being opened, at the head."""
    x, node = w.vehicles[v], w.edges[edge].head
    x.want, x.along, x.pushed = node, edge, first
    n = w.nodes[node]
    if first:
        x.next_waiting = n.first_waiting
        n.first_waiting = v
        if n.last_waiting < 0:
            n.last_waiting = v
    else:
        x.next_waiting = -1
        if n.last_waiting < 0:
            n.first_waiting = v
        else:
            w.vehicles[n.last_waiting].next_waiting = v
        n.last_waiting = v


@inner
def leave_waiting(w: World, v: int) -> None:
    """Leave the queue of the node that it wants."""
    x = w.vehicles[v]
    n = w.nodes[x.want]
    before, at = -1, n.first_waiting
    while at != v:
        before, at = at, w.vehicles[at].next_waiting
    if before < 0:
        n.first_waiting = x.next_waiting
    else:
        w.vehicles[before].next_waiting = x.next_waiting
    if n.last_waiting == v:
        n.last_waiting = before
    x.next_waiting = -1
    x.want = -1


@inner
def join_claiming(w: World, v: int, place: int) -> None:
    """Queue for the claim of a place; `place` n: for that of any charger."""
    x, n = w.vehicles[v], w.nodes[place]
    x.queued, x.next_claiming = place, -1
    if n.last_claiming < 0:
        n.first_claiming = v
    else:
        w.vehicles[n.last_claiming].next_claiming = v
    n.last_claiming = v


@inner
def leave_claiming(w: World, v: int) -> None:
    """Leave the queue for a claim."""
    x = w.vehicles[v]
    n = w.nodes[x.queued]
    before, at = -1, n.first_claiming
    while at != v:
        before, at = at, w.vehicles[at].next_claiming
    if before < 0:
        n.first_claiming = x.next_claiming
    else:
        w.vehicles[before].next_claiming = x.next_claiming
    if n.last_claiming == v:
        n.last_claiming = before
    x.queued, x.next_claiming = -1, -1
