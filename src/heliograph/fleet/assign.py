"""Which vehicle takes which move.

All pending moves are paired at once with all vehicles: those that are free, and those that soon will be, whose
remaining drive and hand-offs are known. The pairing costs least in empty driving and in waiting together, and is the
optimum (`matching.py`) unless the problem is too large for that. A move paired with a free vehicle is given to it; one
paired with a busy vehicle waits for it, and is paired anew with the others next time. That is how the drop of one move
becomes the pickup of the next at the same station or beside it.

What waiting costs grows with the move's priority, after its due time, and with its age without limit, so that no move
is passed over for ever: an old enough one takes the first vehicle there is.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.matching import bid, cheapest, floor_of
from heliograph.fleet.routes import FAR_MS, row_for
from heliograph.fleet.traffic import set_order
from heliograph.fleet.world import CHARGE, DRIVING, NONE, OUT, PICKUP, World

__all__ = ["Book", "assign", "open_book"]

WAIT_PERMILLE: Final = 700
"""What a second of waiting costs against a second of empty driving, for a new move without priority."""
AGE_MS: Final = 300_000
"""After each time of this length a move's waiting costs a second more per second."""
LATE_COSTS: Final = 3
"""What a second after the due time costs more than one before it."""
ROUND_MS: Final = 300_000
"""Where moves are more than vehicles, who is passed over is taken to wait this much longer."""
TAKEN_MS: Final = 20_000
"""What waiting for a source that another vehicle has claimed is taken to last."""
TURN_BACK_MS: Final = 150_000
"""What giving up a charger is taken to cost with an empty battery: the way has to be driven again."""
LATE_MS: Final = 2_000
"""A busy vehicle is taken to need this much longer than planned, and once it is late as long again as it is late."""
AHEAD_MS: Final = 180_000
"""Vehicles that are busy for longer are not looked at yet."""
NO_PAIR_MS: Final = 1_000_000_000_000
"""Cost of a pair that must not be."""
EXACT: Final = 30_000_000
"""Up to so many steps (rows by rows by columns) the optimum is sought; beyond, an auction comes near it."""
STEP_MS: Final = 1_000
"""What the auction may miss, per move."""


SOURCE: Final = 0
TARGET: Final = 1
PRIORITY: Final = 2
WANTED: Final = 3
DUE: Final = 4


class Book(NamedTuple):
    """What is known of moves, as arrays; v vehicles, n nodes."""

    pending: NDArray[np.int64]
    """(5, room) source node, target node, priority, wanted_ms, due_ms of each pending move"""
    target: NDArray[np.int64]
    """(v,) the node where the move of a vehicle ends"""
    into: NDArray[np.int64]
    """(n,) some edge that ends in each node, or -1"""
    loaded_ms: NDArray[np.int64]
    """(v,) how long its loaded drive and the hand-off after it take"""
    free_ms: NDArray[np.int64]
    """(v,) when it will have placed its carrier, as far as is known"""
    awaited: NDArray[np.bool_]
    """(v,) a pending move waits until this busy vehicle is free"""
    handoff_ms: NDArray[np.int64]
    """(1,) how long a hand-off takes, by experience"""


def open_book(vehicles: int, nodes: int, edge_to: NDArray[np.int32]) -> Book:
    """Nothing pending yet; a hand-off is taken to last a minute until one has been seen."""
    into = np.full(nodes, -1, np.int64)
    into[edge_to] = np.arange(len(edge_to))
    of_vehicle = np.zeros((3, vehicles), np.int64)
    of_vehicle[0] = -1
    awaited, handoff_ms = np.zeros(vehicles, np.bool_), np.full(1, 60_000, np.int64)
    return Book(np.zeros((5, 256), np.int64), of_vehicle[0], into, of_vehicle[1], of_vehicle[2], awaited, handoff_ms)


