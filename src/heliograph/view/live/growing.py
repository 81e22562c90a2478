"""A series that grows: rows are added as time passes, and any stretch of it is found as fast as in a finished one.

Rows lie in order of time, whatever thing they are of. Every so many rows it is noted which row of each thing is the
last: from there to any moment it is never far.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from heliograph.view.series import Ints

__all__ = ["Growing"]

NOTED: Final = 4096
"""Rows from one note to the next."""


class Growing:
    """How each of n things changes; the same answers as a `view.Series` of the same rows."""

    def __init__(self, things: int, **kinds: type[np.generic]) -> None:
        """Without rows; `kinds`: the columns, and their types."""
        self.things = things
        self.rows = 0
        self._at: Ints = np.zeros(1024, np.int64)
        self._thing: Ints = np.zeros(1024, np.int64)
        self._columns: dict[str, NDArray[Any]] = {name: np.zeros(1024, kind) for name, kind in kinds.items()}
        self._noted: list[Ints] = [np.full(things, -1, np.int64)]
        """(things,) the last row of each among the first `NOTED` times its place."""

    @property
    def at(self) -> Ints:
        """(rows,) when each begins; never earlier than the row before."""
        return self._at[: self.rows]

    @property
    def columns(self) -> Mapping[str, NDArray[Any]]:
        """Values of the rows; they may be written to."""
        return {name: column[: self.rows] for name, column in self._columns.items()}

    @property
    def last(self) -> Ints:
        """(things,) the last row of each; -1: it has none."""
        return self._upto(self.rows)

    def add(self, thing: Ints, at: Ints, **columns: NDArray[Any]) -> Ints:
        """Add rows, in any order; rows of one moment stay in the order that they are given in.

        A row of a time that lies before the last one takes that one's time: what has been told is not changed.

        Returns:
            (k,) where each of them lies now.
        """
        count = len(thing)
        order = np.argsort(at, kind="stable")
        begin, end = self.rows, self.rows + count
        if end > len(self._at):
            self._make_room(end)
        earliest = int(self._at[begin - 1]) if begin else np.iinfo(np.int64).min
        self._at[begin:end] = np.maximum(at[order], earliest)
        self._thing[begin:end] = thing[order]
        for name, values in columns.items():
            self._columns[name][begin:end] = values[order]
        self.rows = end
        while len(self._noted) * NOTED <= end:
            first = (len(self._noted) - 1) * NOTED
            self._noted.append(self._from(self._noted[-1], first, first + NOTED))
        rows = np.empty(count, np.int64)
        rows[order] = np.arange(begin, end)
        return rows

    def _make_room(self, rows: int) -> None:
        size = max(rows, 2 * len(self._at))

        def larger(old: NDArray[Any]) -> NDArray[Any]:
            return np.concatenate((old, np.zeros(size - len(old), old.dtype)))

        self._at, self._thing = larger(self._at), larger(self._thing)
        self._columns = {name: larger(column) for name, column in self._columns.items()}

    def _from(self, noted: Ints, first: int, end: int) -> Ints:
        """The last row of each thing among the first `end`, from those among the first `first`."""
        last = noted.copy()
        last[self._thing[first:end]] = np.arange(first, end)  # of several, the last one stays
        return last

    def _upto(self, end: int) -> Ints:
        place = end // NOTED
        return self._from(self._noted[place], place * NOTED, end)

    def in_force(self, at_ms: int) -> Ints:
        """(things,) the row of each that holds at an instant; -1: none has begun."""
        return self._upto(int(np.searchsorted(self.at, at_ms, side="right")))

    def of(self, thing: int) -> Ints:
        """The rows of one thing, in order of time."""
        return np.flatnonzero(self._thing[: self.rows] == thing)

    def next_of(self, thing: int, row: int) -> int:
        """The row of a thing after one; -1: there is none yet."""
        for begin in range(row + 1, self.rows, NOTED):
            found = np.flatnonzero(self._thing[begin : min(begin + NOTED, self.rows)] == thing)
            if len(found):
                return begin + int(found[0])
        return -1

    def between(self, from_ms: int, to_ms: int) -> tuple[Ints, Ints]:
        """(things,) how many rows each thing has in that time, the one in force at its begin included; and the rows."""
        begin, end = np.searchsorted(self.at, [from_ms, to_ms], side="right").tolist()
        held = self._upto(begin)
        held = held[held >= 0]
        rows = np.concatenate((held, np.arange(begin, end)))
        thing = self._thing[rows]
        return np.bincount(thing, minlength=self.things), rows[np.argsort(thing, kind="stable")]
