"""Lay out the floor: lines of machines between one-way aisles, cross roads at both ends.

One line, seen from above (x east, y north, metres; a slot is 3 m):

    y 15     P   P     C     P   P      parking and charging bays
    y 12  ─►─┬─┬─┬──▼──┬─┬─┬─┬──▲──►─   north aisle, one-way east
    y  9     i i i  │  i i i i  │       in ports: bays; a vehicle turns in, serves and comes out
    y  6    machine ▼  machines ▲       cross links, one-way, southward and northward in turn
    y  3     o o o  │  o o o o  │       out ports
    y  0  ─◄─┴─┴─┴──┴──┴─┴─┴─┴──┴──◄─   south aisle, one-way west
    y -3       P      P   C    P        parking and charging bays

Out ports lie on the aisle that runs back, in ports on the one that runs on: a full carrier goes west to the next
northward link, and comes back east past the next machines' in ports; an empty one closes the circle. No road is
two-way, so no two vehicles ever meet head on; a vehicle that serves a port stands off the road and blocks nobody.
At both ends a road of two lanes (keep right) joins all lines.

Node spacing is 3 m: one vehicle of 1.2 m x 0.9 m may stand and turn on a node without touching its neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from heliograph.plant.lif import (
    Edge,
    EdgeUse,
    Layout,
    Lif,
    LoadRestriction,
    Meta,
    Node,
    NodeUse,
    Position,
    Station,
    StationPosition,
)
from heliograph.plant.model import Machine, Stocker

__all__ = ["BAY_SPEED_M_S", "LINE_PITCH_M", "ROAD_SPEED_M_S", "SLOT_M", "Floor", "lay_out"]

SLOT_M = 3.0
LINE_PITCH_M = 21.0
ROAD_SPEED_M_S = 1.5
BAY_SPEED_M_S = 1.0
_NORTH_Y, _IN_Y, _MID_Y, _OUT_Y = 12.0, 9.0, 6.0, 3.0
_BLOCK_SLOTS = 3
"""A cross link follows as soon as this many slots of ports have passed since the last."""
_SPARE_PLACES = 1.10
"""Parking and charging places per vehicle."""
_CHARGERS = 0.10
_YARD_SLOTS = 4
"""Slots between two cross links of the parking yard that a very large fleet gets at the end of each line."""


@dataclass(frozen=True)
class Floor:
    """A laid-out floor: the layout file, and which of its stations are for parking and for charging."""

    lif: Lif
    parking: list[str]
    charging: list[str]


@dataclass
class _Drawing:
    """Nodes, edges and stations while they are being drawn."""

    vehicle_type: str
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    stations: list[Station] = field(default_factory=list)

    def node(self, name: str, x: float, y: float) -> str:
        use = [NodeUse(vehicle_type_id=self.vehicle_type)]
        place = Position(x=x, y=y)
        self.nodes.append(Node(node_id=name, map_id="floor", node_position=place, vehicle_type_node_properties=use))
        return name

    def edge(self, start: str, end: str, speed_m_s: float = ROAD_SPEED_M_S) -> None:
        use = EdgeUse(
            vehicle_type_id=self.vehicle_type,
            rotation_allowed=False,
            max_speed=speed_m_s,
            load_restriction=LoadRestriction(unloaded=True, loaded=True),
        )
        self.edges.append(
            Edge(edge_id=f"{start}>{end}", start_node_id=start, end_node_id=end, vehicle_type_edge_properties=[use])
        )

    def road(self, names: Sequence[str]) -> None:
        for start, end in pairwise(names):
            self.edge(start, end)

    def bay(self, name: str, at: str, x: float, y: float, north: bool, kind: str) -> None:
        """A dead-end place beside the road node `at`, with its station half a slot further in."""
        self.node(name, x, y)
        self.edge(at, name, BAY_SPEED_M_S)
        self.edge(name, at, BAY_SPEED_M_S)
        side = 1 if north else -1
        spot = StationPosition(x=x, y=y + side * SLOT_M / 2, theta=side * 1.5708)
        self.stations.append(
            Station(station_id=name, interaction_node_ids=[name], station_name=f"{kind} {name}", station_position=spot)
        )


@dataclass(frozen=True)
class _Column:
    """One slot of a line: the ports beside its two aisle nodes, or a cross link, or neither."""

    in_port: str = ""
    out_port: str = ""
    kind: str = "load port"
    link: bool = False
    yard: bool = False


def lay_out(
    name: str, title: str, row: Sequence[Sequence[Machine | Stocker]], vehicles: int, vehicle_type: str, timestamp: str
) -> Floor:
    """Draw the floor for `row[line]`, the machines and stockers of each line from west to east.

    Tools that follow each other with the same equipment stand side by side, without a cross link between them.
    A stocker's ports lie half on the north, half on the south aisle. Places for parking and charging are spread
    over the lines, a tenth more of them than there are vehicles; a fleet too large for the aisles gets a yard.
    """
    lines = len(row)
    chargers = _shares(max(2, math.ceil(vehicles * _CHARGERS)), lines)
    shares = _shares(math.ceil(vehicles * _SPARE_PLACES) + 1, lines)
    places = [max(share, charger + 1) for share, charger in zip(shares, chargers, strict=True)]
    columns = _even([_columns(machines) for machines in row])
    columns = _even([_with_yard(line, needed) for line, needed in zip(columns, places, strict=True)])
    drawing = _Drawing(vehicle_type)
    parking: list[str] = []
    charging: list[str] = []
    for index, line in enumerate(columns):
        _draw_line(drawing, index + 1, line)
        spots = _draw_places(drawing, index + 1, line, places[index], chargers[index])
        parking += spots[0]
        charging += spots[1]
    _draw_roads(drawing, lines, len(columns[0]))
    meta = Meta(project_identification=title, creator="Heliograph", export_timestamp=timestamp, lif_version="1.0.0")
    layout = Layout(
        layout_id=name,
        layout_name=title,
        layout_version="1",
        layout_description=f"{lines} lines, roads one-way, a node every {SLOT_M:g} m",
        nodes=drawing.nodes,
        edges=drawing.edges,
        stations=drawing.stations,
    )
    return Floor(Lif(meta_information=meta, layouts=[layout]), parking, charging)


def _shares(total: int, parts: int) -> list[int]:
    """`total` in `parts` nearly equal whole shares, the larger ones spread."""
    return [total * (part + 1) // parts - total * part // parts for part in range(parts)]


def _columns(machines: Sequence[Machine | Stocker]) -> list[_Column]:
    """The slots of one line: each machine's ports, and a cross link where a block of machines ends."""
    columns: list[_Column] = []
    since_link = 0
    for machine, after in zip(machines, [*machines[1:], None], strict=True):
        if isinstance(machine, Stocker):
            half = (len(machine.ports) + 1) // 2
            ins, outs, kind = machine.ports[:half], machine.ports[half:], "stocker port"
        else:
            ins, outs, kind = machine.in_ports, machine.out_ports, "load port"
        width = max(len(ins), len(outs))
        if not width:
            continue
        for slot in range(width):
            columns.append(_Column(ins[slot] if slot < len(ins) else "", outs[slot] if slot < len(outs) else "", kind))
        since_link += width
        twin = isinstance(machine, Machine) and isinstance(after, Machine) and machine.equipment == after.equipment
        if after is not None and not twin and since_link >= _BLOCK_SLOTS:
            columns.append(_Column(link=True))
            since_link = 0
    return columns


