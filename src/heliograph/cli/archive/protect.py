"""`heliograph archive protect`: RS03 parity for any ISO image, in a copy or in place."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from heliograph.archive.medium import MEDIA, Medium
from heliograph.cli.show import human_bytes, json_option, note, print_json, print_pairs, progress

__all__ = ["command"]


@click.command(
    epilog="\b\nExamples:\n  heliograph archive protect holiday.iso protected.iso --medium bd-25\n"
    "  heliograph archive protect small.iso protected.iso --roots 64\n"
    "  heliograph archive protect holiday.iso --in-place"
)
@click.argument("source", type=click.Path(path_type=Path), metavar="IN.iso")
@click.argument("out", type=click.Path(path_type=Path), metavar="[OUT.iso]", required=False)
@click.option("--in-place", is_flag=True, help="Append the parity to IN.iso itself; without OUT.iso.")
@click.option(
    "--medium",
    "name",
    type=click.Choice(list(MEDIA), case_sensitive=False),
    help="Disc to fill.  [default: no larger than needed]",
)
@click.option("--no-defect-management", "bare", is_flag=True, help="Of a BD-R, fill the spare sectors, too.")
@click.option("--sectors", type=click.IntRange(255, 2**32 - 1), help="Fill so many sectors of 2,048 bytes instead.")
@click.option("--roots", type=click.IntRange(8, 170), help="Parity sectors in each 255, at least.")
@json_option
def command(
    source: Path,
    out: Path | None,
    in_place: bool,
    name: str | None,
    bare: bool,
    sectors: int | None,
    roots: int | None,
    as_json: bool,
) -> None:
    """Write OUT.iso: the ISO image IN.iso, unchanged, and RS03 parity behind it, as dvdisaster writes it.

    The size decides how many roots there are: a medium is filled with as many as there is room for (8 at least); with
    --roots alone, the image is the smallest that has them; with neither, as small as `seal` makes it. An IN.iso that
    carries RS03 already is protected anew; one with no ISO 9660 or UDF volume in it is protected as it is, and said to
    have none. IN.iso is only read, and OUT.iso appears whole or not at all.

    With --in-place the parity is appended to IN.iso, whose own bytes are never touched. If that is stopped, the same
    command goes on: a note beside the image, IN.iso.unfinished, says where its ISO ends.
    """
    from heliograph.archive.protect import protect_copy, protect_in_place

    medium = _medium(name, bare, sectors)
    if (out is None) != in_place:
        raise _either(source)
    with progress("protecting", quiet=as_json) as tell:
        work = partial(protect_in_place, source) if out is None else partial(protect_copy, source, out)
        done = work(
            medium=medium,
            roots=roots,
            progress=lambda part, at, total: tell(at / max(total, 1), part),
        )
    layout = done.layout
    if as_json:
        print_json(
            {
                "image": done.image,
                "source": source,
                "in_place": in_place,
                "resumed": done.resumed,
                "volumes": done.volumes,
                "iso_sectors": layout.iso_sectors,
                "sectors": layout.sectors,
                "bytes": layout.image_bytes,
                "layer_sectors": layout.layer_sectors,
                "roots": layout.roots,
                "redundancy": layout.redundancy,
                "medium": None if medium is None else medium.name,
                "medium_sectors": None if medium is None else medium.sectors,
                "roots_before": None if done.again is None else done.again.roots,
            }
        )
        return
    if done.resumed:
        note(f"note: an earlier command was stopped while it wrote to {source}; its ISO is whole, and protected now")
    if not done.volumes:
        note(f"note: {source}: no ISO 9660 or UDF volume found; its bytes are protected as they are")
    if done.again is not None:
        note(f"note: {source} carried RS03 with {done.again.roots} roots; its ISO was protected anew")
    if roots is not None and layout.roots > roots:
        note(f"note: {layout.roots} roots, not {roots}: in RS03 the size decides, and this size has room for them")
    scratch = layout.roots * layout.layer_sectors * 2048
    print_pairs(
        [
            ("image", str(done.image)),
            ("size", f"{human_bytes(layout.image_bytes)}, {layout.sectors:,} sectors"),
            ("of which ISO", f"{human_bytes(layout.iso_sectors * 2048)}, {layout.iso_sectors:,} sectors"),
            ("parity", f"{layout.roots} roots, {layout.redundancy:.1%} of the data"),
            ("survives", f"{layout.roots} lost sectors of each 255; a scratch of {human_bytes(scratch)}"),
        ]
    )


def _either(source: Path) -> Exception:
    """Neither a copy nor the image itself was asked for, or both were."""
    from heliograph.errors import UsageWrong

    return UsageWrong(
        f"OUT.iso or --in-place: give one of them; a copy leaves {source} as it is, --in-place appends to it"
    )


def _medium(name: str | None, bare: bool, sectors: int | None) -> Medium | None:
    """The medium that the options name, or None."""
    from heliograph.errors import UsageWrong

    if name is not None and sectors is not None:
        raise UsageWrong("--medium and --sectors: give one of them; both name the size of the image")
    kind = None if name is None else MEDIA[name.lower()]
    if bare and (kind is None or kind.unmanaged_sectors is None):
        which = ", ".join(each.name for each in MEDIA.values() if each.unmanaged_sectors)
        raise UsageWrong(f"--no-defect-management: goes with --medium {which}; other media have no such choice")
    if sectors is not None:
        return Medium(f"--sectors {sectors}", sectors)
    if kind is not None and bare and kind.unmanaged_sectors is not None:
        return Medium(kind.name, kind.unmanaged_sectors)
    return kind
