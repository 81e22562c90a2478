"""A run in progress as the page's source, in a process of its own: it reads what the run tells, and answers.

Chunks come from series that grow, up to the last portion. Details, figures and searches come from a record of what has
been so far, written as if the run had been stopped there, and made anew when somebody asks and the last one is old. How
long that takes grows with the day, so it is done at most a fifth of the time. When the run is done they come from its
own record.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import numpy as np

from heliograph.clock import iso
from heliograph.daybook import E10_STATES
from heliograph.errors import HeliographError, NotFound, UsageWrong
from heliograph.ids import carrier_id, lot_id, lot_prefix
from heliograph.passages import floor_of
from heliograph.plant.read import PlantFiles, read_plant
from heliograph.record.store import open_folder
from heliograph.record.write import write_record
from heliograph.run.live.book import Book
from heliograph.run.live.pace import FASTEST, SLOWEST
from heliograph.run.live.spool import Spool
from heliograph.twin.cells import cell_model
from heliograph.twin.energy import read_meters
from heliograph.units import HOUR_MS, ms_from_h
from heliograph.view import Hit, Recorded
from heliograph.view.day import LONGEST_CHUNK_MS
from heliograph.view.floor import FORMAT, FloorTold
from heliograph.view.ground import ground_of
from heliograph.view.live import Motion, Portion, decode_portion
from heliograph.view.series import encode
from heliograph.view.source import Order, Pulse
from heliograph.view.told import VehicleTold
from heliograph.view.vehicles import MISHAP_KINDS, PHASES

__all__ = ["Live"]

_FOLLOW_S: Final = 0.1
_REST: Final = 4
"""After a record so far has been made, so many times as long no other one is."""
_QUICK_S: Final = 0.5
"""One that takes no longer is waited for; else the one before has to do meanwhile."""
_LONGEST_STEP_MS: Final = 24 * HOUR_MS

T = TypeVar("T")


class Live:
    """See `view.source.LiveSource`. Safe to be asked from several threads."""

    def __init__(
        self,
        files: PlantFiles,
        spool: Spool,
        orders: socket.socket,
        *,
        hours: float,
        warmup_h: float,
        seed: int,
        mishaps: bool,
    ) -> None:
        """A run of a plant, of which nothing is known yet; `follow` reads what it tells."""
        plant = files.plant
        self.files = files
        self.key = secrets.token_urlsafe(24)
        self._spool, self._orders = spool, orders
        self._from_ms, self._until_ms = -ms_from_h(warmup_h), ms_from_h(hours)
        self._lock = threading.Lock()
        self._motion = Motion(files)
        self._book = Book(plant, seed=seed, from_ms=self._from_ms, mishaps=mishaps)
        self._ground = ground_of(files, self._motion.drives.layout_ways)
        self._prefix = lot_prefix(plant.site, plant.calendar.start)
        self._part, self._speed, self._paused, self._message = "starting", 0.0, False, ""
        self._over = False
        self._day: Recorded | None = None
        self._finished = False
        self._folders: list[tempfile.TemporaryDirectory[str]] = []
        """Of the last records so far: somebody may still read in the one before."""
        self._making = threading.Lock()
        self._made_s, self._cost_s = 0.0, 0.0
        self._ordering = threading.Lock()

    # what the run tells

    def follow(self) -> None:
        """Read what the run tells, until it is over."""
        while not self._over:
            if not self.catch_up():
                time.sleep(_FOLLOW_S)

    def catch_up(self) -> bool:
        """Read what has been told since; whether that was anything."""
        some = False
        for raw in self._spool.read():
            some = True
            portion = decode_portion(raw)
            with self._lock:
                self._add(portion)
            if portion.part == "done" and portion.folder:
                self._finish(Path(portion.folder))
        return some

    def _add(self, portion: Portion) -> None:
        self._motion.add(portion)
        self._book.add(portion)
        self._part, self._speed, self._paused = portion.part, portion.speed, portion.paused
        self._message = portion.message
        if portion.part in ("recording", "done"):
            self._motion.end()
        self._over = portion.part in ("done", "failed")

    def _finish(self, folder: Path) -> None:
        with contextlib.suppress(HeliographError):  # moved away already: then what is known has to do
            record, plant = open_folder(folder), read_plant(str(folder / "plant"))
            day = Recorded(record, plant)
            with self._making:
                self._day, self._finished = day, True

    # the contract

    def floor(self) -> bytes:
        """See `Source`."""
        plant, start = self.files.plant, self.files.plant.calendar.start
        with self._lock:
            lots, reasons = self._lot_names(0), tuple(self._motion.reasons)
            ways = np.array(self._motion.drives.more_ways, np.int64).reshape(-1).tolist()
            span = self._span()
            layout = [
                (name, each.things, [(column, values.dtype.name) for column, values in each.columns.items()])
                for name, each in self._motion.series.items()
            ]
        told = FloorTold(
            format=FORMAT,
            title=plant.title,
            title_zh=plant.title_zh,
            where="",
            start=iso(start, 0),
            span=span,
            partial=False,
            lines=plant.lines,
            route=plant.route,
            steps={step.code: (step.name, step.name_zh) for step in plant.steps},
            ground=msgspec.structs.replace(self._ground, ways=[*self._ground.ways, *ways]),
            vehicles=[f"V{number + 1:03d}" for number in range(plant.vehicles.count)],
            carriers=[carrier_id(number) for number in range(plant.carriers.count)],
            lots=lots,
            states=E10_STATES,
            reasons=reasons,
            phases=PHASES,
            mishaps=MISHAP_KINDS,
            series=layout,
            lost={},
            live=True,
            key=self.key,
        )
        return msgspec.json.encode(told)

    def _lot_names(self, known: int) -> list[str]:
        return [lot_id(self._prefix, number) for number in range(known, self._motion.lots)]

    def _span(self) -> tuple[int, int]:
        now_ms = max(self._motion.now_ms, self._from_ms)
        return (self._from_ms if now_ms <= 0 else 0), now_ms

    def span(self) -> tuple[int, int]:
        """See `Source`."""
        with self._lock:
            return self._span()

    def chunk(self, from_ms: int, to_ms: int) -> bytes:
        """See `Source`."""
        if not 0 <= to_ms - from_ms <= LONGEST_CHUNK_MS:
            raise UsageWrong(f"a chunk from {from_ms} to {to_ms} ms", hint="ask for an hour at most")
        with self._lock:
            return encode(self._motion.series.values(), from_ms, to_ms)

    def pulse(self, lots: int, reasons: int, ways: int) -> Pulse:
        """See `LiveSource`."""
        with self._lock:
            motion = self._motion
            return Pulse(
                span=self._span(),
                final_ms=motion.final_ms,
                until_ms=self._until_ms,
                part=self._part,
                speed=self._speed,
                paused=self._paused,
                message=self._message,
                lots=self._lot_names(max(lots, 0)),
                reasons=motion.reasons[max(reasons, 0) :],
                ways=[
                    node for way in motion.drives.more_ways[max(ways - self._ground.layout_ways, 0) :] for node in way
                ],
            )

    def steer(self, order: Order) -> None:
        """See `LiveSource`."""
        if self._over:
            raise UsageWrong("the run is over: its pace cannot be changed", hint="what has been can be played again")
        if order.speed is not None and order.speed != 0 and not SLOWEST <= order.speed <= FASTEST:
            raise UsageWrong(f"speed {order.speed:g}", hint=f"{SLOWEST:g} to {FASTEST:g}, or 0: as fast as it can")
        if order.step_ms is not None and not 0 < order.step_ms <= _LONGEST_STEP_MS:
            raise UsageWrong(f"a step of {order.step_ms} ms", hint="more than 0, and a day at most")
        try:
            with self._ordering:
                self._orders.sendall(msgspec.json.encode(order) + b"\n")
        except OSError as wrong:
            raise UsageWrong("the run is over, or does not answer") from wrong

    def details(self, kind: str, thing: str, at_ms: int) -> msgspec.Struct:
        """See `Source`."""
        told = self._asked(lambda day: day.details(kind, thing, min(at_ms, day.end_ms)), at_ms)
        if isinstance(told, VehicleTold):  # ways beyond the layout's have other numbers there
            told = msgspec.structs.replace(told, path=[way for way in told.path if way < self._ground.layout_ways])
        return told

    def trace(self, thing: str, unit: int | None, from_ms: int | None, to_ms: int | None) -> msgspec.Struct:
        """See `Source`."""
        return self._asked(lambda day: day.trace(thing, unit, from_ms, to_ms))

    def together(self, machine: str, unit: int, batch: int) -> msgspec.Struct:
        """See `Source`."""
        return self._asked(lambda day: day.together(machine, unit, batch))

    def search(self, text: str) -> list[Hit]:
        """See `Source`."""
        try:
            return self._asked(lambda day: day.search(text))
        except NotFound:  # in the warm-up
            return []

    def figures(self) -> msgspec.Struct:
        """See `Source`."""
        return self._asked(lambda day: day.figures())

    def charts(self) -> msgspec.Struct:
        """See `Source`."""
        return self._asked(lambda day: day.charts())

    def units(self, step: str) -> Sequence[msgspec.Struct]:
        """See `Source`."""
        return self._asked(lambda day: day.units(step))

    def heat(self, from_ms: int, to_ms: int) -> msgspec.Struct:
        """See `Source`."""
        return self._asked(lambda day: day.heat(from_ms, to_ms))

    # the record so far

    def _asked(self, ask: Callable[[Recorded], T], at_ms: int | None = None) -> T:
        """The answer of a day that knows of a moment (None: of now), or of the latest one that there is."""
        day = self._day
        if not self._finished and (day is None or at_ms is None or at_ms > day.end_ms):
            day = self._renewed() or day
        if day is None:
            raise NotFound("the record has not begun", hint="the warm-up runs first, and is not recorded")
        return ask(day)

    def _renewed(self) -> Recorded | None:
        """A newer day, if there is time to make one."""
        if time.monotonic() - self._made_s < _REST * self._cost_s:
            return self._day
        if self._day is None or self._cost_s <= _QUICK_S:
            with self._making:
                self._make()
            return self._day
        if self._making.acquire(blocking=False):
            threading.Thread(target=self._make_aside, daemon=True).start()
        return self._day

    def _make_aside(self) -> None:
        try:
            self._make()
        finally:
            self._making.release()

    def _make(self) -> None:
        """Write the record so far, and open it."""
        if self._finished:
            return
        began_s = time.monotonic()
        with self._lock:
            if not self._book.begun or (self._day is not None and self._day.end_ms == self._book.now_ms):
                return
            book = self._book.daybook()
        plant = self.files.plant
        folder = tempfile.TemporaryDirectory(prefix="heliograph-live-")
        floor = floor_of(plant, book.machine_ids)
        meters = read_meters(plant, book, floor)
        where, draw = Path(folder.name), cell_model(plant, book, floor, meters)
        write_record(plant, book, floor, self.files.roadmap.node_ids, where, meters, draw)
        self._day = Recorded(open_folder(where), self.files)
        self._folders.append(folder)
        for old in self._folders[:-2]:
            old.cleanup()
        self._folders = self._folders[-2:]
        self._made_s = time.monotonic()
        self._cost_s = self._made_s - began_s

    def close(self) -> None:
        """Leave nothing behind."""
        self._over = True
        for folder in self._folders:
            folder.cleanup()
