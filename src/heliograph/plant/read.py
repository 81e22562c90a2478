"""Read a plant directory, or a plant that ships with Heliograph, into typed values.

A plant that has mistakes is never half read: `read_plant` gives all of it, or names every mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import heliograph
from heliograph.errors import PlantWrong
from heliograph.plant.check import examine
from heliograph.plant.lif import Lif, roadmap_of
from heliograph.plant.model import Plant
from heliograph.plant.roadmap import Roadmap
from heliograph.plant.write import LAYOUT_FILE, PLANT_FILE

__all__ = ["PlantFiles", "find_plant", "read_plant", "shipped_plants"]

LONGEST: Final = 4096
"""No system here has a longer path; asked for one, it fails instead of saying that there is none."""


@dataclass(frozen=True)
class PlantFiles:
    """A sound plant, with where it was read from."""

    plant: Plant
    roadmap: Roadmap
    layout: Lif
    folder: Path
    warnings: tuple[str, ...] = ()

    @property
    def plant_file(self) -> Path:
        """`plant.toml` of this plant."""
        return self.folder / PLANT_FILE

    @property
    def layout_file(self) -> Path:
        """`layout.lif.json` of this plant."""
        return self.folder / LAYOUT_FILE

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that this plant has: one without vehicles may have no layout."""
        return tuple(path for path in (self.plant_file, self.layout_file) if path.exists())


def shipped_plants() -> dict[str, Path]:
    """The plants that come with Heliograph: name to directory."""
    package = Path(heliograph.__file__).parent
    # In a source checkout they lie at its root, where people look for them; a wheel carries them inside the package.
    for home in (package.parents[1] / "plants", package / "plants"):
        if home.is_dir() and (
            found := {path.parent.name: path.parent for path in sorted(home.glob(f"*/{PLANT_FILE}"))}
        ):
            return found
    return {}


def find_plant(name: str | Path) -> Path:
    """The directory that `name` means: a plant directory of that name, else a shipped plant.

    A directory that holds no plant (a run's, say) does not hide the shipped plant of its name.

    Raises:
        PlantWrong: there is neither.
    """
    folder, shipped = Path(name), shipped_plants()
    if len(str(name)) > LONGEST:
        raise _no_plant(f"{str(name)[:60]}…: no such directory: a name of {len(str(name))} characters", name)
    hides_none = str(name) in shipped and not any((folder / file).exists() for file in (PLANT_FILE, LAYOUT_FILE))
    if hides_none:
        return shipped[str(name)]
    if folder.is_dir():
        return folder
    if folder.exists():
        raise _no_plant(f"{name}: is a file; expected a plant directory", name)
    raise _no_plant(f"{name}: no such directory, and no shipped plant has this name", name)


def _no_plant(said: str, name: str | Path) -> PlantWrong:
    wrong = PlantWrong([said], where=name)
    wrong.hint = (
        f"shipped plants: {', '.join(shipped_plants())}; `heliograph plant new topcon DIR` makes one of any size"
    )
    return wrong


def read_plant(name: str | Path) -> PlantFiles:
    """Read a plant by the name it ships under, or from its directory.

    Raises:
        PlantWrong: every mistake, with the file and the path in it.
    """
    folder = find_plant(name)
    found = examine(folder)
    if found.mistakes or found.plant is None or found.lif is None:
        raise PlantWrong(list(found.mistakes), where=folder)
    return PlantFiles(
        plant=found.plant,
        roadmap=roadmap_of(found.lif, found.plant.vehicles),
        layout=found.lif,
        folder=folder,
        warnings=found.warnings,
    )
