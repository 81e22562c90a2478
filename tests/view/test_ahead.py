"""What comes next, how long lots may wait, takt and cycle time: held against the Parquet tables by DuckDB."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import duckdb
import pytest
from recorded_day import ms

from heliograph.cli.places import find_workshop
from heliograph.view import Day, Recorded

TIMES = (600_000, 1_650_000, 2_400_000, 3_300_000)


@pytest.fixture(scope="module")
def base(run: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for table in ("cells", "lots", "steps", "moves", "states", "batteries"):
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{run}/record/{table}*.parquet')")
    return connection


def rows(base: duckdb.DuckDBPyConnection, query: str, *values: object) -> list[tuple[Any, ...]]:
    return base.execute(query, list(values)).fetchall()


def test_the_lot_that_a_machine_takes_next_and_where_it_is(day: Day, base: duckdb.DuckDBPyConnection):
    """Of the lots that have not begun there, the first to begin; it is in the place that its own details name."""
    named = known = 0
    for at in TIMES:
        for machine in day.machines:
            its = rows(base, "SELECT lot, min(start_utc) FROM steps WHERE machine = ? GROUP BY lot", machine)
            later = sorted((ms(day.record, start), lot) for lot, start in its if ms(day.record, start) > at)
            told = day.details("machine", machine, at).next
            assert (told is None) == (not later)
            if told is None:
                continue
            assert (told.start_ms, told.lot) in later and told.start_ms == later[0][0]
            lot = day.details("lot", told.lot, at)
            assert told.place == lot.place
            parts = [
                (ms(day.record, start), ms(day.record, end), where)
                for start, end, where in rows(
                    base, "SELECT start_utc, end_utc, machine FROM steps WHERE lot = ? ORDER BY start_utc", told.lot
                )
            ]
            last = next((where for start, _, where in reversed(parts) if start <= at), None)
            out = max((end for _, end, where in parts if where == last), default=-float("inf"))
            if told.machine:
                assert (told.machine, told.out_ms) == (last, None if out == float("inf") else out)
            elif told.unloaded:
                query = "SELECT target, placed_utc FROM moves WHERE lot = ? ORDER BY placed_utc"
                moves = [(ms(day.record, placed), target) for target, placed in rows(base, query, told.lot)]
                placed, target = [move for move in moves if move[0] <= at][-1]
                assert told.unloaded == target and placed >= out
            elif not told.place:
                assert day.details("lot", told.lot, at).released_ms > at
            named += 1
            known += bool(told.place or told.machine or told.unloaded)
    assert named > 30 and known > 0.8 * named


def test_planned_stops_come_when_the_record_has_them_or_the_rule_says(day: Day, base: duckdb.DuckDBPyConnection):
    kinds = {kind.code: kind for kind in day.files.plant.equipment}
    seen = 0
    for machine in day.files.plant.machines:
        begun: dict[tuple[str, str], list[float]] = {}
        query = "SELECT state, reason, start_utc FROM states WHERE machine = ? ORDER BY start_utc"
        for state, reason, start in rows(base, query, machine.id):
            if ms(day.record, start) > 0:
                begun.setdefault((state, reason), []).append(ms(day.record, start))
        for at in TIMES:
            due = day.details("machine", machine.id, at).due
            if not any(machine.id in other.members for other in day.files.plant.machines):
                assert [one.reason for one in due] == [stop.reason for stop in kinds[machine.equipment].downtime]
                for one in due:
                    starts = begun.get((one.state, one.reason), [])
                    past, future = [s for s in starts if s <= at], [s for s in starts if s > at]
                    assert (one.last_ms, one.came_ms) == (past[-1] if past else None, future[0] if future else None)
                    assert one.due_ms == (past[-1] + one.every_h * 3_600_000 if past else None)
                    seen += bool(starts)
    assert seen > 10


def test_a_lot_between_two_steps_says_how_long_it_may_still_wait(day: Day, base: duckdb.DuckDBPyConnection):
    route = day.files.plant.route
    limits = {step.code: step.max_wait_min for step in day.files.plant.steps}
    waiting = bounded = 0
    for lot, released, finished in rows(base, "SELECT lot, released_utc, finished_utc FROM lots"):
        parts = [
            (number, ms(day.record, start), ms(day.record, end))
            for number, start, end in rows(base, "SELECT step_number, start_utc, end_utc FROM steps WHERE lot = ?", lot)
        ]
        for at in TIMES:
            told = day.details("lot", lot, at).queue
            done = max((number for number, start, _ in parts if start <= at), default=0)
            inside = any(end > at for number, _, end in parts if 0 < number <= done)
            gone = ms(day.record, finished) <= at or ms(day.record, released) > at or done == len(route)
            assert (told is None) == (inside or gone)
            if told is None:
                continue
            since = max((end for number, _, end in parts if number == done), default=ms(day.record, released))
            assert (told.step, told.since_ms) == (route[done], since)
            limit = limits[route[done]]
            assert told.limit_s == (None if limit is None else limit * 60)
            assert told.due_ms == (None if limit is None else since + limit * 60_000)
            assert told.late == (limit is not None and at > since + limit * 60_000)
            waiting += 1
            bounded += limit is not None
    assert waiting > 20 and bounded > 0


def test_what_a_machine_waits_to_be_rid_of(day: Day, base: duckdb.DuckDBPyConnection):
    found = 0
    for at in TIMES:
        for machine in day.machines:
            query = "SELECT move, wanted_utc, taken_utc FROM moves WHERE from_machine = ?"
            meant = [
                move
                for move, wanted, taken in rows(base, query, machine)
                if ms(day.record, wanted) <= at < ms(day.record, taken)
            ]
            assert sorted(move.move for move in day.details("machine", machine, at).leaving) == sorted(meant)
            found += len(meant)
    assert found > 10


def test_a_hand_off_has_the_begin_and_end_that_its_move_has(day: Day, base: duckdb.DuckDBPyConnection):
    """SEMI E84: the port of the source is unloaded, that of the target loaded."""
    query = """SELECT vehicle, move, at_source_utc, taken_utc, at_target_utc, placed_utc FROM moves
        WHERE taken_utc IS NOT NULL AND placed_utc IS NOT NULL ORDER BY move"""
    for vehicle, move, *times in rows(base, query)[-20:]:
        stood, taken, there, placed = (round(ms(day.record, time)) for time in times)
        for at, phase in ((stood, "taking"), (there, "placing")):
            told = day.details("vehicle", vehicle, at)
            assert (told.phase, told.move.move) == (phase, move)
            assert (told.move.at_source_ms, told.move.taken_ms) == (stood, taken)
            assert (told.move.at_target_ms, told.move.placed_ms) == (there, placed)


def test_the_three_readings_of_the_takt(day: Day, base: duckdb.DuckDBPyConnection):
    plant, charts = day.files.plant, day.charts()
    made = [ms(day.record, at) for (at,) in rows(base, "SELECT made_utc FROM cells")]
    makers = {"workshop": 1, "line": plant.lines, "lane": plant.lines * plant.takt.lanes_per_line}
    assert [(one.letter, one.of) for one in charts.readings] == list(zip("ABC", makers, strict=True))
    for one in charts.readings:
        per_day = makers[one.of] * 86_400 / plant.takt.lane_s
        assert one.uptime_here == pytest.approx(len(made) / day.end_ms * 86_400_000 / per_day)
        need = plant.takt.capacity_gw_per_year * 1e9 / plant.wafer.power_w / 365
        assert one.uptime_needed == pytest.approx(need / per_day)
        assert len(one.s_per_cell) == -(-day.end_ms // charts.step_ms)
        for step, told in enumerate(one.s_per_cell):
            begin, end = step * charts.step_ms, min((step + 1) * charts.step_ms, day.end_ms)
            cells = sum(begin <= at < end for at in made)
            assert told == (pytest.approx(makers[one.of] * (end - begin) / 1000 / cells, abs=1e-4) if cells else None)
    assert charts.target_s == pytest.approx(
        makers["lane"] / (plant.takt.capacity_gw_per_year * 1e9 / plant.wafer.power_w / (8760 * 3600))
    )


def test_cycle_times_are_those_of_the_lots_that_were_finished(day: Day, base: duckdb.DuckDBPyConnection):
    cycle = day.charts().cycle
    lots = [
        (ms(day.record, finished), (finished - released).total_seconds() / 3600)
        for released, finished in rows(
            base, "SELECT released_utc, finished_utc FROM lots WHERE finished_utc IS NOT NULL"
        )
    ]
    for step, count in enumerate(cycle.lots):
        begin, end = step * cycle.step_ms, min((step + 1) * cycle.step_ms, day.end_ms)
        hours = [hour for at, hour in lots if begin <= at < end]
        assert count == len(hours)
        told = (cycle.low_h[step], cycle.median_h[step], cycle.high_h[step])
        if not hours:
            assert told == (None, None, None)
            continue
        ((meant,),) = rows(base, "SELECT quantile_cont(hour, [0.1, 0.5, 0.9]) FROM (SELECT unnest(?) AS hour)", hours)
        assert told == pytest.approx(meant, abs=1e-4)
    assert sum(cycle.lots) > 0


def test_how_full_a_battery_is_between_two_readings(day: Day, base: duckdb.DuckDBPyConnection):
    """Evenly in between; SQL weighs the readings before and after."""
    query = """
        WITH seen AS (SELECT *, epoch_ms(at_utc) - ? AS ms FROM batteries WHERE vehicle = ?),
             one AS (SELECT ms, soc_permille FROM seen WHERE ms <= $now ORDER BY ms DESC LIMIT 1),
             two AS (SELECT ms, soc_permille FROM seen WHERE ms > $now ORDER BY ms LIMIT 1)
        SELECT (one.soc_permille * (two.ms - $now) + two.soc_permille * ($now - one.ms)) / (two.ms - one.ms) / 10
        FROM one, two
    """
    moved = 0
    for vehicle in day.vehicle_ids:
        shown = []
        for now in TIMES:
            text = query.replace("$now", str(now))
            ((percent,),) = rows(base, text, day.start_ms, vehicle)
            shown.append(day.details("vehicle", vehicle, now).soc_pct)
            assert shown[-1] == pytest.approx(percent, abs=0.006)
        moved += len(set(shown)) > 1
    assert moved == len(day.vehicle_ids)


def test_before_its_first_reading_a_battery_is_not_known(day: Day):
    first = int(day.batteries.at[day.batteries.start[2]])
    assert first == 0
    assert day.details("vehicle", day.vehicle_ids[2], first - 1).soc_pct is None
    assert day.details("vehicle", day.vehicle_ids[2], first).soc_pct is not None


def test_the_batteries_of_the_fleet_over_the_day(day: Day, base: duckdb.DuckDBPyConnection):
    """Median and lowest at the begin of each step; at both ends of the record every vehicle has a reading."""
    figures = day.charts().batteries

    assert figures.at_ms == [*range(0, day.end_ms, day.charts().step_ms), day.end_ms]
    for place, most in ((0, "min"), (-1, "max")):
        ((median, lowest),) = rows(
            base,
            "SELECT median(soc_permille) / 10, min(soc_permille) / 10 FROM batteries "
            f"WHERE at_utc = (SELECT {most}(at_utc) FROM batteries)",
        )
        assert (figures.median_pct[place], figures.lowest_pct[place]) == pytest.approx((median, lowest))
    for place, at in enumerate(figures.at_ms):
        fleet = [day.details("vehicle", vehicle, at).soc_pct for vehicle in day.vehicle_ids]
        assert figures.median_pct[place] == pytest.approx(statistics.median(fleet), abs=0.011)
        assert figures.lowest_pct[place] == pytest.approx(min(fleet), abs=0.011)


def test_a_record_without_batteries_is_shown_without_them(run: Path):
    """As those made before there was such a table."""
    record, files = find_workshop([run])
    del record.files["batteries"]
    old = Recorded(record, files)

    assert old.details("vehicle", "V001", 1_800_000).soc_pct is None
    assert old.charts().batteries.at_ms == []
    assert old.chunk(0, 3_600_000) and old.figures() and old.tables.lost == {}
