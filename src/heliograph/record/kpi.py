"""Key figures of a record under their ISO 22400-2 names, from the tables alone. The formulas are in docs/record.md.

Times of ISO 22400-2 out of the six states of SEMI E10, seconds of a machine or of the machines of a step together:

    APT    actual production time    productive
    PBT    planned busy time         calendar time less scheduled_downtime, engineering, non_scheduled
    ADOT   actual down time          unscheduled_downtime
    AUBT   actual unit busy time     APT + ADOT + standby blocked
    PRI    planned run time per item what the machine's stated pace leaves for a wafer
    PQ GQ  produced, good quantity   wafers through; of these neither lost there nor (last step) downgraded
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from heliograph.daybook import E10_STATES
from heliograph.record.store import Record

__all__ = ["Bottleneck", "Figures", "Kpis", "Times", "figures_of", "find_bottleneck", "read_kpis"]

PLANNED = ("scheduled_downtime", "engineering", "non_scheduled")


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds and wafers of one machine, or of several added up."""

    states_s: dict[str, float]
    """The six E10 states."""
    starved_s: float
    blocked_s: float
    failures: int
    produced: int
    lost: int
    downgraded: int
    ideal_s: float
    """PRI x PQ."""
    calendar_s: float

    @property
    def good(self) -> int:
        """GQ."""
        return self.produced - self.lost - self.downgraded

    @property
    def planned_busy_s(self) -> float:
        """PBT."""
        return self.calendar_s - sum(self.states_s[state] for state in PLANNED)

    @property
    def unit_busy_s(self) -> float:
        """AUBT."""
        return self.states_s["productive"] + self.states_s["unscheduled_downtime"] + self.blocked_s


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """ISO 22400-2 figures of a machine or a step; None where a figure would divide by nothing."""

    name: str
    step: str
    line: int | None
    availability: float | None
    effectiveness: float | None
    quality_ratio: float | None
    oee: float | None
    nee: float | None
    throughput_rate_per_h: float
    utilization_efficiency: float | None
    allocation_efficiency: float | None
    scrap_ratio: float | None
    mtbf_h: float | None
    mttr_h: float | None
    failures: int
    produced: int
    good: int
    starved: float
    """Shares of calendar time, as the six states."""
    blocked: float
    states: dict[str, float]
    occupied: float
    """Share of calendar time that its pace needs for what it made, and its stops; see `find_bottleneck`."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line from end to end."""

    line: int
    cells: int
    throughput_rate_per_h: float
    quality_ratio: float | None
    """Of the cells, EL grade A."""


class Bottleneck(msgspec.Struct, frozen=True, kw_only=True):
    """The step that holds the others up, and how it shows."""

    step: str
    occupied: float
    reason: str


