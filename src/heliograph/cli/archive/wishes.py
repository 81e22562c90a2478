"""What `seal` and `plan` are both asked for, so that a plan is of the very set that seal would write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from heliograph.archive.medium import Medium

__all__ = ["asked_day", "asked_medium", "asked_title", "set_options"]

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--medium", "name", help="cd, dvd, bd-25, bd-50, bd-100 or bd-128.  [default: bd-25]"),
    click.option(
        "--capacity", help="A medium of another size instead, e.g. 64MB; the whole protected image fits in it."
    ),
    click.option("--parity", default=0, show_default=True, help="Parity discs: so many discs of the set may be lost."),
    click.option("--redundancy", default=0.15, show_default=True, help="Parity inside each image, per byte of data."),
    click.option("--title", default="", help="What the set holds, for people.  [default: the names given]"),
    click.option(
        "--date", help="Day stamped on the discs, YYYY-MM-DD; the same files and day give the same images.  [today]"
    ),
)


def set_options(command: F) -> F:
    """The options that shape a set, in the order that --help shows them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def asked_medium(name: str | None, capacity: str | None) -> Medium:
    """The medium that --medium or --capacity names; 25 GB BD-R for neither.

    Raises:
        UsageWrong: both, or one that there is not.
    """
    from heliograph.archive.medium import MEDIA, medium_called, of_size
    from heliograph.errors import UsageWrong

    if name and capacity:
        raise UsageWrong("--medium and --capacity: give one of them", hint="--capacity is a medium of any size")
    return of_size(capacity) if capacity else medium_called(name) if name else MEDIA["bd-25"]


def asked_title(title: str, paths: Sequence[Path]) -> str:
    """The title given, or the names of what is sealed."""
    return title or ", ".join(path.resolve().name for path in paths)


def asked_day(text: str | None) -> datetime:
    """The day that --date names, in UTC; today for none.

    Raises:
        UsageWrong: not a day, or one that a disc cannot carry.
    """
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
