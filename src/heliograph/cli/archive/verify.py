"""`heliograph archive verify`: check images against their checksums, manifests and sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from heliograph.cli.archive.keys import AskRing, asked_signers, open_options, signer_option
from heliograph.cli.archive.reading import limits_of, reading_options, scratch_option
from heliograph.cli.show import json_option, note, print_table, print_verdict, progress
from heliograph.units import counted

if TYPE_CHECKING:
    from heliograph.archive.secret import Keyring
    from heliograph.archive.verify.check import DiscState
    from heliograph.archive.verify.verify import SetState

__all__ = ["command"]


@click.command(
    epilog="\b\nExamples:\n  heliograph archive verify discs\n  heliograph archive verify /dev/sr0 --scratch /var/tmp"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--quick", is_flag=True, help="Checksums of the sectors only: no SHA-256, no trial of the parity.")
@click.option(
    "--map",
    "map_path",
    type=click.Path(path_type=Path),
    help="GNU ddrescue's map of the one image given.  [default: IMAGE.map, where there is one]",
)
@scratch_option
@reading_options
@signer_option("Every set")
@open_options
@json_option
def command(
    paths: tuple[Path, ...],
    quick: bool,
    map_path: Path | None,
    scratch: Path | None,
    retries: int,
    time_limit: float,
    signers: tuple[str, ...],
    ask_ring: AskRing,
    as_json: bool,
) -> None:
    """Check the images PATH..., or those in the folders PATH...; nothing is written.

    For a folder, every set in it must be complete. An image that dvdisaster or `protect` protected, and no disc of a
    set, is checked by its own parity: how much of it is damaged, and how much more its worst block of 255 sectors may
    lose. A disc in a drive (/dev/sr0) is first read into a file, as `rescue` does, and that file deleted afterwards.
    Exit code 0: all is as it was sealed; 10: damaged, and repairable; 8: sectors lost beyond an image's parity;
    9: more discs gone than parity discs replace; 7: neither our disc nor protected with RS03.

    An encrypted set is checked without its key; with it, every file is decrypted, too. With --signer, the index and
    each data disc must be signed with that key; exit code 18: not signed, signed by another, or changed since.
    """
    from heliograph.archive.rescue.ddrescue import read_map
    from heliograph.archive.verify.verify import verify

    public, ring = asked_signers(signers), ask_ring()
    with progress("verifying", quiet=as_json) as tell:
        verdict = verify(
            paths,
            deep=not quick,
            hashes=not quick,
            rescued=None if map_path is None else read_map(map_path),
            limits=limits_of(retries, time_limit),
            scratch=scratch,
            signers=public,
            progress=lambda image, done, total: tell(done / max(total, 1), image),
        )
    wrong = verdict.error()
    if ring is not None and wrong is None and not quick:
        _open_all(paths, ring, quiet=as_json)
    sets = [
        {
            "set": one.index.set_id,
            "title": one.index.title,
            "missing": list(one.missing),
            "recoverable": one.recoverable,
            "encrypted": one.index.locked,
            "signature": _signature(one),
            "discs": [_plain(disc) for disc in one.discs],
        }
        for one in verdict.sets
    ]
    document = {
        "good": wrong is None,
        "sets": sets,
        "strays": [_plain(disc) for disc in verdict.strays],
        "left_behind": [str(path) for path in verdict.left_behind],
    }
    if as_json:
        print_verdict(document, wrong)
        return
    for one in verdict.sets:
        rows = [
            (disc.disc, str(disc.where), disc.state, disc.why or "all sectors, all hashes" * (not quick))
            for disc in one.discs
        ]
        rows += [(name, "", "missing", "") for name in one.missing]
        print_table(["disc", "image", "state", "what"], rows, title=f"Set {one.index.set_id}: {one.index.title}")
        _tell_signature(one)
        for disc in one.discs:
            if disc.files:
                shown = ", ".join(disc.files[:5]) + (" …" if len(disc.files) > 5 else "")
                note(f"note: disc {disc.disc}: the damage touches {counted(len(disc.files), 'file')}: {shown}")
    foreign = [disc for disc in verdict.strays if disc.foreign]
    if foreign:
        columns = ["image", "state", "sectors", "damaged", "roots", "worst block", "full", "may still lose", "what"]
        states = [
            (
                *(str(disc.where), disc.state, disc.sectors, disc.damaged_sectors, disc.roots, disc.worst),
                f"{disc.worst / disc.roots:.0%}",
                max(disc.margin, 0),
                disc.why or ("data and CRC sectors" if quick else "all sectors"),
            )
            for disc in foreign
        ]
        print_table(columns, states, title="Images protected with RS03, of no set")
    strays = [disc for disc in verdict.strays if not disc.foreign]
    if strays:
        rows = [(disc.disc, str(disc.where), disc.state, disc.why) for disc in strays]
        print_table(["disc", "image", "state", "what"], rows, title="Images of no set that can be read here")
    for path in verdict.left_behind:
        note(f"note: {path} was left by an interrupted command; the same command replaces it, or delete it")
    if wrong is not None:
        raise wrong


def _open_all(paths: tuple[Path, ...], ring: Keyring, *, quiet: bool) -> None:
    """Decrypt every file of every encrypted set; nothing is written."""
    from heliograph.archive.read.reader import find_sets
    from heliograph.archive.read.unlock import check_contents, unlock

    found = find_sets(paths)
    try:
        with progress("decrypting", quiet=quiet) as tell:
            for view in found.sets:
                if view.index.locked:
                    check_contents(unlock(view, ring), lambda path, done, total: tell(done / max(total, 1), path))
    finally:
        found.close()


def _signature(one: SetState) -> dict[str, object]:
    if one.trust is None:
        return {"state": "unchecked" if one.index.signed_by else "unsigned", "claimed": one.index.signed_by}
    return {"state": one.trust.state, "by": one.trust.by, "comment": one.trust.comment, "why": one.trust.why}


def _tell_signature(one: SetState) -> None:
    if one.trust is not None and one.trust.by:
        said = f": {one.trust.comment}" if one.trust.comment else ""
        click.echo(f"set {one.index.set_id}: signed with {one.trust.by}{said}")
    elif one.trust is None and one.index.signed_by:
        note(f"note: set {one.index.set_id} is signed; --signer PUBKEY checks by whom")


def _plain(disc: DiscState) -> dict[str, object]:
    import dataclasses

    return {**dataclasses.asdict(disc), "where": str(disc.where), "margin": disc.margin}
