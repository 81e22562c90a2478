"""What the page is told is what the record says, worked out again from its rows one by one."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest
from chunk_reader import at, read_chunk
from recorded_day import ms, rows_by

from heliograph.view import Day

TIMES = 1000
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def floor(day: Day) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(day.floor())
    return told


@pytest.fixture(scope="module")
def shown(day: Day, floor: dict[str, Any]) -> dict[str, list[list[dict[str, int]]]]:
    """The whole hour as the page gets it, in chunks of a minute, each asked for alone."""
    whole: dict[str, list[list[dict[str, int]]]] = {}
    for minute in range(60):
        _, part = read_chunk(day.chunk(60_000 * minute, 60_000 * (minute + 1)), floor["series"])
        for name, things in part.items():
            known = whole.setdefault(name, [[] for _ in things])
            for mine, its in zip(known, things, strict=True):
                mine += [row for row in its if not mine or row["at"] > mine[-1]["at"] or row not in mine[-3:]]
    return whole


@pytest.fixture(scope="module")
def times() -> list[int]:
    chance = random.Random(5)
    return [chance.randrange(HOUR_MS) for _ in range(TIMES)]


def test_every_vehicle_is_where_its_track_has_it(day, floor, shown, times):
    ground = floor["ground"]
    number = {name: i for i, name in enumerate(ground["nodes"])}
    for v, (name, rows) in enumerate(sorted(rows_by(day.record, "tracks", "vehicle").items())):
        assert floor["vehicles"][v] == name
        held = sorted(
            (ms(day.record, r["claimed_utc"]), ms(day.record, r["arrived_utc"]), number[r["node"]]) for r in rows
        )
        for time in times:
            stood = [visit for visit in held if visit[1] <= time]
            x, y = ground["x"][stood[-1][2]], ground["y"][stood[-1][2]]
            if len(stood) < len(held):
                claimed, arrives, node = held[len(stood)]
                departs = max(claimed, stood[-1][1])
                if departs < time and arrives < math.inf:
                    share = (time - departs) / (arrives - departs)
                    x += share * (ground["x"][node] - x)
                    y += share * (ground["y"][node] - y)
            drive = at(shown["drives"][v], time)
            one, two = ground["ways"][2 * drive["way"] : 2 * drive["way"] + 2]
            gone = min((time - drive["at"]) / drive["took"], 1) if drive["took"] else 1
            told_x = ground["x"][one] + gone * (ground["x"][two] - ground["x"][one])
            told_y = ground["y"][one] + gone * (ground["y"][two] - ground["y"][one])
            assert (told_x, told_y) == pytest.approx((x, y), abs=1e-6), (name, time)


def test_every_machine_is_in_the_state_that_the_record_gives_it(day, floor, shown, times):
    stays = rows_by(day.record, "states", "machine")
    for m, machine in enumerate(floor["ground"]["machines"]):
        if machine["id"] not in stays:
            assert shown["states"][m] == []
            continue
        for time in times:
            meant = [
                (stay["state"], stay["reason"])
                for stay in stays[machine["id"]]
                if ms(day.record, stay["start_utc"]) <= time < ms(day.record, stay["end_utc"])
            ]
            row = at(shown["states"][m], time)
            assert [(floor["states"][row["state"]], floor["reasons"][row["reason"]])] == meant


def test_every_carrier_is_where_the_events_left_it(day, floor, shown, times):
    """The view reads carriers from the moves; the events say the same, and what was before the first of each."""
    stations = [spot["id"] for spot in floor["ground"]["stations"]]
    events = rows_by(day.record, "events", "carrier")
    lot_of = {row["move"]: row["lot"] for row in day.record.rows("moves", ["move", "lot"])}
    assert len(set(lot_of.values())) > 1
    seen = 0
    for c, name in enumerate(floor["carriers"]):
        its = sorted(events.get(name, []), key=lambda event: event["number"])
        for time in times:
            row = at(shown["carriers"][c], time)
            place = (stations + floor["vehicles"])[row["place"]] if row["place"] < 65535 else None
            lot = floor["lots"][row["lot"]] if row["lot"] >= 0 else None
            past = [event for event in its if ms(day.record, event["at_utc"]) <= time]
            if past:
                last = past[-1]
                assert place == (last["vehicle"] if last["kind"] == "CarrierTaken" else last["station"]), (name, time)
                arm = [event for event in past if event["kind"] in ("CarrierFilled", "CarrierEmptied")]
                if arm:
                    assert lot == (arm[-1]["lot"] if arm[-1]["kind"] == "CarrierFilled" else None)
            elif its:
                first = its[0]
                assert place == (first["vehicle"] if first["kind"] == "CarrierPlaced" else first["station"])
                if first["kind"] == "CarrierEmptied":
                    assert lot == first["lot"]
            seen += bool(its)
    assert seen > TIMES


def test_what_each_vehicle_does_is_what_its_moves_say(day, floor, shown, times):
    stations = [spot["id"] for spot in floor["ground"]["stations"]]
    for v, name in enumerate(floor["vehicles"]):
        moves = [row for row in day.record.rows("moves") if row["vehicle"] == name]
        marks = ("assigned", "at_source", "taken", "at_target", "placed")
        moves = [([ms(day.record, move[f"{mark}_utc"]) for mark in marks], move) for move in moves]
        for time in times:
            open_ = [(when, move) for when, move in moves if when[0] <= time < when[4]]
            row = at(shown["doing"][v], time)
            phase, full = row["doing"] % 8, row["doing"] >= 8
            if not open_:
                assert floor["phases"][phase] == "none"
                continue
            when, move = min(open_, key=lambda pair: pair[0][0])  # one given early waits for the one before
            meant = sum(mark <= time for mark in when)
            assert floor["phases"][phase] == ("none", "to_source", "taking", "to_target", "placing")[meant]
            assert stations[row["goal"]] == (move["source"] if meant < 3 else move["target"])
            assert full == (meant >= 3 and move["lot"] is not None)


def test_a_chunk_of_an_instant_says_the_same_as_a_long_one(day, floor, shown, times):
    for time in times[:100]:
        _, frame = read_chunk(day.chunk(time, time), floor["series"])
        for name, things in frame.items():
            for rows, whole in zip(things, shown[name], strict=True):
                # Of several rows of one instant the last counts.
                now, meant = at(rows, time), at(whole, time)
                assert (now and {**now, "at": 0}) == (meant and {**meant, "at": 0}), (name, time)
