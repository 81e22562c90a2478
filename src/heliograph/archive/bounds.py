"""How much a reader believes: what no disc of ours holds is refused by name, before it takes memory or time.

Sealing keeps to the same bounds, so that whatever is sealed can be read.
"""

from __future__ import annotations

from typing import Final

from heliograph.archive.medium import SECTOR
from heliograph.errors import DiscWrong

__all__ = [
    "MOST_FILES",
    "MOST_FOLDER_BYTES",
    "MOST_INDEX_BYTES",
    "MOST_PATH",
    "SPREAD",
    "check_layout",
    "shown",
]

MOST_FILES: Final = 1_000_000
"""Files in a set; files and folders on a disc."""
MOST_FOLDER_BYTES: Final = 1 << 28
"""Directory records of one folder: about a million of them."""
MOST_INDEX_BYTES: Final = 1 << 30
"""index.json, and each other file beside `data/`."""
MOST_PATH: Final = 16_384
"""Characters of a path. The longest that a system of today opens has 4,096 bytes."""
SPREAD: Final = 4
"""An image may say that it is so many times as long as its file is; with less left, no row could be mended."""


def shown(text: str) -> str:
    """A text from a disc, for a message: quoted, control characters escaped, cut where it is absurdly long."""
    return repr(text if len(text) <= 200 else f"{text[:200]}…")


def check_layout(where: object, sectors: int, there: int) -> None:
    """Hold the size that an RS03 header or CRC sector tells of against that of the file, both in sectors.

    Raises:
        DiscWrong: it cannot be.
    """
    if sectors > SPREAD * there:
        raise DiscWrong(
            f"{where}: its RS03 layer tells of an image of {sectors * SECTOR:,} bytes; "
            f"the file has {there * SECTOR:,}, too few to mend it",
            hint="the file is cut: read the disc again; or it has been tampered with",
            path=str(where),
        )
