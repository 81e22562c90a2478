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

__all__ = ["charging_ms", "gained_mwms", "neediest", "share"]


@inner
def share(w: World, v: int) -> float:
    """How full it is, of its own capacity."""
    return float(w.vehicles[v].charge_mwms / w.batteries[w.vehicles[v].kind].capacity_mwms)


@inner
def _tail_mwms(w: World, kind: int) -> int:
    """The charge at which the power has died away to the cut-off."""
    b = w.batteries[kind]
    return int(b.capacity_mwms - (b.capacity_mwms - b.knee_mwms) * (b.cutoff_mw / b.charge_mw))


@inner
def gained_mwms(w: World, kind: int, charge_mwms: int, ms: int) -> int:
    """What a charger adds to a charge of a type's battery in a time."""
    b = w.batteries[kind]
    capacity, knee, power = b.capacity_mwms, b.knee_mwms, b.charge_mw
    at, left = charge_mwms, float(ms)
    if at < knee:
        until = (knee - at) / power
        if left <= until:
            return int(power * ms)
        at, left = knee, left - until
    tail = _tail_mwms(w, kind)
    if at < tail:
        tau = (capacity - knee) / power
        until = tau * math.log((capacity - at) / (capacity - tail))
        if left <= until:
            return int(capacity - (capacity - at) * math.exp(-left / tau)) - charge_mwms
        at, left = tail, left - until
    return int(min(float(capacity), at + b.cutoff_mw * left)) - charge_mwms


@inner
def charging_ms(w: World, v: int) -> int:
    """How long it takes to charge a vehicle, rounded up; 0 where it is full."""
    kind = w.vehicles[v].kind
    b = w.batteries[kind]
    capacity, knee, power, full_mwms = b.capacity_mwms, b.knee_mwms, b.charge_mw, b.full_mwms
    at, ms = w.vehicles[v].charge_mwms, 0.0
    if at >= full_mwms or power == 0:
        return 0
    if at < knee:
        ms += (min(knee, full_mwms) - at) / power
        at = knee
    tail = _tail_mwms(w, kind)
    if at < min(tail, full_mwms):
        tau = (capacity - knee) / power
        ms += tau * math.log((capacity - at) / (capacity - min(tail, full_mwms)))
    if full_mwms > max(at, tail):
        ms += (full_mwms - max(at, tail)) / b.cutoff_mw
    return int(ms) + 1


@inner
def neediest(w: World, place: int) -> int:
    """Of those that wait for any charger and have a way to this one, the emptiest; -1: nobody."""
    best, v = -1, w.nodes[len(w.nodes) - 1].first_claiming
    while v >= 0:
        if (best < 0 or share(w, v) < share(w, best)) and cost_ms(w, v, place) < FAR_MS:
            best = v
        v = w.vehicles[v].next_claiming
    return int(best)
