"""What must hold within `plant.toml`: figures in their range, and names that mean something."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

import msgspec

from heliograph.plant.model import (
    Battery,
    Carriers,
    Downtime,
    Electrical,
    Energy,
    Equipment,
    FlowRules,
    Handoff,
    Plant,
    Step,
    Stocker,
    Takt,
    Vehicles,
    Wafer,
)
from heliograph.plant.parse import doubles, tables
from heliograph.plant.process import MOST_LINES, process_mistakes

__all__ = ["plant_mistakes", "plant_warnings"]

_ABOVE_ZERO: dict[type[msgspec.Struct], str] = {
    Wafer: "side_mm thickness_um mass_g area_cm2 power_w efficiency_pct",
    Takt: "lane_s lanes_per_line",
    Downtime: "every_h minutes",
    Equipment: "batch units",
    Stocker: "slots",
    Carriers: "count baskets slots_per_basket mass_kg",
    Battery: "capacity_kwh charge_kw full_pct knee_pct cutoff_pct efficiency_pct",
    Vehicles: "speed_empty_m_s speed_loaded_m_s acceleration_m_s2 turn_deg_s length_m width_m",
    Handoff: "timeout_s",
    FlowRules: "wip_lots_per_line",
    Plant: "lines",
}
_NOT_NEGATIVE: dict[type[msgspec.Struct], str] = {
    Wafer: "silver_mg water_t_per_mwp",
    Takt: "capacity_gw_per_year",
    Step: "max_wait_min",
    Electrical: "machine_pct unit_pct drift_pct_per_day",
    Equipment: "process_s rate_per_h takt_s arrival_s buffer_in buffer_out load_s unload_s max_collect_min "
    "mtbf_h mttr_h kwh_per_wafer idle_kw",
    Battery: "drive_empty_w drive_loaded_w idle_w low_pct fade_pct_per_1000_cycles cycles",
    Vehicles: "count",
    Handoff: "dock_min_s dock_max_s request_s transfer_s complete_s",
    Energy: "kwh_per_mwp grid_kgco2_per_kwh",
    FlowRules: "warmup_h",
}
_PERCENT: dict[type[msgspec.Struct], str] = {
    Wafer: "efficiency_pct",
    Step: "loss_pct downgraded_pct",
    Battery: "low_pct full_pct knee_pct cutoff_pct efficiency_pct",
    Electrical: "machine_pct unit_pct",
}
_SHARE: dict[type[msgspec.Struct], str] = {Energy: "facility_share"}
_RANGES: list[tuple[dict[type[msgspec.Struct], str], str, Callable[[float], bool]]] = [
    (_ABOVE_ZERO, "> 0", lambda value: value > 0),
    (_NOT_NEGATIVE, ">= 0", lambda value: value >= 0),
    (_PERCENT, "0 to 100", lambda value: 0 <= value <= 100),
    (_SHARE, "0 to 1", lambda value: 0 <= value <= 1),
]


def plant_mistakes(plant: Plant) -> list[str]:
    """Every mistake in a plant of right form, each with its path."""
    return [
        *_ranges(plant),
        *_names(plant),
        *_relations(plant),
        *process_mistakes(plant),
        *_stores(plant),
    ]


def plant_warnings(plant: Plant) -> list[str]:
    """What is odd, but can be run."""
    warnings = []
    on_route = set(plant.route)
    used = {machine.equipment for machine in plant.machines}
    for index, step in enumerate(plant.steps):
        if step.code not in on_route:
            warnings.append(f"$.steps[{index}].code: {step.code!r} is not on the route")
    lot = plant.wafers_per_carrier
    for index, equipment in enumerate(plant.equipment):
        if equipment.code not in used:
            warnings.append(f"$.equipment[{index}].code: no machine is of type {equipment.code!r}")
        if equipment.mode in ("tube", "bench") and 0 < equipment.buffer_in < equipment.batch + lot:
            warnings.append(
                f"$.equipment[{index}].buffer_in: {equipment.buffer_in} is less than a batch and a lot "
                f"({equipment.batch} + {lot}); the machine waits more than it must"
            )
    return warnings


def _ranges(plant: Plant) -> Iterator[str]:
    """Figures out of their range; names in `est` that mark nothing."""
    for path, table in tables(plant):
        kind = type(table)
        for rules, expected, holds in _RANGES:
            for key in rules.get(kind, "").split():
                value = getattr(table, key)
                if value is not None and not holds(value):
                    yield f"{path}.{key}: expected {expected}, got {value}"
        for index, key in enumerate(getattr(table, "est", [])):
            if key not in kind.__struct_fields__ or key == "est":
                yield f"{path}.est[{index}]: expected a key of this table, got {key!r}"


def _names(plant: Plant) -> Iterator[str]:
    """Ids that are empty, or given twice."""
    groups: dict[str, list[tuple[str, str]]] = {
        "step": [(f"$.steps[{index}].code", step.code) for index, step in enumerate(plant.steps)],
        "equipment": [(f"$.equipment[{index}].code", kind.code) for index, kind in enumerate(plant.equipment)],
        "machine or stocker": [
            *((f"$.machines[{index}].id", machine.id) for index, machine in enumerate(plant.machines)),
            *((f"$.stockers[{index}].id", stocker.id) for index, stocker in enumerate(plant.stockers)),
        ],
    }
    for what, pairs in groups.items():
        yield from doubles(what, pairs)
        for path, name in pairs:
            if not name:
                yield f"{path}: expected a name, got nothing"
    if not re.fullmatch(r"[A-Z]{2,4}", plant.site):
        yield f"$.site: expected two to four capital letters, got {plant.site!r}"
    if not re.fullmatch(r"[A-Za-z0-9_-]+", plant.name):
        yield f"$.name: expected letters, digits, - and _, got {plant.name!r}"
    ports = [
        *(
            (f"$.machines[{m}].in_ports[{p}]", port)
            for m, x in enumerate(plant.machines)
            for p, port in enumerate(x.in_ports)
        ),
        *(
            (f"$.machines[{m}].out_ports[{p}]", port)
            for m, x in enumerate(plant.machines)
            for p, port in enumerate(x.out_ports)
        ),
        *(
            (f"$.stockers[{s}].ports[{p}]", port)
            for s, x in enumerate(plant.stockers)
            for p, port in enumerate(x.ports)
        ),
        *((f"$.vehicles.parking[{p}]", port) for p, port in enumerate(plant.vehicles.parking)),
        *((f"$.vehicles.charging[{p}]", port) for p, port in enumerate(plant.vehicles.charging)),
    ]
    yield from doubles("station", ports)


def _relations(plant: Plant) -> Iterator[str]:
    """Figures that contradict each other, and times of day."""
    battery, handoff = plant.vehicles.battery, plant.handoff
    if battery.low_pct >= battery.full_pct:
        yield f"$.vehicles.battery.low_pct: expected less than full_pct ({battery.full_pct:g}), got {battery.low_pct:g}"
    if battery.fade_pct_per_1000_cycles * battery.cycles >= 100_000:
        most = 100_000 / battery.fade_pct_per_1000_cycles
        yield f"$.vehicles.battery.cycles: expected less than {most:g} (nothing is left there), got {battery.cycles:g}"
    if handoff.dock_min_s > handoff.dock_max_s:
        yield f"$.handoff.dock_min_s: expected at most dock_max_s ({handoff.dock_max_s:g}), got {handoff.dock_min_s:g}"
    if plant.calendar.start.tzinfo is None:
        yield f"$.calendar.start: expected a time with its offset from UTC (+08:00), got {plant.calendar.start}"
    if not plant.calendar.shifts:
        yield "$.calendar.shifts: expected at least one start of a shift, got none"
    before = ""
    for index, shift in enumerate(plant.calendar.shifts):
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", shift):
            yield f'$.calendar.shifts[{index}]: expected a time of day "HH:MM", got {shift!r}'
        elif shift <= before:
            yield f"$.calendar.shifts[{index}]: expected later than {before!r}, got {shift!r}"
        before = shift
    if plant.lines > MOST_LINES:
        yield f"$.lines: expected at most {MOST_LINES}, got {plant.lines}"


def _stores(plant: Plant) -> Iterator[str]:
    """Stockers that cannot hold the carriers; too few places for the vehicles."""
    for index, stocker in enumerate(plant.stockers):
        if not 1 <= stocker.line <= plant.lines:
            yield f"$.stockers[{index}].line: expected 1 to {plant.lines}, got {stocker.line}"
        if not stocker.ports:
            yield f"$.stockers[{index}].ports: expected at least one port, got none"
    yield from _shares(plant)
    if plant.transport != "vehicles":
        return
    slots = sum(stocker.slots for stocker in plant.stockers)
    if slots < plant.carriers.count:
        yield (
            f"$.stockers: {slots} slots for {plant.carriers.count} carriers; expected at least as many slots, "
            f"or full stockers and full ports stop each other for good"
        )
    elif plant.stockers:
        share = -(-plant.carriers.count // len(plant.stockers))
        for index, stocker in enumerate(plant.stockers):
            if 0 < stocker.slots < share:
                yield (
                    f"$.stockers[{index}].slots: expected >= {share} (its share of {plant.carriers.count} carriers), "
                    f"got {stocker.slots}"
                )
    places = len(plant.vehicles.parking) + len(plant.vehicles.charging)
    if plant.vehicles.count < 1:
        yield f"$.vehicles.count: expected > 0, got {plant.vehicles.count}"
    if plant.vehicles.count > places:
        yield f"$.vehicles.count: expected at most {places} (parking and charging places), got {plant.vehicles.count}"
    if not plant.vehicles.charging:
        yield "$.vehicles.charging: expected at least one charging place, got none"


def _shares(plant: Plant) -> Iterator[str]:
    """Lines without a stocker or with several; fewer carriers on a line than machines that each hold one ready."""
    if not 1 <= plant.lines <= MOST_LINES:
        return
    stockers = Counter(stocker.line for stocker in plant.stockers)
    for line in range(1, plant.lines + 1):
        if not stockers[line]:
            yield f"$.stockers: line {line} has none; expected one for each line"
        elif stockers[line] > 1:
            yield f"$.stockers: line {line} has {stockers[line]}; expected one for each line, with as many ports"
    holders = Counter(machine.line for machine in plant.machines if machine.out_ports)
    most = max(holders.values(), default=0)
    if 0 < plant.carriers.count < most * plant.lines:
        yield (
            f"$.carriers.count: expected >= {most * plant.lines} ({plant.lines} x {most} machines of a line, each with "
            f"an empty carrier ready), got {plant.carriers.count}; with fewer a line stands still for good"
        )
