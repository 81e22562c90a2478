"""Write a plant directory: `plant.toml` in a form that people edit, `layout.lif.json` strictly by its schema.

A figure that is an engineering estimate carries its mark twice: in the table's list `est`, which programs print with
it, and as the comment `# est.` on its own line, which a person who edits the file sees.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from heliograph.files import write_whole
from heliograph.plant.lif import Lif, write_lif
from heliograph.plant.model import Plant

__all__ = ["LAYOUT_FILE", "PLANT_FILE", "plant_text", "write_plant"]

PLANT_FILE = "plant.toml"
LAYOUT_FILE = "layout.lif.json"

_HEAD = """\
# A workshop, as `heliograph run` reads it. Every key is described in docs/formats/plant.md; the unit is in its name.
# "est." marks an engineering estimate: no published figure was found. Change it freely.
# `heliograph plant check DIR` names every mistake in this file and in the layout beside it.

"""


def write_plant(folder: Path, plant: Plant, lif: Lif) -> None:
    """Write both files of a plant directory, each whole or not at all.

    Raises:
        CannotWrite: the system refuses.
    """
    write_whole(folder / PLANT_FILE, plant_text(plant))
    write_whole(folder / LAYOUT_FILE, write_lif(lif))


def plant_text(plant: Plant) -> str:
    """`plant.toml`: first what stands once, then one machine per line, then a table for each thing."""
    out = [_HEAD]
    scalars = ("format", "name", "title", "title_zh", "site", "lines", "transport")
    out += [f"{key} = {_value(getattr(plant, key))}\n" for key in scalars]
    out.append("\n# Step codes in order; where each figure comes from.\n")
    out.append(f"route = {_value(plant.route)}\n")
    out.append(_listed("sources", (_value(source) for source in plant.sources)))
    out.append(
        "\n# Machines on the floor. Ports are stations of the layout; members stand connected behind a machine.\n"
    )
    out.append(_listed("machines", (_inline(machine) for machine in plant.machines)))
    out.append("\n# Stores of full and empty carriers.\n")
    out.append(_listed("stockers", (_inline(stocker) for stocker in plant.stockers)))
    for key in ("calendar", "wafer", "takt", "carriers", "vehicles", "handoff", "energy", "flow"):
        out.append(_table(f"[{key}]", key, getattr(plant, key)))
    for step in plant.steps:
        out.append(_table("[[steps]]", "steps", step))
    for equipment in plant.equipment:
        out.append(_table("[[equipment]]", "equipment", equipment))
    return "".join(out)


def _table(header: str, path: str, thing: msgspec.Struct) -> str:
    """A table with its sub-tables after its plain keys, as TOML wants it. Values left at their default are left out."""
    lines = ["", header]
    below: list[str] = []
    est = set(getattr(thing, "est", []))
    for item in msgspec.structs.fields(thing):
        value = getattr(thing, item.name)
        if item.default is not msgspec.NODEFAULT and value == item.default:
            continue
        if item.default_factory is not msgspec.NODEFAULT and value == item.default_factory():
            continue
        inner = f"{path}.{item.name}"
        mark = "  # est." if item.name in est else ""
        if isinstance(value, msgspec.Struct):
            below.append(_table(f"[{inner}]{mark}", inner, value))
        elif isinstance(value, list) and value and isinstance(value[0], msgspec.Struct):
            below += [_table(f"[[{inner}]]", inner, entry) for entry in value]
        else:
            lines.append(f"{item.name} = {_value(value)}{mark}")
    return "\n".join(lines) + "\n" + "".join(below)


def _listed(key: str, entries: Iterable[str]) -> str:
    body = "".join(f"  {entry},\n" for entry in entries)
    return f"{key} = [\n{body}]\n"


def _inline(thing: msgspec.Struct) -> str:
    """One line; empty lists left out."""
    pairs = ((item.name, getattr(thing, item.name)) for item in msgspec.structs.fields(thing))
    return "{ " + ", ".join(f"{key} = {_value(value)}" for key, value in pairs if value != []) + " }"


def _value(value: Any) -> str:
    """A TOML value. JSON's strings, numbers and lists are TOML's as well."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
