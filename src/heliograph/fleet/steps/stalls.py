"""Delay in steps: vehicles that stall now and then, and some that break for good until they are towed.

A vehicle that runs begins to stall with a fixed chance in every step, and stands for a number of steps drawn evenly
between the shortest and the longest. The share of time in which it runs is then (Palm's formula)

    availability = 1 / (1 + chance * mean length)

How much output may fall follows from a fluid queue (Newell, Applications of Queueing Theory, 1982). Who stands for d
steps on a node where vehicles come at rate r and could leave at rate c holds up r * d of them; then the queue is served
at c - r, and together they lose r * d**2 / 2 / (1 - r / c) steps if none goes round it. So an errand of T steps takes

    T * (1 + chance * (E[d] + E[r * d**2] / 2 / (1 - r / c)))

See `slowdown`. It is a bound as long as r < c: planning around the standing ones makes less of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Stalls", "draw_stalls", "slowdown"]


class Stalls(NamedTuple):
    """When which vehicle stands still; t steps, v vehicles."""

    stalled: NDArray[np.bool_]
    """(t, v) it does not move in this step, broken ones included until they are towed."""
    broken_at: NDArray[np.int64]
    """(v,) the step in which it breaks; t: never."""
    towed_at: NDArray[np.int64]
    """(v,) the step before which it is taken out; t: never."""

    def towed(self, step: int) -> NDArray[np.intp]:
        """The vehicles to take out before this step."""
        return np.flatnonzero(self.towed_at == step)


def draw_stalls(
    count: int,
    steps: int,
    *,
    seed: int,
    chance: float = 0.01,
    shortest: int = 5,
    longest: int = 60,
    broken: float = 0.05,
    towed_after: int = 600,
) -> Stalls:
    """Draw all stalls of a run.

    Args:
        chance: that a running vehicle begins to stall in a step.
        shortest, longest: of a stall, in steps, both included.
        broken: the share of vehicles that break, each at a random step.
        towed_after: steps from breaking to being taken out.
    """
    rng = np.random.default_rng(seed)
    stalled = np.zeros((steps, count), np.bool_)
    until = np.zeros(count, np.int64)
    for step in range(steps):
        begins = (until <= step) & (rng.random(count) < chance)
        until[begins] = step + rng.integers(shortest, longest + 1, np.count_nonzero(begins))
        stalled[step] = until > step
    broken_at = np.full(count, steps, np.int64)
    who = rng.permutation(count)[: round(broken * count)]
    broken_at[who] = rng.integers(steps, size=len(who))
    for v in who:
        stalled[broken_at[v] :, v] = True
    return Stalls(stalled, broken_at, np.minimum(broken_at + towed_after, steps))


def slowdown(
    visits: NDArray[np.integer],
    steps: int,
    *,
    chance: float = 0.01,
    shortest: int = 5,
    longest: int = 60,
    capacity: float = 1.0,
) -> float:
    """At most how many times as long an errand takes with stalls as without.

    Args:
        visits: (n,) how often each node was entered in `steps` steps without stalls.
        capacity: vehicles that can pass a node in a step; 1 where they follow each other closely (LoRR).
    Returns:
        1 or more; infinite where a node is so busy that a queue would never end.
    """
    length = np.arange(shortest, longest + 1)
    rate = visits[visits > 0] / steps
    if (rate >= capacity).any():
        return np.inf
    held = rate * np.mean(length**2.0) / 2 / (1 - rate / capacity)
    return float(1 + chance * (length.mean() + (held * rate).sum() / max(rate.sum(), 1e-300)))
