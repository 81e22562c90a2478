"""The flow: what happened in, what to move next out.

Full carriers go forward to the next stage of their line, the oldest lot first; empty carriers go back to where an out
port has none, the nearest stage first. What finds no place rests in the stocker. A decision reads and folds the state
and nothing else, so that a recorded day, folded again, asks for the same moves.
"""

from __future__ import annotations

from heliograph.commands import Move, Release
from heliograph.events import (
    CarrierEmptied,
    CarrierFilled,
    CarrierPlaced,
    CarrierTaken,
    Event,
    LotFinished,
    LotReleased,
)
from heliograph.flow.state import Cargo, FlowState, Line, Port, Tool
from heliograph.plant.model import Plant

__all__ = ["Flow"]

URGENT, SOON, NORMAL = 2, 1, 0
"""Priorities: the bottleneck's own; a machine that would starve or block; the rest."""


AHEAD = 2
"""Lots that the wafer store keeps ready for the first machine."""


class Flow:
    """Decides, event by event, which carrier goes where, and when the wafer stores release lots."""

    def __init__(self, plant: Plant) -> None:
        self.state = FlowState(plant)
        self._orders: list[Move | Release] = []
        self._moves = 0
        self._now_ms = 0

    def start(self) -> list[Move | Release]:
        """The first releases."""
        for line in self.state.lines.values():
            self._release(line)
        return self._take_orders()

    def decide(self, event: Event) -> list[Move | Release]:
        """Fold the event and answer with moves and releases."""
        self._now_ms = event.at_ms
        match event:
            case CarrierPlaced():
                self._placed(event)
            case CarrierTaken():
                self._taken(event)
            case CarrierEmptied():
                self._emptied(event)
            case CarrierFilled():
                self._filled(event)
            case LotReleased():
                line = self.state.lines[event.line]
                line.lots += 1
                line.releases_due = max(0, line.releases_due - 1)
                self._release(line)
            case LotFinished():
                line = self.state.lines[event.line]
                line.lots -= 1
                self._release(line)
            case _:
                pass
        return self._take_orders()

    def _take_orders(self) -> list[Move | Release]:
        orders, self._orders = self._orders, []
        return orders

    # releases

    def _release(self, line: Line) -> None:
        """Release lots up to the limit, and none while some wait for the first machine: they would wait there."""
        if self.state.self_releasing:
            return
        for tool in line.tools[0]:
            while (
                line.lots + line.releases_due < self.state.wip_lots and line.releases_due + len(line.waiting[1]) < AHEAD
            ):
                line.releases_due += 1
                self._orders.append(Release(tool.id))

    # what happened

    def _placed(self, event: CarrierPlaced) -> None:
        line = self.state.line_of[event.station]
        port = self.state.ports.get(event.station)
        if port is not None:
            port.booked = False
            port.carrier = event.carrier
            return
        if event.vehicle >= 0:
            line.stocker_load[line.stocker_ports.index(event.station)] -= 1
        cargo = self.state.cargo.get(event.carrier)
        if cargo is None:
            line.stored_empties.append(event.carrier)
            self._supply(line)
        else:
            self._rest(line, cargo)

    def _rest(self, line: Line, cargo: Cargo) -> None:
        """A full carrier has come into the stocker: it takes its place in the queue by age."""
        cargo.port = None
        waiting = line.waiting[cargo.stage]
        place = len(waiting)
        while place and waiting[place - 1].ready_ms > cargo.ready_ms:
            place -= 1
        waiting.insert(place, cargo)
        self._feed(line, cargo.stage)
        self._make_room(line)

    def _taken(self, event: CarrierTaken) -> None:
        line = self.state.line_of[event.station]
        port = self.state.ports.get(event.station)
        if port is None:
            line.stocker_load[line.stocker_ports.index(event.station)] -= 1
            return
        port.booked, port.carrier, port.emptied = False, -1, False
        if port in port.tool.ins:
            self._feed(line, port.tool.stage)
        else:
            line.hungry.append(port)
            self._supply(line)

    def _emptied(self, event: CarrierEmptied) -> None:
        port = self.state.ports[event.station]
        line = self.state.line_of[event.station]
        port.emptied = True
        port.tool.lots_due -= 1
        self.state.cargo.pop(event.carrier)
        line.emptied.append(port)
        self._supply(line)
        self._make_room(line)

    def _filled(self, event: CarrierFilled) -> None:
        port = self.state.ports[event.station]
        line = self.state.line_of[event.station]
        port.tool.empties_due -= 1
        stage = port.tool.stage + 1
        cargo = Cargo(event.lot, event.carrier, stage, port, event.at_ms)
        self.state.cargo[event.carrier] = cargo
        line.waiting[stage].append(cargo)
        self._feed(line, stage)
        self._unblock(line, port.tool)
        self._make_room(line)

    # full carriers forward

    def _feed(self, line: Line, stage: int) -> None:
        """Send the oldest waiting lots to vacant in ports, to the tool with the fewest lots due."""
        waiting = line.waiting[stage]
        while waiting:
            port = self._vacant_in(line, stage)
            if port is None:
                return
            cargo = waiting.popleft()
            urgency = URGENT if stage == self.state.bottleneck else SOON if port.tool.lots_due == 0 else NORMAL
            port.booked = True
            port.tool.lots_due += 1
            self._move(line, cargo.carrier, cargo.lot, cargo.port, port, urgency)
            if stage == 1:
                self._release(line)

    @staticmethod
    def _vacant_in(line: Line, stage: int) -> Port | None:
        best: Port | None = None
        for tool in line.tools[stage]:
            if best is None or tool.lots_due < best.tool.lots_due:
                for port in tool.ins:
                    if port.carrier < 0 and not port.booked:
                        best = port
                        break
        return best

    def _unblock(self, line: Line, tool: Tool) -> None:
        """Take a full carrier to the stocker where all out ports of a tool are full and its lots cannot go on."""
        if tool.empties_due or any(port.carrier < 0 for port in tool.outs):
            return
        waiting = line.waiting[tool.stage + 1]
        for cargo in waiting:
            if cargo.port is not None and cargo.port.tool is tool:
                waiting.remove(cargo)
                self._move(line, cargo.carrier, cargo.lot, cargo.port, None, NORMAL)
                return

    # empty carriers back

    def _supply(self, line: Line) -> None:
        """Send empty carriers to the out ports that have none, the tool that has fewest first, the last stage first."""
        while line.hungry and (line.emptied or line.stored_empties):
            port = min(line.hungry, key=lambda port: (port.tool.empties_due, -port.tool.stage))
            line.hungry.remove(port)
            self._send_empty(line, port)

    def _send_empty(self, line: Line, port: Port) -> None:
        """From the same tool, the nearest stage, or the stocker."""
        tool = port.tool
        source: Port | None = None
        if line.emptied:
            source = min(line.emptied, key=lambda from_: (from_.tool is not tool, abs(from_.tool.stage - tool.stage)))
            line.emptied.remove(source)
        carrier = line.stored_empties.popleft() if source is None else source.carrier
        urgency = URGENT if tool.stage == self.state.bottleneck else SOON if tool.empties_due == 0 else NORMAL
        port.booked = True
        tool.empties_due += 1
        self._move(line, carrier, -1, source, port, urgency)

    def _make_room(self, line: Line) -> None:
        """Take empty carriers to the stocker from in ports that waiting lots need."""
        for port in list(line.emptied):
            waiting = len(line.waiting[port.tool.stage])
            if waiting and self._vacant_in(line, port.tool.stage) is None:
                clearing = sum(p.emptied and p.booked for tool in line.tools[port.tool.stage] for p in tool.ins)
                if clearing < waiting:
                    line.emptied.remove(port)
                    self._move(line, port.carrier, -1, port, None, NORMAL)

    # moves

    def _move(self, line: Line, carrier: int, lot: int, source: Port | None, target: Port | None, urgency: int) -> None:
        """Ask for a move; None stands for the line's stocker, by the port with the fewest moves under way."""
        if source is not None:
            source.booked = True
        self._orders.append(
            Move(
                number=self._moves,
                carrier=carrier,
                lot=lot,
                source=self._stocker_port(line) if source is None else source.id,
                target=self._stocker_port(line) if target is None else target.id,
                priority=urgency,
                wanted_ms=self._now_ms,
            )
        )
        self._moves += 1

    @staticmethod
    def _stocker_port(line: Line) -> str:
        best = min(range(len(line.stocker_ports)), key=lambda i: line.stocker_load[i])
        line.stocker_load[best] += 1
        return line.stocker_ports[best]
