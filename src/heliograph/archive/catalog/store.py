"""The contract that every kind of store keeps.

A transaction is whole or has not been: who is killed in it leaves the catalog as it was. Writers come one at a time,
readers see the catalog as it was when they began (in SQLite they wait while a large transaction is written, in memory
for any other transaction).
SQL is the part that both understand; a value's place is `?`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, Protocol

from heliograph.errors import CannotWrite

__all__ = ["REBUILD", "WAIT_S", "Rows", "Store", "cannot"]

WAIT_S: Final = 60
"""How long a command waits for another one that writes; a million files are entered in less."""

REBUILD: Final = "`heliograph archive catalog rebuild`"


class Rows(Protocol):
    """The tables, as long as a transaction lasts."""

    def ask(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """The rows that a SELECT gives."""

    def has(self, table: str) -> bool:
        """Whether there is such a table: an older version may have made the catalog."""

    def do(self, sql: str, *values: object) -> None:
        """Carry out one statement."""

    def put(self, table: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Add rows, in the order of the table's columns, as many as there are."""


class Store(Protocol):
    """A catalog's place."""

    name: str
    """What messages call it; never with a password."""

    def reading(self) -> AbstractContextManager[Rows]:
        """One view of the catalog, the same for all questions that are asked in it.

        Raises:
            NotFound: there is no catalog. CannotWrite: it cannot be reached, or is none.
        """

    def writing(self) -> AbstractContextManager[Rows]:
        """The one transaction that writes; makes the tables that are not there.

        Raises:
            CannotWrite: it cannot be reached or written, or another command writes for longer than `WAIT_S`.
        """

    def check(self) -> None:
        """See that it can be written, before hours of other work; makes no file.

        Raises:
            CannotWrite: it cannot.
        """

    def place(self, image: Path) -> str:
        """What the catalog keeps of where an image is."""


def cannot(name: str, said: str, hint: str = "") -> CannotWrite:
    """The one line when a store refuses."""
    return CannotWrite(
        f"{name}: {said}", hint=hint or f"the discs are not affected; make it again with {REBUILD}", path=name
    )
