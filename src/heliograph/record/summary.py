"""The summary of a run: what `summary.json` says, from the record and what was counted while it was written.

Every figure is of the record, without the warm-up, unless its name says otherwise. Units are in the names, or: takt in
seconds per cell, shares from 0 to 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from heliograph.clock import iso
from heliograph.daybook import MISHAPS, NOT_YET_MS, VEHICLE_STATES, Daybook
from heliograph.plant.figures import readings
from heliograph.plant.model import Plant
from heliograph.record.kpi import PLANNED, Kpis, read_kpis
from heliograph.record.store import Record
from heliograph.record.write import Pieces
from heliograph.units import DAY_MS, HOUR_MS

__all__ = ["day_by_readings", "summarise"]

DAY_S = 86_400


def summarise(plant: Plant, book: Daybook, record: Record, pieces: Pieces, **given: Any) -> dict[str, Any]:
    """Sum a run up.

    Args:
        record: as written, opened.
        given: what only the caller knows: violations, discs, wall_s, version, parts of the wall time …; each goes into
            the summary under its own name, and `wall_s` also gives `speedup`.
    """
    hours = book.until_ms / HOUR_MS
    cells = pieces.wafers.out
    kpis = read_kpis(record)
    lots = _lots(book)
    vehicles = len(book.vehicle_ids)
    placed = book.moves.placed_ms
    moves = int(np.count_nonzero((placed >= 0) & (placed < book.until_ms)))
    lanes = plant.lines * plant.takt.lanes_per_line
    each_s = hours * 3600 / cells if cells else None
    summary: dict[str, Any] = {
        "plant": plant.name,
        "title": plant.title,
        "record_start": iso(plant.calendar.start, 0),
        "record_end": iso(plant.calendar.start, book.until_ms),
        "hours": hours,
        "warmup_h": -book.from_ms / HOUR_MS,
        "seed": book.seed,
        "partial": book.partial,
        "cells": cells,
        "cells_per_day": _per_day(cells, book),
        "takt_s": {
            "workshop": each_s,
            "line": each_s and each_s * plant.lines,
            "lane": pieces.lane_takt_ms / 1000,
            "lane_calendar": each_s and each_s * lanes,
        },
        "readings": day_by_readings(plant, _per_day(cells, book)),
        "moves": moves,
        "moves_per_vehicle_day": _per_day(moves, book) / vehicles if vehicles else 0.0,
        "vehicle_use": _vehicle_use(book),
        **_mishaps(book),
        **lots,
        "oee": {step.name: step.oee for step in kpis.steps},
        "bottleneck": None
        if kpis.bottleneck is None
        else {"step": kpis.bottleneck.step, "occupied": kpis.bottleneck.occupied, "reason": kpis.bottleneck.reason},
        "uptime": _uptime(plant, kpis, _per_day(cells, book)),
        "efficiency_pct": pieces.efficiency_pct if cells else None,
        "kwh": pieces.meters.total_kwh,
        "kwh_per_cell": pieces.meters.total_kwh / cells if cells else None,
        "kgco2_per_cell": pieces.meters.total_kwh * plant.energy.grid_kgco2_per_kwh / cells if cells else None,
        "grid": {"kgco2_per_kwh": plant.energy.grid_kgco2_per_kwh, "source": plant.energy.grid_source},
        "wafers": _wafers(plant, book, pieces),
        "waited_too_long": int(np.count_nonzero((book.waits.at_ms >= 0) & (book.waits.at_ms < book.until_ms))),
        "calendar_wrong": kpis.calendar_wrong,
    }
    if given.get("wall_s"):
        summary["speedup"] = hours * 3600 / float(given["wall_s"])
    return {**summary, **given}


def _per_day(count: float, book: Daybook) -> float:
    return count * DAY_MS / book.until_ms if book.until_ms > 0 else 0.0


def _wafers(plant: Plant, book: Daybook, pieces: Pieces) -> dict[str, Any]:
    """In = out + scrapped + in process, each counted wafer by wafer from the passages; and at the start that count
    must be the one that the floor made when it was there."""
    count = pieces.wafers
    came = count.at_start + count.released
    missing = came - count.out - count.scrapped - count.in_process
    missing += book.alive_at_start - count.at_start - count.tested_at_start
    return {
        "in": came,
        "in_process_at_start": count.at_start,
        "released": count.released,
        "out": count.out,
        "scrapped": count.scrapped,
        "in_process": count.in_process,
        "conserved": missing == 0,
        "missing": missing,
        "scrapped_at": dict(zip(plant.route, count.scrapped_at.tolist(), strict=True)),
    }


def _vehicle_use(book: Daybook) -> dict[str, float]:
    spent = book.vehicle_state_ms.sum(axis=0).astype(float)
    whole = spent.sum()
    return {state: float(ms / whole) if whole else 0.0 for state, ms in zip(VEHICLE_STATES, spent, strict=True)}


def _mishaps(book: Daybook) -> dict[str, Any]:
    """Of a run with mishaps: how many there were, and what vehicle time they took; else nothing."""
    if book.mishaps is None:
        return {}
    begin, end = book.mishaps.start_ms, book.mishaps.end_ms
    took_h = (np.where(end == NOT_YET_MS, book.until_ms, end) - begin) / HOUR_MS
    stall = book.mishaps.kind == MISHAPS.index("stall")
    whole_h = book.until_ms / HOUR_MS * len(book.vehicle_ids)
    down_h = float(took_h[~stall].sum())
    return {
        "mishaps": {
            "stalls": int(np.count_nonzero(stall)),
            "stalled_h": float(took_h[stall].sum()),
            "breakdowns": int(np.count_nonzero(~stall)),
            "down_h": down_h,
            "down_share": down_h / whole_h if whole_h else 0.0,
        }
    }


def _lots(book: Daybook) -> dict[str, Any]:
    """Work in process and cycle time; Little's law holds them together: L = lambda x W.

    L is the mean number of lots between release and store, lambda the lots finished per hour, W the mean cycle time of
    those. Over a finite record L and lambda x W differ by what is in process at its two ends.
    """
    released, finished, until = book.lots.released_ms, book.lots.finished_ms, book.until_ms
    known = released < until
    begin = np.clip(released[known], 0, until)
    end = np.where(finished[known] == NOT_YET_MS, until, np.clip(finished[known], 0, until))
    inside: NDArray[np.int64] = np.maximum(end - begin, 0)
    done = (finished >= 0) & (finished < until)
    cycle_h = (finished[done] - released[done]) / HOUR_MS
    mean_lots = float(inside.sum() / until) if until > 0 else 0.0
    per_hour = float(np.count_nonzero(done) / (until / HOUR_MS)) if until > 0 else 0.0
    mean_h = float(cycle_h.mean()) if len(cycle_h) else None
    return {
        "lots_finished": int(np.count_nonzero(done)),
        "wip_lots": mean_lots,
        "wip_lots_at_end": int(np.count_nonzero(known & ((finished == NOT_YET_MS) | (finished >= until)))),
        "cycle_time_h": mean_h,
        "cycle_time_p95_h": float(np.percentile(cycle_h, 95)) if len(cycle_h) else None,
        "little": {"L": mean_lots, "lambda_per_h": per_hour, "W_h": mean_h, "lambda_W": mean_h and per_hour * mean_h},
    }


def _uptime(plant: Plant, kpis: Kpis, cells_per_day: float) -> dict[str, Any]:
    """The lanes that set the pace, with and without the stops that were put in to meet a year's capacity.

    `cells_per_day_without_planned_stops` is this day's output over the share of time without such stops: an estimate,
    for a workshop that could feed the lanes as well in that time too.
    """
    per_lane_s = plant.takt.lane_s
    full = DAY_S / per_lane_s * plant.lines * plant.takt.lanes_per_line if per_lane_s else 0.0
    types = {step.code: step.equipment for step in plant.steps}
    paced = {kind.code for kind in plant.equipment if kind.takt_s and kind.takt_s == per_lane_s}
    pace = next((step for step in kpis.steps if types[step.name] in paced), None)
    if pace is None:
        return {"of_lane_takt": cells_per_day / full if full else None}
    planned = {state: pace.states[state] for state in PLANNED}
    rest = 1 - sum(planned.values())
    return {
        "of_lane_takt": cells_per_day / full if full else None,
        "step": pace.name,
        "states": pace.states,
        "starved": pace.starved,
        "blocked": pace.blocked,
        "planned_stops": planned,
        "cells_per_day_without_planned_stops": cells_per_day / rest if rest > 0 else None,
    }


def day_by_readings(plant: Plant, cells_per_day: float) -> list[dict[str, Any]]:
    """The three ways to read the takt, and what share of each this day made; above 1 the reading cannot be true."""
    return [
        {
            "reading": reading.letter,
            "takt_holds_for": reading.of,
            "cells_per_day_at_100_pct": reading.cells_per_day,
            "gw_per_year": reading.gw_per_year,
            "uptime_needed": reading.uptime_needed,
            "uptime_this_day": cells_per_day / reading.cells_per_day,
            "moves_per_vehicle_day": reading.moves_per_vehicle_day,
        }
        for reading in readings(plant)
    ]
