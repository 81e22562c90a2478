"""The floor as the page gets it: what stands still, and the names that chunks give numbers of."""

from __future__ import annotations

from typing import Final

import msgspec

from heliograph.daybook import E10_STATES
from heliograph.plant.read import PlantFiles
from heliograph.record.store import Record
from heliograph.view.ground import Ground, ground_of, layout_ways
from heliograph.view.vehicles import MISHAP_KINDS, PHASES

__all__ = ["FloorTold", "bare_floor", "recorded_floor"]

_FORMAT: Final = "heliograph-view/1"


class FloorTold(msgspec.Struct, frozen=True, kw_only=True):
    """The floor and all names, as the page gets them."""

    format: str = _FORMAT
    title: str
    title_zh: str
    where: str
    start: str
    """ISO 8601, with the plant's offset."""
    span: tuple[int, int]
    partial: bool = False
    lines: int
    route: list[str]
    steps: dict[str, tuple[str, str]]
    """Step code to its name in English and Chinese."""
    ground: Ground
    vehicles: list[str]
    carriers: list[str]
    lots: list[str]
    states: tuple[str, ...] = E10_STATES
    reasons: tuple[str, ...]
    phases: tuple[str, ...] = PHASES
    mishaps: tuple[str, ...] = MISHAP_KINDS
    series: list[tuple[str, int, list[tuple[str, str]]]]
    """Name, how many things, and name and type of each column: how to read a chunk."""
    lost: dict[str, str]
    """Files of the record that cannot be read, with the reason."""
    reading: bool = False
    """Nothing but the plant has been read yet: there are no names and no series."""
    live: bool = False
    """A run in progress: it has a pulse, and a pace that can be changed."""
    key: str = ""
    """What has to be shown by whoever changes the pace."""


def bare_floor(
    files: PlantFiles, ground: Ground, *, start: str, span: tuple[int, int], where: str = "", partial: bool = False
) -> FloorTold:
    """What a plant says of the floor: without names and series."""
    plant = files.plant
    return FloorTold(
        title=plant.title,
        title_zh=plant.title_zh,
        where=where,
        start=start,
        span=span,
        partial=partial,
        lines=plant.lines,
        route=plant.route,
        steps={step.code: (step.name, step.name_zh) for step in plant.steps},
        ground=ground,
        vehicles=[],
        carriers=[],
        lots=[],
        reasons=(),
        series=[],
        lost={},
        reading=True,
    )


def recorded_floor(record: Record, files: PlantFiles) -> FloorTold:
    """The floor of a recorded day, as far as the plant and the record's first table say."""
    end_ms = round(record.end.timestamp() * 1000) - round(record.start.timestamp() * 1000)
    return bare_floor(
        files,
        ground_of(files, layout_ways(files)),
        start=record.start.isoformat(timespec="milliseconds"),
        span=(0, end_ms),
        where=record.where,
        partial=record.metadata.get("partial") == "true",
    )
