"""`heliograph plant new`: write a plant directory of any size."""

from __future__ import annotations

import math
from pathlib import Path

import click

from heliograph.cli.show import json_option, print_json
from heliograph.errors import CannotWrite
from heliograph.plant.topcon import SHIPPED, build
from heliograph.plant.write import LAYOUT_FILE, PLANT_FILE, write_plant

__all__ = ["command"]


@click.command(
    epilog="\b\nExample:\n  heliograph plant new topcon my-plant --lines 2 --vehicles 46\n"
    "  heliograph plant check my-plant"
)
@click.argument("kind", type=click.Choice(sorted(SHIPPED)))
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--lines", type=click.IntRange(1, 200), help="Production lines. Default: as shipped (topcon 8, small 2).")
@click.option(
    "--vehicles", type=click.IntRange(1, 20_000), help="Vehicles. Default: as many per line as in the shipped plant."
)
@json_option
def command(kind: str, directory: Path, lines: int | None, vehicles: int | None, as_json: bool) -> None:
    """Write the reference plant KIND to the new or empty directory DIR, at any size.

    plant.toml holds the figures, each one described in docs/formats/plant.md; layout.lif.json the floor.
    The same arguments give the same bytes. Change the files freely, then run `heliograph plant check DIR`.
    """
    shipped_lines, shipped_vehicles = SHIPPED[kind]
    lines = shipped_lines if lines is None else lines
    vehicles = math.ceil(lines * shipped_vehicles / shipped_lines) if vehicles is None else vehicles
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        what = "is not empty" if directory.is_dir() else "is a file"
        raise CannotWrite(
            f"{directory}: {what}; nothing was written",
            hint="name a new or an empty directory",
            path=str(directory),
        )
    plant, lif = build(lines, vehicles, kind)
    write_plant(directory, plant, lif)
    nodes = len(lif.layouts[0].nodes)
    if as_json:
        files = [directory / PLANT_FILE, directory / LAYOUT_FILE]
        print_json(
            {
                "directory": directory,
                "plant": kind,
                "lines": lines,
                "vehicles": vehicles,
                "nodes": nodes,
                "files": files,
            }
        )
        return
    click.echo(
        f"{directory}: {kind}, {lines} line{'s' * (lines > 1)}, "
        f"{vehicles} vehicle{'s' * (vehicles > 1)}, {nodes:,} nodes"
    )
    click.echo(f"next: heliograph run {directory}")
