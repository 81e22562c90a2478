"""What happens when: a binary heap of timers, ordered by time and then by the order in which they were set."""

from __future__ import annotations

from typing import Final

from heliograph.fleet.compiled import inner
from heliograph.fleet.world import World

__all__ = ["ARRIVE", "FREED", "FULL", "LOOK", "REST", "SET_OUT", "before", "pop", "push"]

ARRIVE: Final = 0
"""A vehicle reaches its next node."""
SET_OUT: Final = 1
"""A vehicle at rest has the claim of its target."""
FREED: Final = 2
"""The claim of a place is free: the next one may set out."""
REST: Final = 3
"""A vehicle without way to go thinks again: stay, park, charge."""
FULL: Final = 4
"""A battery is charged."""
LOOK: Final = 5
"""Look again whether a ring of waiting vehicles can be opened."""


@inner
def before(w: World, a: int, b: int) -> bool:
    """Whether timer a comes before timer b."""
    x, y = w.timers[a], w.timers[b]
    return bool(x.at_ms < y.at_ms or (x.at_ms == y.at_ms and x.seq < y.seq))


@inner
def push(w: World, at_ms: int, kind: int, who: int) -> None:
    """Set a timer; `who` is a vehicle, for FREED a place. It is void once the vehicle has changed its mode."""
    clock, timers = w.clock[0], w.timers
    i = clock.timers
    clock.timers += 1
    clock.seq += 1
    epoch = 0 if kind == FREED else w.vehicles[who].epoch
    seq = clock.seq
    while i > 0:
        above = (i - 1) >> 1
        if timers[above].at_ms <= at_ms:
            break
        timers[i] = timers[above]
        i = above
    timers[i].at_ms = at_ms
    timers[i].seq = seq
    timers[i].who = who
    timers[i].epoch = epoch
    timers[i].kind = kind


@inner
def pop(w: World) -> None:
    """Take the first timer off; read `timers[0]` before."""
    clock, timers = w.clock[0], w.timers
    clock.timers -= 1
    last = clock.timers
    i = 0
    while True:
        child = 2 * i + 1
        if child >= last:
            break
        if child + 1 < last and before(w, child + 1, child):
            child += 1
        if before(w, last, child):
            break
        timers[i] = timers[child]
        i = child
    timers[i] = timers[last]
