"""The way that a vehicle has before it: as short as SciPy's Dijkstra finds it on edges and turns counted here."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from heliograph.plant.read import PlantFiles, read_plant
from heliograph.run.live.ahead import WaysAhead


@cache
def files() -> PlantFiles:
    return read_plant("small")


def turn_s(before: int, after: int) -> float:
    road, rate = files().roadmap, files().plant.vehicles.turn_deg_s
    if road.edge_from[before] == road.edge_to[after]:
        return 0.0
    change = abs((road.heading_deg[after] - road.heading_deg[before] + 180) % 360 - 180)
    return change / rate if change > 10 else 0.0


def drive_s(edge: int, loaded: bool) -> float:
    road, fleet = files().roadmap, files().plant.vehicles
    top = fleet.speed_loaded_m_s if loaded else fleet.speed_empty_m_s
    speed = min(road.speed_m_s[int(loaded), edge], top)
    return float(road.length_m[edge] / speed) if speed > 0 else np.inf


@cache
def shortest_s(loaded: bool) -> Any:
    """(e, e) seconds from the end of each edge to the end of each other."""
    road = files().roadmap
    count = len(road.edge_from)
    rows, columns, costs = [], [], []
    for before in range(count):
        for after in np.flatnonzero(road.edge_from == road.edge_to[before]).tolist():
            cost = turn_s(before, after) + drive_s(after, loaded)
            if np.isfinite(cost):
                rows.append(before)
                columns.append(after)
                costs.append(cost)
    return dijkstra(csr_array((costs, (rows, columns)), shape=(count, count)))


@pytest.mark.parametrize("loaded", [False, True])
def test_it_leads_there_and_none_is_quicker(loaded: bool):
    road, chance = files().roadmap, random.Random(5)
    ahead, best = WaysAhead(files()), shortest_s(loaded)
    for _ in range(300):
        along, goal = chance.randrange(len(road.edge_from)), int(chance.choice(list(road.station_node.values())))
        quickest = best[along, np.flatnonzero(road.edge_to == goal)].min()
        ways = ahead.to(goal, along, loaded=loaded)
        if not ways:
            assert road.edge_to[along] == goal or np.isinf(quickest)
            continue
        took, before = 0.0, along
        for way in ways:
            assert road.edge_from[way] == road.edge_to[before]
            took += turn_s(before, way) + drive_s(way, loaded)
            before = way
        assert road.edge_to[before] == goal
        assert took == pytest.approx(quickest, abs=0.002 * (1 + len(ways)))  # whole milliseconds


def test_where_it_is_already_nothing_is_left():
    road = files().roadmap
    assert WaysAhead(files()).to(int(road.edge_to[0]), 0, loaded=False) == []
