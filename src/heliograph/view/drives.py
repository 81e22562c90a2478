"""Drives of vehicles through a recorded day, from the table `tracks`: much the largest that a floor is drawn from.

Fresh memory costs as much as all the work, so the table's files are taken one after the other; what a vehicle did last
is carried on from each to the next, and only what is drawn is kept.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from heliograph.daybook import I32
from heliograph.plant.roadmap import Roadmap
from heliograph.view.series import NEVER, Ints, Series, least_type, series_of
from heliograph.view.tables import Tables, codes, since_ms

__all__ = ["drive_series"]

_COLUMNS: Final = ("vehicle", "node", "claimed_utc", "arrived_utc")
_NOWHERE: Final = -1


def drive_series(
    tables: Tables, start_ms: int, vehicles: dict[str, int], nodes: dict[str, int], roadmap: Roadmap
) -> tuple[Series, Ints]:
    """Every drive along a way, from its departure on; and the ways: (w, 2) nodes from and to, the layout's first.

    Columns: `way`; `took`, ms. At the first row a vehicle stands at the end of a way that leads there: how it came is
    not recorded. A vehicle that was taken off the floor and set back elsewhere has a way of its own there.
    """
    fleet, count = len(vehicles), len(roadmap.node_ids)
    drivers = _Drivers(fleet, roadmap)
    files = (_stops(table, start_ms, vehicles, nodes) for table in tables.parts("tracks", _COLUMNS))
    parts = [drivers.drive(stops) for stops in files]
    if drivers.late:  # files that do not follow each other: then all of it at once
        table = tables.read("tracks", _COLUMNS)
        drivers = _Drivers(fleet, roadmap)
        parts = [drivers.drive(_stops(table, start_ms, vehicles, nodes))] if table is not None else []
    odd = [part.odd for part in parts]
    more = np.unique(np.concatenate([np.zeros(0, np.int64), *odd]))
    known = len(roadmap.edge_from)
    kind = least_type(known + len(more))
    for part in parts:
        part.way[part.way == _NOWHERE] = known + np.searchsorted(more, part.odd)
    vehicle = np.concatenate([np.zeros(0, np.int32), *(part.vehicle for part in parts)])
    order = np.argsort(vehicle.astype(least_type(fleet)), kind="stable")
    series = series_of(
        fleet,
        vehicle[order],
        np.concatenate([np.zeros(0, np.int64), *(part.departs for part in parts)])[order],
        way=np.concatenate([np.zeros(0, kind), *(part.way.astype(kind) for part in parts)])[order],
        took=np.concatenate([np.zeros(0, np.uint32), *(part.took for part in parts)])[order],
    )
    layout = np.column_stack((roadmap.edge_from, roadmap.edge_to)).astype(np.int64)
    return series, np.concatenate((layout, np.column_stack((more // count, more % count))))


class _Stops(NamedTuple):
    """Nodes on which vehicles stood, by vehicle and time."""

    vehicle: I32
    node: I32
    claimed: Ints
    arrived: Ints


def _stops(table: pa.Table, start_ms: int, vehicles: dict[str, int], nodes: dict[str, int]) -> _Stops:
    vehicle = codes(table["vehicle"], vehicles).astype(np.int32)
    node = codes(table["node"], nodes).astype(np.int32)
    claimed, arrived = since_ms(table["claimed_utc"], start_ms), since_ms(table["arrived_utc"], start_ms)
    stood = np.flatnonzero((vehicle >= 0) & (node >= 0) & (arrived < NEVER))
    order = stood[np.argsort(vehicle[stood].astype(least_type(len(vehicles))), kind="stable")]
    who, when = vehicle[order], claimed[order]
    if ((who[1:] == who[:-1]) & (when[1:] < when[:-1])).any():  # as written, each vehicle's rows are in order
        order = stood[np.lexsort((claimed[stood], vehicle[stood]))]
    return _Stops(vehicle[order], node[order], claimed[order], arrived[order])


class _Drives(NamedTuple):
    """Drives, by vehicle and time."""

    vehicle: I32
    departs: Ints
    took: NDArray[np.uint32]
    way: I32
    """_NOWHERE: one that the layout has not; see `odd`."""
    odd: Ints
    """Of each such drive its way as one number: node from, times the number of nodes, and node to."""


class _Drivers:
    """Where each vehicle stood last, and the ways that it may have come by."""

    def __init__(self, fleet: int, roadmap: Roadmap) -> None:
        self.late = False
        """Whether some vehicle's rows came after later ones."""
        count = len(roadmap.node_ids)
        self._node = np.full(fleet, _NOWHERE, np.int64)
        self._claimed, self._arrived = np.full(fleet, -NEVER), np.full(fleet, -NEVER)
        self._entrance = np.arange(count)
        self._entrance[roadmap.edge_to] = roadmap.edge_from
        ways = roadmap.edge_from.astype(np.int64) * count + roadmap.edge_to
        self._order = np.argsort(ways, kind="stable")
        self._ways = ways[self._order]

    def drive(self, stops: _Stops) -> _Drives:
        """The drives that lead to these stops, which come after all before."""
        vehicle, node = stops.vehicle, stops.node.astype(np.int64)
        first, last = np.ones(len(vehicle), bool), np.ones(len(vehicle), bool)
        first[1:] = vehicle[1:] != vehicle[:-1]
        last[:-1] = first[1:]
        before, came = np.roll(node, 1), np.roll(stops.arrived, 1)
        who = vehicle[first]
        self.late |= bool((stops.claimed[first] < self._claimed[who]).any())
        new = self._node[who] == _NOWHERE
        before[first] = np.where(new, self._entrance[node[first]], self._node[who])
        came[first] = np.where(new, stops.arrived[first], self._arrived[who])
        who = vehicle[last]
        self._node[who], self._claimed[who], self._arrived[who] = node[last], stops.claimed[last], stops.arrived[last]
        departs = np.maximum(stops.claimed, came)
        wanted = before * len(self._entrance) + node
        way = np.full(len(wanted), _NOWHERE, np.int32)
        if len(self._ways):
            place = np.minimum(np.searchsorted(self._ways, wanted), len(self._ways) - 1)
            way = np.where(self._ways[place] == wanted, self._order[place], _NOWHERE).astype(np.int32)
        return _Drives(vehicle, departs, (stops.arrived - departs).astype(np.uint32), way, wanted[way == _NOWHERE])
