"""Read an instance of the League of Robot Runners 2023: a grid, robots, and their errands.

    INSTANCE.json    mapFile, agentFile, taskFile (paths beside it), teamSize, numTasksReveal, taskAssignmentStrategy
    *.map            "type octile", "height H", "width W", "map", then H rows of W letters
    *.agents         how many, then the cell of each robot, one a line
    *.tasks          how many, then the cell of each errand, one a line

A cell is row * width + column. Robots start facing east. Of n robots, robot i gets errands i, i + n, i + 2n, ..., and
the list begins anew when it is through. An instance is read whole or not at all: the first mistake is named with its
line.

Source: https://github.com/MAPF-Competition/Start-Kit (2023: src/Grid.cpp, InfAssignSystem).
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from heliograph.errors import InstanceWrong

__all__ = ["BLOCKED", "DEFAULT_STEPS", "FREE", "Instance", "competition_steps", "read_instance"]

STATIONS: Final = "SE"
"""Letters of cells to which errands lead, on maps that have any: service points and emitters."""
FREE: Final = ".G" + STATIONS
"""Letters of cells where robots go: ground and stations."""
BLOCKED: Final = "@OTW"
"""Letters of cells where they do not: walls, out of bounds, trees, water."""

DEFAULT_STEPS: Final = 1_000

_STEPS: Final = {
    ("Paris_1_256", 250): 5000,
    ("Paris_1_256", 1500): 1500,
    ("Paris_1_256", 3000): 3500,
    ("brc202d", 500): 5000,
    ("brc202d", 6500): 5000,
    ("random-32-32-20", 100): 500,
    ("random-32-32-20", 200): 500,
    ("random-32-32-20", 400): 1000,
    ("random-32-32-20", 600): 1000,
    ("random-32-32-20", 800): 2000,
    ("sortation_large", 2000): 5000,
    ("sortation_large", 10000): 5000,
    ("warehouse_large", 5000): 5000,
    ("warehouse_large", 10000): 5000,
}
"""Steps by map and robots in the competition's main round, or else its test round.

Source: https://github.com/MAPF-Competition/Benchmark-Archive, "2023 Competition/README.md".
"""

_Cells = NDArray[np.int64]


class Instance(NamedTuple):
    """A grid of (h, w) cells, n robots and k errands; a cell is row * w + column."""

    name: str
    map_name: str
    free: NDArray[np.bool_]
    """(h, w) where robots go."""
    starts: _Cells
    """(n,) all different; they face east."""
    tasks: _Cells
    """(k,) the errands, dealt in turn."""
    notes: tuple[str, ...] = ()
    """What was read differently from what the file asks."""
    places: _Cells = np.zeros(0, np.int64)
    """(p,) cells to which errands may lead, those of each kind that the map marks as often as those of another; none:
    they may lead anywhere."""

    @property
    def steps(self) -> int:
        """How long such a run is in the competition; 1,000 steps where it has none like it."""
        return competition_steps(self.map_name, len(self.starts))


class _File(msgspec.Struct, rename="camel"):
    map_file: str
    agent_file: str
    task_file: str
    team_size: int
    num_tasks_reveal: float = 1
    task_assignment_strategy: str = "roundrobin"


class _Lines(NamedTuple):
    """The numbers of a file after its count, and the line that each stands on."""

    path: Path
    values: _Cells
    lines: _Cells


def competition_steps(map_name: str, robots: int) -> int:
    """Steps of the competition's run on that map with so many robots; 1,000 where there was none."""
    return _STEPS.get((map_name, robots), DEFAULT_STEPS)


def read_instance(path: Path, robots: int | None = None) -> Instance:
    """The instance that a JSON file describes, with the files that it names.

    Args:
        robots: take only the first so many.
    Raises:
        InstanceWrong: a file is missing or has a mistake; the message says which, where, and what was expected.
    """
    asked = _description(path)
    notes = []
    if asked.task_assignment_strategy != "roundrobin":
        raise InstanceWrong(
            f"{path}: $.taskAssignmentStrategy: expected roundrobin, got {asked.task_assignment_strategy}",
            hint="errands are dealt in turn; with roundrobin each robot has a list of its own",
        )
    if asked.num_tasks_reveal != 1:
        notes.append(f"{path}: numTasksReveal is {asked.num_tasks_reveal:g}: robots are told one errand at a time")
    map_path, agent_path, task_path = (
        path.parent / name for name in (asked.map_file, asked.agent_file, asked.task_file)
    )
    letters = _map(map_path)
    free = _are(letters, FREE)
    agents, tasks = _numbers(agent_path, "robots"), _numbers(task_path, "errands")
    team = _team(path, agents, asked.team_size, robots)
    _on_the_map(agents, free, "a robot")
    _on_the_map(tasks, free, "an errand")
    _apart(agents, free.shape[1], team)
    instance = Instance(
        path.stem, map_path.stem, free, agents.values[:team], tasks.values, tuple(notes), _places(letters)
    )
    _reachable(instance, agents, tasks)
    return instance


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise InstanceWrong(f"{path}: no such file", hint=f"put {what} there, or name it rightly") from None
    except UnicodeDecodeError:
        raise InstanceWrong(f"{path}: is not text", hint=f"expected {what}") from None
    except OSError as wrong:
        said = (wrong.strerror or str(wrong)).lower()
        raise InstanceWrong(f"{path}: {said}", hint=f"expected {what}, as a file that can be read") from None


