"""Options of the commands that may read a disc in a drive."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from heliograph.archive.rescue import Limits

    _ParamType = click.ParamType[float]
else:  # generic in new versions of click only
    _ParamType = click.ParamType

__all__ = ["limits_of", "reading_options", "scratch_option"]

F = TypeVar("F", bound=Callable[..., Any])
_SECONDS: Final = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0}


class _Duration(_ParamType):
    """A length of time: `90s`, `30min`, `2h`; seconds without a unit."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        match = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]+)?) ?(s|min|h|)", str(value))
        if match is None:
            self.fail(f"expected a time such as 90s, 30min or 2h, got {value}", param, ctx)
        return float(match[1]) * _SECONDS[match[2]]


def reading_options(command: F) -> F:
    """`--retries` and `--time-limit`, the arguments `retries` and `time_limit`, for `limits_of`."""
    retries = click.option(
        "--retries",
        type=click.IntRange(0, 1_000_000),
        metavar="N",
        default=3,
        show_default=True,
        help="Of a drive: how often each bad sector is tried again.",
    )
    time_limit = click.option(
        "--time-limit",
        type=_Duration(),
        metavar="TIME",
        default="1h",
        show_default=True,
        help="Of a drive: how long to try what cannot be read at once (90s, 30min, 2h).",
    )
    return retries(time_limit(command))


def scratch_option(command: F) -> F:
    """`--scratch`, the argument `scratch`: a folder, or None."""
    return click.option(
        "--scratch",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        help="Of a drive: folder to read its disc into; deleted afterwards.  [default: the system's]",
    )(command)


def limits_of(retries: int, time_limit: float) -> Limits:
    """What the two options say."""
    from heliograph.archive.rescue import Limits

    return Limits(retries, time_limit)
