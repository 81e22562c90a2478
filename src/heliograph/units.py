"""Units: the factors between what people write and what the code counts in, and numbers with the noun they count.

Inside, time is whole milliseconds since the record's midnight (negative during the warm-up), length is metres,
energy is kilowatt hours. Whole milliseconds make a run repeatable to the byte.
"""

from typing import Final

__all__ = ["DAY_MS", "GB", "HOUR_MS", "MINUTE_MS", "SECOND_MS", "counted", "ms_from_h", "ms_from_min", "ms_from_s"]

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
GB: Final = 1_000_000_000


def ms_from_s(seconds: float) -> int:
    """Whole milliseconds in `seconds`, rounded to nearest."""
    return round(seconds * SECOND_MS)


def ms_from_min(minutes: float) -> int:
    """Whole milliseconds in `minutes`, rounded to nearest."""
    return round(minutes * MINUTE_MS)


def ms_from_h(hours: float) -> int:
    """Whole milliseconds in `hours`, rounded to nearest."""
    return round(hours * HOUR_MS)


def counted(count: int, noun: str) -> str:
    """A number with what it counts: `1 disc`, `1,200 discs`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
