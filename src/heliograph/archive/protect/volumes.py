"""Which file systems an image announces, where every disc does: in descriptors of one sector each, from sector 16 on.

Protection needs none: it keeps any bytes. But a computer that is to open the disc needs one, and a file that has none
is often the wrong file.

Source: ECMA-119 (ISO 9660), 8.1: bytes 2 to 6 of a volume descriptor are `CD001`. ECMA-167, 2/8.3 and 3/9.1: an
extended area, from `BEA01` to `TEA01`, with `NSR02` or `NSR03` in it for UDF.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from heliograph.archive.medium import SECTOR
from heliograph.archive.protect.copying import unreadable

__all__ = ["volumes_in"]

_FIRST: Final = 16
_MOST: Final = 64
"""Descriptors looked at; real discs have fewer than ten."""
_ANNOUNCED: Final = {b"CD001": "ISO 9660", b"NSR02": "UDF", b"NSR03": "UDF"}
_BESIDE: Final = {b"BEA01", b"BOOT2", b"CDW02", b"TEA01"}


def volumes_in(image: Path) -> tuple[str, ...]:
    """`ISO 9660`, `UDF`, both or none, in the order in which they are announced.

    Raises:
        DiscWrong: the image cannot be read there.
    """
    found: dict[str, None] = {}
    try:
        with image.open("rb") as file:
            file.seek(_FIRST * SECTOR)
            for _ in range(_MOST):
                name = file.read(SECTOR)[1:6]
                if name in _ANNOUNCED:
                    found[_ANNOUNCED[name]] = None
                elif name not in _BESIDE:
                    break
    except OSError as wrong:
        raise unreadable(image, wrong) from wrong
    return tuple(found)
