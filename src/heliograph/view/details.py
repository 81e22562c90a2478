"""What is known of one thing at one moment: ids, times and codes; the page has the words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from heliograph.daybook import E10_STATES
from heliograph.errors import NotFound
from heliograph.ids import parse_cell
from heliograph.record.genealogy import trace_cell
from heliograph.record.store import Where
from heliograph.view.series import NEVER
from heliograph.view.told import CarrierTold, CellTold, LotTold, MachineTold, MoveTold, PartTold, Stay, VehicleTold
from heliograph.view.vehicles import FULL, PHASES
from heliograph.view.waits import why

if TYPE_CHECKING:
    from heliograph.view.day import Day

__all__ = ["details_of", "stays_of"]

_AROUND: Final = 4
"""So many moves before and after the one under way are told."""


def details_of(day: Day, kind: str, thing: str, at_ms: int) -> msgspec.Struct:
    """What is known of a thing at a moment.

    Raises:
        NotFound: there is no such thing.
    """
    tell = {
        "vehicle": _vehicle,
        "machine": _machine,
        "stocker": _machine,
        "lot": _lot,
        "carrier": _carrier,
        "cell": _cell,
    }
    if kind not in tell:
        raise NotFound(f"no details of a {kind[:40]!r}", hint=f"ask for one of {', '.join(tell)}")
    return tell[kind](day, thing, at_ms)


def _absent(kind: str, thing: str) -> NotFound:
    return NotFound(f"no {kind} {thing[:80]!r} in this record", hint="search finds ids by a part of them")


def _when(at_ms: int) -> int | None:
    return None if at_ms == NEVER else int(at_ms)


def _move(day: Day, row: int) -> MoveTold:
    moves = day.moves

    def name(names: list[str], number: int) -> str:
        return names[number] if number >= 0 else ""

    return MoveTold(
        move=int(moves.number[row]),
        vehicle=name(day.vehicle_ids, int(moves.vehicle[row])),
        carrier=name(day.carrier_ids, int(moves.carrier[row])),
        lot=name(day.lot_ids, int(moves.lot[row])),
        source=name(day.station_ids, int(moves.source[row])),
        target=name(day.station_ids, int(moves.target[row])),
        wanted_ms=_when(moves.wanted[row]),
        assigned_ms=_when(moves.assigned[row]),
        taken_ms=_when(moves.taken[row]),
        placed_ms=_when(moves.placed[row]),
    )


def _around(day: Day, rows: Any, at_ms: int) -> list[MoveTold]:
    """Moves of these rows around a moment, in order of time."""
    begun = np.minimum(day.moves.assigned[rows], day.moves.wanted[rows])
    rows = rows[np.argsort(begun, kind="stable")]
    here = int(np.searchsorted(np.sort(begun), at_ms, side="right"))
    return [_move(day, row) for row in rows[max(here - 1 - _AROUND, 0) : here + _AROUND].tolist()]


def _vehicle(day: Day, thing: str, at_ms: int) -> VehicleTold:
    number = day.vehicles.get(thing, -1)
    if number < 0:
        raise _absent("vehicle", thing)
    doing = day.series["doing"]
    row = int(doing.in_force(at_ms)[number])
    phase = PHASES[int(doing.columns["doing"][row]) % FULL]
    moves = day.moves
    rows = np.flatnonzero(moves.vehicle == number)
    under_way = None
    if phase != "none":
        order = rows[np.argsort(moves.assigned[rows], kind="stable")]
        open_ = order[(moves.assigned[order] <= at_ms) & (moves.placed[order] > at_ms)]
        under_way = _move(day, int(open_[0])) if len(open_) else None
    loaded = under_way is not None and under_way.taken_ms is not None and under_way.taken_ms <= at_ms
    after = doing.at[row + 1 : int(doing.start[number + 1])]
    until = int(after[0]) if len(after) else day.end_ms
    return VehicleTold(
        id=thing,
        phase=phase,
        move=under_way,
        carrier=under_way.carrier if under_way and loaded else "",
        lot=under_way.lot if under_way and loaded else "",
        chain=why(day, number, at_ms),
        path=_path(day, number, at_ms, until) if phase in ("to_source", "to_target") else [],
        moves=_around(day, rows, at_ms),
        use=_use(day, thing),
    )


def _path(day: Day, vehicle: int, from_ms: int, until_ms: int) -> list[int]:
    drives = day.series["drives"]
    its = drives.of(vehicle)
    ends = drives.at[its] + drives.columns["took"][its].astype(np.int64)
    on = (ends > from_ms) & (drives.at[its] < until_ms)
    ways: list[int] = drives.columns["way"][its][on].tolist()
    return ways


def _use(day: Day, thing: str) -> dict[str, float]:
    found = day.tables.read("vehicles", None)
    for row in found.to_pylist() if found is not None else []:
        if row["vehicle"] == thing:
            hours = {name.removesuffix("_s"): row[name] / 3600 for name in row if name.endswith("_s")}
            return {**hours, "kwh": row["kwh"]}
    return {}


def _parts(day: Day, column: str, thing: str) -> list[PartTold]:
    found = day.tables.read("steps", list(_PART), [Where(column, "is", thing)])
    parts = []
    for row in found.to_pylist() if found is not None else []:
        start, end = (None if row[name] is None else _since(day, row[name]) for name in ("start_utc", "end_utc"))
        same = {name: row[name] for name in _PART if not name.endswith("_utc")}
        parts.append(PartTold(start_ms=start or 0, end_ms=end, **same))
    parts.sort(key=lambda part: part.start_ms)
    return parts


_PART: Final = (
    "lot",
    "step",
    "machine",
    "unit",
    "batch",
    "first",
    "last",
    "lost",
    "wait_s",
    "late",
    "start_utc",
    "end_utc",
)


def _since(day: Day, moment: Any) -> int:
    """A moment of the tables (UTC without zone) in ms after the record's start."""
    utc = day.record.start.replace(tzinfo=None) - (day.record.start.utcoffset() or timedelta())
    since: int = round((moment - utc).total_seconds() * 1000)
    return since


