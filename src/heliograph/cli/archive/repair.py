"""`heliograph archive repair`: mend damaged sectors and rebuild lost discs."""

from __future__ import annotations

from pathlib import Path

import click

from heliograph.cli.archive.reading import limits_of, reading_options
from heliograph.cli.show import json_option, print_json, print_table, progress
from heliograph.units import counted

__all__ = ["command"]


@click.command(
    epilog="\b\nExamples:\n  heliograph archive repair discs\n  heliograph archive repair from-drive.iso --out mended\n"
    "  heliograph archive repair rescued.iso --map rescued.map --out whole.iso\n"
    "  heliograph archive repair /dev/sr0 --out whole.iso"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder to write into instead of in place; for one image, also a file; for a drive, a file.",
)
@click.option(
    "--map",
    "map_path",
    type=click.Path(path_type=Path),
    help="GNU ddrescue's map of the one image given.  [default: IMAGE.map, where there is one]",
)
@reading_options
@json_option
def command(
    paths: tuple[Path, ...],
    out: Path | None,
    map_path: Path | None,
    retries: int,
    time_limit: float,
    as_json: bool,
) -> None:
    """Mend the images PATH..., or those in the folders PATH..., and rebuild the discs that their sets lack.

    First each image by its own parity; then, for folders, missing discs and those past mending from the parity discs.
    What comes out is checked, and is what was sealed, byte for byte; otherwise it is refused by name. With a map, no
    sector that ddrescue could not read is believed, unless its checksum proves it.

    A disc in a drive (/dev/sr0) is read first, as `rescue` does, beside the file named with --out.
    """
    from heliograph.archive.repair.mend import mend
    from heliograph.archive.rescue.ddrescue import read_map

    with progress("repairing", quiet=as_json) as tell:
        mended = mend(
            paths,
            out=out,
            rescued=None if map_path is None else read_map(map_path),
            limits=limits_of(retries, time_limit),
            progress=lambda what, done, total: tell(done / max(total, 1), what),
        )
    if as_json:
        print_json(
            {
                "repaired": [{"image": path, "sectors": sectors} for path, sectors in mended.repaired],
                "rebuilt": [{"image": path, "disc": disc} for path, disc in mended.rebuilt],
                "good": list(mended.good),
            }
        )
        return
    rows = [(str(path), f"{counted(sectors, 'sector')} repaired") for path, sectors in mended.repaired]
    rows += [(str(path), f"rebuilt as disc {disc}") for path, disc in mended.rebuilt]
    rows += [(str(path), "needed nothing") for path in mended.good]
    print_table(["image", "what was done"], rows)
