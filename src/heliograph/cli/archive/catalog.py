"""`heliograph archive catalog`: which set, disc and file is where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from heliograph.cli.archive.catalogs import CATALOG
from heliograph.cli.archive.keys import AskRing, open_options
from heliograph.cli.show import json_option, note, print_json, print_table

if TYPE_CHECKING:
    from heliograph.archive.catalog import Entered

__all__ = ["command"]

_paths = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
_catalog = click.option(
    "--catalog",
    type=CATALOG,
    help="A SQLite file, or postgresql://USER@HOST/DATABASE.  [default: catalog.sqlite in the first PATH]",
)


@click.group()
def command() -> None:
    """The catalog: which set, disc and file is where. Everything in it stands on the discs, too.

    It is a SQLite file, or a PostgreSQL database that several machines share.
    """


@command.command(epilog="\b\nExample:\n  heliograph archive catalog rebuild discs --catalog all.sqlite")
@_paths
@_catalog
@click.option("--forget-absent", is_flag=True, help="Forget sets and places of discs that are not here.")
@open_options
@json_option
def rebuild(
    paths: tuple[Path, ...],
    catalog: Path | str | None,
    forget_absent: bool,
    ask_ring: AskRing,
    as_json: bool,
) -> None:
    """Make the catalog again from the images, mounted discs or folders of images PATH...

    Whole or not at all: an interrupted rebuild leaves the catalog as it was. What others entered stays: sets of which
    no disc is here are left as they were, and named; --forget-absent takes them out. With the key of an encrypted set
    its true names are entered, in the clear: keep that catalog where the key is.
    """
    from heliograph.archive.catalog import rebuild as make_again

    where = _where(catalog, paths)
    _tell(where, make_again(where, paths, ask_ring(), forget_absent=forget_absent), as_json)


@command.command(
    epilog="\b\nExamples:\n  heliograph archive catalog add /mnt/disc --catalog all.sqlite\n"
    "  heliograph archive catalog add discs --catalog postgresql://archive@db.example/archive"
)
@_paths
@_catalog
@open_options
@json_option
def add(
    paths: tuple[Path, ...],
    catalog: Path | str | None,
    ask_ring: AskRing,
    as_json: bool,
) -> None:
    """Enter the sets whose images or mounted discs PATH... holds; what the catalog knows of others stays.

    One disc is enough to enter the files of its whole set; with the key of an encrypted set under their true names.
    """
    from heliograph.archive.catalog import add as enter_discs

    where = _where(catalog, paths)
    _tell(where, enter_discs(where, paths, ask_ring()), as_json)


def _where(catalog: Path | str | None, paths: tuple[Path, ...]) -> Path | str:
    from heliograph.archive.catalog import default_catalog

    return catalog or default_catalog(paths[0] if paths[0].is_dir() else paths[0].parent)


def _tell(where: Path | str, entered: Entered, as_json: bool) -> None:
    from heliograph.archive.catalog import shown

    if as_json:
        print_json(
            {
                "catalog": shown(where),
                "sets": [{"set": one.set_id, "title": one.title, "files": len(one.files)} for one in entered.sets],
                "left": [{"set": set_id, "title": title} for set_id, title in entered.left],
                "gone": [{"set": set_id, "title": title} for set_id, title in entered.gone],
                "unread": {str(path): wrong.message for path, wrong in entered.unread.items()},
            }
        )
        return
    rows = [(one.set_id, one.title, len(one.discs), len(one.files)) for one in entered.sets]
    print_table(["set", "title", "discs", "files"], rows, title=shown(where))
    for set_id, title in entered.left:
        note(f"note: no disc of {set_id} ({title}) is here: the catalog has it as before; --forget-absent takes it out")
    for set_id, title in entered.gone:
        note(f"note: no disc of {set_id} ({title}) is here: it is no longer in the catalog; `catalog add` enters it")
    for wrong in entered.unread.values():
        note(f"note: not read: {wrong.message}")
