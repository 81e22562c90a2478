"""The judge of batteries: a part of `check.py`, and like it without a line of the planner's.

Between two readings a battery rises only if its vehicle stood on a charger all the while, and no faster than the
charger can; it falls no faster than its most powerful use can empty it. Readings are rounded to a thousandth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.check import NEVER, Violation
from heliograph.plant.model import Battery, Vehicles
from heliograph.plant.roadmap import Roadmap
from heliograph.units import HOUR_MS

__all__ = ["check_batteries"]

_Ints = NDArray[np.int64]

_ROUNDING: Final = 1.001
"""Thousandths by which a difference of two rounded readings may be off, and a little for the arithmetic."""


def check_batteries(
    roadmap: Roadmap, vehicles: Vehicles, tracks: Mapping[str, Any], readings: Mapping[str, Any]
) -> list[Violation]:
    """Everything that is wrong with the batteries' readings.

    Args:
        tracks: as for `check_tracks`.
        readings: columns vehicle, at_ms, permille.
    """
    vehicle, at_ms, permille = (np.asarray(readings[name], np.int64) for name in ("vehicle", "at_ms", "permille"))
    order = np.lexsort((at_ms, vehicle))
    vehicle, at_ms, permille = vehicle[order], at_ms[order], permille[order]
    wrong = [
        Violation("battery", int(at_ms[i]), int(vehicle[i]), f"its battery is {permille[i]} ‰ full")
        for i in np.flatnonzero((permille < 0) | (permille > 1000)).tolist()
    ]
    pairs = np.flatnonzero(vehicle[1:] == vehicle[:-1])
    since, until = at_ms[pairs], at_ms[pairs + 1]
    rise, ms = permille[pairs + 1] - permille[pairs], until - since
    most_up, most_down = _per_ms(vehicles.battery)
    stood = _on_charger(roadmap, vehicles, tracks, vehicle[pairs], since, until)
    for said, which in (
        ("rises, and it was not on a charger all the while", (rise > 0) & ~stood),
        ("rises faster than a charger can", rise > most_up * ms + _ROUNDING),
        ("falls faster than it can be used", -rise > most_down * ms + _ROUNDING),
    ):
        for i in np.flatnonzero(which).tolist():
            text = f"from {permille[pairs[i]]} ‰ at {since[i]} ms to {permille[pairs[i] + 1]} ‰ its battery {said}"
            wrong.append(Violation("battery", int(until[i]), int(vehicle[pairs[i]]), text))
    return wrong


def _per_ms(battery: Battery) -> tuple[float, float]:
    """Thousandths of the capacity a millisecond: what a charger adds, and what the most powerful use takes."""
    aged = battery.capacity_kwh * (1 - battery.fade_pct_per_1000_cycles * battery.cycles / 100_000)
    use_kw = max(battery.drive_empty_w, battery.drive_loaded_w, battery.idle_w) / 1000
    return 1000 * battery.charge_kw / aged / HOUR_MS, 1000 * use_kw / aged / HOUR_MS


def _on_charger(
    roadmap: Roadmap, vehicles: Vehicles, tracks: Mapping[str, Any], whose: _Ints, since: _Ints, until: _Ints
) -> NDArray[np.bool_]:
    """Whether a vehicle (they come in order) stood on one charger from one moment to the other."""
    nodes = {name: number for number, name in enumerate(roadmap.node_ids)} | dict(roadmap.station_node)
    vehicle, node, arrived, left = (np.asarray(tracks[name]) for name in ("vehicle", "node", "arrived_ms", "left_ms"))
    stood = np.zeros(len(whose), np.bool_)
    for stay in np.flatnonzero(np.isin(node, [nodes[name] for name in vehicles.charging]) & (arrived != NEVER)):
        first, last = np.searchsorted(whose, [vehicle[stay], vehicle[stay] + 1])
        stood[first:last] |= (since[first:last] >= arrived[stay]) & (until[first:last] <= left[stay])
    return stood
