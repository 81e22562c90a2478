"""The three ways to read "one cell every so many seconds", side by side with what the run did."""

from __future__ import annotations

import msgspec

from heliograph.plant.model import Plant

__all__ = ["Reading", "readings"]

_DAY_S = 86_400.0
_DAYS = 365.0


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of the headline pace.

    `uptime_needed` is the share of the year at that pace which gives the published capacity; above 1 it is impossible.
    `moves_per_vehicle_day` counts a loaded and an empty move for every way between two machines, all day at that pace.
    """

    name: str
    holds_for: str
    holds_for_zh: str
    paced: int
    """How many places finish a cell every `takt_s`."""
    takt_s: float
    cells_per_day: float
    gw_per_year: float
    uptime_needed: float
    moves_per_vehicle_day: float


def readings(plant: Plant) -> list[Reading]:
    """A: the whole workshop; B: each line; C: each lane."""
    lanes = plant.lines * plant.takt.lanes_per_line
    ways = (
        ("A", "the whole workshop", "整个车间", 1),
        ("B", f"each of {plant.lines} lines", f"{plant.lines} 条产线中的每一条", plant.lines),
        ("C", f"each of {lanes} lanes", f"{lanes} 条印刷道中的每一条", lanes),
    )
    return [_reading(plant, *way) for way in ways]


def _reading(plant: Plant, name: str, holds_for: str, holds_for_zh: str, paced: int) -> Reading:
    a_day = _DAY_S / plant.takt.lane_s * paced
    moves = 2.0 * _hand_overs(plant) * a_day / plant.wafers_per_carrier
    gigawatts = a_day * _DAYS * plant.wafer.power_w / 1e9
    return Reading(
        name=name,
        holds_for=holds_for,
        holds_for_zh=holds_for_zh,
        paced=paced,
        takt_s=plant.takt.lane_s,
        cells_per_day=a_day,
        gw_per_year=gigawatts,
        uptime_needed=plant.takt.capacity_gw_per_year / gigawatts,
        moves_per_vehicle_day=moves / max(plant.vehicles.count, 1),
    )


def _hand_overs(plant: Plant) -> int:
    """Loaded moves of one lot: from the wafer store over every step that vehicles serve to the cell store."""
    behind = {code for equipment in plant.equipment for code in equipment.members}
    served = {step.equipment for step in plant.steps if step.code in plant.route} - behind
    return len(served) + 1
