"""Run an instance in steps, with a wall clock around the planner, which knows of none.

A step: robots that have arrived are sent to their next errand, `plan` gives a way to all, `improve` makes it better,
slice by slice while time is left (or for a fixed number of tries, which makes the run repeatable), `move` drives one
step. A slice begins only if it will end, and the drive too, before the limit. The first errands of all robots are dealt
before the clock runs: their many rows of distances are what planners of the competition make in the time that it gives
them to prepare.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.steps import Lattice, Steps, grid_lattice
from heliograph.plant.lorr import Instance
from heliograph.sweeps import no_sweeps

__all__ = ["Limit", "Ran", "bench"]

SLICES: Final = 50
"""A slice should last no longer than the limit over this."""
SHORTEST_MS: Final = 0.05
"""Shorter slices would be all bookkeeping."""
SHORTEST_TRY_MS: Final = 1e-5
"""A clock that stands still for a while, as some do, must not make tries take no time."""
LATE: Final = 0.005
"""So many steps may be late; on a machine with other work, that work takes the processor at any moment."""
LEARN: Final = 0.02
"""A late step sets so much of the limit aside, in addition; steps in time give it back little by little."""
MOST_ASIDE: Final = 0.2
"""A step that is later than that was interrupted: nothing set aside would have saved it."""
WARM_UP_STEPS: Final = 3
LEISURE: Final = 2
"""With so many tries for each vehicle, paths are sought; with one in all, moves are dealt out."""
JAM_STEPS: Final = 40
"""After so many steps two vehicles that meet head-on in a corridor have been led past each other."""

Watch = Callable[[int, int, float], None]
"""Hears the steps and errands done, and what the last step took in ms."""


class Limit(NamedTuple):
    """How long to improve in each step: for so many milliseconds, or for so many tries."""

    ms: float | None = None
    tries: int | None = None


class Ran(NamedTuple):
    """What a run of n robots left."""

    instance: Instance
    limit: Limit
    seed: int
    states: NDArray[np.int32]
    """(steps + 1, n) 4 * cell + heading: at the start, and after each step."""
    errands: NDArray[np.int64]
    """(n,) errands that each robot has done, as the run counted them."""
    step_ms: NDArray[np.float64]
    """(steps,) wall time of each step."""
    tries: int
    helped: int
    """Tries to improve in all, and how many of them helped."""
    compile_ms: float
    """Loading or compiling the kernels."""
    setup_ms: float
    """From the grid to a fleet that stands ready, every robot with its first errand."""
    memory_bytes: int
    """The most memory that this process has held so far."""


def bench(
    instance: Instance,
    steps: int,
    limit: Limit,
    seed: int,
    watch: Watch | None = None,
    *,
    clock: Callable[[], float] = perf_counter,
) -> Ran:
    """Run an instance for so many steps.

    Args:
        clock: seconds, for all times here; `time.process_time` leaves out what other work on the machine takes.
    """
    robots = len(instance.starts)
    began = clock()
    lattice = grid_lattice(instance.free)
    cells = np.flatnonzero(instance.free)
    node = np.cumsum(instance.free) - 1
    starts = (4 * node[instance.starts]).astype(np.int32)
    built = clock()
    _warm_up(lattice, starts, node[instance.tasks[: min(2, robots)]])
    warm = clock()
    places = node[instance.places] if len(instance.places) else None
    fleet = Steps(lattice, starts, seed=seed, places=places)
    errands = np.zeros(robots, np.int64)

    def deal(who: NDArray[np.int64]) -> None:
        """Send robots to their next errand."""
        goals = node[instance.tasks[(errands[who] * robots + who) % len(instance.tasks)]]
        for vehicle, goal in zip(who.tolist(), goals.tolist(), strict=True):
            fleet.send(vehicle, goal)

    deal(np.arange(robots))
    ready = clock()
    states = np.empty((steps + 1, robots), np.int32)
    states[0] = 4 * instance.starts
    step_ms = np.empty(steps)
    shares = _Shares(limit, clock)
    todo = np.zeros(0, np.int64)
    with no_sweeps():  # they would fall into the time of single steps
        for step in range(1, steps + 1):
            start = clock()
            deal(todo)
            fleet.plan()
            shares.improve(fleet, start)
            todo = shares.move(fleet)
            took = clock() - start
            shares.ended(took)
            step_ms[step - 1] = 1000 * took
            errands[todo] += 1
            now = fleet.states
            states[step] = 4 * cells[now >> 2] + (now & 3)
            if watch is not None:
                watch(step, int(errands.sum()), step_ms[step - 1])
    return Ran(
        instance=instance,
        limit=limit,
        seed=seed,
        states=states,
        errands=errands,
        step_ms=step_ms,
        tries=shares.tries,
        helped=shares.helped,
        compile_ms=1000 * (warm - built),
        setup_ms=1000 * (ready - warm + built - began),
        memory_bytes=_peak_memory(),
    )


class _Lasts:
    """How long something lasts, at most, as far as can be told: mean and four deviations of late.

    Source: Jacobson 1988, Congestion avoidance and control (the same need: when is it late?).
    """

    def __init__(self) -> None:
        self._mean = self._deviation = 0.0

    def saw(self, took: float) -> None:
        """Learn from one; what was interrupted counts as no more than three times the usual.

        One that is much shorter shows that what was held to be usual had been interrupted itself.
        """
        if not self._mean or 3 * took < self._mean:
            self._mean, self._deviation = took, took / 2
        off = min(took, 3 * self._mean) - self._mean
        self._mean += off / 8
        self._deviation += (abs(off) - self._deviation) / 4

    @property
    def most(self) -> float:
        return self._mean + 4 * self._deviation


class _Shares:
    """Shares out the time of a step. Times are in seconds."""

    def __init__(self, limit: Limit, clock: Callable[[], float]) -> None:
        self.limit = limit
        self._clock = clock
        self.tries = self.helped = 0
        self._limit_s = (limit.ms or 0.0) / 1000
        self._aim = max(self._limit_s / SLICES, SHORTEST_MS / 1000)
        self._aside = LEARN
        self._try_lasts = _Lasts()
        self._move_lasts = _Lasts()

    def improve(self, fleet: Steps, start: float) -> None:
        """Improve for as long, or as often, as the limit says; `start` is when the step began."""
        if self.limit.ms is None:
            self._improve(fleet, self.limit.tries or 0)
            return
        end = start + (1 - self._aside) * self._limit_s - self._move_lasts.most
        now = self._clock()
        tries = 1  # the first in any case, if there is any time: it tells how long they last now
        while now < end and tries:
            self._improve(fleet, tries)
            took, now = self._clock() - now, self._clock()
            self._try_lasts.saw(took / tries)
            left, each = end - now, max(self._try_lasts.most, SHORTEST_TRY_MS / 1000)
            tries = max(int(min(self._aim, left) / each), int(left > each))

    def ended(self, took: float) -> None:
        """Learn from a step how much to set aside, so that no more than `LATE` of them end late."""
        late = self._limit_s < took <= (1 + MOST_ASIDE) * self._limit_s
        self._aside = min(max(self._aside + LEARN * (float(late) - LATE), LATE), MOST_ASIDE)

    def _improve(self, fleet: Steps, tries: int) -> None:
        if tries:
            self.helped += fleet.improve(tries)
            self.tries += tries

    def move(self, fleet: Steps) -> NDArray[np.int64]:
        """Drive one step; the vehicles that have arrived."""
        start = self._clock()
        arrived = np.flatnonzero(fleet.move())
        self._move_lasts.saw(self._clock() - start)
        return arrived


def _warm_up(lattice: Lattice, starts: NDArray[np.int32], goals: NDArray[np.int64]) -> None:
    """Let every kernel be compiled, or loaded, before the clock runs: for tangles, for crowds, and for such a map."""
    corridor = np.ones((2, 6), np.bool_)
    corridor[0] = np.arange(6) == 1
    _play(Steps(grid_lattice(corridor), np.array([4, 24], np.int32)), np.array([6, 1]), JAM_STEPS)
    block = Steps(grid_lattice(np.ones((2, 2), np.bool_)), np.array([0, 4, 8], np.int32))
    _play(block, np.array([3, 2, 1]), WARM_UP_STEPS)
    fleet = Steps(lattice, starts, guided=False)
    _play(fleet, goals, WARM_UP_STEPS)
    _play(fleet, goals, WARM_UP_STEPS, LEISURE * len(starts))


def _play(fleet: Steps, goals: NDArray[np.int64], steps: int, tries: int = 1) -> None:
    """The first vehicles have these goals."""
    for vehicle, goal in enumerate(goals.tolist()):
        fleet.send(vehicle, goal)
    for _ in range(steps):
        fleet.plan()
        fleet.improve(tries)
        fleet.move()


def _peak_memory() -> int:
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024
