"""Targeted: what any planner must lose to traffic on a LoRR instance: a bound for the first errand of every robot.

Each pair of robots is planned exactly, both ways at once (breadth first over pairs of states, one budget of lost steps
after the other), from the start until one of the two has arrived; what comes after is left out, so the loss is never
said too high. Of all the pairs at once: robot i loses x_i whole steps, x_i + x_j is at least the loss of the pair, the
sum is least (an integer programme, its proven bound); that is the weighted dependency graph of Li et al., "Improved
Heuristics for Multi-Agent Path Finding with Conflict-Based Search" (IJCAI 2019). Three robots that are in each other's
way lose more than their pairs say, and a run that never ends has others coming while one drives: the bound is a floor,
and no promise. Beside the instance, random starts, headings and errands on the same map.

Unit: steps lost an errand. What a run of so many steps could do at that loss, each robot on its own errands in their
order, stands beside it.

    python bench/fleet_lorr_bound.py INSTANCE.json [--steps 500] [--draws 4] [--seed 1]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from heliograph.plant.lorr import read_instance

MOST = 4
"""No pair is told to lose more than one step above this."""
ROOM = 1 << 18
"""Pairs of states kept of one moment; a pair that needs more keeps the budget reached by then, a bound still."""
FAR = 30_000


@njit(cache=True)
def _ahead(free, cell, heading):
    """The cell ahead, or -1; headings 0 east, 1 south, 2 west, 3 north."""
    high, wide = free.shape
    row, column = divmod(cell, wide)
    row += (heading == 1) - (heading == 3)
    column += (heading == 0) - (heading == 2)
    if 0 <= row < high and 0 <= column < wide and free[row, column]:
        return row * wide + column
    return -1


@njit(cache=True)
def _steps_to(free, goal):
    """(4, 4 x cells) steps from each state (4 x cell + heading) to the goal, by the heading there."""
    out = np.full((4, free.size * 4), FAR, np.int16)
    queue = np.empty(free.size * 4, np.int64)
    for there in range(4):
        steps = out[there]
        steps[goal * 4 + there] = 0
        queue[0] = goal * 4 + there
        head, tail = 0, 1
        while head < tail:
            state = queue[head]
            head += 1
            cell, heading = divmod(state, 4)
            behind = _ahead(free, cell, (heading + 2) % 4)
            for before in (cell * 4 + (heading + 1) % 4, cell * 4 + (heading + 3) % 4, behind * 4 + heading):
                if before >= 0 and steps[before] == FAR:
                    steps[before] = steps[state] + 1
                    queue[tail] = before
                    tail += 1
    return out


@njit(cache=True)
def _next(free, state, out):
    """Fill in the states after one step: wait, turn, drive; return how many."""
    cell, heading = divmod(state, 4)
    out[0] = state
    out[1] = cell * 4 + (heading + 1) % 4
    out[2] = cell * 4 + (heading + 3) % 4
    ahead = _ahead(free, cell, heading)
    out[3] = ahead * 4 + heading
    return 4 if ahead >= 0 else 3


@njit(cache=True)
def _within(free, first, second, to_first, to_second, budget, seen, stamp):
    """Whether one of the two can arrive with so few steps lost by both; and the stamp last used in `seen`."""
    states = free.size * 4
    now = np.empty((ROOM, 3), np.int32)
    then = np.empty((ROOM, 3), np.int32)
    mine = np.empty(4, np.int64)
    theirs = np.empty(4, np.int64)
    now[0] = first, second, 0
    many = 1
    while many > 0:
        stamp += 1
        found = 0
        for k in range(many):
            a, b, lost = now[k, 0], now[k, 1], now[k, 2]
            ways, others = _next(free, a, mine), _next(free, b, theirs)
            for i in range(ways):
                x = mine[i]
                after = lost + to_first[x] + 1 - to_first[a]
                if after > budget:
                    continue
                for j in range(others):
                    y = theirs[j]
                    total = after + to_second[y] + 1 - to_second[b]
                    if total > budget or x // 4 == y // 4 or (x // 4 == b // 4 and y // 4 == a // 4):
                        continue
                    if to_first[x] == 0 or to_second[y] == 0:
                        return True, stamp
                    pair = x * states + y
                    place = pair * 2_654_435_761 % len(seen)
                    while seen[place, 0] == stamp and seen[place, 1] != pair:
                        place = (place + 1) % len(seen)
                    if seen[place, 0] == stamp:
                        known = seen[place, 2]
                        then[known, 2] = min(then[known, 2], total)
                        continue
                    if found == ROOM:
                        return True, stamp
                    seen[place] = stamp, pair, found
                    then[found] = x, y, total
                    found += 1
        now, then = then, now
        many = found
    return False, stamp


def pair_losses(free: NDArray[np.bool_], starts: NDArray[np.int64], goals: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n, n) steps that robots i > j lose at least because of each other, up to MOST + 1; 0 elsewhere.

    `starts` are states (4 x cell + heading), `goals` cells.
    """
    to = [_steps_to(free, goal).min(axis=0) for goal in goals]
    seen = np.zeros((4 * ROOM, 3), np.int64)
    stamp = 0
    losses = np.zeros((len(starts), len(starts)), np.int64)
    for i in range(len(starts)):
        for j in range(i):
            if to[i][starts[i]] == 0 or to[j][starts[j]] == 0:
                continue
            possible = False
            while not possible and losses[i, j] <= MOST:
                possible, stamp = _within(free, starts[i], starts[j], to[i], to[j], losses[i, j], seen, stamp)
                losses[i, j] += not possible
    return losses