def _machine(day: Day, thing: str, at_ms: int) -> MachineTold:
    number = day.machines.get(thing, -1)
    stockers = {stocker.id for stocker in day.files.plant.stockers}
    if number < 0 and thing not in stockers:
        raise _absent("machine", thing)
    stays = stays_of(day, number) if number >= 0 else []
    now = next((stay for stay in reversed(stays) if stay.start_ms <= at_ms), None)
    hours: dict[str, float] = dict.fromkeys(E10_STATES, 0.0) if stays else {}
    for stay in stays:
        hours[stay.state] += (stay.end_ms - stay.start_ms) / 3_600_000
    parts = _parts(day, "machine", thing) if number >= 0 else []
    inside = [part for part in parts if part.start_ms <= at_ms and (part.end_ms is None or part.end_ms > at_ms)]
    out = sorted((part for part in parts if part.end_ms is not None and part.end_ms <= at_ms), key=_end, reverse=True)
    ports = {place for place, spot in enumerate(day.ground.stations) if spot.of == thing}
    target = np.isin(day.moves.target, sorted(ports))
    coming = np.flatnonzero(target & (day.moves.assigned <= at_ms) & (day.moves.placed > at_ms))
    return MachineTold(
        kind="machine" if number >= 0 else "stocker",
        id=thing,
        state=now.state if now else "",
        reason=now.reason if now else "",
        since_ms=now.start_ms if now else 0,
        until_ms=now.end_ms if now else 0,
        stays=stays,
        inside=inside,
        recent=out[:6],
        carriers=_on(day, ports, at_ms),
        coming=[_move(day, row) for row in coming.tolist()],
        hours=hours,
    )


def _end(part: PartTold) -> int:
    return part.end_ms or 0


def stays_of(day: Day, machine: int) -> list[Stay]:
    """The states of a machine, those that follow each other unchanged as one."""
    states = day.series["states"]
    its = states.of(machine)
    starts = states.at[its].tolist()
    kinds, reasons = states.columns["state"][its].tolist(), states.columns["reason"][its].tolist()
    told: list[Stay] = []
    for kind, reason, start, end in zip(kinds, reasons, starts, [*starts[1:], day.end_ms], strict=True):
        state, because = E10_STATES[kind], day.reasons[reason]
        if told and (told[-1].state, told[-1].reason) == (state, because):
            told[-1] = msgspec.structs.replace(told[-1], end_ms=end)
        else:
            told.append(Stay(state=state, reason=because, start_ms=start, end_ms=end))
    return told


def _on(day: Day, ports: set[int], at_ms: int) -> list[tuple[str, str, str]]:
    carriers = day.series["carriers"]
    row = carriers.in_force(at_ms)
    place, lot = carriers.columns["place"][row], carriers.columns["lot"][row]
    found = np.flatnonzero(np.isin(place, sorted(ports)) & (row >= 0)).tolist()
    told = [
        (day.station_ids[int(place[c])], day.carrier_ids[c], day.lot_ids[int(lot[c])] if lot[c] >= 0 else "")
        for c in found
    ]
    return sorted(told)


