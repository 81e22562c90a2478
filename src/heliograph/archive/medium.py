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
    """One kind of disc: what people call it, how many 2,048-byte sectors it holds, and what a drive makes of it."""

    name: str
    sectors: int
    unmanaged_sectors: int | None = None
    """Sectors of a BD-R that is burnt without defect management; None where there is no such choice."""
    once_bytes_s: float | None = None
    """Bytes of user data a second at the speed called 1x; None where the kind of disc is not known."""
    layers: int = 1
    ring_mm: tuple[float, float] | None = None
    """Inner and outer radius of the ring that holds the data, in mm."""

    @property
    def bytes(self) -> int:
        """The same in bytes."""
        return self.sectors * SECTOR


_CD_ONCE: Final = 75.0 * SECTOR
"""ECMA-130: 75 sectors a second."""
_DVD_ONCE: Final = 11.08e6 / 8
"""ECMA-267: 11.08 Mbit of user data a second."""
_BD_ONCE: Final = 66e6 / (498 * 1932) * 65_536
"""ISO/IEC 30190: 66 million channel bits a second; 498 frames of 1,932 channel bits hold 64 KiB. 35.96 Mbit/s."""

MEDIA: Final = {
    kind.name: kind
    for kind in (
        Medium("cd", 359_424, None, _CD_ONCE, 1, (25.0, 58.0)),
        Medium("dvd", 2_295_104, None, _DVD_ONCE, 1, (24.0, 58.0)),
        Medium("bd-25", 11_826_176, 12_219_392, _BD_ONCE, 1, (24.0, 58.0)),
        Medium("bd-50", 23_652_352, 24_438_784, _BD_ONCE, 2, (24.0, 58.0)),
        Medium("bd-100", 47_305_728, 48_878_592, _BD_ONCE, 3, (24.0, 58.0)),
        Medium("bd-128", 60_403_712, 62_500_864, _BD_ONCE, 4, (24.0, 58.0)),
    )
}
"""The media by name. BD-R sizes are those with defect management, so that an image fits the formatted disc too.

Source: capacities that BD-R drives report, formatted and not; dvdisaster 0.79.5 has the same. Radii: ECMA-130 (CD),
ECMA-267 (DVD), ISO/IEC 30190 and 30191 (BD-R).
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
    match = re.fullmatch(r"\s*([0-9]{1,18}(?:\.[0-9]+)?)\s*([KMGT]?I?B?)\s*", text.upper())
    unit = "" if match is None else match[2]
    if match is None or unit not in _UNITS:
        raise UsageWrong(f"capacity {text!r}: expected a size such as 64MB, 700MiB or 25GB")
    sectors = int(float(match[1]) * _UNITS[unit]) // SECTOR
    if sectors < 1:
        raise UsageWrong(f"capacity {text!r}: less than one sector of {SECTOR} bytes")
    return Medium(text.strip(), sectors)
