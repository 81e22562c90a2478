"""Batteries: what a charger gives in a time, how long it takes, and who gets a free charger.

Charging is constant current, then constant voltage: full power up to the knee; above it, behind a constant inner
resistance, the current dies away as what is missing to full does, down to a cut-off power that finishes the charge.
Each of the three parts has a closed form, so that a charge may be looked at in any number of steps: the energy is the
same to the rounding of each step (a milliwatt-millisecond).

Source: the usual CC-CV model of lithium cells (open-circuit voltage linear in the charge, constant resistance).
"""

from __future__ import annotations

import math

from heliograph.fleet.compiled import inner
from heliograph.fleet.routes import FAR_MS, cost_ms
from heliograph.fleet.world import World

__all__ = ["charging_ms", "gained_mwms", "neediest"]


@inner
def _tail_mwms(w: World) -> int:
    """The charge at which the power has died away to the cut-off."""
    clock = w.clock[0]
    return int(clock.capacity_mwms - (clock.capacity_mwms - clock.knee_mwms) * (clock.cutoff_mw / clock.charge_mw))


@inner
def gained_mwms(w: World, charge_mwms: int, ms: int) -> int:
    """What a charger adds to a charge in a time."""
    clock = w.clock[0]
    capacity, knee, power = clock.capacity_mwms, clock.knee_mwms, clock.charge_mw
    at, left = charge_mwms, float(ms)
    if at < knee:
        until = (knee - at) / power
        if left <= until:
            return int(power * ms)
        at, left = knee, left - until
    tail = _tail_mwms(w)
    if at < tail:
        tau = (capacity - knee) / power
        until = tau * math.log((capacity - at) / (capacity - tail))
        if left <= until:
            return int(capacity - (capacity - at) * math.exp(-left / tau)) - charge_mwms
        at, left = tail, left - until
    return int(min(float(capacity), at + clock.cutoff_mw * left)) - charge_mwms


@inner
def charging_ms(w: World, charge_mwms: int, full_mwms: int) -> int:
    """How long charging takes, rounded up; 0 where there is as much already."""
    clock = w.clock[0]
    capacity, knee, power = clock.capacity_mwms, clock.knee_mwms, clock.charge_mw
    at, ms = charge_mwms, 0.0
    if at >= full_mwms or power == 0:
        return 0
    if at < knee:
        ms += (min(knee, full_mwms) - at) / power
        at = knee
    tail = _tail_mwms(w)
    if at < min(tail, full_mwms):
        tau = (capacity - knee) / power
        ms += tau * math.log((capacity - at) / (capacity - min(tail, full_mwms)))
    if full_mwms > max(at, tail):
        ms += (full_mwms - max(at, tail)) / clock.cutoff_mw
    return int(ms) + 1


@inner
def neediest(w: World, place: int) -> int:
    """Of those that wait for any charger and have a way to this one, the one with the least charge; -1: nobody."""
    best, v = -1, w.nodes[len(w.nodes) - 1].first_claiming
    while v >= 0:
        if (best < 0 or w.vehicles[v].charge_mwms < w.vehicles[best].charge_mwms) and cost_ms(w, v, place) < FAR_MS:
            best = v
        v = w.vehicles[v].next_claiming
    return int(best)
