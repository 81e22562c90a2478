"""Write the record of a run: every table of `columns`, as Parquet files in one folder.

Cells are drawn and written a line at a time, on two threads (NumPy and Arrow let go of the interpreter), so that memory
holds two lines, not the workshop. Nothing in a file tells when or where it was written: the same run gives the same
bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from heliograph.clock import iso
from heliograph.daybook import E10_STATES, I32, NOT_YET_MS, Daybook
from heliograph.ids import carrier_id, lot_id, lot_prefix
from heliograph.measured import EL_GRADES, ENERGY_PARTS, Cells, DrawCells, Meters
from heliograph.passages import Floor, Passages, lots_in_record, pass_lots, take
from heliograph.plant.model import Plant
from heliograph.record.columns import FORMAT, Table, step_column, tables, tables_json, tables_text
from heliograph.record.events import event_columns
from heliograph.record.frame import Coded, Maybe, Values, arrow_table, fixed_text, or_never, write_table
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
from heliograph.units import HOUR_MS, SECOND_MS

__all__ = ["Pieces", "describe_record", "ideal_per_h", "write_record"]

TRACK_HOURS: Final = 4
"""Hours of claims in one file of `tracks`."""

ROWS_PER_GROUP: Final = {"cells": 1 << 16, "steps": 1 << 14, "moves": 1 << 14, "tracks": 1 << 17}
"""Small where one thing is looked up: a reader skips the groups whose smallest and largest id do not hold it."""

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


class _Scribe(NamedTuple):
    """What every table needs while it is written."""

    plant: Plant
    book: Daybook
    floor: Floor
    folder: Path
    metadata: dict[str, str]
    table: dict[str, Table]

    def write(self, table: str, values: dict[str, Values], *, file: str = "") -> Path:
        kind = self.table[table]
        data = arrow_table(kind, self.metadata, self.plant.calendar.start, values)
        rows = ROWS_PER_GROUP.get(table, 1 << 18)
        return write_table(self.folder, file or table, kind, data, rows_per_group=rows)

    @property
    def prefix(self) -> str:
        return lot_prefix(self.plant.site, self.plant.calendar.start)

    def lots(self, numbers: I32) -> Coded:
        """Lot ids; a negative number is no lot."""
        known, codes = np.unique(numbers, return_inverse=True)
        none = int(np.count_nonzero(known < 0))
        return Coded(codes - none, [lot_id(self.prefix, n) for n in known[none:].tolist()])


class _Lost(NamedTuple):
    """Wafers that were lost: lot, position from 1, step from 0."""

    lot: I32
    position: I32
    step: I32


class _Line(NamedTuple):
    steps: StepRows
    lots: LotRows
    wafers: Count
    lost: _Lost
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
        folder: made if need be; files of the same names are replaced.
        draw: measures the finished cells among some passages (`twin.cells.cell_model`).
        progress: called with 0 to 1.
    Raises:
        CannotWrite: full disk, read-only directory.
    """
    metadata = {
        "format": FORMAT,
        "plant": plant.name,
        "plant_title": plant.title,
        "record_start": iso(plant.calendar.start, 0),
        "record_end": iso(plant.calendar.start, book.until_ms),
        "partial": "true" if book.partial else "false",
    }
    scribe = _Scribe(plant, book, floor, folder, metadata, {table.name: table for table in tables(plant)})
    folder.mkdir(parents=True, exist_ok=True)
    lots = lots_in_record(book)
    lines = [lots[book.lots.line[lots] == line] for line in range(1, plant.lines + 1)]
    with ThreadPoolExecutor(2) as pool:
        by_line = [pool.submit(_write_line, scribe, line + 1, its, draw, meters) for line, its in enumerate(lines)]
        others: list[Future[Path]] = [
            *(
                pool.submit(_write_tracks, scribe, node_ids, at)
                for at in range(0, book.until_ms, TRACK_HOURS * HOUR_MS)
            ),
            *(pool.submit(work, scribe) for work in (_write_events, _write_moves, _write_states, _write_floor)),
            pool.submit(_write_energy, scribe, meters),
            pool.submit(_write_vehicles, scribe),
        ]
        done: list[Any] = []
        every: list[Future[Any]] = [*by_line, *others]
        for future in every:
            done.append(future.result())
            if progress:
                progress(len(done) / (len(every) + 1))
    passed: list[_Line] = done[: len(by_line)]
    steps = join_rows([line.steps for line in passed])
    lot = LotRows(*[np.concatenate(columns) for columns in zip(*[line.lots for line in passed], strict=True)])
    lot = take(lot, np.argsort(lot.lot))
    files = [path for line in passed for path in line.files] + done[len(by_line) :]
    lost = _Lost(*[np.concatenate(columns) for columns in zip(*[line.lost for line in passed], strict=True)])
    files += [_write_steps(scribe, steps, lost), _write_lots(scribe, lot)]
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


