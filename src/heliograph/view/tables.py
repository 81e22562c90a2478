"""The record's tables as arrays, as far as they can be read: a damaged disc costs what stood on it, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from heliograph.errors import HeliographError
from heliograph.record.store import Record, Where
from heliograph.view.series import NEVER, Ints

__all__ = ["Tables", "codes", "since_ms", "texts"]


class Tables:
    """Reads tables of a record, and keeps account of the files that cannot be read."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.lost: dict[str, str] = {}
        """Files that cannot be read, with the reason."""

    def read(self, table: str, columns: Sequence[str] | None, where: Sequence[Where] = ()) -> pa.Table | None:
        """These columns (None: all) of all files of a table that can be read; None: there is no such file."""
        found = []
        for name, opener in self.record.files.get(table, ()):
            try:
                one = Record({table: [(name, opener)]}, self.record.where)
                found.append(one.read(table, columns, where))
            except HeliographError as wrong:
                self.lost[name] = wrong.message.splitlines()[0]
        return pa.concat_tables(found, promote_options="default") if found else None

    def holding(self, table: str, where: Sequence[Where]) -> list[str]:
        """The files of a table that have rows for which all of `where` holds, as far as they can be read."""
        columns = [condition.column for condition in where]
        found = []
        for name, opener in self.record.files.get(table, ()):
            try:
                one = Record({table: [(name, opener)]}, self.record.where)
                if one.read(table, columns, where).num_rows:
                    found.append(name)
            except HeliographError as wrong:
                self.lost[name] = wrong.message.splitlines()[0]
        return found


def codes(column: pa.ChunkedArray, number: Mapping[str, int]) -> Ints:
    """The number of each text; -1 where it is empty or has none."""
    parts = [np.zeros(0, np.int64)]
    known = None
    for chunk in column.unify_dictionaries().chunks:
        if not pa.types.is_dictionary(chunk.type):
            parts.append(np.array([number.get(text, -1) for text in chunk.to_pylist()], np.int64))
            continue
        if known is None:  # of one dictionary, all chunks' now
            known = np.array([number.get(text, -1) for text in chunk.dictionary.to_pylist()] + [-1], np.int64)
        parts.append(known[chunk.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)])
    return np.concatenate(parts)


def texts(column: pa.ChunkedArray) -> list[Any]:
    """The texts themselves; None where empty."""
    found: list[Any] = column.cast(pa.string()).to_pylist()
    return found


def since_ms(column: pa.ChunkedArray, start_ms: int) -> Ints:
    """Instants as ms after the record's start; NEVER: empty."""
    at = column.to_numpy().astype("datetime64[ms]")
    since: Ints = at.astype(np.int64) - start_ms
    return np.where(np.isnat(at), NEVER, since)
