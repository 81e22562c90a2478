"""What the flow knows: load ports, lots that wait, empty carriers, by line.

A line's machines form stages, in the order in which carriers meet them: stage 0 is the wafer store, the last the cell
store; machines connected behind another have no stage of their own.
"""

from __future__ import annotations

from collections import deque

from heliograph.plant.model import Plant

__all__ = ["Cargo", "FlowState", "Line", "Port", "Tool"]


class Port:
    """A load port. `carrier` -1: vacant. `booked`: a move to or from it is under way."""

    __slots__ = ("booked", "carrier", "emptied", "id", "tool")

    def __init__(self, name: str, tool: Tool) -> None:
        self.id = name
        self.tool = tool
        self.carrier = -1
        self.emptied = False
        """In ports: the arm has emptied the carrier."""
        self.booked = False


class Tool:
    """One machine, as the flow sees it."""

    __slots__ = ("empties_due", "id", "ins", "lots_due", "outs", "stage")

    def __init__(self, name: str, stage: int) -> None:
        self.id = name
        self.stage = stage
        self.ins: list[Port] = []
        self.outs: list[Port] = []
        self.lots_due = 0
        """Full carriers at its in ports or on their way to them."""
        self.empties_due = 0
        """Empty carriers at its out ports or on their way to them; filled ones no longer count."""


class Cargo:
    """A lot in a carrier that wants to go to `stage`; it stands at a load port, or (port None) in the stocker."""

    __slots__ = ("carrier", "lot", "port", "ready_ms", "stage")

    def __init__(self, lot: int, carrier: int, stage: int, port: Port | None, ready_ms: int) -> None:
        self.lot = lot
        self.carrier = carrier
        self.stage = stage
        self.port = port
        self.ready_ms = ready_ms


class Line:
    """One line: its stages of tools, who waits before each, and where the empty carriers are."""

    def __init__(self, stages: int) -> None:
        self.tools: list[list[Tool]] = [[] for _ in range(stages)]
        self.waiting: list[deque[Cargo]] = [deque() for _ in range(stages)]
        self.emptied: list[Port] = []
        """In ports whose carrier is empty and not yet fetched, oldest first."""
        self.hungry: list[Port] = []
        """Out ports without a carrier, and none on its way."""
        self.stored_empties: deque[int] = deque()
        self.stocker_ports: list[str] = []
        self.stocker_load: list[int] = []
        """Moves under way at each stocker port."""
        self.lots = 0
        self.releases_due = 0


class FlowState:
    """The whole floor, as far as carriers are concerned."""

    def __init__(self, plant: Plant) -> None:
        types = {equipment.code: equipment for equipment in plant.equipment}
        steps = {step.code: step.equipment for step in plant.steps}
        connected = {member for machine in plant.machines for member in machine.members}
        machines = [machine for machine in plant.machines if machine.id not in connected]
        served = {machine.equipment for machine in machines}
        order = [steps[code] for code in plant.route if steps[code] in served]
        source = [e.code for e in plant.equipment if e.mode == "source"]
        sink = [e.code for e in plant.equipment if e.mode == "sink"]
        stage_of = {code: stage for stage, code in enumerate([*source, *order, *sink])}
        self.stages = len(stage_of)
        self.wip_lots = plant.flow.wip_lots_per_line
        self.lines: dict[int, Line] = {}
        self.ports: dict[str, Port] = {}
        self.line_of: dict[str, Line] = {}
        self.self_releasing = any(types[code].arrival_s > 0 for code in source)
        for machine in machines:
            line = self.lines.setdefault(machine.line, Line(self.stages))
            tool = Tool(machine.id, stage_of[machine.equipment])
            line.tools[tool.stage].append(tool)
            for names, ports in ((machine.in_ports, tool.ins), (machine.out_ports, tool.outs)):
                for name in names:
                    ports.append(Port(name, tool))
                    self.ports[name] = ports[-1]
                    self.line_of[name] = line
            line.hungry += tool.outs
        for stocker in plant.stockers:
            line = self.lines[stocker.line]
            for name in stocker.ports:
                self.line_of[name] = line
                line.stocker_ports.append(name)
                line.stocker_load.append(0)
        self.cargo: dict[int, Cargo] = {}
        """What each full carrier holds."""
        self.bottleneck = _slowest_stage(plant, stage_of)


def _slowest_stage(plant: Plant, stage_of: dict[str, int]) -> int:
    """The stage with the least capacity, planned stops taken off."""
    slowest, least = 0, float("inf")
    for equipment in plant.equipment:
        if equipment.code not in stage_of or equipment.mode in ("source", "sink"):
            continue
        rate = equipment.rate_per_h
        if equipment.takt_s > 0:
            rate = equipment.units * 3600.0 / equipment.takt_s
        tools = sum(machine.equipment == equipment.code for machine in plant.machines)
        stops = sum(stop.minutes / 60.0 / stop.every_h for stop in equipment.downtime)
        capacity = rate * tools * (1.0 - stops)
        if 0 < capacity < least:
            slowest, least = stage_of[equipment.code], capacity
    return slowest