@inner
def _to_go_ms(w: World, via: int, row: int, gear: int, target: int) -> int:
    """How long from the end of an edge to the target of a row of times; FAR_MS: no way."""
    if w.edges[via].head == target:
        return 0
    to_go, best = w.to_go_ms[row], FAR_MS
    for i in range(w.edges[via].after_from, w.edges[via].after_to):
        edge = w.turns[i, 0]
        drive = w.drive_ms[gear, edge]
        if drive > 0 and to_go[edge] < FAR_MS:
            best = min(best, w.turns[i, 1 + gear // 2] + drive + to_go[edge])
    return int(best)


class _Takers(NamedTuple):
    """Vehicles that have the charge for a move; (v,) each, of which the first ones are set."""

    who: NDArray[np.int64]
    ready_ms: NDArray[np.int64]
    """In so many ms it is free; 0: now."""
    via: NDArray[np.int64]
    """The edge by which it came, or will have come."""
    extra_ms: NDArray[np.int64]
    """What it costs to call it away."""
    gear: NDArray[np.int64]
    """Its row of drive times without a carrier."""


@inner
def _find_takers(w: World, book: Book, takers: _Takers) -> int:
    """Fill in who may take a move; gives how many."""
    clock, count = w.clock[0], 0
    for v in range(len(w.vehicles)):
        x, battery = w.vehicles[v], w.batteries[w.vehicles[v].kind]
        if x.must_charge or x.order == OUT:
            continue
        ms = 0
        if x.order != NONE:
            ms = abs(book.free_ms[v] - clock.now_ms) + LATE_MS
            if ms > AHEAD_MS:
                continue
        if clock.chargers > 0 and x.charge_mwms - ms * battery.loaded_mw < battery.low_mwms:
            continue
        takers.who[count], takers.ready_ms[count], takers.extra_ms[count], takers.gear[count] = v, ms, 0, 2 * x.kind
        if x.order == NONE and w.nodes[x.target].use == CHARGE:
            missing = max(0, battery.full_mwms - x.charge_mwms) / (battery.full_mwms - battery.low_mwms)
            takers.extra_ms[count] = int(TURN_BACK_MS * missing)
        if x.order != NONE:
            takers.via[count] = book.into[book.target[v]]
        else:
            takers.via[count] = x.along if x.mode == DRIVING else x.via
        count += 1
    return count


@inner
def _row_of_costs(
    w: World, book: Book, i: int, takers: _Takers, cost: NDArray[np.int64], best: NDArray[np.int64]
) -> None:
    """What pending move i costs with each candidate: empty driving, and waiting by its weight.

    Of n moves each needs to know its n cheapest candidates only, since the others can take n - 1 of them at most. They
    are kept in `best`; who would come too late to be one of them even without a way to drive is not looked at, and so
    those who are free now come first.
    """
    source, priority, now_ms = book.pending[SOURCE, i], book.pending[PRIORITY, i], w.clock[0].now_ms
    age_ms = now_ms - book.pending[WANTED, i]
    weight = WAIT_PERMILLE * (1 + priority) + 1000 * age_ms // AGE_MS
    in_time_ms = max(0, book.pending[DUE, i] - now_ms)
    next_time_ms = max(0, now_ms + ROUND_MS - book.pending[DUE, i])
    worth = priority * w.clock[0].priority_ms + age_ms + LATE_COSTS * next_time_ms
    claim = w.nodes[source].claim
    found, row, gear = 0, -1, -1
    many = len(cost)
    cost[:] = NO_PAIR_MS
    for turn in range(2 * many):
        j = turn if turn < many else turn - many
        v, ready_ms, extra_ms = takers.who[j], takers.ready_ms[j], takers.extra_ms[j]
        if (ready_ms > 0) != (turn >= many):
            continue
        if found == len(best) and ready_ms * weight // 1000 - worth + extra_ms >= best[found - 1]:
            continue
        if takers.gear[j] != gear:
            gear = takers.gear[j]
            row = row_for(w, gear, source)
        drive = _to_go_ms(w, takers.via[j], row, gear, source)
        if drive >= FAR_MS:
            continue
        wait = ready_ms + drive
        if claim >= 0 and claim != v and ready_ms == 0:
            wait += TAKEN_MS
        cost[j] = drive + wait * weight // 1000 - worth + extra_ms + LATE_COSTS * max(0, wait - in_time_ms)
        if found < len(best):
            found += 1
        elif cost[j] >= best[found - 1]:
            continue
        at = found - 1
        while at > 0 and best[at - 1] > cost[j]:
            best[at] = best[at - 1]
            at -= 1
        best[at] = cost[j]


@inner
def _send(w: World, book: Book, v: int, i: int) -> None:
    """Give pending move i to a free vehicle."""
    now_ms, x = w.clock[0].now_ms, w.vehicles[v]
    source, target = book.pending[SOURCE, i], book.pending[TARGET, i]
    via = x.along if x.mode == DRIVING else x.via
    empty, full = 2 * x.kind, 2 * x.kind + 1
    loaded = _to_go_ms(w, book.into[source], row_for(w, full, target), full, target) + book.handoff_ms[0]
    fetch = _to_go_ms(w, via, row_for(w, empty, source), empty, source) + book.handoff_ms[0]
    book.target[v], book.loaded_ms[v], book.free_ms[v] = target, loaded, now_ms + fetch + loaded
    set_order(w, v, PICKUP, source, now_ms)


@entry
def assign(w: World, book: Book, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Pair the first `count` pending moves with vehicles, and send off those that are free.

    Returns:
        Positions in `pending` and the vehicle of each that was given; and a bound on how much more than the cheapest
        pairing of all this one costs, in ms: 0 where it is the optimum.
    """
    table = np.empty((5, len(w.vehicles)), np.int64)
    takers = _Takers(table[0], table[1], table[2], table[3], table[4])
    many = _find_takers(w, book, takers)
    who, ready_ms = takers.who[:many], takers.ready_ms[:many]
    chosen, taker = np.empty(min(count, many), np.int64), np.empty(min(count, many), np.int64)
    if count == 0 or many == 0 or ready_ms.min() > 0:
        book.awaited[:] = True
        return chosen[:0], taker[:0], 0
    cost, best = np.empty((count, many), np.int64), np.empty(count, np.int64)
    for i in range(count):
        _row_of_costs(w, book, i, takers, cost[i], best)
    turned = count > many
    square = np.ascontiguousarray(cost.T) if turned else cost
    n, m = square.shape
    gap = 0
    if n * n * m <= EXACT:
        column, price = cheapest(square)
    else:
        column, price = bid(square, STEP_MS, EXACT // m)
        gap = -floor_of(square, price)
        for i in range(n):
            gap += square[i, column[i]]
    given = 0
    book.awaited[:] = False
    for i in range(n):
        move, j = (column[i], i) if turned else (i, column[i])
        if ready_ms[j] == 0 and w.vehicles[who[j]].order == NONE and cost[move, j] < NO_PAIR_MS // 2:
            chosen[given], taker[given] = move, who[j]
            given += 1
        book.awaited[who[j]] = ready_ms[j] > 0
    for i in range(given):
        _send(w, book, taker[i], chosen[i])
    return chosen[:given], taker[:given], gap
