"""Which set became which, and when: a line of the register for each migration, with its step of the custody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from heliograph.archive.care.register import Register, utc_text
from heliograph.archive.texts.custody import REFRESH, REPACK, Step
from heliograph.errors import CannotWrite

__all__ = ["earlier_steps", "enter_migration", "repacked"]


def enter_migration(register: Register, set_id: str, new_set_id: str, step: Step) -> None:
    """Add a line for a migration, once; a second time nothing is added.

    Raises:
        CannotWrite: as `Register.check`.
    """
    custody = msgspec.json.encode(step).decode()
    line = (set_id, new_set_id, utc_text(datetime.fromisoformat(step.at)), step.way, custody)
    with register.open(write=True) as store, store:
        store.execute(
            "INSERT INTO migrations (set_id, new_set_id, at, way, custody) SELECT ?, ?, ?, ?, ?"
            " WHERE NOT EXISTS (SELECT 1 FROM migrations WHERE set_id = ? AND new_set_id = ? AND custody = ?)",
            (*line, set_id, new_set_id, custody),
        )


def earlier_steps(register: Register, set_id: str) -> tuple[Step, ...]:
    """The steps by which the images of a set were copied as they are: the discs themselves cannot know of these.

    Raises:
        CannotWrite: no register, or a line that is none.
    """
    rows = _lines(
        register, "SELECT custody FROM migrations WHERE new_set_id = ? AND way = ? ORDER BY line", set_id, REFRESH
    )
    try:
        return tuple(msgspec.json.decode(text, type=Step) for (text,) in rows)
    except msgspec.DecodeError as wrong:
        raise CannotWrite(
            f"{register.path}: custody of set {set_id}: {str(wrong).lower()}", hint="put back a copy of the register"
        ) from None


def repacked(register: Register) -> Mapping[str, str]:
    """The sets of which all files went into another one, and that one."""
    rows = _lines(register, "SELECT set_id, new_set_id, custody FROM migrations WHERE way = ? ORDER BY line", REPACK)
    return {old: new for old, new, text in rows if not msgspec.json.decode(text, type=Step).lost}


def _lines(register: Register, question: str, *values: str) -> list[tuple[str, ...]]:
    if not register.path.exists():
        return []
    with register.open() as store:
        if not store.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone():
            return []  # of version 1, or new
        return store.execute(question, values).fetchall()
