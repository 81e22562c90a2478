"""What a recorded day says, worked out from the tables on its discs without Heliograph.

xorriso takes the files off the images, DuckDB reads them, and the state of the floor at a time follows from SQL over
tracks, events, states and moves. The view reads the same tables into arrays and searches those; the two share no line.

    truth = Truth(taken_off(images, folder))
    truth.wrong(floor, chunk_of, times)         # what a view tells otherwise, in words
    truth.cells(10, seed=1)                     # cells by chance, with all that is known of each

`floor` is the answer to /api/floor, `chunk_of(time)` that to /api/chunk?from=TIME&to=TIME. A carrier that no event
mentions may be told as unknown, or as standing where its last move left it.
"""

from __future__ import annotations

import json
import struct
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

__all__ = ["Cell", "Shown", "Truth", "read_chunk", "taken_off"]

TYPES = {"uint8": "B", "uint16": "H", "uint32": "I", "int32": "i"}
PHASES = ("none", "to_source", "taking", "to_target", "placing")
NEAR_M = 1e-3
"""Layouts are told to the millimetre."""
Shown = dict[str, list[list[dict[str, int]]]]
"""Of each series the rows of each thing: `at`, ms after the record's start, and the columns."""


class Cell(NamedTuple):
    """A cell as the tables have it; times in ms after the record's start."""

    id: str
    lot: str
    basket: int
    slot: int
    made_ms: int
    steps: tuple[tuple[str, int, int], ...]
    """Machine, unit and time of each step, in their order."""
    carrier: str
    """The one that its lot was put into next; empty: not within the record."""


def taken_off(images: Sequence[Path], folder: Path) -> Path:
    """Take `record` and `plant` off the images, with xorriso; where they are now."""
    for image in images:
        command = ["xorriso", "-osirrox", "on", "-indev", str(image), "-extract", "/data", str(folder)]
        subprocess.run(command, check=True, capture_output=True)
        subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
    return folder


def read_chunk(raw: bytes, layout: Sequence[Any]) -> tuple[float, Shown]:
    """When a chunk begins, and what it holds, as `view/series.py` describes it, value by value: what the page does."""
    begins, _ = struct.unpack_from("<dd", raw, 0)
    offset = 16

    def take(letter: str, count: int) -> list[int]:
        nonlocal offset
        values = list(struct.unpack_from(f"<{count}{letter}", raw, offset))
        offset += -(-struct.calcsize(f"<{count}{letter}") // 4) * 4
        return values

    found: Shown = {}
    for name, things, columns in layout:
        (count,) = take("I", 1)
        each = take("H", things)
        if sum(each) != count:
            raise ValueError(f"{name}: {count} rows announced, {sum(each)} counted")
        values = {"at": [int(begins) + at for at in take("i", count)]}
        values |= {column: take(TYPES[kind], count) for column, kind in columns}
        rows = iter([dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)])
        found[name] = [[next(rows) for _ in range(number)] for number in each]
    if offset != len(raw):
        raise ValueError(f"{len(raw) - offset} bytes too many")
    return begins, found


