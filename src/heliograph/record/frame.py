"""From NumPy columns to Arrow tables and Parquet files, as the registry of columns says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from heliograph.daybook import NOT_YET_MS
from heliograph.files import whole_file
from heliograph.passages import NEVER
from heliograph.record.columns import Column, Table, schema_of

__all__ = ["Coded", "Maybe", "Values", "arrow_table", "codes_of", "epoch_ms", "fixed_text", "or_never", "write_table"]


class Coded(NamedTuple):
    """Text as numbers into labels; a negative number is no text."""

    codes: NDArray[Any]
    labels: Sequence[str]


class Maybe(NamedTuple):
    """Numbers, some of which are missing."""

    values: NDArray[Any]
    missing: NDArray[np.bool_]


Values: TypeAlias = NDArray[Any] | Coded | Maybe | Sequence[Any]
"""A column: time columns are milliseconds after the record's start, NEVER where empty."""


def epoch_ms(start: datetime) -> int:
    """Milliseconds of the record's start after 1970-01-01 UTC."""
    return round(start.astimezone(UTC).timestamp() * 1000)


def or_never(at_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """The daybook's NOT_YET_MS as NEVER."""
    return np.where(at_ms == NOT_YET_MS, NEVER, at_ms)


def codes_of(texts: Sequence[str | None]) -> Coded:
    """Number texts in the order they first come; None is -1."""
    coded = pa.array(texts, pa.string()).dictionary_encode()
    return Coded(coded.indices.fill_null(-1).to_numpy(), coded.dictionary.to_pylist())


def fixed_text(rows: NDArray[np.uint8]) -> pa.Array:
    """Strings of one length from their ASCII bytes, (n, length), without a Python object each."""
    count, length = rows.shape
    offsets = np.arange(0, (count + 1) * length, length, dtype=np.int32) if length else np.zeros(count + 1, np.int32)
    data = pa.py_buffer(np.ascontiguousarray(rows))
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), data)


def arrow_table(table: Table, metadata: dict[str, str], start: datetime, values: Mapping[str, Values]) -> pa.Table:
    """Put columns together; every column of the registry must be there, and no other."""
    if set(values) != {column.name for column in table.columns}:
        different = sorted(set(values) ^ {column.name for column in table.columns})
        raise ValueError(f"{table.name}: columns unlike the registry: {different}")
    schema = schema_of(table, metadata)
    zero = epoch_ms(start)
    arrays = [_array(column, schema.field(column.name).type, values[column.name], zero) for column in table.columns]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(column: Column, kind: pa.DataType, values: Values, zero_ms: int) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    if isinstance(values, Coded):
        codes = values.codes.astype(np.int32, copy=False)
        mask = codes < 0 if column.null else None
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=mask), pa.array(list(values.labels), pa.string()))
    if isinstance(values, Maybe):
        return pa.array(values.values, kind, mask=values.missing)
    if column.kind == "time":
        at = np.asarray(values, np.int64)
        mask = at == NEVER if column.null else None
        moments = np.where(at == NEVER, 0, at + zero_ms) if column.null else at + zero_ms
        return pa.array(moments, mask=mask).view(kind)
    if column.kind == "text":
        return _array(column, kind, codes_of(cast("Sequence[str | None]", values)), zero_ms)
    return pa.array(values, kind)


def write_table(folder: Path, name: str, table: Table, data: pa.Table, *, rows_per_group: int = 1 << 18) -> Path:
    """Write one Parquet file, whole or not at all; the same data gives the same bytes.

    Times and counters are delta packed, repeated values are dictionaries, measured values that do not repeat are split
    by byte: all encodings of Parquet 2.x that pyarrow, DuckDB and the reference reader know. Compressed with zstd.
    """
    dictionary, encoding = [], {}
    for column in table.columns:
        if column.kind in {"text", "texts", "int16", "float64"} and column.name not in _CONTINUOUS:
            dictionary.append(_leaf(column))
        elif column.kind in {"time", "int32", "int64"}:
            encoding[column.name] = "DELTA_BINARY_PACKED"
        elif column.kind == "float64":
            encoding[column.name] = "BYTE_STREAM_SPLIT"
    path = folder / f"{name}.parquet"
    with whole_file(path) as aside:
        pq.write_table(
            data,
            aside,
            row_group_size=rows_per_group,
            compression="zstd",
            compression_level=1,
            use_dictionary=dictionary,
            column_encoding=encoding,
            write_statistics=True,
            store_schema=True,
        )
    return path


_CONTINUOUS = {"efficiency_pct", "power_w"}
"""Values that hardly repeat: no dictionary."""


def _leaf(column: Column) -> str:
    return f"{column.name}.list.element" if column.kind in {"texts", "int16s"} else column.name
