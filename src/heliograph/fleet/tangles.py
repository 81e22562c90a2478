"""Out of a tangle that no opening of rings resolves: an exact way, followed move by move.

Where roads are trees or corridors, vehicles that make way for each other one ring at a time can do so for ever. When an
order has met too many rings, `steps/clear.py` finds moves that bring its vehicle to its target, others giving way.
Those who take part are led: each move begins when its node is free and it is its turn, whatever the others do
meanwhile; the nodes they use are reserved for them. Then everybody finds its own way again, and there is one vehicle
less on the road. If somebody is stopped meanwhile, or a road closed, the way out is given up, and asked for again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import inner
from heliograph.fleet.state import grant, is_open
from heliograph.fleet.steps.clear import CLEARED, Ground, build_ground, clearing_moves
from heliograph.fleet.steps.lattice import Lattice
from heliograph.fleet.world import AWAY, DRIVING, HELD, World

__all__ = ["lead_on", "way_out"]


def _roads(world: World) -> Ground:
    """The roads by node, as far as every vehicle may drive them now."""
    n = len(world.nodes) - 1
    edges = world.edges[(world.drive_ms > 0).all(axis=0)]
    tail, head = np.concatenate([edges["tail"], np.arange(n)]), np.concatenate([edges["head"], np.arange(n)])
    order = np.lexsort((tail == head, tail))
    return build_ground(
        Lattice(
            nodes=n,
            node=np.arange(n, dtype=np.int32),
            other=np.full(n, -1, np.int32),
            arc_start=np.searchsorted(tail[order], np.arange(n + 1)).astype(np.int32),
            arc_to=head[order].astype(np.int32),
            follow=False,
            there=np.ones(n, np.bool_),
        )
    )


def way_out(world: World, v: int) -> NDArray[np.int64]:
    """(m, 5) for `World.way_out`: how vehicle v gets to its target; m 0: there is no way as things stand.

    Who stands in a place stays there; who drives is taken to have arrived.
    """
    here = np.flatnonzero(world.vehicles["mode"] != AWAY)
    x = world.vehicles[here]
    driving = x["mode"] == DRIVING
    at = np.where(driving, x["next"], x["node"])
    stays = ~driving & (x["mode"] != HELD) | driving & (at == x["target"])
    place = int(np.searchsorted(here, v))
    outcome, moves = clearing_moves(_roads(world), at, place, int(x["target"][place]), fixed=stays)
    if outcome != CLEARED:
        return np.zeros((0, 5), np.int64)
    edge_of = {(a, b): i for i, (a, b) in enumerate(world.edges[["tail", "head"]].tolist())}
    rows = np.zeros((len(moves), 5), np.int64)
    left: dict[int, int] = {}
    last: dict[int, int] = {}
    for i, (u, a, b) in enumerate(moves.tolist()):
        rows[i] = here[u], edge_of[a, b], left.get(b, -1), last.get(u, -1), 0
        left[a] = last[u] = i
    return rows


@inner
def lead_on(w: World, now_ms: int) -> None:
    """Begin all moves whose turn it is; note when all are done."""
    clock, moves = w.clock[0], w.way_out
    if clock.leading == 0 or clock.lead_over:
        return
    done = True
    for i in range(len(moves)):
        v, edge, before, own = moves[i, 0], moves[i, 1], moves[i, 2], moves[i, 3]
        x = w.vehicles[v]
        if moves[i, 4] == 1 and x.mode == HELD:
            moves[i, 4] = 2
        if moves[i, 4] == 0 and x.mode == HELD:
            n = w.nodes[w.edges[edge].head]
            ready = (before < 0 or moves[before, 4] == 2) and (own < 0 or moves[own, 4] == 2)
            if ready and is_open(w, v, edge):
                if n.closed and n.claim < 0:
                    n.claim = v
                moves[i, 4] = 1
                grant(w, v, edge, now_ms)
        done = done and moves[i, 4] == 2
    clock.lead_over = done
