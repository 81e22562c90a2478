"""`heliograph archive cost`: energy and carbon of keeping data on discs, hard disks and tape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from heliograph.archive.care.cost import Input, break_even_w_per_tb, drifts, inputs, ratio
from heliograph.archive.care.cost import cost as cost_of
from heliograph.cli.archive.figures import LEAST, Figure
from heliograph.cli.show import json_option, note, print_json, print_table

__all__ = ["command"]

_SHOWN = 8


def _option(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _each_input(command: Callable[..., Any]) -> Callable[..., Any]:
    """An option for every figure, named after it, with its default and its mark."""
    for one in reversed(inputs()):
        least = LEAST if one.positive and one.least == 0 else one.least
        shown = f"{one.value:g} {one.unit}".strip() + (", est." if one.est else "")
        command = click.option(
            _option(one.key),
            one.key,
            type=Figure(least, one.most),
            metavar="N",
            help=f"{one.help}.  [{shown}]",
        )(command)
    return command


@click.command(
    epilog="\b\nExamples:\n  heliograph archive cost --tb 100 --years 30\n"
    "  heliograph archive cost --tb 100 --years 30 --library-w 60 --hdd-tb 24 --hdd-w 7 --sources"
)
@click.option("--tb", type=Figure(LEAST, 1e9), metavar="N", required=True, help="Terabytes of data to keep.")
@click.option("--years", type=Figure(LEAST, 1000), metavar="N", required=True, help="Years to keep them.")
@_each_input
@click.option("--sources", is_flag=True, help="List every figure with its source.")
@json_option
def command(tb: float, years: float, sources: bool, as_json: bool, **given: float | None) -> None:
    """Energy and carbon of keeping data on optical discs, hard disks and tape, per TB and year.

    "A tenth of a hard disk's energy" is a claim: here it is computed from the figures below, each of which you may
    replace, and shown beside what drives it. Figures marked est. are engineering estimates. docs/archive.md gives the
    arithmetic; --sources where each figure is from.
    """
    values = {one.key: one.value if given[one.key] is None else float(given[one.key] or 0) for one in inputs()}
    costs = cost_of(values, tb, years)
    share, moved = ratio(values, tb, years), drifts(values, tb, years)
    spare = break_even_w_per_tb(values, tb, years)
    changed = {key for key, value in given.items() if value is not None}
    est = [one.key for one in inputs() if one.est and one.key not in changed]
    if as_json:
        print_json(
            {
                "tb": tb,
                "years": years,
                "ways": {
                    way: {
                        "kwh": one.kwh,
                        "standing_kwh": one.standing_kwh,
                        "moving_kwh": one.moving_kwh,
                        "carbon_kg": one.carbon_kg,
                        "kwh_per_tb_year": one.kwh_per_tb_year,
                        "kgco2_per_tb_year": one.kg_per_tb_year,
                        "media": one.media,
                        "bought": one.bought,
                    }
                    for way, one in costs.items()
                },
                "optical_per_hard_disk": share,
                "library_w_per_tb_at_a_tenth": spare,
                "sensitivity": [{"input": one.key, "halved": one.halved, "doubled": one.doubled} for one in moved],
                "inputs": {one.key: _plain(one, values[one.key], one.key in changed) for one in inputs()},
                "est": est,
            }
        )
        return
    rows = [
        (way, one.kwh_per_tb_year, one.kg_per_tb_year, one.standing_kwh, one.moving_kwh, one.media, one.bought)
        for way, one in costs.items()
    ]
    columns = ["way", "kWh/TB·year", "kgCO2/TB·year", "kWh standing", "kWh moving", "media", "bought"]
    print_table(columns, rows, title=f"{tb:g} TB for {years:g} years{' (est.)' if est else ''}")
    claim = "more than the tenth that is claimed" if share > 0.1 else "within the tenth that is claimed"
    click.echo(f"optical takes {share:.3g} of a hard disk's energy, by these figures: {claim}")
    if spare > 0:
        click.echo(f"it stays within a tenth while a disc library draws less than {spare:.3g} W per TB of data all day")
    names = {one.key: one for one in inputs()}
    drivers = [
        (_option(one.key), _words(names[one.key], values[one.key], changed), one.halved, one.doubled)
        for one in moved[:_SHOWN]
        if one.swing > 1.0005
    ]
    print_table(["option", "now", "ratio if halved", "ratio if doubled"], drivers, title="What drives the ratio")
    if sources:
        figures = [(_option(one.key), _words(one, values[one.key], changed), _source(one, changed)) for one in inputs()]
        print_table(["option", "value", "from"], figures, title="Figures")
    if not values["library_w"]:
        powered = values["hdd_powered"]
        note(f"note: discs on a shelf, hard disks powered {powered:.0%} of the time; --library-w computes a library")
    if est:
        note(f"note: {len(est)} figures are estimates (est.): --sources lists them; give your own as options")


def _source(one: Input, changed: set[str]) -> str:
    return "given" if one.key in changed else one.source


def _words(one: Input, value: float, changed: set[str]) -> str:
    return f"{value:g} {one.unit}".strip() + (" est." if one.est and one.key not in changed else "")


def _plain(one: Input, value: float, changed: bool) -> dict[str, object]:
    return {
        "value": value,
        "unit": one.unit,
        "est": one.est and not changed,
        "source": "given" if changed else one.source,
    }
