"""What must hold for the route and the machines on it: every step has equipment that can work, on every line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from heliograph.plant.model import Equipment, Plant
from heliograph.plant.parse import doubles

__all__ = ["MOST_LINES", "process_mistakes"]

MOST_LINES = 1000


def process_mistakes(plant: Plant) -> list[str]:
    """Every mistake of route, equipment and machines, each with its path in `plant.toml`."""
    return [*_route(plant), *_equipment(plant), *_machines(plant)]


def _route(plant: Plant) -> Iterator[str]:
    """Steps of the route that do not exist or come twice; steps whose equipment does not exist or is a store."""
    known = {step.code for step in plant.steps}
    modes = {equipment.code: equipment.mode for equipment in plant.equipment}
    if not plant.route:
        yield "$.route: expected at least one step, got none"
    for index, code in enumerate(plant.route):
        if code not in known:
            yield f"$.route[{index}]: unknown step {code!r}; expected the code of one of $.steps"
    yield from doubles("step", ((f"$.route[{index}]", code) for index, code in enumerate(plant.route)))
    for index, step in enumerate(plant.steps):
        if step.equipment not in modes:
            yield f"$.steps[{index}].equipment: unknown equipment {step.equipment!r}; expected a code of $.equipment"
        elif modes[step.equipment] in ("source", "sink"):
            yield f"$.steps[{index}].equipment: {step.equipment!r} is a store; expected equipment that works on wafers"
    used: dict[str, str] = {}
    for index, step in enumerate(plant.steps):
        if step.code in plant.route and used.setdefault(step.equipment, step.code) != step.code:
            yield (
                f"$.steps[{index}].equipment: {step.equipment!r} already does step {used[step.equipment]!r}; "
                f"expected equipment of its own for each step of the route"
            )


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
            for key, needed, why in _room(equipment, lot):
                if getattr(equipment, key) < needed:
                    yield f"{path}.{key}: expected >= {needed} ({why}), got {getattr(equipment, key)}"
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


def _room(equipment: Equipment, lot: int) -> Iterator[tuple[str, int, str]]:
    """(buffer, least room, why) with which a machine cannot stand still for good.

    The buffer out holds the parts of lots that are not yet through until the batch with the rest finds room, too. The
    buffer in holds what is too little for a batch until the next lot finds room, unless a batch need not be full.
    Batches of unequal time overtake each other, and each leaves parts of two lots at most behind it.
    """
    if equipment.mode == "lane":
        yield "buffer_in", lot, "a lot"
        yield "buffer_out", lot, "a lot"
        return
    both, why = lot + equipment.batch - 1, "a batch and a lot, less one wafer"
    if equipment.max_collect_min > 0:
        yield "buffer_in", max(lot, equipment.batch), "a lot, and a batch"
    else:
        yield "buffer_in", both, why
    if equipment.process == "exponential" and equipment.units > 1:
        both, why = 2 * equipment.units * lot + equipment.batch, "two lots a unit and a batch: batches overtake"
    yield "buffer_out", both, why


def _machines(plant: Plant) -> Iterator[str]:
    """Machines of unknown type or line, with too few or too many ports, or with the wrong members."""
    kinds = {equipment.code: equipment for equipment in plant.equipment}
    machines = {machine.id: machine for machine in plant.machines}
    working = {step.equipment for step in plant.steps if step.code in plant.route}
    # A name that is wrong on the route or in a step is one mistake, not one more for each machine.
    judged = working <= set(kinds) and set(plant.route) <= {step.code for step in plant.steps}
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
        if judged and kind.mode not in ("source", "sink") and kind.code not in working:
            yield (
                f"{path}.equipment: no step of the route is done by {kind.code!r}; "
                f"expected equipment of a step of $.route, or no such machine"
            )
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
            if needed and not ports:
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
