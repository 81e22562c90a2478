"""Fixtures of the archive's tests: a catalog of each kind, a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import new_database, postgres_server

from heliograph.archive.catalog import MemoryStore, Where


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A server for all tests of this process; each test takes a database of its own."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres", "memory"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Where:
    """Where a catalog may be, of each kind: whoever asks for it runs three times."""
    if request.param == "memory":
        return MemoryStore()
    if request.param == "sqlite":
        return tmp_path / "discs" / "catalog.sqlite"
    return new_database(request.getfixturevalue("postgres"))
