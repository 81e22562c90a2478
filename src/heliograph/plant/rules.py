"""What must hold within `plant.toml`: figures in their range, and names that mean something."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

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
from heliograph.plant.parse import tables

__all__ = ["MOST_LINES", "plant_mistakes", "plant_warnings"]

MOST_LINES = 1000

_ABOVE_ZERO: dict[type[msgspec.Struct], str] = {
    Wafer: "side_mm thickness_um mass_g area_cm2 power_w efficiency_pct",
    Takt: "lane_s lanes_per_line",
    Downtime: "every_h minutes",
    Equipment: "batch units",
    Stocker: "slots",
    Carriers: "count baskets slots_per_basket mass_kg",
    Battery: "capacity_kwh charge_kw full_pct",
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
    Battery: "drive_empty_w drive_loaded_w idle_w low_pct",
    Vehicles: "count",
    Handoff: "dock_min_s dock_max_s request_s transfer_s complete_s",
    Energy: "kwh_per_mwp grid_kgco2_per_kwh",
    FlowRules: "warmup_h",
}
_PERCENT: dict[type[msgspec.Struct], str] = {
    Wafer: "efficiency_pct",
    Step: "loss_pct downgraded_pct",
    Battery: "low_pct full_pct",
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
        *_route(plant),
        *_equipment(plant),
        *_machines(plant),
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
        if equipment.mode in ("tube", "bench"):
            for key in ("buffer_in", "buffer_out"):
                room = getattr(equipment, key)
                if 0 < room < equipment.batch + lot:
                    warnings.append(
                        f"$.equipment[{index}].{key}: {room} is less than a batch and a lot "
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


def _doubles(what: str, names: Iterable[tuple[str, str]]) -> Iterator[str]:
    """(path, name) pairs whose name was already taken by an earlier path."""
    first: dict[str, str] = {}
    for path, name in names:
        if name in first:
            yield f"{path}: {what} {name!r} is already at {first[name]}; expected each only once"
        first.setdefault(name, path)


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
        yield from _doubles(what, pairs)
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
    yield from _doubles("station", ports)


def _relations(plant: Plant) -> Iterator[str]:
    """Figures that contradict each other, and times of day."""
    battery, handoff = plant.vehicles.battery, plant.handoff
    if battery.low_pct >= battery.full_pct:
        yield f"$.vehicles.battery.low_pct: expected less than full_pct ({battery.full_pct:g}), got {battery.low_pct:g}"
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


def _route(plant: Plant) -> Iterator[str]:
    """Steps of the route that do not exist or come twice; steps whose equipment does not exist or is a store."""
    known = {step.code for step in plant.steps}
    modes = {equipment.code: equipment.mode for equipment in plant.equipment}
    if not plant.route:
        yield "$.route: expected at least one step, got none"
    for index, code in enumerate(plant.route):
        if code not in known:
            yield f"$.route[{index}]: unknown step {code!r}; expected the code of one of $.steps"
    yield from _doubles("step", ((f"$.route[{index}]", code) for index, code in enumerate(plant.route)))
    for index, step in enumerate(plant.steps):
        if step.equipment not in modes:
            yield f"$.steps[{index}].equipment: unknown equipment {step.equipment!r}; expected a code of $.equipment"
        elif modes[step.equipment] in ("source", "sink"):
            yield f"$.steps[{index}].equipment: {step.equipment!r} is a store; expected equipment that works on wafers"


def _equipment(plant: Plant) -> Iterator[str]:
    """Equipment types that cannot work: no pace, no room for a lot, stops without end, strange members."""
    codes = {equipment.code: equipment for equipment in plant.equipment}
    steps = {step.code: step for step in plant.steps}
    order = [steps[code].equipment for code in plant.route if code in steps]
    lot = plant.wafers_per_carrier
    behind = {member for equipment in plant.equipment for member in equipment.members}
    for index, equipment in enumerate(plant.equipment):
        path = f"$.equipment[{index}]"
        if equipment.mode == "lane" and equipment.takt_s == 0:
            yield f"{path}.takt_s: expected > 0 for mode 'lane', got 0"
        if equipment.mode in ("tube", "bench") and equipment.process_s == 0:
            yield f"{path}.process_s: expected > 0 for mode {equipment.mode!r}, got 0"
        if equipment.mode == "bench" and equipment.rate_per_h == 0:
            yield f"{path}.rate_per_h: expected > 0 for mode 'bench', got 0"
        if equipment.mode == "tube" and equipment.rate_per_h > 0 and equipment.process_s > 0:
            most = equipment.units * equipment.batch * 3600 / equipment.process_s
            if equipment.rate_per_h > most * 1.001:
                yield (
                    f"{path}.rate_per_h: expected at most {most:.0f} (units x batch / process_s), "
                    f"got {equipment.rate_per_h:g}"
                )
        if equipment.mtbf_h > 0 and equipment.mttr_h == 0:
            yield f"{path}.mttr_h: expected > 0 where mtbf_h is given, got 0"
        works = equipment.mode in ("tube", "bench", "lane")
        if works and equipment.code not in behind and plant.transport == "vehicles":
            needed = max(lot, equipment.batch if equipment.mode != "lane" else 1)
            for key in ("buffer_in", "buffer_out"):
                if getattr(equipment, key) < needed:
                    yield f"{path}.{key}: expected >= {needed} (a lot, and a batch), got {getattr(equipment, key)}"
        for number, stop in enumerate(equipment.downtime):
            if stop.minutes >= stop.every_h * 60 > 0:
                yield (
                    f"{path}.downtime[{number}].minutes: expected less than every_h ({stop.every_h:g} h), "
                    f"got {stop.minutes:g}"
                )
        planned = sum(stop.minutes / (stop.every_h * 60) for stop in equipment.downtime if stop.every_h > 0)
        if planned >= 1:
            yield f"{path}.downtime: expected stops that take less than all of the time, got {planned:.0%}"
        for number, member in enumerate(equipment.members):
            if member not in codes:
                yield f"{path}.members[{number}]: unknown equipment {member!r}; expected a code of $.equipment"
            elif member == equipment.code or codes[member].members:
                yield f"{path}.members[{number}]: {member!r} cannot have members of its own"
            elif codes[member].mode != "lane" or equipment.mode != "lane":
                yield (
                    f"{path}.members[{number}]: expected lanes on both sides of the connection, "
                    f"got {equipment.mode!r} and {codes[member].mode!r}"
                )
        if equipment.members and equipment.code in order:
            at = order.index(equipment.code) + 1
            if order[at : at + len(equipment.members)] != equipment.members:
                yield f"{path}.members: expected the steps that follow {equipment.code!r} on the route, in their order"


def _machines(plant: Plant) -> Iterator[str]:
    """Machines of unknown type or line, with too few or too many ports, or with the wrong members."""
    kinds = {equipment.code: equipment for equipment in plant.equipment}
    machines = {machine.id: machine for machine in plant.machines}
    host_of: dict[str, str] = {}
    for index, machine in enumerate(plant.machines):
        path = f"$.machines[{index}]"
        if not 1 <= machine.line <= plant.lines:
            yield f"{path}.line: expected 1 to {plant.lines}, got {machine.line}"
        for number, name in enumerate(machine.members):
            member = machines.get(name)
            if member is None:
                yield f"{path}.members[{number}]: unknown machine {name!r}; expected an id of $.machines"
                continue
            if name in host_of:
                yield f"{path}.members[{number}]: {name!r} is already connected behind {host_of[name]!r}"
            host_of.setdefault(name, machine.id)
            if member.line != machine.line:
                yield f"{path}.members[{number}]: {name!r} stands on line {member.line}, expected {machine.line}"
        kind = kinds.get(machine.equipment)
        if kind is None:
            yield f"{path}.equipment: unknown equipment {machine.equipment!r}; expected a code of $.equipment"
            continue
        got = [machines[name].equipment for name in machine.members if name in machines]
        if len(got) == len(machine.members) and got != kind.members:
            yield f"{path}.members: expected one machine each of {kind.members} in this order, got {got}"
    for index, machine in enumerate(plant.machines):
        kind = kinds.get(machine.equipment)
        if kind is None:
            continue
        path = f"$.machines[{index}]"
        behind = machine.id in host_of
        needs_in = not behind and kind.mode != "source"
        needs_out = not behind and kind.mode != "sink"
        why = "stands connected behind another machine" if behind else f"is a {kind.mode}"
        for key, needed in (("in_ports", needs_in), ("out_ports", needs_out)):
            ports = getattr(machine, key)
            if needed and not ports and plant.transport == "vehicles":
                yield f"{path}.{key}: expected at least one load port, got none"
            if not needed and ports:
                yield f"{path}.{key}: expected none, {machine.id!r} {why}; got {len(ports)}"
    yield from _lines(plant, kinds)


def _lines(plant: Plant, kinds: dict[str, Equipment]) -> Iterator[str]:
    """Lines where a step of the route has no machine, or a store is missing."""
    if not 1 <= plant.lines <= MOST_LINES:
        return
    steps = {step.code: step for step in plant.steps}
    there = Counter((machine.line, machine.equipment) for machine in plant.machines)
    modes = {(machine.line, kinds[machine.equipment].mode) for machine in plant.machines if machine.equipment in kinds}
    for line in range(1, plant.lines + 1):
        for code in plant.route:
            if code in steps and steps[code].equipment in kinds and not there[line, steps[code].equipment]:
                yield f"$.machines: line {line} has no {steps[code].equipment!r}; expected one for step {code!r}"
        for mode, what in (("source", "wafer store"), ("sink", "cell store")):
            if (line, mode) not in modes:
                yield f"$.machines: line {line} has no {what}; expected a machine whose equipment has mode {mode!r}"


def _stores(plant: Plant) -> Iterator[str]:
    """Stockers that cannot hold the carriers; too few places for the vehicles."""
    for index, stocker in enumerate(plant.stockers):
        if not 1 <= stocker.line <= plant.lines:
            yield f"$.stockers[{index}].line: expected 1 to {plant.lines}, got {stocker.line}"
        if not stocker.ports and plant.transport == "vehicles":
            yield f"$.stockers[{index}].ports: expected at least one port, got none"
    if plant.transport != "vehicles":
        return
    slots = sum(stocker.slots for stocker in plant.stockers)
    if slots < plant.carriers.count:
        yield (
            f"$.stockers: {slots} slots for {plant.carriers.count} carriers; expected at least as many slots, "
            f"or full stockers and full ports stop each other for good"
        )
    if 1 <= plant.lines <= MOST_LINES:
        without = sorted(set(range(1, plant.lines + 1)) - {stocker.line for stocker in plant.stockers})
        for line in without:
            yield f"$.stockers: line {line} has none; expected one for each line"
    places = len(plant.vehicles.parking) + len(plant.vehicles.charging)
    if plant.vehicles.count < 1:
        yield f"$.vehicles.count: expected > 0, got {plant.vehicles.count}"
    if plant.vehicles.count > places:
        yield f"$.vehicles.count: expected at most {places} (parking and charging places), got {plant.vehicles.count}"
    if not plant.vehicles.charging:
        yield "$.vehicles.charging: expected at least one charging place, got none"
