"""What is drawn, as plain arrays: the ground, and where every vehicle is in every frame.

Coordinates are those of a screen: x to the right, y down; in cells on a grid, in metres on a workshop's floor. Headings
are degrees clockwise from the x axis.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.drawing.words import Both

__all__ = ["MOOD_COLOURS", "Ground", "Heat", "Mood", "Scene", "empty_floats"]

Mood = Literal["driving", "turning", "driving_loaded", "driving_empty", "hand_off", "waiting", "charging", "idle"]

MOOD_COLOURS: Final[dict[Mood, str]] = {
    "driving": "#0072b2",
    "turning": "#56b4e9",
    "driving_loaded": "#009e73",
    "driving_empty": "#0072b2",
    "hand_off": "#cc79a7",
    "waiting": "#d55e00",
    "charging": "#e69f00",
    "idle": "#8b95a1",
}
"""Colours that colour-blind people can tell apart. Source: Okabe & Ito 2008, with a grey for idle."""

_Floats = NDArray[np.float32]


def empty_floats(columns: int) -> _Floats:
    """(0, columns): nothing of that kind."""
    return np.zeros((0, columns), np.float32)


class Ground(NamedTuple):
    """What stays where it is."""

    bounds: tuple[float, float, float, float]
    """Left, top, right, bottom."""
    blocked: NDArray[np.bool_] | None = None
    """(h, w) walls of a grid; None: a floor with ways."""
    ways: _Floats = empty_floats(4)
    """(e, 4) x, y of both ends of each way; one row for both directions."""
    machines: _Floats = empty_floats(4)
    """(m, 4) left, top, right, bottom."""
    machine_names: tuple[str, ...] = ()
    parking: _Floats = empty_floats(2)
    charging: _Floats = empty_floats(2)
    floor_top: float = 0.0
    """The layout's y where the screen's is 0; its own y counts upwards."""

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        left, top, right, bottom = self.bounds
        return right - left, bottom - top


class Heat(NamedTuple):
    """Where it was crowded, over the whole time drawn: n places (the free cells, or the nodes)."""

    place: _Floats
    """(n, 2) x, y"""
    visits: _Floats
    """(n,) vehicles that came, per 100 steps or per hour."""
    waiting: _Floats
    """(n,) % of the time that a vehicle stood there and waited."""


class Scene(NamedTuple):
    """v vehicles in f frames, each `tick` after the last."""

    title: Both
    grid: bool
    """A run in steps on a grid; otherwise a workshop's floor, in seconds and metres."""
    ground: Ground
    first: float
    """Time of the first frame: a step, or seconds after the record's start."""
    tick: float
    names: tuple[str, ...]
    """(v,) empty: vehicles are called by their number, from 0."""
    x: _Floats
    """(f, v), as the next four."""
    y: _Floats
    heading: _Floats
    mood: NDArray[np.uint8]
    """Index into `moods`: what the vehicle does from this frame to the next."""
    goal: _Floats
    """(f, v, 2) x, y where it is bound for; NaN: nowhere."""
    moods: tuple[Mood, ...]
    done: NDArray[np.int64]
    """(f,) errands, or moves, done since the beginning of the run."""
    length: float
    """Vehicle length, in cells or metres."""
    heat: Heat

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.x)

    def at(self, frame: int) -> float:
        """Time of a frame: a step, or seconds after the record's start."""
        return self.first + self.tick * (frame % self.frames)
