"""A recorded day: read once into arrays, so that what is on the floor at any instant is found by binary search."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

import msgspec
import numpy as np

from heliograph.daybook import F64
from heliograph.errors import UsageWrong
from heliograph.plant.read import PlantFiles
from heliograph.record.store import Record
from heliograph.view.batteries import Batteries, read_batteries
from heliograph.view.carriers import carrier_series
from heliograph.view.drives import drive_series
from heliograph.view.floor import FloorTold, recorded_floor
from heliograph.view.ground import Ground
from heliograph.view.machines import state_series
from heliograph.view.series import Series, described, encode
from heliograph.view.standing import Standing, Visited
from heliograph.view.tables import Tables, names_in
from heliograph.view.vehicles import (
    Visits,
    doing_series,
    mishap_series,
    read_moves,
    read_visits,
)

__all__ = ["LONGEST_CHUNK_MS", "Day"]

LONGEST_CHUNK_MS: Final = 3_600_000


class Day:
    """A record and its plant, ready to be shown."""

    def __init__(self, record: Record, files: PlantFiles) -> None:
        """Read the tables that the floor is drawn from; of damaged discs, what can be read.

        Raises:
            RunWrong, Damaged, DiscsLost: not even the tables `lots` or `machines` can be read.
        """
        self.record, self.files = record, files
        self.start_ms = round(record.start.timestamp() * 1000)
        self.begin_ms = 0
        self.end_ms = round(record.end.timestamp() * 1000) - self.start_ms
        self.tables = tables = Tables(record)
        plant = files.plant
        fleet = self._names("vehicles", "vehicle") or [f"V{n + 1:03d}" for n in range(plant.vehicles.count)]
        self.vehicles = {name: number for number, name in enumerate(fleet)}
        self.carriers = {name: number for number, name in enumerate(self._names("moves", "carrier"))}
        self.stations = {name: number for number, name in enumerate(files.roadmap.station_node)}
        self.machines = {machine.id: number for number, machine in enumerate(plant.machines)}
        self.nodes = {name: number for number, name in enumerate(files.roadmap.node_ids)}
        self.lots = {name: number for number, name in enumerate(self._names("lots", "lot"))}
        self.vehicle_ids, self.carrier_ids = list(self.vehicles), list(self.carriers)
        self.station_ids, self.node_ids, self.lot_ids = list(self.stations), list(self.nodes), list(self.lots)
        self.charging = frozenset(files.roadmap.station_node[name] for name in plant.vehicles.charging)
        with ThreadPoolExecutor(1) as beside:  # tracks are half of the work
            driven = beside.submit(drive_series, tables, self.start_ms, self.vehicles, self.nodes, files.roadmap)
            self.moves = read_moves(tables, self.start_ms, self.vehicles, self.stations, self.carriers, self.lots)
            states, self.reasons = state_series(tables, self.start_ms, self.machines)
            others: dict[str, Series] = {
                "doing": doing_series(self.moves, len(self.vehicles), len(self.stations)),
                "mishaps": mishap_series(tables, self.start_ms, self.vehicles),
                "carriers": carrier_series(
                    tables, self.start_ms, self.moves, self.stations, self.carriers, self.lots, len(self.vehicles)
                ),
                "states": states,
            }
        drives, self.ways = driven.result()
        self.series = {"drives": drives, **others}

    def _names(self, table: str, column: str) -> list[str]:
        """All that a column holds, in order."""
        found = self.tables.read(table, [column])
        return [] if found is None else names_in(found[column])

    @cached_property
    def visits(self) -> Visits:
        """Every node that a vehicle held: more than the floor is drawn from, and so read when it is asked for."""
        return read_visits(self.tables, self.start_ms, self.vehicles, self.nodes)

    @cached_property
    def standing(self) -> Standing:
        """Where vehicles stood."""
        return Visited(self.visits)

    @cached_property
    def batteries(self) -> Batteries:
        """How full batteries were."""
        return read_batteries(self.tables, self.start_ms, self.vehicles)

    @cached_property
    def _bare(self) -> FloorTold:
        return recorded_floor(self.record, self.files)

    @cached_property
    def ground(self) -> Ground:
        """The floor."""
        return msgspec.structs.replace(self._bare.ground, ways=self.ways.reshape(-1).tolist())

    def instant(self, at_ms: int) -> str:
        """A moment as ISO 8601 text in the plant's zone."""
        moment = datetime.fromtimestamp((self.start_ms + at_ms) / 1000, UTC).astimezone(self.record.start.tzinfo)
        return moment.isoformat(timespec="milliseconds")

    def floor(self) -> bytes:
        """See `Source`."""
        told = msgspec.structs.replace(
            self._bare,
            ground=self.ground,
            vehicles=list(self.vehicles),
            carriers=list(self.carriers),
            lots=list(self.lots),
            reasons=self.reasons,
            series=described(self.series),
            lost=self.tables.lost,
            reading=False,
        )
        return msgspec.json.encode(told)

    def span(self) -> tuple[int, int]:
        """See `Source`."""
        return 0, self.end_ms

    def chunk(self, from_ms: int, to_ms: int) -> bytes:
        """See `Source`."""
        if not 0 <= to_ms - from_ms <= LONGEST_CHUNK_MS:
            raise UsageWrong(f"a chunk from {from_ms} to {to_ms} ms", hint="ask for an hour at most")
        return encode(self.series.values(), from_ms, to_ms)

    @cached_property
    def efficiency(self) -> F64:
        """Of every cell of the record, in percent."""
        found = self.tables.read("cells", ["efficiency_pct"])
        return np.zeros(0) if found is None else found["efficiency_pct"].to_numpy()
