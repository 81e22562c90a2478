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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.medium import SECTOR
from heliograph.errors import NotFound, UsageWrong
from heliograph.files import named_after, write_whole

__all__ = [
    "BAD",
    "DONE",
    "UNSCRAPED",
    "UNTRIED",
    "UNTRIMMED",
    "RescueMap",
    "map_beside",
    "read_map",
    "read_states",
    "write_states",
]

UNTRIED, UNTRIMMED, UNSCRAPED, BAD, DONE = b"?", b"*", b"/", b"-", b"+"
"""The states of a block: not tried; bad somewhere; bad at both ends, and between them not tried alone; bad; read."""

_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*")
_DOING: Final = frozenset("?*/-FG+")
_STATES: Final = frozenset("?*/-+")
_LARGEST: Final = 2**63 - 1
_MOST_BYTES: Final = 256 << 20
"""Of a map: seven million blocks. Without a bound /dev/zero would fill the memory."""
_RUN: Final = re.compile(rb"\?+|\*+|/+|-+|\++")


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


class _Block(NamedTuple):
    start: int
    end: int
    state: str


def map_beside(image: Path) -> Path:
    """Where the map of an image lies: beside it, its name and `.map`."""
    return named_after(image, ".map")


def known_lost(image: Path, rescued: RescueMap | None = None) -> NDArray[np.int64]:
    """The sectors of an image that a map, the one given or else the one beside it, calls unread; none without a map.

    What is past the end of the image is lost without being told.
    """
    if rescued is None:
        beside = map_beside(image)
        if not beside.is_file():
            return np.zeros(0, np.int64)
        rescued = read_map(beside)
    return rescued.lost_sectors(-(-image.stat().st_size // SECTOR))


def read_map(path: Path) -> RescueMap:
    """Read a map file strictly.

    Raises:
        NotFound: there is no such file.
        UsageWrong: it is not a map; file, line and what was expected.
    """
    unread: list[tuple[int, int]] = []
    for start, end, state in _blocks(path):
        if state == "+":
            continue
        if unread and unread[-1][1] == start:
            unread[-1] = (unread[-1][0], end)
        else:
            unread.append((start, end))
    return RescueMap(tuple(unread))


def read_states(path: Path, sectors: int) -> bytearray:
    """The state of each sector, one letter each; a sector is read when all its bytes are. Not covered: not tried.

    Raises:
        NotFound, UsageWrong: as for `read_map`.
    """
    states = bytearray(UNTRIED * sectors)
    blocks = list(_blocks(path))
    for start, end, state in blocks:
        if state == "+":
            # The last sector of an image may be short; then the map ends within it.
            first, last = -(-start // SECTOR), end // SECTOR if end < blocks[-1].end else -(-end // SECTOR)
            states[first : min(last, sectors)] = DONE * max(min(last, sectors) - first, 0)
    for start, end, state in blocks:
        if state != "+":
            first, last = start // SECTOR, min(-(-end // SECTOR), sectors)
            states[first:last] = state.encode() * max(last - first, 0)
    return states


def write_states(path: Path, states: bytearray, length: int, *, at: int = 0, doing: bytes = DONE) -> None:
    """Write a map, whole or not at all.

    Args:
        states: the state of each sector.
        length: bytes of the image; its last sector may be short.
        at, doing: the sector that is being read, and ddrescue's letter for the phase.
    Raises:
        CannotWrite: full disk, read-only folder.
    """
    lines = [
        "# Mapfile. Created by Heliograph, in the format of GNU ddrescue",
        "# current_pos  current_status  current_pass",
        f"0x{at * SECTOR:08X}     {doing.decode()}               1",
        "#      pos        size  status",
    ]
    for run in _RUN.finditer(states):
        start, end = run.start() * SECTOR, min(run.end() * SECTOR, length)
        lines.append(f"0x{start:08X}  0x{end - start:08X}  {chr(states[run.start()])}")
    write_whole(path, "\n".join([*lines, ""]))


def _blocks(path: Path) -> Iterator[_Block]:
    data = b""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise _wrong(path, 1, f"longer than {_MOST_BYTES:,} bytes, and no map is")
        text = data.decode("ascii")
    except UnicodeDecodeError as wrong:
        raise _wrong(path, data[: wrong.start].count(b"\n") + 1, "expected ASCII text") from None
    except OSError as wrong:
        raise NotFound(
            f"{path}: {(wrong.strerror or str(wrong)).lower()}", hint="give the map that ddrescue wrote"
        ) from None
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
        yield _Block(start, end, words[2])
    if end is None:
        raise _wrong(path, number + 1, f"the file ends without {'a block' if status else 'a status line'}")


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
