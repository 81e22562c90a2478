"""Rows of whole numbers that grow at the end, as one array: what is added costs what is added, whatever is there."""

from __future__ import annotations

from typing import Any

import numpy as np

from heliograph.daybook import I64

__all__ = ["Rows"]


class Rows:
    """A table of so many columns."""

    def __init__(self, columns: int) -> None:
        self._table = np.zeros((1024, columns), np.int64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def table(self) -> I64:
        """(rows, columns); it may be written to."""
        return self._table[: self._count]

    def add(self, rows: Any) -> None:
        """More of them: (k, columns) numbers, as an array or as rows."""
        if not len(rows):
            return
        end = self._count + len(rows)
        if end > len(self._table):
            more = np.zeros((max(end, 2 * len(self._table)), self._table.shape[1]), np.int64)
            more[: self._count] = self.table
            self._table = more
        self._table[self._count : end] = rows
        self._count = end
