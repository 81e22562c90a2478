"""Small floors and a stand-in for the machines, for the fleet's tests."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from heliograph.commands import Move
from heliograph.fleet import Fleet
from heliograph.plant.model import Battery, Vehicles
from heliograph.plant.roadmap import Roadmap, build_roadmap


def roadmap(
    nodes: dict[str, tuple[float, float]],
    roads: Iterable[tuple[str, str]],
    bays: dict[str, str],
    speed_m_s: float = 2.0,
) -> Roadmap:
    """Nodes by place in metres, one-way roads, and bays by the road node they lie beside; every bay is a station."""
    places = dict(nodes)
    for i, (bay, road) in enumerate(bays.items()):
        x, y = nodes[road]
        places[bay] = (x + (1.0 if i % 2 else -1.0), y + 2.0)
    edges = [*roads, *(pair for bay, road in bays.items() for pair in ((road, bay), (bay, road)))]
    index = {name: i for i, name in enumerate(places)}
    tail, head = (np.array([index[edge[end]] for edge in edges], np.int32) for end in (0, 1))
    xy = np.array(list(places.values()), np.float64)
    speed = np.full((2, len(edges)), speed_m_s)
    return build_roadmap(tuple(places), xy[:, 0], xy[:, 1], tail, head, speed, {bay: index[bay] for bay in bays})


def ring(nodes: int, bays: Sequence[int]) -> Roadmap:
    """A one-way ring of r0, r1 ..., 3 m apart, with bays b0, b1 ... at the given positions."""
    angle = np.arange(nodes) * 2 * np.pi / nodes
    radius = 3 * nodes / (2 * np.pi)
    where = {f"r{i}": (radius * np.cos(a), radius * np.sin(a)) for i, a in enumerate(angle)}
    roads = [(f"r{i}", f"r{(i + 1) % nodes}") for i in range(nodes)]
    return roadmap(where, roads, {f"b{i}": f"r{at}" for i, at in enumerate(bays)})


def streets(rows: int, columns: int, bays: int, seed: int, two_way: float = 0.0) -> Roadmap:
    """A grid of one-way streets of alternating direction (even sizes: strongly connected), bays at random corners.

    A share `two_way` of the roads goes both ways.
    """
    rng = np.random.default_rng(seed)
    where = {f"n{y}.{x}": (3.0 * x, 3.0 * y) for y in range(rows) for x in range(columns)}
    roads = []
    for y in range(rows):
        for x in range(columns - 1):
            roads.append((f"n{y}.{x}", f"n{y}.{x + 1}") if y % 2 == 0 else (f"n{y}.{x + 1}", f"n{y}.{x}"))
    for x in range(columns):
        for y in range(rows - 1):
            roads.append((f"n{y}.{x}", f"n{y + 1}.{x}") if x % 2 == 1 else (f"n{y + 1}.{x}", f"n{y}.{x}"))
    roads += [(b, a) for a, b in roads if rng.random() < two_way]
    corners = list(where)
    return roadmap(where, roads, {f"b{i}": corners[rng.integers(len(corners))] for i in range(bays)})


def fleet_of(count: int, parking: Sequence[str], charging: Sequence[str] = (), **battery: float) -> Vehicles:
    """`count` vehicles of one kind; battery values as given, else those of the reference plant."""
    cell = {
        "capacity_kwh": 2.0,
        "drive_empty_w": 110.0,
        "drive_loaded_w": 160.0,
        "idle_w": 50.0,
        "charge_kw": 2.0,
        "low_pct": 30.0,
        "full_pct": 90.0,
    } | battery
    return Vehicles(
        count=count,
        type="test",
        speed_empty_m_s=1.5,
        speed_loaded_m_s=1.0,
        acceleration_m_s2=0.5,
        turn_deg_s=45.0,
        length_m=1.2,
        width_m=0.9,
        battery=Battery(**cell),
        parking=list(parking),
        charging=list(charging),
    )


class Floor:
    """Stands in for the machines: hands over in a fixed time, and wants random moves between stations."""

    def __init__(self, fleet: Fleet, stations: Sequence[str], seed: int = 0, handoff_ms: int = 20_000) -> None:
        self.fleet = fleet
        self.stations = list(stations)
        self.rng = np.random.default_rng(seed)
        self.handoff_ms = handoff_ms
        self.handing: list[tuple[int, int]] = []
        self.wanted = 0
        self.placed = 0
        self.log: list[Any] = []

    def want(self, source: str | None = None, target: str | None = None, priority: int = 0) -> Move:
        """Want a move; random stations where none are given."""
        a, b = self.rng.choice(len(self.stations), 2, replace=False).tolist()
        move = Move(
            self.wanted,
            self.wanted,
            -1,
            source or self.stations[a],
            target or self.stations[b],
            priority,
            self.fleet.now_ms,
        )
        self.wanted += 1
        self.fleet.want(move)
        return move

    def run(self, until_ms: int, *, keep: int = 0) -> None:
        """To `until_ms`, or until every move is placed; `keep` so many wanted and not placed all the time."""
        fleet = self.fleet
        while fleet.now_ms < until_ms and (keep or self.placed < self.wanted):
            while self.wanted - self.placed < keep:
                self.want()
            self.log += fleet.assign(fleet.now_ms)
            for arrived in fleet.advance(min(until_ms, self.handing[0][0] if self.handing else until_ms)):
                self.log.append(arrived)
                heapq.heappush(self.handing, (fleet.now_ms + self.handoff_ms, arrived.vehicle))
            while self.handing and self.handing[0][0] <= fleet.now_ms:
                vehicle = heapq.heappop(self.handing)[1]
                loaded = fleet.carrying(vehicle) >= 0
                fleet.done(vehicle, fleet.now_ms)
                self.placed += loaded
