"""Find every mistake in a plant directory, each with its file and the path in it; change nothing.

Form first (is it TOML, is it JSON, has each key the right type), then meaning (figures, names, ways): what has no form
has no meaning to judge, but a mistake in one file does not hide those in the other.
"""

from __future__ import annotations

import contextlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from heliograph.plant.lif import Layout, Lif, Meta, lenient, schema
from heliograph.plant.model import Plant
from heliograph.plant.parse import judged, typed
from heliograph.plant.rules import plant_mistakes, plant_warnings
from heliograph.plant.ways import layout_mistakes, layout_warnings, port_mistakes
from heliograph.plant.write import LAYOUT_FILE, PLANT_FILE

__all__ = ["Findings", "examine"]


@dataclass(frozen=True)
class Findings:
    """What was read, what is wrong with it, and what is only odd. Plant and layout are None where form is wrong."""

    plant: Plant | None
    lif: Lif | None
    mistakes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def examine(folder: Path, *, against_schema: bool = False) -> Findings:
    """Read both files of a plant directory and judge them.

    Args:
        against_schema: also hold the layout against the published JSON schema. The types here already refuse what
            this program cannot use; the schema tells about the rest, and takes most of a second for a large floor.
    """
    if not folder.is_dir():
        what = "is a file; expected a plant directory" if folder.exists() else "no such directory"
        return Findings(None, None, (f"{folder}: {what}",))
    plant, plant_wrong = _read_plant(folder / PLANT_FILE)
    direct = plant is not None and plant.transport == "direct"
    if direct and not (folder / LAYOUT_FILE).exists():
        return _judged(plant, _NO_FLOOR, plant_wrong, [], [])
    lif, layout_wrong, favours = _read_layout(folder / LAYOUT_FILE, against_schema)
    return _judged(plant, lif, plant_wrong, layout_wrong, favours)


_NO_FLOOR = Lif(
    meta_information=Meta(
        project_identification="no floor", creator="Heliograph", export_timestamp="", lif_version="1.0.0"
    ),
    layouts=[Layout(layout_id="none", layout_version="1", nodes=[], edges=[], stations=[])],
)
"""The layout of a queueing experiment: carriers change place without vehicles."""


def _judged(
    plant: Plant | None, lif: Lif | None, plant_wrong: list[str], layout_wrong: list[str], favours: list[str]
) -> Findings:
    """The meaning of what has form, as far as it has it."""
    warnings: list[str] = [f"{LAYOUT_FILE}: {favour}" for favour in favours]
    if plant is not None:
        plant_wrong = plant_wrong + plant_mistakes(plant)
        warnings += (f"{PLANT_FILE}: {warning}" for warning in plant_warnings(plant))
    if lif is not None and lif is not _NO_FLOOR:
        layout_wrong = layout_wrong + layout_mistakes(lif, plant.vehicles if plant else None)
        if plant is not None and plant.transport == "vehicles":
            plant_wrong = plant_wrong + port_mistakes(plant, lif)
            warnings += (f"{LAYOUT_FILE}: {warning}" for warning in layout_warnings(lif, plant))
    mistakes = [f"{PLANT_FILE}: {wrong}" for wrong in plant_wrong]
    mistakes += (f"{LAYOUT_FILE}: {wrong}" for wrong in layout_wrong)
    return Findings(plant, lif, tuple(mistakes), tuple(warnings))


def _text(path: Path) -> tuple[str, list[str]]:
    """A file's text, or why there is none."""
    try:
        return path.read_text(encoding="utf-8"), []
    except FileNotFoundError:
        return "", ["no such file; a plant directory has both plant.toml and layout.lif.json"]
    except UnicodeDecodeError as wrong:
        return "", [f"byte {wrong.start}: expected text in UTF-8"]
    except OSError as wrong:
        return "", [f"cannot be read: {(wrong.strerror or str(wrong)).lower()}"]


def _read_plant(path: Path) -> tuple[Plant | None, list[str]]:
    text, wrong = _text(path)
    if wrong:
        return None, wrong
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as broken:
        return None, [_toml_place(str(broken))]
    except RecursionError:
        return None, ["nested too deeply to be read as TOML"]
    except ValueError as broken:  # a number of thousands of digits, a date that is none
        return None, [f"not TOML: {str(broken).splitlines()[0].lower()}"]
    return typed(raw, Plant)


def _toml_place(message: str) -> str:
    """tomllib's message, place first."""
    found = re.fullmatch(r"(.*) \(at (line \d+, column \d+|end of document)\)", message, re.DOTALL)
    return f"{found[2]}: not TOML: {found[1].lower()}" if found else f"not TOML: {message}"


def _read_layout(path: Path, against_schema: bool) -> tuple[Lif | None, list[str], list[str]]:
    """The layout, mistakes, and favours done in reading it."""
    text, wrong = _text(path)
    if wrong:
        return None, wrong, []
    if not against_schema:
        # Doing favours takes longer than reading; a file that its own types accept needs none.
        with contextlib.suppress(RecursionError, msgspec.MsgspecError):
            return *judged(msgspec.json.decode(text, type=Lif)), []
    try:
        raw, favours = lenient(msgspec.json.decode(text))
    except RecursionError:
        return None, ["nested too deeply to be read as JSON"], []
    except msgspec.DecodeError as broken:
        return None, [_json_place(text, str(broken))], []
    lif, mistakes = typed(raw, Lif)
    if against_schema:
        known = {mistake.split(": ")[0] for mistake in mistakes}
        mistakes += (wrong for place, wrong in _schema_mistakes(raw) if place not in known)
        if mistakes:
            lif = lif if not known else None
    return lif, mistakes, favours


def _json_place(text: str, message: str) -> str:
    """msgspec's message, with line and column in place of the byte."""
    said = message.removeprefix("JSON is malformed: ").lower()
    found = re.search(r"\s*\(byte (\d+)\)", said)
    if not found:
        return f"line {text.count(chr(10)) + 1}: not JSON: {said}"
    before = text.encode()[: int(found[1])].decode(errors="ignore")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return f"line {line}, column {column}: not JSON: {said[: found.start()]}"


def _schema_mistakes(raw: Any) -> list[tuple[str, str]]:
    """(path, mistake) for each place where the layout breaks the published schema."""
    import jsonschema

    found = []
    for wrong in jsonschema.Draft7Validator(schema()).iter_errors(raw):
        message = wrong.message if len(wrong.message) <= 200 else wrong.message[:197] + "..."
        path = wrong.json_path
        if wrong.validator == "required" and isinstance(wrong.instance, dict):
            # msgspec's walk names the key itself; the schema, the table around it.
            key = message.split("'")[1]
            path = f"{path}.{key}"
            message = "missing; the schema requires it"
        found.append((path, f"{path}: schema: {message}"))
    return found
