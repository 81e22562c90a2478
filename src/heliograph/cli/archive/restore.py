"""`heliograph archive restore`: copy the files of a disc set back."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heliograph.cli.archive.keys import AskRing, asked_signers, open_options, signer_option
from heliograph.cli.show import human_bytes, json_option, note, print_json, progress
from heliograph.units import counted

if TYPE_CHECKING:
    from heliograph.archive.read.checked import Mending
    from heliograph.archive.read.reader import SetView
    from heliograph.archive.read.restore import Restored
    from heliograph.archive.secret import Keyring
    from heliograph.archive.signing.keys import Public

__all__ = ["command"]


@click.command(
    epilog="\b\nExamples:\n  heliograph archive restore discs --to back\n"
    "  heliograph archive restore discs --to back --only 'record/*.parquet'\n"
    "  heliograph archive restore /mnt/disc --to back --prompt"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--to", type=click.Path(path_type=Path), required=True, help="Folder to restore into.")
@click.option("--only", multiple=True, metavar="PATTERN", help="Files that match, e.g. 'record/*.parquet'; repeatable.")
@click.option("--set", "set_id", help="Which set, when the images hold several; also by its id before a migration.")
@click.option("--overwrite", is_flag=True, help="Replace files of the same name that have other contents.")
@click.option("--prompt", is_flag=True, help="Discs come one at a time to PATH: ask for each, at a terminal only.")
@click.option("--prompt-always", is_flag=True, help="The same, and answers are read from stdin that is no terminal.")
@signer_option("The set")
@open_options
@json_option
def command(
    paths: tuple[Path, ...],
    to: Path,
    only: tuple[str, ...],
    set_id: str | None,
    overwrite: bool,
    prompt: bool,
    prompt_always: bool,
    signers: tuple[str, ...],
    ask_ring: AskRing,
    as_json: bool,
) -> None:
    """Copy files from the images, mounted discs or folders of images PATH... into a folder.

    Files in pieces are joined. Each file is held against its SHA-256, and stands there whole or not at all.

    Damaged sectors are read from the parity of their disc, which stays as it is; how many is said. What that does not
    give back, and discs that are not here, `repair` does first.

    With --prompt, PATH is a mount point, an image that is replaced, or a pattern in quotes ('in/*.iso'); only the discs
    that hold wanted files are asked for, each once. With --signer nothing is restored from a set that is not signed
    with that key, or was changed since; exit code 18.
    """
    public, ring = asked_signers(signers), ask_ring()
    mended: Counter[Path] = Counter()

    def tally(image: Path, sector: int) -> None:
        mended[image] += 1

    try:
        if prompt or prompt_always:
            back = _by_turns(paths, to, only, set_id, overwrite, ring, public, tally, always=prompt_always)
        else:
            back = _at_once(paths, to, only, set_id, overwrite, ring, public, tally, quiet=as_json)
    finally:
        _tell_mended(mended)
    if as_json:
        mended_in = {str(image): sectors for image, sectors in sorted(mended.items())}
        print_json(
            {"written": list(back.written), "already": list(back.already), "bytes": back.bytes, "mended": mended_in}
        )
        return
    there = f"; {len(back.already):,} were there already" if back.already else ""
    click.echo(f"{to}: {counted(len(back.written), 'file')} restored, {human_bytes(back.bytes)} checked{there}")


def _tell_mended(mended: Mapping[Path, int]) -> None:
    from heliograph.archive.read.checked import how_to_mend

    for image, sectors in sorted(mended.items()):
        read = f"{image}: {counted(sectors, 'damaged sector')} read from its parity"
        note(f"note: {read}; mend it: {how_to_mend(image)}")


def _at_once(
    paths: tuple[Path, ...],
    to: Path,
    only: tuple[str, ...],
    set_id: str | None,
    overwrite: bool,
    ring: Keyring | None,
    signers: list[Public],
    mending: Mending,
    *,
    quiet: bool,
) -> Restored:
    from heliograph.archive.read.reader import open_set
    from heliograph.archive.read.restore import restore

    with open_set(paths, set_id, mending=mending) as view, progress("restoring", quiet=quiet) as tell:
        return restore(
            _unlocked(view, ring),
            to,
            patterns=only,
            overwrite=overwrite,
            signers=signers,
            progress=lambda path, done, total: tell(done / max(total, 1), path),
        )


def _unlocked(view: SetView, ring: Keyring | None) -> SetView:
    if not view.index.locked:
        return view
    from heliograph.archive.read.unlock import unlock
    from heliograph.archive.secret import Keyring

    return unlock(view, ring or Keyring())


def _by_turns(
    paths: tuple[Path, ...],
    to: Path,
    only: tuple[str, ...],
    set_id: str | None,
    overwrite: bool,
    ring: Keyring | None,
    signers: list[Public],
    mending: Mending,
    *,
    always: bool,
) -> Restored:
    from heliograph.archive.read.turns import SKIP, STOP, restore_by_turns
    from heliograph.errors import UsageWrong

    if not always and not sys.stdin.isatty():
        raise UsageWrong(
            "--prompt: stdin is not a terminal, so nobody can be asked",
            hint="say --prompt-always to have answers read from it: an empty line, s or q",
        )

    def ask(volume: str, instead: str) -> str:
        found = f"there is: {instead}\n" if instead else ""
        what = f"disc {volume}" if volume else "any disc of the set"
        click.echo(f"{found}insert {what}, then press Enter (s: go on without it, q: stop) ", err=True, nl=False)
        line = sys.stdin.readline()
        return STOP if not line else {"s": SKIP, "q": STOP}.get(line.strip().lower()[:1], "")

    return restore_by_turns(
        paths,
        to,
        ask,
        patterns=only,
        set_id=set_id,
        overwrite=overwrite,
        ring=ring,
        signers=signers,
        mending=mending,
    )
