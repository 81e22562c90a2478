"""Delay in steps: vehicles that stall now and then, and some that break for good until they are towed.

A vehicle that runs begins to stall with a fixed chance in every step, and stands for a number of steps drawn evenly
between the shortest and the longest. The share of time in which it runs is then (Palm's formula)

    availability = 1 / (1 + chance * mean length)

How much output falls beyond that is estimated as a fluid (Newell, Applications of Queueing Theory, 1982), see
`fluid_share`. Who stands on a node where vehicles come at rate r holds up one after the other; each of them stands on a
node of its own, and holds up those who come there and meant to go elsewhere, at rate b for each that is held up. So
after t steps H = r (exp(b t) - 1) / b are held up; when the stall of d steps is over they are served at c - r, and
together lose the area under H, and H(d)**2 / 2 / (c - r). With C its mean over stalls and places, an errand takes

    k = (1 + chance * E[d]) / (1 - chance * C)

times as long, for vehicles that are held up stall as well. Rates are those without delay over k, so k stands on both
sides. Nobody goes round in it, which keeps it below what is measured on grids (bench/README.md). Not so where roads are
narrow: there vehicles also wait for others to come out of a lane. The bound for any map is in `holding.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Stalls", "draw_stalls", "fluid_share"]


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


def fluid_share(
    visited: NDArray[np.integer],
    nodes: int,
    *,
    chance: float = 0.01,
    shortest: int = 5,
    longest: int = 60,
) -> float:
    """The share of errands that a fluid leaves when vehicles stall and nobody goes round.

    Args:
        visited: (t + 1, v) the node of each vehicle before the first step and after every step, without delay.
    """
    steps, count = visited.shape[0] - 1, visited.shape[1]
    moved = visited[1:] != visited[:-1]
    pairs, times = np.unique(visited[:-1][moved].astype(np.int64) * nodes + visited[1:][moved], return_counts=True)
    came, flow = np.divmod(pairs, nodes), times / steps
    rate = np.bincount(came[1], flow, nodes)
    aside = np.bincount(came[1], flow * (rate[came[0]] - flow), nodes) / np.maximum(rate, 1e-300)
    where = np.bincount(visited[:-1].ravel(), minlength=nodes) / visited[:-1].size
    capacity = min(1.0, float(rate.sum()) / count)
    length = np.arange(shortest, longest + 1.0)[:, None]

    def lost(k: float) -> float:
        """Steps that others lose by one stall, at most all of them for as long."""
        r, b = rate / k, np.maximum(aside / k, 1e-9)
        grown = np.expm1(b * length) / b
        held = np.minimum(r * grown, count - 1)
        queue = r * (grown - length) / b + held**2 / 2 / np.maximum(capacity - r, 1e-9)
        return float((np.minimum(queue, 2 * (count - 1) * length) * where).sum(axis=1).mean())

    low, high = 1.0, 1e6
    for _ in range(60):
        k = (low * high) ** 0.5
        if k * (1 - chance * lost(k)) < 1 + chance * length.mean():
            low = k
        else:
            high = k
    return 1 / high
