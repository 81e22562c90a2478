"""One viewer of a run in progress, a process of its own: asks what the page asks, as often as the page does.

    python -I bench/live_viewer.py URL watch | stuck | vanish

- watch: the page's files and the floor, then every half second the pulse and the chunk since the last one, every ten
  seconds the figures, until the run is over or nobody answers (`page/src/live.ts`, `main.ts`).
- stuck: asks for the floor and for chunks until the server takes no more, and never reads an answer.
- vanish: as watch, and gone in the middle of an answer, without a word, after a few seconds.

Prints what it got as one JSON document: pulses, chunks, figures, bytes, and the median and longest wait for a pulse in
ms. Only the standard library, so that a viewer starts quickly.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import socket
import struct
import sys
import time
from urllib.parse import urlsplit

PULSE_S = 0.5
FIGURES_S = 10.0
LONGEST_MS = 3_600_000
VANISH_S = (2.0, 8.0)


class Viewer:
    """One page that is open."""

    def __init__(self, host: str) -> None:
        self.line = http.client.HTTPConnection(host, timeout=60)
        self.pulses = self.chunks = self.figures = self.bytes = 0
        self.waits: list[float] = []

    def ask(self, path: str) -> bytes:
        self.line.request("GET", path)
        answer = self.line.getresponse()
        said = answer.read()
        self.bytes += len(said)
        return said if answer.status == 200 else b""

    def open(self) -> None:
        for path in ("/", "/static/main.js", "/static/style.css"):
            self.ask(path)
        floor = json.loads(self.ask("/api/floor"))
        self.known = [len(floor["lots"]), len(floor["reasons"]), len(floor["ground"]["ways"]) // 2]
        self.seen = floor["span"][1]
        self.counted_s = time.monotonic()

    def look(self) -> bool:
        """One beat of the page; whether the run goes on."""
        began_s = time.monotonic()
        lots, reasons, ways = self.known
        told = json.loads(self.ask(f"/api/pulse?lots={lots}&reasons={reasons}&ways={ways}"))
        self.waits.append(1000 * (time.monotonic() - began_s))
        self.pulses += 1
        begin, now = told["span"]
        if now > self.seen:
            self.ask(f"/api/chunk?from={max(self.seen, now - LONGEST_MS)}&to={now}")
            self.chunks += 1
        self.seen = max(now, begin)
        self.known = [lots + len(told["lots"]), reasons + len(told["reasons"]), ways + len(told["ways"]) // 2]
        if begin >= 0 and now > 0 and began_s - self.counted_s >= FIGURES_S:
            self.ask("/api/figures")
            self.figures += 1
            self.counted_s = began_s
        time.sleep(max(PULSE_S - (time.monotonic() - began_s), 0.05))
        return told["part"] not in ("done", "failed")

    def told(self) -> dict[str, float]:
        waits = sorted(self.waits) or [0.0]
        names = ("pulses", "chunks", "figures", "bytes")
        return {
            **{name: getattr(self, name) for name in names},
            "wait_ms": waits[len(waits) // 2],
            "longest_ms": waits[-1],
        }


def watch(host: str, until_s: float = float("inf")) -> Viewer:
    """Look until the run is over, nobody answers, or the time has come."""
    viewer = Viewer(host)
    try:
        viewer.open()
        while viewer.look() and time.monotonic() < until_s:
            pass
    except (OSError, http.client.HTTPException):
        pass
    return viewer


def stick(host: str) -> None:
    """Ask, and never read; until somebody ends this process."""
    name, _, port = host.partition(":")
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect((name, int(port)))
    line.settimeout(1.0)
    ask = b"".join(
        f"GET /api/{path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() for path in ("floor", "chunk?from=0&to=3600000")
    )
    with contextlib.suppress(OSError):
        while True:
            line.sendall(ask)
    time.sleep(86_400)  # the server takes no more: hold the line


def vanish(host: str) -> None:
    """Look for a while, then end the connection with a reset in the middle of an answer."""
    viewer = watch(host, time.monotonic() + random.uniform(*VANISH_S))
    print(json.dumps(viewer.told()), flush=True)
    with contextlib.suppress(OSError):  # a short run may be over
        viewer.line.request("GET", "/api/floor")
        assert viewer.line.sock is not None
        viewer.line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        viewer.line.sock.close()


if __name__ == "__main__":
    place, manner = urlsplit(sys.argv[1]).netloc, sys.argv[2]
    if manner == "stuck":
        stick(place)
    elif manner == "vanish":
        vanish(place)
    else:
        print(json.dumps(watch(place).told()))
