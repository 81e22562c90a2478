"""What must hold on the floor: a roadmap on which every station can be reached, and no two vehicles ever meet head on.

Station here, as in the layout format: a load port, a stocker port, a parking or a charging place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from heliograph.plant.lif import Edge, EdgeUse, Lif, LoadRestriction, Node, NodeUse, Station
from heliograph.plant.model import Plant, Vehicles
from heliograph.plant.parse import doubles

__all__ = ["layout_mistakes", "layout_warnings", "main_part", "port_mistakes"]


def layout_mistakes(lif: Lif, vehicles: Vehicles | None) -> list[str]:
    """Every mistake of a layout of right form, each with its path; `vehicles` None leaves the fleet unjudged."""
    nodes, edges, stations = _flat(lif)
    mistakes = [
        *doubles("node", ((f"{path}.nodeId", node.node_id) for path, node in nodes)),
        *doubles("edge", ((f"{path}.edgeId", edge.edge_id) for path, edge in edges)),
        *doubles("station", ((f"{path}.stationId", station.station_id) for path, station in stations)),
        *_ends(nodes, edges, stations),
    ]
    if not nodes:
        mistakes.append("$.layouts: expected at least one node, got none")
    if mistakes:
        return mistakes  # the graph means nothing before its names do
    mistakes += _geometry(nodes, edges, vehicles)
    mistakes += _bays(nodes, edges, stations)
    if vehicles is not None:
        mistakes += _fits(nodes, edges, vehicles)
        if not mistakes:
            mistakes += _reached(nodes, edges, stations, vehicles)
    return mistakes


def layout_warnings(lif: Lif, plant: Plant) -> list[str]:
    """Stations that nobody uses."""
    used = {station for _, station in _used(plant)}
    return [
        f"{path}: station {station.station_id!r} is no port, parking or charging place of the plant"
        for path, station in _flat(lif)[2]
        if station.station_id not in used
    ]


def port_mistakes(plant: Plant, lif: Lif) -> list[str]:
    """Ports and places of the plant that the layout does not have; paths are those of `plant.toml`."""
    known = {station.station_id for layout in lif.layouts for station in layout.stations}
    return [
        f"{path}: no station {station!r} in the layout; expected the stationId of a station with a node"
        for path, station in _used(plant)
        if station not in known
    ]


def _used(plant: Plant) -> Iterator[tuple[str, str]]:
    """(path, station) of each port and place that the plant names."""
    for index, machine in enumerate(plant.machines):
        for key, ports in (("in_ports", machine.in_ports), ("out_ports", machine.out_ports)):
            yield from ((f"$.machines[{index}].{key}[{number}]", port) for number, port in enumerate(ports))
    for index, stocker in enumerate(plant.stockers):
        yield from ((f"$.stockers[{index}].ports[{number}]", port) for number, port in enumerate(stocker.ports))
    for key, places in (("parking", plant.vehicles.parking), ("charging", plant.vehicles.charging)):
        yield from ((f"$.vehicles.{key}[{number}]", place) for number, place in enumerate(places))


_Nodes = Sequence[tuple[str, Node]]
_Edges = Sequence[tuple[str, Edge]]
_Stations = Sequence[tuple[str, Station]]


def _flat(lif: Lif) -> tuple[_Nodes, _Edges, _Stations]:
    """All nodes, edges and stations with their paths."""
    nodes: list[tuple[str, Node]] = []
    edges: list[tuple[str, Edge]] = []
    stations: list[tuple[str, Station]] = []
    for index, layout in enumerate(lif.layouts):
        path = f"$.layouts[{index}]"
        nodes += ((f"{path}.nodes[{number}]", node) for number, node in enumerate(layout.nodes))
        edges += ((f"{path}.edges[{number}]", edge) for number, edge in enumerate(layout.edges))
        stations += ((f"{path}.stations[{number}]", station) for number, station in enumerate(layout.stations))
    return nodes, edges, stations


def _ends(nodes: _Nodes, edges: _Edges, stations: _Stations) -> Iterator[str]:
    """Edges and stations that name a node which is not there."""
    known = {node.node_id for _, node in nodes}
    ways: dict[tuple[str, str], str] = {}
    for path, edge in edges:
        for key, name in (("startNodeId", edge.start_node_id), ("endNodeId", edge.end_node_id)):
            if name not in known:
                yield f"{path}.{key}: unknown node {name!r}; expected the nodeId of a node"
        if edge.start_node_id == edge.end_node_id:
            yield f"{path}: leads from {edge.start_node_id!r} to itself; expected two nodes"
        way = (edge.start_node_id, edge.end_node_id)
        if way in ways:
            yield f"{path}: the way from {way[0]!r} to {way[1]!r} is already at {ways[way]}; expected each only once"
        ways.setdefault(way, path)
    for path, station in stations:
        if not station.interaction_node_ids:
            yield f"{path}.interactionNodeIds: station {station.station_id!r} has no node; expected at least one"
        for number, name in enumerate(station.interaction_node_ids):
            if name not in known:
                yield f"{path}.interactionNodeIds[{number}]: unknown node {name!r}; expected the nodeId of a node"


def _geometry(nodes: _Nodes, edges: _Edges, vehicles: Vehicles | None) -> Iterator[str]:
    """Edges too short for the vehicle, and speeds that are none."""
    places = {node.node_id: node.node_position for _, node in nodes}
    needed = math.hypot(vehicles.length_m, vehicles.width_m) if vehicles else 0.0
    for path, edge in edges:
        start, end = places[edge.start_node_id], places[edge.end_node_id]
        length_m = math.hypot(end.x - start.x, end.y - start.y)
        if length_m == 0 or length_m < needed:
            yield (
                f"{path}: {length_m:.2f} m long; expected at least {max(needed, 0.01):.2f} m, "
                f"or vehicles turning on its two nodes touch"
            )
        for number, use in enumerate(edge.vehicle_type_edge_properties):
            if use.max_speed is not None and use.max_speed <= 0:
                yield f"{path}.vehicleTypeEdgeProperties[{number}].maxSpeed: expected > 0, got {use.max_speed:g}"


def _bays(nodes: _Nodes, edges: _Edges, stations: _Stations) -> Iterator[str]:
    """Two-way roads, and stations on the road: whoever stands there is in everybody's way."""
    ways = {(edge.start_node_id, edge.end_node_id) for _, edge in edges}
    leaves: dict[str, int] = {node.node_id: 0 for _, node in nodes}
    enters = dict(leaves)
    for start, end in ways:
        leaves[start] += 1
        enters[end] += 1
    bays = {start for start, end in ways if (end, start) in ways and leaves[start] == enters[start] == 1}
    for path, edge in edges:
        start, end = edge.start_node_id, edge.end_node_id
        if (end, start) in ways and not {start, end} & bays:
            yield f"{path}: two-way between {start!r} and {end!r}; expected one-way, except into a bay"
    holder: dict[str, str] = {}
    for path, station in stations:
        node = station.interaction_node_ids[0]
        if node not in bays:
            yield (
                f"{path}.interactionNodeIds[0]: {node!r} is no bay; "
                f"expected a node with one edge in and one out, from and to the same node"
            )
        elif node in holder:
            yield f"{path}.interactionNodeIds[0]: node {node!r} already serves {holder[node]!r}; expected one each"
        holder.setdefault(node, station.station_id)


