"""`heliograph archive migrate`: sealed discs onto new ones, with their chain of custody."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heliograph.cli.archive.catalogs import CATALOG
from heliograph.cli.archive.keys import AskRing, asked_new_holders, asked_signer, open_options, relock_options
from heliograph.cli.archive.wishes import asked_day, asked_medium
from heliograph.cli.show import human_bytes, json_option, note, print_json, print_table, progress
from heliograph.units import counted

if TYPE_CHECKING:
    from heliograph.archive.migrate import Migrated
    from heliograph.archive.texts.custody import OldDisc

__all__ = ["command"]


@click.command(
    epilog="\b\nExamples:\n"
    "  heliograph archive migrate old-discs --to new-discs --medium bd-100 --parity 2 --operator 'A. Li'\n"
    "  heliograph archive migrate old-discs --to copies\n"
    "  heliograph archive migrate locked-discs --to new --medium bd-100 --identity my.key --recipients-file holders.txt"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SOURCE...")
@click.option("--to", type=click.Path(path_type=Path), required=True, help="Folder of the new images; holds no source.")
@click.option("--medium", "name", help="Pack the files anew, for cd, dvd, bd-25, bd-50, bd-100 or bd-128.")
@click.option("--capacity", help="The same for a medium of another size, e.g. 64MB.")
@click.option("--parity", default=0, show_default=True, help="Parity discs of the new set.")
@click.option("--redundancy", type=float, help="Parity inside each new image, per byte of data.  [as before]")
@click.option("--title", default="", help="Of the new set.  [as before]")
@click.option("--date", help="Day stamped on the new discs, YYYY-MM-DD; the same day gives the same images.  [today]")
@click.option("--operator", default="", help="Who does it, for the custody.")
@click.option("--partial", is_flag=True, help="Take the files that can be had; the custody names the others.")
@click.option("--catalog", type=CATALOG, help="A SQLite file, or postgresql://…  [default: catalog.sqlite in --to]")
@click.option(
    "--register", type=click.Path(path_type=Path), help="SQLite register.  [default: register.sqlite in --to]"
)
@open_options
@relock_options
@json_option
def command(
    paths: tuple[Path, ...],
    to: Path,
    name: str | None,
    capacity: str | None,
    parity: int,
    redundancy: float | None,
    title: str,
    date: str | None,
    operator: str,
    partial: bool,
    catalog: Path | str | None,
    register: Path | None,
    ask_ring: AskRing,
    recipients: tuple[str, ...],
    recipients_files: tuple[Path, ...],
    new_passphrase: bool,
    new_passphrase_file: Path | None,
    sign: Path | None,
    sign_password_file: Path | None,
    as_json: bool,
) -> None:
    """Bring the sets of sealed discs in SOURCE..., images or folders of them, to new discs, and keep their custody.

    Every source is checked and mended first, aside: sources are only read. With --medium or --capacity the files are
    packed anew, each held against its old SHA-256; without, the images are copied as they are, byte for byte. The
    custody says which old discs the files come from, in which state these were, and who copied them when; earlier
    custody is carried along. `burn` then brings the images in --to onto discs.

    To pack an encrypted set anew takes its key (--identity or --passphrase), and who may read the new one
    (--recipient, --recipients-file or --new-passphrase): it is never written in the clear.
    """
    from heliograph.archive.care.register import Register, default_register
    from heliograph.archive.migrate import migrate

    medium = asked_medium(name, capacity) if name or capacity else None
    ring = ask_ring() if medium is not None else None
    holders = asked_new_holders(recipients, recipients_files, new_passphrase, new_passphrase_file)
    signer = asked_signer(sign, sign_password_file)
    book = Register(register or default_register(to))
    with progress("migrating", quiet=as_json) as tell:
        done = migrate(
            paths,
            to,
            book,
            date=asked_day(date),
            now=lambda: datetime.now(UTC),
            medium=medium,
            parity=parity,
            redundancy=redundancy,
            title=title,
            operator=operator,
            partial=partial,
            catalog=catalog,
            signer=signer,
            ring=ring,
            holders=holders,
            progress=lambda part, at, total: tell(at / max(total, 1), part),
        )
    if as_json:
        print_json({"register": str(book.path), "sets": [_plain(one) for one in done]})
        return
    for one in done:
        rows = [(one.old.set_id, disc.disc, disc.state, _damage(disc)) for disc in one.step.discs]
        how = "packed anew" if one.step.way == "repack" else "copied byte for byte"
        became = f"Set {one.old.set_id} became {one.new.set_id}" if one.new != one.old else f"Set {one.old.set_id}"
        print_table(["old set", "disc", "state", "damage"], rows, title=f"{became}, {how}")
        size = human_bytes(sum(image.stat().st_size for image in one.images))
        files = one.step.files - len(one.step.lost)
        click.echo(
            f"{to}: {counted(len(one.images), 'image')}, {size}; {counted(files, 'file')}, each as its old SHA-256 says"
        )
        for file in one.step.lost:
            note(f"note: not taken along: {file.path}: {file.why}")
        for path in one.beside:
            note(f"note: custody: {path}")


def _damage(disc: OldDisc) -> str:
    if not disc.damaged_sectors:
        return ""
    return f"{disc.damaged_sectors:,} of {disc.sectors:,} sectors; worst block {disc.worst} of {disc.roots}"


def _plain(one: Migrated) -> dict[str, object]:
    import msgspec

    return {
        "old_set": one.old.set_id,
        "new_set": one.new.set_id,
        "title": one.new.title,
        "images": [str(path) for path in one.images],
        "custody": msgspec.to_builtins(one.step),
        "steps": max(len(one.new.custody), 1),
        "beside": [str(path) for path in one.beside],
    }
