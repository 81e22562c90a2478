"""The tables that follow from the daybook row by row: moves, tracks, states, machines, energy, vehicles, events."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from heliograph.daybook import E10_STATES, MISHAPS, NOT_YET_MS
from heliograph.ids import carrier_id
from heliograph.measured import ENERGY_PARTS, Meters
from heliograph.passages import lots_in_record
from heliograph.plant.model import Equipment
from heliograph.record.events import event_columns
from heliograph.record.frame import Coded, Maybe, Values, or_never
from heliograph.record.scribe import Scribe
from heliograph.units import HOUR_MS, SECOND_MS

__all__ = [
    "TRACK_HOURS",
    "ideal_per_h",
    "write_batteries",
    "write_energy",
    "write_events",
    "write_floor",
    "write_mishaps",
    "write_moves",
    "write_states",
    "write_tracks",
    "write_vehicles",
]

TRACK_HOURS: Final = 4
"""Hours of claims in one file of `tracks`."""


def write_moves(scribe: Scribe) -> Path:
    """Moves wanted in the record or not done when it began, and the earlier moves of the record's lots."""
    book, moves = scribe.book, scribe.book.moves
    ours = np.zeros(len(book.lots.line) + 1, bool)
    ours[lots_in_record(book)] = True
    recent = (moves.placed_ms == NOT_YET_MS) | (moves.placed_ms >= 0) | ours[moves.lot]
    which = np.flatnonzero(recent & (moves.wanted_ms < book.until_ms))
    source, target = ([ports[i] for i in which.tolist()] for ports in (moves.source, moves.target))
    owner = {port: m.id for m in scribe.plant.machines for port in (*m.in_ports, *m.out_ports)}
    owner |= {port: stocker.id for stocker in scribe.plant.stockers for port in stocker.ports}
    carriers = range(int(moves.carrier.max(initial=0)) + 1)
    values: dict[str, Values] = {
        "move": moves.number[which],
        "carrier": Coded(moves.carrier[which], [carrier_id(number) for number in carriers]),
        "lot": scribe.lots(moves.lot[which]),
        "source": source,
        "target": target,
        "from_machine": [owner.get(port, port) for port in source],
        "to_machine": [owner.get(port, port) for port in target],
        "priority": moves.priority[which],
        "vehicle": Coded(moves.vehicle[which], book.vehicle_ids),
        "wanted_utc": moves.wanted_ms[which],
        "empty_m": moves.empty_m[which],
        "loaded_m": moves.loaded_m[which],
    }
    for name in ("assigned", "at_source", "taken", "at_target", "placed"):
        values[f"{name}_utc"] = or_never(getattr(moves, f"{name}_ms")[which])
    return scribe.write("moves", values)


def write_tracks(scribe: Scribe, node_ids: Sequence[str], from_ms: int) -> Path:
    """The claims of some hours; the first file also holds the nodes that were held when the record began."""
    tracks, until = scribe.book.tracks, from_ms + TRACK_HOURS * HOUR_MS
    within = (tracks.claimed_ms >= from_ms) & (tracks.claimed_ms < min(until, scribe.book.until_ms))
    if from_ms == 0:
        within |= (tracks.claimed_ms < 0) & ((tracks.left_ms == NOT_YET_MS) | (tracks.left_ms >= 0))
    rows = np.flatnonzero(within)
    rows = rows[np.lexsort((tracks.claimed_ms[rows], tracks.vehicle[rows]))]
    values: dict[str, Values] = {
        "vehicle": Coded(tracks.vehicle[rows], scribe.book.vehicle_ids),
        "node": Coded(tracks.node[rows], node_ids),
        "claimed_utc": tracks.claimed_ms[rows],
        "arrived_utc": or_never(tracks.arrived_ms[rows]),
        "left_utc": or_never(tracks.left_ms[rows]),
    }
    return scribe.write("tracks", values, file=f"tracks-{from_ms // HOUR_MS:03d}h")


def write_states(scribe: Scribe) -> Path:
    """Stays within the record, cut at its ends."""
    book, states = scribe.book, scribe.book.states
    which = np.flatnonzero((states.end_ms > 0) & (states.start_ms < book.until_ms))
    which = which[np.lexsort((states.start_ms[which], states.machine[which]))]
    values: dict[str, Values] = {
        "machine": Coded(states.machine[which], book.machine_ids),
        "state": Coded(states.state[which], E10_STATES),
        "reason": [states.reason[i] for i in which.tolist()],
        "start_utc": np.maximum(states.start_ms[which], 0),
        "end_utc": np.minimum(states.end_ms[which], book.until_ms),
    }
    return scribe.write("states", values)


