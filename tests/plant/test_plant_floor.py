"""The floor: a real one, on which every place can be reached and nobody meets head on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from heliograph.plant.lif import roadmap_of
from heliograph.plant.model import Plant
from heliograph.plant.roadmap import Roadmap
from heliograph.plant.topcon import build


def floor(lines: int, vehicles: int, name: str = "topcon") -> tuple[Plant, Roadmap]:
    plant, lif = build(lines, vehicles, name)
    return plant, roadmap_of(lif, plant.vehicles)


SIZES = [(1, 1), (1, 23), (2, 46), (8, 186), (20, 465)]


@pytest.mark.parametrize(("lines", "vehicles"), SIZES)
def test_every_node_can_be_reached_from_every_other_empty_and_loaded(lines: int, vehicles: int):
    _, roadmap = floor(lines, vehicles)
    n = len(roadmap.node_ids)

    for speed_m_s in roadmap.speed_m_s:
        open_edges = speed_m_s > 0
        ways = coo_matrix(
            (np.ones(open_edges.sum()), (roadmap.edge_from[open_edges], roadmap.edge_to[open_edges])), shape=(n, n)
        )
        assert connected_components(ways, connection="strong")[0] == 1


@pytest.mark.parametrize(("lines", "vehicles"), SIZES)
def test_no_road_is_two_way(lines: int, vehicles: int):
    """Only a bay is entered and left by the same way."""
    _, roadmap = floor(lines, vehicles)

    ways = set(zip(roadmap.edge_from.tolist(), roadmap.edge_to.tolist(), strict=True))
    two_way = [(a, b) for a, b in ways if (b, a) in ways and not roadmap.bay[a] and not roadmap.bay[b]]

    assert two_way == []


@pytest.mark.parametrize(("lines", "vehicles"), SIZES)
def test_every_station_is_a_bay_of_its_own(lines: int, vehicles: int):
    """A vehicle that serves, parks or charges stands off the road."""
    plant, roadmap = floor(lines, vehicles)
    wanted = [
        *(port for machine in plant.machines for port in (*machine.in_ports, *machine.out_ports)),
        *(port for stocker in plant.stockers for port in stocker.ports),
        *plant.vehicles.parking,
        *plant.vehicles.charging,
    ]

    assert sorted(wanted) == sorted(roadmap.station_node)
    nodes = [roadmap.station_node[station] for station in wanted]
    assert len(set(nodes)) == len(nodes)
    assert roadmap.bay[nodes].all()


@pytest.mark.parametrize(("lines", "vehicles"), [*SIZES, (1, 600), (2, 500), (20, 3)])
def test_there_are_more_places_than_vehicles_at_any_size(lines: int, vehicles: int):
    """A tenth more, whatever the fleet; a tenth of the fleet can charge, two at least."""
    plant, _ = floor(lines, vehicles)
    fleet = plant.vehicles

    assert len(fleet.parking) + len(fleet.charging) >= 1.1 * vehicles
    assert len(fleet.charging) >= max(2, 0.1 * vehicles)


def test_places_are_spread_over_the_lines():
    plant, _ = floor(8, 186)
    per_line = [
        sum(place.startswith(f"L{line}-") for place in (*plant.vehicles.parking, *plant.vehicles.charging))
        for line in range(1, 9)
    ]

    assert max(per_line) - min(per_line) <= 1


@pytest.mark.parametrize(("lines", "vehicles"), SIZES)
def test_vehicles_on_two_nodes_never_touch(lines: int, vehicles: int):
    """Nodes lie 3 m apart at least; a turning vehicle sweeps 1.5 m."""
    plant, roadmap = floor(lines, vehicles)
    cell = np.round(np.column_stack([roadmap.x_m, roadmap.y_m]) / 3.0, 6)

    assert np.array_equal(cell, np.round(cell))
    assert len({tuple(place) for place in cell.tolist()}) == len(cell)
    assert np.hypot(plant.vehicles.length_m, plant.vehicles.width_m) < 3.0


def test_the_reference_floor_has_about_three_hundred_nodes_a_line():
    _, roadmap = floor(8, 186)

    assert 230 <= len(roadmap.node_ids) / 8 <= 330
    assert np.unique(roadmap.length_m).tolist() == [3.0]


def test_in_ports_hang_on_the_eastward_aisle_and_out_ports_on_the_westward():
    plant, roadmap = floor(2, 46)

    def aisle_heading(station: str) -> set[float]:
        bay = roadmap.station_node[station]
        at = roadmap.edge_to[roadmap.edge_from == bay][0]
        along = (roadmap.edge_from == at) & np.isin(np.abs(roadmap.heading_deg), (0.0, 180.0))
        return set(np.abs(roadmap.heading_deg[along]).tolist())

    for machine in plant.machines:
        assert all(aisle_heading(port) == {0.0} for port in machine.in_ports)
        assert all(aisle_heading(port) == {180.0} for port in machine.out_ports)


def test_a_loaded_vehicle_drives_slower_and_a_bay_slower_still():
    plant, roadmap = floor(1, 23)
    into_bay = roadmap.bay[roadmap.edge_to]

    assert set(roadmap.speed_m_s[0, ~into_bay].tolist()) <= {plant.vehicles.speed_empty_m_s, 1.0}
    assert set(roadmap.speed_m_s[1, ~into_bay].tolist()) <= {plant.vehicles.speed_loaded_m_s, 1.0}
    assert set(roadmap.speed_m_s[:, into_bay].ravel().tolist()) == {1.0}
