"""The catalog in a PostgreSQL database, in the schema `heliograph`: for several people and machines at once.

psycopg speaks to it; it is the extra `heliograph[postgres]`, as most archives need no server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, LiteralString

from heliograph.archive.catalog.store import REBUILD, WAIT_S, Rows, cannot
from heliograph.archive.catalog.tables import NEWEST, schema
from heliograph.errors import CannotWrite, NotFound, UsageWrong

if TYPE_CHECKING:
    import psycopg

__all__ = ["PostgresStore"]

_SCHEMA: Final = "heliograph"
_LOCK: Final = 0x48474341
"""'HGCA': the advisory lock that writers take, so that they come one at a time and never wait in a circle."""
_CONNECT_S: Final = 15


class PostgresStore:
    """A database, by its URL; what the URL leaves out comes from PGPASSWORD, ~/.pgpass and the like."""

    def __init__(self, url: str) -> None:
        try:
            from psycopg import ProgrammingError
            from psycopg.conninfo import conninfo_to_dict
        except ImportError:
            raise UsageWrong(
                "a catalog in PostgreSQL needs psycopg, which is not installed here",
                hint="python3 -m pip install 'heliograph[postgres]'",
            ) from None
        try:
            self._known = conninfo_to_dict(url)
        except ProgrammingError:
            # What libpq says of a URL quotes it, with the password that may be in it.
            raise UsageWrong(
                "catalog postgresql://…: not a URL that PostgreSQL takes",
                hint="expected postgresql://USER@HOST:PORT/DATABASE; % and @ in a password are written %25 and %40",
            ) from None
        user, host, port, base = (str(self._known.get(key) or "") for key in ("user", "host", "port", "dbname"))
        self.name = f"postgresql://{user and user + '@'}{host}{port and ':' + port}/{base}"

    def place(self, image: Path) -> str:
        """Where an image is, on the machine that entered it."""
        return str(image.resolve())

    @contextmanager
    def reading(self) -> Iterator[Rows]:
        import psycopg

        try:
            with self._connect() as store, store.transaction():
                store.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                yield _Rows(store)
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            raise NotFound(
                f"{self.name}: no catalog in this database", hint=f"name another with --catalog; {REBUILD} makes it"
            ) from None
        except psycopg.Error as wrong:
            raise self._cannot(wrong) from None

    @contextmanager
    def writing(self) -> Iterator[Rows]:
        import psycopg

        try:
            with self._connect() as store, store.transaction():
                store.execute(f"SET LOCAL lock_timeout = '{WAIT_S}s'")
                store.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
                self._make(store)
                yield _Rows(store)
        except (psycopg.Error, UnicodeError) as wrong:
            raise self._cannot(wrong) from None

    def check(self) -> None:
        with self.writing():
            pass

    def _make(self, store: psycopg.Connection[tuple[Any, ...]]) -> None:
        """Make the tables; asks nothing of who may write rows but not make tables, once they are there."""
        if store.execute("SELECT to_regclass(%s)", [f"{_SCHEMA}.{NEWEST}"]).fetchone() != (None,):
            return
        if store.execute("SELECT to_regnamespace(%s)", [_SCHEMA]).fetchone() == (None,):
            store.execute(f"CREATE SCHEMA {_SCHEMA}")
        for statement in schema('TEXT COLLATE "C"'):
            store.execute(statement)

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        import psycopg

        more = {} if "connect_timeout" in self._known else {"connect_timeout": _CONNECT_S}
        store = psycopg.connect(**{**self._known, **more, "client_encoding": "utf8"})  # type: ignore[arg-type]
        store.execute(f"SET search_path TO {_SCHEMA}")
        store.commit()
        return store

    def _cannot(self, wrong: Exception) -> CannotWrite:
        import psycopg

        if isinstance(wrong, psycopg.errors.LockNotAvailable):
            said = f"another command has written to it for {WAIT_S} s"
            return cannot(self.name, said, "run the same command again")
        return cannot(self.name, _first_line(wrong), "see that the server runs and that this user may use the database")


class _Rows:
    def __init__(self, store: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._store = store

    def ask(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        return iter(self._store.execute(_places(sql), values))

    def has(self, table: str) -> bool:
        return next(self.ask("SELECT to_regclass(?)", f"{_SCHEMA}.{table}")) != (None,)

    def do(self, sql: str, *values: object) -> None:
        self._store.execute(_places(sql), values)

    def put(self, table: str, rows: Iterable[tuple[object, ...]]) -> None:
        into = f"COPY {table} FROM STDIN"
        with self._store.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)


def _places(sql: str) -> LiteralString:
    return sql.replace("?", "%s")


def _first_line(wrong: Exception) -> str:
    return (str(wrong).strip().splitlines() or [type(wrong).__name__])[0].strip()
