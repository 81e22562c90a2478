"""A record made by hand: the tables and columns that the report reads, for six hours of the small plant."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from heliograph.plant.model import Plant
from heliograph.record.columns import step_column, tables
from heliograph.record.summary import day_by_readings

HOURS = 6
TAKT_MS = 860
CELLS_PER_LINE = 20_000
STOPPED_AFTER = 10_000
"""After this cell each line stands still for an hour."""


def summary_of(plant: Plant) -> dict[str, Any]:
    """What `heliograph run` would have said of it."""
    cells = CELLS_PER_LINE * plant.lines
    return {
        "hours": HOURS,
        "seed": 1,
        "warmup_h": 14.0,
        "partial": False,
        "version": "0.1.0",
        "cells": cells,
        "cells_per_day": cells * 24 / HOURS,
        "takt_s": {"workshop": 0.54, "line": 1.08, "lane": 0.86, "lane_calendar": 1.08},
        "readings": day_by_readings(plant, cells * 24 / HOURS),
        "uptime": {"of_lane_takt": 0.796, "planned_stops": {"scheduled_downtime": 0.12, "engineering": 0.03}},
        "moves": 240,
        "moves_per_vehicle_day": 80.0,
        "wip_lots": 96.0,
        "cycle_time_h": 13.2,
        "bottleneck": {"step": "PRN", "occupied": 0.99, "reason": "busy"},
        "kwh_per_cell": 0.55,
        "kgco2_per_cell": 0.365,
        "violations": 0,
        "wafers": {"in": cells + 1100, "out": cells, "scrapped": 100, "in_process": 1000},
        "discs": {"count": 5, "bytes": 123_000_000, "parity": 2},
        "wall_s": 3.4,
        "speedup": 6350.0,
    }


def write_record(plant: Plant, folder: Path) -> None:
    """Write the tables into `folder`."""
    folder.mkdir(parents=True)
    start = plant.calendar.start.astimezone(UTC).replace(tzinfo=None)
    known = {table.name: {column.name for column in table.columns} for table in tables(plant)}

    def write(name: str, columns: dict[str, Any], file: str = "") -> None:
        assert set(columns) <= known[name], set(columns) - known[name]
        pq.write_table(pa.table(columns), folder / f"{file or name}.parquet")

    def times(ms: Any) -> pa.Array:
        return pa.array(np.datetime64(start, "ms") + np.asarray(ms, np.int64).astype("timedelta64[ms]"))

    def text(values: Any) -> pa.Array:
        return pa.array(list(values), pa.string()).dictionary_encode()

    rng = np.random.default_rng(7)
    for line in range(1, plant.lines + 1):
        n = np.arange(CELLS_PER_LINE)
        at = n * TAKT_MS + np.where(n >= STOPPED_AFTER, 3_600_000, 0)
        columns: dict[str, Any] = {
            "line": np.full(len(n), line, np.int16),
            "made_utc": times(at + 120_000),
            "efficiency_pct": rng.normal(25.4, 0.15, len(n)),
        }
        for index, code in enumerate(plant.route):
            columns[step_column(index, "machine")] = text([f"L{line}-{code}1"] * len(n))
            columns[step_column(index, "unit")] = (n // 2000 % 4 + 1 if code == "BDF" else np.ones(len(n))).astype(
                np.int16
            )
            columns[step_column(index, "utc")] = times(at)
        write("cells", columns, f"cells-L{line}")
    heads = [machine for machine in plant.machines if machine.equipment in plant.route]
    hour = np.arange(HOURS)
    write(
        "machines",
        {
            "machine": text(machine.id for machine in plant.machines),
            "behind": text(None for _ in plant.machines),
            "step": text(m.equipment if m.equipment in plant.route else None for m in plant.machines),
        },
    )
    stays = [("productive", "processing", 0, 3), ("standby", "starved", 3, 4), ("scheduled_downtime", "clean", 4, 6)]
    write(
        "states",
        {
            "machine": text(m.id for m in heads for _ in stays),
            "state": text(stay[0] for _ in heads for stay in stays),
            "reason": text(stay[1] for _ in heads for stay in stays),
            "start_utc": times([stay[2] * 3_600_000 for _ in heads for stay in stays]),
            "end_utc": times([stay[3] * 3_600_000 for _ in heads for stay in stays]),
        },
    )
    wanted = np.arange(240) * 80_000
    write(
        "moves",
        {
            "lot": text("SM251103-00001" if k % 2 else None for k in range(240)),
            "wanted_utc": times(wanted),
            "placed_utc": times(wanted + 300_000),
        },
    )
    uses = ("driving_loaded", "driving_empty", "hand_off", "waiting", "charging", "idle")
    write("vehicles", {f"{use}_s": [HOURS * 600.0] * plant.vehicles.count for use in uses})
    write(
        "lots",
        {
            "line": np.array([1, 1, 2], np.int16),
            "released_utc": times([-3_600_000, 0, 7_200_000]),
            "finished_utc": pa.array([start + timedelta(hours=1), None, None], pa.timestamp("ms")),
        },
    )
    write(
        "steps",
        {
            "lot": text(["SM251103-00000", "SM251103-00000", "SM251103-00001"]),
            "step": text(["INS", "TEX", "INS"]),
            "machine": text(["L1-INS1", "L1-TEX1", "L1-INS1"]),
            "start_utc": times([-1_800_000, 1_800_000, 7_200_000]),
        },
    )
    rows = [(m.id, h) for m in heads for h in hour] + [(None, h) for h in hour]
    write(
        "energy",
        {
            "hour_utc": times([h * 3_600_000 for _, h in rows]),
            "part": text("machine" if name else "facility" for name, _ in rows),
            "machine": text(name for name, _ in rows),
            "kwh": [10.0] * len(rows),
        },
    )
