"""A recorded day that is being opened: its floor at once, the rest when its tables have been read."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from heliograph.plant.read import PlantFiles
from heliograph.record.store import Record
from heliograph.view.floor import recorded_floor
from heliograph.view.recorded import Recorded

__all__ = ["Unread"]


class Unread:
    """A record and its plant; see `view.source.Opening`."""

    def __init__(self, record: Record, files: PlantFiles, lost: Callable[[str, str], None]) -> None:
        """Nothing but the record's first table is looked at before `read`.

        Args:
            lost: told of each file that cannot be read, and why.
        Raises:
            RunWrong, Damaged, DiscsLost: the table that says from when to when the record is cannot be read.
        """
        self._record, self._files, self._lost = record, files, lost
        self._floor = recorded_floor(record, files)

    def sketch(self) -> bytes:
        """See `Opening`."""
        return msgspec.json.encode(self._floor)

    def read(self) -> Recorded:
        """See `Opening`."""
        day = Recorded(self._record, self._files)
        for file, wrong in day.tables.lost.items():
            self._lost(file, wrong)
        return day
