"""A recorded run of a workshop, as a scene: from the layout, the tracks and the moves of its record alone."""

from __future__ import annotations

import itertools
from typing import Final, NamedTuple, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from heliograph.daybook import VEHICLE_STATES
from heliograph.drawing.scene import Ground, Heat, Mood, Scene
from heliograph.drawing.words import Both
from heliograph.plant.read import PlantFiles
from heliograph.plant.roadmap import Roadmap
from heliograph.record.store import Record

__all__ = ["floor_scene"]

MARGIN_M: Final = 4.0
MACHINE_EDGE_M: Final = 1.2
"""A machine reaches so far beyond its ports; layouts say where ports are, not how large machines are."""

_MOODS: Final = tuple(mood for state in VEHICLE_STATES for mood in get_args(Mood) if mood == state)
_LOADED, _EMPTY, _HAND_OFF, _WAITING, _CHARGING, _IDLE = range(6)
_LATER: Final = np.iinfo(np.int64).max
_TIMES: Final = ("assigned", "at_source", "taken", "at_target", "placed")

_Ints = NDArray[np.int64]


class _Visits(NamedTuple):
    """The nodes that one vehicle held, in order; times in ms after the record's start."""

    node: _Ints
    arrived: _Ints
    departs: _Ints
    """It sets out for its next node."""
    reaches: _Ints
    """It is there."""


class _Moves(NamedTuple):
    """The moves of one vehicle, in order; a moment that has not come is `_LATER`."""

    source: _Ints
    target: _Ints
    times: _Ints
    """(5, m) assigned, at source, taken, at target, placed."""


def floor_scene(plant: PlantFiles, record: Record, start_s: float, end_s: float, tick_s: float) -> Scene:
    """What the vehicles did from `start_s` to `end_s` after the record's start, a frame every `tick_s`."""
    road = plant.roadmap
    fleet = plant.plant.vehicles
    names = tuple(f"V{number + 1:03d}" for number in range(fleet.count))
    ticks = 1000 * np.arange(start_s, end_s + tick_s / 2, tick_s)
    visits = _read_visits(record, road, names)
    moves, placed = _read_moves(record, road, names)
    shape = (len(ticks), len(names))
    x, y, heading = (np.zeros(shape, np.float32) for _ in range(3))
    mood = np.full(shape, _IDLE, np.uint8)
    goal = np.full((*shape, 2), np.nan, np.float32)
    chargers = np.isin(np.arange(len(road.node_ids)), [road.station_node[name] for name in fleet.charging])
    waited, came = np.zeros(len(road.node_ids)), np.zeros(len(road.node_ids))
    from_ms, to_ms = 1000 * start_s, 1000 * max(end_s, start_s + tick_s)
    for v in range(len(names)):
        seen, own = visits[v], moves[v]
        at, share = _between(seen, ticks)
        there = _next_node(seen, at)
        here = seen.node[at]
        x[:, v] = road.x_m[here] + share * (road.x_m[there] - road.x_m[here])
        y[:, v] = road.y_m[here] + share * (road.y_m[there] - road.y_m[here])
        heading[:, v] = _heading(road, seen, at, share)
        order, phase = _phase(own, ticks)
        mood[:, v] = _mood(share > 0, phase, chargers[here])
        for leg, ends in ((phase < 2, own.source), (phase >= 2, own.target)):
            bound = leg & (phase >= 0)
            goal[bound, v, 0], goal[bound, v, 1] = road.x_m[ends[order[bound]]], road.y_m[ends[order[bound]]]
        inside = (seen.arrived >= from_ms) & (seen.arrived < to_ms)
        came += np.bincount(seen.node[inside], minlength=len(came))
        waited += np.bincount(seen.node, _waits(seen, own, from_ms, to_ms), minlength=len(waited))
    top = float(road.y_m.max())
    goal[..., 1] = top - goal[..., 1]
    hours = (to_ms - from_ms) / 3_600_000
    used = (came > 0) | (waited > 0)
    return Scene(
        title=Both(plant.plant.title, plant.plant.title_zh),
        grid=False,
        ground=_ground(plant, top),
        first=start_s,
        tick=tick_s,
        names=names,
        x=x,
        y=(top - y).astype(np.float32),
        heading=heading,
        mood=mood,
        goal=goal,
        moods=_MOODS,
        done=np.searchsorted(placed, ticks, side="right"),
        length=fleet.length_m,
        heat=Heat(
            np.column_stack((road.x_m[used], top - road.y_m[used])).astype(np.float32),
            (came[used] / hours).astype(np.float32),
            (100 * waited[used] / (to_ms - from_ms)).astype(np.float32),
        ),
    )