def _even(columns: Sequence[list[_Column]]) -> list[list[_Column]]:
    """All lines as long as the longest, so that the east road meets them all."""
    longest = max(len(line) for line in columns)
    return [line + [_Column()] * (longest - len(line)) for line in columns]


def _with_yard(columns: list[_Column], places: int) -> list[_Column]:
    """The line, lengthened until `places` bays fit beside it."""
    longer = list(columns)
    while len(_free_spots(longer)) < places:
        longer.append(_Column(link=True))
        longer += [_Column(yard=True)] * _YARD_SLOTS
    return longer


def _free_spots(columns: Sequence[_Column]) -> list[tuple[int, float]]:
    """(slot, y) where a parking bay may lie, west to east: outer sides of both aisles, inner sides in the yard."""
    spots: list[tuple[int, float]] = []
    for slot, column in enumerate(columns):
        if column.link:
            continue
        spots += [(slot, _NORTH_Y + SLOT_M), (slot, -SLOT_M)]
        if column.yard:
            spots += [(slot, _IN_Y), (slot, _OUT_Y)]
    return spots


def _draw_line(drawing: _Drawing, line: int, columns: Sequence[_Column]) -> None:
    """Aisles, ports and cross links of one line; slot 0 at x = 0."""
    base = (line - 1) * LINE_PITCH_M
    north = [drawing.node(f"L{line}-N{slot}", slot * SLOT_M, base + _NORTH_Y) for slot in range(len(columns))]
    south = [drawing.node(f"L{line}-S{slot}", slot * SLOT_M, base) for slot in range(len(columns))]
    drawing.road(north)
    drawing.road(south[::-1])
    # The west road leads north, so the first link leads south, and so on in turn.
    southward = True
    for slot, column in enumerate(columns):
        x = slot * SLOT_M
        if column.in_port:
            drawing.bay(column.in_port, north[slot], x, base + _IN_Y, north=False, kind=column.kind)
        if column.out_port:
            drawing.bay(column.out_port, south[slot], x, base + _OUT_Y, north=True, kind=column.kind)
        if column.link:
            depths = (_IN_Y, _MID_Y, _OUT_Y)
            link = [drawing.node(f"L{line}-X{slot}-{y:g}", x, base + y) for y in depths]
            way = [north[slot], *link, south[slot]]
            drawing.road(way if southward else way[::-1])
            southward = not southward


