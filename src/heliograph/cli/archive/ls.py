"""`heliograph archive ls`: list the discs and files of the sets in some images."""

from __future__ import annotations

from pathlib import Path

import click

from heliograph.cli.archive.keys import AskRing, open_options
from heliograph.cli.show import human_bytes, json_option, note, print_json, print_table

__all__ = ["command"]


@click.command(epilog="\b\nExample:\n  heliograph archive ls discs")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--set", "set_id", default="", help="Only this set, or what it became when it was migrated.")
@open_options
@json_option
def command(
    paths: tuple[Path, ...],
    set_id: str,
    ask_ring: AskRing,
    as_json: bool,
) -> None:
    """List the discs and files of every set in the images, mounted discs or folders of images PATH...

    Every disc knows its whole set: files on discs that are not here are listed, too, and the discs named. The names of
    an encrypted set are shown with its key. --set takes an id, or the label of a disc (HG7K3M9QX2A-D02), also an old
    one from before a migration.
    """
    import msgspec

    from heliograph.archive.read.reader import find_sets
    from heliograph.errors import NotFound

    ring = ask_ring()
    found = find_sets(paths)
    try:
        if not found.sets:
            for wrong in found.unread.values():
                raise wrong
            named = ", ".join(str(path) for path in paths)
            raise NotFound(
                f"{named}: no disc images of Heliograph here", hint="give image files, or a folder that holds them"
            )
        sets_here = found.called(set_id) if set_id else found.sets
        if not sets_here:
            here = ", ".join(view.set_id for view in found.sets)
            raise NotFound(
                f"{set_id}: no such set here, and none that was made of it; here is {here}",
                hint="`heliograph archive find --set` asks the catalog",
            )
        if ring is not None:
            from heliograph.archive.read.unlock import unlock

            sets_here = tuple(unlock(view, ring) for view in sets_here)
        unread = {str(path): wrong.message for path, wrong in found.unread.items()}
        if as_json:
            sets = [
                {
                    **msgspec.to_builtins(view.index),
                    "present": {name: str(disc.where) for name, disc in view.discs.items()},
                    "missing": [disc.name for disc in view.missing],
                }
                for view in sets_here
            ]
            print_json({"sets": sets, "unread": unread})
            return
        for view in sets_here:
            discs = [
                (disc.name, disc.kind, str(view.discs[disc.name].where) if disc.name in view.discs else "not here")
                for disc in view.index.discs
            ]
            print_table(["disc", "kind", "where"], discs, title=f"Set {view.set_id}: {view.index.title}")
            for step in view.index.custody:
                note(f"note: migrated on {step.at[:10]} from set {step.set_id}; CUSTODY.txt on each disc tells more")
            files = [
                (file.path, human_bytes(file.bytes), ", ".join(dict.fromkeys(piece.disc for piece in file.pieces)))
                for file in view.index.files
            ]
            files += [(f"{folder}/", "empty folder", "") for folder in view.index.folders]
            print_table(["file", "size", "disc"], files)
            if view.index.locked and view.key is None:
                note(f"note: set {view.set_id} is encrypted: --identity FILE or --passphrase shows the names")
        for message in unread.values():
            note(f"note: not read: {message}")
    finally:
        found.close()