def _ms(column: pa.ChunkedArray, start_ms: int) -> _Ints:
    """Instants as ms after the record's start; one that has not come is `_LATER`."""
    at = column.cast(pa.int64())
    since: _Ints = np.asarray(at.fill_null(0)) - start_ms
    return np.where(np.asarray(at.is_null()), _LATER, since)


def _numbers(column: pa.ChunkedArray, number: dict[str, int]) -> _Ints:
    return np.array([number.get(name, -1) for name in column.cast(pa.string()).to_pylist()], np.int64)


def _read_visits(record: Record, road: Roadmap, names: tuple[str, ...]) -> list[_Visits]:
    held = record.read("tracks", ["vehicle", "node", "claimed_utc", "arrived_utc"])
    start_ms = round(record.start.timestamp() * 1000)
    vehicle = _numbers(held["vehicle"], {name: number for number, name in enumerate(names)})
    node = _numbers(held["node"], {name: number for number, name in enumerate(road.node_ids)})
    claimed, arrived = _ms(held["claimed_utc"], start_ms), _ms(held["arrived_utc"], start_ms)
    order = np.lexsort((claimed, vehicle))
    bounds = np.searchsorted(vehicle[order], np.arange(len(names) + 1))
    visits = []
    for first, last in itertools.pairwise(bounds):
        rows = order[first:last]
        reaches = np.append(arrived[rows][1:], _LATER)
        departs = np.maximum(np.append(claimed[rows][1:], _LATER), arrived[rows])
        visits.append(_Visits(node[rows], arrived[rows], departs, reaches))
    return visits


def _read_moves(record: Record, road: Roadmap, names: tuple[str, ...]) -> tuple[list[_Moves], _Ints]:
    """The moves of each vehicle; and when each of all moves was done, in order."""
    made = record.read("moves", ["vehicle", "source", "target", *(f"{name}_utc" for name in _TIMES)])
    start_ms = round(record.start.timestamp() * 1000)
    vehicle = _numbers(made["vehicle"], {name: number for number, name in enumerate(names)})
    source, target = (_numbers(made[end], road.station_node) for end in ("source", "target"))
    times = np.array([_ms(made[f"{name}_utc"], start_ms) for name in _TIMES]).reshape(len(_TIMES), -1)
    order = np.lexsort((times[0], vehicle))
    bounds = np.searchsorted(vehicle[order], np.arange(len(names) + 1))
    moves = []
    for first, last in itertools.pairwise(bounds):
        rows = order[first:last]
        own = times[:, rows]
        own[0, 1:] = np.maximum(own[0, 1:], own[4, :-1])  # a move given early begins when the one before is done
        moves.append(_Moves(source[rows], target[rows], own))
    return moves, np.sort(times[4][(times[4] >= 0) & (times[4] < _LATER)])


def _between(seen: _Visits, ticks: NDArray[np.float64]) -> tuple[_Ints, NDArray[np.float64]]:
    """At each tick the last visit, and how far on the way to the next node, 0 to 1."""
    at = np.maximum(np.searchsorted(seen.arrived, ticks, side="right") - 1, 0)
    departs, reaches = seen.departs[at].astype(np.float64), seen.reaches[at].astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (ticks - departs) / (reaches - departs)
    return at, np.where((ticks > departs) & (reaches < _LATER), np.clip(np.nan_to_num(share), 0.0, 1.0), 0.0)


def _next_node(seen: _Visits, at: _Ints) -> _Ints:
    return seen.node[np.minimum(at + 1, len(seen.node) - 1)]


