"""Never replace another image: it may be the only copy of something."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from heliograph.errors import CannotWrite

__all__ = ["refuse_another"]

_CHUNK: Final = 1 << 20


def refuse_another(path: Path, done: Path) -> None:
    """Let an image identical to `done` stand in the way at `path`, and no other.

    Raises:
        CannotWrite: there is another.
    """
    if path.exists() and not _same(path, done):
        raise CannotWrite(
            f"{path}: an image of this name is there already, with other contents",
            hint="it may be damaged (try `heliograph archive verify`); move it away, then run the same command again",
            path=str(path),
        )


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as first, other.open("rb") as second:
        while chunk := first.read(_CHUNK):
            if chunk != second.read(_CHUNK):
                return False
    return True
