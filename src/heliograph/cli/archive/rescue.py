"""`heliograph archive rescue`: read a sick disc as far as it can be read."""

from __future__ import annotations

from pathlib import Path

import click

from heliograph.cli.archive.reading import limits_of, reading_options
from heliograph.cli.show import json_option, print_json, progress

__all__ = ["command"]


@click.command(
    epilog="\b\nExamples:\n  heliograph archive rescue /dev/sr0 --out disc.iso\n"
    "  heliograph archive rescue /dev/sr0 --out disc.iso --retries 20 --time-limit 8h"
)
@click.argument("source", type=click.Path(path_type=Path), metavar="DRIVE")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Image to write, or to go on with.")
@reading_options
@json_option
def command(source: Path, out: Path, retries: int, time_limit: float, as_json: bool) -> None:
    """Read the disc in DRIVE, or a file on a sick disk, into an image; a map beside it says what could not be read.

    The map (OUT.map) is GNU ddrescue's: either program goes on where the other stopped, and so does this command when
    it is given again. `verify`, `repair` and `merge` heed a map that lies beside an image. Exit code 10: not all was
    read.
    """
    from heliograph.archive.rescue import rescue

    with progress("reading", quiet=as_json) as tell:
        done = rescue(
            source,
            out,
            limits=limits_of(retries, time_limit),
            progress=lambda what, read, total: tell(read / max(total, 1), what),
        )
    wrong = done.error()
    document = {"image": done.image, "map": done.map, "sectors": done.sectors, "unread": int(done.lost.size)}
    if wrong is not None:
        wrong.fields.update(document)
        raise wrong
    if as_json:
        print_json(document)
        return
    click.echo(f"{done.image}: all {done.sectors:,} sectors of {source} read; {done.map} says so")
