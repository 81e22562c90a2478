"""`heliograph replay`: a recorded day on a page that plays it, from a run, a record or discs."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import click

from heliograph.cli.archive.keys import AskRing, open_options
from heliograph.cli.moments import moment
from heliograph.cli.places import find_workshop
from heliograph.cli.show import json_option, note, print_json
from heliograph.errors import NotFound, UsageWrong
from heliograph.ids import parse_cell

if TYPE_CHECKING:
    from heliograph.record.store import Record
    from heliograph.web import Address

__all__ = ["command"]


@click.command(
    epilog="\b\nExamples:\n  heliograph replay day\n  heliograph replay day/discs/*.iso --at 06:30\n"
    "  heliograph replay shelf --cell SX251103-00142-0123 --lang zh"
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH...]")
@click.option("--at", "at", metavar="TIME", help="Open at this time, e.g. 06:30 or 2025-11-03T06:30:15.")
@click.option("--cell", metavar="ID", help="Open when this cell left its last machine, and light up its carrier.")
@click.option("--plant", metavar="DIR", help="The plant that made the record, where it does not lie with it.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to listen.  [default: a free port]")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; others than this need a token."
)
@click.option("--no-open", is_flag=True, help="Do not open a browser.")
@click.option("--lang", type=click.Choice(["en", "zh"]), help="Language of the page.  [default: the browser's]")
@open_options
@json_option
def command(
    paths: tuple[Path, ...],
    at: str | None,
    cell: str | None,
    plant: str | None,
    port: int,
    host: str,
    no_open: bool,
    lang: str | None,
    ask_ring: AskRing,
    as_json: bool,
) -> None:
    """Watch a recorded day in the browser: a run directory, a record, or disc images (PATH; default: the last run
    here). Of damaged discs it shows what can be read.

    Prints the address on one line once the page answers, and serves it until Ctrl-C. Nothing can be changed through
    it, and no request leaves this machine.
    """
    name = parse_cell(cell) if cell else None
    record, files = find_workshop(paths, plant, ask_ring())
    if files.plant.transport == "direct":
        raise NotFound(
            f"{record.where}: carriers of this plant move without vehicles", hint="there is no traffic to watch"
        )
    from heliograph.view import Unread
    from heliograph.web.serve import serve

    opens: dict[str, str] = {"lang": lang} if lang else {}
    if at:
        opens["at"] = str(_ms_of(at, record))
    if name:
        from heliograph.record.genealogy import trace_cell

        made = trace_cell(record, name).made
        opens = {"at": str(round((made - record.start).total_seconds() * 1000)), **opens, "cell": name.id}

    def lost(file: str, wrong: str) -> None:
        note(f"{file}: left out, cannot be read: {wrong}")

    def ready(address: Address) -> None:
        url = address.url + ("#" + urlencode(opens) if opens else "")
        if as_json:
            print_json({"url": url})
        else:
            click.echo(url)
        if not no_open:
            webbrowser.open(url)

    serve(Unread(record, files, lost), host, port, ready)


def _ms_of(at: str, record: Record) -> int:
    """Milliseconds after the record's start.

    Raises:
        UsageWrong: not a time, or none of this record.
    """
    when = moment(at, record.start, "--at")
    if not record.start <= when <= record.end:
        raise UsageWrong(
            f"--at {at}: the record is from {record.start:%Y-%m-%d %H:%M} to {record.end:%Y-%m-%d %H:%M}",
            hint="give a time in between",
        )
    return round((when - record.start).total_seconds() * 1000)
