"""What xorriso prints about drives and discs, as typed values: the only place that knows its words.

Source: xorriso 1.5.4, `man xorriso`, commands -devices, -toc, -check_media; `man xorrecord`, option -v.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from heliograph.archive.drive.port import APPENDABLE, BLANK, NO_DISC, UNSUITABLE, WRITTEN, Loaded

__all__ = ["Found", "complaint", "read_devices", "read_progress", "read_toc", "read_unreadable"]

_DEVICE = re.compile(r"^\s*\d+\s+-dev '(?P<path>[^']+)' \S+ :\s+'(?P<vendor>[^']*)' '(?P<model>[^']*)'", re.M)
_BLOCKS = re.compile(r"(\d+) readable , (\d+) writable")
_MODEL = re.compile(r"vendor '([^']*)' product '([^']*)' revision '([^']*)'")
_UPDATE = re.compile(r"UPDATE :\s+(\d+) of\s+(\d+) MB written")
_REGION = re.compile(r"^Media region :\s+(\d+) ,\s+(\d+) , (.)", re.M)
_GRAVE = re.compile(r"^\S+ : (?:SORRY|FAILURE|FATAL|MISHAP) : (.*)$", re.M)


@dataclass(frozen=True, slots=True)
class Found:
    """A recorder that the system offers."""

    path: str
    model: str


def read_devices(text: str) -> list[Found]:
    """The drives that `xorriso -devices` lists."""
    return [
        Found(match["path"], " ".join(f"{match['vendor']} {match['model']}".split()))
        for match in _DEVICE.finditer(text)
    ]


def read_toc(text: str) -> Loaded | None:
    """What lies in the drive, from `xorriso -outdev DRIVE -toc`; None when the text does not say."""
    # -outdev prints the first of these lines already, -toc all of them: the last word counts.
    said = {key: value.strip() for key, value in re.findall(r"^((?:Media|Drive) \w+) *: (.*)$", text, re.M)}
    if "Media status" not in said:
        return None
    kind = said.get("Media current", "")
    blocks = _BLOCKS.search(said.get("Media blocks", ""))
    readable, writable = (int(blocks[1]), int(blocks[2])) if blocks else (0, 0)
    model = _MODEL.search(said.get("Drive type", ""))
    state = _state(said["Media status"])
    return Loaded(
        "" if kind.startswith("is not") else kind,
        state,
        writable if state in (BLANK, APPENDABLE) else 0,
        readable,
        said.get("Media product", "").partition(" , ")[0].strip(),
        " ".join(" ".join(model.groups()).split()) if model else "",
        pseudo=kind.startswith("stdio"),
    )


def _state(status: str) -> str:
    if "unsuitable" in status or "POW" in status:
        return UNSUITABLE
    if "appendable" in status:
        return APPENDABLE
    if "is blank" in status:
        return BLANK
    if "is written" in status:
        return WRITTEN
    return NO_DISC


def read_progress(text: str) -> tuple[int, int] | None:
    """MB written and MB in all, from the last line of the kind that has been printed; None before the first."""
    updates = _UPDATE.findall(text)
    return (int(updates[-1][0]), int(updates[-1][1])) if updates else None


def read_unreadable(text: str) -> list[tuple[int, int]] | None:
    """First sector and count of each run that was not read, from `-check_media`; None when it reports nothing at all.

    Qualities that begin with `+` are readable. `-` are not, and `0` were not tried: nothing speaks for these, either.
    """
    regions = _REGION.findall(text)
    return [(int(first), int(count)) for first, count, sign in regions if sign != "+"] if regions else None


def complaint(text: str) -> str:
    """The gravest thing xorriso said, in its words: the last failure, or the last line."""
    grave = [line for line in _GRAVE.findall(text) if "-abort_on" not in line and "-return_with" not in line]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (grave or lines or ["it said nothing"])[-1]
