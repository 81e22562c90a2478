"""`heliograph replay` as people start it, for benchmarks and tests: its address, and what it answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

__all__ = ["asked", "asked_json", "images_of", "served"]


@contextmanager
def served(*words: str | Path) -> Iterator[str]:
    """Start the command with these words, give the address that it prints, and stop it by its process in the end."""
    command = [sys.executable, "-m", "heliograph.cli.main", "replay", *map(str, words), "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as server:
        assert server.stdout is not None
        line = server.stdout.readline().strip()
        if not line:
            raise SystemExit(f"heliograph replay ended with exit code {server.wait()}")
        try:
            yield line
        finally:
            server.terminate()


def asked(url: str, path: str, **wishes: object) -> bytes:
    """The answer to a path of a server, whatever fragment its address has."""
    parts = urlsplit(url)
    with urllib.request.urlopen(f"{parts.scheme}://{parts.netloc}/api/{path}?{urlencode(wishes)}") as answer:
        raw: bytes = answer.read()
    return raw


def asked_json(url: str, path: str, **wishes: object) -> Any:
    """The same, parsed."""
    return json.loads(asked(url, path, **wishes))


def images_of(day: Path) -> list[Path]:
    """The disc images of a run directory."""
    return sorted((day / "discs").glob("*.iso"))
