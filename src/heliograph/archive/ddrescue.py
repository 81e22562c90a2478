"""GNU ddrescue's map file: which bytes of an image could be read, and which could not.

    # Mapfile. Created by GNU ddrescue version 1.27
    # current_pos  current_status  current_pass
    0x00800000     +               1
    #      pos        size  status
    0x00000000  0x00800000  +
    0x00800000  0x00001000  -

Source: GNU ddrescue manual, "Mapfile structure".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.medium import SECTOR
from heliograph.errors import NotFound, UsageWrong

__all__ = ["RescueMap", "read_map"]

_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*")
_DOING: Final = frozenset("?*/-FG+")
_STATES: Final = frozenset("?*/-+")
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class RescueMap:
    """Runs of bytes that were not read, in order, neither touching nor overlapping: [start, end) each."""

    unread: tuple[tuple[int, int], ...]

    def lost_sectors(self, sectors: int) -> NDArray[np.int64]:
        """Numbers below `sectors` of the sectors that have an unread byte, in order."""
        lost = np.zeros(sectors, np.bool_)
        for start, end in self.unread:
            lost[start // SECTOR : -(-end // SECTOR)] = True
        return np.flatnonzero(lost)


def read_map(path: Path) -> RescueMap:
    """Read a map file strictly.

    Raises:
        NotFound: there is no such file.
        UsageWrong: it is not a map; file, line and what was expected.
    """
    try:
        text = path.read_bytes().decode("ascii")
    except UnicodeDecodeError as wrong:
        raise _wrong(path, path.read_bytes()[: wrong.start].count(b"\n") + 1, "expected ASCII text") from None
    except OSError as wrong:
        raise NotFound(
            f"{path}: {(wrong.strerror or str(wrong)).lower()}", hint="give the map that ddrescue wrote"
        ) from None
    unread: list[tuple[int, int]] = []
    status = False
    number = 0
    end: int | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if not status:
            _status_line(path, number, words)
            status = True
            continue
        if len(words) != 3:
            raise _wrong(path, number, f"expected `position size status`, got {line.strip()!r}")
        start, size = (_number(path, number, word) for word in words[:2])
        if words[2] not in _STATES:
            raise _wrong(path, number, f"status {words[2]!r}: expected one of ? * / - +")
        if not size:
            raise _wrong(path, number, "a block of no bytes")
        if end is not None and start != end:
            raise _wrong(path, number, f"the block begins at byte {start:#x}; the one before ends at {end:#x}")
        end = start + size
        if end > _LARGEST:
            raise _wrong(path, number, f"the block ends past byte {_LARGEST:#x}")
        if words[2] != "+":
            if unread and unread[-1][1] == start:
                unread[-1] = (unread[-1][0], end)
            else:
                unread.append((start, end))
    if end is None:
        raise _wrong(path, number + 1, f"the file ends without {'a block' if status else 'a status line'}")
    return RescueMap(tuple(unread))


def _status_line(path: Path, number: int, words: list[str]) -> None:
    if len(words) not in (2, 3) or words[1] not in _DOING:
        raise _wrong(path, number, "expected ddrescue's status line, `position status [pass]`")
    for word in (words[0], *words[2:]):
        _number(path, number, word)


def _number(path: Path, line: int, word: str) -> int:
    if not _NUMBER.fullmatch(word):
        raise _wrong(path, line, f"expected a number, got {word!r}")
    base = 16 if word[:2] in ("0x", "0X") else 8 if word.startswith("0") else 10
    return int(word, base)


def _wrong(path: Path, line: int, what: str) -> UsageWrong:
    return UsageWrong(
        f"{path}:{line}: {what}", hint="give the map file of GNU ddrescue as it is", path=str(path), line=line
    )
