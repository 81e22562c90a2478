"""The traffic loop: every vehicle from node to node until a time, or until one stands at the station of its order.

The rules, which `fleet/check.py` judges from outside:

- A vehicle that drives from a to b holds both: b from the moment it is granted, a until b is reached. So no two
  vehicles ever hold one node, and none swap.
- Places (bays, parking, chargers) are entered only by who holds their claim. A vehicle sets out only with the claim
  of its target, and the claim is free again when its holder has left. Who has to wait for a claim does so in a place,
  never on the road; so whoever is on the road can leave it at its target, and the road never fills up for good.
- At most two in five as many vehicles are on the road as the road has nodes: a moving vehicle holds two, so more could
  hardly move, and rings in dead-end lanes would not open. Who would be one too many waits in its place; the oldest
  order goes first.
- On the road a vehicle takes the next node of the quickest way, or a small detour where that is held, or waits in
  the node's queue. Rings of waiting vehicles are opened (`rings.py`).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.battery import charging_ms, neediest, share
from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.rings import open_ring, waiters_ahead
from heliograph.fleet.routes import FAR_MS, cost_ms, row_for
from heliograph.fleet.state import (
    become,
    gauge,
    grant,
    is_open,
    join_claiming,
    join_waiting,
    leave_claiming,
    leave_waiting,
    left,
    offer,
    settle,
    standing,
)
from heliograph.fleet.tangles import lead_on
from heliograph.fleet.timers import ARRIVE, FREED, FULL, LOOK, REST, SET_OUT, pop, push
from heliograph.fleet.world import CHARGE, CHARGING, CLAIMING, DROP, HALTED, HANDOFF, HELD, IDLE, NONE, PARK, World

__all__ = [
    "FREE",
    "FULL_UP",
    "SPARE_GAUGED",
    "SPARE_TIMERS",
    "TANGLED",
    "advance",
    "cut_off",
    "finish",
    "gauge_all",
    "go_on_loaded",
    "lead_out",
    "leave_road",
    "replan",
    "set_order",
    "settle_all",
    "stop",
    "unreachable",
]

SPARE_GAUGED: Final = 4
"""Room to note so many batteries per vehicle must be free before an event is worked on: twice what one can need."""
SPARE_TIMERS: Final = 8
"""Room for so many timers per vehicle must be free before an event is worked on."""
DETOUR_MS: Final = 4_000
"""A detour of this much is taken for every vehicle that waits ahead."""
DETOURS: Final = 8
"""So many detours on one way; then it keeps to the way, so that nobody circles for ever."""
RETRY_MS: Final = 1_000
FULL_UP: Final = -1
FREE: Final = -2
TANGLED: Final = -3


@inner
def _step(w: World, v: int, now_ms: int) -> None:
    """Stands at a node that is not its target: take the next one, or wait for it."""
    x = w.vehicles[v]
    row = w.to_go_ms[row_for(w, x.gear, x.target)]
    best, best_ms, free, free_ms = -1, FAR_MS, -1, FAR_MS
    for i in range(w.edges[x.via].after_from, w.edges[x.via].after_to):
        edge = w.turns[i, 0]
        drive, head = w.drive_ms[x.gear, edge], w.edges[edge].head
        if drive <= 0 or row[edge] >= FAR_MS or (w.nodes[head].closed and head != x.target):
            continue
        ms = w.turns[i, 1 + x.kind] + drive + row[edge]
        if ms < best_ms:
            best, best_ms = edge, ms
        if ms < free_ms and is_open(w, v, edge):
            free, free_ms = edge, ms
    if best < 0:
        cut_off(w, v, now_ms)
        return
    if free >= 0 and free != best:
        allowed = DETOUR_MS * (1 + waiters_ahead(w, w.edges[best].head))
        if x.detours >= DETOURS or free_ms - best_ms > allowed:
            free = -1
        else:
            x.detours += 1
    if free >= 0:
        grant(w, v, free, now_ms)
        return
    if not x.stood:
        x.stood = 2
    join_waiting(w, v, best, False)
    become(w, v, HELD, now_ms)
    open_ring(w, v, now_ms)


@inner
def _head_for(w: World, v: int, place: int, now_ms: int) -> None:
    """It holds the claim of the place: go there, from rest at once, under way from the next node on."""
    x = w.vehicles[v]
    old = x.target
    x.target, x.detours = place, 0
    if old not in (place, x.node, x.next) and w.nodes[old].claim == v:
        w.nodes[old].claim = -1
        push(w, now_ms, FREED, old)
    if standing(w, v):
        push(w, now_ms, SET_OUT, v)


@inner
def _claim(w: World, v: int, place: int) -> bool:
    """Take the claim of a place if it is free, nobody has asked before, and there is a way to it."""
    n = w.nodes[place]
    nobody = n.first_claiming < 0 and (n.use != CHARGE or w.nodes[len(w.nodes) - 1].first_claiming < 0)
    if n.claim < 0 and nobody and cost_ms(w, v, place) < FAR_MS:
        n.claim = v
    return bool(n.claim == v)


@inner
def _queue_for(w: World, v: int, place: int, now_ms: int) -> None:
    """Queue for the claim of a place; where nobody has it, the queue is asked at once who can get there."""
    join_claiming(w, v, place)
    if w.nodes[place].claim < 0:
        push(w, now_ms, FREED, place)


@inner
def stop(w: World, v: int, now_ms: int) -> None:
    """Give up where it was going: it stays where it stands, or goes no further than the node it drives to."""
    x = w.vehicles[v]
    if x.led:
        w.clock[0].lead_over = 1
    if x.mode == HELD and x.want >= 0:
        leave_waiting(w, v)
    if x.queued >= 0:
        leave_claiming(w, v)
    old = x.target
    x.target = x.next if x.next >= 0 else x.node
    if old not in (x.node, x.next) and w.nodes[old].claim == v:
        w.nodes[old].claim = -1
        push(w, now_ms, FREED, old)
    if x.next < 0:
        _off_road(w, v, now_ms)


@inner
def cut_off(w: World, v: int, now_ms: int) -> None:
    """There is no way to its target: its claim goes to others, and it waits for a way, in a place if it can."""
    x = w.vehicles[v]
    stop(w, v, now_ms)
    if x.goal >= 0:
        _queue_for(w, v, x.goal, now_ms)
    if x.next < 0:
        become(w, v, CLAIMING if x.goal >= 0 else IDLE, now_ms)
        x.stood = 1
        push(w, now_ms + RETRY_MS, REST, v)


@inner
def replan(w: World, now_ms: int) -> None:
    """Something was closed or opened: whoever cannot go on as it wanted finds another way, or waits for one."""
    w.clock[0].lead_over = w.clock[0].leading > 0
    last = len(w.nodes) - 1
    for place in range(last):
        n = w.nodes[place]
        asked = n.first_claiming >= 0 or (n.use == CHARGE and w.nodes[last].first_claiming >= 0)
        if asked and n.claim < 0:
            push(w, now_ms, FREED, place)
    for v in range(len(w.vehicles)):
        x = w.vehicles[v]
        if x.mode >= HALTED or x.led or (x.next < 0 and x.node == x.target) or x.next == x.target:
            continue
        no_way = cost_ms(w, v, x.target) >= FAR_MS
        if x.mode == HELD and (no_way or w.drive_ms[x.gear, x.along] <= 0):
            leave_waiting(w, v)
            _step(w, v, now_ms)
        elif no_way:
            cut_off(w, v, now_ms)


@inner
def _wanted(w: World, v: int) -> bool:
    """Whether somebody waits for the place where v stands."""
    n = w.nodes[w.vehicles[v].node]
    if n.first_claiming >= 0 or not n.closed:
        return True
    return bool(n.use == CHARGE and not w.vehicles[v].must_charge and w.nodes[len(w.nodes) - 1].first_claiming >= 0)


@inner
def _ask_to_leave(w: World, place: int, now_ms: int) -> None:
    """Whoever rests in a place that is wanted goes; whoever waits there for a claim has a little patience."""
    v = w.nodes[place].holder
    if v >= 0 and w.vehicles[v].node == place and standing(w, v):
        mode = w.vehicles[v].mode
        if mode == CLAIMING and w.nodes[place].closed:
            push(w, now_ms + w.clock[0].patience_ms, REST, v)
        elif mode != HANDOFF:
            push(w, now_ms, REST, v)


@inner
def set_order(w: World, v: int, order: int, goal: int, now_ms: int) -> None:
    """Send v to a station: at once if its claim is free; else it queues for the claim where it is."""
    x = w.vehicles[v]
    x.order, x.goal, x.born_ms, x.rings = order, goal, now_ms, 0
    if standing(w, v):
        become(w, v, CLAIMING, now_ms)
    if _claim(w, v, goal):
        _head_for(w, v, goal, now_ms)
        return
    _queue_for(w, v, goal, now_ms)
    _ask_to_leave(w, goal, now_ms)
    if standing(w, v) and _wanted(w, v):
        _ask_to_leave(w, x.node, now_ms)


@inner
def _nearest(w: World, v: int, use: int) -> int:
    """The nearest place of a use that is free and unclaimed; -1: none."""
    best, best_ms = -1, FAR_MS
    for i in range(len(w.places)):
        place = w.places[i]
        n = w.nodes[place]
        if n.use == use and n.claim < 0 and n.holder < 0 and n.first_claiming < 0:
            ms = cost_ms(w, v, place)
            if ms < best_ms:
                best, best_ms = place, ms
    return best


@inner
def _go_to(w: World, v: int, place: int, now_ms: int) -> None:
    """Set out for a free place to rest."""
    if w.vehicles[v].order == NONE:
        w.vehicles[v].born_ms = now_ms
    w.nodes[place].claim = v
    _head_for(w, v, place, now_ms)


@inner
def _taken_over(w: World, v: int, now_ms: int) -> int:
    """For who stands on the road without a claim: the nearest free place whose claimant still stands in another; -1.

    There are as many places as vehicles, so one is always free that nobody on the road claims. The claimant asks again.
    """
    best, best_ms = -1, FAR_MS
    for i in range(len(w.places)):
        place = w.places[i]
        n = w.nodes[place]
        if n.holder >= 0 or n.claim < 0 or n.claim == v:
            continue
        x = w.vehicles[n.claim]
        if x.next < 0 and w.nodes[x.node].closed:
            ms = cost_ms(w, v, place)
            if ms < best_ms:
                best, best_ms = place, ms
    if best >= 0:
        cut_off(w, w.nodes[best].claim, now_ms)
    return int(best)


@inner
def _park(w: World, v: int, now_ms: int) -> None:
    """Make way: to the nearest free parking place, or to a charger if there is none; or try again soon."""
    place = _nearest(w, v, PARK)
    if place < 0:
        place = _nearest(w, v, CHARGE)
    if place < 0 and not w.nodes[w.vehicles[v].node].closed:
        place = _taken_over(w, v, now_ms)
    if place >= 0:
        _go_to(w, v, place, now_ms)
    else:
        push(w, now_ms + RETRY_MS, REST, v)


@inner
def _free_a_charger(w: World, now_ms: int) -> None:
    """Ask one vehicle that could do without its charger to leave it: the one with the fullest battery."""
    best, fullest = -1, 0.5
    for i in range(len(w.places)):
        place = w.places[i]
        v = w.nodes[place].claim
        if w.nodes[place].use != CHARGE or v < 0 or w.vehicles[v].node != place or not standing(w, v):
            continue
        settle(w, v, now_ms)
        x = w.vehicles[v]
        if not x.must_charge and x.mode != HANDOFF and share(w, v) > fullest:
            best, fullest = v, share(w, v)
    if best >= 0:
        push(w, now_ms, REST, best)


@inner
def _charge(w: World, v: int, now_ms: int) -> None:
    """Begin to charge where it stands."""
    become(w, v, CHARGING, now_ms)
    push(w, now_ms + charging_ms(w, v) + 1, FULL, v)


@inner
def _seek_charger(w: World, v: int, now_ms: int) -> bool:
    """The battery is low: to a free charger, or into the queue for one. Whether it has set out."""
    x, any_charger = w.vehicles[v], len(w.nodes) - 1
    if x.queued == any_charger:
        return False
    if w.nodes[any_charger].first_claiming < 0:
        place = _nearest(w, v, CHARGE)
        if place >= 0:
            _go_to(w, v, place, now_ms)
            return True
    join_claiming(w, v, any_charger)
    _free_a_charger(w, now_ms)
    return False


@inner
def _rest(w: World, v: int, now_ms: int) -> None:
    """Stands in a place and has nowhere to go: charge, make way, or stay."""
    x, battery, chargers = w.vehicles[v], w.batteries[w.vehicles[v].kind], w.clock[0].chargers
    if x.target != x.node:
        return
    if x.goal >= 0:
        if x.queued >= 0 and _wanted(w, v):
            _park(w, v, now_ms)
        return
    settle(w, v, now_ms)
    at_charger = w.nodes[x.node].use == CHARGE
    if chargers > 0:
        if x.charge_mwms < battery.low_mwms:
            x.must_charge = 1
        if x.must_charge and not at_charger and _seek_charger(w, v, now_ms):
            return
        nobody_queues = w.nodes[len(w.nodes) - 1].first_claiming < 0
        if not x.must_charge and not at_charger and x.charge_mwms < battery.top_up_mwms and nobody_queues:
            place = _nearest(w, v, CHARGE)
            if place >= 0:
                _go_to(w, v, place, now_ms)
                return
    if _wanted(w, v):
        _park(w, v, now_ms)
        return
    if at_charger and x.mode != CHARGING and (x.must_charge or x.charge_mwms < battery.top_up_mwms):
        _charge(w, v, now_ms)
    elif x.mode == IDLE and chargers > 0 and battery.idle_mw > 0 and x.queued < 0:
        spare = x.charge_mwms - (battery.top_up_mwms if at_charger else battery.low_mwms)
        push(w, now_ms + max(spare, 0) // battery.idle_mw + RETRY_MS, REST, v)


@inner
def _set_out(w: World, v: int, now_ms: int) -> None:
    """Onto the road if it has room; else wait at the gate."""
    x, clock = w.vehicles[v], w.clock[0]
    if not x.on_road and clock.on_road >= clock.road_limit:
        if not x.at_gate:
            x.at_gate = 1
            clock.at_gate += 1
        if x.mode != CLAIMING:
            become(w, v, CLAIMING, now_ms)
        return
    if not x.on_road:
        x.on_road = 1
        clock.on_road += 1
    _step(w, v, now_ms)


@inner
def _off_road(w: World, v: int, now_ms: int) -> None:
    """Stands and has nowhere to go."""
    x, clock = w.vehicles[v], w.clock[0]
    if x.at_gate:
        x.at_gate = 0
        clock.at_gate -= 1
    if x.on_road and w.nodes[x.node].closed:
        leave_road(w, v, now_ms)


@inner
def leave_road(w: World, v: int, now_ms: int) -> None:
    """It is not on the road any more: room for the oldest order at the gate."""
    clock = w.clock[0]
    w.vehicles[v].on_road = 0
    clock.on_road -= 1
    if clock.at_gate == 0:
        return
    oldest = -1
    for u in range(len(w.vehicles)):
        if w.vehicles[u].at_gate and (oldest < 0 or w.vehicles[u].born_ms < w.vehicles[oldest].born_ms):
            oldest = u
    w.vehicles[oldest].at_gate, w.vehicles[oldest].on_road = 0, 1
    clock.at_gate -= 1
    clock.on_road += 1
    push(w, now_ms, SET_OUT, oldest)


@inner
def _at_target(w: World, v: int, now_ms: int) -> None:
    """Stands in the place it set out for."""
    x, clock = w.vehicles[v], w.clock[0]
    x.stood = 1
    _off_road(w, v, now_ms)
    if x.goal == x.node:
        become(w, v, HANDOFF, now_ms)
        w.arrived[clock.arrivals] = v
        clock.arrivals += 1
        return
    if x.goal >= 0:
        become(w, v, CLAIMING, now_ms)
        if x.queued >= 0 and w.nodes[x.queued].claim < 0:
            push(w, now_ms, FREED, x.queued)
        if _wanted(w, v):
            push(w, now_ms + clock.patience_ms, REST, v)
        return
    become(w, v, IDLE, now_ms)
    _rest(w, v, now_ms)


@inner
def _arrive(w: World, v: int, now_ms: int) -> None:
    """Reaches its next node: the old one is free, for its first waiter at once."""
    x, clock = w.vehicles[v], w.clock[0]
    from_node, edge = x.node, x.along
    visit = w.visits[clock.visits]
    visit.vehicle, visit.node = v, from_node
    visit.claimed_ms, visit.arrived_ms, visit.left_ms = x.claimed_ms, x.arrived_ms, now_ms
    clock.visits += 1
    if x.loaded:
        x.loaded_mm += w.edges[edge].mm
    else:
        x.empty_mm += w.edges[edge].mm
    x.node, x.via, x.next, x.along = x.next, edge, -1, -1
    x.claimed_ms, x.arrived_ms = x.next_claimed_ms, now_ms
    n = w.nodes[from_node]
    if n.claim == v and from_node != x.target:
        n.claim = -1
        push(w, now_ms, FREED, from_node)
    left(w, from_node, now_ms)
    if x.led:
        x.stood = 2
        become(w, v, HELD, now_ms)
    elif x.node == x.target:
        _at_target(w, v, now_ms)
    else:
        if w.nodes[x.node].closed:
            x.stood = 1
        _step(w, v, now_ms)
    if clock.leading > 0:
        lead_on(w, now_ms)


@inner
def _all_out(w: World, now_ms: int) -> None:
    """Nobody is led any more: nodes are free for all, and everybody finds its own way again."""
    moves = w.way_out
    w.clock[0].leading = w.clock[0].lead_over = 0
    for i in range(len(moves)):
        edge = w.edges[moves[i, 1]]
        w.nodes[edge.tail].reserved = w.nodes[edge.head].reserved = 0
    for i in range(len(moves)):
        v = moves[i, 0]
        x = w.vehicles[v]
        if x.led:
            x.led = 0
            if x.mode == HELD and x.node == x.target:
                _at_target(w, v, now_ms)
            elif x.mode == HELD:
                _step(w, v, now_ms)
    for i in range(len(moves)):
        offer(w, w.edges[moves[i, 1]].tail, now_ms)
        offer(w, w.edges[moves[i, 1]].head, now_ms)


@entry
def lead_out(w: World) -> None:
    """Begin the way out of a tangle that stands in `way_out`."""
    clock, moves = w.clock[0], w.way_out
    clock.leading, clock.lead_over = len(moves), 0
    for i in range(len(moves)):
        v, edge = moves[i, 0], w.edges[moves[i, 1]]
        w.nodes[edge.tail].reserved = w.nodes[edge.head].reserved = 1
        x = w.vehicles[v]
        if not x.led:
            x.led = 1
            if x.mode == HELD:
                if x.want >= 0:
                    leave_waiting(w, v)
                become(w, v, HELD, clock.now_ms)
    lead_on(w, clock.now_ms)


@inner
def _take_claiming(w: World, place: int) -> int:
    """The first that waits for the claim of a place and has a way to it, taken off the queue; -1: nobody."""
    v = w.nodes[place].first_claiming
    while v >= 0 and cost_ms(w, v, place) >= FAR_MS:
        v = w.vehicles[v].next_claiming
    if v >= 0:
        leave_claiming(w, v)
    return int(v)


@inner
def _freed(w: World, place: int, now_ms: int) -> None:
    """The claim of a place is free: the next one takes it."""
    n = w.nodes[place]
    if n.claim >= 0:
        return
    v = _take_claiming(w, place)
    if v < 0 and n.use == CHARGE:
        v = neediest(w, place)
        if v >= 0:
            leave_claiming(w, v)
    if v >= 0:
        n.claim = v
        _head_for(w, v, place, now_ms)
        if n.first_claiming >= 0:
            _ask_to_leave(w, place, now_ms)


@entry
def advance(w: World, until_ms: int) -> tuple[int, int]:
    """Work off the timers to `until_ms`, or to the end of the first millisecond with an arrival.

    Returns:
        The time reached, and the number of arrivals in `arrived`; `FULL_UP`: an array is nearly full, make room and
        call again; `FREE`: a vehicle has charged while moves are pending; `TANGLED`: somebody needs a way out.
    """
    clock = w.clock[0]
    if clock.lead_over:
        _all_out(w, clock.now_ms)
    while clock.timers > 0 and w.timers[0].at_ms <= until_ms:
        timer = w.timers[0]
        if clock.arrivals > 0 and timer.at_ms > clock.now_ms:
            return int(clock.now_ms), int(clock.arrivals)
        if clock.visits >= len(w.visits) or clock.timers + SPARE_TIMERS * len(w.vehicles) + 64 > len(w.timers):
            return int(clock.now_ms), FULL_UP
        if clock.gauged + SPARE_GAUGED * len(w.vehicles) > len(w.gauged):
            return int(clock.now_ms), FULL_UP
        now_ms, kind, who, epoch = timer.at_ms, timer.kind, timer.who, timer.epoch
        pop(w)
        clock.now_ms = now_ms
        if kind == FREED:
            _freed(w, who, now_ms)
        elif w.vehicles[who].epoch == epoch:
            if kind == ARRIVE:
                _arrive(w, who, now_ms)
            elif kind == SET_OUT and w.vehicles[who].node == w.vehicles[who].target:
                _at_target(w, who, now_ms)
            elif kind == SET_OUT:
                _set_out(w, who, now_ms)
            elif kind == REST:
                _rest(w, who, now_ms)
            elif kind == FULL:
                w.vehicles[who].must_charge = 0
                become(w, who, IDLE, now_ms)
                _rest(w, who, now_ms)
                if clock.pending > 0:
                    return int(now_ms), FREE
            elif kind == LOOK:
                open_ring(w, who, now_ms)
        if clock.lead_over:
            _all_out(w, now_ms)
        if clock.tangled >= 0:
            return int(now_ms), TANGLED
    if clock.arrivals == 0:
        clock.now_ms = until_ms
    return int(clock.now_ms), int(clock.arrivals)


@entry
def go_on_loaded(w: World, v: int, target: int) -> None:
    """The carrier is on: to the target of the move."""
    settle(w, v, w.clock[0].now_ms)
    w.vehicles[v].loaded = 1
    w.vehicles[v].gear += 1
    set_order(w, v, DROP, target, w.clock[0].now_ms)


@entry
def finish(w: World, v: int) -> None:
    """The carrier is off: free; it stays while it is in nobody's way and its battery has no need."""
    x, clock = w.vehicles[v], w.clock[0]
    become(w, v, IDLE, clock.now_ms)
    gauge(w, v, clock.now_ms)
    x.loaded, x.gear, x.order, x.goal = 0, 2 * x.kind, NONE, -1
    low = clock.chargers > 0 and x.charge_mwms < w.batteries[x.kind].low_mwms
    push(w, clock.now_ms + (0 if low or _wanted(w, v) else clock.linger_ms), REST, v)


