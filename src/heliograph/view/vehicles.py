"""Vehicles through a recorded day: every drive from node to node, every part of every move, what went wrong."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.daybook import I32
from heliograph.plant.roadmap import Roadmap
from heliograph.view.series import LONG_AGO, NEVER, Ints, Series, least_type, series_of
from heliograph.view.tables import Tables, codes, since_ms

__all__ = [
    "FULL",
    "MISHAP_KINDS",
    "PHASES",
    "Moves",
    "Visits",
    "doing_series",
    "drive_series",
    "held_by",
    "mishap_series",
    "read_moves",
    "read_visits",
    "turns",
]

PHASES: Final = ("none", "to_source", "taking", "to_target", "placing")
"""Parts of a move; `doing` is the index of one, and FULL more where the carrier holds a lot."""
FULL: Final = 8
MISHAP_KINDS: Final = ("none", "stall", "breakdown", "off_floor")
_VISIT: Final = ("claimed_utc", "arrived_utc", "left_utc")
_AT_ONCE: Final = 16
"""Vehicles whose drives are worked out at once: so few that all of it stays in the processor's cache."""
_TIMES: Final = ("wanted", "assigned", "at_source", "taken", "at_target", "placed")


class Visits(NamedTuple):
    """Every node that a vehicle held: one row each, by vehicle and time."""

    start: Ints
    """(v + 1,) vehicle i has the rows start[i] to start[i + 1]."""
    vehicle: I32
    node: I32
    claimed: Ints
    arrived: Ints
    """NEVER: not within the record."""
    left: Ints


class Moves(NamedTuple):
    """Every move, by its number; indices into the plant's stations, and -1 for none."""

    number: Ints
    carrier: Ints
    lot: Ints
    source: Ints
    target: Ints
    vehicle: Ints
    wanted: Ints
    assigned: Ints
    at_source: Ints
    taken: Ints
    at_target: Ints
    placed: Ints
    """Times in ms after the record's start; NEVER: not within the record."""


def read_visits(tables: Tables, start_ms: int, vehicles: dict[str, int], nodes: dict[str, int]) -> Visits:
    """The table `tracks`.

    It is much the largest of those that a floor is drawn from. Fresh memory costs as much as all the work, so the files
    are taken one after the other, and columns are put in order one by one.
    """
    named: tuple[list[I32], list[I32]] = ([], [])
    times: tuple[list[Ints], list[Ints], list[Ints]] = ([], [], [])
    for table in tables.parts("tracks", ("vehicle", "node", *_VISIT)):
        vehicle, node = codes(table["vehicle"], vehicles), codes(table["node"], nodes)
        known = (vehicle >= 0) & (node >= 0)
        which: slice | NDArray[np.bool_] = slice(None) if known.all() else known
        for found, column in zip(named, (vehicle, node), strict=True):
            found.append(column.astype(np.int32)[which])
        for moments, name in zip(times, _VISIT, strict=True):
            moments.append(since_ms(table[name], start_ms)[which])
    who = np.concatenate([np.zeros(0, np.int32), *named[0]])
    claimed = np.concatenate([np.zeros(0, np.int64), *times[0]])
    order = np.argsort(who.astype(least_type(len(vehicles))), kind="stable")
    late, same = claimed[order], who[order]
    if ((late[1:] < late[:-1]) & (same[1:] == same[:-1])).any():  # as written, each vehicle's rows are in order
        order = np.lexsort((claimed, who))
    return Visits(
        np.searchsorted(same, np.arange(len(vehicles) + 1)),
        same,
        np.concatenate([who[:0], *named[1]])[order],
        claimed[order],
        *(np.concatenate([claimed[:0], *moments])[order] for moments in times[1:]),
    )