def _description(path: Path) -> _File:
    text = _text(path, "the instance's JSON file")
    try:
        asked = msgspec.json.decode(text, type=_File)
    except msgspec.ValidationError as wrong:
        said = str(wrong)
        said = said[:1].lower() + said[1:].replace("Object", "object")
        raise InstanceWrong(
            f"{path}: {said}",
            hint="an instance names mapFile, agentFile, taskFile (text) and teamSize (a whole number)",
        ) from None
    except msgspec.DecodeError as wrong:
        raise InstanceWrong(
            f"{path}: is not JSON: {wrong}",
            hint='expected {"mapFile": ..., "agentFile": ..., "taskFile": ..., "teamSize": ...}',
        ) from None
    if asked.team_size < 1:
        raise InstanceWrong(f"{path}: $.teamSize: expected 1 or more, got {asked.team_size}")
    return asked


def _map(path: Path) -> NDArray[np.uint8]:
    """(h, w) the letters of the map."""
    lines = _text(path, "the map").splitlines()
    height, width = _size(path, lines)
    rows = lines[4 : 4 + height]
    if len(rows) < height or any(row.strip() for row in lines[4 + height :]):
        have = len("\n".join(lines[4:]).rstrip().splitlines())
        raise InstanceWrong(
            f"{path}: expected {height:,} rows of the map, got {have:,}", hint="mend line 2, or the rows"
        )
    known = frozenset(FREE + BLOCKED)
    for number, row in enumerate(rows, start=5):
        if len(row) != width:
            raise InstanceWrong(
                f"{path}, line {number}: expected {width:,} letters, got {len(row):,}", hint="mend line 3, or this row"
            )
        if not known.issuperset(row):
            column, letter = next((i, letter) for i, letter in enumerate(row) if letter not in known)
            raise InstanceWrong(
                f"{path}, line {number}, column {column + 1}: {letter!r} is no letter of a map",
                hint=f"free cells are {', '.join(FREE)}; blocked ones are {', '.join(BLOCKED)}",
            )
    return np.frombuffer("".join(rows).encode(), np.uint8).reshape(height, width)


def _are(cells: NDArray[np.uint8], letters: str) -> NDArray[np.bool_]:
    return np.isin(cells, np.frombuffer(letters.encode(), np.uint8))


def _places(letters: NDArray[np.uint8]) -> _Cells:
    """The cells of stations, those of rarer kinds repeated."""
    kinds = [np.flatnonzero(_are(letters, kind)) for kind in STATIONS]
    most = max(len(kind) for kind in kinds)
    return np.concatenate([np.resize(kind, most) if len(kind) else kind for kind in kinds])


def _size(path: Path, lines: list[str]) -> tuple[int, int]:
    """Height and width, from the four lines above the map."""
    expected = ("type octile", "height H", "width W", "map")
    size = []
    for number, line in enumerate(expected, start=1):
        got = lines[number - 1].split() if number <= len(lines) else []
        key, _, value = line.partition(" ")
        fits = got == line.split()
        if value in ("H", "W") and len(got) == 2 and got[0] == key and got[1].isdecimal() and int(got[1]) > 0:
            size.append(int(got[1]))
            fits = True
        if not fits:
            said = " ".join(got)[:40] or "nothing"
            raise InstanceWrong(
                f"{path}, line {number}: expected {line!r}, got {said!r}",
                hint="a map begins with: type octile / height H / width W / map, one a line",
            )
    return size[0], size[1]


