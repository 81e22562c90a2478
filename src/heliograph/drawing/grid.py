"""A run in steps on a grid, as a scene."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heliograph.drawing.scene import Ground, Heat, Scene
from heliograph.drawing.words import Both
from heliograph.plant.lorr import Instance

__all__ = ["grid_scene"]

_DRIVING, _TURNING, _WAITING = range(3)
ROBOT_LENGTH = 0.8
"""In cells."""


def grid_scene(instance: Instance, states: NDArray[np.int32], start: int, end: int) -> Scene:
    """Steps `start` to `end` of a run, both included.

    Args:
        states: (steps + 1, v) 4 * cell + heading, from the beginning of the run.
    """
    height, width = instance.free.shape
    shown = states[start : end + 1]
    cell = shown >> 2
    goal, done = _errands(instance, states[: end + 1] >> 2, start)
    x, y = _centre(cell, width)
    return Scene(
        title=Both(instance.name, instance.name),
        grid=True,
        ground=Ground((0.0, 0.0, float(width), float(height)), blocked=~instance.free),
        first=float(start),
        tick=1.0,
        names=(),
        x=x,
        y=y,
        heading=((shown & 3) * 90).astype(np.float32),
        mood=_moods(shown),
        goal=np.stack(_centre(goal, width), axis=-1),
        moods=("driving", "turning", "waiting"),
        done=done,
        length=ROBOT_LENGTH,
        heat=_heat(instance.free, shown),
    )


def _centre(cell: NDArray[np.integer], width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return (cell % width + 0.5).astype(np.float32), (cell // width + 0.5).astype(np.float32)


def _moods(states: NDArray[np.int32]) -> NDArray[np.uint8]:
    """What each robot does until the next step; in the last one shown, what it did before."""
    mood = np.full(states.shape, _WAITING, np.uint8)
    before, after = states[:-1], states[1:]
    mood[:-1][before != after] = _TURNING
    mood[:-1][(before >> 2) != (after >> 2)] = _DRIVING
    if len(states) > 1:
        mood[-1] = mood[-2]
    return mood


def _errands(instance: Instance, cell: NDArray[np.int32], start: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Goal cells from step `start` on, and errands done up to each of these steps."""
    robots = cell.shape[1]
    everyone = np.arange(robots)
    count = np.zeros(robots, np.int64)
    goal = np.empty((len(cell) - start, robots), np.int32)
    done = np.empty(len(cell) - start, np.int64)
    now = instance.tasks[everyone % len(instance.tasks)]
    for step, at in enumerate(cell):
        if step:
            count[at == now] += 1
            now = instance.tasks[(count * robots + everyone) % len(instance.tasks)]
        if step >= start:
            goal[step - start], done[step - start] = now, count.sum()
    return goal, done


def _heat(free: NDArray[np.bool_], states: NDArray[np.int32]) -> Heat:
    before, after = states[:-1], states[1:]
    steps = max(len(before), 1)
    entered = np.zeros(free.size, np.int64)
    waited = np.zeros(free.size, np.int64)
    for was, now in zip(before, after, strict=True):
        moved = (was >> 2) != (now >> 2)
        np.add.at(entered, now[moved] >> 2, 1)
        np.add.at(waited, now[was == now] >> 2, 1)
    cells = np.flatnonzero(free)
    place = np.stack(_centre(cells, free.shape[1]), axis=-1)
    shares = [(100 * count[cells] / steps).astype(np.float32) for count in (entered, waited)]
    return Heat(place, *shares)
