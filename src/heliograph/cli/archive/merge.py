"""`heliograph archive merge`: one whole image of several damaged copies of a disc."""

from __future__ import annotations

from pathlib import Path

import click

from heliograph.cli.archive.reading import limits_of, reading_options
from heliograph.cli.show import json_option, note, print_table, print_verdict, progress
from heliograph.units import counted

__all__ = ["command"]


@click.command(
    epilog="\b\nExamples:\n  heliograph archive merge first.iso second.iso --out whole.iso\n"
    "  heliograph archive merge /dev/sr0 old.iso --map old.iso rescued.map --out whole.iso"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="COPY...")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Image to write; a new file.")
@click.option(
    "--map",
    "maps",
    multiple=True,
    nargs=2,
    type=click.Path(path_type=Path),
    metavar="COPY MAP",
    help="GNU ddrescue's map of a copy; repeatable.  [default: COPY.map, where there is one]",
)
@click.option(
    "--incomplete", is_flag=True, help="Write it even if sectors are lost; OUT.map names them. Still exit code 8."
)
@reading_options
@json_option
def command(
    paths: tuple[Path, ...],
    out: Path,
    maps: tuple[tuple[Path, Path], ...],
    incomplete: bool,
    retries: int,
    time_limit: float,
    as_json: bool,
) -> None:
    """Merge damaged copies of one disc, sector by sector: image files, or drives with the disc in them.

    A sector is taken from the first copy in which it matches its checksum. Where the checksum is lost, and on discs
    without RS03, copies vote; a sector that a map calls unread has no vote. What is missing then is mended by the
    parity. Copies may be shorter than the disc; copies of different discs are refused.

    Exit code 0: the image is whole; 8: sectors are lost beyond the parity.
    """
    from heliograph.archive.merge import merge
    from heliograph.archive.rescue.ddrescue import read_map

    with progress("merging", quiet=as_json) as tell:
        merged = merge(
            paths,
            out,
            maps={copy: read_map(told) for copy, told in maps},
            incomplete=incomplete,
            limits=limits_of(retries, time_limit),
            progress=lambda what, done, total: tell(done / max(total, 1), what),
        )
    wrong = merged.error()
    document = {
        "image": str(merged.image),
        "sectors": merged.sectors,
        "protected": merged.protected,
        "copies": [{"copy": str(share.copy), "taken": share.taken, "unread": share.unread} for share in merged.shares],
        "mended": merged.mended,
        "outvoted": merged.outvoted.tolist(),
        "split": merged.split.tolist(),
        "lost": merged.lost.tolist(),
    }
    if as_json:
        print_verdict(document, wrong)
        return
    rows: list[tuple[object, ...]] = [(str(share.copy), share.taken, share.unread) for share in merged.shares]
    rows += [("mended by its parity", merged.mended, None)] if merged.protected else []
    rows += [("lost", int(merged.lost.size), None)] if merged.lost.size else []
    print_table(["from", "sectors", "unread there"], rows, title=f"{out}: {merged.sectors:,} sectors")
    for what, numbers in (("most agree", merged.outvoted), ("as many say one thing as another", merged.split)):
        if numbers.size:
            shown = ", ".join(map(str, numbers[:5].tolist())) + (" …" if numbers.size > 5 else "")
            note(f"note: copies differ in {counted(numbers.size, 'sector')} that no checksum decides ({shown}): {what}")
    if wrong is not None:
        raise wrong
