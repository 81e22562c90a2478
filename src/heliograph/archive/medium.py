"""The discs that are sold, in sectors, and any size a person names: `--medium bd-25`, `--capacity 64MB`.

A capacity counts the whole protected image: file system, data and Reed-Solomon layer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from heliograph.errors import UsageWrong

__all__ = ["MEDIA", "SECTOR", "Medium", "medium_called", "of_size"]

SECTOR: Final = 2048
"""Bytes in one sector of every optical disc here."""

_UNITS: Final = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}


@dataclass(frozen=True, slots=True)
class Medium:
    """One kind of disc: what people call it and how many 2,048-byte sectors it holds."""

    name: str
    sectors: int
    unmanaged_sectors: int | None = None
    """Sectors of a BD-R that is burnt without defect management; None where there is no such choice."""

    @property
    def bytes(self) -> int:
        """The same in bytes."""
        return self.sectors * SECTOR


MEDIA: Final = {
    kind.name: kind
    for kind in (
        Medium("cd", 359_424),
        Medium("dvd", 2_295_104),
        Medium("bd-25", 11_826_176, 12_219_392),
        Medium("bd-50", 23_652_352, 24_438_784),
        Medium("bd-100", 47_305_728, 48_878_592),
        Medium("bd-128", 60_403_712, 62_500_864),
    )
}
"""The media by name. BD-R sizes are those with defect management, so that an image fits the formatted disc too.

Source: capacities that BD-R drives report, formatted and not; dvdisaster 0.79.5 has the same.
"""


def medium_called(name: str) -> Medium:
    """The medium called `name`.

    Raises:
        UsageWrong: no such medium.
    """
    try:
        return MEDIA[name.lower()]
    except KeyError:
        raise UsageWrong(
            f"medium {name!r}: expected one of {', '.join(MEDIA)}", hint="for another size use --capacity, e.g. 64MB"
        ) from None


def of_size(text: str) -> Medium:
    """A medium of a size in words: '64MB', '700 MiB', '25.0GB', '1000000'; rounded down to whole sectors.

    Raises:
        UsageWrong: not a size, or less than one sector.
    """
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?I?B?)\s*", text.upper())
    unit = "" if match is None else match[2]
    if match is None or unit not in _UNITS:
        raise UsageWrong(f"capacity {text!r}: expected a size such as 64MB, 700MiB or 25GB")
    sectors = int(float(match[1]) * _UNITS[unit]) // SECTOR
    if sectors < 1:
        raise UsageWrong(f"capacity {text!r}: less than one sector of {SECTOR} bytes")
    return Medium(text.strip(), sectors)
