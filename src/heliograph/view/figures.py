"""Figures over a recorded day, in steps of equal length: output, work in process, moves, stops; and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from heliograph.view.series import NEVER, Ints
from heliograph.view.tables import codes, since_ms, texts
from heliograph.view.vehicles import MISHAP_KINDS

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["Alarm", "Figures", "figures_of"]

_STEPS: Final = 288
"""The span is cut into about so many: of a day, each is 5 min."""
_MOST_ALARMS: Final = 500


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """Something that should not happen: a repair of a machine, a wait past its limit, a vehicle that breaks down."""

    at_ms: int
    what: str
    """repair, late or breakdown."""
    kind: str
    id: str
    step: str = ""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Of each step of time: from `step_ms` times its number on."""

    step_ms: int
    cells: list[list[int]]
    """By line: cells that left the last step."""
    wip: list[int]
    """Lots in process at the end of each."""
    moves: list[int]
    """Carriers set down."""
    target_per_h: float
    """Cells an hour that the plant's stated capacity needs, every hour of the year."""
    alarms: list[Alarm]


def figures_of(day: Day) -> Figures:
    """Read the tables that only figures need."""
    step_ms = max(60_000, -(-day.end_ms // _STEPS // 60_000) * 60_000)
    steps = max(-(-day.end_ms // step_ms), 1)

    def by_step(at: Ints) -> Ints:
        within = at[(at >= 0) & (at < day.end_ms)]
        return np.bincount(within // step_ms, minlength=steps)

    cells = [[0] * steps for _ in range(day.files.plant.lines)]
    made = day.tables.read("cells", ["line", "made_utc"])
    if made is not None:
        line, at = made["line"].to_numpy(), since_ms(made["made_utc"], day.start_ms)
        cells = [by_step(at[line == number + 1]).tolist() for number in range(len(cells))]
    lots = day.tables.read("lots", ["released_utc", "finished_utc"])
    wip = np.zeros(steps, np.int64)
    if lots is not None:
        released, finished = (np.sort(since_ms(lots[f"{n}_utc"], day.start_ms)) for n in ("released", "finished"))
        ends = step_ms * np.arange(1, steps + 1)
        wip = np.searchsorted(released, ends) - np.searchsorted(finished[finished < NEVER], ends)
    plant = day.files.plant
    return Figures(
        step_ms=step_ms,
        cells=cells,
        wip=wip.tolist(),
        moves=by_step(day.moves.placed).tolist(),
        target_per_h=plant.takt.capacity_gw_per_year * 1e9 / plant.wafer.power_w / 8760,
        alarms=_alarms(day),
    )


def _alarms(day: Day) -> list[Alarm]:
    alarms: list[Alarm] = []
    events = day.tables.read("events", ["kind", "at_utc", "machine", "lot", "step", "state"])
    if events is not None:
        kind = codes(events["kind"], {"WaitTooLong": 1, "MachineStateChanged": 2})
        state = codes(events["state"], {"unscheduled_downtime": 1})
        for number in np.flatnonzero((kind == 1) | ((kind == 2) & (state == 1))).tolist():
            row = events.slice(number, 1)
            at = int(since_ms(row["at_utc"], day.start_ms)[0])
            if kind[number] == 1:
                lot, step = texts(row["lot"])[0], texts(row["step"])[0]
                alarms.append(Alarm(at_ms=at, what="late", kind="lot", id=lot or "", step=step or ""))
            else:
                alarms.append(Alarm(at_ms=at, what="repair", kind="machine", id=texts(row["machine"])[0] or ""))
    mishaps = day.series["mishaps"]
    for row_number in np.flatnonzero(mishaps.columns["kind"] == MISHAP_KINDS.index("breakdown")).tolist():
        vehicle = day.vehicle_ids[int(np.searchsorted(mishaps.start, row_number, side="right")) - 1]
        alarms.append(Alarm(at_ms=int(mishaps.at[row_number]), what="breakdown", kind="vehicle", id=vehicle))
    alarms.sort(key=lambda alarm: alarm.at_ms)
    return alarms[:_MOST_ALARMS]
