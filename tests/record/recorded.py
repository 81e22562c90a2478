"""From a daybook to a written record, as `run` does it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from heliograph.daybook import Daybook
from heliograph.measured import DrawCells, Meters
from heliograph.passages import Floor, floor_of
from heliograph.plant.model import Plant
from heliograph.record.store import Record, open_folder
from heliograph.record.write import Pieces, write_record
from heliograph.twin.cells import cell_model
from heliograph.twin.energy import read_meters

NODES = tuple(f"N{number}" for number in range(60))


class Written(NamedTuple):
    """A record as written, and what was counted."""

    folder: Path
    pieces: Pieces
    record: Record


class Made(NamedTuple):
    """What a run has before its record is written."""

    floor: Floor
    meters: Meters
    draw: DrawCells


def make(plant: Plant, book: Daybook) -> Made:
    floor = floor_of(plant, book.machine_ids)
    meters = read_meters(plant, book, floor)
    return Made(floor, meters, cell_model(plant, book, floor, meters))


def write(plant: Plant, book: Daybook, folder: Path) -> Written:
    made = make(plant, book)
    pieces = write_record(plant, book, made.floor, NODES, folder / "record", made.meters, made.draw)
    return Written(folder, pieces, open_folder(folder))
