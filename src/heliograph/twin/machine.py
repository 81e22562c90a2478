"""A machine that works on wafers: two arms, a buffer on each side, and units (tubes, baths, lanes) between.

    in port -> arm -> buffer in -> units -> buffer out -> arm -> out port

The in arm empties a full carrier when the buffer has room for its lot; the units form batches in order of arrival,
over the borders of lots; when every wafer of a lot has been through, the out arm fills an empty carrier with it. A unit
whose wafers find no room in the buffer out keeps them: it is blocked. One without wafers is starved.
"""

from __future__ import annotations

import random
from collections import deque

from heliograph.daybook import NOT_YET_MS
from heliograph.events import (
    BatchEnded,
    BatchStarted,
    CarrierEmptied,
    CarrierFilled,
    LotFinished,
    MachineStateChanged,
    WafersLost,
    WaitTooLong,
)
from heliograph.plant.model import Equipment, Step
from heliograph.twin.agenda import Agenda
from heliograph.twin.lot import Lot, draw_lost
from heliograph.twin.notes import Notes
from heliograph.twin.stops import OperatingClock
from heliograph.units import ms_from_min, ms_from_s

__all__ = ["Machine", "Member"]

Segment = tuple[Lot, int, int, int]
"""A lot, its first and last position, and the wafers alive between."""


class Member:
    """A machine connected behind another: it works when that one does, and stops it when it fails."""

    def __init__(self, number: int, name: str, equipment: Equipment, step_index: int, step: Step) -> None:
        self.number = number
        self.name = name
        self.equipment = equipment
        self.step_index = step_index
        self.step = step
        self.state = ("", "")


class _Batch:
    __slots__ = ("number", "parts", "row", "unit", "wafers")

    def __init__(self, number: int, unit: int, wafers: int, parts: list[Segment], row: list[int]) -> None:
        self.number = number
        self.unit = unit
        self.wafers = wafers
        self.parts = parts
        self.row = row


