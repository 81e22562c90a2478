"""`heliograph check`: judge a run with code that shares nothing with what made it."""

from __future__ import annotations

from pathlib import Path

import click

from heliograph.cli.places import last_run
from heliograph.cli.show import json_option, note, print_json, print_table

__all__ = ["command"]

SHOWN = 20


@click.command(
    epilog="\b\nExamples:\n  heliograph check\n  heliograph check runs/topcon-001 --json\n  heliograph check run.npz"
)
@click.argument("run", required=False, type=click.Path(path_type=Path))
@json_option
def command(run: Path | None, as_json: bool) -> None:
    """Judge the tracks and moves of RUN (default: the last run here): two vehicles on one node, swapped across an edge,
    teleported, too fast, a move not served, standstill; its batteries: rising away from a charger, or rising or falling
    faster than they can; and whether wafers are conserved and E10 states add up.

    Of a run with mishaps, vehicles that the record says were off the floor may vanish and come back, and time in which
    one stood broken on the floor is no standstill.

    RUN may also be a run in steps (FILE.npz of `heliograph fleet bench --out`): rules of the League of Robot Runners,
    and errands counted anew.
    """
    from heliograph.errors import CheckFailed
    from heliograph.run.steps_file import SUFFIX

    folder = run or last_run(Path.cwd())
    lines, at = (_in_steps(folder), "after step") if folder.suffix == SUFFIX else (_in_a_workshop(folder), "at ms")
    if as_json:
        keys = ("kind", at.replace(" ", "_"), "text")
        print_json({"run": folder, "violations": [dict(zip(keys, line, strict=True)) for line in lines]})
    elif lines:
        print_table(["violation", at, "what"], lines[:SHOWN], title=str(folder))
    else:
        print(f"{folder}: no violation")
    if lines:
        if len(lines) > SHOWN and not as_json:
            note(f"{len(lines) - SHOWN} more: --json lists all")
        wrong = CheckFailed(f"{folder}: {len(lines)} violations", hint="a violation is a fault in the fleet: report it")
        if as_json:  # the document is printed already, and there is to be one
            note(str(wrong))
            raise SystemExit(wrong.exit_code)
        raise wrong


def _in_a_workshop(folder: Path) -> list[list[str | int | None]]:
    """What is wrong with a run of a workshop: kind, time, text."""
    from heliograph.plant.read import read_plant
    from heliograph.record.store import open_folder, summary_of
    from heliograph.run.folder import open_run
    from heliograph.run.judge import judge

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
    return lines


def _in_steps(path: Path) -> list[list[str | int | None]]:
    """What is wrong with a run in steps: kind, step, text."""
    from heliograph.fleet.check_steps import check_steps
    from heliograph.run.steps_file import read_steps

    run = read_steps(path)
    instance = run.instance
    judged = check_steps(instance.free, run.states, instance.tasks, starts=instance.starts, claimed=run.errands)
    return [[found.kind, found.step, f"robot {found.robot} {found.text}"] for found in judged.violations]
