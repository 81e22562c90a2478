"""Tries: how the joint plan is made better, as often as there is time.

First, in the order of right of way, each vehicle that may push and loses time takes its best path, and others give way
(see `chains`). From then on any vehicle that loses time may begin a trade, or regroup with others in its way (see
`regroup`); what comes out is kept if all together, each by its weight, lose no more than before.
"""

from __future__ import annotations

from typing import Final

from heliograph.fleet.compiled import entry
from heliograph.fleet.steps.chains import push, trade
from heliograph.fleet.steps.regroup import regroup
from heliograph.fleet.steps.rows import Roads
from heliograph.fleet.steps.window import RIGID, Plans, draw, loses

__all__ = ["begin", "improve"]

DRAWS: Final = 8
"""So often another vehicle is drawn, when one loses nothing."""
REGROUP_PCT: Final = 75
"""So many of a hundred tries regroup; the others trade."""


@entry
def begin(p: Plans, roads: Roads) -> None:
    """A new step: what the paths cost now, and nobody has had a turn."""
    k = p.k[0]
    k.chain += 1
    k.next = 0
    for v in range(len(p.path)):
        p.cost[v] = loses(p, roads, v)


@entry
def improve(p: Plans, roads: Roads, tries: int) -> int:
    """So many tries. How many made the sum of losses smaller."""
    k = p.k[0]
    count, before = len(p.path), k.helped
    for _ in range(tries):
        k.tries += 1
        while k.next < k.pushing:
            v = p.order[k.next]
            k.next += 1
            if p.fixed[v] >= k.chain or p.path[v, 0] < 0:
                continue
            if p.cost[v] > k.good:
                push(p, roads, v)
                break
            p.fixed[v] = k.chain
        else:
            v = draw(p, count)
            for _ in range(DRAWS):
                if p.cost[v] > 0:
                    break
                v = draw(p, count)
            if p.fixed[v] < RIGID and p.path[v, 0] >= 0:
                k.chain += 1
                k.turn += 1
                if draw(p, 100) < REGROUP_PCT:
                    regroup(p, roads, v)
                else:
                    trade(p, roads, v)
    return int(k.helped - before)
