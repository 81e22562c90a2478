"""Open a record, wherever it stands: a run's directory, a folder of Parquet files, or files on discs.

`read` takes what one question needs: the columns named, and of each file only the row groups whose smallest and largest
value do not rule the wanted one out. `connect` gives the whole record as DuckDB views.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from heliograph.errors import NotFound, RunWrong

if TYPE_CHECKING:
    import duckdb

__all__ = ["Kept", "Record", "Shelf", "Where", "indices_of", "open_folder", "open_record", "summary_of"]

_FILE: Final = re.compile(r"([a-z]+)(-[\w-]+)?\.parquet")

MANY_ROWS: Final = 10_000
"""From so many on, gathering rows with pyarrow.compute is worth its import."""

Opener = Callable[[], Any]
"""Gives a file, or the path of one, to read and seek in."""


class Where(NamedTuple):
    """A condition on one column: it is `value`, is among the values, or lies in [value[0], value[1])."""

    column: str
    how: Literal["is", "in", "from_to"]
    value: Any

    def may_hold(self, smallest: Any, largest: Any) -> bool:
        """Whether a row group with these extremes can hold such a row."""
        if smallest is None or largest is None:
            return True
        if self.how == "is":
            return bool(smallest <= self.value <= largest)
        if self.how == "in":
            return any(smallest <= value <= largest for value in self.value)
        return bool(largest >= self.value[0] and smallest < self.value[1])

    def pick(self, table: pa.Table) -> pa.Table:
        """The rows for which it holds.

        By hand on NumPy arrays: importing pyarrow.compute takes longer than all the rest of a trace.
        """
        at = np.flatnonzero(np.concatenate([np.zeros(0, bool), *map(self._holds, table[self.column].chunks)]))
        if len(at) > MANY_ROWS:
            return table.take(pa.array(at))
        breaks = np.flatnonzero(np.diff(at) != 1) + 1
        runs = [table.slice(int(run[0]), len(run)) for run in np.split(at, breaks) if len(run)]
        return pa.concat_tables(runs) if runs else table.slice(0, 0)

    def _holds(self, chunk: pa.Array) -> NDArray[np.bool_]:
        if pa.types.is_dictionary(chunk.type):
            wanted = np.array([self._is(value) for value in chunk.dictionary.to_pylist()] + [False], bool)
            return wanted[indices_of(chunk)]
        if pa.types.is_string(chunk.type) and self.how == "is":
            return np.asarray(chunk.to_numpy(zero_copy_only=False) == self.value, bool)
        return np.array([self._is(value) for value in chunk.to_pylist()], bool)

    def _is(self, value: Any) -> bool:
        if self.how == "is":
            return bool(value == self.value)
        if self.how == "in":
            return value in self.value
        return value is not None and bool(self.value[0] <= value < self.value[1])


def indices_of(chunk: pa.DictionaryArray) -> NDArray[np.int64]:
    """(n,) the place of each value in the chunk's dictionary; -1: empty.

    By hand: importing pyarrow.compute, which fills empty values, takes longer than reading a table.
    """
    indices = chunk.indices.to_numpy(zero_copy_only=False)
    if chunk.indices.null_count:  # then they come as floats
        indices = np.where(np.isnan(indices), -1, indices)
    places: NDArray[np.int64] = indices.astype(np.int64)
    return places


class Kept(NamedTuple):
    """A disc that a file of a record stands on."""

    set_id: str
    volume: str
    """Volume label."""
    image: str
    """File name of the image, or where the disc is mounted."""


Shelf = Callable[[], Mapping[str, Sequence[Kept]]]
"""Gives the discs of each file of a record, by the file's name; empty: not known."""


