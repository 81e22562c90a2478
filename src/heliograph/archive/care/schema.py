"""The tables of the register, and the triggers by which they only grow."""

from __future__ import annotations

from typing import Final

__all__ = ["APPLICATION", "SCHEMA", "VERSION"]

APPLICATION: Final = 0x48474341
"""'HGCA': marks the file as ours, in the header of every SQLite file."""
VERSION: Final = 2
"""1: discs, tests. 2: burns, migrations, too. A register of version 1 grows the new tables when it is written to."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS discs (
    set_id TEXT NOT NULL, disc TEXT NOT NULL, sealed_at TEXT NOT NULL, title TEXT NOT NULL,
    PRIMARY KEY (set_id, disc));
CREATE TABLE IF NOT EXISTS tests (
    line INTEGER PRIMARY KEY AUTOINCREMENT,
    set_id TEXT NOT NULL, disc TEXT NOT NULL, tested_at TEXT NOT NULL,
    depth TEXT NOT NULL CHECK (depth IN ('deep', 'quick')),
    sectors INTEGER, damaged_sectors INTEGER, worst INTEGER, roots INTEGER,
    result TEXT NOT NULL CHECK (result IN ('good', 'damaged', 'lost', 'wrong')),
    software TEXT NOT NULL, drive TEXT NOT NULL, medium TEXT NOT NULL, why TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS tests_by_disc ON tests (set_id, disc);
CREATE TABLE IF NOT EXISTS burns (
    line INTEGER PRIMARY KEY AUTOINCREMENT,
    set_id TEXT NOT NULL, disc TEXT NOT NULL, sha256 TEXT NOT NULL, sectors INTEGER NOT NULL, at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('begun', 'written', 'verified', 'failed', 'lost')),
    drive TEXT NOT NULL, model TEXT NOT NULL, kind TEXT NOT NULL, product TEXT NOT NULL, slot INTEGER,
    medium TEXT NOT NULL, software TEXT NOT NULL, why TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS burns_by_image ON burns (sha256);
CREATE TABLE IF NOT EXISTS migrations (
    line INTEGER PRIMARY KEY AUTOINCREMENT,
    set_id TEXT NOT NULL, new_set_id TEXT NOT NULL, at TEXT NOT NULL,
    way TEXT NOT NULL CHECK (way IN ('refresh', 'repack')), custody TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS migrations_by_set ON migrations (new_set_id);
"""


def _only_grows(table: str, key: str, otherwise: str = "ABORT, 'the register only grows'") -> str:
    """Triggers that refuse changes to a table; INSERT OR REPLACE would delete a line without asking the first two."""
    refuse = "BEGIN SELECT RAISE(ABORT, 'the register only grows'); END;"
    same = " AND ".join(f"{column} = NEW.{column}" for column in key.split())
    return f"""
CREATE TRIGGER IF NOT EXISTS {table}_stay BEFORE UPDATE ON {table} {refuse}
CREATE TRIGGER IF NOT EXISTS {table}_are_kept BEFORE DELETE ON {table} {refuse}
CREATE TRIGGER IF NOT EXISTS {table}_are_new BEFORE INSERT ON {table}
    WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) BEGIN SELECT RAISE({otherwise}); END;
"""


SCHEMA: Final = (
    "BEGIN IMMEDIATE;"
    + _TABLES
    + _only_grows("discs", "set_id disc", "IGNORE")
    + "".join(_only_grows(table, "line") for table in ("tests", "burns", "migrations"))
    + f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; COMMIT;"
)
