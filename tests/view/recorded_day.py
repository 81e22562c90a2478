"""An hour of the small workshop, with mishaps, recorded and sealed; and the tables of it as plain rows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from heliograph.cli.main import main
from heliograph.cli.places import find_workshop
from heliograph.record.store import Record
from heliograph.view import Recorded


def make_run(folder: Path) -> Path:
    words = ["run", "small", "--hours", "1", "--warmup", "23", "--mishaps", "--medium", "cd", "--json"]
    assert main([*words, "--out", str(folder)]) == 0
    return folder


def open_day(*places: Path) -> Recorded:
    return Recorded(*find_workshop(places))


def ms(record: Record, moment: datetime | None) -> float:
    """A time of the tables in ms after the record's start; infinity: empty."""
    return float("inf") if moment is None else round((moment.replace(tzinfo=UTC) - record.start).total_seconds() * 1000)


def rows_by(record: Record, table: str, column: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in record.rows(table):
        found.setdefault(row[column], []).append(row)
    return found
