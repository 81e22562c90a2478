"""A run that is watched tells what its record will say, and writes the same record as one that nobody watches."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chunk_reader import at, read_chunk

from heliograph.commands import Move
from heliograph.errors import NotFound, UsageWrong
from heliograph.events import MoveAssigned
from heliograph.plant.read import read_plant
from heliograph.run.day import Day as Asked
from heliograph.run.day import run_day
from heliograph.run.live.feed import Feed
from heliograph.run.live.pace import Pace
from heliograph.run.live.source import Live
from heliograph.run.live.spool import Spool
from heliograph.view import Day
from heliograph.view.live import Portion, encode_portion
from heliograph.view.source import Hit, Order
from heliograph.view.told import Link

HOUR_MS = 3_600_000
WARMUP_H = 23.0


class Stumbling(Pace):
    """Holds a run back at odd moments, as a pace that hangs on a clock does, but without one."""

    def __init__(self, orders: socket.socket) -> None:
        super().__init__(orders, 0)
        self.chance = random.Random(3)

    @property
    def free(self) -> bool:
        return False

    @free.setter
    def free(self, value: bool) -> None:
        self.speed = 60.0

    def upto(self, now_ms: int, wanted_ms: int) -> int:
        return min(wanted_ms, now_ms + self.chance.randrange(30_000))

    def rest(self, now_ms: int) -> None:
        pass


class Watched:
    """A run with mishaps, what it told, and pictures of the live source taken at some moments on the way."""

    def __init__(self, folder: Path) -> None:
        self.files = read_plant("small")
        mine, theirs = socket.socketpair()
        self.spool = Spool()
        self.live = Live(
            self.files,
            self.spool,
            theirs,
            hours=1.0,
            warmup_h=WARMUP_H,
            seed=1,
            mishaps=True,
        )
        self.feed = Feed(self.spool, Stumbling(mine))
        self.feed._told_s = float("inf")
        self.on_the_way: list[tuple[int, int, bytes]] = []
        self.figures: list[Any] = []
        self.details: list[tuple[str, Any, Any]] = []
        """Kind; what is told now, and what the record so far tells."""
        self.when: dict[int, int] = {}
        """Of which moment what is told now is."""
        self.warm: list[Any] = []
        run_day(
            Asked(
                plant=self.files,
                folder=folder,
                command="test",
                hours=1.0,
                warmup_h=WARMUP_H,
                mishaps=True,
                seal=False,
                watch=self.watch,
                feed=self.feed,
            )
        )
        self.feed.done(str(folder))
        self.live.catch_up()
        mine.close()
        theirs.close()

    def watch(self, part: str, done: float, text: str) -> None:
        self.feed.part(part)
        self.feed._told_s = 0.0  # the next portion is due
        self.live.catch_up()
        begin, now = self.live.span()
        if begin < 0 and now > -2 * HOUR_MS and not self.warm:
            asked = (("vehicle", "V003"), ("machine", "L1-TEX1"), ("carrier", "K0003"))
            self.warm = [self.live.details(kind, name, now) for kind, name in asked]
            self.hits = self.live.search("v003")
            with pytest.raises(NotFound) as wrong:
                self.live.figures()
            self.no_figures = wrong.value.message
        if 0 < now < HOUR_MS and (not self.on_the_way or now > self.on_the_way[-1][1] + 200_000):
            last = max(begin, now - 300_000)
            self.on_the_way.append((last, now, self.live.chunk(last, now)))
            if len(self.on_the_way) in (3, 8):
                self.live._so_far._cost_s = 0.0  # whatever the last one took, there is to be a new one
                self.figures.append(self.live._so_far.day())
                self.compare(self.figures[-1])

    def compare(self, day: Day) -> None:
        lots = [("lot", lot) for lot in day.lots]
        for kind, name in [*(("vehicle", v) for v in day.vehicles), *(("machine", m) for m in day.machines), *lots]:
            told = self.live.details(kind, name, day.end_ms - 1)
            self.when[id(told)] = day.end_ms - 1
            self.details.append((kind, told, day.details(kind, name, day.end_ms - 1)))


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    one = Watched(tmp_path_factory.mktemp("watched") / "day")
    yield one
    one.live.close()


def names(floor: dict[str, Any]) -> dict[str, list[str]]:
    stations = [spot["id"] for spot in floor["ground"]["stations"]]
    return {"place": stations + floor["vehicles"], "lot": [*floor["lots"], ""], "reason": floor["reasons"]}


def spots(floor: dict[str, Any], rows: list[list[dict[str, int]]], time: float) -> list[tuple[float, float]]:
    """Where every vehicle is drawn."""
    ground, found = floor["ground"], []
    for each in rows:
        drive = at(each, time)
        assert drive is not None
        one, two = ground["ways"][2 * drive["way"] : 2 * drive["way"] + 2]
        gone = min((time - drive["at"]) / drive["took"], 1) if drive["took"] else 1
        found.append(tuple(round(ground[a][one] + gone * (ground[a][two] - ground[a][one]), 6) for a in "xy"))
    return found


def told(floor: dict[str, Any], chunk: bytes, time: float) -> dict[str, Any]:
    """What a chunk says of a moment, by name and not by number."""
    known = names(floor)
    _, series = read_chunk(chunk, floor["series"])

    def named(row: dict[str, int] | None, column: str) -> str:
        if row is None or row["at"] < 0 or row[column] >= len(known[column]):
            return "not known"
        return known[column][row[column]]

    doing = [at(rows, time) for rows in series["doing"]]
    carriers = [at(rows, time) for rows in series["carriers"]]
    states = [at(rows, time) for rows in series["states"]]
    return {
        "spots": spots(floor, series["drives"], time),
        "doing": [(row["doing"], known["place"][row["goal"]] if row["doing"] else "") for row in doing if row],
        "mishaps": [row["kind"] for row in (at(rows, time) for rows in series["mishaps"]) if row],
        "carriers": {
            name: (named(row, "place"), named(row, "lot") if row and row["lot"] >= 0 else "")
            for name, row in zip(floor["carriers"], carriers, strict=True)
        },
        "states": {
            machine["id"]: (row["state"], known["reason"][row["reason"]])
            for machine, row in zip(floor["ground"]["machines"], states, strict=True)
            if row
        },
    }


def agree(live: dict[str, Any], day: dict[str, Any], *but: str) -> None:
    """A live source knows at least what the record tells; of carriers, before their first mention, more."""
    for name in ("spots", "doing", "mishaps"):
        if name not in but:
            assert live[name] == day[name], name
    for name in ("carriers", "states"):
        known = {key: value for key, value in day[name].items() if "not known" not in value}
        assert {key: live[name][key] for key in known} == known, name


def test_the_record_is_that_of_the_same_run_unwatched(run: Path, watched: Watched):
    """To the byte, though it was held back at thousands of odd moments."""
    folder = Path(watched.live._so_far.day().record.where)
    same = sorted((run / "record").iterdir())
    assert [path.name for path in same] == [path.name for path in sorted((folder / "record").iterdir())]
    for path in same:
        assert (folder / "record" / path.name).read_bytes() == path.read_bytes(), path.name


def test_after_the_run_every_moment_is_as_the_record_has_it(day: Day, watched: Watched):
    live, recorded = json.loads(watched.live.floor()), json.loads(day.floor())
    chance = random.Random(11)
    for _ in range(60):
        time = chance.randrange(HOUR_MS)
        agree(
            told(live, watched.live.chunk(time, time), time),
            told(recorded, day.chunk(time, time), time),
        )


def test_on_the_way_every_moment_is_as_the_record_will_have_it(day: Day, watched: Watched):
    """But for the way of vehicles that will be stalled, which nobody knows yet."""
    live, recorded = json.loads(watched.live.floor()), json.loads(day.floor())
    assert len(watched.on_the_way) > 5
    mishaps, drives = day.series["mishaps"], day.series["drives"]
    same = 0
    for begin, end, chunk in watched.on_the_way:
        for time in range(begin, end, 37_000):
            known, meant = told(live, chunk, time), told(recorded, day.chunk(time, time), time)
            agree(known, meant, "spots")
            for vehicle, (one, two) in enumerate(zip(known["spots"], meant["spots"], strict=True)):
                same += one == two
                if one != two:
                    drive = int(drives.in_force(time)[vehicle])
                    arrives = int(drives.at[drive]) + int(drives.columns["took"][drive])
                    stalls = mishaps.at[mishaps.of(vehicle)]
                    assert ((stalls > end) & (stalls <= arrives)).any() or arrives > HOUR_MS, (vehicle, time)
    assert same > 500


def test_the_record_so_far_is_the_begin_of_the_record(day: Day, watched: Watched):
    """Figures while the run goes on come from a record of what has been; a day of it ends where the run stood.

    A wafer that broke in the last step counts as a cell until its batch is out, in any record that ends before.
    """
    assert len(watched.figures) == 2
    for so_far in watched.figures:
        assert so_far.record.metadata["partial"] == "true"
        assert 0 < so_far.end_ms < HOUR_MS
        figures = so_far.figures()
        whole = day.figures()
        steps = so_far.end_ms // figures.step_ms
        more = np.array([line[:steps] for line in figures.cells]) - [line[:steps] for line in whole.cells]
        assert (more >= 0).all() and more.sum() <= 3
        assert figures.moves[:steps] == whole.moves[:steps]
        time = so_far.end_ms - 1
        one, two = (each.details("vehicle", "V003", time) for each in (so_far, day))
        assert (one.phase, one.carrier, one.lot, one.chain) == (two.phase, two.carrier, two.lot, two.chain)


def test_when_it_is_done_details_come_from_its_record(day: Day, watched: Watched):
    time = HOUR_MS // 2
    for kind, name in (("vehicle", "V003"), ("machine", "L1-TEX1"), ("carrier", "K0003")):
        assert watched.live.details(kind, name, time) == day.details(kind, name, time)
    assert watched.live.figures() == day.figures()
    assert watched.live.pulse(0, 0, 0).part == "done"


def test_a_pace_that_there_is_not_is_refused_and_so_is_one_of_a_run_that_is_over(watched: Watched):
    for order in (Order(speed=0.5), Order(speed=4000), Order(step_ms=0), Order(paused=True)):
        with pytest.raises(UsageWrong):
            watched.live.steer(order)


def test_details_of_now_are_those_of_the_record_so_far(watched: Watched):
    """Of the same moment; what only the present knows (the warm-up's moves, the next node) is left out."""
    same = {
        "vehicle": ("phase", "move", "carrier", "lot", "soc_pct"),
        "machine": ("state", "reason", "since_ms", "until_ms", "stays", "inside", "recent", "coming", "leaving", "due"),
        "lot": (
            "line",
            "released_ms",
            "finished_ms",
            "wafers",
            "lost",
            "inside",
            "steps",
            "next_step",
            "late",
            "queue",
        ),
    }
    assert len(watched.details) > 100
    for kind, now, recorded in watched.details:
        for name in same[kind]:
            assert getattr(now, name) == getattr(recorded, name), (now.id, name)
        if kind == "vehicle":
            assert now.use == pytest.approx(recorded.use, abs=1e-6)


def test_the_way_planned_leads_to_the_station_and_mostly_is_the_one_that_is_driven(day: Day, watched: Watched):
    road, planned, kept = watched.files.roadmap, 0, 0
    for kind, now, recorded in watched.details:
        if kind != "vehicle" or not now.path:
            continue
        assert now.phase in ("to_source", "to_target")
        assert now.path[: len(recorded.path)] == recorded.path  # what is driven comes first
        for before, after in pairwise(now.path):
            assert road.edge_to[before] == road.edge_from[after]
        goal = now.move.source if now.phase == "to_source" else now.move.target
        if max(now.path) < len(road.edge_from):
            assert road.edge_to[now.path[-1]] == road.station_node[goal]
            planned += 1
            later = day.details("vehicle", now.id, watched.when[id(now)])
            kept += now.path == later.path
    assert planned >= 4, kept
    assert 2 * kept >= planned, (kept, planned)  # traffic may lead round


def test_a_vehicle_that_waits_says_for_which_node_and_for_whom_while_it_does():
    """V001 has a move and waits for the node on which V002 stands, which itself waits for that of V003."""
    files = read_plant("small")
    one, two = socket.socketpair()
    spool = Spool()
    live = Live(files, spool, one, hours=1, warmup_h=0, seed=1, mishaps=False)
    fleet = files.plant.vehicles.count
    node = np.arange(fleet)
    waits = np.where(node < 2, node + 1, -1)
    none = np.zeros(fleet, np.int64)
    here = np.array([none + 1, node, none, none + 5, none - 1, none, none, none + 3, waits], np.int64)
    source, target = list(files.roadmap.station_node)[:2]
    portion = Portion(
        now_ms=1000,
        part="simulating",
        speed=0,
        paused=False,
        moves=[Move(number, number, -1, source, target, 0, 0) for number in range(2)],
        events=[MoveAssigned(7, 0, 0), MoveAssigned(8, 1, 1)],
        visits=np.zeros((5, 0), np.int64),
        here=here,
        spent=np.zeros((fleet, 7), np.int64),
        charged=np.zeros(fleet),
        gauged=np.zeros((3, 0), np.int64),
        batches=(),
        parts=(),
        stops=(),
        open_stops=(),
        mishaps=(),
    )
    spool.append(encode_portion(portion))
    assert live.catch_up()
    names = files.roadmap.node_ids
    told = live.details("vehicle", "V001", 1000)
    assert told.phase == "to_source" and told.move.source == source
    assert told.chain == [
        Link(vehicle="V001", does="waits", node=names[1], since_ms=7),
        Link(vehicle="V002", does="waits", node=names[2], since_ms=8),
        Link(vehicle="V003", does="stands", node=names[2], since_ms=5),
    ]
    assert live.details("vehicle", "V003", 1000).chain[0].does == "stands"
    for end in (one, two, spool):
        end.close()


def test_in_the_warm_up_there_are_details_and_hits_but_no_figures(watched: Watched):
    assert [told.id for told in watched.warm] == ["V003", "L1-TEX1", "K0003"]
    vehicle, machine, carrier = watched.warm
    assert vehicle.use["driving_loaded"] > 0 and machine.state and machine.stays[0].start_ms < 0 and carrier.place
    assert watched.hits[0] == Hit(kind="vehicle", id="V003")
    assert watched.no_figures == "the record has not begun"


def test_before_a_run_has_told_anything_a_thing_is_known_by_name_alone():
    one, two = socket.socketpair()
    spool = Spool()
    live = Live(read_plant("small"), spool, one, hours=1, warmup_h=2, seed=1, mishaps=False)
    assert live.details("vehicle", "V001", -1).phase == "none"
    assert live.details("machine", "L1-TEX1", -1).state == ""
    for kind, name in (("vehicle", "V999"), ("carrier", "K0001"), ("lot", "SM251103-00000"), ("door", "D1")):
        with pytest.raises(NotFound):
            live.details(kind, name, -1)
    with pytest.raises(NotFound, match="the record has not begun"):
        live.figures()
    assert live.span() == (-2 * HOUR_MS, -2 * HOUR_MS)
    for end in (one, two, spool):
        end.close()
