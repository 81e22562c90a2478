"""LoRR instances: read whole, or refused with one line that says which file, where, and what was expected."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from heliograph.errors import InstanceWrong
from heliograph.plant.lorr import competition_steps, read_instance

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A folder with the tiny instance, to be spoiled."""
    shutil.copytree(DATA, tmp_path / "data")
    return tmp_path / "data"


def mend(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_an_instance_is_a_grid_with_starts_and_errands():
    tiny = read_instance(DATA / "tiny.json")

    assert (tiny.name, tiny.map_name, tiny.steps, tiny.notes) == ("tiny", "tiny", 1000, ())
    assert ["".join(".@"[not cell] for cell in row) for row in tiny.free] == [
        "......",
        ".@..@.",
        "......",
        ".@@...",
        "......",
    ]
    assert tiny.starts.tolist() == [0, 5, 24]
    assert tiny.tasks.tolist() == [29, 13, 5, 8, 22, 0, 17, 3]


def test_the_first_robots_can_be_taken_alone():
    assert read_instance(DATA / "tiny.json", robots=2).starts.tolist() == [0, 5]


def test_runs_of_the_competition_are_as_long_as_there():
    assert competition_steps("random-32-32-20", 800) == 2000
    assert competition_steps("random-32-32-20", 77) == 1000


def test_what_is_read_differently_is_said(tiny: Path):
    mend(tiny / "tiny.json", '"numTasksReveal": 1', '"numTasksReveal": 2')

    (said,) = read_instance(tiny / "tiny.json").notes
    assert said.endswith("numTasksReveal is 2: robots are told one errand at a time")


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("tiny.json", "{", "(", "tiny.json: is not JSON: "),
        ("tiny.json", '"teamSize": 3,', "", "tiny.json: object missing required field `teamSize`"),
        ("tiny.json", '"teamSize": 3', '"teamSize": 0', "tiny.json: $.teamSize: expected 1 or more, got 0"),
        ("tiny.json", '"teamSize": 3', '"teamSize": 4', "$.teamSize: expected at most 3, the robots in "),
        ("tiny.json", "maps/tiny", "maps/none", "maps/none.map: no such file"),
        ("tiny.json", "roundrobin", "greedy", "$.taskAssignmentStrategy: expected roundrobin, got greedy"),
        ("maps/tiny.map", "type octile", "type tile", "tiny.map, line 1: expected 'type octile', got 'type tile'"),
        ("maps/tiny.map", "height 5", "height five", "tiny.map, line 2: expected 'height H', got 'height five'"),
        ("maps/tiny.map", "height 5", "height 6", "tiny.map: expected 6 rows of the map, got 5"),
        ("maps/tiny.map", "height 5", "height 4", "tiny.map: expected 4 rows of the map, got 5"),
        ("maps/tiny.map", ".S....", ".S...", "tiny.map, line 7: expected 6 letters, got 5"),
        ("maps/tiny.map", ".S....", ".x....", "tiny.map, line 7, column 2: 'x' is no letter of a map"),
        ("agents/tiny.agents", "3\n", "4\n", "tiny.agents, line 1: says 4 robots, and 3 follow"),
        ("agents/tiny.agents", "24", "2 4", "tiny.agents, line 4: expected a whole number, got '2 4'"),
        ("agents/tiny.agents", "24", "30", "tiny.agents, line 4: a robot at cell 30: expected 0 to 29"),
        ("agents/tiny.agents", "24", "7", "line 4: a robot at cell 7 (row 1, column 1, from 0), which is blocked"),
        ("agents/tiny.agents", "24", "0", "line 4: a second robot at cell 0 (row 0, column 0, from 0); the first is"),
        ("tasks/tiny.tasks", "13", "-1", "tiny.tasks, line 3: an errand at cell -1: expected 0 to 29"),
        ("tasks/tiny.tasks", "13", "10", "line 3: an errand at cell 10 (row 1, column 4, from 0), which is blocked"),
        ("tasks/tiny.tasks", "13", "13,14", "tiny.tasks, line 3: expected a whole number, got '13,14'"),
        ("tasks/tiny.tasks", "29", "1e99", "tiny.tasks, line 2: expected a whole number, got '1e99'"),
        ("tasks/tiny.tasks", "29", "9" * 30, "tiny.tasks, line 2: expected a whole number, got '999"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_file_and_place(tiny: Path, file: str, old: str, new: str, said: str):
    mend(tiny / file, old, new)

    with pytest.raises(InstanceWrong) as wrong:
        read_instance(tiny / "tiny.json")

    assert said in wrong.value.message
    assert "\n" not in wrong.value.message


def test_an_errand_that_its_robot_cannot_reach_is_refused(tiny: Path):
    """A wall of trees across the middle: robot 1 above it has an errand below."""
    mend(tiny / "maps" / "tiny.map", ".S....", "TTTTTT")
    (tiny / "tasks" / "tiny.tasks").write_text("3\n3\n3\n26\n")
    assert len(read_instance(tiny / "tiny.json").tasks) == 3

    (tiny / "tasks" / "tiny.tasks").write_text("3\n3\n26\n26\n")
    with pytest.raises(InstanceWrong, match=r"tiny\.tasks, line 3: no way leads to cell 26 for robot 1"):
        read_instance(tiny / "tiny.json")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"3\n"])
def test_files_that_are_empty_or_no_text_are_refused(tiny: Path, content: bytes):
    for file in ("tiny.json", "maps/tiny.map", "agents/tiny.agents", "tasks/tiny.tasks"):
        kept = (tiny / file).read_bytes()
        (tiny / file).write_bytes(content)
        with pytest.raises(InstanceWrong, match=Path(file).name.replace(".", r"\.")):
            read_instance(tiny / "tiny.json")
        (tiny / file).write_bytes(kept)


def test_more_robots_than_there_are_are_refused():
    with pytest.raises(InstanceWrong, match="has 3 robots, 4 were asked for"):
        read_instance(DATA / "tiny.json", robots=4)
