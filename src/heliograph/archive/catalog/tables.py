"""The six tables, as SQLite and PostgreSQL both understand them.

    SELECT disc, path FROM pieces WHERE file = 'record/cells.parquet';

Text is compared byte by byte in both: ids of cells and lots are asked for by ranges, and no place's alphabet may
change what lies in between.
"""

from __future__ import annotations

from typing import Final

__all__ = ["NEWEST", "TABLES", "schema"]

TABLES: Final = ("origins", "keys", "pieces", "files", "discs", "sets")
"""In the order to delete from."""

NEWEST: Final = "origins_by_old_set"
"""The last that `schema` makes: where it is, all is."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS sets (
    set_id {text} PRIMARY KEY, title {text} NOT NULL, created {text} NOT NULL, software {text} NOT NULL,
    redundancy DOUBLE PRECISION NOT NULL, index_sha256 {text} NOT NULL);
CREATE TABLE IF NOT EXISTS discs (
    set_id {text} NOT NULL, disc {text} NOT NULL, kind {text} NOT NULL, number BIGINT NOT NULL,
    image {text}, bytes BIGINT, PRIMARY KEY (set_id, disc));
CREATE TABLE IF NOT EXISTS files (
    set_id {text} NOT NULL, file {text} NOT NULL, bytes BIGINT NOT NULL, sha256 {text} NOT NULL,
    modified {text} NOT NULL, PRIMARY KEY (set_id, file));
CREATE TABLE IF NOT EXISTS pieces (
    set_id {text} NOT NULL, file {text} NOT NULL, piece BIGINT NOT NULL, disc {text} NOT NULL,
    path {text} NOT NULL, start BIGINT NOT NULL, bytes BIGINT NOT NULL, sha256 {text} NOT NULL,
    PRIMARY KEY (set_id, file, piece));
CREATE TABLE IF NOT EXISTS keys (
    set_id {text} NOT NULL, file {text} NOT NULL, column_name {text} NOT NULL,
    first {text} NOT NULL, last {text} NOT NULL, PRIMARY KEY (set_id, file, column_name));
CREATE INDEX IF NOT EXISTS files_by_hash ON files (sha256);
CREATE INDEX IF NOT EXISTS files_by_name ON files (file);
CREATE INDEX IF NOT EXISTS keys_by_range ON keys (column_name, first, last);
CREATE TABLE IF NOT EXISTS origins (
    set_id {text} NOT NULL, old_set_id {text} NOT NULL, PRIMARY KEY (set_id, old_set_id));
CREATE INDEX IF NOT EXISTS origins_by_old_set ON origins (old_set_id);
"""


def schema(text: str) -> list[str]:
    """The statements that make the tables where they are not there yet; `text` is the type that compares bytes."""
    return [part for part in _SCHEMA.format(text=text).split(";") if part.strip()]