class Truth:
    """A record and its plant, as files."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds `record` and `plant`."""
        self.db = duckdb.connect()
        self.db.execute("set threads = 1; set timezone = 'UTC'")
        for table in ("tracks", "states", "events", "moves", "cells", "vehicles", "machines"):
            files = sorted(str(path) for path in (folder / "record").glob(f"{table}*.parquet"))
            self.db.execute(f"create view {table} as from read_parquet({files}, union_by_name = true)")
        of = str(next((folder / "record").glob("lots*.parquet")))
        told = self.db.execute("select key::text, value::text from parquet_kv_metadata(?)", [of]).fetchall()
        self.start = dict(told)["record_start"]
        began = round(datetime.fromisoformat(self.start).timestamp() * 1000)
        self.db.execute(f"create macro ms(moment) as epoch_ms(moment) - {began}")
        layout = json.loads((folder / "plant" / "layout.lif.json").read_text("utf-8"))["layouts"]
        self.nodes = {
            node["nodeId"]: (node["nodePosition"]["x"], node["nodePosition"]["y"])
            for one in layout
            for node in one["nodes"]
        }
        self.top = max(y for _, y in self.nodes.values())

    def ask(self, words: str, times: Sequence[int] = ()) -> list[tuple[Any, ...]]:
        """Rows of a question; `times` is there as a table."""
        self.db.execute("create or replace temp table times as select unnest(?::bigint[]) as t", [sorted(set(times))])
        return self.db.execute(words).fetchall()

    # ---- the floor

    def wrong(
        self, floor: dict[str, Any], chunk_of: Callable[[int], bytes], times: Sequence[int]
    ) -> tuple[list[str], Counter[str]]:
        """What the view tells otherwise than the tables, in words; and how much was compared, by kind."""
        shown = {time: read_chunk(chunk_of(time), floor["series"])[1] for time in sorted(set(times))}
        found: list[str] = []
        compared: Counter[str] = Counter()
        ground = floor["ground"]
        for name, x, y in zip(ground["nodes"], ground["x"], ground["y"], strict=True):
            compared["node"] += 1
            if name not in self.nodes or not _near((x, self.top - y), self.nodes[name]):
                found.append(f"node {name}: shown at {x}, {y}")
        judges = {"vehicle": self._vehicles, "load": self._moves, "machine": self._machines, "carrier": self._carriers}
        for kind, judge in judges.items():
            for time, thing, told, meant in judge(floor, shown):
                compared[kind] += 1
                if told != meant and not (kind == "vehicle" and _near(told, meant)):
                    found.append(f"{kind} {thing} at {time} ms: shown {told}, the tables say {meant}")
        return found, compared

    def _vehicles(self, floor: dict[str, Any], shown: dict[int, Shown]) -> Any:
        ground, number = floor["ground"], {name: v for v, name in enumerate(floor["vehicles"])}
        rows = self.ask(_PLACES, list(shown))
        if len(rows) != len(shown) * len(number):
            raise ValueError(f"{len(rows)} places of {len(number)} vehicles at {len(shown)} times")
        for time, vehicle, node, after, share in rows:
            (x, y), (to_x, to_y) = self.nodes[node], self.nodes[after or node]
            drive = shown[time]["drives"][number[vehicle]][-1]
            one, two = ground["ways"][2 * drive["way"] : 2 * drive["way"] + 2]
            gone = min((time - drive["at"]) / drive["took"], 1) if drive["took"] else 1
            told = [ground[axis][one] + gone * (ground[axis][two] - ground[axis][one]) for axis in "xy"]
            yield time, vehicle, (told[0], self.top - told[1]), (x + share * (to_x - x), y + share * (to_y - y))

    def _moves(self, floor: dict[str, Any], shown: dict[int, Shown]) -> Any:
        stations = [spot["id"] for spot in floor["ground"]["stations"]]
        meant = {(time, vehicle): tuple(rest) for time, vehicle, *rest in self.ask(_DOING, list(shown))}
        for time, chunk in shown.items():
            for v, vehicle in enumerate(floor["vehicles"]):
                row = chunk["doing"][v][-1]
                phase = floor["phases"][row["doing"] % 8]
                goal = stations[row["goal"]] if row["goal"] < len(stations) else None
                told = (phase, goal, row["doing"] >= 8)
                part, to, full = meant.get((time, vehicle), (0, None, False))
                yield time, vehicle, told, (PHASES[part], to, full)

    def _machines(self, floor: dict[str, Any], shown: dict[int, Shown]) -> Any:
        meant = {(time, machine): (state, why) for time, machine, state, why in self.ask(_STATES, list(shown))}
        for time, chunk in shown.items():
            for m, machine in enumerate(floor["ground"]["machines"]):
                rows = chunk["states"][m]
                told = (floor["states"][rows[-1]["state"]], floor["reasons"][rows[-1]["reason"]]) if rows else None
                yield time, machine["id"], told, meant.get((time, machine["id"]))

    def _carriers(self, floor: dict[str, Any], shown: dict[int, Shown]) -> Any:
        places = [spot["id"] for spot in floor["ground"]["stations"]] + floor["vehicles"]
        place_of = {(time, carrier): place for time, carrier, place in self.ask(_CARRIER_PLACES, list(shown))}
        lot_of = {(time, carrier): lot for time, carrier, lot in self.ask(_CARRIER_LOTS, list(shown))}
        left = {carrier: (station, lot) for carrier, station, lot in self.ask(_LEFT)}
        for time, chunk in shown.items():
            for c, carrier in enumerate(floor["carriers"]):
                row = chunk["carriers"][c][-1]
                place = places[row["place"]] if row["place"] < len(places) else None
                told = (place, floor["lots"][row["lot"]] if row["lot"] >= 0 else None)
                if (time, carrier) in place_of:
                    lot = lot_of.get((time, carrier), left.get(carrier, (None, None))[1])
                    yield time, carrier, told, (place_of[time, carrier], lot)
                else:
                    yield time, carrier, told, (None, None) if place is None else left.get(carrier)

    # ---- cells

    def cells(self, count: int, seed: int) -> list[Cell]:
        """Cells by chance; the same seed gives the same."""
        names = [name for (name,) in self.ask("select column_name from (describe cells)")]
        steps = sorted(name[:3] for name in names if name[0] == "s" and name.endswith("_machine"))
        columns = ", ".join(f"{step}_machine, {step}_unit, ms({step}_utc)" for step in steps)
        rows = self.ask(
            f"select cell, lot, basket, slot, ms(made_utc), {columns} from cells "
            f"order by md5(cell || '{seed}') limit {count}"
        )
        found = []
        for cell, lot, basket, slot, made, *way in rows:
            filled = self.ask(
                "select carrier from events where kind = 'CarrierFilled' "
                f"and lot = '{lot}' and ms(at_utc) >= {made} order by number limit 1"
            )
            found.append(
                Cell(
                    cell,
                    lot,
                    basket,
                    slot,
                    made,
                    tuple(zip(way[::3], way[1::3], way[2::3], strict=True)),
                    filled[0][0] if filled else "",
                )
            )
        return found


