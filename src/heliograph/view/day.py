"""A recorded day: read once into arrays, so that what is on the floor at any instant is found by binary search."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

import msgspec
import numpy as np

from heliograph.daybook import E10_STATES, F64
from heliograph.errors import UsageWrong
from heliograph.plant.read import PlantFiles
from heliograph.record.store import Record
from heliograph.view.batteries import Batteries, read_batteries
from heliograph.view.carriers import carrier_series
from heliograph.view.ground import Ground, ground_of
from heliograph.view.machines import state_series
from heliograph.view.series import Series, encode
from heliograph.view.tables import Tables, texts
from heliograph.view.vehicles import (
    MISHAP_KINDS,
    PHASES,
    doing_series,
    drive_series,
    held_by,
    mishap_series,
    read_moves,
    read_visits,
)

__all__ = ["FORMAT", "LONGEST_CHUNK_MS", "Day", "FloorTold"]

FORMAT: Final = "heliograph-view/1"
LONGEST_CHUNK_MS: Final = 3_600_000


class FloorTold(msgspec.Struct, frozen=True, kw_only=True):
    """The floor and all names, as the page gets them."""

    format: str
    title: str
    title_zh: str
    where: str
    start: str
    """ISO 8601, with the plant's offset."""
    span: tuple[int, int]
    partial: bool
    lines: int
    route: list[str]
    steps: dict[str, tuple[str, str]]
    """Step code to its name in English and Chinese."""
    ground: Ground
    vehicles: list[str]
    carriers: list[str]
    lots: list[str]
    states: tuple[str, ...]
    reasons: tuple[str, ...]
    phases: tuple[str, ...]
    mishaps: tuple[str, ...]
    series: list[tuple[str, int, list[tuple[str, str]]]]
    """Name, how many things, and name and type of each column: how to read a chunk."""
    lost: dict[str, str]
    """Files of the record that cannot be read, with the reason."""
    live: bool = False
    """A run in progress: it has a pulse, and a pace that can be changed."""
    key: str = ""
    """What has to be shown by whoever changes the pace."""


class Day:
    """A record and its plant, ready to be shown."""

    def __init__(self, record: Record, files: PlantFiles) -> None:
        """Read the tables that the floor is drawn from; of damaged discs, what can be read.

        Raises:
            RunWrong, Damaged, DiscsLost: not even the tables `lots` or `machines` can be read.
        """
        self.record, self.files = record, files
        self.start_ms = round(record.start.timestamp() * 1000)
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
        self.visits = read_visits(tables, self.start_ms, self.vehicles, self.nodes)
        self.moves = read_moves(tables, self.start_ms, self.vehicles, self.stations, self.carriers, self.lots)
        drives, self.ways = drive_series(self.visits, files.roadmap)
        states, self.reasons = state_series(tables, self.start_ms, self.machines)
        self.series: dict[str, Series] = {
            "drives": drives,
            "doing": doing_series(self.moves, len(self.vehicles), len(self.stations)),
            "mishaps": mishap_series(tables, self.start_ms, self.vehicles),
            "carriers": carrier_series(
                tables, self.start_ms, self.moves, self.stations, self.carriers, self.lots, len(self.vehicles)
            ),
            "states": states,
        }

    def _names(self, table: str, column: str) -> list[str]:
        """All that a column holds, in order."""
        found = self.tables.read(table, [column])
        return [] if found is None else sorted(set(texts(found[column])) - {None})

    @cached_property
    def held(self) -> tuple[Any, Any]:
        """Who held each node: where the node's rows begin, and the rows of `visits`."""
        return held_by(self.visits)

    @cached_property
    def batteries(self) -> Batteries:
        """How full batteries were."""
        return read_batteries(self.tables, self.start_ms, self.vehicles)

    @cached_property
    def ground(self) -> Ground:
        """The floor."""
        return ground_of(self.files, self.ways)

    def instant(self, at_ms: int) -> str:
        """A moment as ISO 8601 text in the plant's zone."""
        moment = datetime.fromtimestamp((self.start_ms + at_ms) / 1000, UTC).astimezone(self.record.start.tzinfo)
        return moment.isoformat(timespec="milliseconds")

    def floor(self) -> bytes:
        """See `Source`."""
        plant = self.files.plant
        told = FloorTold(
            format=FORMAT,
            title=plant.title,
            title_zh=plant.title_zh,
            where=self.record.where,
            start=self.record.start.isoformat(timespec="milliseconds"),
            span=self.span(),
            partial=self.record.metadata.get("partial") == "true",
            lines=plant.lines,
            route=plant.route,
            steps={step.code: (step.name, step.name_zh) for step in plant.steps},
            ground=self.ground,
            vehicles=list(self.vehicles),
            carriers=list(self.carriers),
            lots=list(self.lots),
            states=E10_STATES,
            reasons=self.reasons,
            phases=PHASES,
            mishaps=MISHAP_KINDS,
            series=[
                (name, each.things, [(column, values.dtype.name) for column, values in each.columns.items()])
                for name, each in self.series.items()
            ],
            lost=self.tables.lost,
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