def _draw_places(
    drawing: _Drawing, line: int, columns: Sequence[_Column], places: int, chargers: int
) -> tuple[list[str], list[str]]:
    """Parking and charging bays of one line, evenly spread along it."""
    base = (line - 1) * LINE_PITCH_M
    spots = _free_spots(columns)
    chosen = [spots[(2 * place + 1) * len(spots) // (2 * places)] for place in range(places)]
    charged = {(2 * charger + 1) * places // (2 * chargers) for charger in range(chargers)}
    parking: list[str] = []
    charging: list[str] = []
    for place, (slot, y) in enumerate(chosen):
        kind, names, stem = ("charger", charging, "CHG") if place in charged else ("parking", parking, "PARK")
        name = f"L{line}-{stem}{len(names) + 1}"
        aisle = "N" if y > _MID_Y else "S"
        drawing.bay(name, f"L{line}-{aisle}{slot}", slot * SLOT_M, base + y, y in (_NORTH_Y + SLOT_M, _OUT_Y), kind)
        names.append(name)
    return parking, charging


def _draw_roads(drawing: _Drawing, lines: int, slots: int) -> None:
    """The cross roads at both ends: two lanes each, keep right, turning back at their ends."""
    first, last = -1, round(((lines - 1) * LINE_PITCH_M + _NORTH_Y) / SLOT_M) + 1
    rows = range(first, last + 1)
    end_x = (slots - 1) * SLOT_M
    lanes = {"WU": -SLOT_M, "WD": -2 * SLOT_M, "ED": end_x + SLOT_M, "EU": end_x + 2 * SLOT_M}
    names = {
        lane: {row: drawing.node(f"{lane}{row - first}", x, row * SLOT_M) for row in rows} for lane, x in lanes.items()
    }
    for lane, nodes in names.items():
        upward = [nodes[row] for row in rows]
        drawing.road(upward if lane.endswith("U") else upward[::-1])
    drawing.edge(names["WD"][first], names["WU"][first])
    drawing.edge(names["WU"][last], names["WD"][last])
    drawing.edge(names["ED"][first], names["EU"][first])
    drawing.edge(names["EU"][last], names["ED"][last])
    for line in range(lines):
        south = round(line * LINE_PITCH_M / SLOT_M)
        north = south + round(_NORTH_Y / SLOT_M)
        stem = f"L{line + 1}"
        drawing.road([f"{stem}-S0", names["WU"][south], names["WD"][south]])
        drawing.road([names["WD"][north], names["WU"][north], f"{stem}-N0"])
        drawing.road([f"{stem}-N{slots - 1}", names["ED"][north], names["EU"][north]])
        drawing.road([names["EU"][south], names["ED"][south], f"{stem}-S{slots - 1}"])
