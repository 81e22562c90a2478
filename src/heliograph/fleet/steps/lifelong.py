"""Vehicles in steps: each is sent to a node, and when it is there, to the next one, without end.

    fleet = Steps(grid_lattice(free), starts, seed=1)
    fleet.send(vehicle, node)    an errand
    fleet.plan()                 a new step begins: there is a way for all that collides nowhere
    fleet.improve(100)           ... and a better one after so many tries; as often as there is time
    fleet.move()                 one step is driven: who has arrived

The same calls give the same states. Nobody is passed over for ever: what a vehicle has lost on its errand raises its
right of way without limit, and who gets no nearer, in a crush above all, is led to its goal.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.steps import window
from heliograph.fleet.steps.guide import spread
from heliograph.fleet.steps.lattice import Lattice
from heliograph.fleet.steps.led import Led
from heliograph.fleet.steps.rounds import build_market, play_round
from heliograph.fleet.steps.rows import MOST, UNIT, RowTable, build_roads

__all__ = ["Steps"]

WINDOW: Final = 6
"""So many moves from node to node are planned jointly ..."""
FAR_WINDOW: Final = 15
"""... or so many, where few vehicles have much room: then it is worth looking further, and there is time to do so."""
FEW: Final = 300
ROOMY: Final = 0.2
"""Few vehicles, and the share of nodes that they hold."""
SHARE: Final = 0.3
"""So many vehicles for each node may be in a hurry at a time: the nearest to their goals. The others give way."""
CALM: Final = 1
"""What a loss of a vehicle counts that is in no hurry; `window.NOMINAL` for the others."""
PATIENCE: Final = 0.5
"""A step lost on an errand is worth so many steps of way in the order of right of way."""
CROWD: Final = 0.4
"""Where a larger share of the nodes is held, those who stand move on in rounds first (see `rounds`) ..."""
CRUSH: Final = 0.6
"""... and above this one nobody pushes or trades any more: that would only break up the rings."""
QUIET: Final = 0.01
"""Where a round moves no larger share of the vehicles ..."""
QUIET_STEPS: Final = 3
"""... for so many steps, they push and trade as if there were room: there are no rings."""
AGAINST: Final = 6.0
"""Going against a stream costs up to so many steps more; less where there is room: with its square ..."""
AGAINST_IN_CRUSH: Final = 8.0
"""... and in a crush, so many."""
IDLE: Final = 8.0
"""In a crush a step spent on one node counts as so many steps more to go: who cannot get on gives way, and soon gets
another chance from elsewhere. What it has lost does not count there; who gets no nearer is led."""
SMALL: Final = 200
"""A map with no more nodes than that knows no crush: to push is cheap there, and rings are rare."""
HELP: Final = 240
"""Who has not got nearer for so many steps is led to its goal (see `led`) ..."""
HELP_IN_JAM: Final = 24
"""... or for so many, where hardly anybody gets nearer."""


class Steps:
    """A fleet that moves in steps, all vehicles at once.

    Args:
        starts: (v,) the state of each vehicle; -1: not on the map yet.
        seed: of what is drawn; the same seed and the same calls give the same states.
        places: nodes between which errands run, from which guidance is learnt; default: all nodes.
        guided: whether ways are spread over the map so that opposite streams part (see `guide`).
    """

    def __init__(
        self,
        lattice: Lattice,
        starts: NDArray[np.int32],
        *,
        seed: int = 0,
        places: NDArray[np.int64] | None = None,
        guided: bool = True,
    ) -> None:
        count = len(starts)
        self._lattice = lattice
        self._roads = build_roads(lattice)
        self._crowded = lattice.follow and count > CROWD * lattice.nodes
        self._crushed = lattice.follow and count > CRUSH * lattice.nodes > CRUSH * SMALL
        if guided:
            against = AGAINST * min(1.0, (count / (CRUSH * lattice.nodes)) ** 2)
            if self._crushed:
                against = AGAINST_IN_CRUSH
            spread(lattice, self._roads, np.arange(lattice.nodes) if places is None else places, against, seed)
        steps = _window(lattice, count)
        self._margin = MOST * steps
        """So much may a vehicle get further from its goal in a plan."""
        self._rows = RowTable(self._roads, lattice.nodes, count, lattice.follow, self._margin)
        self._plans = window.build_plans(
            self._roads, lattice.nodes, starts, self._rows.rows, steps, lattice.follow, seed
        )
        self._quiet = 0
        """Steps since a round has moved more than a few."""
        self._market = build_market(count, lattice.nodes)
        self._plans.k["good"] = UNIT * window.SCALE
        self._hurried = min(count, max(1, round(SHARE * lattice.nodes)))
        self._begun = np.zeros(count, np.int64)
        """(v,) the cost of the way when the errand began."""
        self._steps = np.zeros(count, np.int64)
        """(v,) steps since then."""
        self._was = self._roads.node[starts]
        self._idle = np.zeros(count, np.int64)
        """(v,) steps since it left a node."""
        self._todo = np.zeros(count, np.int64)
        self._stalled = np.zeros(count, np.bool_)
        # In a crush everybody gets nearer but seldom: a step for each node is nothing out of the common.
        waits = (HELP + lattice.nodes, HELP) if self._crushed else (HELP, HELP_IN_JAM)
        self._led = Led(lattice, count, patience=waits[0], hurry=waits[1])

    @property
    def count(self) -> int:
        """Number of vehicles."""
        return len(self._steps)

    @property
    def states(self) -> NDArray[np.int32]:
        """(v,) where each vehicle is; -1: not on the map."""
        return self._plans.path[:, 0].copy()

    @property
    def paths(self) -> NDArray[np.int32]:
        """(v, W + 1) the states planned from now on; the first step is about to be driven, the rest may change."""
        return self._plans.path.copy()

    @property
    def goals(self) -> NDArray[np.int64]:
        """(v,) the node to which each vehicle is sent; -1: none."""
        return self._plans.goal.copy()

    @property
    def to_go(self) -> NDArray[np.float64]:
        """(v,) how many steps each vehicle is from its goal, by the favoured way."""
        return self._plans.to_go / UNIT

    @property
    def lost(self) -> NDArray[np.float64]:
        """(v,) steps that each vehicle has lost on its errand."""
        lost: NDArray[np.float64] = np.maximum(self._steps - (self._begun - self._plans.to_go) / UNIT, 0.0)
        return lost

    def send(self, vehicle: int, node: int) -> None:
        """Give a vehicle an errand, in place of the one it has; node -1: none.

        Raises:
            ValueError: there is no way from where it is.
        """
        p = self._plans
        if p.goal[vehicle] >= 0:
            self._rows.release(int(p.row[vehicle]))
        p.goal[vehicle] = node
        self._steps[vehicle] = 0
        p.to_go[vehicle] = self._begun[vehicle] = 0
        if node >= 0:
            p.row[vehicle] = self._rows.take(node, int(p.path[vehicle, 0]))
            if p.path[vehicle, 0] >= 0:
                self._measure(vehicle)

    def take_out(self, vehicle: int) -> None:
        """Take a vehicle off the map, from wherever it is; its errand stays."""
        self._led.drop(vehicle)
        self._plans.path[vehicle] = -1
        window.stand(self._plans, self._roads)
        self._led.hold(self._plans.path, self._plans.held)

    def put_back(self, vehicle: int, state: int) -> None:
        """Set a vehicle on the map.

        Raises:
            ValueError: another vehicle holds that node.
        """
        node = self._roads.node[state]
        if self._plans.held[0, node] >= 0:
            raise ValueError(f"node {node} is held by vehicle {self._plans.held[0, node]}")
        self._plans.path[vehicle, 0] = state
        window.stand(self._plans, self._roads)
        self._led.hold(self._plans.path, self._plans.held)
        if self._plans.goal[vehicle] >= 0:
            self._measure(vehicle)

    def plan(self) -> None:
        """A new step begins: from now on `improve` may be called, as often as there is time."""
        p = self._plans
        for v in np.flatnonzero(
            (p.goal >= 0) & (p.path[:, 0] >= 0) & (p.to_go + self._margin > self._rows.reach[p.row])
        ):
            self._rows.extend(int(p.row[v]), int(p.path[v, 0]))
        self._led.look(p.path, p.held, p.goal, p.to_go, self._stalled)
        p.fixed[self._led.led] = window.RIGID
        key = p.to_go - PATIENCE * UNIT * self.lost
        if self._crushed:
            key = p.to_go + IDLE * UNIT * self._idle
        p.order[:] = np.argsort(key, kind="stable")
        p.weight[:] = CALM
        p.weight[p.order[: self._hurried]] = window.NOMINAL
        if self._crowded:
            moved = play_round(p, self._roads, self._market, self._todo)
            self._quiet = 0 if moved > QUIET * self.count else self._quiet + 1
        window.begin(p, self._roads)

    def improve(self, tries: int) -> int:
        """So many tries to make the plan better; how many of them did.

        The first ones give each vehicle its turn in the order of right of way; then any may gain what others lose less.
        In a crush there is nothing to try while rounds go on: the round is the plan.
        """
        rounds_do = self._crushed and self._quiet < QUIET_STEPS
        return 0 if rounds_do else int(window.improve(self._plans, self._roads, tries))

    def move(self, stalled: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
        """Drive one step.

        Args:
            stalled: (v,) vehicles that do not move, whatever was planned. Who would enter a node that they do not
                leave stays as well. In the next plan they are taken to stand where they are.
        Returns:
            (v,) who stands on the node it was sent to.
        """
        p = self._plans
        self._stalled = np.zeros(self.count, np.bool_) if stalled is None else stalled.copy()
        stays = self._stalled.copy()
        self._led.wait(stays)
        window.drive(p, self._roads, stays, self._todo)
        self._led.moved(p.path, p.held)
        self._steps += 1
        node = self._roads.node[p.path[:, 0]]
        self._idle = np.where(node == self._was, self._idle + 1, 0)
        self._was = node
        p.fixed[:] = 0
        p.fixed[self._stalled | self._led.led] = window.RIGID
        s = p.path[:, 0]
        arrived: NDArray[np.bool_] = (s >= 0) & (self._roads.node[s] == p.goal) & self._roads.there[s]
        return arrived

    def _measure(self, vehicle: int) -> None:
        p, rows = self._plans, self._rows
        row, state = int(p.row[vehicle]), int(p.path[vehicle, 0])
        cost = window.how_far(p, self._roads, vehicle)
        if cost < 0 or cost + self._margin > rows.reach[row]:
            rows.extend(row, state)
            cost = window.how_far(p, self._roads, vehicle)
        if cost < 0:
            node = self._roads.node[state]
            raise ValueError(f"vehicle {vehicle}: no way from node {node} to node {self._plans.goal[vehicle]}")
        p.to_go[vehicle] = self._begun[vehicle] = cost
        self._steps[vehicle] = 0


def _window(lattice: Lattice, count: int) -> int:
    """Steps to plan: WINDOW moves of the usual length, or FAR_WINDOW."""
    moves = FAR_WINDOW if lattice.follow and count <= min(FEW, ROOMY * lattice.nodes) else WINDOW
    way = lattice.other >= 0
    edges = np.unique(lattice.node[way].astype(np.int64) * lattice.nodes + lattice.other[way])
    return moves * max(1, round(np.count_nonzero(way) / max(len(edges), 1)))
