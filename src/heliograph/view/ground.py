"""What stands still: the floor of a plant as the page draws it.

Coordinates are metres as on a screen: x to the right, y down. Layouts say where ports are, not how large machines are:
a machine is drawn as the box around its ports and a little more. Machines connected behind another have no ports; they
are parts of its box, in their order.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np

from heliograph.plant.read import PlantFiles
from heliograph.view.series import Ints

__all__ = ["Box", "Ground", "Spot", "ground_of", "layout_ways"]

EDGE_M: Final = 1.2
"""A machine reaches so far beyond its ports."""
DEEPEST_M: Final = 3.0
MARGIN_M: Final = 4.0
_HEAD_SHARE: Final = 0.4
"""A machine with others connected behind it keeps so much of its box."""


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A machine or a stocker."""

    id: str
    line: int
    code: str
    """Equipment type; of a stocker: STK."""
    name: str
    name_zh: str
    step: str
    """Step of the route, or empty."""
    box: tuple[float, float, float, float] | None
    """Left, top, right, bottom; None: the layout does not say where it is."""
    behind: str = ""
    slots: int = 0
    """Of a stocker: carriers that it holds."""


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A station: load port, stocker port, parking or charging place."""

    id: str
    x: float
    y: float
    kind: str
    """port, stocker, parking or charging."""
    of: str = ""
    """Machine or stocker."""
    deep: tuple[float, float] = (0.0, 0.0)
    """How far its machine reaches behind it, away from where a vehicle stands: twice as far as that is away."""


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """The floor."""

    bounds: tuple[float, float, float, float]
    nodes: list[str]
    x: list[float]
    y: list[float]
    ways: list[int]
    """Nodes from and to of each way, in turn; the first `layout_ways` are the layout's."""
    layout_ways: int
    machines: list[Box]
    stockers: list[Box]
    stations: list[Spot]
    charging: list[int]
    """Nodes at which vehicles charge."""
    vehicle_m: tuple[float, float]
    """Length and width."""


def layout_ways(files: PlantFiles) -> Ints:
    """(w, 2) nodes from and to of every way of the layout."""
    road = files.roadmap
    return np.column_stack((road.edge_from, road.edge_to)).astype(np.int64)


def ground_of(files: PlantFiles, ways: Ints) -> Ground:
    """The floor of a plant; `ways` (w, 2) are the nodes from and to of every way, the layout's first."""
    road, plant = files.roadmap, files.plant
    top = float(road.y_m.max())
    x, y = road.x_m.round(3), (top - road.y_m).round(3)
    centre = {
        station.station_id: (round(station.station_position.x, 3), round(top - station.station_position.y, 3))
        for layout in files.layout.layouts
        for station in layout.stations
        if station.station_position is not None
    }
    owner = {port: machine.id for machine in plant.machines for port in (*machine.in_ports, *machine.out_ports)}
    stored = {port: stocker.id for stocker in plant.stockers for port in stocker.ports}
    fleet = plant.vehicles
    kinds = {**dict.fromkeys(fleet.parking, "parking"), **dict.fromkeys(fleet.charging, "charging")}
    stations = []
    for name, node in road.station_node.items():
        spot = centre.get(name, (float(x[node]), float(y[node])))
        kind = "stocker" if name in stored else kinds.get(name, "port")
        of = owner.get(name, stored.get(name, ""))
        away = (spot[0] - float(x[node]), spot[1] - float(y[node]))
        far = math.hypot(*away)
        times = min(2.0, DEEPEST_M / far) if of and far else 0.0
        deep = (round(times * away[0], 3), round(times * away[1], 3))
        stations.append(Spot(id=name, x=spot[0], y=spot[1], kind=kind, of=of, deep=deep))
    return Ground(
        bounds=(
            float(x.min()) - MARGIN_M,
            float(y.min()) - MARGIN_M,
            float(x.max()) + MARGIN_M,
            float(y.max()) + MARGIN_M,
        ),
        nodes=list(road.node_ids),
        x=x.tolist(),
        y=y.tolist(),
        ways=ways.reshape(-1).tolist(),
        layout_ways=len(road.edge_from),
        machines=_machines(files, stations),
        stockers=_stockers(files, stations),
        stations=stations,
        charging=sorted({road.station_node[name] for name in fleet.charging}),
        vehicle_m=(fleet.length_m, fleet.width_m),
    )


_Rectangle = tuple[float, float, float, float]


def _around(name: str, stations: list[Spot]) -> _Rectangle | None:
    spots = [(spot.x, spot.y) for spot in stations if spot.of == name]
    if not spots:
        return None
    spots += [(spot.x + spot.deep[0], spot.y + spot.deep[1]) for spot in stations if spot.of == name]
    xs, ys = zip(*spots, strict=True)
    ends = (min(xs) - EDGE_M, min(ys) - EDGE_M, max(xs) + EDGE_M, max(ys) + EDGE_M)
    left, top, right, bottom = (round(end, 3) for end in ends)
    return left, top, right, bottom


def _machines(files: PlantFiles, stations: list[Spot]) -> list[Box]:
    plant = files.plant
    types = {equipment.code: equipment for equipment in plant.equipment}
    steps = {step.equipment: step.code for step in plant.steps}
    heads = {member: machine.id for machine in plant.machines for member in machine.members}
    boxes: dict[str, _Rectangle | None] = {}
    for machine in plant.machines:
        if machine.id not in heads:
            around = _around(machine.id, stations)
            boxes.update(zip((machine.id, *machine.members), _parts(around, len(machine.members)), strict=True))
    return [
        Box(
            id=machine.id,
            line=machine.line,
            code=machine.equipment,
            name=types[machine.equipment].name,
            name_zh=types[machine.equipment].name_zh,
            step=steps.get(machine.equipment, ""),
            box=boxes.get(machine.id),
            behind=heads.get(machine.id, ""),
        )
        for machine in plant.machines
    ]


def _parts(box: _Rectangle | None, members: int) -> list[_Rectangle | None]:
    """A machine's own part of its box, from the left, and those of its members."""
    if box is None or not members:
        return [box] + [None] * members
    left, top, right, bottom = box
    width = right - left
    cuts = [
        left,
        *(left + width * (_HEAD_SHARE + (1 - _HEAD_SHARE) * part / members) for part in range(members)),
        right,
    ]
    return [(round(a, 3), top, round(b, 3), bottom) for a, b in pairwise(cuts)]


def _stockers(files: PlantFiles, stations: list[Spot]) -> list[Box]:
    return [
        Box(
            id=stocker.id,
            line=stocker.line,
            code="STK",
            name="stocker",
            name_zh="料库",
            step="",
            box=_around(stocker.id, stations),
            slots=stocker.slots,
        )
        for stocker in files.plant.stockers
    ]
