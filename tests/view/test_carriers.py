"""Where a carrier is when several things happen to it in one millisecond."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from heliograph.view.carriers import carrier_series
from heliograph.view.series import NEVER
from heliograph.view.vehicles import Moves

STATION, VEHICLE = 0, 1
"""Place numbers: there is one station, and the vehicles come behind it."""


class Events:
    """The table `events` alone: an arm fills the carrier at 100 ms."""

    def read(self, table: str, columns: Sequence[str], where: Sequence[Any] = ()) -> pa.Table | None:
        if table != "events":
            return None
        at = pa.array([datetime(1970, 1, 1, 0, 0, 0, 100_000, UTC).replace(tzinfo=None)], pa.timestamp("ms"))
        names = {"kind": "CarrierFilled", "carrier": "K1", "station": "S", "lot": "A"}
        return pa.table({"at_utc": at, **{name: [value] for name, value in names.items()}}).select(list(columns))


def move(taken: int, placed: int) -> Moves:
    numbers = {"number": 1, "carrier": 0, "lot": -1, "source": STATION, "target": STATION, "vehicle": 0}
    times = {"wanted": 0, "assigned": 0, "at_source": taken, "taken": taken, "at_target": placed, "placed": placed}
    return Moves(**{name: np.array([value]) for name, value in {**numbers, **times}.items()})


def places(moves: Moves, *times: int) -> list[tuple[int, int]]:
    """Place and lot of the carrier at these times."""
    tables: Any = Events()
    series = carrier_series(tables, 0, moves, {"S": 0}, {"K1": 0}, {"A": 0}, fleet=1)
    rows = [int(series.in_force(time)[0]) for time in times]
    return [(int(series.columns["place"][row]), int(series.columns["lot"][row])) for row in rows]


@pytest.mark.parametrize("taken", [-500, 20])
def test_one_that_is_filled_as_soon_as_it_stands_was_on_its_vehicle_before(taken: int):
    """The vehicle puts it down first, then the arm works; both at 100 ms."""
    assert places(move(taken, 100), 50, 99, 100, 500) == [(VEHICLE, -1), (VEHICLE, -1), (STATION, 0), (STATION, 0)]


def test_one_that_is_taken_as_soon_as_it_is_full_is_on_its_vehicle():
    """The arm works first, then the vehicle takes; both at 100 ms."""
    assert [place for place, _ in places(move(100, NEVER), 50, 100, 500)] == [STATION, VEHICLE, VEHICLE]
