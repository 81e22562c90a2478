"""What a plant should make, worked out by hand arithmetic: capacities, availability, the three readings of the takt.

No simulation here: this is the pencil that the twin's results are held against. Failures come on uptime and planned
stops on the calendar, as in the twin; waiting for carriers, batches that are not full and full ports are left out, so
these figures are an upper bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heliograph.plant.model import Equipment, Plant
from heliograph.plant.roadmap import Roadmap

__all__ = [
    "FloorFigures",
    "Reading",
    "StepFigures",
    "cells_per_day",
    "downtime_share",
    "floor_figures",
    "pace_per_h",
    "readings",
    "step_figures",
]

_DAY_S = 86_400.0
_DAYS_A_YEAR = 365


@dataclass(frozen=True)
class StepFigures:
    """One step of the route, on one line."""

    code: str
    name: str
    name_zh: str
    equipment: str
    mode: str
    tools: int
    """Fewest on any line."""
    wafers_per_h: float
    """All tools of a line when nothing stops them."""
    pace_is_estimate: bool
    repair_share: float
    """Time under repair per uptime (MTTR / MTBF), of this machine alone."""
    planned_share: float
    """Share of the calendar in planned stops, of this machine or of the one that it stands connected behind."""
    available: float
    """Share of the calendar in which a wafer can be worked on; connected machines stop together."""
    effective_per_h: float
    loss_pct: float
    kwh_per_wafer: float
    est: tuple[str, ...]
    """Keys of the step and its equipment that are engineering estimates."""


@dataclass(frozen=True)
class Reading:
    """One way to read "a cell every 0.86 s"."""

    letter: str
    of: str
    """What the takt is read to be of: "workshop", "line" or "lane"."""
    cells_per_day: float
    """At 100 % uptime."""
    gw_per_year: float
    uptime_needed: float
    """For the published capacity; above 1 the reading cannot be meant."""
    moves_per_vehicle_day: float
    """Loaded moves and as many empty ones, at 100 % uptime."""


@dataclass(frozen=True)
class FloorFigures:
    """The floor in numbers."""

    nodes: int
    edges: int
    bays: int
    stations: int
    load_ports: int
    road_m: float
    width_m: float
    depth_m: float


def floor_figures(plant: Plant, roadmap: Roadmap) -> FloorFigures:
    """Nodes, ways and extent; a bay's way in and out is not road."""
    on_road = ~(roadmap.bay[roadmap.edge_from] | roadmap.bay[roadmap.edge_to])
    return FloorFigures(
        nodes=len(roadmap.node_ids),
        edges=len(roadmap.edge_from),
        bays=int(roadmap.bay.sum()),
        stations=len(roadmap.station_node),
        load_ports=sum(len(machine.in_ports) + len(machine.out_ports) for machine in plant.machines),
        road_m=float(roadmap.length_m[on_road].sum()),
        width_m=float(np.ptp(roadmap.x_m)) if len(roadmap.node_ids) else 0.0,
        depth_m=float(np.ptp(roadmap.y_m)) if len(roadmap.node_ids) else 0.0,
    )


def pace_per_h(equipment: Equipment) -> float:
    """Wafers an hour of one tool when nothing stops it; infinite for a store."""
    if equipment.rate_per_h > 0:
        return equipment.rate_per_h
    if equipment.mode == "lane":
        return equipment.units * 3600.0 / equipment.takt_s
    if equipment.mode == "tube":
        return equipment.units * equipment.batch * 3600.0 / equipment.process_s
    return float("inf")


def _pace_keys(equipment: Equipment) -> set[str]:
    """The keys that `pace_per_h` calculates with."""
    if equipment.rate_per_h > 0:
        return {"rate_per_h"}
    return {"units", "takt_s"} if equipment.mode == "lane" else {"units", "batch", "process_s"}


def downtime_share(equipment: Equipment) -> float:
    """Share of the calendar in planned stops."""
    return sum(stop.minutes / (stop.every_h * 60.0) for stop in equipment.downtime)


def step_figures(plant: Plant) -> list[StepFigures]:
    """Each step of the route, in its order."""
    kinds = {equipment.code: equipment for equipment in plant.equipment}
    steps = {step.code: step for step in plant.steps}
    host = {member: equipment for equipment in plant.equipment for member in equipment.members}
    figures = []
    for code in plant.route:
        step = steps[code]
        kind = kinds[step.equipment]
        first = host.get(kind.code, kind)
        repairs = sum(_repair_share(kinds[name]) for name in (first.code, *first.members))
        planned = downtime_share(first)
        available = (1.0 - planned) / (1.0 + repairs)
        tools = min(
            sum(machine.equipment == kind.code and machine.line == line for machine in plant.machines)
            for line in range(1, plant.lines + 1)
        )
        pace = tools * pace_per_h(kind)
        figures.append(
            StepFigures(
                code=code,
                name=step.name,
                name_zh=step.name_zh,
                equipment=kind.code,
                mode=kind.mode,
                tools=tools,
                wafers_per_h=pace,
                pace_is_estimate=bool(_pace_keys(kind) & set(kind.est)),
                repair_share=_repair_share(kind),
                planned_share=planned,
                available=available,
                effective_per_h=pace * available,
                loss_pct=step.loss_pct,
                kwh_per_wafer=kind.kwh_per_wafer,
                est=tuple(dict.fromkeys((*step.est, *kind.est))),
            )
        )
    return figures


def _repair_share(equipment: Equipment) -> float:
    return equipment.mttr_h / equipment.mtbf_h if equipment.mtbf_h > 0 else 0.0


def cells_per_day(figures: list[StepFigures], lines: int) -> tuple[float, str]:
    """Cells a day of the whole plant, and the step that holds it there.

    Each step's pace counts in wafers that enter it; what is lost from there on never becomes a cell.
    """
    least, where = float("inf"), ""
    kept = 1.0
    for step in reversed(figures):
        kept *= 1.0 - step.loss_pct / 100.0
        cells_per_h = step.effective_per_h * kept
        # Of connected machines with the same pace the first is named: the others can only follow it.
        if cells_per_h <= least * 1.002:
            least, where = min(least, cells_per_h), step.code
    return least * 24.0 * lines, where


def readings(plant: Plant) -> list[Reading]:
    """The three ways to read the takt: of the whole workshop, of each line, of each lane."""
    takt = plant.takt
    published_per_day = takt.capacity_gw_per_year * 1e9 / plant.wafer.power_w / _DAYS_A_YEAR
    transfers = _transfers(plant)
    found = []
    for letter, of, lanes in (
        ("A", "workshop", 1),
        ("B", "line", plant.lines),
        ("C", "lane", plant.lines * takt.lanes_per_line),
    ):
        per_day = _DAY_S / takt.lane_s * lanes
        moves = 2.0 * transfers * per_day / plant.wafers_per_carrier / max(plant.vehicles.count, 1)
        found.append(
            Reading(
                letter=letter,
                of=of,
                cells_per_day=per_day,
                gw_per_year=per_day * _DAYS_A_YEAR * plant.wafer.power_w / 1e9,
                uptime_needed=published_per_day / per_day,
                moves_per_vehicle_day=moves,
            )
        )
    return found


def _transfers(plant: Plant) -> int:
    """Loaded transfers of a lot: into each step that no machine hands on to, and into the cell store."""
    equipment_of = {step.code: step.equipment for step in plant.steps}
    behind = {member for equipment in plant.equipment for member in equipment.members}
    return sum(equipment_of[code] not in behind for code in plant.route) + 1