def _heading(road: Roadmap, seen: _Visits, at: _Ints, share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Towards the next node while it drives there, else as it came; clockwise, y down."""
    entrance = np.arange(len(road.node_ids))
    entrance[road.edge_to] = road.edge_from  # how it came to the first node is not recorded; a bay has one way in
    here, drives = seen.node[at], share > 0
    one = np.where(drives, here, np.where(at > 0, seen.node[at - 1], entrance[here]))
    two = np.where(drives, _next_node(seen, at), here)
    return np.degrees(np.arctan2(road.y_m[one] - road.y_m[two], road.x_m[two] - road.x_m[one]))


def _phase(own: _Moves, ticks: NDArray[np.float64]) -> tuple[_Ints, _Ints]:
    """At each tick the move under way, and how far: 0 to the source, 1 taking, 2 to the target, 3 placing; -1: none."""
    order = np.maximum(np.searchsorted(own.times[0], ticks, side="right") - 1, 0)
    if not own.times.shape[1]:
        return order, np.full(len(ticks), -1)
    phase = (own.times[:, order] <= ticks).sum(axis=0) - 1
    return order, np.where(phase == len(_TIMES) - 1, -1, phase)


def _mood(drives: NDArray[np.bool_], phase: _Ints, charger: NDArray[np.bool_]) -> NDArray[np.int64]:
    drive = np.where(phase == 2, _LOADED, _EMPTY)
    stand = np.select([(phase == 1) | (phase == 3), phase >= 0, charger], [_HAND_OFF, _WAITING, _CHARGING], _IDLE)
    return np.where(drives, drive, stand)


def _waits(seen: _Visits, own: _Moves, from_ms: float, to_ms: float) -> NDArray[np.float64]:
    """(visits,) ms that the vehicle stood there with a move and was not handing over, from `from_ms` to `to_ms`."""
    legs = [(own.times[0], own.times[1]), (own.times[2], own.times[3])]
    begins = np.concatenate([np.clip(begin, from_ms, to_ms) for begin, _ in legs])
    ends = np.concatenate([np.clip(end, from_ms, to_ms) for _, end in legs])
    order = np.argsort(begins, kind="stable")
    edges = np.column_stack((begins[order], ends[order])).ravel()
    if not len(edges):
        return np.zeros(len(seen.node))
    under_way = np.concatenate(([0.0], np.cumsum(np.tile([1.0, 0.0], len(order))[:-1] * np.diff(edges))))
    arrived, departs = np.clip(seen.arrived, from_ms, to_ms), np.clip(seen.departs, from_ms, to_ms)
    return np.interp(departs, edges, under_way) - np.interp(arrived, edges, under_way)


def _ground(plant: PlantFiles, top: float) -> Ground:
    road = plant.roadmap
    pairs = np.unique(np.sort(np.column_stack((road.edge_from, road.edge_to)), axis=1), axis=0)
    ends = pairs.reshape(-1)
    ways = np.column_stack((road.x_m[ends], top - road.y_m[ends])).reshape(-1, 4).astype(np.float32)
    centre = {
        station.station_id: (station.station_position.x, top - station.station_position.y)
        for layout in plant.layout.layouts
        for station in layout.stations
        if station.station_position is not None
    }
    machines, names = [], []
    with_ports = [(machine.id, [*machine.in_ports, *machine.out_ports]) for machine in plant.plant.machines]
    with_ports += [(stocker.id, stocker.ports) for stocker in plant.plant.stockers]
    for name, all_ports in with_ports:
        ports = [centre[port] for port in all_ports if port in centre]
        if ports:
            low, high = np.min(ports, axis=0) - MACHINE_EDGE_M, np.max(ports, axis=0) + MACHINE_EDGE_M
            machines.append([*low, *high])
            names.append(name)
    fleet = plant.plant.vehicles
    spots = [
        np.array([(road.x_m[node], top - road.y_m[node]) for node in (road.station_node[name] for name in places)])
        for places in (fleet.parking, fleet.charging)
    ]
    left, right = float(road.x_m.min()) - MARGIN_M, float(road.x_m.max()) + MARGIN_M
    return Ground(
        bounds=(left, -MARGIN_M, right, top - float(road.y_m.min()) + MARGIN_M),
        ways=ways,
        machines=np.array(machines, np.float32).reshape(-1, 4),
        machine_names=tuple(names),
        parking=spots[0].reshape(-1, 2).astype(np.float32),
        charging=spots[1].reshape(-1, 2).astype(np.float32),
        floor_top=top,
    )
