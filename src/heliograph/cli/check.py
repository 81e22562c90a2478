"""`heliograph check`: judge a run with code that shares nothing with what made it."""

from __future__ import annotations

from pathlib import Path

import click

from heliograph.cli.places import last_run
from heliograph.cli.show import json_option, note, print_json, print_table

__all__ = ["command"]

SHOWN = 20


@click.command(epilog="\b\nExamples:\n  heliograph check\n  heliograph check runs/topcon-001 --json")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@json_option
def command(run: Path | None, as_json: bool) -> None:
    """Judge the tracks and moves of RUN (default: the last run here): two vehicles on one node, swapped across an edge,
    teleported, too fast, a move not served, standstill; and whether wafers are conserved and E10 states add up.
    """
    from heliograph.errors import CheckFailed
    from heliograph.plant.read import read_plant
    from heliograph.record.store import open_folder, summary_of
    from heliograph.run.folder import open_run
    from heliograph.run.judge import judge

    folder = run or last_run(Path.cwd())
    open_run(folder)
    plant = read_plant(str(folder / "plant"))
    violations = judge(plant.plant, plant.roadmap, open_folder(folder))
    summary = summary_of(folder / "record") or {}
    lines: list[list[str | int | None]] = [
        [violation.kind, violation.at_ms, violation.text] for violation in violations
    ]
    if not summary.get("wafers", {}).get("conserved", False):
        lines.append(["wafers not conserved", None, str(summary.get("wafers", {}))])
    lines += [["states do not add up", None, machine] for machine in summary.get("calendar_wrong", [])]
    if as_json:
        print_json(
            {"run": folder, "violations": [dict(zip(("kind", "at_ms", "text"), line, strict=True)) for line in lines]}
        )
    elif lines:
        print_table(["violation", "at ms", "what"], lines[:SHOWN], title=str(folder))
    else:
        print(f"{folder}: no violation")
    if lines:
        if len(lines) > SHOWN and not as_json:
            note(f"{len(lines) - SHOWN} more: --json lists all")
        raise CheckFailed(f"{folder}: {len(lines)} violations", hint="a violation is a fault in the fleet: report it")
