"""`heliograph archive seal`: write files onto a set of protected disc images."""

from __future__ import annotations

from pathlib import Path

import click

from heliograph.cli.archive.catalogs import CATALOG
from heliograph.cli.archive.keys import asked_holders, asked_signer, lock_options
from heliograph.cli.archive.wishes import asked_day, asked_medium, asked_title, set_options
from heliograph.cli.show import human_bytes, json_option, note, print_json, print_table, progress
from heliograph.units import counted

__all__ = ["command"]


@click.command(
    epilog="\b\nExamples:\n  heliograph archive seal photos letters --out discs --title 'Family, 2026'\n"
    "  heliograph archive seal data --medium bd-100 --parity 2 --out discs\n"
    "  heliograph archive seal data --recipients-file holders.txt --sign minisign.key"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("discs"), show_default=True, help="Folder of images."
)
@set_options
@click.option("--catalog", type=CATALOG, help="A SQLite file, or postgresql://…  [default: catalog.sqlite in --out]")
@lock_options
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
    catalog: Path | str | None,
    recipients: tuple[str, ...],
    recipients_files: tuple[Path, ...],
    by_passphrase: bool,
    passphrase_file: Path | None,
    sign: Path | None,
    sign_password_file: Path | None,
    as_json: bool,
) -> None:
    """Write the files and folders PATH... onto as many protected disc images as they need.

    Each image is ISO 9660 and UDF, readable without Heliograph; it mends its own scratches, and any --parity discs of
    the set may be lost. No image stands under its name before it is whole.

    With recipients or a passphrase, files and their names are encrypted in the format of age; sizes, dates and --title
    stay readable. With --sign, the index and each data disc carry a signature that minisign or ssh-keygen checks.
    """
    from heliograph.archive.catalog import shown
    from heliograph.archive.seal.seal import seal

    kind, at = asked_medium(name, capacity), asked_day(date)
    holders = asked_holders(recipients, recipients_files, by_passphrase, passphrase_file)
    signer = asked_signer(sign, sign_password_file)
    with progress("sealing", quiet=as_json) as tell:
        sealed = seal(
            paths,
            out,
            date=at,
            medium=kind,
            parity=parity,
            redundancy=redundancy,
            title=asked_title(title, () if holders else paths),
            catalog=catalog,
            holders=holders,
            signer=signer,
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
                "catalog": shown(sealed.catalog),
                "encrypted": sealed.index.locked,
                "signed_by": sealed.index.signed_by,
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
        title=f"Set {sealed.set_id}: {counted(len(sealed.index.files), 'file')}, {human_bytes(sealed.index.bytes)}",
    )
