"""What stops a machine: failures (exponential) and planned stops, and the operating clock that both hold up.

The operating clock runs only while the machine is not stopped. Work on the machine is due on that clock, so a repair
delays whatever is in process and loses none of it (preempt and resume). Failures come on it, too: a machine under
repair does not fail again. MTBF is over uptime, MTTR the mean time to repair (SEMI E10).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from heliograph.plant.model import Downtime, Equipment
from heliograph.twin.agenda import Agenda
from heliograph.twin.notes import Notes
from heliograph.units import HOUR_MS, ms_from_h, ms_from_min

__all__ = ["OperatingClock"]


class OperatingClock:
    """Time of one machine (and of those connected behind it) that stands still while it is stopped."""

    def __init__(self, agenda: Agenda, notes: Notes, machine: int) -> None:
        self._agenda = agenda
        self._notes = notes
        self._machine = machine
        self._lost_ms = 0
        self._since_ms = 0
        self._parked: list[tuple[int, Callable[..., None], tuple[Any, ...]]] = []
        self._planned: list[tuple[Downtime, int]] = []
        self.stopped = False
        self.closing: Downtime | None = None
        """A planned stop that waits for the batches in process; no new one begins."""
        self.culprit = -1
        """Machine number of the member that caused the stop; -1: planned, all of them."""
        self.state = ""
        self.reason = ""
        self.on_change: Callable[[], None] = lambda: None
        self.drained: Callable[[], bool] = lambda: True

    def now_ms(self) -> int:
        """Operating time now; meaningless while stopped."""
        return self._agenda.now_ms - self._lost_ms

    def at(self, due_op_ms: int, act: Callable[..., None], *arguments: Any) -> None:
        """Let `act` happen when the operating clock shows `due_op_ms`."""
        if self.stopped:
            self._parked.append((due_op_ms, act, arguments))
        else:
            self._agenda.at(due_op_ms + self._lost_ms, self._due, due_op_ms, act, arguments)

    def _due(self, due_op_ms: int, act: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        if self.stopped:
            self._parked.append((due_op_ms, act, arguments))
        elif self.now_ms() < due_op_ms:
            self._agenda.at(due_op_ms + self._lost_ms, self._due, due_op_ms, act, arguments)
        else:
            act(*arguments)

    def watch_failures(self, machine: int, equipment: Equipment, luck: random.Random) -> None:
        """Let the machine numbered `machine` fail after exponential uptimes, for exponential repairs."""
        if equipment.mtbf_h > 0:
            uptime_ms = luck.expovariate(1.0) * equipment.mtbf_h * HOUR_MS
            self.at(self.now_ms() + int(uptime_ms), self._fail, machine, equipment, luck)

    def _fail(self, machine: int, equipment: Equipment, luck: random.Random) -> None:
        repair_ms = max(1, int(luck.expovariate(1.0) * equipment.mttr_h * HOUR_MS))
        self._stop(repair_ms, machine, "unscheduled_downtime", "repair")
        self.watch_failures(machine, equipment, luck)

    def plan(self, downtime: Downtime, luck: random.Random) -> None:
        """Let a planned stop come back every `every_h`, first at a random phase of its period."""
        self._agenda.at(
            self._agenda.now_ms + int(luck.random() * downtime.every_h * HOUR_MS), self._planned_due, downtime
        )

    def _planned_due(self, downtime: Downtime) -> None:
        self._agenda.at(self._agenda.now_ms + ms_from_h(downtime.every_h), self._planned_due, downtime)
        self._planned.append((downtime, ms_from_min(downtime.minutes)))
        self.try_planned()

    def try_planned(self) -> None:
        """Begin the next planned stop if one waits, the machine is up and it is empty of batches."""
        if self.stopped or not self._planned:
            return
        self.closing = self._planned[0][0]
        if self.drained():
            downtime, minutes_ms = self._planned.pop(0)
            self.closing = None
            self._stop(minutes_ms, -1, downtime.state, downtime.reason)

    def _stop(self, duration_ms: int, culprit: int, state: str, reason: str) -> None:
        self.stopped = True
        self.culprit, self.state, self.reason = culprit, state, reason
        self._since_ms = self._agenda.now_ms
        self._agenda.at(self._since_ms + duration_ms, self._resume)
        self.on_change()

    def open_stop(self, now_ms: int) -> list[tuple[int, int, int]]:
        """The stop that is going on at `now_ms`, as a row of `Stops`: what it holds up is not due before now."""
        if not self.stopped:
            return []
        return [(self._machine, self._since_ms - self._lost_ms, self._lost_ms + now_ms - self._since_ms)]

    def _resume(self) -> None:
        op_ms = self._since_ms - self._lost_ms
        self._lost_ms += self._agenda.now_ms - self._since_ms
        self._notes.stops.append((self._machine, op_ms, self._lost_ms))
        self.stopped = False
        parked, self._parked = self._parked, []
        for due_op_ms, act, arguments in parked:
            self.at(due_op_ms, act, *arguments)
        self.try_planned()
        if not self.stopped:
            self.on_change()
