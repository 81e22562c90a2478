"""`heliograph plant check`: name every mistake in a plant directory; change nothing."""

from __future__ import annotations

import click

from heliograph.cli.show import json_option, note, print_json
from heliograph.errors import PlantWrong
from heliograph.plant.check import examine
from heliograph.plant.read import find_plant

__all__ = ["command"]


@click.command(
    epilog="\b\nExample:\n  heliograph plant check my-plant\n"
    "  error: plant.toml: $.steps[3].loss_pct: expected 0 to 100, got -2"
)
@click.argument("plant", metavar="DIR")
@json_option
def command(plant: str, as_json: bool) -> None:
    """Name every mistake in the plant directory DIR (or shipped plant), with its file and the path in it.

    Warnings are printed apart and are no mistakes. Exit code 0: the plant can be run; 3: it has mistakes.
    """
    folder = find_plant(plant)
    found = examine(folder, against_schema=True)
    if not as_json:
        for warning in found.warnings:
            note(f"warning: {warning}")
    if found.mistakes:
        wrong = PlantWrong(list(found.mistakes), where=folder)
        wrong.fields["warnings"] = list(found.warnings)
        raise wrong
    if as_json:
        print_json({"directory": folder, "mistakes": [], "warnings": list(found.warnings)})
        return
    odd = {0: "", 1: ", 1 warning"}.get(len(found.warnings), f", {len(found.warnings)} warnings")
    click.echo(f"{folder}: no mistakes{odd}")
