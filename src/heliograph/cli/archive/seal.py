"""`heliograph archive seal`: write files onto a set of protected disc images."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from heliograph.cli.show import human_bytes, json_option, note, print_json, print_table, progress

__all__ = ["command"]


@click.command(
    epilog="\b\nExamples:\n  heliograph archive seal photos letters --out discs --title 'Family, 2026'\n"
    "  heliograph archive seal data --medium bd-100 --parity 2 --out discs"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("discs"), show_default=True, help="Folder of images."
)
@click.option("--medium", "name", help="cd, dvd, bd-25, bd-50, bd-100 or bd-128.  [default: bd-25]")
@click.option("--capacity", help="A medium of another size instead, e.g. 64MB; the whole protected image fits in it.")
@click.option("--parity", default=0, show_default=True, help="Parity discs: so many discs of the set may be lost.")
@click.option("--redundancy", default=0.15, show_default=True, help="Parity inside each image, per byte of data.")
@click.option("--title", default="", help="What the set holds, for people.  [default: the names given]")
@click.option(
    "--date", help="Day stamped on the discs, YYYY-MM-DD; the same files and day give the same images.  [today]"
)
@click.option("--catalog", type=click.Path(path_type=Path), help="SQLite catalog.  [default: catalog.sqlite in --out]")
@json_option
def command(
    paths: tuple[Path, ...],
    out: Path,
    name: str | None,
    capacity: str | None,
    parity: int,
    redundancy: float,
    title: str,
    date: str | None,
    catalog: Path | None,
    as_json: bool,
) -> None:
    """Write the files and folders PATH... onto as many protected disc images as they need.

    Each image is ISO 9660 and UDF, readable without Heliograph; it mends its own scratches, and any --parity discs of
    the set may be lost. No image stands under its name before it is whole.
    """
    from heliograph.archive.medium import MEDIA, medium_called, of_size
    from heliograph.archive.seal import seal
    from heliograph.errors import UsageWrong

    if name and capacity:
        raise UsageWrong("--medium and --capacity: give one of them", hint="--capacity is a medium of any size")
    kind = of_size(capacity) if capacity else medium_called(name) if name else MEDIA["bd-25"]
    at = _day(date)
    with progress("sealing", quiet=as_json) as tell:
        sealed = seal(
            paths,
            out,
            date=at,
            medium=kind,
            parity=parity,
            redundancy=redundancy,
            title=title or ", ".join(path.resolve().name for path in paths),
            catalog=catalog,
            progress=lambda part, done, total: tell(done / max(total, 1), part),
        )
    if as_json:
        discs = [
            {"disc": one.name, "kind": one.kind, "image": one.path, "bytes": one.image_bytes} for one in sealed.discs
        ]
        print_json(
            {
                "set": sealed.set_id,
                "title": sealed.index.title,
                "files": len(sealed.index.files),
                "file_bytes": sealed.index.bytes,
                "bytes": sealed.bytes,
                "discs": discs,
                "catalog": sealed.catalog,
                "left_behind": list(sealed.left_behind),
                "split_s": dict(sealed.split_s),
            }
        )
        return
    for path in sealed.left_behind:
        replaced = path.name.startswith(sealed.set_id)
        note(
            f"note: {path} was left by an interrupted seal; "
            + ("it has been replaced" if replaced else "its own command replaces it, or delete it")
        )
    print_table(
        ["disc", "image", "size", "of the medium"],
        [
            (one.name, str(one.path), human_bytes(one.image_bytes), f"{one.image_bytes / kind.bytes:.1%}")
            for one in sealed.discs
        ],
        title=f"Set {sealed.set_id}: {len(sealed.index.files):,} files, {human_bytes(sealed.index.bytes)}",
    )


def _day(text: str | None) -> datetime:
    from heliograph.errors import UsageWrong

    if text is None:
        return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageWrong(f"--date {text}: expected YYYY-MM-DD") from None
    if not 1970 <= at.year <= 2155:
        raise UsageWrong(f"--date {text}: a disc can carry the years 1970 to 2155")
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
