"""Sound plants to break on purpose."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomlkit

from heliograph.plant.check import examine
from heliograph.plant.read import find_plant

Change = Callable[[Any], None]


def copy_of(name: str, folder: Path) -> Path:
    """A shipped plant, copied to a place where it may be broken."""
    shutil.copytree(find_plant(name), folder)
    return folder


def change_plant(folder: Path, change: Change) -> None:
    """Change parsed `plant.toml` and write it back."""
    path = folder / "plant.toml"
    tables = tomlkit.parse(path.read_text(encoding="utf-8")).unwrap()
    change(tables)
    path.write_text(tomlkit.dumps(tables), encoding="utf-8")


def change_layout(folder: Path, change: Change) -> None:
    """Change parsed `layout.lif.json`; `change` gets its one layout."""
    path = folder / "layout.lif.json"
    lif = json.loads(path.read_text(encoding="utf-8"))
    change(lif["layouts"][0])
    path.write_text(json.dumps(lif), encoding="utf-8")


def mistakes(folder: Path, *, against_schema: bool = False) -> tuple[str, ...]:
    """What the check says."""
    return examine(folder, against_schema=against_schema).mistakes
