"""Nodes and edges closed and opened, vehicles broken, taken out and put back: what the traffic does in that moment.

Closing is done in the table of driving times: an edge that may not be entered takes no vehicle, as one that was never
allowed, and every rule of the traffic reads that table already. The rows of times to the places are made anew when they
are next asked for; then everybody who cannot go on as it wanted plans again.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.routes import FAR_MS, row_for
from heliograph.fleet.state import become, behind, left, too_near
from heliograph.fleet.timers import ARRIVE, FREED, REST, push
from heliograph.fleet.traffic import leave_road, replan, set_order, stop
from heliograph.fleet.world import AWAY, DRIVING, DROP, HALTED, HANDOFF, IDLE, NONE, OUT, World

__all__ = ["BROKEN", "BROUGHT", "CALLED_OFF", "HALT", "LOST", "PUT_BACK", "RESUME", "SEND", "STALL", "TAKE_OUT"]
__all__ += ["act", "bar", "blocker", "free_for", "horizon"]

BROKEN: Final = 1
LOST: Final = 2

HALT: Final = 0
"""It stands still where it is; value: `BROKEN` or `LOST`."""
RESUME: Final = 1
"""It goes on from there."""
TAKE_OUT: Final = 2
PUT_BACK: Final = 3
"""value: the node."""
CALLED_OFF: Final = 4
"""Its order is withdrawn."""
SEND: Final = 5
"""Its carrier goes to another station; value: its node."""
STALL: Final = 6
"""It moves on later; value: by how many ms."""
BROUGHT: Final = 7
"""People have taken its carrier off, while it is away."""


@inner
def _bar(w: World) -> None:
    """The table of driving times says again which edges may be entered; rows made from the old one are forgotten."""
    for edge in range(len(w.edges)):
        e = w.edges[edge]
        tail, head = w.nodes[e.tail], w.nodes[e.head]
        out_of_it = tail.shut > 0 and not head.closed
        barred = e.shut > 0 or head.blocked > 0 or (head.shut > 0 and not out_of_it)
        for gear in range(len(w.drive_ms)):
            ms = abs(w.drive_ms[gear, edge])
            w.drive_ms[gear, edge] = -ms if barred else ms
    w.row_of[:] = -1
    w.row_key[:] = -1
    w.clock[0].row_hand = 0


@entry
def bar(w: World) -> None:
    """Make what `nodes` and `edges` say of closures and foreign traffic true."""
    _bar(w)
    replan(w, w.clock[0].now_ms)


@inner
def _block(w: World, v: int, by: int) -> None:
    """What a halted vehicle holds is not to be driven into, or no longer."""
    x = w.vehicles[v]
    w.nodes[x.node].blocked += by
    if x.next >= 0:
        w.nodes[x.next].blocked += by


@inner
def _halt(w: World, v: int, why: int, now_ms: int) -> None:
    """It stands still and takes no order; a hand-off that has begun is finished first."""
    x = w.vehicles[v]
    x.down = why
    if x.mode == HANDOFF:
        return
    stop(w, v, now_ms)
    x.order, x.goal = OUT, -1
    x.due_ms -= now_ms
    become(w, v, HALTED, now_ms)
    _block(w, v, 1)


@inner
def _resume(w: World, v: int, now_ms: int) -> None:
    """It goes on: to the end of the edge that it was on, or from where it stands."""
    x = w.vehicles[v]
    x.down = 0
    if x.mode == HANDOFF:
        return
    _block(w, v, -1)
    x.order, x.stood = NONE, 1
    if x.next >= 0:
        become(w, v, DRIVING, now_ms)
        x.due_ms += now_ms
        push(w, x.due_ms, ARRIVE, v)
    else:
        become(w, v, IDLE, now_ms)
        push(w, now_ms, REST, v)


@inner
def _visited(w: World, v: int, node: int, claimed_ms: int, arrived_ms: int, now_ms: int) -> None:
    visit = w.visits[w.clock[0].visits]
    visit.vehicle, visit.node = v, node
    visit.claimed_ms, visit.arrived_ms, visit.left_ms = claimed_ms, arrived_ms, now_ms
    w.clock[0].visits += 1


@inner
def _leave(w: World, v: int, node: int, now_ms: int) -> None:
    if w.nodes[node].claim == v:
        w.nodes[node].claim = -1
        push(w, now_ms, FREED, node)
    left(w, node, now_ms)


@inner
def _take_out(w: World, v: int, now_ms: int) -> None:
    """Off the floor: what it held is free from now on. Taken from an edge it is towed to the end of that edge first."""
    x = w.vehicles[v]
    if x.mode == HANDOFF:
        become(w, v, IDLE, now_ms)
    if x.mode != HALTED:
        _halt(w, v, BROKEN, now_ms)
    _block(w, v, -1)
    _bar(w)
    _visited(w, v, x.node, x.claimed_ms, x.arrived_ms, now_ms)
    if x.on_road:
        leave_road(w, v, now_ms)
    become(w, v, AWAY, now_ms)
    here, there = x.node, x.next
    x.next, x.along, x.down = -1, -1, 0
    _leave(w, v, here, now_ms)
    if there >= 0:
        _visited(w, v, there, x.next_claimed_ms, now_ms, now_ms)
        x.node = x.target = there
        _leave(w, v, there, now_ms)


@inner
def _put_back(w: World, v: int, node: int, now_ms: int) -> None:
    x = w.vehicles[v]
    for edge in range(len(w.edges)):
        if w.edges[edge].head == node:
            x.via = edge
    x.node = x.target = node
    x.claimed_ms = x.arrived_ms = now_ms
    x.stood, x.order, x.stall_until_ms = 1, NONE, now_ms
    w.nodes[node].holder = v
    if w.nodes[node].closed:
        w.nodes[node].claim = v
    else:
        x.on_road = 1
        w.clock[0].on_road += 1
    become(w, v, IDLE, now_ms)
    push(w, now_ms, REST, v)


@inner
def _call_off(w: World, v: int, now_ms: int) -> None:
    """No order any more: free at once, or at the node that it drives to."""
    x = w.vehicles[v]
    stop(w, v, now_ms)
    x.order, x.goal = NONE, -1
    if x.next < 0:
        x.stood = 1
        become(w, v, IDLE, now_ms)
        push(w, now_ms, REST, v)


@inner
def _stall(w: World, v: int, ms: int, now_ms: int) -> None:
    x = w.vehicles[v]
    x.stall_until_ms = max(x.stall_until_ms, now_ms) + ms
    if x.mode == DRIVING:
        x.epoch += 1
        x.due_ms += ms
        push(w, x.due_ms, ARRIVE, v)


@entry
def act(w: World, action: int, v: int, value: int) -> None:
    """Do one of the actions above to a vehicle, now. Room for two visits and the timers must be there."""
    now_ms = w.clock[0].now_ms
    if action == HALT:
        _halt(w, v, value, now_ms)
    elif action == RESUME:
        _resume(w, v, now_ms)
    elif action == TAKE_OUT:
        _take_out(w, v, now_ms)
    elif action == PUT_BACK:
        _put_back(w, v, value, now_ms)
    elif action == STALL:
        _stall(w, v, value, now_ms)
    elif action == BROUGHT:
        w.vehicles[v].loaded, w.vehicles[v].gear = 0, 2 * w.vehicles[v].kind
    else:
        _call_off(w, v, now_ms)
    if action in (HALT, RESUME):
        _bar(w)
    if action in (HALT, RESUME, TAKE_OUT):
        replan(w, now_ms)
    if action == SEND:
        set_order(w, v, DROP, value, now_ms)


@entry
def blocker(w: World, v: int) -> int:
    """Whom a vehicle that is held waits for; -1: nobody."""
    return int(behind(w, v))


@entry
def free_for(w: World, v: int, node: int) -> bool:
    """Whether a vehicle that is away can be put on a node: nobody has it, claims it, or is too near."""
    n = w.nodes[node]
    if n.holder >= 0 or n.claim >= 0 or n.shut > 0 or n.blocked > 0:
        return False
    for edge in range(len(w.edges)):  # noqa: SIM110 (kernels know no `all`)
        if w.edges[edge].head == node and too_near(w, v, edge) >= 0:
            return False
    return True


@entry
def horizon(w: World, v: int) -> NDArray[np.int64]:
    """The nodes from where v stands, or what it drives to, by the quickest way to its target; empty: no way."""
    x = w.vehicles[v]
    at, via = x.node, x.via
    if x.next >= 0:
        at, via = x.next, x.along
    nodes = np.empty(len(w.nodes), np.int64)
    count = 0
    row = w.to_go_ms[row_for(w, x.gear, x.target)]
    while at != x.target and count < len(nodes):
        best, best_ms = -1, FAR_MS
        for i in range(w.edges[via].after_from, w.edges[via].after_to):
            edge = w.turns[i, 0]
            drive, head = w.drive_ms[x.gear, edge], w.edges[edge].head
            if drive <= 0 or row[edge] >= FAR_MS or (w.nodes[head].closed and head != x.target):
                continue
            ms = w.turns[i, 1 + x.kind] + drive + row[edge]
            if ms < best_ms:
                best, best_ms = edge, ms
        if best < 0:
            return nodes[:0]
        at, via = w.edges[best].head, best
        nodes[count] = at
        count += 1
    return nodes[:count]
