"""The twin: a simulated floor behind the port that real links use.

Deterministic: every machine, its failures, its planned stops, and the hand-off draw from a stream of their own, named
after them and the seed. So one machine's luck does not hang on another's, nor its stops on what it works on: another
model of the plant can be given the same stops (common random numbers: Law, Simulation Modeling and Analysis, 11.2).
"""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray

from heliograph.commands import HandOff, Release
from heliograph.daybook import NOT_YET_MS, Batches, Lots, Parts, States, Stops, Waits
from heliograph.events import CarrierPlaced, CarrierTaken, Event
from heliograph.plant import model as plant_model
from heliograph.plant.model import Plant, Step
from heliograph.twin.agenda import Agenda
from heliograph.twin.lot import ALIVE, Lot
from heliograph.twin.machine import Machine, Member
from heliograph.twin.notes import Notes
from heliograph.twin.stores import CellStore, WaferStore
from heliograph.units import ms_from_s

__all__ = ["Twin"]


class Twin:
    """Machines, load ports, arms and carriers in simulated time; see `links.port.Floor` for the contract."""

    def __init__(self, plant: Plant, *, seed: int, start_ms: int = 0) -> None:
        self._plant = plant
        self._agenda = Agenda(start_ms)
        self._notes = Notes()
        self._luck = random.Random(f"{seed}/hand-off")
        self._lots: list[Lot] = []
        self._carrier_at: dict[str, int] = {}
        self._contents: list[Lot | None] = [None] * plant.carriers.count
        self._in_ports: dict[str, Machine | CellStore] = {}
        self._out_ports: dict[str, Machine | WaferStore] = {}
        self._stored: dict[str, set[int]] = {}
        self._wafer_stores: dict[str, WaferStore] = {}
        self._machines: list[Machine] = []
        self.machine_ids = tuple(machine.id for machine in plant.machines)
        connected = {member for machine in plant.machines for member in machine.members}
        for number, machine in enumerate(plant.machines):
            if machine.id not in connected:
                self._build(number, machine, seed)
        self._store_carriers()

    def _build(self, number: int, machine: plant_model.Machine, seed: int) -> None:
        plant, name = self._plant, machine.id
        types = {equipment.code: equipment for equipment in plant.equipment}
        equipment = types[machine.equipment]
        built: Machine | WaferStore | CellStore
        if equipment.mode == "source":
            luck = random.Random(f"{seed}/{machine.id}")
            built = WaferStore(
                number, machine, equipment, self._new_lot, self._contents, self._agenda, self._notes, luck
            )
            self._wafer_stores[name] = built
        elif equipment.mode == "sink":
            built = CellStore(number, name, equipment, self._contents, self._agenda, self._notes)
        else:
            route = self._route()
            place = {step.equipment: index for index, step in enumerate(route)}
            members = [
                Member(self.machine_ids.index(member), member, types[code], place[code], route[place[code]])
                for member, code in zip([name, *machine.members], [equipment.code, *equipment.members], strict=True)
            ]
            built = Machine(members, plant.carriers.slots_per_basket, self._contents, self._agenda, self._notes, seed)
            self._machines.append(built)
        if not isinstance(built, WaferStore):
            self._in_ports.update(dict.fromkeys(machine.in_ports, built))
        if not isinstance(built, CellStore):
            self._out_ports.update(dict.fromkeys(machine.out_ports, built))

    def _route(self) -> list[Step]:
        steps = {step.code: step for step in self._plant.steps}
        return [steps[code] for code in self._plant.route]

    def _new_lot(self, line: int) -> Lot:
        lot = Lot(len(self._lots), line, self._plant.wafers_per_carrier, self._agenda.now_ms)
        self._lots.append(lot)
        return lot

    def _store_carriers(self) -> None:
        """All carriers begin empty, shared out evenly over the stockers."""
        stockers = self._plant.stockers
        for stocker in stockers:
            inside: set[int] = set()
            self._stored.update(dict.fromkeys(stocker.ports, inside))
        for carrier in range(self._plant.carriers.count):
            port = stockers[carrier % len(stockers)].ports[0]
            self._stored[port].add(carrier)
            self._notes.news.append(CarrierPlaced(self._agenda.now_ms, port, carrier, -1))

    # the port

    def next_ms(self) -> int:
        """When the next thing happens; now, if something already has."""
        return self._agenda.now_ms if self._notes.news else self._agenda.next_ms()

    def step(self) -> list[Event]:
        """What happens at `next_ms`."""
        if not self._notes.news:
            self._agenda.step()
        news, self._notes.news = self._notes.news, []
        return news

    def order(self, command: HandOff | Release, now_ms: int) -> None:
        """Begin a hand-off (SEMI E84: request, transfer, complete, after docking), or release a lot."""
        self._agenda.now_ms = now_ms
        if isinstance(command, Release):
            self._wafer_stores[command.machine].release()
            return
        lasts_ms = 0
        if self._plant.transport == "vehicles":
            times = self._plant.handoff
            dock_s = self._luck.uniform(times.dock_min_s, times.dock_max_s)
            lasts_ms = ms_from_s(dock_s + times.request_s + times.transfer_s + times.complete_s)
        self._agenda.at(now_ms + lasts_ms, self._handed_off, command)

    def _handed_off(self, command: HandOff) -> None:
        now, station, carrier = self._agenda.now_ms, command.station, command.carrier
        if not command.give:
            self._take(station, carrier)
            self._notes.news.append(CarrierTaken(now, station, carrier, command.vehicle))
            return
        self._notes.news.append(CarrierPlaced(now, station, carrier, command.vehicle))
        lot = self._contents[carrier]
        if station in self._stored:
            self._stored[station].add(carrier)
            return
        if station in self._carrier_at:
            raise AssertionError(f"{station} already holds carrier {self._carrier_at[station]}")
        self._carrier_at[station] = carrier
        if station in self._in_ports:
            if lot is None:
                raise AssertionError(f"empty carrier {carrier} at in port {station}")
            self._in_ports[station].full_placed(station, carrier, lot)
        else:
            self._out_ports[station].empty_placed(station, carrier)

    def _take(self, station: str, carrier: int) -> None:
        """The carrier's id is verified before it is lifted (SEMI E87)."""
        if station in self._stored:
            self._stored[station].remove(carrier)
        elif self._carrier_at.pop(station, -1) != carrier:
            raise AssertionError(f"carrier {carrier} is not at {station}")

    # what was noted

    @property
    def cells(self) -> int:
        """Cells finished so far."""
        return sum(lot.alive for lot in self._lots if lot.finished_ms != NOT_YET_MS)

    def wafers_alive(self) -> int:
        """Wafers released, not lost, and not yet in the cell store."""
        return sum(lot.alive for lot in self._lots if lot.finished_ms == NOT_YET_MS)

    def batches(self) -> Batches:
        """Every batch so far."""
        return self._notes.batch_columns()

    def parts(self) -> Parts:
        """The slot maps of the batches."""
        return self._notes.part_columns()

    def states(self, until_ms: int) -> States:
        """Every machine's stays in E10 states up to `until_ms`."""
        return self._notes.state_columns(until_ms)

    def stops(self, until_ms: int) -> Stops:
        """How each machine's operating clock lags, up to `until_ms`."""
        return self._notes.stop_columns(self.open_stops(until_ms))

    def open_stops(self, until_ms: int) -> list[tuple[int, int, int]]:
        """Rows of `Stops` for the machines that stand still at `until_ms`."""
        return [row for machine in self._machines for row in machine.clock.open_stop(until_ms)]

    @property
    def notes(self) -> Notes:
        """What has been noted so far, for whoever follows the run; to be read only."""
        return self._notes

    def waits(self) -> Waits:
        """Waits past the queue time."""
        return self._notes.wait_columns()

    def lots(self) -> Lots:
        """Every lot so far."""
        slots = self._plant.wafers_per_carrier
        raw: NDArray[np.uint8] = np.frombuffer(b"".join(lot.lost_at for lot in self._lots), np.uint8)
        return Lots(
            line=np.array([lot.line for lot in self._lots], np.int16),
            released_ms=np.array([lot.released_ms for lot in self._lots], np.int64),
            finished_ms=np.array([lot.finished_ms for lot in self._lots], np.int64),
            lost_at=np.where(raw == ALIVE, -1, raw).astype(np.int8).reshape(-1, slots),
        )
