"""This side of a run that is watched: starts the process that serves the page, and tells it what happens.

That process takes as long to start as this one: it is started first, and what the run itself needs is loaded while it
loads the server. So neither is imported here.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from heliograph.cli.show import note
from heliograph.errors import HeliographError
from heliograph.run.live.spool import Spool
from heliograph.web import Address, listen

if TYPE_CHECKING:
    from heliograph.run.live.feed import Feed

__all__ = ["Page", "Served", "Watched", "What", "watched"]

_READY_S = 30.0
_END_S = 5.0


class What(msgspec.Struct, frozen=True, kw_only=True):
    """The run that is watched."""

    plant: str
    hours: float
    warmup_h: float | None
    """None: as long as the plant says."""
    seed: int
    mishaps: bool


class Page(NamedTuple):
    """How it is to be watched."""

    host: str
    port: int
    speed: float
    """0: as fast as it can."""
    browse: bool
    """Open the page in a browser."""
    show: Callable[[str], None]
    """Called with the address once the page answers."""


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What the process that serves the page is told as it starts."""

    what: What
    address: Address
    listening: int
    spool: int
    orders: int
    """File descriptors."""


class Watched:
    """A run that is watched."""

    def __init__(
        self, server: subprocess.Popen[bytes], orders: socket.socket, spool: Spool, page: Page, url: str
    ) -> None:
        self._server, self._orders, self._spool = server, orders, spool
        self._page, self._url = page, url
        self._announced = self._seen = False

    def announce(self) -> None:
        """Say where the page is, once it answers. Before this, nothing has been said of it."""
        self._announced = True
        self._orders.settimeout(_READY_S)
        with contextlib.suppress(TimeoutError):
            self._seen = bool(self._orders.recv(1))
        if self._seen:
            self._page.show(self._url)
            if self._page.browse:
                webbrowser.open(self._url)
        else:
            note(f"no page answered within {_READY_S:.0f} s, or its server ended: the run goes on unwatched")

    def part(self, part: str) -> None:
        """The run does this now. Says so, once, if nobody can watch it any more."""
        self.feed.part(part)
        if self._seen and (self.feed.lost or self._server.poll() is not None):
            self._seen = False
            why = "what is told to it cannot be written (TMPDIR)" if self.feed.lost else "its server ended"
            note(f"the page is gone, {why}: the run goes on unwatched")

    @cached_property
    def feed(self) -> Feed:
        """What tells of the run; not before `announce`, which hears from the same socket."""
        from heliograph.run.live.feed import Feed
        from heliograph.run.live.pace import Pace

        return Feed(self._spool, Pace(self._orders, self._page.speed))

    def failed(self, message: str) -> None:
        """The run has ended before its end, maybe before it has begun."""
        if self._announced:
            self.feed.failed(message)
        else:
            self._server.terminate()

    def done(self, folder: Path, *, stay: bool) -> None:
        """The run is over; the page stays as it is until Ctrl-C, or until its server ends."""
        self.feed.done(str(folder.absolute()))
        if stay and self._seen and self._server.poll() is None:
            note("the page stays, as a replay of this run: end it with Ctrl-C")
            with contextlib.suppress(KeyboardInterrupt):
                self._server.wait()


@contextlib.contextmanager
def watched(what: What, page: Page) -> Iterator[Watched]:
    """Serve the page of a run for as long as this lasts.

    Raises:
        UsageWrong: the address is not one of this machine, or the port is taken.
    """
    listening, address = listen(page.host, page.port)
    mine, theirs = socket.socketpair()
    spool = Spool()
    handles = (listening.fileno(), spool.handle, theirs.fileno())
    served = Served(what=what, address=address, listening=handles[0], spool=handles[1], orders=handles[2])
    told = msgspec.json.encode(served)
    command = [sys.executable, "-m", "heliograph.cli.live.server", told.decode()]
    # In a group of its own: Ctrl-C is the run's to hear, and the run closes the socket.
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=handles, process_group=0)
    theirs.close()
    listening.close()
    watch = Watched(server, mine, spool, page, address.url)
    try:
        yield watch
    except HeliographError as wrong:
        watch.failed(wrong.message)
        raise
    finally:
        mine.close()
        spool.close()
        try:
            server.wait(_END_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
