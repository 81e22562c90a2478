"""What a file is called on a disc, so that every system that will ever read it finds the same name.

A disc carries four name spaces over one set of bytes. Rock Ridge and UDF hold the full name; Joliet holds 64 bytes
of it, plain ISO 9660 a shortened capital form. The bag's manifests speak of the full name, so that one must be legal
everywhere: no control character, none of the characters Windows refuses, no percent sign (BagIt writes it as %25 and
several readers forget to read it back), no two names that differ only in case or in Unicode form, and no more than
UDF can hold. A name that breaks a rule is changed on the disc alone: the index keeps the true one, `restore` gives
it back, and README.txt lists both.

Sources: ECMA-167 (UDF d-strings of 255 bytes), RFC 8493 section 2.1.3, the Joliet specification of 1995.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable

from heliograph.archive.bounds import MOST_PATH, shown
from heliograph.errors import DiscWrong

__all__ = [
    "Namer",
    "disc_name",
    "iso_name",
    "joliet_name",
    "readable",
    "safe_path",
    "split_name",
    "udf_bytes",
    "unique_names",
]

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f%<>:"|?*\\\ud800-\udfff]')
_NOWHERE = frozenset(("", ".", ".."))
_NOT_ISO = re.compile(r"[^A-Z0-9_]")
_UDF_LATIN, _UDF_WIDE, _POSIX = 253, 126, 255
_JOLIET = 64
_ISO_STEM, _ISO_DIR = 24, 30


def readable(name: str) -> str:
    """`name` as text: bytes that are not UTF-8 are written as \\xNN, and stay so when restored."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def disc_name(name: str) -> str:
    """The one component `name`, made legal in Rock Ridge, UDF, on Windows and in a bag; mostly unchanged."""
    clean = _FORBIDDEN.sub("_", name)
    if clean.endswith((".", " ")):
        clean = clean[:-1] + "_"
    return clean if _fits_disc(clean) else _shorten(clean, name, _fits_disc)


def joliet_name(name: str) -> str:
    """The one component `name` within Joliet's 64 bytes of UTF-8; the end of the name (its type) is kept."""
    return name if _fits_joliet(name) else _shorten(name, name, _fits_joliet)


def iso_name(name: str, *, folder: bool) -> str:
    """The one component `name` in capitals, digits and underscores, as a reader of plain ISO 9660 sees it."""
    plain = unicodedata.normalize("NFKD", name).upper()
    if folder:
        return _NOT_ISO.sub("_", plain)[:_ISO_DIR] or "_"
    stem, _, kind = plain.rpartition(".")
    if not stem:
        stem, kind = kind, ""
    return f"{_NOT_ISO.sub('_', stem)[:_ISO_STEM] or '_'}.{_NOT_ISO.sub('_', kind)[:3]}"


def split_name(name: str, number: int, count: int) -> str:
    """What piece `number` (from 1) of `count` is called; the names sort in the order of the pieces."""
    return f"{name}.part{number:03d}of{count:03d}"


class Namer:
    """Gives each path a legal one, different from all it gave before, folder by folder."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, str], str] = {}
        self._given: dict[str, set[str | bytes]] = {}

    def path(self, path: str, mark: str = "") -> str:
        """The path on the disc for the path `path` (`/` between components); the same again for the same.

        Args:
            mark: tells apart two things of one path, such as a file and another file's piece.
        """
        placed = ""
        walked = ""
        parts = path.split("/")
        for at, part in enumerate(parts, 1):
            walked = f"{walked}/{part}" if at < len(parts) else f"{walked}/{part}\x00{mark}"
            known = self._taken.get((placed, walked))
            if known is None:
                known = _unique(disc_name(part), self._given.setdefault(placed, set()), _fits_disc)
                self._taken[placed, walked] = known
            placed = f"{placed}/{known}" if placed else known
        return placed


def _unique(name: str, given: set[str | bytes], fits: Callable[[str], bool] | None = None) -> str:
    """`name`, or `name~2`, `name~3` … before its type, whichever is not in `given` yet; adds it there."""
    stem, dot, kind = name.rpartition(".")
    if not stem:
        stem, dot, kind = name, "", ""
    number = 1
    tried = name
    while not given.isdisjoint(keys := (_key(tried), udf_bytes(tried))):
        number += 1
        tried = f"{stem}~{number}{dot}{kind}"
        if fits is not None and not fits(tried):
            tried = _shorten(tried, f"{name}~{number}", fits)
    given.update(keys)
    return tried


def safe_path(path: str) -> str:
    """`path` if it stays below the folder it is restored to.

    Raises:
        DiscWrong: absolute, absurdly long, with `..`, an empty component or a NUL: no disc of ours holds such a name.
    """
    parts = path.split("/")  # of an absolute path, the first is empty
    if len(path) > MOST_PATH or "\x00" in path or not _NOWHERE.isdisjoint(parts):
        raise DiscWrong(
            f"the index names {shown(path)}, which leads out of the folder to restore to",
            hint="this disc was not written by Heliograph or has been tampered with; nothing was written",
        )
    return path


def unique_names(names: Iterable[str], form: str, *, folders: Iterable[str] = ()) -> dict[str, str]:
    """Each of the sibling `names` (and `folders`) to its name in the `joliet` or `iso` name space, no two alike."""
    given: set[str | bytes] = set()
    found = {}
    for kind, group in ((True, folders), (False, names)):
        for name in group:
            if form == "joliet":
                found[name] = _unique(joliet_name(name), given, _fits_joliet)
            else:
                found[name] = _unique_iso(iso_name(name, folder=kind), given)
    return found


def _unique_iso(name: str, given: set[str | bytes]) -> str:
    stem, dot, kind = name.partition(".")
    number, tried = 1, name
    while tried in given:
        number += 1
        tried = f"{stem}_{number}{dot}{kind}"
    given.add(tried)
    return tried


def udf_bytes(name: str) -> bytes:
    """The one component `name` as UDF writes it, without the byte that says how.

    Siblings must differ in it: AB and 䅂 do not, and pycdlib then lists but one of them.
    """
    try:
        return name.encode("latin-1")
    except UnicodeEncodeError:
        return name.encode("utf-16-be")


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _fits_disc(name: str) -> bool:
    try:
        name.encode("latin-1")
        wide = len(name) > _UDF_LATIN
    except UnicodeEncodeError:
        wide = len(name.encode("utf-16-be")) // 2 > _UDF_WIDE
    return not wide and len(name.encode()) <= _POSIX


def _fits_joliet(name: str) -> bool:
    # The specification allows 64 characters; pycdlib counts UTF-8 bytes, so a Chinese name keeps 21 of them here
    # and all of them in Rock Ridge and UDF.
    return len(name.encode()) <= _JOLIET


def _shorten(name: str, true: str, fits: Callable[[str], bool]) -> str:
    """As much of `name` as fits, then `~` and eight hex digits of the true name, then its type."""
    stem, dot, kind = name.rpartition(".")
    if not stem or len(kind) > 16:
        stem, dot, kind = name, "", ""
    mark = hashlib.sha256(true.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    low, high = 0, len(stem)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(f"{stem[:middle]}~{mark}{dot}{kind}"):
            low = middle
        else:
            high = middle - 1
    return f"{stem[:low]}~{mark}{dot}{kind}"