def drive_series(visits: Visits, roadmap: Roadmap) -> tuple[Series, Ints]:
    """Every drive along a way, from its departure on; and the ways: (w, 2) nodes from and to, the layout's first.

    Columns: `way`; `took`, ms. At the first row a vehicle stands at the end of a way that leads there: how it came is
    not recorded. A vehicle that was taken off the floor and set back elsewhere has a way of its own there.
    """
    fleet, count = len(visits.start) - 1, len(roadmap.node_ids)
    known = roadmap.edge_from.astype(np.int64) * count + roadmap.edge_to
    entrance = np.arange(count)
    entrance[roadmap.edge_to] = roadmap.edge_from
    order = np.argsort(known, kind="stable")
    drives = [
        _drives(visits, slice(int(visits.start[first]), int(visits.start[min(first + _AT_ONCE, fleet)])), entrance)
        for first in range(0, fleet, _AT_ONCE)
    ]
    ways = [_found(each.wanted, known, order) for each in drives]
    odd = [each.wanted[way < 0] for each, way in zip(drives, ways, strict=True)]
    more = np.unique(np.concatenate([np.zeros(0, np.int64), *odd]))
    kind = least_type(len(known) + len(more))
    for way, wanted in zip(ways, odd, strict=True):
        way[way < 0] = len(known) + np.searchsorted(more, wanted)
    series = series_of(
        fleet,
        np.concatenate([np.zeros(0, np.int32), *(each.vehicle for each in drives)]),
        np.concatenate([np.zeros(0, np.int64), *(each.departs for each in drives)]),
        way=np.concatenate([np.zeros(0, kind), *(way.astype(kind) for way in ways)]),
        took=np.concatenate([np.zeros(0, np.uint32), *(each.took for each in drives)]),
    )
    every = np.concatenate((known, more))
    return series, np.column_stack((every // count, every % count))


class _Drives(NamedTuple):
    """Drives of some vehicles, by vehicle and time."""

    vehicle: I32
    departs: Ints
    took: NDArray[np.uint32]
    wanted: Ints
    """The way as one number: node from, times the number of nodes, and node to."""


def _drives(visits: Visits, its: slice, entrance: Ints) -> _Drives:
    """Drives of the vehicles whose visits are `its`; `entrance`: of each node, one from which a way leads there."""
    stood = visits.arrived[its] < NEVER
    vehicle, node = visits.vehicle[its][stood], visits.node[its][stood].astype(np.int64)
    arrived, claimed = visits.arrived[its][stood], visits.claimed[its][stood]
    new = np.ones(len(vehicle), bool)
    new[1:] = vehicle[1:] != vehicle[:-1]
    before, departs = np.roll(node, 1), np.maximum(claimed, np.roll(arrived, 1))
    before[new], departs[new] = entrance[node[new]], arrived[new]
    return _Drives(vehicle, departs, (arrived - departs).astype(np.uint32), before * len(entrance) + node)


def _found(wanted: Ints, known: Ints, order: Ints) -> Ints:
    """Where each way stands among the known ones, which `order` sorts; -1: nowhere."""
    if not len(known):
        return np.full(len(wanted), -1, np.int64)
    way: Ints = order[np.minimum(np.searchsorted(known[order], wanted), len(known) - 1)]
    way[known[way] != wanted] = -1
    return way


def read_moves(
    tables: Tables,
    start_ms: int,
    vehicles: dict[str, int],
    stations: dict[str, int],
    carriers: dict[str, int],
    lots: dict[str, int],
) -> Moves:
    """The table `moves`."""
    columns = ("move", "carrier", "lot", "source", "target", "vehicle", *(f"{name}_utc" for name in _TIMES))
    table = tables.read("moves", columns)
    if table is None:
        return Moves(*[np.zeros(0, np.int64)] * len(columns))
    return Moves(
        table["move"].to_numpy().astype(np.int64),
        codes(table["carrier"], carriers),
        codes(table["lot"], lots),
        codes(table["source"], stations),
        codes(table["target"], stations),
        codes(table["vehicle"], vehicles),
        *(since_ms(table[f"{name}_utc"], start_ms) for name in _TIMES),
    )


def turns(moves: Moves) -> tuple[Ints, Ints]:
    """Rows of the moves in which each vehicle did them, and when it began each.

    A move that was given while the one before was under way begins when that one is done.
    """
    given = np.flatnonzero((moves.vehicle >= 0) & (moves.assigned < NEVER))
    rows = given[np.lexsort((moves.assigned[given], moves.vehicle[given]))]
    begins = moves.assigned[rows].copy()
    same = np.concatenate((np.zeros(min(len(rows), 1), bool), np.diff(moves.vehicle[rows]) == 0))
    done = np.concatenate((begins[:1], moves.placed[rows][:-1]))
    late = same & (done < NEVER)
    begins[late] = np.maximum(begins[late], done[late])
    return rows, begins


def doing_series(moves: Moves, fleet: int, stations: int) -> Series:
    """What each vehicle is about.

    Columns: `doing`, see PHASES; `goal`, the station that it is bound for, the largest number: none.
    """
    rows, begins = turns(moves)
    full = FULL * (moves.lot[rows] >= 0)
    times = (begins, moves.at_source[rows], moves.taken[rows], moves.at_target[rows], moves.placed[rows])
    kind = least_type(stations)
    nowhere = np.full(len(rows), np.iinfo(kind).max, np.int64)
    ends = (moves.source[rows], moves.source[rows], moves.target[rows], moves.target[rows], nowhere)
    at = np.concatenate(times)
    doing = np.concatenate([(phase % 5) + (full if phase in (3, 4) else 0 * full) for phase in (1, 2, 3, 4, 5)])
    order = np.concatenate([5 * np.arange(len(rows)) + phase for phase in range(5)])
    vehicle, goal = np.tile(moves.vehicle[rows], 5), np.concatenate(ends)
    came = at < NEVER
    idle = np.arange(fleet)
    return series_of(
        fleet,
        np.concatenate((idle, vehicle[came])),
        np.concatenate((np.full(fleet, LONG_AGO), at[came])),
        np.concatenate((np.full(fleet, -1), order[came])),
        doing=np.concatenate((np.zeros(fleet), doing[came])).astype(np.uint8),
        goal=np.concatenate((np.full(fleet, np.iinfo(kind).max), goal[came])).astype(kind),
    )


def mishap_series(tables: Tables, start_ms: int, vehicles: dict[str, int]) -> Series:
    """Stalls and breakdowns; there are none where the run was not asked for them. Column: `kind`, see MISHAP_KINDS."""
    fleet = len(vehicles)
    table = tables.read("mishaps", ["vehicle", "kind", "start_utc", "towed_utc", "end_utc"])
    vehicle, at, kind = [np.arange(fleet)], [np.full(fleet, LONG_AGO)], [np.zeros(fleet, np.int64)]
    if table is not None:
        who = codes(table["vehicle"], vehicles)
        what = codes(table["kind"], {name: number for number, name in enumerate(MISHAP_KINDS)})
        towed = np.full(len(who), MISHAP_KINDS.index("off_floor"))
        for name, then in (("start_utc", what), ("towed_utc", towed), ("end_utc", 0 * what)):
            when = since_ms(table[name], start_ms)
            came = (when < NEVER) & (who >= 0)
            vehicle.append(who[came])
            at.append(when[came])
            kind.append(then[came])
    rows = [np.concatenate(parts) for parts in (vehicle, at, kind)]
    return series_of(fleet, rows[0], rows[1], kind=rows[2].astype(np.uint8))


def held_by(visits: Visits) -> tuple[Ints, Ints]:
    """The visits by node and time: where each node's rows begin, and the rows."""
    order = np.lexsort((visits.claimed, visits.node))
    nodes = int(visits.node.max(initial=-1)) + 1
    return np.searchsorted(visits.node[order], np.arange(nodes + 1)), order
