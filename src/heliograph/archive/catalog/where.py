"""Where a catalog is: a file for SQLite, a URL for PostgreSQL, or a store that is there already."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from heliograph.archive.catalog.sqlite import SqliteStore
from heliograph.archive.catalog.store import Store
from heliograph.errors import UsageWrong

__all__ = ["Where", "open_store", "shown"]

_URL: Final = re.compile(r"([a-z][a-z0-9+]*)://", re.IGNORECASE)

Where = Path | str | Store
"""A file, `postgresql://USER@HOST/DATABASE`, or a store, such as one in memory."""


def open_store(where: Where) -> Store:
    """The store at a path or URL; nothing is opened yet. A store is given back as it is.

    Raises:
        UsageWrong: a URL of another kind, or psycopg is not installed.
    """
    if not isinstance(where, Path | str):
        return where
    if isinstance(where, Path) or not (url := _URL.match(where)):
        return SqliteStore(Path(where))
    if url[1].lower() not in ("postgres", "postgresql"):
        raise UsageWrong(
            f"catalog {url[0]}…: expected a file, or postgresql://USER@HOST/DATABASE",
            hint="SQLite is a file, PostgreSQL a URL; there is no other kind",
        )
    from heliograph.archive.catalog.postgres import PostgresStore

    return PostgresStore(where)


def shown(where: Where) -> str:
    """A catalog's place as it may be printed: without a password."""
    return open_store(where).name
