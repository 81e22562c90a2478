"""`heliograph plant show`: a plant at a glance, with what pencil and paper say that it can make."""

from __future__ import annotations

import math
import re
from dataclasses import asdict
from typing import Any

import click

from heliograph.cli.show import json_option, print_json, print_pairs, print_table
from heliograph.plant.figures import cells_per_day, floor_figures, readings, step_figures
from heliograph.plant.model import Equipment, Plant, Step
from heliograph.plant.parse import tables
from heliograph.plant.read import read_plant

__all__ = ["command"]


@click.command(epilog="\b\nExample:\n  heliograph plant show topcon\n  heliograph plant show my-plant --json")
@click.argument("plant")
@json_option
def command(plant: str, as_json: bool) -> None:
    """Show a PLANT (a shipped name or a directory): route, capacities and bottleneck, fleet, floor, and the three
    readings of its takt.

    Capacities are hand arithmetic, an upper bound; `heliograph run` finds out. Figures marked * are engineering
    estimates (est.).
    """
    files = read_plant(plant)
    figures = step_figures(files.plant)
    per_day, bottleneck = cells_per_day(figures, files.plant.lines)
    floor = floor_figures(files.plant, files.roadmap)
    takes = readings(files.plant)
    if as_json:
        print_json(
            {
                "directory": files.folder,
                **_head(files.plant),
                "steps": [_finite(asdict(step)) for step in figures],
                "bottleneck": bottleneck,
                "cells_per_day": per_day,
                "floor": asdict(floor),
                "readings": [asdict(reading) for reading in takes],
                "est": _estimates(files.plant),
                "sources": files.plant.sources,
            }
        )
        return
    head = _head(files.plant)
    print_pairs(((key.replace("_", " "), value) for key, value in head.items()), title=str(files.folder))
    click.echo()
    print_table(
        ["step", "", "", "tools", "wafers/h", "stops %", "effective/h", "loss %", "kWh a wafer"],
        [
            [
                step.code,
                step.name,
                step.name_zh,
                step.tools,
                _pace(step.wafers_per_h) + ("*" if step.pace_is_estimate else ""),
                f"{100 * (1 - step.available):.1f}*",
                f"{step.effective_per_h:,.0f}" + ("  ◄ bottleneck" if step.code == bottleneck else ""),
                f"{step.loss_pct:.2f}" + ("*" if "loss_pct" in step.est else ""),
                f"{step.kwh_per_wafer:.4f}" + ("*" if "kwh_per_wafer" in step.est else ""),
            ]
            for step in figures
        ],
        title="Route, per line",
        caption="* est.: engineering estimate. stops: failures and planned stops; connected machines stop together.",
    )
    print_pairs(
        [
            (
                "makes at most",
                f"{per_day:,.0f} cells/day ({_gw(per_day, files.plant):.2f} GW/yr), held by {bottleneck}",
            ),
            ("floor", f"{floor.width_m:,.0f} m x {floor.depth_m:,.0f} m, {floor.road_m:,.0f} m of one-way road"),
            ("roadmap", f"{floor.nodes:,} nodes ({floor.bays:,} bays), {floor.edges:,} edges"),
            ("stations", f"{floor.stations:,}, of which {floor.load_ports:,} load ports"),
        ]
    )
    click.echo()
    print_table(
        ["reading", "holds for", "cells/day at 100 %", "GW/yr", "uptime for capacity", "moves/vehicle·day"],
        [
            [
                reading.letter,
                "the workshop" if reading.of == "workshop" else f"each {reading.of}",
                round(reading.cells_per_day),
                round(reading.gw_per_year, 2),
                "impossible" if reading.uptime_needed > 1 else f"{reading.uptime_needed:.0%}",
                round(reading.moves_per_vehicle_day),
            ]
            for reading in takes
        ],
        title=f'"One cell every {files.plant.takt.lane_s:g} s", read three ways '
        f"(published capacity {files.plant.takt.capacity_gw_per_year:g} GW/yr)",
    )
    stops = [
        (kind.code, stop.state.replace("_", " "), stop.reason, stop.every_h, stop.minutes, stop.note)
        for kind in files.plant.equipment
        for stop in kind.downtime
    ]
    if stops:
        print_table(["equipment", "E10 state", "reason", "every h", "minutes", "note"], stops, title="Planned stops")
    print_table(
        ["est.", "of"],
        [[key, " ".join(names)] for key, names in _estimates(files.plant).items()],
        title="Engineering estimates: no published figure was found",
    )
    print_table(["sources"], [[source] for source in files.plant.sources])


def _head(plant: Plant) -> dict[str, Any]:
    fleet = plant.vehicles
    return {
        "name": plant.name,
        "title": plant.title,
        "title_zh": plant.title_zh,
        "lines": plant.lines,
        "machines": len(plant.machines),
        "vehicles": fleet.count,
        "parking_places": len(fleet.parking),
        "charging_places": len(fleet.charging),
        "carriers": plant.carriers.count,
        "wafers_per_carrier": plant.wafers_per_carrier,
        "stocker_slots": sum(stocker.slots for stocker in plant.stockers),
        "wip_lots_per_line": plant.flow.wip_lots_per_line,
        "warmup_h": plant.flow.warmup_h,
    }


def _estimates(plant: Plant) -> dict[str, list[str]]:
    """Keys marked est.: of a step or equipment, the key with the codes where it is; else the table with its keys."""
    marks: dict[str, list[str]] = {}
    for path, table in tables(plant):
        stem = re.sub(r"\[\d+\]", "", path.removeprefix("$."))
        for key in getattr(table, "est", []):
            if isinstance(table, Step | Equipment):
                marks.setdefault(f"{stem}.{key}", []).append(table.code)
            else:
                marks.setdefault(stem, []).append(key)
    return marks


def _pace(value: float) -> str:
    return "unbounded" if math.isinf(value) else f"{value:,.0f}"


def _gw(per_day: float, plant: Plant) -> float:
    return per_day * 365 * plant.wafer.power_w / 1e9


def _finite(table: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity: a pace without bound is null."""
    return {key: None if isinstance(value, float) and math.isinf(value) else value for key, value in table.items()}
