"""Reads chunks of time, with the reader of the benchmarks' judge."""

from __future__ import annotations

from view_judge import read_chunk

__all__ = ["at", "read_chunk"]


def at(rows: list[dict[str, int]], time: float) -> dict[str, int] | None:
    """The row that holds at a time."""
    begun = [row for row in rows if row["at"] <= time]
    return begun[-1] if begun else None
