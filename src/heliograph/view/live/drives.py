"""The drives of a run in progress: arrivals as they are told, and who is under way now, with the arrival expected."""

from __future__ import annotations

import numpy as np

from heliograph.plant.read import PlantFiles
from heliograph.view.live.growing import Growing
from heliograph.view.live.portion import Portion
from heliograph.view.series import LONG_AGO, Ints

__all__ = ["Drives"]


class Drives:
    """Every drive along a way; see `view.drives.drive_series`."""

    def __init__(self, files: PlantFiles) -> None:
        roadmap, fleet = files.roadmap, files.plant.vehicles.count
        self.series = Growing(fleet, way=np.uint32, took=np.uint32)
        self._count = len(roadmap.node_ids)
        known = roadmap.edge_from.astype(np.int64) * self._count + roadmap.edge_to
        self._order = np.argsort(known, kind="stable")
        self._sorted = known[self._order]
        self.layout_ways = np.column_stack((roadmap.edge_from, roadmap.edge_to)).astype(np.int64)
        self.more_ways: list[tuple[int, int]] = []
        """Nodes from and to of ways that the layout does not have, in the order in which each was first driven."""
        self._more: dict[int, int] = {}
        self._entrance = np.arange(self._count)
        self._entrance[roadmap.edge_to] = roadmap.edge_from
        self._node = np.full(fleet, -1, np.int64)
        self._came = np.full(fleet, LONG_AGO, np.int64)
        self._way = np.zeros(fleet, np.int64)
        """The way that each came by to its node."""
        self._open = np.full(fleet, -1, np.int64)
        """The row of the drive that each is on; -1: it stands."""
        self._claim = np.zeros(fleet, np.int64)
        self.want = np.full(fleet, -1, np.int64)
        """The node that each waits for now; -1: it waits for none."""

    def ends(self, rows: Ints) -> Ints:
        """(k, 2) nodes from and to of the ways of these rows."""
        way = self.series.columns["way"][rows].astype(np.int64)
        layout = len(self.layout_ways)
        found = np.zeros((len(way), 2), np.int64)
        known = way < layout
        found[known] = self.layout_ways[way[known]]
        for place in np.flatnonzero(~known).tolist():
            found[place] = self.more_ways[int(way[place]) - layout]
        return found

    def open_since(self) -> int:
        """The earliest departure of a drive that has not arrived."""
        rows = self._open[self._open >= 0]
        return int(self.series.at[rows].min()) if len(rows) else int(np.iinfo(np.int64).max)

    def close(self) -> None:
        """No drive under way arrives any more."""
        self._cancel(np.flatnonzero(self._open >= 0))

    def _cancel(self, vehicles: Ints) -> None:
        """A drive that never arrives: as if it stood where it came from."""
        rows = self._open[vehicles]
        self.series.columns["way"][rows] = self._way[vehicles]
        self.series.columns["took"][rows] = 0
        self._open[vehicles] = -1

    def add(self, portion: Portion) -> None:
        """Arrivals, and those who are under way now."""
        here = portion.here
        self.want = here[8]
        stands = np.flatnonzero(here[0])
        vehicle = np.concatenate((portion.visits[0], stands))
        node, claimed, arrived = np.concatenate((portion.visits[1:4], here[1:4, stands]), axis=1)
        new = np.flatnonzero(arrived > self._came[vehicle])
        new = new[np.lexsort((arrived[new], vehicle[new]))]
        arrivals = self._arrivals(vehicle[new], node[new], claimed[new], arrived[new])
        under_way = np.flatnonzero((here[0] > 0) & (here[4] >= 0))
        gone = np.ones(len(self._open), bool)
        gone[under_way] = self._claim[under_way] != here[5, under_way]
        self._cancel(np.flatnonzero((self._open >= 0) & gone))
        going_on = under_way[self._open[under_way] >= 0]
        rows = self._open[going_on]
        self.series.columns["took"][rows] = np.maximum(here[6, going_on] - self.series.at[rows], 1)
        sets_out = under_way[self._open[under_way] < 0]
        departs = np.maximum(here[5, sets_out], self._came[sets_out])
        ways = self._ways(self._node[sets_out], here[4, sets_out])
        columns = (sets_out, departs, ways, np.maximum(here[6, sets_out] - departs, 1))
        thing, at, way, took = (np.concatenate(both) for both in zip(arrivals, columns, strict=True))
        rows = self.series.add(thing, at, way=way, took=took)
        self._open[sets_out] = rows[len(arrivals[0]) :]
        self._claim[sets_out] = here[5, sets_out]

    def _arrivals(self, vehicle: Ints, node: Ints, claimed: Ints, arrived: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """Drives that have arrived: vehicle, departure, way, how long it took; those told before are mended."""
        if not len(vehicle):
            return vehicle, arrived, node, claimed
        first = np.concatenate(([True], vehicle[1:] != vehicle[:-1]))
        before = np.where(first, self._node[vehicle], np.concatenate(([-1], node[:-1])))
        came = np.where(first, self._came[vehicle], np.concatenate(([LONG_AGO], arrived[:-1])))
        never = before < 0
        departs = np.where(never, arrived, np.maximum(claimed, came))
        way = self._ways(np.where(never, self._entrance[node], before), node)
        took = arrived - departs
        told = np.flatnonzero(first & (self._open[vehicle] >= 0) & (self._claim[vehicle] == claimed))
        rows = self._open[vehicle[told]]
        self.series.columns["took"][rows] = np.maximum(arrived[told] - self.series.at[rows], 0)
        self._open[vehicle[told]] = -1
        self._cancel(vehicle[first & (self._open[vehicle] >= 0)])
        last = np.concatenate((first[1:], [True]))
        self._node[vehicle[last]], self._came[vehicle[last]] = node[last], arrived[last]
        self._way[vehicle[last]] = way[last]
        fresh = np.ones(len(vehicle), bool)
        fresh[told] = False
        return vehicle[fresh], departs[fresh], way[fresh], took[fresh]

    def _ways(self, before: Ints, node: Ints) -> Ints:
        wanted = before * self._count + node
        place = np.minimum(np.searchsorted(self._sorted, wanted), max(len(self._sorted) - 1, 0))
        way: Ints = self._order[place] if len(self._sorted) else np.zeros(len(wanted), np.int64)
        odd = self._sorted[place] != wanted if len(self._sorted) else np.ones(len(wanted), bool)
        for row in np.flatnonzero(odd).tolist():
            key = int(wanted[row])
            number = self._more.get(key)
            if number is None:
                number = self._more[key] = len(self._sorted) + len(self.more_ways)
                self.more_ways.append((int(before[row]), int(node[row])))
            way[row] = number
        return way
