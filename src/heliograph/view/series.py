"""What changes with time, as arrays: the state at any instant by binary search, and stretches of time as bytes.

A chunk of time from t0 to t1 holds, of every thing (vehicle, machine, carrier), the row in force at t0 and all rows up
to t1. Whoever has it can show each instant between without asking again. Its bytes, little endian:

    f64 t0, f64 t1                       milliseconds after the record's start
    then for each series, in the order that the floor names them, each part filled up to a multiple of 4 bytes:
    u32 rows                             in all
    u16 rows of each thing
    i32 of each row: its time less t0
    each column of the rows, in the type that the floor names
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from heliograph.daybook import I32
from heliograph.errors import UsageWrong

__all__ = ["LONG_AGO", "NEVER", "Ints", "Rows", "Series", "described", "encode", "least_type", "series_of"]

NEVER: Final = int(np.iinfo(np.int64).max)
"""A moment that has not come within the record."""
LONG_AGO: Final = -(10**12)
"""Before any record and its warm-up (31 years): the time of what held from the beginning."""
_LONGEST_MS: Final = 2**31 - 1
_MOST_ROWS: Final = 65535

Ints = NDArray[np.int64]
_Column = NDArray[Any]
"""Of one of the types that a page reads: uint8, uint16, uint32, int32."""


class Rows(Protocol):
    """Anything that a chunk can be cut from: a `Series`, or one that still grows."""

    @property
    def things(self) -> int:
        """How many."""
        ...

    @property
    def at(self) -> Ints:
        """(rows,) ms after the record's start."""
        ...

    @property
    def columns(self) -> Mapping[str, _Column]:
        """Values of the rows; each array (rows,)."""
        ...

    def between(self, from_ms: int, to_ms: int) -> tuple[Ints, Ints]:
        """(n,) how many rows each thing has in that time, the one in force at its begin included; and the rows."""
        ...


class Series(NamedTuple):
    """How each of n things changed; one row a change."""

    start: Ints
    """(n + 1,) thing i has the rows start[i] to start[i + 1], in order of time."""
    at: Ints
    """(rows,) ms after the record's start; the value holds from then until the thing's next row."""
    columns: Mapping[str, _Column]
    """Values of the rows; each array (rows,)."""
    key: Ints
    """(rows,) thing and time in one number that grows from row to row, for one search over all things."""
    first: int
    """The earliest `at`."""
    length: int
    """Longer than the time from the first row to the last."""

    @property
    def things(self) -> int:
        """How many things there are."""
        return len(self.start) - 1

    def upto(self, at_ms: int) -> Ints:
        """(n,) of each thing the number of the row after the last one that began by then; all rows counted."""
        offset = min(max(at_ms - self.first, -1), self.length - 1)
        wanted = np.arange(self.things, dtype=np.int64) * self.length + offset
        return np.searchsorted(self.key, wanted, side="right")

    def in_force(self, at_ms: int) -> Ints:
        """(n,) the row of each thing that holds at an instant; -1: none has begun."""
        row = self.upto(at_ms) - 1
        return np.where(row >= self.start[:-1], row, -1)

    def between(self, from_ms: int, to_ms: int) -> tuple[Ints, Ints]:
        """(n,) how many rows each thing has in that time, the one in force at its begin included; and the rows."""
        begins = np.maximum(self.upto(from_ms) - 1, self.start[:-1])
        counts = np.maximum(self.upto(to_ms) - begins, 0)
        before = np.cumsum(counts) - counts
        rows = np.arange(int(counts.sum()), dtype=np.int64) + np.repeat(begins - before, counts)
        return counts, rows

    def of(self, thing: int) -> slice:
        """The rows of one thing."""
        return slice(int(self.start[thing]), int(self.start[thing + 1]))


def series_of(things: int, thing: Ints | I32, at: Ints, order: Ints | None = None, **columns: _Column) -> Series:
    """Sort rows by thing and time (rows of one instant: by `order`, else as given) into a series."""
    first = int(at.min()) if len(at) else 0
    length = (int(at.max()) - first if len(at) else 0) + 2
    key = thing.astype(np.int64)
    key *= length
    key += at
    key -= first
    if order is None and (key[1:] >= key[:-1]).all():  # as most are
        return Series(np.searchsorted(thing, np.arange(things + 1)), at, columns, key, first, length)
    row = np.argsort(key, kind="stable") if order is None else np.lexsort((order, key))
    return Series(
        start=np.searchsorted(thing[row], np.arange(things + 1)),
        at=at[row],
        columns={name: column[row] for name, column in columns.items()},
        key=key[row],
        first=first,
        length=length,
    )


def least_type(values: int) -> type[np.uint16] | type[np.uint32]:
    """The smaller type that tells so many values apart, and one more for none (the largest)."""
    return np.uint16 if values < _MOST_ROWS else np.uint32


def described(series: Mapping[str, Rows]) -> list[tuple[str, int, list[tuple[str, str]]]]:
    """Name, how many things, and name and type of each column: how to read what `encode` makes of them."""
    return [
        (name, each.things, [(column, values.dtype.name) for column, values in each.columns.items()])
        for name, each in series.items()
    ]


def encode(series: Iterable[Rows], from_ms: int, to_ms: int) -> bytes:
    """A chunk of time as bytes; the module says how.

    Raises:
        UsageWrong: the time is longer than a chunk can hold.
    """
    parts = [np.array([from_ms, to_ms], "<f8").tobytes()]
    for each in series:
        counts, rows = each.between(from_ms, to_ms)
        if to_ms - from_ms > _LONGEST_MS or (len(counts) and counts.max() > _MOST_ROWS):
            raise UsageWrong("too long a time for one chunk", hint="ask for an hour at most")
        since = np.clip(each.at[rows] - from_ms, -_LONGEST_MS, _LONGEST_MS)
        parts += [_filled(np.array([len(rows)], "<u4")), _filled(counts.astype("<u2")), _filled(since.astype("<i4"))]
        parts += [_filled(column[rows]) for column in each.columns.values()]
    return b"".join(parts)


def _filled(values: NDArray[np.generic]) -> bytes:
    raw = values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    return raw + bytes(-len(raw) % 4)
