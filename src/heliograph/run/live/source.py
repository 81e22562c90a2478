"""A run in progress as the page's source, in a process of its own: it reads what the run tells, and answers.

Chunks come from series that grow, and details from those and from tables that grow, up to the last portion; figures,
charts and traces from a record of what has been so far. When the run is done all come from its own record.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from heliograph.clock import iso
from heliograph.errors import NotFound, UsageWrong
from heliograph.ids import lot_id, lot_prefix
from heliograph.plant.read import PlantFiles
from heliograph.run.live.book import Book
from heliograph.run.live.pace import FASTEST, SLOWEST
from heliograph.run.live.present import Present
from heliograph.run.live.so_far import SoFar
from heliograph.run.live.spool import Spool
from heliograph.units import HOUR_MS, ms_from_h
from heliograph.view import Hit
from heliograph.view.day import LONGEST_CHUNK_MS
from heliograph.view.details import details_of
from heliograph.view.floor import bare_floor
from heliograph.view.ground import ground_of
from heliograph.view.live import Motion, Portion, decode_portion
from heliograph.view.search import find, find_cell, is_cell
from heliograph.view.series import described, encode
from heliograph.view.source import Order, Pulse
from heliograph.view.told import VehicleTold

__all__ = ["Live"]

_FOLLOW_S: Final = 0.1
_LONGEST_STEP_MS: Final = 24 * HOUR_MS


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
        self._book = book = Book(plant, seed=seed, from_ms=self._from_ms, mishaps=mishaps)
        self._ground = ground_of(files, self._motion.drives.layout_ways)
        self._prefix = lot_prefix(plant.site, plant.calendar.start)
        self._part, self._speed, self._paused, self._message = "starting", 0.0, False, ""
        self._over = False
        self._present = Present(files, self._ground, self._motion, book, self._prefix)
        self._so_far = SoFar(files, book, self._lock)
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
                self._so_far.finish(Path(portion.folder))
        return some

    def _add(self, portion: Portion) -> None:
        self._motion.add(portion)
        self._book.add(portion)
        self._part, self._speed, self._paused = portion.part, portion.speed, portion.paused
        self._message = portion.message
        if portion.part in ("recording", "done"):
            self._motion.end()
        self._over = portion.part in ("done", "failed")

    # the contract

    def floor(self) -> bytes:
        """See `Source`."""
        with self._lock:
            lots, reasons = self._lot_names(0), tuple(self._motion.reasons)
            ways = np.array(self._motion.drives.more_ways, np.int64).reshape(-1).tolist()
            span, series = self._span(), described(self._motion.series)
        ground = msgspec.structs.replace(self._ground, ways=[*self._ground.ways, *ways])
        told = msgspec.structs.replace(
            bare_floor(self.files, ground, start=iso(self.files.plant.calendar.start, 0), span=span),
            vehicles=self._present.vehicle_ids,
            carriers=self._present.carrier_ids,
            lots=lots,
            reasons=reasons,
            series=series,
            reading=False,
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
        if kind == "cell":
            return self._so_far.day().details(kind, thing, at_ms)
        if self._so_far.finished and at_ms >= 0:
            told = self._so_far.day().details(kind, thing, at_ms)
            if isinstance(told, VehicleTold):  # ways beyond the layout's have other numbers there
                told = msgspec.structs.replace(told, path=[way for way in told.path if way < self._ground.layout_ways])
            return told
        with self._lock:
            known = self._present
            return details_of(known, kind, thing, min(max(at_ms, known.begin_ms), known.end_ms))

    def trace(self, thing: str, unit: int | None, from_ms: int | None, to_ms: int | None) -> msgspec.Struct:
        """See `Source`."""
        return self._so_far.day().trace(thing, unit, from_ms, to_ms)

    def together(self, machine: str, unit: int, batch: int) -> msgspec.Struct:
        """See `Source`."""
        return self._so_far.day().together(machine, unit, batch)

    def search(self, text: str) -> list[Hit]:
        """See `Source`."""
        cells: list[Hit] = []
        with contextlib.suppress(NotFound):  # in the warm-up
            cells = find_cell(self._so_far.day(), text) if is_cell(text) else []
        with self._lock:
            return [*cells, *find(self._present, text)]

    def figures(self) -> msgspec.Struct:
        """See `Source`."""
        return self._so_far.day().figures()

    def charts(self) -> msgspec.Struct:
        """See `Source`."""
        return self._so_far.day().charts()

    def units(self, step: str) -> Sequence[msgspec.Struct]:
        """See `Source`."""
        return self._so_far.day().units(step)

    def heat(self, from_ms: int, to_ms: int) -> msgspec.Struct:
        """See `Source`."""
        return self._so_far.day().heat(from_ms, to_ms)

    def close(self) -> None:
        """Leave nothing behind."""
        self._over = True
        self._so_far.close()