def _fits(nodes: _Nodes, edges: _Edges, vehicles: Vehicles) -> Iterator[str]:
    """Nodes and edges that the fleet's vehicle type may not use, or twice over."""
    allowed: list[tuple[str, Sequence[NodeUse | EdgeUse]]] = [
        *((f"{path}.vehicleTypeNodeProperties", node.vehicle_type_node_properties) for path, node in nodes),
        *((f"{path}.vehicleTypeEdgeProperties", edge.vehicle_type_edge_properties) for path, edge in edges),
    ]
    for path, uses in allowed:
        count = sum(use.vehicle_type_id == vehicles.type for use in uses)
        if count != 1:
            yield f"{path}: expected vehicle type {vehicles.type!r} once, got it {count} times"


def _reached(nodes: _Nodes, edges: _Edges, stations: _Stations, vehicles: Vehicles) -> Iterator[str]:
    """Stations cut off for an empty vehicle; load ports cut off for a loaded one."""
    number = {node.node_id: index for index, (_, node) in enumerate(nodes)}
    apart = {*vehicles.parking, *vehicles.charging}

    def use(edge: Edge) -> LoadRestriction:
        uses: Iterator[EdgeUse] = (u for u in edge.vehicle_type_edge_properties if u.vehicle_type_id == vehicles.type)
        return next(uses).load_restriction or LoadRestriction(unloaded=True, loaded=True)

    kinds: list[tuple[str, Callable[[Edge], bool], bool]] = [
        ("an empty", lambda edge: use(edge).unloaded, True),
        ("a loaded", lambda edge: use(edge).loaded, False),
    ]
    for what, allowed, everywhere in kinds:
        ways: list[list[int]] = [[] for _ in nodes]
        back: list[list[int]] = [[] for _ in nodes]
        for _, edge in edges:
            if allowed(edge):
                start, end = number[edge.start_node_id], number[edge.end_node_id]
                ways[start].append(end)
                back[end].append(start)
        judged = [
            (path, station.station_id, number[station.interaction_node_ids[0]])
            for path, station in stations
            if everywhere or station.station_id not in apart
        ]
        part = main_part(ways, back, [node for _, _, node in judged])
        to, fro = _flood(ways, part), _flood(back, part)
        for path, name, node in judged:
            if node not in to:
                yield f"{path}: {what} vehicle cannot reach station {name!r} from the other stations"
            elif node not in fro:
                yield f"{path}: {what} vehicle cannot leave station {name!r} for the other stations"


def main_part(ways: Sequence[Sequence[int]], back: Sequence[Sequence[int]], wanted: Sequence[int]) -> set[int]:
    """The strongly connected part of a graph that holds most of `wanted` nodes.

    Args:
        ways: for each node the nodes that its edges lead to; back: the nodes they come from.
    """
    left = set(wanted)
    best: set[int] = set()
    most = 0
    while len(left) > most:
        seed = {min(left)}
        part = _flood(ways, seed) & _flood(back, seed)
        held = len(left & part)
        if held > most:
            best, most = part, held
        left -= part
    return best


def _flood(ways: Sequence[Sequence[int]], seed: set[int]) -> set[int]:
    """All nodes that can be reached from `seed`, itself included."""
    seen = set(seed)
    front = list(seed)
    while front:
        front = [node for node in set(chain.from_iterable(ways[node] for node in front)) if node not in seen]
        seen.update(front)
    return seen
