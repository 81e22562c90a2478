"""The same workshop as a SimPy model: what a simulation engineer would write by hand, to hold Heliograph against.

Built from the same plant directory, and from nothing else of Heliograph: no code of `twin/`, `flow/` or `fleet/`.
Machines with buffers, batches, arms, failures and planned stops; lots on carriers, full ones forward, empty ones back;
a limit on work in process. Vehicles are a plain resource: a move takes a mean drive to the carrier, a docking and a
hand-off, the mean drive between the two steps, and again a docking and a hand-off. There is no traffic, no battery, no
cell, no record. One simulated second is one unit of time.

Failures and planned stops are drawn from the streams that Heliograph's twin draws them from (common random numbers:
Law, Simulation Modeling and Analysis, 11.2): the stops of a day are the same in both, and what differs is the flow.

    python bench/simpy_model.py topcon --hours 24 --seed 1
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import time
from bisect import insort
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import simpy

from heliograph.plant import PlantFiles, read_plant
from heliograph.plant.model import Downtime, Equipment, Plant

__all__ = ["Outcome", "simulate"]

Process = Generator[simpy.Event, Any, None]
HOUR_S = 3600.0
NEVER_S = 1e30


@dataclass(frozen=True)
class Outcome:
    """What the model saw in `hours` after its warm-up, and what it cost (warm-up included)."""

    plant: str
    hours: float
    warmup_h: float
    seed: int
    cells: int
    cells_per_day: float
    moves: int
    events: int
    wall_s: float


@dataclass
class Lot:
    """Wafers that travel together; `inside` still have to leave the machine the lot is in."""

    alive: int
    inside: int = 0


@dataclass
class Drives:
    """Seconds on the road: to a carrier that waits, and between two steps of a line."""

    approach_s: float
    between_s: dict[tuple[str, str], float]


@dataclass
class Waiting:
    """A full carrier that wants to go on: it stands at an out port, or (at None) in the stocker."""

    since_s: float
    lot: Lot
    at: Tool | None


class Vehicles:
    """A plain resource. A move takes one of them for its drives, dockings and hand-offs."""

    def __init__(self, env: simpy.Environment, plant: Plant, drives: Drives, rng: np.random.Generator) -> None:
        self.env, self.plant, self.drives, self.rng = env, plant, drives, rng
        self.pool = simpy.PriorityResource(env, plant.vehicles.count)
        self.moves = 0

    def carry(self, source: str, target: str, priority: int, lifted: Callable[[], None] | None = None) -> Process:
        """Carry one carrier; `lifted` is called when its place at the source is free."""
        if self.plant.transport == "direct":
            if lifted:
                lifted()
            return
        with self.pool.request(priority) as vehicle:
            yield vehicle
            yield self.env.timeout(self.drives.approach_s + self._at_port_s())
            if lifted:
                lifted()
            yield self.env.timeout(self.drives.between_s[source, target] + self._at_port_s())
        self.moves += 1

    def _at_port_s(self) -> float:
        hand = self.plant.handoff
        dock_s = self.rng.uniform(hand.dock_min_s, hand.dock_max_s)
        return float(dock_s) + hand.request_s + hand.transfer_s + hand.complete_s


class Line:
    """One line: its tools, and where its carriers are. Full ones go on, the oldest first; empty ones go back.

    An emptied carrier waits at its in port until an out port, or the next lot, wants it; a full one waits at its out
    port until the next step has a place. The stocker takes what is in the way.
    """

    def __init__(self, env: simpy.Environment, plant: Plant, number: int, vehicles: Vehicles, order: list[str]) -> None:
        self.env, self.number, self.vehicles = env, number, vehicles
        self.wip = simpy.Container(env, plant.flow.wip_lots_per_line)
        self.after = dict(pairwise(order))
        self.rank = {code: rank for rank, code in enumerate(order)}
        self.tools: dict[str, list[Tool]] = {code: [] for code in order}
        self.waiting: dict[str, list[Waiting]] = {code: [] for code in order}
        self.emptied: list[Tool] = []
        self.hungry: list[Tool] = []
        self.stored = plant.carriers.count // plant.lines
        self.cells: list[tuple[float, int]] = []

    def filled(self, tool: Tool, lot: Lot) -> None:
        """A full carrier stands at an out port."""
        tool.empties -= 1
        target = self.after[tool.code]
        self.waiting[target].append(Waiting(self.env.now, lot, tool))
        self.feed(target)
        standing = [waiting for waiting in self.waiting[target] if waiting.at is tool]
        if standing and tool.out_free == tool.empties == 0:
            self.waiting[target].remove(standing[0])
            self.env.process(self.put_aside(standing[0], target))
        self.make_room(target)

    def feed(self, code: str) -> None:
        """Send the oldest lots to free in ports, of those to the tool that expects the fewest."""
        while self.waiting[code]:
            free = [tool for tool in self.tools[code] if tool.in_free]
            if not free:
                return
            tool = min(free, key=lambda tool: tool.due)
            tool.in_free -= 1
            tool.due += 1
            self.env.process(self.bring(self.waiting[code].pop(0), tool))

    def bring(self, waiting: Waiting, tool: Tool) -> Process:
        source = waiting.at.code if waiting.at else "store"
        urgency = 0 if tool.due <= 1 else 1
        yield from self.vehicles.carry(source, tool.code, urgency, lambda: self.left(waiting))
        yield from tool.arrive(waiting.lot)

    def left(self, waiting: Waiting) -> None:
        """A full carrier has been lifted: its out port wants an empty one."""
        if waiting.at:
            waiting.at.out_free += 1
            self.hungry.append(waiting.at)
            self.supply()

    def put_aside(self, waiting: Waiting, code: str) -> Process:
        assert waiting.at is not None
        yield from self.vehicles.carry(waiting.at.code, "store", 1, lambda: self.left(waiting))
        waiting.at = None
        insort(self.waiting[code], waiting, key=lambda waiting: waiting.since_s)
        self.feed(code)
        self.make_room(code)

    def was_emptied(self, tool: Tool) -> None:
        """An empty carrier stands at an in port."""
        tool.due -= 1
        self.emptied.append(tool)
        self.supply()
        self.make_room(tool.code)

    def supply(self) -> None:
        """Send empty carriers to out ports: to the tool that has fewest, of equals to the last of the route."""
        while self.hungry and (self.emptied or self.stored):
            tool = min(self.hungry, key=lambda tool: (tool.empties, -self.rank[tool.code]))
            self.hungry.remove(tool)
            tool.empties += 1
            tool.out_free -= 1
            source: Tool | None = None
            if self.emptied:
                here = self.rank[tool.code]
                source = min(self.emptied, key=lambda at: (at is not tool, abs(self.rank[at.code] - here)))
                self.emptied.remove(source)
            else:
                self.stored -= 1
            self.env.process(self.fetch(source, tool))

    def fetch(self, source: Tool | None, tool: Tool) -> Process:
        urgency = 0 if tool.empties <= 1 else 1
        yield from self.vehicles.carry(
            source.code if source else "store", tool.code, urgency, lambda: self.cleared(source)
        )
        tool.empty_here.put(self.env.event())

    def cleared(self, tool: Tool | None) -> None:
        """An in port is free again."""
        if tool:
            tool.in_free += 1
            self.feed(tool.code)

    def make_room(self, code: str) -> None:
        """Take emptied carriers to the stocker where lots wait for their in ports."""
        in_the_way = [tool for tool in self.emptied if tool.code == code]
        if not any(tool.in_free for tool in self.tools[code]):
            for tool in in_the_way[: len(self.waiting[code])]:
                self.emptied.remove(tool)
                self.env.process(self.clear(tool))

    def clear(self, tool: Tool) -> Process:
        yield from self.vehicles.carry(tool.code, "store", 1, lambda: self.cleared(tool))
        self.stored += 1
        self.supply()


class Tool:
    """One machine with those connected behind it: in port, arm, buffer, units, buffer, arm, out port."""

    def __init__(
        self, env: simpy.Environment, line: Line, types: list[Equipment], loss: float, ports_in: int, ports_out: int,
        slots: int, rng: np.random.Generator, names: list[str], seed: int,
    ) -> None:  # fmt: skip
        self.env, self.line, self.rng, self.loss, self.slots = env, line, rng, loss, slots
        self.type = types[0]
        self.code = types[0].code
        self.members = types
        self.tail_s = sum(member.process_s for member in types)
        self.lane = self.type.mode == "lane"
        self.lost_s = 0.0
        self.down_since = -1.0
        self.up = env.event()
        self.stopper = simpy.Resource(env, 1)
        self.closing = 0
        self.running = 0
        self.drained = env.event()
        batch = self.type.batch if not self.lane else slots // 10
        self.buffer_in = simpy.Container(env, max(self.type.buffer_in, slots))
        self.buffer_out = simpy.Container(env, max(self.type.buffer_out, batch, slots))
        self.queues: list[deque[list[Any]]] = [deque() for _ in range(self.type.units if self.lane else 1)]
        self.arrived = [env.event() for _ in self.queues]
        self.since_s = NEVER_S
        self.blocked = 0
        self.arm_in, self.arm_out = simpy.Resource(env, 1), simpy.Store(env)
        self.empty_here = simpy.Store(env)
        self.in_free, self.out_free = ports_in, ports_out
        self.due = self.empties = 0
        line.tools[self.code].append(self)
        line.hungry += [self] * ports_out
        if self.type.mode in ("tube", "bench"):
            env.process(self.batches())
        elif self.lane:
            for unit in range(self.type.units):
                env.process(self.one_lane(unit))
        if self.type.mode == "source":
            env.process(self.release())
        else:
            env.process(self.load())
        planned = random.Random(f"{seed}/{names[0]}/planned")
        for member, name in zip(types, names, strict=True):
            if member.mtbf_h > 0:
                env.process(self.failures(member, random.Random(f"{seed}/{name}/failures")))
            for downtime in member.downtime:
                env.process(self.planned(downtime, planned.random()))

    # stops

    def operating_s(self) -> float:
        """Time without the stops."""
        return (self.env.now if self.down_since < 0 else self.down_since) - self.lost_s

    def work(self, seconds: float) -> Process:
        """Wait for `seconds` during which the machine is not stopped."""
        due_s = self.operating_s() + seconds
        while (left_s := due_s - self.operating_s()) > 1e-6 or self.down_since >= 0:
            yield self.up if self.down_since >= 0 else self.env.timeout(left_s)

    def stop(self, seconds: float) -> Process:
        self.down_since = self.env.now
        yield self.env.timeout(seconds)
        self.lost_s += self.env.now - self.down_since
        self.down_since = -1.0

    def go_on(self) -> None:
        up, self.up = self.up, self.env.event()
        up.succeed()

    def failures(self, member: Equipment, luck: random.Random) -> Process:
        while True:
            yield from self.work(luck.expovariate(1.0) * member.mtbf_h * HOUR_S)
            with self.stopper.request() as turn:
                yield turn
                yield from self.stop(luck.expovariate(1.0) * member.mttr_h * HOUR_S)
            self.go_on()

    def planned(self, downtime: Downtime, phase: float) -> Process:
        due_s = phase * downtime.every_h * HOUR_S
        while True:
            yield self.env.timeout(max(0.0, due_s - self.env.now))
            due_s += downtime.every_h * HOUR_S
            self.closing += not self.lane
            while self.running and not self.lane:
                yield self.drained
            with self.stopper.request() as turn:
                yield turn
                yield from self.stop(downtime.minutes * 60.0)
            self.closing -= not self.lane
            self.go_on()

    def may_start(self) -> Process:
        while self.down_since >= 0 or self.closing:
            yield self.up

    # in

    def arrive(self, lot: Lot) -> Process:
        """A full carrier stands at an in port: empty it, and let the empty carrier go."""
        with self.arm_in.request() as arm:
            yield arm
            if self.type.mode != "sink":
                yield self.buffer_in.put(lot.alive)
            yield self.env.timeout(self.type.unload_s)
        self.line.was_emptied(self)
        if self.type.mode == "sink":
            self.line.cells.append((self.env.now, lot.alive))
            self.line.wip.get(1)
        else:
            lot.inside = lot.alive
            self.enqueue(lot)

    def enqueue(self, lot: Lot) -> None:
        if self.lane:
            basket = self.slots // 10
            for number, first in enumerate(range(0, lot.alive, basket)):
                self.queues[number % len(self.queues)].append([lot, min(basket, lot.alive - first)])
        else:
            if not self.queues[0]:
                self.since_s = self.env.now
            self.queues[0].append([lot, lot.alive])
        for number, arrived in enumerate(self.arrived):
            self.arrived[number] = self.env.event()
            arrived.succeed()

    # units

    def one_lane(self, unit: int) -> Process:
        queue = self.queues[unit]
        while True:
            while not queue:
                yield self.arrived[unit]
            yield from self.may_start()
            while self.blocked:
                yield self.env.timeout(1.0)
            part = queue.popleft()
            self.buffer_in.get(part[1])
            pace_s = part[1] * self.type.takt_s
            self.env.process(self.leave([part], pace_s + self.tail_s, None))
            yield from self.work(pace_s)

    def batches(self) -> Process:
        units = simpy.Store(self.env)
        units.items.extend(range(self.type.units))
        shared = 1 if self.type.mode == "bench" else self.type.units
        cycle_s = self.type.process_s
        if self.type.rate_per_h > 0:
            cycle_s = shared * self.type.batch * HOUR_S / self.type.rate_per_h
        collect_s = self.type.max_collect_min * 60.0 or NEVER_S
        while True:
            yield units.get()
            while True:
                yield from self.may_start()
                late_s = self.since_s + collect_s - self.env.now
                if sum(part[1] for part in self.queues[0]) >= self.type.batch or (self.queues[0] and late_s <= 1e-6):
                    break
                if self.queues[0] and late_s < NEVER_S / 2:
                    yield self.arrived[0] | self.env.timeout(max(late_s, 0.0))
                else:
                    yield self.arrived[0]
            parts = self.take(self.type.batch)
            self.since_s = self.env.now
            spent_s = float(self.rng.exponential(cycle_s)) if self.type.process == "exponential" else cycle_s
            if self.type.mode == "tube":
                self.env.process(self.leave(parts, spent_s, units))
            else:
                self.env.process(self.leave(parts, self.type.process_s, None))
                self.env.process(self.pace(spent_s, units))

    def pace(self, seconds: float, units: simpy.Store) -> Process:
        yield from self.work(seconds)
        while self.blocked:
            yield self.env.timeout(1.0)
        units.put(0)

    def take(self, wafers: int) -> list[list[Any]]:
        parts, queue = [], self.queues[0]
        while wafers and queue:
            lot, here = queue[0]
            taken = min(here, wafers)
            parts.append([lot, taken])
            wafers -= taken
            if taken == here:
                queue.popleft()
            else:
                queue[0][1] -= taken
        self.buffer_in.get(sum(part[1] for part in parts))
        return parts

    def leave(self, parts: list[list[Any]], seconds: float, unit: simpy.Store | None) -> Process:
        self.running += 1
        yield from self.work(seconds)
        self.running -= 1
        if not self.running:
            drained, self.drained = self.drained, self.env.event()
            drained.succeed()
        self.blocked += 1
        yield self.buffer_out.put(sum(part[1] for part in parts))
        self.blocked -= 1
        if unit is not None:
            unit.put(0)
        for lot, wafers in parts:
            lot.inside -= wafers
            if lot.inside == 0:
                self.arm_out.put(lot)

    # out

    def load(self) -> Process:
        """The out arm: fill an empty carrier with a lot that is complete."""
        while True:
            lot = yield self.arm_out.get()
            yield self.empty_here.get()
            yield self.env.timeout(self.type.load_s)
            yield self.buffer_out.get(lot.alive)
            lot.alive -= int(self.rng.binomial(lot.alive, self.loss))
            self.line.filled(self, lot)

    def release(self) -> Process:
        """The wafer store: a new lot whenever the limit on work in process allows."""
        while True:
            yield self.empty_here.get()
            yield self.line.wip.put(1)
            yield self.env.timeout(self.type.load_s)
            self.line.filled(self, Lot(self.slots))


def measure_drives(files: PlantFiles) -> Drives:
    """Mean drives of line 1: shortest ways over the roadmap at the vehicles' speed, without turns and traffic."""
    plant, roads = files.plant, files.roadmap
    places: dict[str, list[list[str]]] = {"store": [[], []]}
    for machine in plant.machines:
        if machine.line == 1 and (machine.in_ports or machine.out_ports):
            ins, outs = places.setdefault(machine.equipment, [[], []])
            ins += machine.in_ports
            outs += machine.out_ports
    for stocker in plant.stockers:
        if stocker.line == 1:
            places["store"][0] += stocker.ports
            places["store"][1] += stocker.ports
    if plant.transport == "direct":
        return Drives(0.0, {})
    stations = {station for ins, outs in places.values() for station in (*ins, *outs)}
    ways = {station: _distances_m(files, roads.station_node[station]) for station in stations}

    def mean_s(sources: list[str], targets: list[str], speed: float) -> float:
        lengths = [ways[a][roads.station_node[b]] for a in sources for b in targets if a != b]
        return float(np.mean(lengths)) / speed if lengths else 0.0

    fast, loaded = plant.vehicles.speed_empty_m_s, plant.vehicles.speed_loaded_m_s
    between: dict[tuple[str, str], float] = {}
    for source, (ins, outs) in places.items():
        for target, (target_ins, target_outs) in places.items():
            full = mean_s(outs, target_ins, loaded)
            # To and from the store go full and empty carriers; an empty one leaves an in port for an out port.
            between[source, target] = mean_s(ins, target_ins, loaded) if target == "store" else full
            if source == "store":
                between[source, target] = mean_s(outs, target_outs or target_ins, loaded)
    everywhere = sorted(stations)
    return Drives(mean_s(everywhere[::3], everywhere[1::3], fast) / 2.0, between)


