"""Write the record of a run: every table of `columns`, as Parquet files in one folder.

Cells are drawn and written a line at a time, on two threads (NumPy and Arrow let go of the interpreter), so that memory
holds two lines, not the workshop. Nothing in a file tells when or where it was written: the same run gives the same
bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from heliograph.clock import iso
from heliograph.daybook import I32, Daybook
from heliograph.files import PARTIAL
from heliograph.ids import lot_prefix
from heliograph.measured import DrawCells, Meters
from heliograph.passages import Floor, lots_in_record, pass_lots, take
from heliograph.plant.model import Plant
from heliograph.record.columns import FORMAT, tables, tables_json, tables_text
from heliograph.record.lot_sheets import Lost, cell_columns, lost_wafers, write_lots, write_steps
from heliograph.record.passed import (
    Count,
    LotRows,
    StepRows,
    count_wafers,
    join_rows,
    lot_rows,
    running_takt_ms,
    step_rows,
)
from heliograph.record.scribe import Scribe
from heliograph.record.sheets import (
    TRACK_HOURS,
    write_batteries,
    write_energy,
    write_events,
    write_floor,
    write_mishaps,
    write_moves,
    write_states,
    write_tracks,
    write_vehicles,
)
from heliograph.units import HOUR_MS

__all__ = ["Pieces", "describe_record", "write_record"]

CELLS_PER_FILE: Final = 400_000


class Pieces(NamedTuple):
    """What was counted on the way, for the summary."""

    wafers: Count
    steps: StepRows
    lots: LotRows
    meters: Meters
    lane_takt_ms: float
    """Median time between two cells out of one lane."""
    efficiency_pct: float
    """Mean over the cells."""
    files: tuple[Path, ...]


class _Line(NamedTuple):
    steps: StepRows
    lots: LotRows
    wafers: Count
    lost: Lost
    between_ms: np.ndarray
    efficiency_sum: float
    files: list[Path]


def write_record(
    plant: Plant,
    book: Daybook,
    floor: Floor,
    node_ids: Sequence[str],
    folder: Path,
    meters: Meters,
    draw: DrawCells,
    progress: Callable[[float], None] | None = None,
) -> Pieces:
    """Write the record of a run.

    Args:
        node_ids: of the roadmap, as `tracks` number them.
        folder: made if need be; the tables of an earlier record in it go.
        draw: measures the finished cells among some passages (`twin.cells.cell_model`).
        progress: called with 0 to 1.
    Raises:
        CannotWrite: full disk, read-only folder.
    """
    metadata = {
        "format": FORMAT,
        "plant": plant.name,
        "plant_title": plant.title,
        "record_start": iso(plant.calendar.start, 0),
        "record_end": iso(plant.calendar.start, book.until_ms),
        "partial": "true" if book.partial else "false",
    }
    known = tables(plant, mishaps=book.mishaps is not None)
    prefix = lot_prefix(plant.site, plant.calendar.start)
    scribe = Scribe(plant, book, floor, folder, metadata, {table.name: table for table in known}, prefix)
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("*.parquet"), *folder.glob("*.parquet" + PARTIAL)):
        old.unlink()  # of a longer or wider record, or of a killed command: never mixed with this one
    lots = lots_in_record(book)
    lines = [lots[book.lots.line[lots] == line] for line in range(1, plant.lines + 1)]
    # Loaded before there are threads: a thread that looks up a function while another loads them may not find it.
    import pyarrow.compute  # noqa: F401

    with ThreadPoolExecutor(2) as pool:
        by_line = [pool.submit(_write_line, scribe, line + 1, its, draw, meters) for line, its in enumerate(lines)]
        others: list[Future[Path]] = [
            *(pool.submit(write_tracks, scribe, node_ids, at) for at in range(0, book.until_ms, TRACK_HOURS * HOUR_MS)),
            *(pool.submit(work, scribe) for work in (write_events, write_moves, write_states, write_floor)),
            pool.submit(write_energy, scribe, meters),
            *(pool.submit(work, scribe) for work in (write_vehicles, write_batteries)),
            *([] if book.mishaps is None else [pool.submit(write_mishaps, scribe)]),
        ]
        passed: list[_Line] = []
        for future in by_line:
            passed.append(future.result())
            _tell(progress, len(passed) / (len(by_line) + 1))
        # The lots of all lines together, while the pool writes what is left.
        steps = join_rows([line.steps for line in passed])
        lot = LotRows(*[np.concatenate(columns) for columns in zip(*[line.lots for line in passed], strict=True)])
        lot = take(lot, np.argsort(lot.lot))
        lost = Lost(*[np.concatenate(columns) for columns in zip(*[line.lost for line in passed], strict=True)])
        files = [path for line in passed for path in line.files]
        files += [write_steps(scribe, steps, lost), write_lots(scribe, lot)]
        files += [future.result() for future in others]
    _tell(progress, 1.0)
    between = np.concatenate([line.between_ms for line in passed])
    return Pieces(
        wafers=_add([line.wafers for line in passed]),
        steps=steps,
        lots=lot,
        meters=meters,
        lane_takt_ms=float(np.median(between)) if len(between) else 0.0,
        efficiency_pct=sum(line.efficiency_sum for line in passed) / max(meters.cells, 1),
        files=tuple(sorted(files)),
    )


def _tell(progress: Callable[[float], None] | None, done: float) -> None:
    if progress:
        progress(done)


def describe_record(plant: Plant, *, mishaps: bool = False) -> dict[str, str]:
    """The files that describe a record on a disc: name to text."""
    return {"TABLES.md": tables_text(plant, mishaps=mishaps), "tables.json": tables_json(plant, mishaps=mishaps)}


def _add(counts: Sequence[Count]) -> Count:
    return Count(*[sum(values[1:], start=values[0]) for values in zip(*counts, strict=True)])


def _write_line(scribe: Scribe, line: int, lots: I32, draw: DrawCells, meters: Meters) -> _Line:
    passages = pass_lots(scribe.book, scribe.floor, lots)
    cells = draw(passages)
    files = []
    parts = max(1, -(-len(cells.at) // CELLS_PER_FILE))
    for part, rows in enumerate(np.array_split(np.arange(len(cells.at)), parts)):
        name = f"cells-L{line}" + (f"-{part + 1}" if parts > 1 else "")
        its = cells._replace(**{f: getattr(cells, f)[rows] for f in cells._fields if f != "bins"})
        files.append(scribe.write("cells", cell_columns(scribe, line, passages, its), file=name))
    return _Line(
        steps=step_rows(scribe.book, scribe.floor, passages, cells),
        lots=lot_rows(scribe.floor, passages, cells),
        wafers=count_wafers(scribe.book, scribe.floor, passages),
        lost=lost_wafers(scribe.floor, passages),
        between_ms=running_takt_ms(scribe.book, scribe.floor, passages, cells),
        efficiency_sum=float(cells.efficiency_pct.sum()),
        files=files,
    )
