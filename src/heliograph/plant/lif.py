"""The layout interchange format of VDMA (LIF 1.0): the floor as nodes, edges and stations.

Written strictly: the result validates against the published schema (`standards/LIF.schema`, MIT licence beside it).
Read leniently, because the specification's own examples fail that schema: a number written as text is taken as the
number, a missing list of stations as an empty one, and each such favour is named in a warning. Keys that this
program does not use (trajectories, actions, orientations) are passed over.
"""

from __future__ import annotations

import math
from importlib import resources
from typing import Any

import msgspec
import numpy as np

from heliograph.plant.model import Vehicles
from heliograph.plant.roadmap import Roadmap, build_roadmap

__all__ = [
    "Edge",
    "EdgeUse",
    "Layout",
    "Lif",
    "LoadRestriction",
    "Meta",
    "Node",
    "NodeUse",
    "Position",
    "Station",
    "StationPosition",
    "lenient",
    "roadmap_of",
    "schema",
    "write_lif",
]


class _Lif(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Names in the file are camelCase."""


class Meta(_Lif, frozen=True, kw_only=True):
    """Who wrote the layout, when, in which version of the format."""

    project_identification: str
    creator: str
    export_timestamp: str
    lif_version: str


class Position(_Lif, frozen=True, kw_only=True):
    """A point of the floor, metres."""

    x: float
    y: float


class StationPosition(_Lif, frozen=True, kw_only=True):
    """Centre of a station, for drawings; theta in radians."""

    x: float
    y: float
    theta: float | None = None


class NodeUse(_Lif, frozen=True, kw_only=True):
    """A vehicle type that may stand on the node."""

    vehicle_type_id: str
    theta: float | None = None


class Node(_Lif, frozen=True, kw_only=True):
    """A point where a vehicle may stop."""

    node_id: str
    node_position: Position
    vehicle_type_node_properties: list[NodeUse]
    map_id: str | None = None


class LoadRestriction(_Lif, frozen=True, kw_only=True):
    """Whether an empty and a loaded vehicle may use the edge."""

    unloaded: bool
    loaded: bool


class EdgeUse(_Lif, frozen=True, kw_only=True):
    """What a vehicle type may do on the edge."""

    vehicle_type_id: str
    rotation_allowed: bool
    max_speed: float | None = None
    load_restriction: LoadRestriction | None = None


class Edge(_Lif, frozen=True, kw_only=True):
    """One direction of a way between two nodes."""

    edge_id: str
    start_node_id: str
    end_node_id: str
    vehicle_type_edge_properties: list[EdgeUse]


class Station(_Lif, frozen=True, kw_only=True):
    """A place with a purpose: load port, stocker port, parking or charging place."""

    station_id: str
    interaction_node_ids: list[str]
    station_name: str | None = None
    station_description: str | None = None
    station_position: StationPosition | None = None


class Layout(_Lif, frozen=True, kw_only=True):
    """One floor."""

    layout_id: str
    layout_version: str
    nodes: list[Node]
    edges: list[Edge]
    stations: list[Station]
    layout_name: str | None = None
    layout_description: str | None = None


class Lif(_Lif, frozen=True, kw_only=True):
    """A whole layout file."""

    meta_information: Meta
    layouts: list[Layout]


def schema() -> dict[str, Any]:
    """The published JSON schema, as parsed JSON."""
    text = resources.files("heliograph.plant").joinpath("standards/LIF.schema").read_text(encoding="utf-8")
    parsed: dict[str, Any] = msgspec.json.decode(text)
    return parsed


def write_lif(lif: Lif) -> bytes:
    """The file's text: one node, edge or station per line, so that a difference between two floors can be read."""
    coded = msgspec.json.Encoder()
    lines = ["{", f'"metaInformation":{coded.encode(lif.meta_information).decode()},', '"layouts":[']
    for number, layout in enumerate(lif.layouts):
        head = {
            "layoutId": layout.layout_id,
            "layoutName": layout.layout_name,
            "layoutVersion": layout.layout_version,
            "layoutDescription": layout.layout_description,
        }
        lines.append("{")
        lines += [f'"{key}":{coded.encode(value).decode()},' for key, value in head.items() if value is not None]
        for key, things in (("nodes", layout.nodes), ("edges", layout.edges), ("stations", layout.stations)):
            lines.append(f'"{key}":[')
            lines.append(",\n".join(coded.encode(thing).decode() for thing in things))
            lines.append("]" if key == "stations" else "],")
        lines.append("}" if number == len(lif.layouts) - 1 else "},")
    lines += ["]", "}", ""]
    return "\n".join(lines).encode()


_NUMBERS = {"x", "y", "theta", "maxSpeed", "maxRotationSpeed", "vehicleOrientation", "minHeight", "maxHeight"}


def lenient(raw: Any, path: str = "$") -> tuple[Any, list[str]]:
    """What the file means where it strays from the schema in known ways, and a warning for each favour done."""
    warnings: list[str] = []
    if isinstance(raw, list):
        items = []
        for index, item in enumerate(raw):
            mended, more = lenient(item, f"{path}[{index}]")
            items.append(mended)
            warnings += more
        return items, warnings
    if not isinstance(raw, dict):
        return raw, warnings
    table: dict[str, Any] = {}
    for key, value in raw.items():
        here = f"{path}.{key}"
        if key in _NUMBERS and isinstance(value, str):
            try:
                number = float(value)
            except ValueError:
                number = math.nan
            if math.isfinite(number):
                warnings.append(f"{here}: a number written as text, {value!r}; taken as {number:g}")
                table[key] = number
                continue
        table[key], more = lenient(value, here)
        warnings += more
    if "nodes" in table and "edges" in table and "stations" not in table:
        warnings.append(f"{path}.stations: missing; taken as no stations")
        table["stations"] = []
    return table, warnings


def roadmap_of(lif: Lif, vehicles: Vehicles) -> Roadmap:
    """The arrays of a layout that `check` found sound, for the plant's one vehicle type.

    A station with several interaction nodes is served at the first.
    """
    nodes = [node for layout in lif.layouts for node in layout.nodes]
    edges = [edge for layout in lif.layouts for edge in layout.edges]
    stations = [station for layout in lif.layouts for station in layout.stations]
    number = {node.node_id: index for index, node in enumerate(nodes)}
    speed_m_s = np.zeros((2, len(edges)))
    for index, edge in enumerate(edges):
        for use in edge.vehicle_type_edge_properties:
            if use.vehicle_type_id == vehicles.type:
                limit = math.inf if use.max_speed is None else use.max_speed
                allowed = use.load_restriction or LoadRestriction(unloaded=True, loaded=True)
                speed_m_s[0, index] = min(limit, vehicles.speed_empty_m_s) if allowed.unloaded else 0.0
                speed_m_s[1, index] = min(limit, vehicles.speed_loaded_m_s) if allowed.loaded else 0.0
    return build_roadmap(
        tuple(node.node_id for node in nodes),
        np.array([node.node_position.x for node in nodes], np.float64),
        np.array([node.node_position.y for node in nodes], np.float64),
        np.array([number[edge.start_node_id] for edge in edges], np.int32),
        np.array([number[edge.end_node_id] for edge in edges], np.int32),
        speed_m_s,
        {station.station_id: number[station.interaction_node_ids[0]] for station in stations},
    )
