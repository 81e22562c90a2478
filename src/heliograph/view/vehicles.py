"""Vehicles through a recorded day: every drive from node to node, every part of every move, what went wrong."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.daybook import I32
from heliograph.view.series import LONG_AGO, NEVER, Ints, Series, least_type, series_of
from heliograph.view.tables import Tables, codes, since_ms

__all__ = [
    "FULL",
    "MISHAP_KINDS",
    "PHASES",
    "Moves",
    "Visits",
    "doing_series",
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
    """The table `tracks`, file by file and column by column: see `view.drives`."""
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
