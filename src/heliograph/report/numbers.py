"""What the report plots: a few thousand numbers, read from the record's tables.

The small tables are asked with DuckDB; the cells, a million rows, are counted as arrays, one file at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heliograph.errors import RunWrong
from heliograph.plant.model import Plant
from heliograph.record.columns import step_column

if TYPE_CHECKING:
    import duckdb

__all__ = ["Lane", "Numbers", "Shares", "UnitMean", "pace_step", "read_numbers"]

HOUR_MS = 3_600_000
_WIP_MS = 600_000
_MOVE_BIN_MIN = 0.5
_EFFICIENCY_BIN_PCT = 0.05
_PARTS_SHOWN = 8
_PART_NAMES = {"facility": ("facility", "厂务"), "vehicles": ("vehicles", "车辆"), "other": ("all else", "其余")}


@dataclass(frozen=True)
class Lane:
    """One lane at the pace step: seconds per cell while it runs and in all; cells in each hour."""

    name: str
    running_s: float
    calendar_s: float
    per_hour: list[int]


@dataclass(frozen=True)
class Shares:
    """Shares of calendar time by state, adding up to 1; of a step, or of a machine."""

    names: tuple[str, str]
    shares: dict[str, float]

    def name(self, lang: str) -> str:
        """In English or in Chinese."""
        return self.names[lang != "en"]


@dataclass(frozen=True)
class UnitMean:
    """Mean efficiency of the cells that went through one tube, bath or lane."""

    machine: str
    unit: int
    mean_pct: float
    cells: int


@dataclass
class Numbers:
    """All that is plotted. Lists by hour have one value for each of `hours` (plant time, begin of the hour)."""

    plant: Plant
    hours: list[str]
    takt_s: float
    target_per_hour: float
    output: dict[int, list[int]] = field(default_factory=dict)
    lanes: list[Lane] = field(default_factory=list)
    step_states: list[Shares] = field(default_factory=list)
    machine_states: dict[str, list[Shares]] = field(default_factory=dict)
    vehicle_use: dict[str, float] = field(default_factory=dict)
    moves_full: list[int] = field(default_factory=list)
    moves_empty: list[int] = field(default_factory=list)
    move_minutes: list[float] = field(default_factory=list)
    full_minutes: list[int] = field(default_factory=list)
    empty_minutes: list[int] = field(default_factory=list)
    wip_times: list[str] = field(default_factory=list)
    wip: dict[int, list[int]] = field(default_factory=dict)
    """Lots in process by line."""
    wip_at: dict[str, list[int]] = field(default_factory=dict)
    """Lots by the last step they have begun; "" before the first."""
    energy: dict[str, list[float]] = field(default_factory=dict)
    efficiency_pct: list[float] = field(default_factory=list)
    efficiency_cells: list[int] = field(default_factory=list)
    unit_means: dict[str, list[UnitMean]] = field(default_factory=dict)

    def step_name(self, code: str, lang: str) -> str:
        """Code and name of a step."""
        step = next((step for step in self.plant.steps if step.code == code), None)
        return code if step is None else f"{code} {step.name if lang == 'en' else step.name_zh}"

    def part_name(self, part: str, lang: str) -> str:
        """Name of a part of the workshop in the energy plot: a step, or one of the others."""
        return _PART_NAMES[part][lang != "en"] if part in _PART_NAMES else self.step_name(part, lang)


def pace_step(plant: Plant) -> int:
    """Index in the route of the slowest step that wafers pass one by one: the one whose lanes set the pace."""
    steps = {step.code: step for step in plant.steps}
    types = {equipment.code: equipment for equipment in plant.equipment}
    route = [types[steps[code].equipment] for code in plant.route]
    laned = [index for index, kind in enumerate(route) if kind.mode == "lane" and kind.takt_s > 0]
    return max(laned or range(len(route)), key=lambda index: (route[index].takt_s / max(route[index].units, 1), -index))


def read_numbers(record: Path, summary: Mapping[str, Any], plant: Plant) -> Numbers:
    """Read what the report plots from the tables in `record`.

    Raises:
        RunWrong: a table is not there.
    """
    import duckdb

    for table in ("lots", "steps", "moves", "states", "energy", "machines", "vehicles"):
        if not (record / f"{table}.parquet").exists():
            raise RunWrong(
                f"{record / table}.parquet: no such table",
                hint="the run did not finish; run it again with `heliograph run`",
            )
    duration_ms = float(summary["hours"]) * HOUR_MS
    count = max(1, int(np.ceil(duration_ms / HOUR_MS)))
    start = plant.calendar.start
    begin_ms = round(start.astimezone(UTC).timestamp() * 1000)
    numbers = Numbers(
        plant=plant,
        hours=[f"{start + timedelta(hours=hour):%Y-%m-%d %H:%M}" for hour in range(count)],
        takt_s=plant.takt.lane_s,
        target_per_hour=plant.takt.capacity_gw_per_year * 1e9 / plant.wafer.power_w / 8760.0,
    )
    _read_cells(numbers, sorted(record.glob("cells*.parquet")), begin_ms, duration_ms)
    with duckdb.connect(":memory:") as base:
        base.execute("SET TimeZone = 'UTC'")
        _read_states(numbers, base, record)
        _read_moves(numbers, base, record, begin_ms)
        _read_lots(numbers, base, record, begin_ms, duration_ms)
        _read_energy(numbers, base, record, begin_ms)
    return numbers


def _read_cells(numbers: Numbers, files: Iterable[Path], begin_ms: int, duration_ms: float) -> None:
    import pyarrow.parquet as pq

    plant, hours = numbers.plant, len(numbers.hours)
    step = pace_step(plant)
    spread = _spread_steps(plant)
    wanted = ["line", "made_utc", "efficiency_pct", *_way(step), step_column(step, "utc")]
    for index in spread.values():
        wanted += [name for name in _way(index) if name not in wanted]
    histogram: dict[int, int] = {}
    lanes: dict[tuple[str, int], Lane] = {}
    for path in files:
        table = pq.read_table(path, columns=wanted).unify_dictionaries()
        if not table.num_rows:
            continue
        hour = np.clip((_ms(table["made_utc"]) - begin_ms) // HOUR_MS, 0, hours - 1)
        line = table["line"].to_numpy()
        for number in np.unique(line).tolist():
            row = numbers.output.setdefault(number, [0] * hours)
            counts = np.bincount(hour[line == number], minlength=hours).tolist()
            numbers.output[number] = [a + b for a, b in zip(row, counts, strict=True)]
        efficiency = table["efficiency_pct"].to_numpy()
        bins, cells = np.unique(np.rint(efficiency / _EFFICIENCY_BIN_PCT).astype(np.int64), return_counts=True)
        for place, cell_count in zip(bins.tolist(), cells.tolist(), strict=True):
            histogram[place] = histogram.get(place, 0) + cell_count
        lanes.update(_lanes_of(table, step, hour, hours, duration_ms))
        for code, index in spread.items():
            numbers.unit_means.setdefault(code, []).extend(_unit_means(table, index, efficiency))
    numbers.lanes = [lanes[key] for key in sorted(lanes)]
    numbers.output = dict(sorted(numbers.output.items()))
    if histogram:
        first, last = min(histogram), max(histogram)
        numbers.efficiency_pct = [round(place * _EFFICIENCY_BIN_PCT, 2) for place in range(first, last + 1)]
        numbers.efficiency_cells = [histogram.get(place, 0) for place in range(first, last + 1)]


def _way(step: int) -> tuple[str, str]:
    return step_column(step, "machine"), step_column(step, "unit")


def _spread_steps(plant: Plant) -> dict[str, int]:
    """Steps whose units differ in what they do to a cell: code to index in the route."""
    types = {equipment.code: equipment for equipment in plant.equipment}
    steps = {step.code: step for step in plant.steps}
    return {
        code: index
        for index, code in enumerate(plant.route)
        if types[steps[code].equipment].electrical.unit_pct > 0
        or types[steps[code].equipment].electrical.machine_pct > 0
    }


def _ms(column: Any) -> NDArray[np.int64]:
    return column.to_numpy().astype("datetime64[ms]").astype(np.int64)  # type: ignore[no-any-return]


def _codes(column: Any) -> tuple[NDArray[np.int64], list[str]]:
    """A text column as numbers, and what each number stands for."""
    array = column.combine_chunks()
    array = array.dictionary_encode() if not hasattr(array, "indices") else array
    return array.indices.to_numpy(zero_copy_only=False).astype(np.int64), array.dictionary.to_pylist()


def _lanes_of(
    table: Any, step: int, hour: NDArray[np.int64], hours: int, duration_ms: float
) -> dict[tuple[str, int], Lane]:
    """Lanes of the pace step. The running takt is the median gap between wafers: a stop does not move it."""
    machine, names = _codes(table[step_column(step, "machine")])
    unit = table[step_column(step, "unit")].to_numpy().astype(np.int64)
    entered = _ms(table[step_column(step, "utc")])
    found: dict[tuple[str, int], Lane] = {}
    lane = machine * 1000 + unit
    for key in np.unique(lane).tolist():
        mine = lane == key
        gaps = np.diff(np.sort(entered[mine]))
        name, number = names[key // 1000], key % 1000
        count = int(np.count_nonzero(mine))
        found[name, number] = Lane(
            name=f"{name}/{number}",
            running_s=float(np.median(gaps)) / 1000.0 if len(gaps) else 0.0,
            calendar_s=duration_ms / 1000.0 / count,
            per_hour=np.bincount(hour[mine], minlength=hours).tolist(),
        )
    return found


def _unit_means(table: Any, step: int, efficiency: NDArray[np.float64]) -> list[UnitMean]:
    machine, names = _codes(table[step_column(step, "machine")])
    unit = table[step_column(step, "unit")].to_numpy().astype(np.int64)
    place = machine * 1000 + unit
    cells = np.bincount(place)
    total = np.bincount(place, efficiency)
    return [
        UnitMean(names[key // 1000], key % 1000, float(total[key] / cells[key]), int(cells[key]))
        for key in sorted(np.flatnonzero(cells).tolist(), key=lambda key: (names[key // 1000], key % 1000))
    ]


def _read_states(numbers: Numbers, base: duckdb.DuckDBPyConnection, record: Path) -> None:
    rows = base.execute(
        """
        SELECT m.step, s.machine, s.state, s.reason, sum(epoch_ms(s.end_utc) - epoch_ms(s.start_utc))
        FROM read_parquet($states) s JOIN read_parquet($machines) m USING (machine)
        WHERE m.step IS NOT NULL
        GROUP BY ALL
        """,
        {"states": str(record / "states.parquet"), "machines": str(record / "machines.parquet")},
    ).fetchall()
    by_machine: dict[tuple[str, str], dict[str, float]] = {}
    for step, machine, state, reason, spent_ms in rows:
        spent = by_machine.setdefault((step, machine), {})
        key = _state_key(state, reason)
        spent[key] = spent.get(key, 0.0) + float(spent_ms)
    for code in numbers.plant.route:
        mine = {machine: spent for (step, machine), spent in sorted(by_machine.items()) if step == code}
        if not mine:
            continue
        total: dict[str, float] = {}
        for spent in mine.values():
            for key, value in spent.items():
                total[key] = total.get(key, 0.0) + value
        names = numbers.step_name(code, "en"), numbers.step_name(code, "zh")
        numbers.step_states.append(Shares(names, _shared(total)))
        numbers.machine_states[code] = [Shares((machine, machine), _shared(spent)) for machine, spent in mine.items()]


def _state_key(state: str, reason: str) -> str:
    if state == "standby":
        return reason if reason in ("starved", "blocked", "collecting") else "standby"
    return "processing" if state == "productive" else state


def _shared(spent: Mapping[str, float]) -> dict[str, float]:
    total = sum(spent.values()) or 1.0
    return {key: value / total for key, value in spent.items()}


def _read_moves(numbers: Numbers, base: duckdb.DuckDBPyConnection, record: Path, begin_ms: int) -> None:
    columns = ("driving_loaded", "driving_empty", "hand_off", "waiting", "charging", "idle")
    sums = base.execute(
        f"SELECT {', '.join(f'coalesce(sum({name}_s), 0)' for name in columns)} FROM read_parquet($vehicles)",
        {"vehicles": str(record / "vehicles.parquet")},
    ).fetchall()[0]
    numbers.vehicle_use = _shared(dict(zip(columns, (float(value) for value in sums), strict=True)))
    moved = base.execute(
        """
        SELECT epoch_ms(placed_utc) AS placed, epoch_ms(placed_utc) - epoch_ms(wanted_utc) AS took, lot IS NULL AS empty
        FROM read_parquet($moves) WHERE placed_utc IS NOT NULL
        """,
        {"moves": str(record / "moves.parquet")},
    ).fetchnumpy()
    hours = len(numbers.hours)
    placed, took = np.asarray(moved["placed"], np.int64), np.asarray(moved["took"], np.float64) / 60_000.0
    empty = np.asarray(moved["empty"], bool)
    hour = (placed - begin_ms) // HOUR_MS
    within = (hour >= 0) & (hour < hours)
    numbers.moves_full = np.bincount(hour[within & ~empty], minlength=hours).tolist()
    numbers.moves_empty = np.bincount(hour[within & empty], minlength=hours).tolist()
    if not len(took):
        return
    last = max(1, int(np.ceil(np.quantile(took, 0.995) / _MOVE_BIN_MIN)))
    edges = np.arange(last + 1) * _MOVE_BIN_MIN
    numbers.move_minutes = edges[:-1].tolist()
    numbers.full_minutes = np.histogram(took[~empty], edges)[0].tolist()
    numbers.empty_minutes = np.histogram(took[empty], edges)[0].tolist()


def _read_lots(
    numbers: Numbers, base: duckdb.DuckDBPyConnection, record: Path, begin_ms: int, duration_ms: float
) -> None:
    lots = base.execute(
        "SELECT line, epoch_ms(released_utc) AS began, epoch_ms(finished_utc) AS ended FROM read_parquet($lots)",
        {"lots": str(record / "lots.parquet")},
    ).fetchnumpy()
    line = np.asarray(lots["line"], np.int64)
    began = np.asarray(lots["began"], np.int64) - begin_ms
    ended = np.ma.filled(np.ma.asarray(lots["ended"], np.int64), np.iinfo(np.int64).max // 2) - begin_ms
    at_ms = np.arange(0, int(duration_ms) + 1, _WIP_MS)
    start = numbers.plant.calendar.start
    numbers.wip_times = [f"{start + timedelta(milliseconds=int(at)):%Y-%m-%d %H:%M}" for at in at_ms]
    for number in np.unique(line).tolist():
        mine = line == number
        inside = np.searchsorted(np.sort(began[mine]), at_ms, "right")
        gone = np.searchsorted(np.sort(ended[mine]), at_ms, "right")
        numbers.wip[number] = (inside - gone).tolist()
    begun = base.execute(
        """
        SELECT s.step AS step, min(epoch_ms(s.start_utc)) AS began
        FROM read_parquet($steps) s JOIN read_parquet($machines) m USING (machine)
        WHERE m.behind IS NULL
        GROUP BY s.lot, s.step
        """,
        {"steps": str(record / "steps.parquet"), "machines": str(record / "machines.parquet")},
    ).fetchnumpy()
    step = np.asarray(begun["step"], str)
    step_ms = np.asarray(begun["began"], np.int64) - begin_ms
    heads = [code for code in numbers.plant.route if np.any(step == code)]
    passed = [began, *(step_ms[step == code] for code in heads), ended]
    counts = [np.searchsorted(np.sort(times), at_ms, "right") for times in passed]
    for code, came, went in zip(["", *heads], counts, counts[1:], strict=False):
        numbers.wip_at[code] = np.maximum(came - went, 0).tolist()


def _read_energy(numbers: Numbers, base: duckdb.DuckDBPyConnection, record: Path, begin_ms: int) -> None:
    rows = base.execute(
        """
        SELECT (epoch_ms(e.hour_utc) - $begin) // 3600000 AS hour, coalesce(m.step, e.part) AS part, sum(e.kwh)
        FROM read_parquet($energy) e LEFT JOIN read_parquet($machines) m USING (machine)
        GROUP BY ALL
        """,
        {
            "begin": begin_ms,
            "energy": str(record / "energy.parquet"),
            "machines": str(record / "machines.parquet"),
        },
    ).fetchall()
    hours = len(numbers.hours)
    parts: dict[str, list[float]] = {}
    for hour, part, kwh in rows:
        if 0 <= hour < hours:
            parts.setdefault("other" if part == "machine" else part, [0.0] * hours)[int(hour)] += float(kwh)
    order = sorted(parts, key=lambda part: (part == "other", -sum(parts[part])))
    for part in order[:_PARTS_SHOWN]:
        numbers.energy[part] = [round(kwh, 1) for kwh in parts[part]]
    rest = [sum(values) for values in zip(*(parts[part] for part in order[_PARTS_SHOWN:]), strict=True)]
    if rest:
        before = numbers.energy.pop("other", [0.0] * hours)
        numbers.energy["other"] = [round(a + b, 1) for a, b in zip(before, rest, strict=True)]
