"""Figures as people type them, for the commands of the archive."""

from __future__ import annotations

import math
from typing import Any

import click

__all__ = ["LEAST", "Figure"]

LEAST = 1e-6
"""Stands for "above 0" where a smaller figure makes no sense, either."""


class Figure(click.FloatRange):
    """A number in a range; unlike click's own, it refuses `nan`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        figure = float(super().convert(value, param, ctx))
        if math.isnan(figure):
            self.fail("expected a number, got nan.", param, ctx)
        return figure