@entry
def settle_all(w: World) -> None:
    """Book state times and energy of all vehicles up to now."""
    for v in range(len(w.vehicles)):
        settle(w, v, w.clock[0].now_ms)


@entry
def gauge_all(w: World) -> None:
    """Note how full every battery is."""
    for v in range(len(w.vehicles)):
        settle(w, v, w.clock[0].now_ms)
        gauge(w, v, w.clock[0].now_ms)


@entry
def unreachable(w: World, stations: NDArray[np.int64]) -> NDArray[np.int64]:
    """(k, 3) gear, from, to: the first station cannot reach, or be reached from, these; k 0: all is well."""
    wrong = np.empty((2 * len(w.drive_ms) * len(stations), 3), np.int64)
    count = 0
    reached = np.empty(len(w.edges), np.bool_)
    if len(stations) == 0:
        return wrong[:0]
    hub = stations[0]
    for gear in range(len(w.drive_ms)):
        back = w.to_go_ms[row_for(w, gear, hub)]
        reached[:] = False
        last = 0
        for edge in range(len(w.edges)):
            if w.edges[edge].tail == hub and w.drive_ms[gear, edge] > 0:
                reached[edge] = True
                w.scratch[last] = edge
                last += 1
        first = 0
        while first < last:
            edge = w.scratch[first]
            first += 1
            if w.nodes[w.edges[edge].head].closed:
                continue
            for i in range(w.edges[edge].after_from, w.edges[edge].after_to):
                after = w.turns[i, 0]
                if not reached[after] and w.drive_ms[gear, after] > 0 and w.turns[i, 1 + gear // 2] < FAR_MS:
                    reached[after] = True
                    w.scratch[last] = after
                    last += 1
        into = np.zeros(len(w.nodes), np.bool_)
        out = np.zeros(len(w.nodes), np.bool_)
        into[hub] = out[hub] = True
        for edge in range(len(w.edges)):
            if reached[edge]:
                into[w.edges[edge].head] = True
            if w.drive_ms[gear, edge] > 0 and back[edge] < FAR_MS:
                out[w.edges[edge].tail] = True
        for station in stations:
            if not into[station]:
                wrong[count, 0], wrong[count, 1], wrong[count, 2] = gear, hub, station
                count += 1
            if not out[station]:
                wrong[count, 0], wrong[count, 1], wrong[count, 2] = gear, station, hub
                count += 1
    return wrong[:count]