class Kpis(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of a record."""

    hours: float
    steps: list[Figures]
    lines: list[Line]
    machines: list[Figures]
    bottleneck: Bottleneck | None
    production_process_ratio: float | None
    """Mean over finished lots: time in a process, over time from release to store."""
    calendar_wrong: list[str]
    """Machines whose six states do not add up to calendar time: must be empty."""


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def figures_of(name: str, step: str, line: int | None, times: Times, machines: int = 1) -> Figures:
    """Work the figures out of the times."""
    productive, down = times.states_s["productive"], times.states_s["unscheduled_downtime"]
    availability = _ratio(productive, times.planned_busy_s)
    effectiveness = _ratio(times.ideal_s, productive)
    quality = _ratio(times.good, times.produced)
    known = availability is not None and effectiveness is not None and quality is not None
    oee = availability * effectiveness * quality if known else None  # type: ignore[operator]
    stopped = sum(times.states_s[state] for state in (*PLANNED, "unscheduled_downtime"))
    return Figures(
        name=name,
        step=step,
        line=line,
        availability=availability,
        effectiveness=effectiveness,
        quality_ratio=quality,
        oee=oee,
        nee=oee,
        throughput_rate_per_h=times.produced / (times.calendar_s / machines / 3600) if times.calendar_s else 0.0,
        utilization_efficiency=_ratio(productive, times.unit_busy_s),
        allocation_efficiency=_ratio(times.unit_busy_s, times.planned_busy_s),
        scrap_ratio=_ratio(times.lost, times.produced),
        mtbf_h=productive / 3600 / (times.failures + 1),
        mttr_h=_ratio(down / 3600, times.failures),
        failures=times.failures,
        produced=times.produced,
        good=times.good,
        starved=times.starved_s / times.calendar_s,
        blocked=times.blocked_s / times.calendar_s,
        states={state: seconds / times.calendar_s for state, seconds in times.states_s.items()},
        occupied=(times.ideal_s + stopped) / times.calendar_s,
    )


def add_times(several: Iterable[Times]) -> Times:
    """Machines together."""
    every = list(several)
    return Times(
        states_s={state: sum(times.states_s[state] for times in every) for state in E10_STATES},
        **{
            name: sum(getattr(times, name) for times in every)
            for name in (
                "starved_s",
                "blocked_s",
                "failures",
                "produced",
                "lost",
                "downgraded",
                "ideal_s",
                "calendar_s",
            )
        },
    )


def _texts(column: Any) -> list[str]:
    texts: list[str] = column.cast("string").to_pylist()
    return texts


def _ms(column: Any) -> NDArray[np.int64]:
    """Milliseconds since 1970; an empty moment is the smallest number."""
    return column.to_numpy().astype("datetime64[ms]").astype(np.int64)  # type: ignore[no-any-return]


class _Stays:
    """Seconds in each state, starved and blocked, and failures: by machine."""

    def __init__(self, record: Record) -> None:
        table = record.read("states")
        seconds = (_ms(table["end_utc"]) - _ms(table["start_utc"])) / 1000
        self.states: dict[str, dict[str, float]] = {}
        self.starved: dict[str, float] = {}
        self.blocked: dict[str, float] = {}
        self.failures: dict[str, int] = {}
        columns = (_texts(table["machine"]), _texts(table["state"]), _texts(table["reason"]), seconds.tolist())
        for machine, state, reason, length in zip(*columns, strict=True):
            of = self.states.setdefault(machine, dict.fromkeys(E10_STATES, 0.0))
            of[state] += length
            if state == "standby":
                for kind, told in (("starved", self.starved), ("blocked", self.blocked)):
                    if kind in reason:
                        told[machine] = told.get(machine, 0.0) + length
            elif state == "unscheduled_downtime":
                self.failures[machine] = self.failures.get(machine, 0) + 1


def _produced(record: Record) -> dict[str, tuple[int, int, int]]:
    """Wafers through, lost, downgraded: by machine, of the parts that came out within the record."""
    table = record.read("steps", ["machine", "wafers", "lost", "downgraded", "end_utc"])
    end = _ms(table["end_utc"])
    start = int(record.start.timestamp() * 1000)
    within = (end >= start) & (end < int(record.end.timestamp() * 1000))
    machine = table["machine"].combine_chunks()
    names, codes = machine.dictionary.to_pylist(), machine.indices.to_numpy()[within]
    sums = [
        np.bincount(codes, table[name].to_numpy()[within], minlength=len(names)).astype(np.int64).tolist()
        for name in ("wafers", "lost", "downgraded")
    ]
    return {name: (sums[0][i], sums[1][i], sums[2][i]) for i, name in enumerate(names)}


def read_kpis(record: Record) -> Kpis:
    """All figures, from the tables `states`, `steps`, `machines` and `lots`."""
    stays, produced = _Stays(record), _produced(record)
    calendar_s = record.hours * 3600
    machines: list[tuple[dict[str, Any], Times]] = []
    wrong = []
    for row in record.rows("machines"):
        name = row["machine"]
        if row["step"] is None:
            continue
        # A connected machine without states of its own shares those of the machine it stands behind.
        told = name if name in stays.states else (row["behind"] or name)
        states = stays.states.get(told, dict.fromkeys(E10_STATES, 0.0))
        if abs(sum(states.values()) - calendar_s) > 0.001:
            wrong.append(name)
        made, lost, downgraded = produced.get(name, (0, 0, 0))
        pace = row["ideal_per_h"]
        times = Times(
            states_s=states,
            starved_s=stays.starved.get(told, 0.0),
            blocked_s=stays.blocked.get(told, 0.0),
            failures=stays.failures.get(told, 0),
            produced=made,
            lost=lost,
            downgraded=downgraded,
            ideal_s=made * 3600 / pace if pace else states["productive"],
            calendar_s=calendar_s,
        )
        machines.append((row, times))
    steps = []
    for step in dict.fromkeys(row["step"] for row, _ in sorted(machines, key=lambda pair: pair[0]["step_number"])):
        its = [times for row, times in machines if row["step"] == step]
        steps.append(figures_of(step, step, None, add_times(its), len(its)))
    connected = {row["step"] for row, _ in machines if row["behind"]}
    return Kpis(
        hours=record.hours,
        steps=steps,
        lines=_lines(record, machines),
        machines=[figures_of(row["machine"], row["step"], row["line"], times) for row, times in machines],
        bottleneck=find_bottleneck([step for step in steps if step.name not in connected]),
        production_process_ratio=_process_ratio(record),
        calendar_wrong=wrong,
    )


def _lines(record: Record, machines: list[tuple[dict[str, Any], Times]]) -> list[Line]:
    last = max((row["step_number"] for row, _ in machines), default=0)
    lines = []
    for line in sorted({row["line"] for row, _ in machines}):
        its = [times for row, times in machines if row["line"] == line and row["step_number"] == last]
        cells, flawed = sum(t.produced - t.lost for t in its), sum(t.downgraded for t in its)
        lines.append(
            Line(
                line=line,
                cells=cells,
                throughput_rate_per_h=cells / record.hours if record.hours else 0.0,
                quality_ratio=_ratio(cells - flawed, cells),
            )
        )
    return lines


def _process_ratio(record: Record) -> float | None:
    """Of the lots finished within the record: the union of their times in batches, over release to store."""
    lots = {row["lot"]: row for row in record.rows("lots", ["lot", "released_utc", "finished_utc"])}
    table = record.read("steps", ["lot", "start_utc", "end_utc"])
    name, start, end = _texts(table["lot"]), _ms(table["start_utc"]), _ms(table["end_utc"])
    shares = []
    codes: dict[str, int] = {}
    code = np.array([codes.setdefault(text, len(codes)) for text in name], np.int64)
    order = np.lexsort((start, code))
    code, start, end = code[order], start[order], end[order]
    edge = np.searchsorted(code, np.arange(len(codes) + 1))
    for lot, row in lots.items():
        if row["finished_utc"] is None or lot not in codes:
            continue
        its = slice(edge[codes[lot]], edge[codes[lot] + 1])
        reached = np.maximum.accumulate(end[its])
        fresh = np.maximum(start[its], np.concatenate(([start[its][0]], reached[:-1])))
        busy_s = np.maximum(end[its] - fresh, 0).sum() / 1000
        shares.append(busy_s / (row["finished_utc"] - row["released_utc"]).total_seconds())
    return float(np.mean(shares)) if shares else None


def find_bottleneck(steps: list[Figures]) -> Bottleneck | None:
    """The step with the least time to spare, with what the steps around it say.

    Occupied time is what the stated pace needs for what was made, and all stops, planned or not; waiting (starved,
    blocked) is time to spare. Steps of one connected line count as its first.
    """
    made = [step for step in steps if step.produced]
    if not made:
        return None
    worst = max(made, key=lambda step: step.occupied)
    at = steps.index(worst)
    planned = sum(worst.states[state] for state in PLANNED)
    down = worst.states["unscheduled_downtime"]
    words = [
        f"{worst.name} is occupied {worst.occupied:.0%} of the time",
        f"({worst.occupied - planned - down:.0%} at its pace, {planned:.0%} planned stops, {down:.1%} failures)",
    ]
    around = []
    before, after = steps[:at], steps[at + 1 :]
    if before:
        around.append(f"the steps before it stand blocked {np.mean([s.blocked for s in before]):.0%}")
    if after:
        around.append(f"those after it starve {np.mean([s.starved for s in after]):.0%}")
    around.append(f"itself it starves {worst.starved:.0%} and is blocked {worst.blocked:.0%}")
    second = max((step for step in made if step is not worst), key=lambda step: step.occupied, default=None)
    if second is not None:
        around.append(f"next is {second.name} with {second.occupied:.0%}")
    reason = " ".join(words) + ": " + ", ".join(around)
    return Bottleneck(step=worst.name, occupied=worst.occupied, reason=reason)
