"""Judge a record: the tracks, moves and batteries in its tables, by the fleet's independent checkers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from heliograph.daybook import NOT_YET_MS
from heliograph.fleet.check import Violation, check_tracks
from heliograph.fleet.check_batteries import check_batteries
from heliograph.plant.model import Plant
from heliograph.plant.roadmap import Roadmap
from heliograph.record.store import Record

__all__ = ["judge"]

_TRACK_TIMES = ("claimed", "arrived", "left")
_MOVE_TIMES = ("assigned", "at_source", "taken", "at_target", "placed")


def judge(plant: Plant, roadmap: Roadmap, record: Record) -> list[Violation]:
    """Everything wrong with a record's tracks, moves and batteries; nothing, where carriers move without vehicles."""
    if plant.transport == "direct":
        return []
    start_ms = round(record.start.timestamp() * 1000)
    end_ms = round(record.end.timestamp() * 1000) - start_ms
    nodes = {name: number for number, name in enumerate(roadmap.node_ids)}
    vehicles = {f"V{number + 1:03d}": number for number in range(plant.vehicles.count)}
    held = record.read("tracks", ["vehicle", "node", *(f"{name}_utc" for name in _TRACK_TIMES)])
    tracks: dict[str, Any] = {
        "vehicle": _numbers(held["vehicle"], vehicles),
        "node": _numbers(held["node"], nodes),
        **{f"{name}_ms": _since(held[f"{name}_utc"], start_ms, NOT_YET_MS) for name in _TRACK_TIMES},
    }
    tracks["left_ms"] = np.where(tracks["left_ms"] == NOT_YET_MS, end_ms, tracks["left_ms"])
    columns = ["move", "carrier", "vehicle", "source", "target", *(f"{name}_utc" for name in _MOVE_TIMES)]
    made = record.read("moves", columns)
    # The record keeps some moves of the warm-up, not all: what a carrier did before the start cannot be judged.
    placed = _since(made["placed_utc"], start_ms, NOT_YET_MS)
    made = made.filter(pa.array(np.asarray(made["vehicle"].is_valid()) & ((placed >= 0) | (placed == NOT_YET_MS))))
    carriers = {name: number for number, name in enumerate(_names(made["carrier"]))}
    moves: dict[str, Any] = {
        "number": np.asarray(made["move"]),
        "carrier": _numbers(made["carrier"], carriers),
        "vehicle": _numbers(made["vehicle"], vehicles),
        "source": _numbers(made["source"], roadmap.station_node),
        "target": _numbers(made["target"], roadmap.station_node),
        **{f"{name}_ms": _since(made[f"{name}_utc"], start_ms, NOT_YET_MS) for name in _MOVE_TIMES},
    }
    stores = [stocker.ports for stocker in plant.stockers]
    away, broken = _off_the_floor(record, vehicles, start_ms, end_ms)
    wrong = check_tracks(roadmap, plant.vehicles, tracks, moves, stores=stores, away=away, broken=broken)
    if "batteries" not in record.files:  # of a record made before there was such a table
        return wrong
    read = record.read("batteries", ["vehicle", "at_utc", "soc_permille"])
    readings = {
        "vehicle": _numbers(read["vehicle"], vehicles),
        "at_ms": _since(read["at_utc"], start_ms, NOT_YET_MS),
        "permille": np.asarray(read["soc_permille"]),
    }
    return wrong + check_batteries(roadmap, plant.vehicles, tracks, readings)


def _off_the_floor(
    record: Record, vehicles: Mapping[str, int], start_ms: int, end_ms: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(k, 3) vehicle, from, until of who was off the floor, and (m, 2) from, until when one stood on it, broken."""
    if "mishaps" not in record.files:
        return np.zeros((0, 3), np.int64), np.zeros((0, 2), np.int64)
    read = record.read("mishaps", ["vehicle", "kind", "start_utc", "towed_utc", "end_utc"])
    began, towed, ended = (_since(read[f"{name}_utc"], start_ms, NOT_YET_MS) for name in ("start", "towed", "end"))
    broke = np.array(read["kind"].to_pylist(), np.str_) == "breakdown"
    gone = broke & (towed != NOT_YET_MS)
    away = np.column_stack([_numbers(read["vehicle"], vehicles), towed, ended])[gone]
    until = np.where(gone, towed, end_ms)
    return away, np.column_stack([began, until])[broke]


def _since(column: pa.ChunkedArray, start_ms: int, missing: int) -> NDArray[np.int64]:
    """Timestamps as milliseconds after the record's start."""
    at_ms = column.cast(pa.int64())
    there: NDArray[np.int64] = np.asarray(at_ms.fill_null(0)) - start_ms
    return np.where(np.asarray(at_ms.is_null()), missing, there)


def _names(column: pa.ChunkedArray) -> list[str]:
    names: list[str] = column.unique().cast(pa.string()).to_pylist()
    return names


def _numbers(column: pa.ChunkedArray, number: Mapping[str, int]) -> NDArray[np.int64]:
    """Texts as numbers; -1 for one that is unknown."""
    coded = column.dictionary_encode() if not pa.types.is_dictionary(column.type) else column
    chunks = [
        np.array([number.get(name, -1) for name in chunk.dictionary.to_pylist()], np.int64)[np.asarray(chunk.indices)]
        for chunk in coded.chunks
        if len(chunk)
    ]
    return np.concatenate(chunks) if chunks else np.zeros(0, np.int64)
