"""What `--catalog` takes: a file, or the URL of a PostgreSQL database; and which is meant when it is not given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

__all__ = ["CATALOG", "usual_catalog"]


class _Catalog(click.ParamType[Path | str]):
    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """A URL stays text: as a path it would lose one of its slashes."""
        return value if isinstance(value, Path) or "://" in value else Path(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "FILE|URL"


CATALOG = _Catalog()


def usual_catalog(given: Path | str | None) -> Path | str:
    """The catalog given, or that in the folder given; else catalog.sqlite here, or in discs."""
    from heliograph.archive.catalog import default_catalog

    if isinstance(given, str):
        return given
    if given is not None:
        return default_catalog(given) if given.is_dir() else given
    here = default_catalog(Path())
    return here if here.is_file() else default_catalog(Path("discs"))
