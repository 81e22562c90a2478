"""The scribe: what every table needs while it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from heliograph.daybook import I32, Daybook
from heliograph.ids import lot_id
from heliograph.passages import Floor
from heliograph.plant.model import Plant
from heliograph.record.columns import Table
from heliograph.record.frame import Coded, Values, arrow_table, write_table

__all__ = ["Scribe"]

ROWS_PER_GROUP: Final = {"cells": 1 << 16, "steps": 1 << 14, "moves": 1 << 14, "tracks": 1 << 17}
"""Small where one thing is looked up: a reader skips the groups whose smallest and largest id do not hold it."""


class Scribe(NamedTuple):
    """What every table needs while it is written."""

    plant: Plant
    book: Daybook
    floor: Floor
    folder: Path
    metadata: dict[str, str]
    table: dict[str, Table]
    prefix: str
    """What lot ids begin with."""

    def write(self, table: str, values: dict[str, Values], *, file: str = "") -> Path:
        kind = self.table[table]
        data = arrow_table(kind, self.metadata, self.plant.calendar.start, values)
        rows = ROWS_PER_GROUP.get(table, 1 << 18)
        return write_table(self.folder, file or table, kind, data, rows_per_group=rows)

    def lots(self, numbers: I32) -> Coded:
        """Lot ids; a negative number is no lot."""
        known, codes = np.unique(numbers, return_inverse=True)
        none = int(np.count_nonzero(known < 0))
        return Coded(codes - none, [lot_id(self.prefix, n) for n in known[none:].tolist()])
