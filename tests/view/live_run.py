"""`heliograph run --live` as people start it, for tests: its address, and what it answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from typing import Any

__all__ = ["NOW", "Run"]

NOW = {"timeout": 60_000}
"""The first run of a day compiles."""


class Run:
    """A run that is watched."""

    def __init__(self, *words: str) -> None:
        command = [sys.executable, "-m", "heliograph.cli.main", "run", *words, "--live", "--no-open", "--no-discs"]
        self._notes = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._notes, text=True, env=dict(os.environ)
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def interrupt(self) -> int:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()
        self._notes.close()

    @property
    def notes(self) -> list[str]:
        """What it has said on stderr."""
        self._notes.seek(0)
        return self._notes.read().splitlines()

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}api/{path}", timeout=30) as answer:
            return json.loads(answer.read())

    def pulse(self) -> dict[str, Any]:
        told: dict[str, Any] = self.ask("pulse?lots=0&reasons=0&ways=0")
        return told

    def order(self, body: bytes, path: str = "api/pace", **headers: str) -> int:
        """Ask for a pace as the page does, or with other headers (empty: without that one); the status."""
        host = self.url.removeprefix("http://").rstrip("/")
        own = {"content-type": "application/json", "origin": f"http://{host}"}
        own["x-heliograph-key"] = headers.get("x-heliograph-key") or self.ask("floor")["key"]
        sent = {name: value for name, value in {**own, **headers}.items() if value}
        asked = urllib.request.Request(self.url + path, body, sent, method="POST")
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as wrong:
            return wrong.code
