"""`heliograph archive catalog`: the SQLite catalog of all sets."""

from __future__ import annotations

from pathlib import Path

import click

from heliograph.cli.show import json_option, note, print_json, print_table

__all__ = ["command"]


@click.group()
def command() -> None:
    """The SQLite catalog: which set, disc and file is where. Everything in it stands on the discs, too."""


@command.command(epilog="\b\nExample:\n  heliograph archive catalog rebuild discs --catalog all.sqlite")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--catalog", type=click.Path(path_type=Path), help="The file.  [default: catalog.sqlite in the first PATH]"
)
@json_option
def rebuild(paths: tuple[Path, ...], catalog: Path | None, as_json: bool) -> None:
    """Make the catalog again from the images, mounted discs or folders of images PATH... alone."""
    from heliograph.archive.catalog import default_catalog
    from heliograph.archive.catalog import rebuild as make_again

    first = paths[0] if paths[0].is_dir() else paths[0].parent
    catalog = catalog or default_catalog(first)
    sets, unread = make_again(catalog, paths)
    if as_json:
        print_json(
            {
                "catalog": catalog,
                "sets": [{"set": one.set_id, "title": one.title, "files": len(one.files)} for one in sets],
                "unread": {str(path): wrong.message for path, wrong in unread.items()},
            }
        )
        return
    rows = [(one.set_id, one.title, len(one.discs), len(one.files)) for one in sets]
    print_table(["set", "title", "discs", "files"], rows, title=str(catalog))
    for wrong in unread.values():
        note(f"note: not read: {wrong.message}")