class Record:
    """The tables of a record, not read until asked for."""

    def __init__(self, files: Mapping[str, Sequence[tuple[str, Opener]]], where: str, kept: Shelf = dict) -> None:
        """A record of files by table.

        Args:
            files: table name to the name and the opener of each of its files.
            where: how to call it in messages.
            kept: on which discs its files stand; asked when it is wanted.
        """
        self.files = files
        self.where = where
        self.kept = kept
        self._opened: dict[str, pq.ParquetFile] = {}

    def _open(self, name: str, opener: Opener) -> pq.ParquetFile:
        if name not in self._opened:
            try:
                self._opened[name] = pq.ParquetFile(opener())
            except (pa.ArrowInvalid, pa.ArrowException) as wrong:
                raise RunWrong(
                    f"{name} in {self.where}: not a whole Parquet file: {str(wrong).splitlines()[0]}",
                    hint="it is cut or damaged: run again, or restore it from its discs (`heliograph archive restore`)",
                ) from wrong
        return self._opened[name]

    def _table(self, table: str) -> list[pq.ParquetFile]:
        if table not in self.files:
            raise RunWrong(f"{self.where}: holds no table {table!r}", hint="it is not a whole record; run again")
        return [self._open(name, opener) for name, opener in self.files[table]]

    def read(self, table: str, columns: Sequence[str] | None = None, where: Sequence[Where] = ()) -> pa.Table:
        """The rows of a table for which all of `where` holds."""
        wanted = None if columns is None else [*columns, *(w.column for w in where if w.column not in columns)]
        found: list[pa.Table] = []
        for file in self._table(table):
            groups = [g for g in range(file.num_row_groups) if _may_hold(file, g, where)]
            if groups or not found:
                data = file.read_row_groups(groups, wanted, use_threads=False)
                for condition in where:
                    data = condition.pick(data)
                found.append(data.select(list(columns)) if columns is not None else data)
        return pa.concat_tables(found, promote_options="default")

    def rows(
        self, table: str, columns: Sequence[str] | None = None, where: Sequence[Where] = ()
    ) -> list[dict[str, Any]]:
        """The same as a list of dicts: for few rows."""
        rows: list[dict[str, Any]] = self.read(table, columns, where).to_pylist()
        return rows

    @cached_property
    def metadata(self) -> dict[str, str]:
        """What each file says of the whole record: plant, record_start, record_end, partial."""
        for table in ("lots", "states", "machines", *self.files):
            if table in self.files:
                raw = self._table(table)[0].schema_arrow.metadata or {}
                return {key.decode(): value.decode() for key, value in raw.items() if key != b"ARROW:schema"}
        raise RunWrong(f"{self.where}: no tables in it", hint="expected lots.parquet, cells-*.parquet and so on")

    @property
    def start(self) -> datetime:
        """When the record starts, with the plant's own offset."""
        return datetime.fromisoformat(self.metadata["record_start"])

    @property
    def end(self) -> datetime:
        """When the record ends."""
        return datetime.fromisoformat(self.metadata["record_end"])

    @property
    def hours(self) -> float:
        """Hours of the record."""
        return (self.end - self.start).total_seconds() / 3600

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection with a view for each table; from discs, the small tables are read into memory."""
        import duckdb

        connection = duckdb.connect()
        for table, files in self.files.items():
            paths = [opener() for _, opener in files]
            if all(isinstance(path, str | Path) for path in paths):
                names = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
                connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet([{names}])")
            else:
                connection.register(table, self.read(table))
        return connection


def _may_hold(file: pq.ParquetFile, group: int, where: Sequence[Where]) -> bool:
    if not where:
        return True
    names = file.schema.names
    about = file.metadata.row_group(group)
    for condition in where:
        column = about.column(names.index(condition.column))
        statistics = column.statistics if column.is_stats_set else None
        if statistics is not None and statistics.has_min_max and not condition.may_hold(statistics.min, statistics.max):
            return False
    return True


def _by_table(files: Mapping[str, Opener]) -> dict[str, list[tuple[str, Opener]]]:
    tables: dict[str, list[tuple[str, Opener]]] = {}
    for path in sorted(files, key=_natural):
        found = _FILE.fullmatch(path.rsplit("/", 1)[-1])
        if found:
            tables.setdefault(found[1], []).append((path, files[path]))
    return tables


def _natural(path: str) -> list[Any]:
    """cells-L10 after cells-L9."""
    return [int(word) if word.isdigit() else word for word in re.split(r"(\d+)", path)]


def open_record(files: Mapping[str, Opener], where: str, kept: Shelf = dict) -> Record:
    """A record from names and openers, e.g. of the files on discs; the names may have folders before them.

    Raises:
        RunWrong: no record is among them, or several.
    """
    folders: dict[str, dict[str, Opener]] = {}
    for path, opener in files.items():
        folders.setdefault(path.rpartition("/")[0], {})[path] = opener
    records = {folder: tables for folder, its in folders.items() if "lots" in (tables := _by_table(its))}
    if not records:
        raise RunWrong(f"{where}: no record in it", hint="give a run directory, its record folder, or its disc images")
    if len(records) > 1:
        raise RunWrong(f"{where}: several records: {', '.join(sorted(records))}", hint="give one of them")
    return Record(next(iter(records.values())), where, kept)


def open_folder(path: Path, kept: Shelf = dict) -> Record:
    """A record from a run's directory, or from the folder of its tables.

    Raises:
        NotFound: there is no such directory.
        RunWrong: it holds no record.
    """
    if not path.is_dir():
        raise NotFound(f"{path}: no such directory", hint="give a run directory, its record folder, or disc images")
    folder = path / "record" if (path / "record").is_dir() else path
    files: dict[str, Opener] = {file.name: _path_opener(file) for file in folder.glob("*.parquet")}
    return open_record(files, str(path), kept)


def _path_opener(path: Path) -> Opener:
    return lambda: str(path)


def summary_of(path: Path) -> dict[str, Any] | None:
    """The summary beside a record, if it is there."""
    for folder in (path, path.parent):
        file = folder / "summary.json"
        if file.is_file():
            summary: dict[str, Any] = json.loads(file.read_text("utf-8"))
            return summary
    return None
