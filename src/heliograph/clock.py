"""Wall-clock instants of a record: an offset in milliseconds, and the midnight it counts from."""

from __future__ import annotations

from datetime import datetime, timedelta

__all__ = ["instant", "iso"]


def instant(start: datetime, at_ms: int) -> datetime:
    """The instant `at_ms` milliseconds after the record's `start`."""
    return start + timedelta(milliseconds=at_ms)


def iso(start: datetime, at_ms: int) -> str:
    """The same as ISO 8601 text with milliseconds and offset."""
    return instant(start, at_ms).isoformat(timespec="milliseconds")
