"""Bytes in, discs out, bytes back: pack, protect, image, catalog, verify, repair, restore.

The verbs are functions of the modules named after them: `seal.seal`, `verify.verify`, `mend.mend`, `restore.restore`.
`care` keeps the discs for a century: scrub, due, cost.
What is handed on here reads discs and loads no compiled code. Names are loaded when they are first used: a command that
reads no discs need not wait for the reader.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.archive.medium import MEDIA, Medium, medium_called, of_size
    from heliograph.archive.read.reader import SetView, find_sets, open_set
    from heliograph.archive.seal.pack import Source

__all__ = ["MEDIA", "Medium", "SetView", "Source", "find_sets", "medium_called", "of_size", "open_set"]

_HOMES = {
    "MEDIA": "medium",
    "Medium": "medium",
    "SetView": "read.reader",
    "Source": "seal.pack",
    "find_sets": "read.reader",
    "medium_called": "medium",
    "of_size": "medium",
    "open_set": "read.reader",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
