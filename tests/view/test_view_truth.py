"""What the page is told is what the tables on the discs say, worked out again by a judge that shares no line with it.

The judge is that of `bench/view_truth.py`, which holds a whole reference day against it.
"""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from chunk_reader import at, read_chunk
from recorded_day import open_day

from heliograph.view import Day
from view_judge import Truth, taken_off

HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def images(run: Path) -> list[Path]:
    return sorted((run / "discs").glob("*.iso"))


@pytest.fixture(scope="module")
def truth(images: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Truth:
    if shutil.which("xorriso") is None:
        pytest.skip("needs xorriso")
    return Truth(taken_off(images, tmp_path_factory.mktemp("files")))


@pytest.fixture(scope="module")
def seen(images: list[Path]) -> Day:
    return open_day(*images)


@pytest.fixture(scope="module")
def floor(seen: Day) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(seen.floor())
    return told


@pytest.fixture(scope="module")
def times() -> list[int]:
    chance = random.Random(5)
    return [chance.randrange(HOUR_MS) for _ in range(1000)]


def test_at_a_thousand_times_the_view_of_discs_says_what_their_tables_say(
    seen: Day, floor: dict[str, Any], truth: Truth, times: list[int]
):
    """An hour with stalls: every vehicle's place and move, every machine's state, every carrier's place and lot."""
    wrong, compared = truth.wrong(floor, lambda time: seen.chunk(time, time), times)

    assert wrong == []
    assert compared["vehicle"] == compared["load"] == len(set(times)) * len(floor["vehicles"])
    assert compared["carrier"] == len(set(times)) * len(floor["carriers"])
    assert compared["machine"] == len(set(times)) * len(floor["ground"]["machines"])


@pytest.mark.parametrize("late_ms", [-2000, 2000])
def test_a_view_that_is_two_seconds_late_is_caught(
    seen: Day, floor: dict[str, Any], truth: Truth, times: list[int], late_ms: int
):
    """The judge can tell: what holds at another time differs for vehicles, their moves, machines and carriers."""
    some = [time for time in times if 10_000 < time < HOUR_MS - 10_000][:200]

    def late(time: int) -> bytes:
        return seen.chunk(time + late_ms, time + late_ms)

    wrong, _ = truth.wrong(floor, late, some)

    assert {line.split()[0] for line in wrong} == {"vehicle", "load", "machine", "carrier"}


def test_a_node_elsewhere_is_caught(seen: Day, floor: dict[str, Any], truth: Truth):
    moved = json.loads(json.dumps(floor))
    moved["ground"]["x"][7] += 0.5

    wrong, _ = truth.wrong(moved, lambda time: seen.chunk(time, time), [0])

    assert [line for line in wrong if line.startswith("node")] == [
        f"node {floor['ground']['nodes'][7]}: shown at {moved['ground']['x'][7]}, {moved['ground']['y'][7]}"
    ]


def test_a_chunk_of_an_instant_says_the_same_as_a_long_one(seen: Day, floor: dict[str, Any], times: list[int]):
    for time in times[:30]:
        begin = time - time % 60_000
        _, minute = read_chunk(seen.chunk(begin, begin + 60_000), floor["series"])
        _, instant = read_chunk(seen.chunk(time, time), floor["series"])
        for name, things in instant.items():
            for rows, whole in zip(things, minute[name], strict=True):
                now, meant = (
                    {**row, "at": max(row["at"], 0)} if row else None for row in (at(rows, time), at(whole, time))
                )
                assert now == meant, (name, time)
