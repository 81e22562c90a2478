"""What the trace page is told of a cell, a lot, or a machine in some time; times in ms after the record's start."""

from __future__ import annotations

import msgspec

from heliograph.view.told import MoveTold

__all__ = [
    "BatchTraced",
    "CellsTogether",
    "DiscTold",
    "LotTogether",
    "MachineTraced",
    "StepTraced",
    "TestTold",
    "ThroughTold",
    "Together",
    "TraceTold",
]


class BatchTraced(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the lot in one batch."""

    batch: int
    unit: int
    first: int
    last: int
    """Positions in the carrier."""
    wafers: int
    lost: int
    start_ms: int
    end_ms: int | None
    """None: in process; of a cell on a lane that is not connected: not recorded."""
    wafer_kwh: float | None
    """Electricity of each wafer in it; None: the batch held lots that are not in this record."""
    shared_with: list[str]


class StepTraced(msgspec.Struct, frozen=True, kw_only=True):
    """A step in one machine."""

    number: int
    """In the route, from 1."""
    step: str
    machine: str
    mode: str
    """tube, bench or lane: what its units are."""
    start_ms: int
    end_ms: int | None
    wait_s: float
    limit_s: float | None
    """Queue time that the step allows before it; None: any."""
    late: bool
    lost: int
    kwh: float | None
    """Electricity of the batches: of the cell, or of all wafers of the lot."""
    kgco2: float | None
    brought: list[MoveTold]
    """Moves since the step before; none where the machine stands connected behind another."""
    batches: list[BatchTraced]


class TestTold(msgspec.Struct, frozen=True, kw_only=True):
    """What the tester says of a cell."""

    voc_mv: float
    isc_a: float
    ff_pct: float
    efficiency_pct: float
    power_w: float
    el_grade: str
    bin: str


class DiscTold(msgspec.Struct, frozen=True, kw_only=True):
    """A disc that holds something of the answer."""

    set_id: str
    volume: str
    """Volume label."""
    image: str
    """File name of the image, or where the disc is mounted."""
    files: list[str]
    """Files of the record on it that the answer was read from."""


class TraceTold(msgspec.Struct, frozen=True, kw_only=True):
    """A cell or a lot and its way."""

    kind: str
    id: str
    lot: str
    line: int
    released_ms: int
    finished_ms: int | None
    wafers: int
    lost: int
    cells: int
    position: int | None = None
    """Of a cell, as the four that follow."""
    basket: int | None = None
    slot: int | None = None
    made_ms: int | None = None
    test: TestTold | None = None
    kwh: float | None
    """Of a cell: all, with its share of facility, vehicles and idle machines. Of a lot: its batches alone."""
    kgco2: float | None
    shared_kwh: float | None
    """Of a cell: what its batches do not account for."""
    steps: list[StepTraced]
    after: list[MoveTold]
    """Moves after the last step."""
    discs: list[DiscTold]


class LotTogether(msgspec.Struct, frozen=True, kw_only=True):
    """A lot, or a part of one, in a batch."""

    lot: str
    first: int
    last: int
    wafers: int
    lost: int


class CellsTogether(msgspec.Struct, frozen=True, kw_only=True):
    """Finished cells, column by column, in order of their ids."""

    cell: list[str]
    unit: list[int]
    efficiency_pct: list[float]
    el_grade: list[str]


class Together(msgspec.Struct, frozen=True, kw_only=True):
    """All that was in one batch: what a bad tube did to one, it did to all of them."""

    number: int
    step: str
    machine: str
    unit: int
    batch: int
    start_ms: int
    end_ms: int | None
    lots: list[LotTogether]
    elsewhere: list[str]
    """Lots of the batch that are not in this record."""
    cells: CellsTogether
    mean_pct: float | None
    sd_pct: float | None
    flawed: float | None
    """Share of EL grade B or C."""
    all_cells: int
    """Of the record, that went through the step in any unit, as the two that follow."""
    all_mean_pct: float | None
    all_sd_pct: float | None
    edges: list[float]
    """Efficiency, from each on to the next: how many cells of the batch, and of all."""
    here: list[int]
    there: list[int]


class ThroughTold(msgspec.Struct, frozen=True, kw_only=True):
    """A batch in a machine."""

    batch: int
    unit: int
    start_ms: int
    end_ms: int | None
    lots: list[LotTogether]


class MachineTraced(msgspec.Struct, frozen=True, kw_only=True):
    """All that was in a machine, or in one unit of it, in some time."""

    kind: str = "machine"
    id: str
    unit: int | None
    units: int
    mode: str
    number: int | None
    step: str
    from_ms: int
    to_ms: int
    batches: list[ThroughTold]
    cells: CellsTogether
    discs: list[DiscTold]
