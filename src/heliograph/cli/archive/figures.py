"""Figures as people type them, for the commands of the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

__all__ = ["LEAST", "Figure"]

LEAST: Final = 1e-6
"""Stands for "above 0"; no figure here means anything below it."""


if TYPE_CHECKING:
    _ParamType = click.ParamType[float]
else:  # generic in new versions of click only
    _ParamType = click.ParamType


class Figure(_ParamType):
    """A number in a range; unlike click's own, it refuses `nan`, and help does not repeat the range."""

    name = "number"

    def __init__(self, least: float, most: float) -> None:
        self.least, self.most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        low = "above 0" if self.least == LEAST else f"from {self.least:g}"
        try:
            figure = float(value)
        except ValueError:
            figure = float("nan")
        if not self.least <= figure <= self.most:
            self.fail(f"expected a number {low} to {self.most:g}, got {value}", param, ctx)
        return figure
