"""The `heliograph` command: finds the file of a command only when it is called, and turns errors into one line.

Nothing heavy is imported here, and `--help` imports no command: `heliograph trace` has to answer within a second.
A command is a file that exposes `command`; it is listed in `COMMANDS` (or in its group's table) with its one line of
help. `tests/test_docs.py` holds the tables, the files and the documents together.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import gc
import importlib
import io
import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from heliograph import __version__
from heliograph.errors import HeliographError, UsageWrong

__all__ = ["COMMANDS", "EXIT_CODES", "INTERRUPTED", "UNEXPECTED", "Entry", "LazyGroup", "cli", "main"]

INTERRUPTED: Final = 130
UNEXPECTED: Final = 70
FILE_TROUBLE: Final = 12
BROKEN_PIPE: Final = 141


class Entry(NamedTuple):
    """Where a command lives, and its line in `--help`; a group has entries of its own instead of a module."""

    help: str
    module: str = ""
    entries: dict[str, Entry] | None = None


COMMANDS: Final[dict[str, Entry]] = {
    "run": Entry("Run a plant for a day: record, sealed discs, report, summary.", "heliograph.cli.run"),
    "trace": Entry("Find one cell, and all that happened to it, in a run or on discs.", "heliograph.cli.trace"),
    "replay": Entry("Watch a recorded day in the browser, from a run or from discs.", "heliograph.cli.replay"),
    "kpi": Entry("Key figures of a record, under their ISO 22400-2 names.", "heliograph.cli.kpi"),
    "check": Entry("Judge a run with separate code: tracks, conservation, states.", "heliograph.cli.check"),
    "plant": Entry(
        "Make, check and look at plant directories.",
        entries={
            "new": Entry("Write a new plant directory of any size.", "heliograph.cli.plant.new"),
            "check": Entry("Name every mistake in a plant directory; change nothing.", "heliograph.cli.plant.check"),
            "show": Entry("Show a plant: route, machines, fleet, floor.", "heliograph.cli.plant.show"),
        },
    ),
    "fleet": Entry(
        "The fleet planner alone: bench it on a map, draw its traffic.",
        entries={
            "bench": Entry("Run robots over a map: errands, planning time, violations.", "heliograph.cli.fleet.bench"),
            "show": Entry("Draw traffic: a still, a film, a page that plays, a heat map.", "heliograph.cli.fleet.show"),
        },
    ),
    "archive": Entry(
        "Files onto protected disc images, and back.",
        entries={
            "plan": Entry("Say what seal would write: how many discs, how full.", "heliograph.cli.archive.plan"),
            "seal": Entry("Write files onto a set of protected disc images.", "heliograph.cli.archive.seal"),
            "protect": Entry("Add RS03 parity to a copy of any ISO image.", "heliograph.cli.archive.protect"),
            "burn": Entry("Burn images onto discs, and read every sector back.", "heliograph.cli.archive.burn"),
            "verify": Entry("Check images against their checksums and parity.", "heliograph.cli.archive.verify"),
            "scrub": Entry("Test discs, keep the results, say which to copy by when.", "heliograph.cli.archive.scrub"),
            "due": Entry("List what must be tested or copied, by rule.", "heliograph.cli.archive.due"),
            "cost": Entry("Energy and carbon of discs, hard disks and tape.", "heliograph.cli.archive.cost"),
            "rescue": Entry("Read a sick disc as far as it can be read.", "heliograph.cli.archive.rescue"),
            "merge": Entry("Make one whole image of several damaged copies.", "heliograph.cli.archive.merge"),
            "migrate": Entry("Bring discs to a new medium, with their custody.", "heliograph.cli.archive.migrate"),
            "repair": Entry("Mend damaged sectors and rebuild lost discs.", "heliograph.cli.archive.repair"),
            "restore": Entry("Copy the files of a set back, checked.", "heliograph.cli.archive.restore"),
            "find": Entry("Find files in the catalog, and the discs to fetch.", "heliograph.cli.archive.find"),
            "ls": Entry("List what is on the images.", "heliograph.cli.archive.ls"),
            "label": Entry("Labels to print: QR code and text, as PDF.", "heliograph.cli.archive.label"),
            "catalog": Entry("The catalog of all sets: make again, add to it.", "heliograph.cli.archive.catalog"),
        },
    ),
}

EXIT_CODES: Final[dict[int, str]] = {
    0: "all is well",
    1: "another error of Heliograph's own",
    2: "the command line is wrong",
    3: "the plant has mistakes",
    4: "the run is missing, partial, or not a run",
    5: "the checker found violations",
    6: "what was asked for is not in the record",
    7: "not a disc image of ours, or broken in structure",
    8: "an image is damaged beyond its parity",
    9: "more discs are gone than the set's parity replaces",
    10: "damage was found; it can be repaired",
    11: "the data does not fit the medium",
    12: "a file cannot be written or read (full disk, read-only folder)",
    13: "an instance to bench the fleet with has a mistake",
    14: "a rule file for keeping discs has a mistake",
    15: "a drive, a changer or the disc in it refuses, or what was burnt reads back otherwise",
    16: "a disc is overdue for its test or copy (due --exit-code)",
    17: "a set is encrypted, and no key that was given opens it",
    18: "a signature is missing or wrong",
    70: "a mistake in Heliograph itself; HELIOGRAPH_DEBUG=1 shows where",
    130: "stopped by Ctrl-C",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not before."""

    def __init__(self, entries: dict[str, Entry], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        if entry.entries is not None:
            return LazyGroup(entry.entries, name=cmd_name, help=entry.help, no_args_is_help=True)
        command: click.Command = importlib.import_module(entry.module).command
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.entries.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.entries:
            raise click.UsageError(f"no command {args[0]!r}; there are: {', '.join(self.entries)}", ctx)
        return super().resolve_command(ctx, args)


def _epilog() -> str:
    return "\b\nExit codes:\n" + "\n".join(f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODES.items())


@click.command(
    cls=LazyGroup,
    entries=COMMANDS,
    epilog=_epilog(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    no_args_is_help=True,
)
@click.version_option(__version__, prog_name="heliograph", message="%(prog)s %(version)s")
def cli() -> None:
    """Runs a smart workshop, and writes its record on discs that outlive it.

    \b
    heliograph run topcon              a day of the reference workshop, sealed on discs
    heliograph trace CELL              where and when a cell was made, from the last run
    heliograph archive seal PATH...    any files onto protected disc images
    """


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit code. Errors become one line on stderr, with a hint; never a traceback."""
    words = list(sys.argv[1:] if args is None else args)
    _collect_seldom()
    _print_any_name()
    try:
        result = cli.main(words, prog_name="heliograph", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except HeliographError as wrong:
        return _tell(words, wrong, wrong.exit_code)
    except click.exceptions.NoArgsIsHelpError as wrong:
        click.echo(wrong.format_message())
        return wrong.exit_code
    except click.ClickException as wrong:
        return _tell(words, _usage(wrong), wrong.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return _leave_quietly()
    except OSError as wrong:
        return _tell(words, _file_trouble(wrong), FILE_TROUBLE, debug=True)
    except Exception as wrong:
        if isinstance(wrong, RuntimeError) and str(wrong).startswith("Symlink loop"):  # Path.resolve before Python 3.13
            loop = OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(wrong).partition(" from ")[2].strip("'"))
            return _tell(words, _file_trouble(loop), FILE_TROUBLE, debug=True)
        return _tell(words, _unexpected(wrong), UNEXPECTED, debug=True)


def _collect_seldom() -> None:
    """Search for cyclic garbage after 200,000 new objects instead of 700, and not at all at the end.

    A command makes many objects that stay (`archive seal`: fifty for each file) and little garbage; the searches took
    nearly half of its processor time, part of it in the last moment, when all memory goes back to the system anyway.
    """
    gc.set_threshold(200_000, 10, 10)
    atexit.register(gc.freeze)


def _print_any_name() -> None:
    """Names of files need not be UTF-8; those that are not are printed with `\\udcff` for byte ff, as JSON has it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _usage(wrong: click.ClickException) -> UsageWrong:
    context = getattr(wrong, "ctx", None)
    path = context.command_path if context is not None else "heliograph"
    return UsageWrong(wrong.format_message(), hint=f"`{path} --help` shows what it takes")


def _file_trouble(wrong: OSError) -> HeliographError:
    name = f"{wrong.filename}: " if wrong.filename else ""
    said = (wrong.strerror or str(wrong)).lower()
    return HeliographError(f"{name}{said}", hint="check the path, its permissions and the free space, then try again")


def _unexpected(wrong: Exception) -> HeliographError:
    said = " ".join(str(wrong).split())[:300]
    return HeliographError(
        f"unexpected {type(wrong).__name__}: {said}",
        hint="this is a mistake in Heliograph: run again with HELIOGRAPH_DEBUG=1 and report the traceback as an issue",
    )


def _leave_quietly() -> int:
    """The reader of a pipe has gone (`heliograph … | head`): no more output, no complaint at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def _tell(words: Sequence[str], wrong: HeliographError, code: int, *, debug: bool = False) -> int:
    """Print the error for people (stderr) and, with --json, for machines (stdout)."""
    if debug and os.environ.get("HELIOGRAPH_DEBUG"):
        traceback.print_exc()
    label = click.style("error:", fg="red", bold=True)
    from heliograph.cli.show import printable

    for line in wrong.message.splitlines() or [""]:
        click.echo(f"{label} {printable(line)}", err=True)
    if wrong.hint:
        click.echo(f"hint: {wrong.hint}", err=True)
    if "--json" in words:
        kind = type(wrong).__name__
        error = {"kind": kind, "message": wrong.message, "hint": wrong.hint, "exit_code": code, "fields": wrong.fields}
        click.echo(json.dumps({"error": error}, ensure_ascii=False, default=_plain))
    return code


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    return value.tolist() if hasattr(value, "tolist") else str(value)


if __name__ == "__main__":
    sys.exit(main())
