"""`heliograph archive restore`: copy the files of a disc set back."""

from __future__ import annotations

from pathlib import Path

import click

from heliograph.cli.show import human_bytes, json_option, print_json, progress

__all__ = ["command"]


@click.command(
    epilog="\b\nExamples:\n  heliograph archive restore discs --to back\n"
    "  heliograph archive restore discs --to back --only 'record/*.parquet'"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--to", type=click.Path(path_type=Path), required=True, help="Folder to restore into.")
@click.option("--only", multiple=True, metavar="PATTERN", help="Files that match, e.g. 'record/*.parquet'; repeatable.")
@click.option("--set", "set_id", help="Which set, when the images hold several.")
@click.option("--overwrite", is_flag=True, help="Replace files of the same name that have other contents.")
@json_option
def command(
    paths: tuple[Path, ...], to: Path, only: tuple[str, ...], set_id: str | None, overwrite: bool, as_json: bool
) -> None:
    """Copy files from the images, mounted discs or folders of images PATH... into a folder.

    Files in pieces are joined. Each file is held against its SHA-256, and stands there whole or not at all.
    """
    from heliograph.archive.reader import open_set
    from heliograph.archive.restore import restore

    with open_set(paths, set_id) as view, progress("restoring", quiet=as_json) as tell:
        back = restore(
            view,
            to,
            patterns=only,
            overwrite=overwrite,
            progress=lambda path, done, total: tell(done / max(total, 1), path),
        )
    if as_json:
        print_json({"written": list(back.written), "already": list(back.already), "bytes": back.bytes})
        return
    there = f"; {len(back.already):,} were there already" if back.already else ""
    click.echo(f"{to}: {len(back.written):,} file(s) restored, {human_bytes(back.bytes)} checked{there}")