def _distances_m(files: PlantFiles, start: int) -> list[float]:
    roads = files.roadmap
    best = [NEVER_S] * len(roads.node_ids)
    best[start] = 0.0
    heap = [(0.0, start)]
    while heap:
        gone_m, node = heapq.heappop(heap)
        if gone_m > best[node]:
            continue
        for edge in roads.out_edges[roads.out_start[node] : roads.out_start[node + 1]].tolist():
            ahead, total_m = int(roads.edge_to[edge]), gone_m + float(roads.length_m[edge])
            if total_m < best[ahead]:
                best[ahead] = total_m
                heapq.heappush(heap, (total_m, ahead))
    return best


def simulate(files: PlantFiles, hours: float = 24.0, seed: int = 1) -> Outcome:
    """Run the model: a warm-up as long as the plant's own, then `hours` that count."""
    began = time.perf_counter()
    plant = files.plant
    env = simpy.Environment()
    rng = np.random.default_rng(seed)
    vehicles = Vehicles(env, plant, measure_drives(files), rng)
    lines = [_build_line(env, plant, number, vehicles, rng, seed) for number in range(1, plant.lines + 1)]
    warm_s = plant.flow.warmup_h * HOUR_S
    until_s = warm_s + hours * HOUR_S
    events, warm_moves = 0, -1
    while (next_s := env.peek()) < until_s:
        if warm_moves < 0 and next_s >= warm_s:
            warm_moves = vehicles.moves
        env.step()
        events += 1
    cells = sum(alive for line in lines for at_s, alive in line.cells if at_s >= warm_s)
    return Outcome(
        plant=plant.name,
        hours=hours,
        warmup_h=plant.flow.warmup_h,
        seed=seed,
        cells=cells,
        cells_per_day=cells * 24.0 / hours,
        moves=vehicles.moves - max(warm_moves, 0),
        events=events,
        wall_s=time.perf_counter() - began,
    )


