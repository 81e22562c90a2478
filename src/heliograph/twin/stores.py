"""The two ends of a line and the stocker between: wafer store, cell store, carriers at rest."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

from heliograph.events import CarrierEmptied, CarrierFilled, LotFinished, LotReleased, MachineStateChanged
from heliograph.plant.model import Equipment, Machine
from heliograph.twin.agenda import Agenda
from heliograph.twin.lot import Lot
from heliograph.twin.notes import Notes
from heliograph.units import ms_from_s

__all__ = ["CellStore", "WaferStore"]


class _Store:
    """One arm at the end of a line; productive while it works."""

    def __init__(self, number: int, name: str, agenda: Agenda, notes: Notes) -> None:
        self._number = number
        self._name = name
        self._agenda = agenda
        self._notes = notes
        self._arm_busy = False
        self._note(busy=False)

    def _note(self, *, busy: bool) -> None:
        self._arm_busy = busy
        state, reason = ("productive", "processing") if busy else ("standby", "starved")
        self._notes.states.append((self._number, state, reason, self._agenda.now_ms))
        self._notes.news.append(MachineStateChanged(self._agenda.now_ms, self._name, state, reason))


class WaferStore(_Store):
    """Fills empty carriers with new wafers: a lot for every release, as soon as there is an empty carrier.

    With `arrival_s` the store releases by itself, after exponential times (queueing experiments).
    """

    def __init__(
        self,
        number: int,
        machine: Machine,
        equipment: Equipment,
        new_lot: Callable[[int], Lot],
        contents: list[Lot | None],
        agenda: Agenda,
        notes: Notes,
        luck: random.Random,
    ) -> None:
        super().__init__(number, machine.id, agenda, notes)
        self._line = machine.line
        self._equipment = equipment
        self._contents = contents
        self._new_lot = new_lot
        self._luck = luck
        self._due = 0
        self._waiting: deque[Lot] = deque()
        self._empties: deque[tuple[str, int]] = deque()
        if equipment.arrival_s > 0:
            self._agenda.at(self._next_arrival_ms(), self._arrive)

    def _next_arrival_ms(self) -> int:
        return self._agenda.now_ms + ms_from_s(self._luck.expovariate(1.0) * self._equipment.arrival_s)

    def _arrive(self) -> None:
        self._begin_lot()
        self._agenda.at(self._next_arrival_ms(), self._arrive)
        self._load()

    def release(self) -> None:
        """One more lot, when a carrier is there for it."""
        self._due += 1
        self._load()

    def empty_placed(self, station: str, carrier: int) -> None:
        """An empty carrier stands at an out port."""
        self._empties.append((station, carrier))
        self._load()

    def _begin_lot(self) -> None:
        lot = self._new_lot(self._line)
        self._waiting.append(lot)
        self._notes.news.append(LotReleased(self._agenda.now_ms, lot.number, self._line, lot.alive))

    def _load(self) -> None:
        if self._arm_busy or not self._empties:
            return
        if self._due and not self._waiting:
            self._due -= 1
            self._begin_lot()
        if self._waiting:
            station, carrier = self._empties.popleft()
            self._note(busy=True)
            done_ms = self._agenda.now_ms + ms_from_s(self._equipment.load_s)
            self._agenda.at(done_ms, self._loaded, station, carrier, self._waiting.popleft())

    def _loaded(self, station: str, carrier: int, lot: Lot) -> None:
        self._note(busy=False)
        lot.step_end_ms = self._agenda.now_ms
        self._contents[carrier] = lot
        self._notes.news.append(CarrierFilled(self._agenda.now_ms, station, carrier, lot.number))
        self._load()


class CellStore(_Store):
    """Empties carriers of finished cells; with that the lot is finished."""

    def __init__(
        self,
        number: int,
        name: str,
        equipment: Equipment,
        contents: list[Lot | None],
        agenda: Agenda,
        notes: Notes,
    ) -> None:
        super().__init__(number, name, agenda, notes)
        self._equipment = equipment
        self._contents = contents
        self._arriving: deque[tuple[str, int, Lot]] = deque()

    def full_placed(self, station: str, carrier: int, lot: Lot) -> None:
        """A full carrier stands at an in port."""
        self._arriving.append((station, carrier, lot))
        self._unload()

    def _unload(self) -> None:
        if not self._arm_busy and self._arriving:
            self._note(busy=True)
            done_ms = self._agenda.now_ms + ms_from_s(self._equipment.unload_s)
            self._agenda.at(done_ms, self._unloaded, *self._arriving.popleft())

    def _unloaded(self, station: str, carrier: int, lot: Lot) -> None:
        self._note(busy=False)
        now = lot.finished_ms = self._agenda.now_ms
        self._contents[carrier] = None
        self._notes.news.append(CarrierEmptied(now, station, carrier, lot.number))
        self._notes.news.append(LotFinished(now, lot.number, lot.line, lot.alive))
        self._unload()
