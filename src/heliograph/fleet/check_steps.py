"""The judge of runs in steps: reads where the robots were after each step, and says what was wrong, whoever planned it.

It shares no code with the planner and none of its state: it sees the grid, the states as recorded, and the list of
errands; it counts the errands anew. The rules are those of the League of Robot Runners 2023.

A state is 4 * cell + heading: a cell is row * width + column; headings are 0 east, 1 south, 2 west, 3 north. In a step
a robot drives forward to the next cell, turns by 90°, or waits.

| kind | what is wrong |
|---|---|
| out_of_map | a cell that the grid does not have |
| obstacle | a cell that is blocked |
| jump | to another cell than the next one ahead, or round the edge of the map |
| turn | by 180° in one step, or while driving |
| collision | two robots on one cell after a step |
| swap | two robots have changed places across an edge |
| start | a robot does not start where it should |
| miscounted | errands claimed that were not done, or the other way round |

Source: https://github.com/MAPF-Competition/Start-Kit (2023: src/ActionModel.cpp, src/CompetitionSystem.cpp).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["STEP_KINDS", "StepViolation", "StepsJudged", "check_steps"]

Kind = Literal["out_of_map", "obstacle", "jump", "turn", "collision", "swap", "start", "miscounted"]
STEP_KINDS: Final[tuple[str, ...]] = get_args(Kind)

_HEADINGS: Final = ("east", "south", "west", "north")

_Ints = NDArray[np.integer[Any]]
_Found = tuple[Kind, int, str, int]
"""Kind, robot, what, the other robot or -1."""


class StepViolation(msgspec.Struct, frozen=True):
    """One thing that was wrong after step `step` (0: at the start); `other` is -1 where there is no other robot."""

    kind: Kind
    step: int
    robot: int
    text: str
    other: int = -1

    def __str__(self) -> str:
        return f"{self.kind} after step {self.step}: robot {self.robot} {self.text}"


class StepsJudged(NamedTuple):
    """What the judge saw of n robots."""

    violations: list[StepViolation]
    """First by time, then by robot; at most `most` of each kind."""
    kinds: dict[str, int]
    """All violations by kind, those beyond `most` too; empty when all is well."""
    errands: NDArray[np.int64]
    """(n,) errands done by each robot."""
    done: NDArray[np.int64]
    """(e, 3) step, robot, number of the errand in the list; by step, then by robot."""


def check_steps(
    free: NDArray[np.bool_],
    states: _Ints,
    tasks: _Ints,
    *,
    starts: _Ints | None = None,
    claimed: _Ints | None = None,
    most: int = 1000,
) -> StepsJudged:
    """Judge a run: every rule, and the errands counted anew.

    Args:
        free: (h, w) where robots may be.
        states: (steps + 1, n) of the start and after each step; 4 * cell + heading.
        tasks: (k,) cells of the errands. Robot i gets errands i, i + n, ..., and after the last the first again. An
            errand is done when its robot is on its cell at the end of a step; the next one begins then.
        starts: (n,) cells where the robots should start, facing east.
        claimed: (n,) errands that each robot is said to have done.
        most: so many violations of each kind are kept; the rest are counted.
    """
    robots = states.shape[1]
    kept: dict[str, list[StepViolation]] = {}
    count: dict[str, int] = {}

    def note(step: int, found: Iterator[_Found]) -> None:
        for kind, robot, text, other in found:
            count[kind] = count.get(kind, 0) + 1
            if count[kind] <= most:
                kept.setdefault(kind, []).append(StepViolation(kind, step, robot, text, other))

    everyone = np.arange(robots)
    errands = np.zeros(robots, np.int64)
    done: list[NDArray[np.int64]] = []
    first = _Step(free, states[0])
    if starts is not None:
        note(0, _starts(first, np.asarray(starts, np.int64), free.shape[1]))
    note(0, _places(first, free))
    before = first
    for step in range(1, len(states)):
        after = _Step(free, states[step])
        note(step, _places(after, free))
        note(step, _motions(before, after, free))
        task = (errands * robots + everyone) % len(tasks)
        reached = np.flatnonzero(after.cell == tasks[task])
        errands[reached] += 1
        done.append(np.column_stack((np.full(len(reached), step), reached, task[reached])))
        before = after
    if claimed is not None:
        note(len(states) - 1, _miscounted(np.asarray(claimed, np.int64), errands))
    found = [violation for kind in kept.values() for violation in kind]
    found.sort(key=lambda v: (v.step, v.robot))
    return StepsJudged(found, count, errands, np.concatenate(done) if done else np.zeros((0, 3), np.int64))


class _Step:
    """Where the robots are after a step; `holder` is a robot on each cell, or -1. Robots out of the map hold none."""

    def __init__(self, free: NDArray[np.bool_], states: _Ints) -> None:
        numbers = np.asarray(states, np.int64)
        self.cell, self.heading = numbers >> 2, numbers & 3
        self.inside = (self.cell >= 0) & (self.cell < free.size)
        self.holder = np.full(free.size, -1, np.int64)
        self.holder[self.cell[self.inside]] = np.flatnonzero(self.inside)

    def on(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """A robot on each of these cells; -1: nobody, or no cell of the map."""
        real = (cells >= 0) & (cells < len(self.holder))
        return np.where(real, self.holder[np.where(real, cells, 0)], -1)


def _where(cell: int, width: int) -> str:
    return f"cell {cell} (row {cell // width}, column {cell % width})"


def _starts(first: _Step, starts: NDArray[np.int64], width: int) -> Iterator[_Found]:
    for i in np.flatnonzero((first.cell != starts) | (first.heading != 0)).tolist():
        is_at = f"{_where(int(first.cell[i]), width)} facing {_HEADINGS[first.heading[i]]}"
        yield "start", i, f"starts at {is_at}; its start is {_where(int(starts[i]), width)} facing east", -1


def _places(now: _Step, free: NDArray[np.bool_]) -> Iterator[_Found]:
    """On the map, on no obstacle, alone."""
    height, width = free.shape
    for i in np.flatnonzero(~now.inside).tolist():
        yield "out_of_map", i, f"is at cell {now.cell[i]}; the map has cells 0 to {height * width - 1}", -1
    walled = now.inside & ~free.ravel()[np.where(now.inside, now.cell, 0)]
    for i in np.flatnonzero(walled).tolist():
        yield "obstacle", i, f"is on {_where(int(now.cell[i]), width)}, which is blocked", -1
    holder = now.on(now.cell)
    for i in np.flatnonzero(now.inside & (holder != np.arange(len(holder)))).tolist():
        yield "collision", i, f"is on {_where(int(now.cell[i]), width)} with robot {holder[i]}", int(holder[i])


def _motions(before: _Step, after: _Step, free: NDArray[np.bool_]) -> Iterator[_Found]:
    """Forward to the next cell, a turn by 90°, or none; and nobody came the other way."""
    width = free.shape[1]
    turned = (after.heading - before.heading) & 3
    drove = after.cell != before.cell
    ahead = before.cell + np.array([1, width, -1, -width])[before.heading]
    column = before.cell % width
    over_edge = ((before.heading == 0) & (column == width - 1)) | ((before.heading == 2) & (column == 0))
    for i in np.flatnonzero(drove & ((after.cell != ahead) | over_edge)).tolist():
        way = f"{_where(int(before.cell[i]), width)} facing {_HEADINGS[before.heading[i]]}"
        yield "jump", i, f"went from {way} to {_where(int(after.cell[i]), width)} in one step", -1
    for i in np.flatnonzero(np.where(drove, turned != 0, turned == 2)).tolist():
        way = f"from {_HEADINGS[before.heading[i]]} to {_HEADINGS[after.heading[i]]}"
        yield "turn", i, f"turned {way} {'while driving' if drove[i] else 'in one step'}", -1
    other = before.on(after.cell)
    swapped = drove & (other >= 0) & (after.cell[other] == before.cell) & (other < np.arange(len(other)))
    for i in np.flatnonzero(swapped).tolist():
        one, two = _where(int(before.cell[i]), width), _where(int(after.cell[i]), width)
        yield "swap", i, f"went from {one} to {two} while robot {other[i]} went the other way", int(other[i])


def _miscounted(claimed: NDArray[np.int64], counted: NDArray[np.int64]) -> Iterator[_Found]:
    for i in np.flatnonzero(claimed != counted).tolist():
        yield "miscounted", i, f"is said to have done {claimed[i]} errands, and did {counted[i]}", -1