def _build_line(
    env: simpy.Environment, plant: Plant, number: int, vehicles: Vehicles, rng: np.random.Generator, seed: int
) -> Line:
    types = {equipment.code: equipment for equipment in plant.equipment}
    loss = dict.fromkeys(types, 0.0)
    order = [equipment.code for equipment in plant.equipment if equipment.mode == "source"]
    behind = {member for equipment in plant.equipment for member in equipment.members}
    for step_code in plant.route:
        step = next(step for step in plant.steps if step.code == step_code)
        loss[step.equipment] = step.loss_pct / 100.0
        if step.equipment not in behind:
            order.append(step.equipment)
    order += [equipment.code for equipment in plant.equipment if equipment.mode == "sink"]
    line = Line(env, plant, number, vehicles, order)
    for machine in plant.machines:
        if machine.line != number or not (machine.in_ports or machine.out_ports):
            continue
        chain = [types[code] for code in (machine.equipment, *types[machine.equipment].members)]
        kept = 1.0
        for member in chain:
            kept *= 1.0 - loss[member.code]
        ports, names = (len(machine.in_ports), len(machine.out_ports)), [machine.id, *machine.members]
        Tool(env, line, chain, 1.0 - kept, *ports, plant.wafers_per_carrier, rng, names, seed)
    line.supply()
    return line


def main() -> None:
    """Run the model from the command line and print its outcome as JSON."""
    words = argparse.ArgumentParser(description="The workshop as a SimPy model.")
    words.add_argument("plant", nargs="?", default="topcon")
    words.add_argument("--hours", type=float, default=24.0)
    words.add_argument("--seed", type=int, default=1)
    given = words.parse_args()
    print(json.dumps(asdict(simulate(read_plant(given.plant), given.hours, given.seed)), indent=2))


if __name__ == "__main__":
    main()
