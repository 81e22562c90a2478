"""The options that `scrub` and `due` share, so that both mean the same register and the same limit."""

from __future__ import annotations

from pathlib import Path

import click

from heliograph.cli.archive.figures import LEAST, Figure

__all__ = ["limit_option", "register_option"]

register_option = click.option(
    "--register", type=click.Path(path_type=Path), help="SQLite register.  [default: register.sqlite in the first PATH]"
)

limit_option = click.option(
    "--limit",
    type=Figure(LEAST, 1),
    metavar="SHARE",
    default=0.5,
    show_default=True,
    help="Copy a disc when its worst ECC block uses, or by its trend will use, this share of its roots (0 to 1).",
)