def least_loss(losses: NDArray[np.int64]) -> float:
    """Steps that all robots together lose at least."""
    pairs = np.argwhere(losses)
    if not len(pairs):
        return 0.0
    rows = np.repeat(np.arange(len(pairs)), 2)
    either = coo_array((np.ones(len(rows)), (rows, pairs.ravel())), shape=(len(pairs), len(losses)))
    weights = np.ones(len(losses))
    solved = milp(
        weights,
        integrality=weights,
        bounds=Bounds(0, np.inf),
        constraints=LinearConstraint(either, losses[losses > 0], np.inf),
        options={"time_limit": 60},
    )
    return float(np.ceil(solved.mip_dual_bound - 1e-6))


def errands_alone(
    free: NDArray[np.bool_], starts: NDArray[np.int64], tasks: NDArray[np.int64], steps: int, loss: float
) -> int:
    """Errands of all robots in so many steps, each alone by the quickest ways, losing `loss` steps an errand."""
    robots = len(starts)
    to = {int(goal): _steps_to(free, goal) for goal in np.unique(tasks)}
    done = 0
    for robot in range(robots):
        at = {int(starts[robot]): 0.0}
        """States in which the next errand can begin, and when at the earliest."""
        k = robot
        while True:
            goal = int(tasks[k % len(tasks)])
            at = {
                goal * 4 + there: min(begun + float(to[goal][there, state]) for state, begun in at.items()) + loss
                for there in range(4)
            }
            if min(at.values()) > steps:
                break
            done += 1
            k += robots
    return done


def main() -> None:
    """Print the instance's line, those of the draws, and what a run could do."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instance", type=Path)
    parser.add_argument("--steps", type=int, help="default: as many as in the competition")
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    instance = read_instance(asked.instance)
    free = np.ascontiguousarray(instance.free)
    robots = len(instance.starts)
    starts = np.asarray(instance.starts, np.int64) * 4
    tasks = np.asarray(instance.tasks, np.int64)
    steps = asked.steps or instance.steps
    chance = np.random.default_rng(asked.seed)
    cells = np.flatnonzero(free)

    print(f"{'':<12}{'way':>8}{'pairs':>8}{'lost an errand, at least':>28}")
    first = np.nan
    for draw in range(asked.draws + 1):
        where, goals = starts, tasks[:robots]
        if draw:
            where = chance.choice(cells, robots, replace=False) * 4 + chance.integers(0, 4, robots)
            goals = chance.choice(cells, robots)
        losses = pair_losses(free, where, goals)
        lost = least_loss(losses) / robots
        first = lost if not draw else first
        ways = [_steps_to(free, goal).min(axis=0)[state] for state, goal in zip(where, goals, strict=True)]
        name = f"draw {draw}" if draw else "instance"
        print(f"{name:<12}{np.mean(ways):>8.1f}{np.count_nonzero(losses):>8}{lost:>28.2f}", flush=True)

    print(f"\n{robots} robots, {steps} steps: errands of all, each losing so many steps an errand")
    for loss in (0.0, first, 2 * first, 1.0, 1.5, 2.0, 2.5):
        print(f"{loss:>6.2f}{errands_alone(free, starts, tasks, steps, loss):>10,}")


if __name__ == "__main__":
    main()
