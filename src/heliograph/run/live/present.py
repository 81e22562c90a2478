"""What is known of a run in progress, up to its last portion, as details are told from it; the warm-up is in it, too.

Nothing is written and read for it: moves, parts in batches and readings of batteries lie in tables that grow, places
and states in the series that chunks are cut from. The passages of a lot, or of the lots that a machine has had, are
worked out when they are asked for.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from heliograph.daybook import I32, NOT_YET_MS, VEHICLE_STATES
from heliograph.ids import carrier_id, lot_id
from heliograph.measured import Cells
from heliograph.passages import Floor, floor_of, pass_lots
from heliograph.plant.read import PlantFiles
from heliograph.record.passed import StepRows, step_rows
from heliograph.run.live.ahead import WaysAhead
from heliograph.run.live.book import Book
from heliograph.run.live.rows import Rows
from heliograph.units import HOUR_MS, SECOND_MS
from heliograph.view.details import LotRow
from heliograph.view.ground import Ground
from heliograph.view.live import Driven, Growing, Motion
from heliograph.view.series import NEVER, Ints
from heliograph.view.standing import Standing
from heliograph.view.told import PartTold
from heliograph.view.vehicles import Moves

__all__ = ["Present"]

_BEFORE: Final = 64
"""So many batches of a machine are looked at for what is in it and what came out last: more than it holds at once."""
_AFTER: Final = 16
_NONE: Final = np.zeros(0)
_NO_CELLS: Final = Cells(
    at=_NONE.astype(np.int64),
    voc_mv=_NONE,
    isc_a=_NONE,
    ff_pct=_NONE,
    efficiency_pct=_NONE,
    power_w=_NONE,
    el_grade=_NONE.astype(np.int8),
    bin=_NONE.astype(np.int16),
    bins=(),
    kwh=_NONE,
)
"""What testers say is not asked for here."""


class Present:
    """See `view.details.Known`. Not to be asked while a portion is added."""

    def __init__(self, files: PlantFiles, ground: Ground, motion: Motion, book: Book, lot_prefix: str) -> None:
        plant, road = files.plant, files.roadmap
        self.files, self.ground = files, ground
        self._motion, self._book, self._prefix = motion, book, lot_prefix
        self.vehicle_ids = [f"V{number + 1:03d}" for number in range(plant.vehicles.count)]
        self.carrier_ids: list[str] = [carrier_id(number) for number in range(plant.carriers.count)]
        self.station_ids, self.node_ids = list(road.station_node), list(road.node_ids)
        self._stands = list(road.station_node.values())
        self.machine_ids = tuple(machine.id for machine in plant.machines)
        self.vehicles, self.carriers, self.machines = (
            {name: number for number, name in enumerate(names)}
            for names in (self.vehicle_ids, self.carrier_ids, self.machine_ids)
        )
        self._lots: dict[str, int] = {}
        self.charging = frozenset(road.station_node[name] for name in plant.vehicles.charging)
        self.standing: Standing = Driven(motion)
        self.batteries = _Charges(book)
        self._station = {name: number for number, name in enumerate(self.station_ids)}
        self._asked = Rows(5)
        """Of each move carrier, lot, source, target, and when it was wanted."""
        self._moves: tuple[int, Moves] | None = None

    @property
    def begin_ms(self) -> int:
        """The record's begin, or, before it, the warm-up's."""
        return self._book.from_ms if self._motion.now_ms <= 0 else 0

    @property
    def end_ms(self) -> int:
        """Now."""
        return max(self._motion.now_ms, self._book.from_ms)

    @property
    def lots(self) -> dict[str, int]:
        """Numbers by id."""
        for number in range(len(self._lots), self._motion.lots):
            self._lots[lot_id(self._prefix, number)] = number
        return self._lots

    @property
    def lot_ids(self) -> list[str]:
        """In order of release."""
        return list(self.lots)

    @property
    def reasons(self) -> list[str]:
        """Of the states of machines."""
        return self._motion.reasons

    @property
    def series(self) -> dict[str, Growing]:
        """What grows."""
        return self._motion.series

    @property
    def moves(self) -> Moves:
        """Every move asked for."""
        if self._moves is None or self._moves[0] != self._book.portions:
            self._moves = self._book.portions, self._all_moves()
        return self._moves[1]

    def _all_moves(self) -> Moves:
        station = self._station
        self._asked.add(
            [
                (move.carrier, move.lot, station[move.source], station[move.target], move.wanted_ms)
                for move in self._book.moves[len(self._asked) :]
            ]
        )
        carrier, lot, source, target, wanted = self._asked.table.T
        trips = self._book.trips.table
        vehicle, *times = np.where(trips == NOT_YET_MS, NEVER, trips).T
        return Moves(np.arange(len(trips)), carrier, lot, source, target, vehicle, wanted, *times)

    # lots, machines, vehicles

    @cached_property
    def _floor(self) -> Floor:
        return floor_of(self.files.plant, self.machine_ids)

    def parts(self, column: str, thing: str, at_ms: int) -> list[PartTold]:
        """See `Known`."""
        machine = self.machines.get(thing, -1) if column == "machine" else -1
        lots = self._lots_of(machine, at_ms) if column == "machine" else np.array([self.lots[thing]], np.int32)
        book = self._book.of_lots(lots)
        if not len(book.parts.batch):
            return []
        rows = step_rows(book, self._floor, pass_lots(book, self._floor, lots), _NO_CELLS)
        its = range(len(rows.lot)) if machine < 0 else np.flatnonzero(rows.machine == machine).tolist()
        return sorted((self._part(rows, row) for row in its), key=lambda part: part.start_ms)

    def _lots_of(self, machine: int, at_ms: int) -> I32:
        """Lots in batches around a moment of a machine, or of the one that it stands behind."""
        batches, parts = self._book.batches.table, self._book.parts.table
        its = batches[batches[:, 1] == self._floor.head[machine]]
        here = int(np.searchsorted(its[:, 3], at_ms, side="right"))
        numbers = its[max(here - _BEFORE, 0) : here + _AFTER, 0]
        found: I32 = np.unique(parts[np.isin(parts[:, 0], numbers), 1]).astype(np.int32)
        return found

    def _part(self, rows: StepRows, row: int) -> PartTold:
        lot, step, end = int(rows.lot[row]), int(rows.step[row]), int(rows.end_ms[row])
        return PartTold(
            lot=lot_id(self._prefix, lot),
            step=self.files.plant.route[step],
            machine=self.machine_ids[int(rows.machine[row])],
            unit=int(rows.unit[row]),
            batch=int(rows.batch[row]),
            first=int(rows.first[row]),
            last=int(rows.last[row]),
            lost=int(rows.lost[row]),
            wait_s=int(rows.wait_ms[row]) / SECOND_MS,
            late=(lot, step) in self._book.late,
            start_ms=int(rows.start_ms[row]),
            end_ms=None if end == NEVER else end,
        )

    def lot_row(self, thing: str) -> LotRow | None:
        """See `Known`."""
        number = self.lots[thing]
        line, released, finished = self._book.lots.table[number].tolist()
        return LotRow(
            line=line,
            released_ms=released,
            finished_ms=None if finished == NOT_YET_MS else finished,
            wafers=self.files.plant.wafers_per_carrier,
            lost=self._book.lost(number),
        )

    @cached_property
    def _ahead(self) -> WaysAhead:
        return WaysAhead(self.files)

    def planned(self, vehicle: int, goal: int, *, loaded: bool) -> list[int]:
        """See `Known`: the quickest way from the end of the way that it is on, or came by."""
        drives = self._motion.series["drives"]
        row = int(drives.last[vehicle])
        way = int(drives.columns["way"][row]) if row >= 0 else self.ground.layout_ways
        if way >= self.ground.layout_ways:  # it was set on the floor anew: how it stands there is not known
            return []
        return self._ahead.to(self._stands[goal], way, loaded=loaded)

    def use(self, vehicle: str) -> dict[str, float]:
        """See `Known`."""
        ms, kwh = self._book.spent()
        number = self.vehicles[vehicle]
        hours = dict(zip(VEHICLE_STATES, (ms[number] / HOUR_MS).tolist(), strict=True))
        return {**hours, "kwh": float(kwh[number])}


class _Charges:
    """See `view.details.Charges`."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def of(self, vehicle: int, moments: Ints) -> NDArray[np.float64]:
        """See `Charges`."""
        gauged = self._book.gauged.table
        its = gauged[gauged[:, 0] == vehicle]
        if not len(its):
            return np.full(len(moments), np.nan)
        percent: NDArray[np.float64] = np.interp(moments, its[:, 1], its[:, 2] / 10, left=np.nan)
        return percent