def _near(one: tuple[float, ...], two: tuple[float, ...]) -> bool:
    return all(abs(a - b) <= NEAR_M for a, b in zip(one, two, strict=True))


_PLACES = """
with visits as (
    select vehicle, node, ms(claimed_utc) as claimed, ms(arrived_utc) as arrived,
        lead(node) over its as after, lead(ms(claimed_utc)) over its as departs,
        lead(ms(arrived_utc)) over its as arrives
    from tracks window its as (partition by vehicle order by claimed_utc, arrived_utc)
), stood as (
    from visits where arrived is not null
    qualify row_number() over (partition by vehicle, arrived order by claimed desc) = 1
)
select t, q.vehicle, node, after, case when greatest(departs, arrived) < t and arrives is not null
    then (t - greatest(departs, arrived)) / (arrives - greatest(departs, arrived)) else 0 end
from (from times cross join (select vehicle from vehicles)) q
asof join stood on q.vehicle = stood.vehicle and t >= arrived
"""
"""On the node where it arrived last; on its way to the next one once that is claimed."""

_DOING = """
with told as (
    select t, m.*, (ms(at_source_utc) <= t)::int + coalesce(ms(taken_utc) <= t, false)::int
        + coalesce(ms(at_target_utc) <= t, false)::int as marks
    from times join moves m on ms(assigned_utc) <= t and coalesce(ms(placed_utc), 1e18) > t
    qualify row_number() over (partition by t, vehicle order by assigned_utc) = 1
)
select t, vehicle, 1 + coalesce(marks, 0), case when coalesce(marks, 0) < 2 then source else target end,
    coalesce(marks, 0) >= 2 and lot is not null from told
"""
"""Part of the move that was given first of those under way."""

_STATES = """
with stays as (select machine, state, reason, ms(start_utc) as starts, ms(end_utc) as ends from states)
select t, q.machine, state, reason
from (from times cross join (select distinct machine from stays)) q
asof join stays on q.machine = stays.machine and t >= starts where t < ends
"""

_CARRIER_PLACES = """
with seen as (
    select carrier, ms(at_utc) as seen_ms, number, case kind when 'CarrierTaken' then vehicle else station end as place,
        case kind when 'CarrierPlaced' then vehicle else station end as before
    from events where carrier is not null
), last as (from seen qualify row_number() over (partition by carrier, seen_ms order by number desc) = 1),
first as (from seen qualify row_number() over (partition by carrier order by number) = 1)
select t, q.carrier, coalesce(last.place, q.before)
from (from times cross join first) q asof left join last on q.carrier = last.carrier and t >= last.seen_ms
"""
"""Where the last event left it; before the first one, where that found it."""

_CARRIER_LOTS = """
with arms as (
    select carrier, ms(at_utc) as seen_ms, number, case kind when 'CarrierFilled' then lot end as lot,
        case kind when 'CarrierEmptied' then lot end as before
    from events where kind in ('CarrierFilled', 'CarrierEmptied')
), last as (from arms qualify row_number() over (partition by carrier, seen_ms order by number desc) = 1),
first as (from arms qualify row_number() over (partition by carrier order by number) = 1)
select t, q.carrier, case when last.seen_ms is null then q.before else last.lot end
from (from times cross join first) q asof left join last on q.carrier = last.carrier and t >= last.seen_ms
"""
"""What the last arm left in it; before the first one, what that found in it."""

_LEFT = """
select carrier,
    arg_max(case when placed_utc is not null then target when taken_utc is not null then vehicle else source end, move),
    arg_max({'lot': lot}, move).lot
from moves group by carrier
"""
"""Where its last move brought it, has it under way or is to find it, and with which lot."""
