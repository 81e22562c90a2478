"""Carriers through a recorded day: on which station or vehicle each is, and which lot is in it.

A carrier moves only on vehicles, and every move within the record is in it; an arm empties and fills it where it
stands. So its first mention says where it was before. One that is never mentioned holds the lot that it was last
brought with, if that lot has not begun its next step by the record's end; else nobody wrote down where it stands.
"""

from __future__ import annotations

import numpy as np

from heliograph.view.series import LONG_AGO, NEVER, Ints, Series, least_type, series_of
from heliograph.view.tables import Tables, codes, since_ms
from heliograph.view.vehicles import Moves

__all__ = ["carrier_series"]

_FILLED, _EMPTIED = 0, 1


def carrier_series(
    tables: Tables,
    start_ms: int,
    moves: Moves,
    stations: dict[str, int],
    carriers: dict[str, int],
    lots: dict[str, int],
    fleet: int,
) -> Series:
    """Where each carrier is.

    Columns: `place`, a station, or a vehicle's number with the number of stations added, the largest number: not known;
    `lot`, -1: none.
    """
    count = len(stations)
    kind = least_type(count + fleet)
    nowhere = int(np.iinfo(kind).max)
    taken, placed = moves.taken < NEVER, moves.placed < NEVER
    arms = _arms(tables, start_ms, stations, carriers, lots)
    carrier = np.concatenate((moves.carrier[taken], moves.carrier[placed], arms[0]))
    at = np.concatenate((moves.taken[taken], moves.placed[placed], arms[1]))
    place = np.concatenate((count + moves.vehicle[taken], moves.target[placed], arms[2]))
    lot = np.concatenate((moves.lot[taken], moves.lot[placed], np.where(arms[4] == _FILLED, arms[3], -1)))
    place_before = np.concatenate((moves.source[taken], count + moves.vehicle[placed], arms[2]))
    lot_before = np.concatenate((moves.lot[taken], moves.lot[placed], np.where(arms[4] == _EMPTIED, arms[3], -1)))
    # Of one instant: a vehicle puts down, then an arm works, then a vehicle takes.
    turn = np.repeat((2, 0, 1), (int(taken.sum()), int(placed.sum()), len(arms[0])))
    known = (carrier >= 0) & (place >= 0)
    within = known & (at >= 0)
    first_place, first_lot = np.full(len(carriers), nowhere), np.full(len(carriers), -1, np.int64)
    _still_waiting(tables, moves, lots, (first_place, first_lot))
    rides = np.flatnonzero((moves.carrier >= 0) & (moves.taken < 0) & ~placed)
    first_place[moves.carrier[rides]], first_lot[moves.carrier[rides]] = count + moves.vehicle[rides], moves.lot[rides]
    asked = np.flatnonzero((moves.carrier >= 0) & ~taken)
    first_place[moves.carrier[asked]], first_lot[moves.carrier[asked]] = moves.source[asked], moves.lot[asked]
    order = np.flatnonzero(within)
    order = order[np.lexsort((-turn[order], -at[order], carrier[order]))]  # the earliest of each comes last, and stays
    first_place[carrier[order]], first_lot[carrier[order]] = place_before[order], lot_before[order]
    every = np.arange(len(carriers))
    return series_of(
        len(carriers),
        np.concatenate((every, carrier[within])),
        np.concatenate((np.full(len(carriers), LONG_AGO), at[within])),
        np.concatenate((np.zeros(len(carriers), np.int64), turn[within])),
        place=np.concatenate((first_place, place[within])).astype(kind),
        lot=np.concatenate((first_lot, lot[within])).astype(np.int32),
    )


def _arms(
    tables: Tables, start_ms: int, stations: dict[str, int], carriers: dict[str, int], lots: dict[str, int]
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Carrier, time, station, lot, and whether it was filled or emptied."""
    table = tables.read("events", ["kind", "at_utc", "carrier", "station", "lot"])
    if table is None:
        none = np.zeros(0, np.int64)
        return none, none, none, none, none
    kind = codes(table["kind"], {"CarrierFilled": _FILLED, "CarrierEmptied": _EMPTIED})
    rows = np.flatnonzero(kind >= 0)
    names = ((table["carrier"], carriers), (table["station"], stations), (table["lot"], lots))
    carrier, station, lot = (codes(column, number)[rows] for column, number in names)
    return carrier, since_ms(table["at_utc"], start_ms)[rows], station, lot, kind[rows]


def _still_waiting(tables: Tables, moves: Moves, lots: dict[str, int], first: tuple[Ints, Ints]) -> None:
    """Where carriers stand that no event mentions, as far as the lots in them tell."""
    order = np.flatnonzero((moves.carrier >= 0) & (moves.lot >= 0) & (moves.taken < NEVER))
    order = order[np.argsort(moves.taken[order], kind="stable")]
    last = np.full(len(first[0]), -1, np.int64)
    last[moves.carrier[order]] = order
    waits = last[last >= 0]
    waits = waits[moves.placed[waits] < 0]
    table = tables.read("steps", ["lot", "start_utc"])
    if table is None or not len(waits):
        return
    begun = np.full(len(lots) + 1, -NEVER)
    start_ms = round(tables.record.start.timestamp() * 1000)
    np.maximum.at(begun, codes(table["lot"], lots), since_ms(table["start_utc"], start_ms))
    waits = waits[begun[moves.lot[waits]] < moves.placed[waits]]
    first[0][moves.carrier[waits]], first[1][moves.carrier[waits]] = moves.target[waits], moves.lot[waits]
