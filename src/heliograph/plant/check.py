"""Find every mistake in a plant directory, each with its file and the path in it; change nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from heliograph.plant.lif import Lif, lenient
from heliograph.plant.model import Plant
from heliograph.plant.write import LAYOUT_FILE, PLANT_FILE

__all__ = ["Findings", "examine"]


@dataclass(frozen=True)
class Findings:
    """What was read, what is wrong with it, and what is only odd."""

    plant: Plant | None
    lif: Lif | None
    mistakes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def examine(folder: Path) -> Findings:
    """Read both files and judge them."""
    plant = msgspec.toml.decode((folder / PLANT_FILE).read_bytes(), type=Plant)
    raw, warnings = lenient(msgspec.json.decode((folder / LAYOUT_FILE).read_bytes()))
    return Findings(plant, msgspec.convert(raw, Lif), (), tuple(warnings))
