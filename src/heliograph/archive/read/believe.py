"""What an index may say: held against itself, and against the disc it stands on, before anything is read by it.

An index is text, and anyone can write one. It must not lead out of a folder, name bytes twice or bytes that are not
there, or tell of more than the disc can hold.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from heliograph.archive.bounds import MOST_FILES, shown
from heliograph.archive.iso.names import safe_path
from heliograph.archive.texts.index import FORMAT, File, Index
from heliograph.errors import DiscWrong

__all__ = ["bytes_on", "check_room", "decode"]

_BESIDE: Final = {"read_discs.py", "key.age", "names.json.age"}
_MOST_DATA, _MOST_PARITY, _MOST_PIECES = 999, 16, 999


def decode(text: bytes, where: Path | str) -> Index:
    """Read `index.json`.

    Raises:
        DiscWrong: not an index, of a format that this version does not know, or one that no set of ours has.
    """
    try:
        if text.count(b'"sha256"') > 2 * MOST_FILES:
            raise ValueError(f"more than {MOST_FILES:,} files")
        index = msgspec.json.decode(text, type=Index)
    except (ValueError, RecursionError) as wrong:  # msgspec.DecodeError is a ValueError
        raise DiscWrong(
            f"{where}: index.json: {str(wrong)[:200].lower()}",
            hint="the disc is damaged: try `heliograph archive repair`",
            path=str(where),
        ) from None
    if index.format != FORMAT:
        raise DiscWrong(
            f"{where}: index.json: format: expected {FORMAT}, got {shown(index.format)}",
            hint="a newer Heliograph wrote this disc; the files on it can be read without any",
            path=str(where),
        )
    _check_index(index, where)
    return index


def _check_index(index: Index, where: Path | str) -> None:
    """Refuse an index that no set of ours has."""
    data, parity = index.data_discs, index.parity_discs
    if not re.fullmatch(r"HG[0-9A-Z]{9}", index.set_id) or index.discs != data + parity:
        raise _wrong(where, "not the ids of a set and its discs")
    if not 1 <= len(data) <= _MOST_DATA or len(parity) > _MOST_PARITY:
        raise _wrong(where, f"{len(data):,} data and {len(parity):,} parity discs")
    for letter, discs in (("D", data), ("P", parity)):
        for number, disc in enumerate(discs, 1):
            if (disc.name, disc.number) != (f"{letter}{number:02d}", number):
                raise _wrong(where, f"{shown(disc.name)}: expected the disc {letter}{number:02d}")
    try:
        created = datetime.fromisoformat(index.created)
    except ValueError:
        created = datetime.min
    if created.tzinfo is None or not 1970 <= created.year <= 2155:
        raise _wrong(where, f"created: {shown(index.created)} is not an instant that a disc can carry")
    if not set(index.beside) <= _BESIDE:
        raise _wrong(where, f"beside: {shown(min(set(index.beside) - _BESIDE))} does not stand beside an index")
    if len(index.files) + len(index.folders) > MOST_FILES:
        raise _wrong(where, f"{len(index.files) + len(index.folders):,} files; a set has at most {MOST_FILES:,}")
    for folder in index.folders:
        safe_path(folder)
    _check_files(index.files, {disc.name for disc in data}, where)


def _check_files(files: Sequence[File], discs: set[str], where: Path | str) -> None:
    seen: set[str] = set()
    places: set[tuple[str, str]] = set()
    for file in files:
        safe_path(file.path)
        if file.path in seen:
            raise _wrong(where, f"{shown(file.path)} is there twice")
        seen.add(file.path)
        if len(file.pieces) > _MOST_PIECES:
            raise _wrong(where, f"{shown(file.path)}: {len(file.pieces):,} pieces")
        at = 0
        for piece in file.pieces:
            if piece.disc not in discs:
                raise _wrong(where, f"{shown(file.path)}: stands on {shown(piece.disc)}, no data disc of the set")
            if piece.start != at:
                raise _wrong(where, f"{shown(file.path)}: a piece begins at {piece.start:,}, not at {at:,}")
            at += piece.bytes
            if not safe_path(piece.path).startswith("data/"):
                raise _wrong(where, f"{shown(file.path)}: a piece stands outside data/")
            if (piece.disc, piece.path) in places:
                raise _wrong(where, f"{shown(file.path)}: another file has the same piece {shown(piece.path)}")
            places.add((piece.disc, piece.path))
        if at != file.bytes:
            raise _wrong(where, f"{shown(file.path)}: its pieces have {at:,} bytes, not {file.bytes:,}")


def bytes_on(index: Index) -> Counter[str]:
    """How many bytes of files an index puts on each disc."""
    said = Counter[str]()
    for file in index.files:
        for piece in file.pieces:
            said[piece.disc] += piece.bytes
    return said


def check_room(said: Counter[str], disc: str, there: int, where: Path | str) -> None:
    """Refuse an index that puts more bytes on a disc (`said`) than its volume has (`there`).

    Raises:
        DiscWrong: the same bytes would be restored as many files.
    """
    if said[disc] > there:
        raise _wrong(where, f"files of {said[disc]:,} bytes on disc {disc}, whose file system has {there:,}")


def _wrong(where: Path | str, why: str) -> DiscWrong:
    return DiscWrong(
        f"{where}: index.json: {why}",
        hint="this disc was not written by Heliograph or has been tampered with",
        path=str(where),
    )
