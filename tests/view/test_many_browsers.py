"""Browsers that hang, or vanish in the middle of an answer, cost the others nothing and leave nothing behind."""

from __future__ import annotations

import socket
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from page_driver import serving

CLIENTS = 50


def ask(url: str, path: str) -> float:
    """Seconds until the whole answer was there."""
    began = time.perf_counter()
    with urllib.request.urlopen(url + path, timeout=10) as answer:
        assert answer.status == 200 and answer.read()
    return time.perf_counter() - began


def held(pid: int) -> tuple[int, int]:
    """Open files and kilobytes of memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    kb = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return len(list(Path(f"/proc/{pid}/fd").iterdir())), int(kb)


def test_fifty_that_hang_and_fifty_that_vanish_hold_up_nobody(run: Path):
    server, url = serving(str(run))
    try:
        parts = urlsplit(url)
        where = (parts.hostname or "", parts.port or 0)
        whole = f"GET /api/chunk?from=0&to=3600000 HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
        for path in ("api/span", "api/chunk?from=0&to=3600000", "api/floor"):
            ask(url, path)
        files, kb = held(server.pid)

        for _ in range(4):
            hanging = [socket.create_connection(where, timeout=5) for _ in range(CLIENTS)]
            for number, one in enumerate(hanging):  # half of them ask and never read, half never end their question
                one.sendall(whole if number % 2 else whole[:40])
            for _ in range(CLIENTS):
                with socket.create_connection(where, timeout=5) as gone:
                    gone.sendall(whole)
            assert ask(url, "api/span") < 5 and ask(url, "api/chunk?from=0&to=60000") < 5
            for one in hanging:
                one.close()

        until = time.monotonic() + 10
        while held(server.pid)[0] > files + 3 and time.monotonic() < until:
            time.sleep(0.1)
        assert held(server.pid)[0] <= files + 3
        assert held(server.pid)[1] < kb + 60_000
    finally:
        server.terminate()
        server.wait()
