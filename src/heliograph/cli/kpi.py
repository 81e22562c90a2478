"""`heliograph kpi`: key figures of a record, under their ISO 22400-2 names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from heliograph.cli.archive.keys import AskRing, open_options
from heliograph.cli.places import find_record
from heliograph.cli.show import console, json_option, note, print_json, print_table

if TYPE_CHECKING:
    from heliograph.record.kpi import Figures, Kpis

__all__ = ["command"]


@click.command()
@click.argument("places", nargs=-1, metavar="[RUN]", type=click.Path(path_type=Path))
@click.option("--machines", is_flag=True, help="Also a row for each machine.")
@open_options
@json_option
def command(
    places: tuple[Path, ...],
    machines: bool,
    ask_ring: AskRing,
    as_json: bool,
) -> None:
    """Key figures of a run by step, line and machine: availability, effectiveness, quality ratio, OEE, MTBF, MTTR, the
    six SEMI E10 states, and the step that holds the others up.

    RUN is a run directory, a record, or disc images; default: the last run here. Formulas: docs/record.md.

    \b
    heliograph kpi out
    heliograph kpi out/discs --machines --json
    """
    record = find_record(places, ask_ring())
    from heliograph.record.kpi import read_kpis

    kpis = read_kpis(record)
    if as_json:
        import msgspec

        print_json({name: record.metadata.get(name) for name in ABOUT} | msgspec.to_builtins(kpis))
        return
    _show(kpis, record.metadata, machines)


def _show(kpis: Kpis, about: dict[str, str], machines: bool) -> None:
    title = f"{about.get('plant_title', '')}, {about.get('record_start', '')[:16]}, {kpis.hours:g} h"
    if about.get("partial") == "true":
        title += ", partial"
    print_table(FIGURES, [_figures(step) for step in kpis.steps], title=title)
    print_table(STATES, [_states(step) for step in kpis.steps], title="states, percent of calendar time")
    if machines:
        print_table(FIGURES, [_figures(machine) for machine in kpis.machines], title="machines")
        print_table(STATES, [_states(machine) for machine in kpis.machines])
    lines = [
        [line.line, line.cells, round(line.throughput_rate_per_h), _pct(line.quality_ratio)] for line in kpis.lines
    ]
    print_table(["line", "cells", "cells/h", "quality %"], lines, title="lines")
    if kpis.bottleneck:
        console().print(f"bottleneck: {kpis.bottleneck.reason}", markup=False)
    for machine in kpis.calendar_wrong:
        note(f"warning: the six states of {machine} do not add up to calendar time")


ABOUT = ("plant", "plant_title", "record_start", "record_end", "partial")
FIGURES = ["", "made", "per h", "avail. %", "eff. %", "qual. %", "OEE %", "NEE %", "util. %", "alloc. %"]
FIGURES += ["MTBF h", "MTTR h", "fails"]
STATES = ["", "productive", "starved", "blocked", "standby", "engineering", "sched.", "unsched.", "non-sched."]


def _pct(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def _figures(of: Figures) -> list[object]:
    return [
        of.name,
        of.produced,
        round(of.throughput_rate_per_h),
        *(_pct(share) for share in (of.availability, of.effectiveness, of.quality_ratio, of.oee, of.nee)),
        *(_pct(share) for share in (of.utilization_efficiency, of.allocation_efficiency)),
        None if of.mtbf_h is None else round(of.mtbf_h, 1),
        None if of.mttr_h is None else round(of.mttr_h, 2),
        of.failures,
    ]


def _states(of: Figures) -> list[object]:
    names = ("standby", "engineering", "scheduled_downtime", "unscheduled_downtime", "non_scheduled")
    return [
        of.name,
        _pct(of.states["productive"]),
        _pct(of.starved),
        _pct(of.blocked),
        *(_pct(of.states[name]) for name in names),
    ]
