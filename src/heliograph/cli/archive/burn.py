"""`heliograph archive burn`: images onto discs, each read back."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heliograph.archive.medium import MEDIA
from heliograph.cli.archive.care_options import register_option
from heliograph.cli.show import json_option, note, print_json, print_table, progress

if TYPE_CHECKING:
    from heliograph.archive.care.burns import Burn
    from heliograph.archive.drive.burn import Ask, Burnt

__all__ = ["command"]


@click.command(
    epilog="\b\nExamples:\n  heliograph archive burn discs --drive image:/mnt/nas/discs\n"
    "  heliograph archive burn discs --drive /dev/sr0 --speed 4x --prompt\n"
    "  heliograph archive burn discs --drive /dev/sr0 --changer /dev/sg1 --slots 1-20\n"
    "  heliograph archive burn --list"
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="IMAGE...|DIR")
@click.option(
    "--drive",
    "door",
    default="image:burnt",
    show_default=True,
    metavar="DRIVE",
    help="image:DIR (copies), /dev/sr0 (a recorder), stdio:FILE (xorriso's pseudo-drive on a file).",
)
@click.option("--list", "listing", is_flag=True, help="Show the drives of this machine and what lies in them.")
@click.option("--speed", default="", help="4x of the disc's kind, or 18MB a second.  [the drive's own choice]")
@click.option(
    "--medium", type=click.Choice(list(MEDIA), case_sensitive=False), help="The kind of disc it must be.  [any]"
)
@click.option("--rewritable", is_flag=True, help="Take discs that can be erased, too.")
@click.option("--no-verify", is_flag=True, help="Do not read the discs back; they are not entered as verified.")
@click.option("--again", is_flag=True, help="Burn also what is verified already: a second copy.")
@click.option("--changer", metavar="DEVICE", help="A changer that mtx knows, e.g. /dev/sg1, which feeds the drive.")
@click.option("--drive-number", type=click.IntRange(0), default=0, show_default=True, help="Of the changer's drives.")
@click.option("--slots", default="", help="Slots to take blank discs from: 1-20,25.  [all but the mailbox]")
@click.option("--prompt", is_flag=True, help="Ask for each further disc, at a terminal only.")
@click.option("--prompt-always", is_flag=True, help="The same, and answers are read from stdin that is no terminal.")
@register_option
@click.option("--note", "which", default="", help="For the register: which physical discs, as --medium of `scrub`.")
@json_option
def command(
    paths: tuple[Path, ...],
    door: str,
    listing: bool,
    speed: str,
    medium: str | None,
    rewritable: bool,
    no_verify: bool,
    again: bool,
    changer: str | None,
    drive_number: int,
    slots: str,
    prompt: bool,
    prompt_always: bool,
    register: Path | None,
    which: str,
    as_json: bool,
) -> None:
    """Burn the images IMAGE..., or those in the folders DIR, each onto a disc of its own, and read every sector back.

    Images are checked in full before the first is burnt. A disc must be blank, write-once and large enough; nothing is
    ever written over. Each step is a line of the register: what is verified is not burnt again, so a stopped command is
    just given again. Real recorders and changers have not been tried yet; docs/archive.md says what has.
    """
    from heliograph.archive.care.register import Register, default_register
    from heliograph.archive.drive import Changer, drive_called
    from heliograph.archive.drive.burn import Wishes, burn
    from heliograph.errors import UsageWrong

    if listing:
        _list(as_json)
        return
    if not paths:
        raise UsageWrong("no images named", hint="give image files or their folder, or --list")
    book = Register(register or default_register(paths[0] if paths[0].is_dir() else paths[0].parent))
    drive = drive_called(door, book.path.parent)
    if changer is not None and not drive.one_disc:
        raise UsageWrong("--changer: feeds a recorder; name it with --drive", hint="for example --drive /dev/sr0")
    wishes = Wishes(speed, not no_verify, again, (medium or "").lower(), rewritable, _slots(slots), which)
    with progress("burning", quiet=as_json or prompt or prompt_always) as tell:
        burnt = burn(
            paths,
            drive,
            book,
            wishes=wishes,
            changer=None if changer is None else Changer(changer, drive_number),
            ask=_asker(prompt, prompt_always),
            now=lambda: datetime.now(UTC),
            tell=lambda what, done, total: tell(done / max(total, 1), what),
            say=lambda line: note(f"note: {line}"),
        )
    _print(burnt, book.path, as_json=as_json)


def _list(as_json: bool) -> None:
    from heliograph.archive.drive import Recorder, recorders
    from heliograph.archive.drive.fits import medium_of
    from heliograph.errors import DriveWrong

    found: list[dict[str, object]] = []
    for one in recorders():
        line: dict[str, object] = {"drive": one.path, "model": one.model, "disc": "", "state": "", "free_sectors": 0}
        try:
            there = Recorder(one.path, Path()).look(Path(), lambda what, done, total: None)
            free = there.free_sectors
            line |= {"disc": there.kind, "state": there.state, "free_sectors": free, "product": there.product}
            line["medium"] = medium_of(there)
        except DriveWrong as wrong:
            line["state"] = wrong.message
        found.append(line)
    if as_json:
        print_json({"drives": found})
        return
    columns = ["drive", "model", "disc", "state", "free_sectors", "medium", "product"]
    if found:
        print_table([name.replace("_", " ") for name in columns], [[one.get(key) for key in columns] for one in found])
    else:
        click.echo("no recorders that this user may write to")
    click.echo("always there: image:DIR (copies) and, with xorriso, stdio:FILE (a file in place of a disc)")


def _slots(text: str) -> tuple[int, ...]:
    """The slots of `1-20,25`.

    Raises:
        UsageWrong: not numbers and ranges of them.
    """
    from heliograph.errors import UsageWrong

    slots: list[int] = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        numbers = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", part)
        first, last = (0, 0) if numbers is None else (int(numbers[1]), int(numbers[2] or numbers[1]))
        if not 0 < first <= last:
            raise UsageWrong(f"--slots {text}: expected numbers and ranges such as 1-20,25")
        slots += range(first, last + 1)
    return tuple(slots)


def _asker(prompt: bool, always: bool) -> Ask | None:
    from heliograph.errors import UsageWrong

    if not prompt and not always:
        return None
    if not always and not sys.stdin.isatty():
        raise UsageWrong(
            "--prompt: stdin is not a terminal, so nobody can be asked",
            hint="say --prompt-always to have answers read from it: an empty line, or q",
        )

    def ask(called: str, instead: str) -> bool:
        click.echo(f"{instead}\ninsert a blank disc for {called}, then press Enter (q: stop) ", err=True, nl=False)
        line = sys.stdin.readline()
        return bool(line) and line.strip().lower()[:1] != "q"

    return ask


def _print(burnt: Burnt, book: Path, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "register": str(book),
                "discs": [_plain(one) for one in burnt.discs],
                "already": [_plain(one) for one in burnt.already],
                "lost": [_plain(one) for one in burnt.lost],
            }
        )
        return
    rows = [(*_where(one), one.why or "read back, every sector" * (one.state == "verified")) for one in burnt.discs]
    rows += [(*_where(one), f"burnt before, {one.at:%Y-%m-%d}; --again makes a second copy") for one in burnt.already]
    rows += [(*_where(one), one.why) for one in burnt.lost]
    print_table(["set", "disc", "state", "drive", "slot", "medium", "what"], rows)
    note(f"{book}: entered")


def _where(one: Burn) -> tuple[object, ...]:
    name = one.disc.disc or one.sha256[:12]
    return (one.disc.set_id, name, one.state, one.drive, one.slot, " ".join(filter(None, (one.kind, one.product))))


def _plain(one: Burn) -> dict[str, object]:
    return {
        "set": one.disc.set_id,
        "disc": one.disc.disc,
        "sha256": one.sha256,
        "sectors": one.sectors,
        "at": one.at.isoformat(timespec="seconds"),
        "state": one.state,
        "drive": one.drive,
        "model": one.model,
        "kind": one.kind,
        "product": one.product,
        "slot": one.slot,
        "note": one.medium,
        "why": one.why,
    }