class Machine:
    """One machine of the simulated floor, with the members connected behind it (the first member is itself)."""

    def __init__(
        self,
        members: list[Member],
        slots_per_basket: int,
        contents: list[Lot | None],
        agenda: Agenda,
        notes: Notes,
        seed: int,
    ) -> None:
        self._members = members
        self._name = members[0].name
        self._number = members[0].number
        equipment = members[0].equipment
        self._equipment = equipment
        self._mode = equipment.mode
        self._contents = contents
        self._agenda = agenda
        self._notes = notes
        self._luck = random.Random(f"{seed}/{members[0].name}")
        self._slots_per_basket = slots_per_basket
        self._unload_ms = ms_from_s(equipment.unload_s)
        self._load_ms = ms_from_s(equipment.load_s)
        self._collect_ms = ms_from_min(equipment.max_collect_min)
        self._latency_ms = ms_from_s(sum(member.equipment.process_s for member in members))
        self._process_ms = ms_from_s(equipment.process_s)
        self._takt_ms = ms_from_s(equipment.takt_s)
        self._cycle_ms = self._process_ms
        if equipment.rate_per_h > 0 and self._mode != "lane":
            in_step = 1 if self._mode == "bench" else equipment.units
            self._cycle_ms = round(in_step * equipment.batch * 3_600_000 / equipment.rate_per_h)
        wait_min = members[0].step.max_wait_min
        self._max_wait_ms = None if wait_min is None else ms_from_min(wait_min)

        self._arriving: deque[tuple[str, int, Lot]] = deque()
        self._in_arm_busy = False
        self._buffered_in = 0
        lanes = equipment.units if self._mode == "lane" else 1
        self._queues: list[deque[Segment]] = [deque() for _ in range(lanes)]
        self._queued = [0] * lanes
        self._collect_until_ms: int | None = None
        self._free_units = list(range(equipment.units, 0, -1))
        self._running = 0
        self._held: deque[_Batch] = deque()
        self._buffered_out = 0
        self._ready: deque[Lot] = deque()
        self._empties: deque[tuple[str, int]] = deque()
        self._out_arm_busy = False

        self.clock = OperatingClock(agenda, notes, self._number)
        self.clock.on_change = self._stop_changed
        self.clock.drained = self._is_drained
        planned = random.Random(f"{seed}/{self._name}/planned")
        for member in members:
            failures = random.Random(f"{seed}/{member.name}/failures")
            self.clock.watch_failures(member.number, member.equipment, failures)
            for downtime in member.equipment.downtime:
                self.clock.plan(downtime, planned)
        self._note_states()

    # in port -> buffer

    def full_placed(self, station: str, carrier: int, lot: Lot) -> None:
        """A full carrier stands at an in port."""
        self._arriving.append((station, carrier, lot))
        self._unload()

    def _unload(self) -> None:
        if self._in_arm_busy or not self._arriving:
            return
        lot = self._arriving[0][2]
        if self._buffered_in + lot.alive > self._equipment.buffer_in:
            return
        station, carrier, lot = self._arriving.popleft()
        self._buffered_in += lot.alive
        self._in_arm_busy = True
        self._agenda.at(self._agenda.now_ms + self._unload_ms, self._unloaded, station, carrier, lot)

    def _unloaded(self, station: str, carrier: int, lot: Lot) -> None:
        self._in_arm_busy = False
        self._contents[carrier] = None
        self._notes.news.append(CarrierEmptied(self._agenda.now_ms, station, carrier, lot.number))
        lot.left = lot.alive
        if self._mode == "lane":
            for basket in range(0, len(lot.lost_at), self._slots_per_basket):
                first, last = basket + 1, min(basket + self._slots_per_basket, len(lot.lost_at))
                alive = lot.count(first, last)
                if alive:
                    lane = basket // self._slots_per_basket % len(self._queues)
                    self._queues[lane].append((lot, first, last, alive))
                    self._queued[lane] += alive
        else:
            self._queues[0].append((lot, 1, len(lot.lost_at), lot.alive))
            self._queued[0] += lot.alive
        if self._collect_ms and self._collect_until_ms is None:
            self._collect_again()
        self._start()
        self._unload()

    # buffer -> units

    def _start(self) -> None:
        if not self.clock.stopped and self.clock.closing is None:
            if self._mode == "lane":
                self._start_lanes()
            else:
                self._start_batches()
        self._note_states()

    def _start_lanes(self) -> None:
        if self._held:
            return
        for unit in self._free_units[:]:
            queue = self._queues[unit - 1]
            if queue:
                part = queue.popleft()
                self._queued[unit - 1] -= part[3]
                pace_ms = part[3] * self._takt_ms
                self._begin(unit, part[3], [part], pace_ms, pace_ms + self._latency_ms, self._takt_ms)

    def _start_batches(self) -> None:
        size = self._equipment.batch
        while self._free_units and self._queued[0] and not (self._held and self._mode == "bench"):
            if self._queued[0] < size and not self._collect_is_over():
                return
            if self._equipment.process == "exponential":
                pace_ms = leave_ms = round(self._luck.expovariate(1.0) * self._process_ms)
            else:
                pace_ms = self._cycle_ms
                leave_ms = self._process_ms if self._mode == "bench" else self._cycle_ms
            parts = self._take(min(size, self._queued[0]))
            self._begin(self._free_units[-1], sum(part[3] for part in parts), parts, pace_ms, leave_ms, 0)
            if self._collect_ms:
                self._collect_again()

    def _collect_again(self) -> None:
        """Give the wafers that are left `max_collect_min` to become a batch."""
        self._collect_until_ms = None
        if self._queued[0]:
            self._collect_until_ms = self._agenda.now_ms + self._collect_ms
            self._agenda.at(self._collect_until_ms, self._collected)

    def _collect_is_over(self) -> bool:
        """No sign of the time tells: in a warm-up it is negative."""
        return self._collect_until_ms is not None and self._collect_until_ms <= self._agenda.now_ms

    def _collected(self) -> None:
        if self._collect_is_over():
            self._start()

    def _take(self, wafers: int) -> list[Segment]:
        """The next `wafers` wafers of the queue, as parts of lots."""
        parts: list[Segment] = []
        queue = self._queues[0]
        self._queued[0] -= wafers
        while wafers:
            lot, first, last, alive = queue[0]
            if alive <= wafers:
                parts.append(queue.popleft())
                wafers -= alive
            else:
                border = lot.position(first, wafers)
                parts.append((lot, first, border - 1, wafers))
                queue[0] = (lot, border, last, alive - wafers)
                wafers = 0
        return parts

    def _begin(self, unit: int, wafers: int, parts: list[Segment], pace_ms: int, leave_ms: int, takt_ms: int) -> None:
        now, op_ms = self._agenda.now_ms, self.clock.now_ms()
        number = len(self._notes.batches)
        row = [number, self._number, unit, now, NOT_YET_MS, op_ms, takt_ms, wafers]
        self._notes.batches.append(row)
        rank = 0
        for lot, first, last, alive in parts:
            self._notes.parts.append((number, lot.number, first, last, rank))
            rank += alive
            if self._max_wait_ms is not None and now - lot.step_end_ms > self._max_wait_ms and first == 1:
                step = self._members[0]
                self._notes.waits.append((lot.number, step.step_index, now, now - lot.step_end_ms))
                self._notes.news.append(WaitTooLong(now, lot.number, step.step.code, now - lot.step_end_ms))
        self._buffered_in -= wafers
        self._running += 1
        self._free_units.remove(unit)
        self._notes.news.append(BatchStarted(now, number, self._name, unit, wafers))
        batch = _Batch(number, unit, wafers, parts, row)
        if self._mode != "tube":
            self.clock.at(op_ms + pace_ms, self._unit_free, unit)
        self.clock.at(op_ms + leave_ms, self._leave, batch)
        self._unload()

    def _unit_free(self, unit: int) -> None:
        self._free_units.append(unit)
        self._free_units.sort(reverse=True)
        self._start()

    # units -> buffer out

    def _leave(self, batch: _Batch) -> None:
        self._running -= 1
        self._held.append(batch)
        self._pass_on()
        self.clock.try_planned()
        self._start()

    def _pass_on(self) -> None:
        """Let finished batches into the buffer out, the first first, as far as there is room."""
        while self._held:
            batch = self._held[0]
            if self._buffered_out and self._buffered_out + batch.wafers > self._equipment.buffer_out:
                return
            self._held.popleft()
            if self._mode == "tube":
                self._free_units.append(batch.unit)
                self._free_units.sort(reverse=True)
            self._finish(batch)

    def _finish(self, batch: _Batch) -> None:
        now = self._agenda.now_ms
        batch.row[4] = now
        for lot, first, last, alive in batch.parts:
            for member in self._members:
                lost = draw_lost(lot, first, last, member.step.loss_pct / 100.0, self._luck)
                if lost:
                    for position in lost:
                        lot.lose(position, member.step_index)
                    self._notes.news.append(WafersLost(now, lot.number, member.name, member.step.code, tuple(lost)))
                    self._buffered_out -= len(lost)
            self._buffered_out += alive
            lot.left -= alive
            if lot.left == 0:
                lot.step_end_ms = now
                if lot.alive:
                    self._ready.append(lot)
                else:
                    lot.finished_ms = now
                    self._notes.news.append(LotFinished(now, lot.number, lot.line, 0))
        self._notes.news.append(BatchEnded(now, batch.number, self._name, batch.unit, batch.wafers))
        self._load()

    # buffer out -> out port

    def empty_placed(self, station: str, carrier: int) -> None:
        """An empty carrier stands at an out port."""
        self._empties.append((station, carrier))
        self._load()

    def _load(self) -> None:
        if self._out_arm_busy or not self._ready or not self._empties:
            return
        self._out_arm_busy = True
        station, carrier = self._empties.popleft()
        self._agenda.at(self._agenda.now_ms + self._load_ms, self._loaded, station, carrier, self._ready.popleft())

    def _loaded(self, station: str, carrier: int, lot: Lot) -> None:
        self._out_arm_busy = False
        self._buffered_out -= lot.alive
        self._contents[carrier] = lot
        self._notes.news.append(CarrierFilled(self._agenda.now_ms, station, carrier, lot.number))
        self._load()
        if self._held:
            self._pass_on()
            self._start()

    # states

    def _is_drained(self) -> bool:
        """A planned stop interrupts a lane at once; a tube or bath is let run out."""
        return self._mode == "lane" or self._running == 0

    def _stop_changed(self) -> None:
        if self.clock.stopped:
            self._note_states()
        else:
            self._pass_on()
            self._start()

    def _note_states(self) -> None:
        if self.clock.stopped:
            culprit = self.clock.culprit
            behind = False
            for member in self._members:
                if culprit in (-1, member.number):
                    self._note(member, self.clock.state, self.clock.reason)
                    behind = True
                else:
                    self._note(member, "standby", "starved" if behind else "blocked")
            return
        if self._running:
            state = ("productive", "processing")
        elif self._held:
            state = ("standby", "blocked")
        elif any(self._queued):
            state = ("standby", "collecting")
        else:
            state = ("standby", "starved")
        for member in self._members:
            self._note(member, *state)

    def _note(self, member: Member, state: str, reason: str) -> None:
        if member.state != (state, reason):
            member.state = (state, reason)
            now = self._agenda.now_ms
            self._notes.states.append((member.number, state, reason, now))
            self._notes.news.append(MachineStateChanged(now, member.name, state, reason))
