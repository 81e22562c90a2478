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

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.steps import tries as trying
from heliograph.fleet.steps import window
from heliograph.fleet.steps.blind import blind_nodes
from heliograph.fleet.steps.guide import spread
from heliograph.fleet.steps.lattice import Lattice
from heliograph.fleet.steps.led import Led
from heliograph.fleet.steps.moves import DEPTH, Moves, build_moves, deal, redeal
from heliograph.fleet.steps.prices import Prices
from heliograph.fleet.steps.rounds import build_market, open_round, play_rounds
from heliograph.fleet.steps.rows import FAR, UNIT, RowTable, build_roads

__all__ = ["Steps"]

WINDOW: Final = 6
"""On a roadmap, so many moves from node to node are planned jointly. On a grid it depends: the more room there is, and
the more tries there are, the further it is worth looking (fitted on random grids of 819 cells, bench/README.md):"""
LOOK: Final = 2.2
"""... so many steps, over the share of nodes that are held, where each vehicle can be tried OFTEN in a step,"""
OFTEN: Final = 2.0
STEEP: Final = 4.0
"""... a step further for each 1 + STEEP times that share as many tries, and nearer for fewer,"""
NEAREST: Final = 4
NEAREST_IN_ROOM: Final = 6
FARTHEST: Final = 18
"""... within these bounds, in steps; who has room looks no less far than six."""
MEMORY: Final = 0.8
"""What a step leaves of the mean of tries made in the steps before."""
ROOMY: Final = 0.3
"""Where no larger share of the nodes is held, and all can be tried, regrouping finds better ways to part than pushes;
there only those push who have lost more than ..."""
LONG_LOST: Final = 30
"""... so many steps on their errands."""
SHARE: Final = 0.3
"""So many vehicles for each node may be in a hurry at a time: the nearest to their goals. The others give way ..."""
SHARE_IN_CRUSH: Final = 0.35
"""... and in a crush, where that many are, they do not even pursue their goals meanwhile."""
CALM: Final = 1
"""What a loss of a vehicle counts that is in no hurry; `window.NOMINAL` for the others."""
PATIENCE: Final = 0.5
"""A step lost on an errand is worth so many steps of way in the order of right of way."""
CROWD: Final = 0.4
"""Where a larger share of the nodes is held, those who stand move on in rounds first (see `rounds`)."""
CRUSH: Final = 0.55
"""Above this share it is a crush: prices keep jams from growing (see `prices`) ..."""
IMPATIENCE: Final = 2.0
"""... and instead of what it has lost, each step spent on one node counts, as so many steps less to go."""
PACKED: Final = 0.9
"""Above this one nobody pushes or trades any more: that would only break up the rings. The round is the plan."""
SHARE_IN_RINGS: Final = 0.5
"""So many vehicles for each node are in a hurry there: the more, the more rings are worth turning."""
RETREAT: Final = 4.0
"""There a step spent on one node counts as so many steps more to go: who cannot get on gives way, and soon gets another
chance from elsewhere; who gets no nearer is led."""
OUT: Final = 8
"""In a crush who is sent to a blind node (see `blind`) that is held is in no hurry, or such vehicles would soon make up
many of those who are. Where only rings move neither is who is to come out of one; yet its loss counts so much ..."""
OUT_SOON: Final = 24
"""... and so much, as soon as somebody who is sent there has ..."""
NEAR: Final = 8
"""... no more than so many steps to go."""
HASTY: Final = 0.25
"""Where there are fewer tries for each vehicle in a step, on a grid with room moves are dealt out (see `moves`), ..."""
LEISURELY: Final = 0.08
"""... until there would be so many again, ..."""
BUNDLE: Final = 4
"""... each of as many redeals."""
GIVE_WAY: Final = 8.0
"""There a step spent on one node counts as so many steps more to go."""
SHORT: Final = 2.0
"""On a crowded grid, where each vehicle cannot be tried so often in a step ..."""
FLOWS: Final = 0.92
"""... and those who pursue their goals come less than so many steps nearer in a step ..."""
ADMIT: Final = 0.01
"""... so many fewer of them do so in the next one, or more again, ..."""
LEAST_ACTIVE: Final = 0.4
"""... but so many of all at least. The nearest come first, and whoever has lost much."""
QUIET: Final = 0.01
"""Where a round moves no larger share of the vehicles ..."""
QUIET_STEPS: Final = 3
"""... for so many steps, they push and trade all the same: there are no rings."""
AGAINST: Final = 16.7
"""Going against a stream costs up to so many steps more, times the square of the share of nodes that are held ..."""
MOST_AGAINST: Final = 6.0
"""... or so many ..."""
AGAINST_STREET: Final = 60.0
"""Where streets are one-way, it costs so many steps, times that share, ..."""
MOST_AGAINST_STREET: Final = 3.0
"""... up to so many."""
AGAINST_IN_CRUSH: Final = 8.0
"""... and in a crush, so many ..."""
AGAINST_IN_RINGS: Final = 12.0
"""... or so many, where only rings move."""
MARGIN: Final = window.DEAREST
"""No vehicle gets further than that from its goal in a plan, as no path may lose more."""
SMALL: Final = 200
"""A map with no more nodes than that knows no crush: to push is cheap there, and rings are rare."""
HELP: Final = 240
"""Who has not got nearer for so many steps, or as many as there are vehicles, is led to its goal (see `led`) ..."""
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
        self._packed = self._crushed and count > PACKED * lattice.nodes
        if guided:
            against = min(AGAINST * (count / lattice.nodes) ** 2, MOST_AGAINST)
            if self._crushed:
                against = AGAINST_IN_RINGS if self._packed else AGAINST_IN_CRUSH
            street = min(AGAINST_STREET * count / lattice.nodes, MOST_AGAINST_STREET)
            everywhere = np.arange(lattice.nodes)
            spread(lattice, self._roads, everywhere if places is None else places, against, street, seed)
        self._share = count / lattice.nodes
        """How much of the map is held."""
        steps = FARTHEST if lattice.follow else WINDOW * _move_steps(lattice)
        self._rows = RowTable(self._roads, lattice.nodes, count, lattice.follow, MARGIN)
        self._plans = window.build_plans(
            self._roads, lattice.nodes, starts, self._rows.rows, steps, lattice.follow, seed
        )
        self._prices: Prices | None = None
        if self._crushed and not self._packed:
            self._prices = Prices(self._roads, lattice, starts, narrow=self._rows.narrow)
        self._quiet = 0
        """Steps since a round has moved more than a few."""
        blind = blind_nodes(lattice) if self._crushed else np.zeros(lattice.nodes, np.bool_)
        self._market = build_market(count, lattice.nodes, blind)
        self._dealt = False
        """Whether all paths are still as the last round has left them."""
        self._moves: Moves | None = None
        if lattice.follow and not self._crowded:
            self._moves = build_moves(self._roads, count)
        self._by_moves: Moves | None = None
        """... if this step is planned by them."""
        self._plans.k["good"] = UNIT
        self._nearest = round(min(max(NEAREST, LOOK / self._share), NEAREST_IN_ROOM))
        if lattice.follow:
            self._plans.k["window"] = self._nearest
        self._active = float(count)
        """So many pursue their goals, where it is crowded and there is no time to try everybody."""
        self._flow = 1.0
        """What they came nearer in a step of late, in steps."""
        self._tried = 0.0
        """Tries a step, of late."""
        self._tries_before = 0
        share = SHARE_IN_RINGS if self._packed else SHARE_IN_CRUSH if self._crushed else SHARE
        self._hurried = min(count, max(1, round(share * lattice.nodes)))
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
        waits = (HELP + lattice.nodes, HELP) if self._crushed else (max(HELP, count), HELP_IN_JAM)
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
        return self._plans.path[:, : int(self._plans.k["window"][0]) + 1].copy()

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
        self._dealt = False
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
        self._dealt = False
        self._led.hold(self._plans.path, self._plans.held)
        if self._plans.goal[vehicle] >= 0:
            self._measure(vehicle)

    def plan(self) -> None:
        """A new step begins: from now on `improve` may be called, as often as there is time."""
        p = self._plans
        self._look_ahead()
        if self._prices is not None:
            self._renew(self._prices.outdated(self._rows, min(1.0, OFTEN * self._tried / self.count)))
        for v in np.flatnonzero((p.goal >= 0) & (p.path[:, 0] >= 0) & (p.to_go + MARGIN > self._rows.reach[p.row])):
            self._rows.extend(int(p.row[v]), int(p.path[v, 0]))
        self._led.look(p.path, p.held, p.goal, p.to_go, self._stalled)
        p.fixed[self._led.led] = window.RIGID
        self._rank()
        if self._by_moves is not None:
            deal(p, self._roads, self._by_moves)
            return
        if self._crowded:
            moved = open_round(p, self._roads, self._market)
            self._quiet = 0 if moved > QUIET * self.count else self._quiet + 1
            self._dealt = True
        trying.begin(p, self._roads)

    def improve(self, tries: int) -> int:
        """So many tries to make the plan better; how many of them did.

        The first ones give each vehicle its turn in the order of right of way; then any may gain what others lose less.
        Where only rings move, a try is a further round.
        """
        if self._by_moves is not None:
            self._plans.k["tries"] += tries
            return int(redeal(self._plans, self._roads, self._by_moves, BUNDLE * tries))
        if not self._packed or self._quiet >= QUIET_STEPS:
            return int(trying.improve(self._plans, self._roads, tries))
        return int(play_rounds(self._plans, self._roads, self._market, tries)) if self._dealt else 0

    def move(self, stalled: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
        """Drive one step.

        Args:
            stalled: (v,) vehicles that do not move, whatever was planned. Who would enter a node that they do not
                leave stays as well. In the next plan they are taken to stand where they are.
        Returns:
            (v,) who stands on the node it was sent to.
        """
        p = self._plans
        self._dealt = False
        before = p.to_go.copy()
        self._stalled = np.zeros(self.count, np.bool_) if stalled is None else stalled.copy()
        stays = self._stalled.copy()
        self._led.wait(stays)
        window.drive(p, self._roads, stays, self._todo)
        self._led.moved(p.path, p.held)
        if self._crowded and not self._crushed:
            self._admit(before - p.to_go)
        self._steps += 1
        node = self._roads.node[p.path[:, 0]]
        self._idle = np.where(node == self._was, self._idle + 1, 0)
        self._was = node
        if self._prices is not None:
            self._prices.saw(p.path[:, 0], p.aim >= 0, self._idle)
        p.fixed[:] = 0
        p.fixed[self._stalled | self._led.led] = window.RIGID
        s = p.path[:, 0]
        arrived: NDArray[np.bool_] = (s >= 0) & (self._roads.node[s] == p.goal) & self._roads.there[s]
        return arrived

    def _admit(self, nearer: NDArray[np.int64]) -> None:
        """Where it is crowded and there is no time to try everybody, let fewer pursue their goals if they get on badly.

        Args:
            nearer: (v,) by how much each vehicle came nearer to its goal in this step.
        """
        aims = self._plans.aim >= 0
        each = float(nearer[aims].sum()) / (UNIT * max(1, int(np.count_nonzero(aims))))
        self._flow = MEMORY * self._flow + (1 - MEMORY) * each
        if self._tried >= SHORT * self.count:
            self._active = float(self.count)
        else:
            change = 1 + ADMIT if self._flow > FLOWS else 1 - ADMIT
            self._active = min(max(change * self._active, LEAST_ACTIVE * self.count), float(self.count))

    def _rank(self) -> None:
        """Who has the right of way before whom, who may push, who is in a hurry, and who pursues its goal."""
        p, lost = self._plans, self.lost
        key = p.to_go - PATIENCE * UNIT * lost
        if self._by_moves is not None:
            key = p.to_go + GIVE_WAY * UNIT * self._idle
        if self._crushed:
            inside, wants_in = self._blind()
            idle = UNIT * self._idle
            key = p.to_go + (RETREAT * idle if self._packed else -IMPATIENCE * idle)
            key[(inside | wants_in) if self._packed else wants_in] += FAR
        key[p.goal < 0] = np.inf
        p.order[:] = np.argsort(key, kind="stable")
        p.k["pushing"] = self.count
        if self._lattice.follow and self._share <= ROOMY and self._tried >= self.count:
            late = lost[p.order] > LONG_LOST
            p.order[:] = np.concatenate([p.order[late], p.order[~late]])
            p.k["pushing"] = np.count_nonzero(late)
        p.weight[:] = CALM
        p.weight[p.order[: self._hurried]] = window.NOMINAL
        if self._packed:
            p.weight[inside] = OUT
            p.weight[p.held[0, p.goal[wants_in & (p.to_go < NEAR * UNIT)]]] = OUT_SOON
        p.aim[:] = p.goal
        active = self._hurried if self._prices is not None else round(self._active)
        p.aim[p.order[active:]] = -1
        p.weight[p.order[active:]] = CALM

    def _blind(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(v,) who stands on a blind node, and who is sent to one that is held."""
        p, blind = self._plans, self._market.blind
        here = p.path[:, 0] >= 0
        wants_in = here & (p.goal >= 0) & blind[p.goal] & (p.held[0, p.goal] >= 0)
        return here & blind[self._roads.node[p.path[:, 0]]], wants_in

    def _renew(self, rows: list[int]) -> None:
        """Make rows again, as costs are now."""
        p = self._plans
        self._rows.renew(rows)
        on_way = (p.goal >= 0) & (p.path[:, 0] >= 0)
        for v in np.flatnonzero(on_way & np.isin(p.row, rows)).tolist():
            cost = window.how_far(p, self._roads, v)
            self._begun[v] += cost - p.to_go[v]
            p.to_go[v] = cost

    def _look_ahead(self) -> None:
        """How many steps are planned from now on: as many as there is time to make good use of."""
        k = self._plans.k[0]
        self._tried = MEMORY * self._tried + (1 - MEMORY) * float(k["tries"] - self._tries_before)
        self._tries_before = int(k["tries"])
        enough = (HASTY if self._by_moves is None else LEISURELY) * self.count
        self._by_moves = self._moves if self._tried < enough else None
        if self._by_moves is not None:
            k["window"] = DEPTH
        elif self._lattice.follow:
            often = max(self._tried / self.count, 1e-3) / OFTEN
            steps = round(LOOK / self._share + math.log(often) / math.log(1 + STEEP * self._share))
            now = int(k["window"])
            k["window"] = min(max(steps, self._nearest, now - 1), FARTHEST, now + 1)

    def _measure(self, vehicle: int) -> None:
        p, rows = self._plans, self._rows
        row, state = int(p.row[vehicle]), int(p.path[vehicle, 0])
        cost = window.how_far(p, self._roads, vehicle)
        if cost < 0 or cost + MARGIN > rows.reach[row]:
            rows.extend(row, state)
            cost = window.how_far(p, self._roads, vehicle)
        if cost < 0:
            node = self._roads.node[state]
            raise ValueError(f"vehicle {vehicle}: no way from node {node} to node {self._plans.goal[vehicle]}")
        p.to_go[vehicle] = self._begun[vehicle] = cost
        self._steps[vehicle] = 0


def _move_steps(lattice: Lattice) -> int:
    """How many steps a move from node to node usually takes."""
    way = lattice.other >= 0
    edges = np.unique(lattice.node[way].astype(np.int64) * lattice.nodes + lattice.other[way])
    return max(1, round(np.count_nonzero(way) / max(len(edges), 1)))
