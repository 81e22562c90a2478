"""The process that serves the page of a run in progress: `python -m heliograph.cli.live.server`, started by the run."""

from __future__ import annotations

import signal
import socket
import sys
import threading

import msgspec

from heliograph.cli.live.watched import Served
from heliograph.plant.read import read_plant
from heliograph.run.live.source import Live
from heliograph.run.live.spool import Spool
from heliograph.web.serve import serve_live

__all__ = ["main"]


def main(told: str) -> None:
    """Serve until the run closes the socket of its orders, or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the run's to hear, and the run closes the socket
    asked = msgspec.json.decode(told, type=Served)
    what = asked.what
    orders = socket.socket(fileno=asked.orders)
    live = Live(
        read_plant(what.plant),
        Spool(asked.spool),
        orders,
        hours=what.hours,
        warmup_h=what.warmup_h,
        seed=what.seed,
        mishaps=what.mishaps,
    )
    threading.Thread(target=live.follow, daemon=True).start()
    serve_live(
        live,
        live.key,
        socket.socket(fileno=asked.listening),
        asked.address,
        ready=lambda: orders.sendall(b"\n"),
        over=lambda: _closed(orders),
    )
    live.close()


def _closed(orders: socket.socket) -> None:
    """Come back when the other end is closed; it never says anything."""
    try:
        orders.recv(1)
    except OSError:
        return


if __name__ == "__main__":
    main(sys.argv[1])