def _numbers(path: Path, what: str) -> _Lines:
    """The numbers that a file lists, one a line, under their count; blank lines and lines with # are passed over."""
    told = [
        (number, line)
        for number, line in enumerate(_text(path, f"the list of {what}").splitlines(), start=1)
        if line and not line.isspace() and not line.startswith("#")
    ]
    try:
        values = np.array([line for _, line in told]).astype(np.int64)
    except (ValueError, OverflowError):
        number, line = next((number, line) for number, line in told if not _is_whole(line))
        hint = "errands with several stops are of a later competition" if "," in line else f"one number a line: {what}"
        raise InstanceWrong(
            f"{path}, line {number}: expected a whole number, got {line.strip()[:40]!r}", hint=hint
        ) from None
    if len(values) < 2:
        raise InstanceWrong(f"{path}: lists no {what}", hint="expected their count, then one a line")
    if values[0] != len(values) - 1:
        raise InstanceWrong(
            f"{path}, line {told[0][0]}: says {values[0]:,} {what}, and {len(values) - 1:,} follow",
            hint="mend the count, or the list",
        )
    return _Lines(path, values[1:], np.array([number for number, _ in told[1:]]))


def _is_whole(line: str) -> bool:
    word = line.strip().removeprefix("-")
    return word.isascii() and word.isdecimal() and len(word) < 19


def _team(path: Path, agents: _Lines, team: int, robots: int | None) -> int:
    """How many robots take part."""
    if len(agents.values) < team:
        raise InstanceWrong(
            f"{path}: $.teamSize: expected at most {len(agents.values):,}, the robots in {agents.path}, got {team:,}",
            hint="lower teamSize, or list more robots",
        )
    if robots is not None and not 1 <= robots <= team:
        raise InstanceWrong(f"{path}: has {team:,} robots, {robots:,} were asked for", hint="ask for fewer")
    return robots or team


def _on_the_map(cells: _Lines, free: NDArray[np.bool_], what: str) -> None:
    height, width = free.shape
    outside = (cells.values < 0) | (cells.values >= free.size)
    if outside.any():
        at = int(np.argmax(outside))
        raise InstanceWrong(
            f"{cells.path}, line {cells.lines[at]}: {what} at cell {cells.values[at]}: expected 0 to {free.size - 1:,}",
            hint=f"a cell is row * width + column, on a map of {height:,} rows and {width:,} columns",
        )
    walled = ~free.ravel()[cells.values]
    if walled.any():
        at = int(np.argmax(walled))
        raise InstanceWrong(
            f"{cells.path}, line {cells.lines[at]}: {what} at cell {cells.values[at]} "
            f"({_place(cells.values[at], width)}), which is blocked",
            hint=f"a cell is row * width + column; the map has {width:,} columns",
        )


def _apart(agents: _Lines, width: int, team: int) -> None:
    cells = agents.values[:team]
    _, first = np.unique(cells, return_index=True)
    if len(first) < team:
        again = int(np.setdiff1d(np.arange(team), first)[0])
        before = int(np.flatnonzero(cells == cells[again])[0])
        raise InstanceWrong(
            f"{agents.path}, line {agents.lines[again]}: a second robot at cell {cells[again]} "
            f"({_place(cells[again], width)}); the first is in line {agents.lines[before]}",
            hint="a cell holds one robot",
        )


def _place(cell: np.int64, width: int) -> str:
    return f"row {cell // width}, column {cell % width}, from 0"


def _reachable(instance: Instance, agents: _Lines, tasks: _Lines) -> None:
    """Each errand, dealt once, lies in the part of the map where its robot is."""
    parts = _parts(instance.free).ravel()
    if parts.max() == 0:
        return
    robot = np.arange(len(tasks.values)) % len(instance.starts)
    lost = parts[tasks.values] != parts[instance.starts[robot]]
    if lost.any():
        at = int(np.argmax(lost))
        who = int(robot[at])
        raise InstanceWrong(
            f"{tasks.path}, line {tasks.lines[at]}: no way leads to cell {tasks.values[at]} for robot {who}, "
            f"whose errand it is ({agents.path}, line {agents.lines[who]})",
            hint="the map has parts that nothing joins; robots and their errands must be in the same",
        )


def _parts(free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(h, w) number of the part of the map that a cell is in, from 0; -1 where it is blocked."""
    height, width = free.shape
    part = np.where(free, -2, -1).ravel()
    label = -1
    todo: deque[int] = deque()
    # Inner loops on Python numbers: an array element costs ten times as much to read.
    numbers = part.tolist()
    for start in np.flatnonzero(free).tolist():
        if numbers[start] != -2:
            continue
        label += 1
        numbers[start] = label
        todo.append(start)
        while todo:
            cell = todo.popleft()
            column = cell % width
            for there, inside in (
                (cell - width, cell >= width),
                (cell + width, cell + width < height * width),
                (cell - 1, column > 0),
                (cell + 1, column + 1 < width),
            ):
                if inside and numbers[there] == -2:
                    numbers[there] = label
                    todo.append(there)
    return np.array(numbers, np.int64).reshape(height, width)
