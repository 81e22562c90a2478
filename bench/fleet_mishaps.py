"""Whole day: the reference workshop with vehicles that stall and break down, beside the same day without.

Size: plant `topcon` (8 lines, 186 vehicles) on the twin, 24 h after its warm-up, seed 1. Every step (drive from node to
node) stalls with 1 % for 5 to 60 s; 5 % of the vehicles break for good, at any time, are towed after 10 minutes, what
they carried is carried on by people, and they come back 30 minutes later (`--back-min -1`: never). The judge sees both.
The bound: an errand's driving takes longer by the stalls on its way and behind others'; with machines as the bottleneck
output falls only by what starves them. Not measured: speed (see `first_light.py`).

    python bench/fleet_mishaps.py [--hours 24] [--seed 1] [--back-min 30]
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np

from heliograph.daybook import VEHICLE_STATES
from heliograph.fleet import check_tracks
from heliograph.fleet.mishaps import Mishaps
from heliograph.plant.read import read_plant
from heliograph.run.loop import simulate
from heliograph.units import HOUR_MS


def figures(files: Any, hours: float, seed: int, mishaps: Mishaps | None) -> dict[str, Any]:
    """One day, its output, its moves and what the judge says."""
    started = time.process_time()
    plant = files.plant
    book = simulate(plant, files.roadmap, seed=seed, hours=hours, warmup_h=plant.flow.warmup_h, mishaps=mishaps)
    cpu_s = time.process_time() - started
    tracks = {name: getattr(book.tracks, name) for name in book.tracks._fields}
    moves = {name: getattr(book.moves, name) for name in ("number", "carrier", "vehicle", "wanted_ms")}
    moves |= {name: np.array(getattr(book.moves, name)) for name in ("source", "target")}
    for name in ("assigned_ms", "at_source_ms", "taken_ms", "at_target_ms", "placed_ms"):
        moves[name] = getattr(book.moves, name)
    begun = (moves["vehicle"] >= 0) & (moves["assigned_ms"] >= 0)
    judged = {name: column[begun] for name, column in moves.items()}
    away = () if mishaps is None else mishaps.away
    stores = [stocker.ports for stocker in plant.stockers]
    found = check_tracks(files.roadmap, plant.vehicles, tracks, judged, away=away, stores=stores, wait_min=30)
    kinds, counts = np.unique([v.kind for v in found], return_counts=True)
    placed = moves["placed_ms"] >= 0
    took = (moves["placed_ms"] - moves["wanted_ms"])[placed] / 60_000
    share = book.vehicle_state_ms.sum(axis=0) / book.vehicle_state_ms.sum()
    said = {
        "cells": int((book.lots.lost_at[book.lots.finished_ms >= 0] == -1).sum()),
        "moves_placed_per_h": round(float(placed.sum()) * HOUR_MS / book.until_ms),
        "move_min_p50_p95": [round(float(q), 1) for q in np.percentile(took, [50, 95])],
        "use": {name: round(float(s), 4) for name, s in zip(VEHICLE_STATES, share, strict=True)},
        "violations": dict(zip(kinds.tolist(), counts.tolist(), strict=True)),
        "first_violations": [str(v) for v in found[:3]],
        "cpu_s": round(cpu_s, 1),
    }
    if mishaps is not None:
        said |= {"stalls": mishaps.stalls, "broken": mishaps.broken, "towed": len(mishaps.away)}
    return said


def main() -> None:
    """Both days, one JSON document."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--hours", type=float, default=24.0)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--back-min", type=float, default=30.0)
    asked = ask.parse_args()
    files = read_plant("topcon")
    back_min = None if asked.back_min < 0 else asked.back_min
    until_ms = round(asked.hours * HOUR_MS)
    mishaps = Mishaps(files.plant.vehicles.count, seed=asked.seed, until_ms=until_ms, back_min=back_min)
    days = {
        "plain": figures(files, asked.hours, asked.seed, None),
        "mishaps": figures(files, asked.hours, asked.seed, mishaps),
    }
    print(json.dumps(days, indent=2))


if __name__ == "__main__":
    main()
