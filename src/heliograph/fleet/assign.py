"""Which vehicle takes which move.

Of all pairs of a pending move and a free vehicle the cheapest is taken, again and again. The cost of a pair is the
driving time to the source, plus what it must wait there, minus what the move's priority and its age are worth. Age
counts without limit, so no move is passed over for ever; and a vehicle that has just given its carrier away costs
nothing for a move from the same station, which is how a loaded way in becomes a loaded way out.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry, inner
from heliograph.fleet.routes import FAR_MS, cost_by_row_ms, row_for
from heliograph.fleet.traffic import set_order
from heliograph.fleet.world import CHARGING, NONE, PICKUP, World

__all__ = ["assign"]

TAKEN_MS: Final = 20_000
"""What waiting for a source that another vehicle has claimed is taken to cost."""
TURN_BACK_MS: Final = 5_000
"""What breaking off a charge is taken to cost."""


@inner
def _is_free(w: World, v: int) -> bool:
    """No order, and battery enough for one."""
    x = w.vehicles[v]
    if x.order != NONE or x.must_charge:
        return False
    return bool(w.clock[0].chargers == 0 or x.charge_mwms >= w.clock[0].low_mwms)


@entry
def assign(w: World, pending: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair pending moves with free vehicles and send these off.

    Args:
        pending: (3, at least count) source node, priority, wanted_ms.
    Returns:
        Positions in `pending`, and the vehicle of each.
    """
    now_ms = w.clock[0].now_ms
    free = np.empty(len(w.vehicles), np.int64)
    frees = 0
    for v in range(len(w.vehicles)):
        if _is_free(w, v):
            free[frees] = v
            frees += 1
    pairs = min(frees, count)
    chosen, who = np.empty(pairs, np.int64), np.empty(pairs, np.int64)
    if pairs == 0:
        return chosen, who
    cost = np.empty((count, frees), np.int64)
    for i in range(count):
        source = pending[0, i]
        worth = pending[1, i] * w.clock[0].priority_ms + now_ms - pending[2, i]
        row = row_for(w, 0, source)
        for j in range(frees):
            v = free[j]
            ms = cost_by_row_ms(w, v, source, row)
            if ms < FAR_MS:
                claim = w.nodes[source].claim
                if claim >= 0 and claim != v:
                    ms += TAKEN_MS
                mode = w.vehicles[v].mode
                if mode == CHARGING:
                    ms += TURN_BACK_MS
                ms -= worth
            cost[i, j] = ms
    done = 0
    best_of = np.empty(count, np.int64)
    for i in range(count):
        best_of[i] = np.argmin(cost[i])
    while done < pairs:
        best = -1
        for i in range(count):
            if best_of[i] >= 0 and (best < 0 or cost[i, best_of[i]] < cost[best, best_of[best]]):
                best = i
        j = best_of[best]
        if cost[best, j] >= FAR_MS:
            break
        chosen[done], who[done] = best, free[j]
        done += 1
        best_of[best] = -1
        cost[:, j] = FAR_MS
        for i in range(count):
            if best_of[i] == j:
                best_of[i] = np.argmin(cost[i])
    for i in range(done):
        set_order(w, who[i], PICKUP, pending[0, chosen[i]], now_ms)
    return chosen[:done], who[:done]