def describe_record(plant: Plant) -> dict[str, str]:
    """The files that describe a record on a disc: name to text."""
    return {"TABLES.md": tables_text(plant), "tables.json": tables_json(plant)}


def _add(counts: Sequence[Count]) -> Count:
    return Count(*[sum(values[1:], start=values[0]) for values in zip(*counts, strict=True)])


def _write_line(scribe: _Scribe, line: int, lots: I32, draw: DrawCells, meters: Meters) -> _Line:
    passages = pass_lots(scribe.book, scribe.floor, lots)
    cells = draw(passages)
    files = []
    parts = max(1, -(-len(cells.at) // CELLS_PER_FILE))
    for part, rows in enumerate(np.array_split(np.arange(len(cells.at)), parts)):
        name = f"cells-L{line}" + (f"-{part + 1}" if parts > 1 else "")
        its = cells._replace(**{f: getattr(cells, f)[rows] for f in cells._fields if f != "bins"})
        files.append(scribe.write("cells", _cell_columns(scribe, line, passages, its), file=name))
    return _Line(
        steps=step_rows(scribe.book, scribe.floor, passages, cells),
        lots=lot_rows(scribe.floor, passages, cells),
        wafers=count_wafers(scribe.book, scribe.floor, passages),
        lost=_lost(scribe.floor, passages),
        between_ms=running_takt_ms(scribe.book, scribe.floor, passages, cells),
        efficiency_sum=float(cells.efficiency_pct.sum()),
        files=files,
    )


def _lost(floor: Floor, passages: Passages) -> _Lost:
    gone = np.flatnonzero(passages.lost_at >= 0)
    row, place = np.divmod(gone, floor.slots)
    return _Lost(passages.lots[row], (place + 1).astype(np.int32), passages.lost_at[gone].astype(np.int32))


def _cell_columns(scribe: _Scribe, line: int, passages: Passages, cells: Cells) -> dict[str, Values]:
    plant, book, floor = scribe.plant, scribe.book, scribe.floor
    row, position = np.divmod(cells.at, floor.slots)
    lots = [lot_id(scribe.prefix, number) for number in passages.lots.tolist()]
    basket, slot = np.divmod(position, plant.carriers.slots_per_basket)
    columns: dict[str, Values] = {
        "cell": _cell_ids(lots, row, position + 1),
        "lot": Coded(row, lots),
        "line": np.full(len(row), line, np.int16),
        "basket": (basket + 1).astype(np.int16),
        "slot": (slot + 1).astype(np.int16),
        "made_utc": passages.leave_ms[-1][cells.at],
    }
    for step in range(floor.steps):
        batch = passages.batch[step][cells.at]
        machine = floor.at_step[step, book.batches.machine[batch]]
        used = np.unique(machine)
        code = np.zeros(len(floor.head) + 1, np.int32)
        code[used] = np.arange(len(used))
        columns[step_column(step, "machine")] = Coded(code[machine], [book.machine_ids[m] for m in used.tolist()])
        columns[step_column(step, "unit")] = book.batches.unit[batch]
        columns[step_column(step, "utc")] = passages.enter_ms[step][cells.at]
    columns |= {
        "voc_mv": cells.voc_mv,
        "isc_a": cells.isc_a,
        "ff_pct": cells.ff_pct,
        "efficiency_pct": cells.efficiency_pct,
        "power_w": cells.power_w,
        "el_grade": Coded(cells.el_grade, EL_GRADES),
        "bin": Coded(cells.bin, cells.bins),
        "kwh": cells.kwh,
        "kgco2": np.round(cells.kwh * plant.energy.grid_kgco2_per_kwh, 6),
    }
    return columns


def _cell_ids(lots: Sequence[str], row: np.ndarray, position: np.ndarray) -> Any:
    """Cell ids as Arrow strings: digits are computed, not printed."""
    width = {len(lot) for lot in lots}
    if len(width) > 1 or int(position.max(initial=0)) > 9999:
        return [f"{lots[r]}-{p:04d}" for r, p in zip(row.tolist(), position.tolist(), strict=True)]
    length = max(width, default=0)
    names = np.frombuffer("".join(lots).encode(), np.uint8).reshape(len(lots), length)
    text = np.empty((len(row), length + 5), np.uint8)
    text[:, :length] = names[row]
    text[:, length] = ord("-")
    for digit in range(4):
        text[:, length + 1 + digit] = position // 10 ** (3 - digit) % 10 + ord("0")
    return fixed_text(text)


def _write_steps(scribe: _Scribe, rows: StepRows, lost: _Lost) -> Path:
    plant, book = scribe.plant, scribe.book
    late = set(zip(book.waits.lot.tolist(), book.waits.step.tolist(), strict=True))
    is_late = [pair in late for pair in zip(rows.lot.tolist(), rows.step.tolist(), strict=True)]
    values: dict[str, Values] = {
        "lot": scribe.lots(rows.lot),
        "step_number": (rows.step + 1).astype(np.int16),
        "step": Coded(rows.step, plant.route),
        "machine": Coded(rows.machine, book.machine_ids),
        "unit": rows.unit.astype(np.int16),
        "batch": rows.batch,
        "first": rows.first,
        "last": rows.last,
        "before": rows.before,
        "wafers": rows.wafers,
        "lost": rows.lost,
        "downgraded": rows.downgraded,
        "lost_positions": _lost_positions(scribe.floor, rows, lost),
        "start_utc": rows.start_ms,
        "end_utc": rows.end_ms,
        "wait_s": rows.wait_ms / SECOND_MS,
        "late": np.array(is_late, bool),
        "shared_with": _shared_with(scribe, rows),
    }
    return scribe.write("steps", values)


def _lost_positions(floor: Floor, rows: StepRows, lost: _Lost) -> list[list[int] | None]:
    """Of each row, the positions of the wafers lost there: the row of a lot and step with the last `first` before."""
    positions: list[list[int] | None] = [None] * len(rows.lot)
    place = (rows.lot.astype(np.int64) * floor.steps + rows.step) * (floor.slots + 1) + rows.first
    of = (lost.lot.astype(np.int64) * floor.steps + lost.step) * (floor.slots + 1) + lost.position
    which = np.searchsorted(place, of, side="right") - 1
    for row, position in zip(which.tolist(), lost.position.tolist(), strict=True):
        held = positions[row]
        positions[row] = [position] if held is None else [*held, position]
    return positions


def _shared_with(scribe: _Scribe, rows: StepRows) -> list[list[str] | None]:
    """The other lots of each row's batch, those that the record no longer holds included."""
    parts = scribe.book.parts
    order = np.lexsort((parts.lot, parts.batch))
    batch, lot = parts.batch[order], parts.lot[order]
    fresh = np.ones(len(batch), bool)
    fresh[1:] = (batch[1:] != batch[:-1]) | (lot[1:] != lot[:-1])
    batch, lot = batch[fresh], lot[fresh]
    begin, end = np.searchsorted(batch, rows.batch, "left"), np.searchsorted(batch, rows.batch, "right")
    shared: list[list[str] | None] = [None] * len(rows.lot)
    for row in np.flatnonzero(end - begin > 1).tolist():
        others = lot[begin[row] : end[row]].tolist()
        shared[row] = [lot_id(scribe.prefix, number) for number in others if number != rows.lot[row]]
    return shared


def _write_lots(scribe: _Scribe, rows: LotRows) -> Path:
    lots = take(scribe.book.lots, rows.lot)
    values: dict[str, Values] = {
        "lot": [lot_id(scribe.prefix, number) for number in rows.lot.tolist()],
        "number": rows.lot,
        "line": lots.line,
        "released_utc": lots.released_ms,
        "finished_utc": or_never(lots.finished_ms),
        "wafers": np.full(len(rows.lot), scribe.floor.slots, np.int32),
        "lost": rows.lost,
        "cells": rows.cells,
        "steps_done": rows.steps_done,
    }
    return scribe.write("lots", values)


def _write_moves(scribe: _Scribe) -> Path:
    """Moves wanted in the record or not done when it began, and the earlier moves of the record's lots."""
    book, moves = scribe.book, scribe.book.moves
    ours = np.zeros(len(book.lots.line) + 1, bool)
    ours[lots_in_record(book)] = True
    recent = (moves.placed_ms == NOT_YET_MS) | (moves.placed_ms >= 0) | ours[moves.lot]
    which = np.flatnonzero(recent & (moves.wanted_ms < book.until_ms))
    source, target = ([ports[i] for i in which.tolist()] for ports in (moves.source, moves.target))
    owner = {port: m.id for m in scribe.plant.machines for port in (*m.in_ports, *m.out_ports)}
    owner |= {port: stocker.id for stocker in scribe.plant.stockers for port in stocker.ports}
    carriers = range(int(moves.carrier.max(initial=0)) + 1)
    values: dict[str, Values] = {
        "move": moves.number[which],
        "carrier": Coded(moves.carrier[which], [carrier_id(number) for number in carriers]),
        "lot": scribe.lots(moves.lot[which]),
        "source": source,
        "target": target,
        "from_machine": [owner.get(port, port) for port in source],
        "to_machine": [owner.get(port, port) for port in target],
        "priority": moves.priority[which],
        "vehicle": Coded(moves.vehicle[which], book.vehicle_ids),
        "wanted_utc": moves.wanted_ms[which],
        "empty_m": moves.empty_m[which],
        "loaded_m": moves.loaded_m[which],
    }
    for name in ("assigned", "at_source", "taken", "at_target", "placed"):
        values[f"{name}_utc"] = or_never(getattr(moves, f"{name}_ms")[which])
    return scribe.write("moves", values)


def _write_tracks(scribe: _Scribe, node_ids: Sequence[str], from_ms: int) -> Path:
    """The claims of some hours; the first file also holds the nodes that were held when the record began."""
    tracks, until = scribe.book.tracks, from_ms + TRACK_HOURS * HOUR_MS
    within = (tracks.claimed_ms >= from_ms) & (tracks.claimed_ms < min(until, scribe.book.until_ms))
    if from_ms == 0:
        within |= (tracks.claimed_ms < 0) & ((tracks.left_ms == NOT_YET_MS) | (tracks.left_ms >= 0))
    rows = np.flatnonzero(within)
    rows = rows[np.lexsort((tracks.claimed_ms[rows], tracks.vehicle[rows]))]
    values: dict[str, Values] = {
        "vehicle": Coded(tracks.vehicle[rows], scribe.book.vehicle_ids),
        "node": Coded(tracks.node[rows], node_ids),
        "claimed_utc": tracks.claimed_ms[rows],
        "arrived_utc": or_never(tracks.arrived_ms[rows]),
        "left_utc": or_never(tracks.left_ms[rows]),
    }
    return scribe.write("tracks", values, file=f"tracks-{from_ms // HOUR_MS:03d}h")


def _write_states(scribe: _Scribe) -> Path:
    """Stays within the record, cut at its ends."""
    book, states = scribe.book, scribe.book.states
    which = np.flatnonzero((states.end_ms > 0) & (states.start_ms < book.until_ms))
    which = which[np.lexsort((states.start_ms[which], states.machine[which]))]
    values: dict[str, Values] = {
        "machine": Coded(states.machine[which], book.machine_ids),
        "state": Coded(states.state[which], E10_STATES),
        "reason": [states.reason[i] for i in which.tolist()],
        "start_utc": np.maximum(states.start_ms[which], 0),
        "end_utc": np.minimum(states.end_ms[which], book.until_ms),
    }
    return scribe.write("states", values)


def _write_floor(scribe: _Scribe) -> Path:
    plant, floor, ids = scribe.plant, scribe.floor, scribe.book.machine_ids
    order = np.lexsort((np.arange(len(ids)), np.where(floor.step < 0, 999, floor.step), floor.line))
    kinds = [floor.equipment[m] for m in order.tolist()]
    heads = [floor.equipment[h] for h in floor.head[order].tolist()]
    units = [max(kind.units, head.units) for kind, head in zip(kinds, heads, strict=True)]
    pace = [ideal_per_h(kind, count) for kind, count in zip(kinds, units, strict=True)]
    values: dict[str, Values] = {
        "machine": [ids[m] for m in order.tolist()],
        "line": floor.line[order],
        "equipment": [kind.code for kind in kinds],
        "name": [kind.name for kind in kinds],
        "name_zh": [kind.name_zh for kind in kinds],
        "mode": [kind.mode for kind in kinds],
        "step_number": Maybe((floor.step[order] + 1).astype(np.int16), floor.step[order] < 0),
        "step": Coded(floor.step[order], plant.route),
        "units": np.array(units, np.int16),
        "behind": [ids[h] if h != m else None for m, h in zip(order.tolist(), floor.head[order].tolist(), strict=True)],
        "ideal_per_h": Maybe(np.array(pace), np.array(pace) == 0),
    }
    return scribe.write("machines", values)


def ideal_per_h(kind: Any, units: int) -> float:
    """Wafers per hour of one machine when nothing stops it; 0: its type does not say."""
    if kind.rate_per_h:
        return float(kind.rate_per_h)
    if kind.takt_s:
        return float(kind.units * 3600 / kind.takt_s)
    return float(units * kind.batch * 3600 / kind.process_s) if kind.process_s else 0.0


def _write_energy(scribe: _Scribe, meters: Meters) -> Path:
    ids, floor = scribe.book.machine_ids, scribe.floor
    used = np.flatnonzero(meters.machine_kwh.any(axis=1))
    hours, rows = meters.hours, len(used) + 2
    kwh = np.vstack([meters.machine_kwh[used], meters.facility_kwh[None], meters.vehicles_kwh[None]]).T
    part = [ENERGY_PARTS.index("machine")] * len(used) + [ENERGY_PARTS.index(p) for p in ("facility", "vehicles")]
    names = sorted(range(rows), key=lambda r: (ENERGY_PARTS[part[r]], ids[used[r]] if r < len(used) else ""))
    machine = np.append(used, [-1, -1])[names]
    values: dict[str, Values] = {
        "hour_utc": np.repeat(np.arange(hours) * HOUR_MS, rows),
        "part": Coded(np.tile(np.array(part)[names], hours), ENERGY_PARTS),
        "line": Maybe(np.tile(floor.line[machine], hours), np.tile(machine < 0, hours)),
        "machine": Coded(np.tile(machine, hours), ids),
        "kwh": np.round(kwh[:, names], 6).ravel(),
        "kgco2": np.round(kwh[:, names] * scribe.plant.energy.grid_kgco2_per_kwh, 6).ravel(),
    }
    return scribe.write("energy", values)


def _write_vehicles(scribe: _Scribe) -> Path:
    book = scribe.book
    values: dict[str, Values] = {"vehicle": list(book.vehicle_ids), "kwh": np.round(book.vehicle_kwh, 6)}
    names = [column.name for column in scribe.table["vehicles"].columns[1:7]]
    for place, name in enumerate(names):
        values[name] = book.vehicle_state_ms[:, place] / SECOND_MS
    return scribe.write("vehicles", values)


def _write_events(scribe: _Scribe) -> Path:
    return scribe.write("events", event_columns(scribe.book.events, scribe.prefix, scribe.book.vehicle_ids))
