"""`heliograph trace`: one cell, a lot, or all that went through a machine, from a run, a record or discs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heliograph.cli.archive.keys import AskRing, open_options
from heliograph.cli.moments import moment
from heliograph.cli.places import find_record
from heliograph.cli.show import console, json_option, note, print_json, print_pairs, print_table
from heliograph.errors import UsageWrong
from heliograph.ids import CELL_EXAMPLE, LOT_EXAMPLE, parse_cell, parse_lot

if TYPE_CHECKING:
    from heliograph.record.genealogy import CellTrace, LotTrace, MachineTrace, MoveMade, StepPassed
    from heliograph.record.store import Record

__all__ = ["command"]

SHOWN_CELLS = 20


@click.command()
@click.argument("thing", metavar="[CELL|LOT]", required=False)
@click.option(
    "--from",
    "places",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A run directory, a record, or disc images; may be given several times. Default: the last run here.",
)
@click.argument("more", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH...]")
@click.option("--machine", metavar="ID", help="Instead of a cell: all that went through this machine.")
@click.option("--unit", type=int, metavar="N", help="Only this tube, bath or lane of the machine, from 1.")
@click.option(
    "--between",
    nargs=2,
    metavar="T1 T2",
    help="Only what was in the machine in this time, e.g. 04:00 06:30 or 2025-11-03T04:00 2025-11-03T06:30.",
)
@open_options
@json_option
def command(
    thing: str | None,
    places: tuple[Path, ...],
    more: tuple[Path, ...],
    machine: str | None,
    unit: int | None,
    between: tuple[str, str] | None,
    ask_ring: AskRing,
    as_json: bool,
) -> None:
    """Find one cell, and all that happened to it: steps, machines, lots that shared its tubes, carriers, vehicles,
    energy, carbon, test values. Or a lot; or, the other way round, all that went through a machine.

    \b
    heliograph trace SX251103-00042-0123 --from out/discs/*.iso
    heliograph trace SX251103-00042
    heliograph trace --machine L3-BDF2 --unit 4 --between 04:00 06:30
    """
    ring = ask_ring()
    if machine is not None:
        if thing and not Path(thing).exists():
            raise UsageWrong(f"{thing} and --machine: one or the other", hint="leave out the cell, or the machine")
        # Without a cell, the first word is a path that the shell expanded from --from *.iso.
        words = (*([Path(thing)] if thing else []), *more)
        answer: Any = _machine(find_record((*places, *words), ring), machine.strip().upper(), unit, between)
    else:
        if unit is not None or between is not None:
            raise UsageWrong("--unit and --between need --machine", hint="e.g. --machine L3-BDF2 --unit 4")
        if thing is None:
            hint = f"a cell id looks like {CELL_EXAMPLE}, a lot id like {LOT_EXAMPLE}; or name a --machine"
            raise UsageWrong("no cell, lot or machine given", hint=hint)
        # A wrong id is told before any file is opened.
        cell, lot = (parse_cell(thing), None) if thing.count("-") != 1 else (None, parse_lot(thing))
        record = find_record((*places, *more), ring)
        from heliograph.record.genealogy import trace_cell, trace_lot

        answer = trace_cell(record, cell) if cell else trace_lot(record, lot)  # type: ignore[arg-type]
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(answer))
        return
    shows = {"CellTrace": _show_cell, "LotTrace": _show_lot, "MachineTrace": _show_machine}
    shows[type(answer).__name__](answer)  # type: ignore[operator]


def _machine(record: Record, machine: str, unit: int | None, between: tuple[str, str] | None) -> MachineTrace:
    from heliograph.record.genealogy import trace_machine

    since, until = (moment(text, record.start, "--between") for text in between) if between else (None, None)
    if since is not None and until is not None and until <= since:
        raise UsageWrong(f"--between: {between[1]} is not after {between[0]}", hint="give the earlier time first")  # type: ignore[index]
    return trace_machine(record, machine, unit, since, until)


def _clock(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%m-%d %H:%M:%S}"


def _show_cell(cell: CellTrace) -> None:
    print_pairs(
        [
            ("lot", f"{cell.lot}, line {cell.line}, basket {cell.basket}, slot {cell.slot}"),
            ("made", cell.made.isoformat(sep=" ", timespec="milliseconds")),
            ("power", f"{cell.power_w:.3f} W, efficiency {cell.efficiency_pct:.2f} %"),
            ("test", f"Voc {cell.voc_mv:.1f} mV, Isc {cell.isc_a:.3f} A, FF {cell.ff_pct:.2f} %"),
            ("grade", f"EL {cell.el_grade}, bin {cell.bin}"),
            ("electricity", f"{cell.kwh:.4f} kWh, {cell.kgco2:.4f} kgCO2"),
        ],
        title=f"cell {cell.cell}",
    )
    _show_steps(cell.steps, cell.moves, of_cell=True)


def _show_lot(lot: LotTrace) -> None:
    print_pairs(
        [
            ("line", lot.line),
            ("released", lot.released.isoformat(sep=" ", timespec="seconds")),
            ("finished", lot.finished.isoformat(sep=" ", timespec="seconds") if lot.finished else "in process"),
            ("wafers", f"{lot.wafers:,} in, {lot.lost:,} lost, {lot.cells:,} cells in this record"),
        ],
        title=f"lot {lot.lot}",
    )
    _show_steps(lot.steps, lot.moves, of_cell=False)


def _show_steps(steps: list[StepPassed], moves: list[MoveMade], *, of_cell: bool) -> None:
    brought = {move.to_machine: move for move in moves}
    rows = []
    for step in steps:
        move = brought.get(step.machine)
        by = f"{move.vehicle} {move.carrier}" if move and move.vehicle else ""
        span = [] if of_cell else [f"{step.first}-{step.last}"]
        late = " late" if step.late else ""
        rows.append(
            [
                step.step_number,
                step.step,
                step.machine,
                step.unit,
                *span,
                _clock(step.start),
                _clock(step.end),
                f"{step.wait_s / 60:.0f} min{late}",
                by,
                step.batch,
                ", ".join(step.shared_with),
            ]
        )
    span = [] if of_cell else ["positions"]
    heads = ["#", "step", "machine", "unit", *span, "in", "out", "waited", "brought by", "batch", "shared with"]
    print_table(heads, rows)
    if moves:
        metres = sum(move.loaded_m for move in moves)
        carriers = ", ".join(dict.fromkeys(move.carrier for move in moves))
        console().print(f"{len(moves)} moves, {metres:,.0f} m, on carriers {carriers}", markup=False, style="dim")


def _show_machine(trace: MachineTrace) -> None:
    unit = f" unit {trace.unit}" if trace.unit is not None else ""
    rows = [
        [
            _clock(t.start),
            _clock(t.end),
            t.unit,
            t.batch,
            t.lot,
            f"{t.first}-{t.last}",
            t.wafers,
            ", ".join(t.shared_with),
        ]
        for t in trace.lots
    ]
    title = f"{trace.machine}{unit}, {trace.step}, {_clock(trace.since)} to {_clock(trace.until)}"
    print_table(["in", "out", "unit", "batch", "lot", "positions", "wafers", "shared with"], rows, title=title)
    lots = len({through.lot for through in trace.lots})
    first = ", ".join(trace.cells[:SHOWN_CELLS])
    more = " … (all with --json)" if len(trace.cells) > SHOWN_CELLS else ""
    console().print(f"{len(trace.cells):,} finished cells of {lots:,} lots", markup=False)
    if first:
        console().print(f"{first}{more}", markup=False, style="dim")
    if not trace.lots:
        note("nothing was in it then")
