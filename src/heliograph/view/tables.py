"""The record's tables as arrays, as far as they can be read: a damaged disc costs what stood on it, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from heliograph.errors import HeliographError
from heliograph.record.store import Record, Where, indices_of
from heliograph.view.series import NEVER, Ints

__all__ = ["Tables", "codes", "names_in", "since_ms", "texts"]


class Tables:
    """Reads tables of a record, and keeps account of the files that cannot be read."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.lost: dict[str, str] = {}
        """Files that cannot be read, with the reason."""

    def read(self, table: str, columns: Sequence[str] | None, where: Sequence[Where] = ()) -> pa.Table | None:
        """These columns (None: all) of all files of a table that can be read; None: there is no such file."""
        found = list(self.parts(table, columns, where))
        return pa.concat_tables(found, promote_options="default") if found else None

    def parts(self, table: str, columns: Sequence[str] | None, where: Sequence[Where] = ()) -> Iterator[pa.Table]:
        """The same file by file: of a large table, only one has to be in memory."""
        for name, opener in self.record.files.get(table, ()):
            try:
                one = Record({table: [(name, opener)]}, self.record.where)
                yield one.read(table, columns, where)
            except HeliographError as wrong:
                self.lost[name] = wrong.message.splitlines()[0]

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
        parts.append(known[indices_of(chunk)])
    return np.concatenate(parts)


def texts(column: pa.ChunkedArray) -> list[Any]:
    """The texts themselves; None where empty."""
    found: list[Any] = []
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            values = [*chunk.dictionary.to_pylist(), None]
            found += [values[place] for place in indices_of(chunk).tolist()]
        else:
            found += chunk.to_pylist()
    return found


def names_in(column: pa.ChunkedArray) -> list[str]:
    """The texts that a column of names holds, each once, in order; without empty ones."""
    found: set[str | None] = set()
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            values = [*chunk.dictionary.to_pylist(), None]
            found |= {values[place] for place in np.unique(indices_of(chunk)).tolist()}
        else:
            found |= set(chunk.to_pylist())
    return sorted(name for name in found if name is not None)


def since_ms(column: pa.ChunkedArray, start_ms: int) -> Ints:
    """Instants as ms after the record's start; NEVER: empty."""
    at = column.to_numpy().astype("datetime64[ms]", copy=False)
    since: Ints = at.view(np.int64) - start_ms
    if column.null_count:
        since[np.isnat(at)] = NEVER
    return since
