"""The process that serves the page of a run in progress: `python -m heliograph.cli.live.server`, started by the run."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading

import msgspec

from heliograph.cli.live.watched import Served
from heliograph.errors import HeliographError
from heliograph.plant.read import read_plant
from heliograph.run.live.source import Live
from heliograph.run.live.spool import Spool
from heliograph.web.serve import serve_live

__all__ = ["main"]


def main(told: str) -> None:
    """Serve until the run closes the socket of its orders, or dies."""
    asked = msgspec.json.decode(told, type=Served)
    what = asked.what
    orders = socket.socket(fileno=asked.orders)
    try:
        files = read_plant(what.plant)
    except HeliographError:  # the run reads it, too, and says what is wrong
        return
    if files.plant.transport == "direct":  # the run refuses it
        return
    live = Live(
        files,
        Spool(asked.spool),
        orders,
        hours=what.hours,
        warmup_h=files.plant.flow.warmup_h if what.warmup_h is None else what.warmup_h,
        seed=what.seed,
        mishaps=what.mishaps,
    )
    threading.Thread(target=live.follow, daemon=True).start()
    serve_live(
        live,
        live.key,
        socket.socket(fileno=asked.listening),
        asked.address,
        ready=lambda: _say_ready(orders),
        over=lambda: _closed(orders),
    )
    live.close()


def _say_ready(orders: socket.socket) -> None:
    """Tell the run that the page answers; if the run is gone by now, that is seen in a moment."""
    with contextlib.suppress(OSError):
        orders.sendall(b"\n")


def _closed(orders: socket.socket) -> None:
    """Come back when the other end is closed; it never says anything."""
    try:
        orders.recv(1)
    except OSError:
        return


if __name__ == "__main__":
    main(sys.argv[1])