def write_floor(scribe: Scribe) -> Path:
    plant, floor, ids = scribe.plant, scribe.floor, scribe.book.machine_ids
    order = np.lexsort((np.arange(len(ids)), np.where(floor.step < 0, 999, floor.step), floor.line))
    kinds = [floor.equipment[m] for m in order.tolist()]
    heads = [floor.equipment[h] for h in floor.head[order].tolist()]
    units = [max(kind.units, head.units) for kind, head in zip(kinds, heads, strict=True)]
    pace = [ideal_per_h(kind, count) for kind, count in zip(kinds, units, strict=True)]
    values: dict[str, Values] = {
        "machine": [ids[m] for m in order.tolist()],
        "line": floor.line[order],
        "equipment": [kind.code for kind in kinds],
        "name": [kind.name for kind in kinds],
        "name_zh": [kind.name_zh for kind in kinds],
        "mode": [kind.mode for kind in kinds],
        "step_number": Maybe((floor.step[order] + 1).astype(np.int16), floor.step[order] < 0),
        "step": Coded(floor.step[order], plant.route),
        "units": np.array(units, np.int16),
        "behind": [ids[h] if h != m else None for m, h in zip(order.tolist(), floor.head[order].tolist(), strict=True)],
        "ideal_per_h": Maybe(np.array(pace), np.array(pace) == 0),
    }
    return scribe.write("machines", values)


def ideal_per_h(kind: Equipment, units: int) -> float:
    """Wafers per hour of one machine when nothing stops it; 0: its type does not say."""
    if kind.rate_per_h:
        return float(kind.rate_per_h)
    if kind.takt_s:
        return float(kind.units * 3600 / kind.takt_s)
    return float(units * kind.batch * 3600 / kind.process_s) if kind.process_s else 0.0


def write_energy(scribe: Scribe, meters: Meters) -> Path:
    ids, floor = scribe.book.machine_ids, scribe.floor
    used = np.flatnonzero(meters.machine_kwh.any(axis=1))
    hours, rows = meters.hours, len(used) + 2
    kwh = np.vstack([meters.machine_kwh[used], meters.facility_kwh[None], meters.vehicles_kwh[None]]).T
    part = [ENERGY_PARTS.index("machine")] * len(used) + [ENERGY_PARTS.index(p) for p in ("facility", "vehicles")]
    names = sorted(range(rows), key=lambda r: (ENERGY_PARTS[part[r]], ids[used[r]] if r < len(used) else ""))
    machine = np.append(used, [-1, -1])[names]
    values: dict[str, Values] = {
        "hour_utc": np.repeat(np.arange(hours) * HOUR_MS, rows),
        "part": Coded(np.tile(np.array(part)[names], hours), ENERGY_PARTS),
        "line": Maybe(np.tile(floor.line[machine], hours), np.tile(machine < 0, hours)),
        "machine": Coded(np.tile(machine, hours), ids),
        "kwh": np.round(kwh[:, names], 6).ravel(),
        "kgco2": np.round(kwh[:, names] * scribe.plant.energy.grid_kgco2_per_kwh, 6).ravel(),
    }
    return scribe.write("energy", values)


def write_vehicles(scribe: Scribe) -> Path:
    book = scribe.book
    values: dict[str, Values] = {"vehicle": list(book.vehicle_ids), "kwh": np.round(book.vehicle_kwh, 6)}
    names = [column.name for column in scribe.table["vehicles"].columns[1:7]]
    for place, name in enumerate(names):
        values[name] = book.vehicle_state_ms[:, place] / SECOND_MS
    return scribe.write("vehicles", values)


def write_batteries(scribe: Scribe) -> Path:
    """One row an instant: a vehicle that is gauged twice in it is as full."""
    book, batteries = scribe.book, scribe.book.batteries
    rows = np.lexsort((batteries.at_ms, batteries.vehicle))
    vehicle, at_ms, permille = (column[rows] for column in batteries)
    new = np.ones(len(rows), bool)
    new[1:] = (np.diff(vehicle) != 0) | (np.diff(at_ms) != 0)
    values: dict[str, Values] = {
        "vehicle": Coded(vehicle[new], book.vehicle_ids),
        "at_utc": at_ms[new],
        "soc_permille": permille[new],
    }
    return scribe.write("batteries", values)


def write_mishaps(scribe: Scribe) -> Path:
    """Only of a run that had any to come."""
    book, mishaps = scribe.book, scribe.book.mishaps
    assert mishaps is not None
    values: dict[str, Values] = {
        "vehicle": Coded(mishaps.vehicle, book.vehicle_ids),
        "kind": Coded(mishaps.kind, MISHAPS),
        "start_utc": mishaps.start_ms,
        "towed_utc": or_never(mishaps.towed_ms),
        "end_utc": or_never(mishaps.end_ms),
    }
    return scribe.write("mishaps", values)


def write_events(scribe: Scribe) -> Path:
    return scribe.write("events", event_columns(scribe.book.events, scribe.prefix, scribe.book.vehicle_ids))
