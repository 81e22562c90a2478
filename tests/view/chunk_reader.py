"""Reads a chunk as `view/series.py` describes it, value by value: what the page's decoder does."""

from __future__ import annotations

import struct
from typing import Any

TYPES = {"uint8": "B", "uint16": "H", "uint32": "I", "int32": "i"}


def read_chunk(raw: bytes, layout: list[Any]) -> tuple[float, dict[str, list[list[dict[str, int]]]]]:
    """When it begins, and of each series the rows of each thing: `at`, ms after the record's start, and columns."""
    begins, _ = struct.unpack_from("<dd", raw, 0)
    offset = 16

    def take(letter: str, count: int) -> list[int]:
        nonlocal offset
        values = list(struct.unpack_from(f"<{count}{letter}", raw, offset))
        offset += -(-struct.calcsize(f"<{count}{letter}") // 4) * 4
        return values

    found: dict[str, list[list[dict[str, int]]]] = {}
    for name, things, columns in layout:
        (count,) = take("I", 1)
        each = take("H", things)
        assert sum(each) == count
        values = {"at": [int(begins) + at for at in take("i", count)]}
        values |= {column: take(TYPES[kind], count) for column, kind in columns}
        rows = iter([dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)])
        found[name] = [[next(rows) for _ in range(number)] for number in each]
    assert offset == len(raw)
    return begins, found


def at(rows: list[dict[str, int]], time: float) -> dict[str, int] | None:
    """The row that holds at a time."""
    begun = [row for row in rows if row["at"] <= time]
    return begun[-1] if begun else None
