"""`heliograph archive label`: labels to print, as PDF."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from heliograph.cli.archive.catalogs import CATALOG, usual_catalog
from heliograph.cli.show import json_option, note, print_json, print_table, progress
from heliograph.units import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.archive.label.form import Form
    from heliograph.errors import HeliographError

__all__ = ["command"]


class _Pair(click.ParamType[tuple[float, float]]):
    """Two numbers and an x between them."""

    name = "pair"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"\s*(\d{1,6}(?:\.\d+)?)\s*[x×]\s*(\d{1,6}(?:\.\d+)?)\s*", value)
        if match is None:
            self.fail(f"{value!r}: expected two numbers such as 63.5x38.1", param, ctx)
        return float(match[1]), float(match[2])

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "AxB"


_PAIR = _Pair()


@click.command(
    epilog="\b\nExamples:\n  heliograph archive label discs\n"
    "  heliograph archive label discs --form face --out faces.pdf\n"
    "  heliograph archive label --catalog all.sqlite --set HG7K3M9QX2A --form bd --lang zh"
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--catalog", type=CATALOG, help="Label the discs of a catalog instead: a SQLite file, or postgresql://…")
@click.option("--set", "sets", multiple=True, metavar="SET", help="Only discs of this set; repeatable.")
@click.option("--disc", "discs", multiple=True, metavar="DISC", help="Only discs called so, e.g. D02; repeatable.")
@click.option(
    "--form",
    "kind",
    type=click.Choice(["stickers", "face", "jewel", "bd", "dvd"]),
    default="stickers",
    show_default=True,
    help="A sheet of stickers; the printable face of a disc; paper for a jewel, Blu-ray or DVD case.",
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("labels.pdf"), show_default=True)
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@click.option("--medium", default="", help="What the discs are, e.g. bd-50.  [default: the least that holds the set]")
@click.option("--page", type=_PAIR, default="210x297", show_default=True, help="Paper, in mm: all but face.")
@click.option("--grid", type=_PAIR, default="3x7", show_default=True, help="Stickers across and down a sheet.")
@click.option("--size", type=_PAIR, default="63.5x38.1", show_default=True, help="Of a sticker, in mm.")
@click.option("--first", type=_PAIR, default="7.25x15.15", show_default=True, help="Left and upper edge to the first.")
@click.option("--gap", type=_PAIR, default="2.5x0", show_default=True, help="Between stickers, across and down, in mm.")
@click.option("--skip", type=click.IntRange(0), default=0, help="Stickers of the first sheet that are used up.")
@click.option("--ring", type=_PAIR, default="23x118", show_default=True, help="What of a face is printable: diameters.")
@click.option("--spine", type=float, help="Of a case, in mm.  [default: 6.5, 12 and 14]")
@click.option("--font", type=click.Path(path_type=Path), help="A font file for Chinese.  [default: one found here]")
@click.option("--outline", is_flag=True, help="Draw where labels end, to try a sheet on plain paper.")
@json_option
def command(
    paths: tuple[Path, ...],
    catalog: Path | str | None,
    sets: tuple[str, ...],
    discs: tuple[str, ...],
    kind: str,
    out: Path,
    lang: Literal["en", "zh"],
    medium: str,
    font: Path | None,
    outline: bool,
    as_json: bool,
    **sizes: Any,
) -> None:
    """Write labels for the images, mounted discs or folders of images PATH..., or for the discs of a catalog, as PDF.

    Each has a QR code (set, disc, place in the set, date, fingerprint of the index, title) and the same for people. A
    disc that does not say which one it is gets no label: it is named, and the exit code is that of `verify`.
    """
    from heliograph.archive.catalog import shown
    from heliograph.archive.label import code_text, facts_in_catalog, facts_of_discs, write_labels
    from heliograph.archive.read.identify import identify
    from heliograph.errors import NotFound, UsageWrong

    if bool(paths) == (catalog is not None):
        raise UsageWrong("give either PATH..., or --catalog", hint="`heliograph archive label --help` shows both")
    form = _form(kind, **sizes)
    unread: Mapping[Path, HeliographError] = {}
    if catalog is not None:
        facts = facts_in_catalog(usual_catalog(catalog), sets, discs)
    else:
        found = identify(paths)
        unread = found.unread
        if not found.sets:
            for wrong in unread.values():
                raise wrong
            named = ", ".join(map(str, paths))
            raise NotFound(f"{named}: no discs of Heliograph here", hint="give image files, mounted discs, or a folder")
        facts = facts_of_discs(found, sets, discs)
    with progress("labels", quiet=as_json) as tell:
        labels = write_labels(
            facts,
            out,
            form,
            lang=lang,
            medium=medium,
            font=font,
            outline=outline,
            progress=lambda done, total: tell(done / total, f"{done:,} of {total:,}"),
        )
    document = {
        "out": out,
        "pages": labels.pages,
        "labels": [
            {"set": each.set_id, "disc": each.disc, "page": page, "code": code_text(each)}
            for each, page in labels.placed
        ],
        "unidentified": {str(path): wrong.message for path, wrong in unread.items()},
        "missing_letters": labels.missing,
    }
    if as_json and not unread:
        print_json(document)
    elif not as_json:
        rows = [(each.set_id, each.disc, each.title, page) for each, page in labels.placed[:50]]
        source = "" if catalog is None else f", from {shown(catalog)}"
        print_table(
            ["set", "disc", "title", "page"], rows, title=f"{out}: {counted(len(labels.placed), 'label')}{source}"
        )
        if len(labels.placed) > len(rows):
            note(f"note: {len(labels.placed) - len(rows):,} more")
        if labels.missing:
            note(f"note: no font has {labels.missing}: boxes stand for them")
    if unread:
        raise _unidentified(unread, document)


def _form(
    kind: str,
    page: tuple[float, float],
    grid: tuple[float, float],
    size: tuple[float, float],
    first: tuple[float, float],
    gap: tuple[float, float],
    skip: int,
    ring: tuple[float, float],
    spine: float | None,
) -> Form:
    from dataclasses import replace

    from heliograph.archive.label import CASES, Face, Stickers

    if kind == "face":
        return Face(*ring)
    if kind == "stickers":
        return Stickers(int(grid[0]), int(grid[1]), *size, first, gap, skip, page)
    case = CASES[kind]
    return replace(case, paper=page, spine=case.spine if spine is None else spine)


def _unidentified(unread: Mapping[Path, HeliographError], document: dict[str, object]) -> HeliographError:
    """The others have their labels; this says which have none."""
    (path, first), *more = unread.items()
    others = f", nor has {', '.join(str(each) for each, _ in more)}" if more else ""
    wrong = type(first)(
        f"{path} has no label{others}: {first.message.removeprefix(f'{path}: ')}", hint=first.hint, **document
    )
    return wrong
