"""What it costs to keep data: energy and carbon of discs, hard disks and tape, from stated figures.

The arithmetic, for T terabytes of data in c copies over Y years of 8,766 h:

    hard disk   drives x watts x powered share x Y x 8.766 kWh; drives = T c / its size, rounded up. What moves data is
                in the watts already.
    disc, tape  (TB written + TB read) x 1e6 / MB/s / 3,600 h x watts of the drive / 1,000, and
                libraries x watts x Y x 8.766. On a medium stand G = T c (1 + redundancy) TB (tape: T c).
        written G for each generation of media: Y / life, rounded up
        read    G after each writing (first test), G for each copy onto the next generation, G for each periodic test
                (Y / interval, rounded down), and T times the share read back, each year

All times the overhead; carbon is energy times the grid's, and what is bought times the carbon of making it. Not
counted: rooms, lights, transport, waste, and drives that idle (give their watts as a library's).
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

__all__ = ["WAYS", "Cost", "Drift", "Input", "break_even_w_per_tb", "cost", "drifts", "inputs", "ratio"]

WAYS: Final = ("optical", "hard disk", "tape")
_KILO_HOURS: Final = 8.766
"""Thousands of hours in a year of 365.25 days."""


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One figure that the cost is computed from."""

    key: str
    value: float
    unit: str
    help: str
    source: str
    est: bool = False
    least: float = 0.0
    most: float = 1e9
    positive: bool = False
    """0 makes no sense."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way of keeping the data takes over all the years."""

    standing_kwh: float
    """Drawn whether data moves or not."""
    moving_kwh: float
    """For writing, testing, copying and reading back."""
    media: int
    """Disks, discs or tapes in use at a time."""
    bought: int
    """The same over all the years."""
    carbon_kg: float
    tb_years: float
    """Data times years, one copy."""

    @property
    def kwh(self) -> float:
        return self.standing_kwh + self.moving_kwh

    @property
    def kwh_per_tb_year(self) -> float:
        return self.kwh / self.tb_years

    @property
    def kg_per_tb_year(self) -> float:
        return self.carbon_kg / self.tb_years


@dataclass(frozen=True, slots=True)
class Drift:
    """Optical per hard disk when one input is halved, and when it is doubled."""

    key: str
    halved: float
    doubled: float

    @property
    def swing(self) -> float:
        """The larger of the two by the smaller."""
        low, high = sorted((self.halved, self.doubled))
        return high / low if low else math.inf


@cache
def inputs() -> tuple[Input, ...]:
    """All figures with their defaults and sources, as shipped."""
    raw = tomllib.loads(Path(__file__).with_name("costs.toml").read_text(encoding="utf-8"))
    return msgspec.convert(raw["input"], tuple[Input, ...])


def cost(values: Mapping[str, float], tb: float, years: float) -> dict[str, Cost]:
    """What each way of keeping `tb` terabytes for so many years takes.

    Args:
        values: a value for each key of `inputs`.
    """
    kept = tb * values["copies"]
    generations = math.ceil(years / values["hdd_years"])
    drives = math.ceil(kept / values["hdd_tb"])
    spinning = drives * values["hdd_w"] * values["hdd_powered"] * years * _KILO_HOURS
    return {
        "optical": _removable(values, tb, years, kept * (1 + values["redundancy"]), "disc", "burner", "library"),
        "hard disk": _sum(values, tb * years, spinning, 0.0, drives, drives * generations, values["hdd_made"]),
        "tape": _removable(values, tb, years, kept, "tape", "tape", "tape_library"),
    }


def ratio(values: Mapping[str, float], tb: float, years: float) -> float:
    """Energy of discs per energy of hard disks: the claim is 0.1."""
    costs = cost(values, tb, years)
    return costs["optical"].kwh / costs["hard disk"].kwh


def drifts(values: Mapping[str, float], tb: float, years: float) -> list[Drift]:
    """How halving and doubling each input, where that can be, moves the ratio; those that move it most first."""
    found = []
    for one in inputs():
        value = values[one.key]
        if value == 0:
            continue
        half, twice = (min(max(value * by, one.least), one.most) for by in (0.5, 2.0))
        found.append(
            Drift(one.key, ratio({**values, one.key: half}, tb, years), ratio({**values, one.key: twice}, tb, years))
        )
    return sorted(found, key=lambda drift: -drift.swing)


def break_even_w_per_tb(values: Mapping[str, float], tb: float, years: float, share: float = 0.1) -> float:
    """Watts per TB of data that a disc library may draw all the time until discs take `share` of hard disks' energy.

    Negative when discs on a shelf take more already.
    """
    costs = cost({**values, "library_w": 0.0}, tb, years)
    left = share * costs["hard disk"].kwh - costs["optical"].kwh
    return left / values["overhead"] / (years * _KILO_HOURS) / tb


def _removable(
    values: Mapping[str, float], tb: float, years: float, stored: float, medium: str, drive: str, library: str
) -> Cost:
    generations = math.ceil(years / values[f"{medium}_years"])
    tests = math.floor(years / values["test_years"])
    written = stored * generations
    read = stored * (2 * generations - 1 + tests) + tb * values["read_share"] * years
    kwh_per_tb = 1e6 / values[f"{drive}_mb_s"] / 3600 * values[f"{drive}_w"] / 1000
    libraries = math.ceil(stored / values[f"{library}_tb"])
    standing = libraries * values[f"{library}_w"] * years * _KILO_HOURS
    media = math.ceil(stored / values[f"{medium}_tb"])
    moving = (written + read) * kwh_per_tb
    return _sum(values, tb * years, standing, moving, media, media * generations, values[f"{medium}_made"])


def _sum(
    values: Mapping[str, float], tb_years: float, standing: float, moving: float, media: int, bought: int, made: float
) -> Cost:
    standing, moving = standing * values["overhead"], moving * values["overhead"]
    carbon = (standing + moving) * values["grid"] + bought * made
    return Cost(standing, moving, media, bought, carbon, tb_years)
