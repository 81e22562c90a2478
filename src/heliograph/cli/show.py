"""What commands print: one JSON document for machines, tables and a progress bar for people.

Results go to stdout, progress to stderr. Rich is imported when something is drawn, not before: a command that prints
JSON, or one line, never pays for it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from heliograph.errors import HeliographError

__all__ = [
    "Report",
    "console",
    "human_bytes",
    "human_count",
    "human_duration",
    "json_option",
    "note",
    "print_json",
    "print_pairs",
    "print_table",
    "print_verdict",
    "printable",
    "progress",
]


class Report(Protocol):
    """Tell the progress bar how far it is (0 to 1), and what to write beside it."""

    def __call__(self, done: float, text: str = "") -> None: ...


F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """The `--json` flag that every command takes, as the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document for machines.")(command)


def print_json(document: object) -> None:
    """Print one JSON document on stdout; NumPy values, paths, times and structs are written plainly."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=_plain))


def print_verdict(document: dict[str, object], wrong: HeliographError | None) -> None:
    """Print a document about what was looked at; if something is wrong there, it becomes part of the error's own.

    Raises:
        HeliographError: `wrong`, with the document in its fields.
    """
    if wrong is None:
        print_json(document)
        return
    wrong.fields.update(document)
    raise wrong


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "__struct_fields__"):
        return {name: getattr(value, name) for name in value.__struct_fields__}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


@cache
def console(*, err: bool = False) -> Console:
    """The rich console of stdout, or of stderr. Piped output is not cut at 80 columns."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() else 140
    return Console(stderr=err, width=width, highlight=False, soft_wrap=False)


def note(text: str) -> None:
    """One line on stderr: something a person should know, not part of the result."""
    click.echo(printable(text), err=True)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", caption: str = ""
) -> None:
    """Draw a table on stdout. Columns whose every value is a number (or empty) stand to the right.

    A table too wide for the terminal goes without lines; if that is not enough, words make room for figures and ids.
    """
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    body = [list(row) for row in rows]
    table = Table(title=escape(printable(title)) or None, caption=escape(caption) or None, title_justify="left")
    for place, name in enumerate(columns):
        number = all(row[place] is None or isinstance(row[place], int | float) for row in body) and bool(body)
        table.add_column(escape(name), justify="right" if number else "left", overflow="fold")
    for row in body:
        table.add_row(*(Text(_cell(value)) for value in row))
    if not _fits(table):
        table.box, table.padding, table.pad_edge = None, (0, 1, 0, 0), False
    least = [_least_width(name, [row[place] for row in body]) for place, name in enumerate(columns)]
    if not _fits(table) and sum(width or _SHORT_WORD for width in least) + len(least) <= console().width:
        for column, width in zip(table.columns, least, strict=True):
            column.width = width
    console().print(table)


_SHORT_WORD = 8
_FIGURE_WORDS = 5
"""Words of which a figure may consist at most: `2 h 05 min est.`."""


def _fits(table: Table) -> bool:
    """Whether no cell of a table needs a second line."""
    from rich.measure import Measurement

    out = console()
    return Measurement.get(out, out.options.update(width=10_000), table).maximum <= out.width


def _least_width(name: str, values: Sequence[object]) -> int | None:
    """The longest word of a column of figures or ids, which must stay whole; None for words and sentences."""
    texts = [_cell(value) for value in values]
    if not all(not text or any(letter.isdigit() for letter in text) for text in texts):
        return None
    if any(len(text.split()) > _FIGURE_WORDS for text in texts):
        return None
    return max(len(word) for text in (name, *texts) for word in text.split() or [""])


def print_pairs(pairs: Iterable[tuple[str, object]], *, title: str = "") -> None:
    """Draw names and values, two columns without lines: the summary of one thing."""
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    grid = Table(title=escape(title) or None, title_justify="left", show_header=False, box=None, pad_edge=False)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(escape(name), Text(_cell(value)))
    console().print(grid)


def _cell(value: object) -> str:
    """A value as a person writes it: thousands apart, four figures of a fraction, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return printable(str(value))


def printable(text: str) -> str:
    """A text that may come from a disc, with control characters escaped: a terminal obeys them.

    Line feeds stay; so do all letters and signs but those that turn the direction of writing.
    """
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@contextlib.contextmanager
def progress(label: str, *, quiet: bool = False) -> Iterator[Report]:
    """Show a bar on stderr while the block runs; nothing when stderr is no terminal, or `quiet`.

    The value given is called with how far the work is (0 to 1) and a text:
    `with progress("running") as report: report(0.25, "06:00 · 1,200 × · 325,000 cells · 141 of 186 vehicles busy")`.
    """
    if quiet or not sys.stderr.isatty():

        def silent(done: float, text: str = "") -> None:
            """Nobody watches."""

        yield silent
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=32),
        TaskProgressColumn(),
        TextColumn("{task.fields[text]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console(err=True), transient=True, refresh_per_second=8) as bar:
        task = bar.add_task(label, total=1.0, text="")

        def tell(done: float, text: str = "") -> None:
            bar.update(task, completed=done, text=text)

        yield tell


def human_bytes(count: float) -> str:
    """Bytes in the decimal units that media are sold in: `25.0 GB`."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(size) < 1000 or unit == "TB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")


def human_duration(seconds: float) -> str:
    """A length of time in the two largest units that say it: `2 h 05 min`, `3.2 s`, `1 d 4 h`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{round(seconds) // 60} min {round(seconds) % 60:02d} s"
    if minutes < 1440:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    hours = round(seconds / 3600)
    return f"{hours // 24} d {hours % 24} h"


def human_count(count: float) -> str:
    """A whole number with its thousands apart: `1,302,418`."""
    return f"{round(count):,}"
