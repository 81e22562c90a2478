"""`names.json`: which encrypted file is which. It stands on every disc, encrypted itself, as `names.json.age`."""

from __future__ import annotations

from typing import Final

import msgspec

from heliograph.archive.secret.stream import sealed_bytes
from heliograph.archive.texts.index import File, Index
from heliograph.errors import DiscWrong

__all__ = ["FORMAT", "KEY", "NAMES", "Contents", "Sealed", "encode", "opened_index"]

FORMAT: Final = "heliograph-contents/1"
KEY: Final = "key.age"
"""On every disc: the set's key, encrypted for its holders."""
NAMES: Final = "names.json.age"


class Sealed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file as it was given, and what it is called in the set."""

    sealed: str
    path: str
    bytes: int
    sha256: str
    modified: str = ""
    keys: dict[str, tuple[str, str]] = {}


class Contents(msgspec.Struct, frozen=True):
    """All files, and the folders that hold nothing."""

    format: str
    files: tuple[Sealed, ...]
    folders: tuple[str, ...]


def encode(contents: Contents) -> bytes:
    """The text of names.json, a line for each file; as long for one hash as for another."""
    files = b",\n  ".join(msgspec.json.encode(each) for each in contents.files)
    folders = msgspec.json.encode(contents.folders)
    return b'{\n "format": "%s",\n "files": [\n  %s\n ],\n "folders": %s\n}\n' % (FORMAT.encode(), files, folders)


def opened_index(index: Index, text: bytes, where: str) -> Index:
    """The index with the true names, sizes and hashes; pieces stay those of the encrypted files.

    Raises:
        DiscWrong: not the names of this set.
    """
    try:
        contents = msgspec.json.decode(text, type=Contents)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise _wrong(where, str(wrong).lower()) from None
    if contents.format != FORMAT:
        raise _wrong(where, f"format: expected {FORMAT}, got {contents.format[:40]!r}")
    outer = {file.path: file for file in index.files}
    files = []
    for each in contents.files:
        held = outer.pop(each.sealed, None)
        if held is None or each.bytes < 0 or sealed_bytes(each.bytes) != held.bytes:
            raise _wrong(where, f"{each.sealed!r}: the index has no such file of that size")
        files.append(File(each.path, each.bytes, each.sha256, held.pieces, each.modified, each.keys))
    if outer:
        raise _wrong(where, f"says nothing of {next(iter(outer))!r}")
    return msgspec.structs.replace(index, files=tuple(files), folders=contents.folders)


def _wrong(where: str, why: str) -> DiscWrong:
    return DiscWrong(
        f"{where}: names.json: {why}", hint="this set was not sealed by Heliograph or has been tampered with"
    )
