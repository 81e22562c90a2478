"""The way to a place: for every edge, how long from its end to the place, turning included.

One row of times per place and gear (type of vehicle, empty or loaded), made when it is first needed by Dijkstra's
algorithm on the edges, backwards from the place; on the edges and not on the nodes, because what a turn costs depends
on where one comes from. Rows are kept in a table of bounded size; the oldest give way, and are simply made again when
they are asked for. So are all of them after something was closed or opened.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from heliograph.fleet.compiled import inner
from heliograph.fleet.world import DRIVING, World

__all__ = ["FAR_MS", "cost_by_row_ms", "cost_ms", "row_for"]

FAR_MS: Final = 2_000_000_000
"""No way."""


@inner
def _sift_up(heap: np.ndarray, key: np.ndarray, i: int, edge: int, cost: int) -> None:
    while i > 0:
        above = (i - 1) >> 1
        if key[above] <= cost:
            break
        key[i], heap[i] = key[above], heap[above]
        i = above
    key[i], heap[i] = cost, edge


@inner
def _sift_down(heap: np.ndarray, key: np.ndarray, size: int) -> None:
    """Move the last entry (at `size`) into the hole at the top."""
    edge, cost = heap[size], key[size]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and key[child + 1] < key[child]:
            child += 1
        if key[child] >= cost:
            break
        key[i], heap[i] = key[child], heap[child]
        i = child
    key[i], heap[i] = cost, edge


@inner
def _make_row(w: World, row: int, gear: int, target: int) -> None:
    """Fill a row: Dijkstra from the target backwards; nobody passes through a closed place."""
    to_go, drive, turn = w.to_go_ms[row], w.drive_ms[gear], 1 + gear // 2
    to_go[:] = FAR_MS
    half = len(w.scratch) // 2
    heap, key = w.scratch[:half], w.scratch[half:]
    size = 0
    for edge in range(len(w.edges)):
        if w.edges[edge].head == target and drive[edge] > 0:
            to_go[edge] = 0
            _sift_up(heap, key, size, edge, 0)
            size += 1
    while size > 0:
        edge, cost = heap[0], key[0]
        size -= 1
        _sift_down(heap, key, size)
        if cost > to_go[edge]:
            continue
        tail = w.edges[edge].tail
        if w.nodes[tail].closed:
            continue
        cost += drive[edge]
        for i in range(w.edges[edge].before_from, w.edges[edge].before_to):
            before = w.turns[i, 0]
            longer = cost + w.turns[i, turn]
            if drive[before] > 0 and longer < to_go[before]:
                to_go[before] = longer
                _sift_up(heap, key, size, before, longer)
                size += 1


@inner
def row_for(w: World, gear: int, target: int) -> int:
    """The row of `to_go_ms` for this target, made if it is not there."""
    row = w.row_of[gear, target]
    if row >= 0:
        return int(row)
    clock = w.clock[0]
    row = clock.row_hand
    clock.row_hand = (row + 1) % len(w.row_key)
    clock.rows_made += 1
    old = w.row_key[row]
    if old >= 0:
        w.row_of[old % len(w.row_of), old // len(w.row_of)] = -1
    w.row_key[row] = len(w.row_of) * target + gear
    w.row_of[gear, target] = row
    _make_row(w, row, gear, target)
    return int(row)


@inner
def cost_ms(w: World, v: int, target: int) -> int:
    """How long vehicle v, loaded as it is, would take from its node, or the one it drives to; FAR_MS: no way."""
    return int(cost_by_row_ms(w, v, target, row_for(w, w.vehicles[v].gear, target)))


@inner
def cost_by_row_ms(w: World, v: int, target: int, row_number: int) -> int:
    """The same, where the row is known."""
    x = w.vehicles[v]
    at, via = x.node, x.via
    if x.mode == DRIVING:
        at, via = x.next, x.along
    if at == target:
        return 0
    row, best = w.to_go_ms[row_number], FAR_MS
    for i in range(w.edges[via].after_from, w.edges[via].after_to):
        edge = w.turns[i, 0]
        drive = w.drive_ms[x.gear, edge]
        if drive > 0 and row[edge] < FAR_MS:
            best = min(best, w.turns[i, 1 + x.kind] + drive + row[edge])
    return int(best)
