"""Drives are the same however the table of tracks is cut into files, and in whatever order its rows stand."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from recorded_day import open_day

from heliograph.cli.places import find_workshop
from heliograph.view import Day


def day_of(run: Path, tracks: list[pa.Table]) -> Day:
    """The day of a run whose tracks stand in these files."""
    record, files = find_workshop([run])

    def opener(table: pa.Table) -> io.BytesIO:
        held = io.BytesIO()
        pq.write_table(table, held)
        held.seek(0)
        return held

    parts = [(f"tracks-{n}", lambda table=table: opener(table)) for n, table in enumerate(tracks)]
    record.files = {**record.files, "tracks": parts}
    return Day(record, files)


@pytest.mark.parametrize("cut", ["in three", "backwards", "shuffled", "by vehicle"])
def test_drives_hang_on_no_order_of_files_and_rows(run: Path, cut: str):
    whole = open_day(run)
    tracks = find_workshop([run])[0].read("tracks")
    rows = np.arange(len(tracks))
    third = len(rows) // 3
    if cut == "shuffled":
        rows = np.random.default_rng(1).permutation(rows)
    if cut == "by vehicle":
        rows = np.argsort(np.array(tracks["vehicle"].to_pylist()), kind="stable")
    parts = [tracks.take(pa.array(part)) for part in (rows[:third], rows[third : 2 * third], rows[2 * third :])]
    day = day_of(run, parts[::-1] if cut == "backwards" else parts)

    assert day.tables.lost == {}
    assert (day.ways == whole.ways).all()
    for mine, other in ((day.series["drives"], whole.series["drives"]), (day.visits, whole.visits)):
        for name in mine._fields:
            if name != "columns":
                assert np.array_equal(getattr(mine, name), getattr(other, name)), name
    for name, values in whole.series["drives"].columns.items():
        assert np.array_equal(day.series["drives"].columns[name], values), name


def test_without_tracks_no_vehicle_is_on_the_floor(run: Path):
    day = day_of(run, [])

    assert len(day.series["drives"].at) == 0 and len(day.ways) == len(day.files.roadmap.edge_from)
    assert len(day.visits.node) == 0 and day.chunk(0, 60_000)