def _lot(day: Day, thing: str, at_ms: int) -> LotTold:
    number = day.lots.get(thing, -1)
    if number < 0:
        raise _absent("lot", thing)
    columns = ["line", "released_utc", "finished_utc", "wafers", "lost"]
    about = day.tables.read("lots", columns, [Where("lot", "is", thing)])
    if about is None:
        raise _absent("lot", thing)
    row = about.to_pylist()[0]
    parts = _parts(day, "lot", thing)
    inside = [part for part in parts if part.start_ms <= at_ms and (part.end_ms is None or part.end_ms > at_ms)]
    steps = _whole(parts)
    ahead = [part for part in steps if part.start_ms > at_ms]
    carriers = day.series["carriers"]
    in_force = carriers.in_force(at_ms)
    holds = np.flatnonzero((carriers.columns["lot"][in_force] == number) & (in_force >= 0)).tolist()
    carrier = holds[0] if holds else -1
    return LotTold(
        id=thing,
        line=row["line"],
        released_ms=_since(day, row["released_utc"]),
        finished_ms=None if row["finished_utc"] is None else _since(day, row["finished_utc"]),
        wafers=row["wafers"],
        lost=row["lost"],
        carrier=day.carrier_ids[carrier] if carrier >= 0 else "",
        place=_place(day, int(carriers.columns["place"][in_force[carrier]])) if carrier >= 0 else "",
        inside=inside,
        steps=steps,
        next_step=ahead[0].step if ahead else "",
        next_ms=ahead[0].start_ms if ahead else None,
        late=any(part.late for part in parts),
        moves=[_move(day, move) for move in np.flatnonzero(day.moves.lot == number).tolist()],
    )


def _whole(parts: list[PartTold]) -> list[PartTold]:
    """Parts of one step in one machine, taken together."""
    whole: dict[tuple[str, str], PartTold] = {}
    for part in parts:
        key = (part.step, part.machine)
        one = whole.get(key)
        if one is None:
            whole[key] = part
            continue
        open_ = one.end_ms is None or part.end_ms is None
        whole[key] = msgspec.structs.replace(
            one,
            first=min(one.first, part.first),
            last=max(one.last, part.last),
            lost=one.lost + part.lost,
            late=one.late or part.late,
            end_ms=None if open_ else max(one.end_ms or 0, part.end_ms or 0),
        )
    return sorted(whole.values(), key=lambda part: part.start_ms)


def _place(day: Day, place: int) -> str:
    """Station or vehicle; empty: not known."""
    count = len(day.station_ids)
    if place < count:
        return day.station_ids[place]
    return day.vehicle_ids[place - count] if place - count < len(day.vehicle_ids) else ""


def _carrier(day: Day, thing: str, at_ms: int) -> CarrierTold:
    number = day.carriers.get(thing, -1)
    if number < 0:
        raise _absent("carrier", thing)
    carriers = day.series["carriers"]
    row = int(carriers.in_force(at_ms)[number])
    lot = int(carriers.columns["lot"][row])
    return CarrierTold(
        id=thing,
        place=_place(day, int(carriers.columns["place"][row])),
        lot=day.lot_ids[lot] if lot >= 0 else "",
        since_ms=int(carriers.at[row]) if carriers.at[row] >= 0 else None,
        moves=_around(day, np.flatnonzero(day.moves.carrier == number), at_ms),
    )


def _cell(day: Day, thing: str, at_ms: int) -> CellTold:
    trace = trace_cell(day.record, parse_cell(thing))

    def since(moment: datetime) -> int:
        return round(moment.timestamp() * 1000) - day.start_ms

    made = since(trace.made)
    lot = day.lots.get(trace.lot, -1)
    carriers = day.series["carriers"]
    rows = np.flatnonzero(carriers.columns["lot"] == lot) if lot >= 0 else np.zeros(0, np.int64)
    whose = np.searchsorted(carriers.start, rows, side="right") - 1
    later = rows[carriers.at[rows] >= made]
    pick = later[np.argmin(carriers.at[later])] if len(later) else (rows[-1] if len(rows) else -1)
    carrier = day.carrier_ids[int(whose[np.flatnonzero(rows == pick)[0]])] if pick >= 0 else ""
    return CellTold(
        id=trace.cell,
        trace=trace,
        made_ms=made,
        carrier=carrier,
        steps=[
            (step.step, step.machine, step.unit, since(step.start), None if step.end is None else since(step.end))
            for step in trace.steps
        ],
    )
