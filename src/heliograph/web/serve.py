"""Listen, and serve the page until Ctrl-C."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from heliograph.view.source import LiveSource, Opening
from heliograph.web.app import application
from heliograph.web.coming import Coming
from heliograph.web.listening import Address, listen

__all__ = ["serve", "serve_live"]

_START_S: Final = 10.0
_END_S: Final = 3.0


def serve(opening: Opening, host: str, port: int, ready: Callable[[Address], None]) -> None:
    """Serve the page over a source until Ctrl-C; `ready` is called once it answers.

    The source is read meanwhile: a browser takes as long to start, and to read and draw the page.

    Raises:
        UsageWrong: see `listen`. And what `opening.read` raises.
    """
    listening, address = listen(host, port)
    coming = Coming(opening)
    server = _server(application(coming, address.hosts, address.token))
    threading.Thread(target=_announce, args=(server, lambda: ready(address)), daemon=True).start()
    coming.start(lambda: setattr(server, "should_exit", True))
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    listening.close()
    if coming.failure is not None:
        raise coming.failure


def serve_live(
    source: LiveSource,
    key: str,
    listening: socket.socket,
    address: Address,
    ready: Callable[[], None],
    over: Callable[[], None],
) -> None:
    """Serve the page over a run in progress until `over` comes back; for a process that Ctrl-C does not concern.

    Args:
        key: see `application`.
        listening: from `listen`, maybe of another process.
    """
    server = _server(application(source, address.hosts, address.token, source, key))
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    serving.start()
    _announce(server, ready)
    over()
    server.should_exit = True
    serving.join(_END_S)


def _server(app: ASGIApp) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
        lifespan="off",
        ws="none",
    )
    return uvicorn.Server(config)


def _announce(server: uvicorn.Server, ready: Callable[[], None]) -> None:
    until = time.monotonic() + _START_S
    while not server.started and time.monotonic() < until:
        time.sleep(0.005)
    if server.started:
        ready()
