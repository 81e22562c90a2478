"""Every key of a plant file is described in docs/plant.md."""

from __future__ import annotations

from pathlib import Path

import msgspec

from heliograph.plant import model

DOCS = Path(__file__).parents[2] / "docs" / "plant.md"


def test_every_key_of_the_plant_file_is_described():
    text = DOCS.read_text(encoding="utf-8")
    kinds = [thing for name in model.__all__ if isinstance(thing := getattr(model, name), type)]
    keys = {key for kind in kinds if issubclass(kind, msgspec.Struct) for key in kind.__struct_fields__}
    tables = {"machines", "stockers", "calendar", "wafer", "takt", "carriers", "vehicles", "battery", "handoff"}
    tables |= {"energy", "flow", "steps", "equipment", "downtime", "electrical"}

    missing = [key for key in sorted(keys - tables) if f"`{key}`" not in text]
    missing += [table for table in sorted(tables) if f"{table}]" not in text and f"`{table}`" not in text]

    assert missing == []
