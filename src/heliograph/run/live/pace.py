"""How fast a run that is watched may go: times real time, as fast as it can, step by step, or not at all.

Who watches asks for it over a socket, one JSON document a line: {"speed": 60}, {"paused": true}, {"step_ms": 1000}.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from typing import Final

import msgspec

from heliograph.view.source import Order

__all__ = ["FASTEST", "SLOWEST", "Pace"]

SLOWEST: Final = 1.0
FASTEST: Final = 3600.0
"""Of the speeds that can be named; 0 is as fast as it can."""

_BEAT_S: Final = 0.05
"""A run that is held back looks this often whether it may go on."""
_BEHIND_S: Final = 1.0
"""A run that cannot keep up with its speed does not try to make good more than this."""


class Pace:
    """Holds a run back."""

    def __init__(self, orders: socket.socket, speed: float) -> None:
        """The pace as asked for at first.

        Args:
            orders: where orders come from; not read from while nothing comes.
            speed: 0: as fast as it can.
        """
        orders.setblocking(False)
        self._orders: socket.socket | None = orders
        self._heard = b""
        self.speed = speed
        self.paused = False
        self.stop: Callable[[], bool] = lambda: False
        """Asked while the run is held back: is it to end?"""
        self._step_until_ms: int | None = None
        self._zero_s = time.monotonic()
        self._zero_ms: int | None = None
        self.free = True
        """Not to be held back whatever the speed: the warm-up, that nobody counts. A pause holds it, too."""

    @property
    def unbound(self) -> bool:
        """Whether nothing holds the run back."""
        return not self.paused and (self.free or not self.speed)

    def listen(self, now_ms: int, wait_s: float = 0.0) -> None:
        """Hear what is asked for, for at most so long."""
        if self._orders is None:
            time.sleep(wait_s)
            return
        if not select.select([self._orders], [], [], wait_s)[0]:
            return
        try:
            said = self._orders.recv(65536)
        except (BlockingIOError, ConnectionError):
            return
        if not said:  # nobody watches any more, and nobody can ask to go on
            self._orders = None
            self.paused = False
            self._again()
            return
        *lines, self._heard = (self._heard + said).split(b"\n")
        for line in lines:
            self._obey(msgspec.json.decode(line, type=Order), now_ms)

    def _obey(self, order: Order, now_ms: int) -> None:
        if order.speed is not None:
            self.speed = order.speed
        if order.paused is not None:
            self.paused = order.paused
            self._step_until_ms = None
        if order.step_ms is not None:
            self.paused = True
            self._step_until_ms = now_ms + order.step_ms
        self._again()

    def _again(self) -> None:
        self._zero_ms = None

    def upto(self, now_ms: int, wanted_ms: int) -> int:
        """How far the run may go from where it is: to the time that it wants, or less far; maybe no further at all."""
        if self.paused:
            if self._step_until_ms is None:
                return now_ms
            if now_ms >= self._step_until_ms:
                self._step_until_ms = None
                return now_ms
            return min(wanted_ms, self._step_until_ms)
        if self.unbound:
            return wanted_ms
        now_s = time.monotonic()
        if self._zero_ms is None:
            self._zero_s, self._zero_ms = now_s, now_ms
        due_ms = self._zero_ms + int((now_s - self._zero_s) * 1000 * self.speed)
        if due_ms - now_ms > _BEHIND_S * 1000 * self.speed:
            self._zero_s, self._zero_ms = now_s, now_ms
            due_ms = now_ms
        return min(wanted_ms, max(due_ms, now_ms))

    def rest(self, now_ms: int) -> None:
        """Wait a moment, or until something is asked for."""
        if not self.stop():
            self.listen(now_ms, _BEAT_S)
