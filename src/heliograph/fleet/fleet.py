"""The fleet: moves in, vehicles' arrivals out; everything between happens in the compiled traffic loop.

    fleet.want(move)                 a carrier wants to go
    fleet.assign(fleet.now_ms)       moves are given to vehicles, which set out
    fleet.advance(until_ms)          traffic, until then or until a vehicle stands at a load port
    fleet.done(vehicle, now_ms)      the floor has handed the carrier over; the vehicle goes on

Same calls, same answers, to the millisecond.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from heliograph.commands import Move
from heliograph.errors import HeliographError, PlantWrong
from heliograph.events import MoveAssigned, VehicleArrived
from heliograph.fleet import assign as _assign
from heliograph.fleet import closing, traffic
from heliograph.fleet.compiled import bound
from heliograph.fleet.operations import NOT_YET, Operations, Trip
from heliograph.fleet.tangles import way_out
from heliograph.fleet.why import why
from heliograph.fleet.world import AWAY, HANDOFF, HELD, MWMS_PER_KWH, PICKUP, STATES, World, build_world
from heliograph.plant import motion
from heliograph.plant.model import Vehicles
from heliograph.plant.roadmap import Roadmap

__all__ = ["Fleet"]

PAIR_MS: Final = 2
"""Moves and vehicles are paired at most this often, per pair of them: few at once, many a little later and together."""
MOST_MS: Final = 20_000
"""But no rarer than this; and again after this time though nothing new is known, for somebody may be late."""


class Fleet(Operations):
    """Vehicles on a roadmap.

    Args:
        drive_ms: (2, e) how long a vehicle takes along each edge, empty and loaded, 0 where it may not drive;
            default: length over speed.
        slow_permille: (v,) 1000 is nominal, 1100 takes a tenth longer for every edge; default: all nominal.
        seed: of the batteries' charge at the start (half to full).
        start_ms: the time at the start.
        vehicles: of one type, or several types with different speeds, turning and sizes: each brings so many, numbered
            in this order, with its battery, and its places to rest to the common ones.
        sized: vehicles have a size, and none comes nearer to another than half of both diagonals; default: they are
            points on nodes.
        priority_s: one step of a move's priority is worth this many seconds of driving, or of waiting.
    Raises:
        PlantWrong: a place is unknown, there are fewer places to rest than vehicles, or a station cannot be reached.
    """

    def __init__(
        self,
        roadmap: Roadmap,
        vehicles: Vehicles | Sequence[Vehicles],
        *,
        drive_ms: NDArray[np.int32] | None = None,
        slow_permille: NDArray[np.int32] | None = None,
        seed: int = 0,
        start_ms: int = 0,
        priority_s: float = 60.0,
        sized: bool = False,
    ) -> None:
        super().__init__()
        kinds = [vehicles] if isinstance(vehicles, Vehicles) else list(vehicles)
        count = sum(kind.count for kind in kinds)
        nominal = np.full(count, 1000, np.int32) if slow_permille is None else slow_permille
        full_pct, efficiency_pct = (
            np.repeat([getattr(kind.battery, name) for kind in kinds], [kind.count for kind in kinds])
            for name in ("full_pct", "efficiency_pct")
        )
        charge = np.random.default_rng(seed).uniform(0.5, 1.0, count) * full_pct / 100
        times = np.concatenate([motion.drive_ms(roadmap, kind) for kind in kinds]) if drive_ms is None else drive_ms
        self._world: World = build_world(roadmap, kinds, times, nominal, charge, start_ms, priority_s, sized)
        self._roadmap = roadmap
        self._charging_efficiency = efficiency_pct / 100
        self._now_ms = start_ms
        self._pending: list[Move] = []
        self._book = _assign.open_book(count, len(roadmap.node_ids), roadmap.edge_to)
        self._again_ms = start_ms
        """When pending moves may be paired again; the larger the problem, the rarer."""
        self._news = False
        """There is a move that the last pairing did not know, or a vehicle is free that a move waits for."""
        self._handoff_ms = int(self._book.handoff_ms[0])
        self.gap_ms = 0
        """How much more than the cheapest pairing of moves and vehicles the last one may have cost; 0: the optimum."""
        self._trips: dict[int, Trip] = {}
        self._trip_of: list[Trip | None] = [None] * count
        self._meanwhile: list[MoveAssigned] = []
        self._run = bound(traffic.advance, self._world, start_ms)
        self._pair = bound(_assign.assign, self._world, self._book, 0)
        self._go_on_loaded = bound(traffic.go_on_loaded, self._world, 0, 0)
        self._finish = bound(traffic.finish, self._world, 0)
        self._check_roads()

    @property
    def now_ms(self) -> int:
        """Where the last `advance` stopped."""
        return self._now_ms

    @property
    def charging_efficiency(self) -> NDArray[np.float64]:
        """(v,) of what a charger draws for each vehicle, the share that reaches its battery."""
        return self._charging_efficiency

    @property
    def count(self) -> int:
        """Number of vehicles."""
        return len(self._trip_of)

    @property
    def pending(self) -> int:
        """Moves that no vehicle has yet."""
        return len(self._pending)

    def want(self, move: Move) -> None:
        """Add a move to the pending ones; `assign` gives it to a vehicle.

        Raises:
            PlantWrong: its source or target is not a station of the layout.
        """
        nodes = self._roadmap.station_node
        for word, station in (("source", move.source), ("target", move.target)):
            if station not in nodes:
                raise PlantWrong([f'move {move.number}: {word} "{station}" is not a station of the layout'])
        i = len(self._pending)
        table = self._book.pending
        if i == table.shape[1]:
            table = np.concatenate([table, np.zeros_like(table)], axis=1)
            self._book = self._book._replace(pending=table)
        table[:, i] = nodes[move.source], nodes[move.target], move.priority, move.wanted_ms, move.due_ms
        self._pending.append(move)
        self._news = True
        self._world.clock["pending"] = i + 1

    def assign(self, now_ms: int) -> list[MoveAssigned]:
        """Give pending moves to free vehicles and send them off; `now_ms` is where the fleet stands.

        A vehicle is free when it stands without an order, drives to park, or tops up its battery.
        """
        self._expect(now_ms)
        return self.assigned_meanwhile() + self._assign()

    def assigned_meanwhile(self) -> list[MoveAssigned]:
        """What `advance` has assigned on its own, because a vehicle had charged while moves were pending.

        Given out once: here, or by the next `assign`. Ask after each `advance` to have all events in time order.
        """
        assigned, self._meanwhile = self._meanwhile, []
        return assigned

    def _due_ms(self) -> int:
        """When pending moves are paired with vehicles again."""
        return self._again_ms if self._news else self._again_ms + MOST_MS

    def _assign(self) -> list[MoveAssigned]:
        now_ms = self._now_ms
        if not self._pending or now_ms < self._due_ms():
            return []
        self._news = False
        self._make_room()
        self._again_ms = now_ms + min(PAIR_MS * len(self._pending) * self.count, MOST_MS)
        chosen, who, self.gap_ms = self._pair(self._world, self._book, len(self._pending))
        assigned = []
        for i, vehicle in zip(chosen.tolist(), who.tolist(), strict=True):
            trip = Trip(self._pending[i], vehicle, now_ms)
            trip.empty_mm = -int(self._world.vehicles["empty_mm"][vehicle])
            self._trips[trip.move.number] = trip
            self._trip_of[vehicle] = trip
            assigned.append(MoveAssigned(now_ms, trip.move.number, vehicle))
        for i in sorted(chosen.tolist(), reverse=True):
            self._drop_pending(i)
        return assigned

    def _drop_pending(self, i: int) -> None:
        """Take one off the pending moves; the last one takes its place."""
        last = self._pending.pop()
        if i < len(self._pending):
            self._pending[i] = last
            self._book.pending[:, i] = self._book.pending[:, len(self._pending)]
        self._world.clock["pending"] = len(self._pending)

    def advance(self, until_ms: int) -> list[VehicleArrived]:
        """Run the traffic to `until_ms`, or to the first arrival at the station of an order if that comes earlier.

        Returns:
            All arrivals of that millisecond, or none; `now_ms` says where the time stands.
        """
        count = 0
        while True:
            stop_ms = until_ms
            if self._pending:
                stop_ms = min(until_ms, max(self._due_ms(), self._now_ms))
            self._now_ms, count = self._run(self._world, stop_ms)
            if count == traffic.TANGLED:
                self._untangle()
                continue
            if count in (traffic.FULL_UP, traffic.FREE):
                self._make_room()
            elif count or self._now_ms == until_ms:
                break
            self._news |= count == traffic.FREE
            if count != traffic.FULL_UP:
                self._meanwhile += self._assign()
        world = self._world
        if count == 0:
            return []
        world.clock["arrivals"] = 0
        arrived = []
        for vehicle in world.arrived[:count].tolist():
            trip = self._trip_of[vehicle]
            assert trip is not None
            x = world.vehicles[vehicle]
            if x["order"] == PICKUP:
                trip.at_source_ms = self._now_ms
                trip.empty_mm += int(x["empty_mm"])
                arrived.append(VehicleArrived(self._now_ms, vehicle, trip.move.source, trip.move.number))
            else:
                trip.at_target_ms = self._now_ms
                self._book.free_ms[vehicle] = self._now_ms + self._handoff_ms
                trip.loaded_mm += int(x["loaded_mm"])
                arrived.append(VehicleArrived(self._now_ms, vehicle, trip.move.target, trip.move.number))
        return arrived

    def done(self, vehicle: int, now_ms: int) -> None:
        """The hand-off is complete: after the pickup the vehicle sets out to the target, after the drop it is free."""
        self._expect(now_ms)
        trip, x = self._trip_of[vehicle], self._world.vehicles[vehicle]
        carried_in = x["mode"] == AWAY and trip is not None and trip.at_target_ms != NOT_YET
        if trip is None or (x["mode"] != HANDOFF and not carried_in):
            raise HeliographError(f"vehicle {vehicle} is not at a hand-off: {self.why(vehicle)}")
        if trip.taken_ms == NOT_YET:
            trip.taken_ms = now_ms
            self._book.free_ms[vehicle] = now_ms + self._book.loaded_ms[vehicle]
            self._handoff_ms += (now_ms - trip.at_source_ms - self._handoff_ms) // 16
            self._book.handoff_ms[0] = self._handoff_ms
            trip.loaded_mm = -int(self._world.vehicles["loaded_mm"][vehicle])
            self._go_on_loaded(self._world, vehicle, self._roadmap.station_node[trip.move.target])
        else:
            trip.placed_ms = now_ms
            self._trip_of[vehicle] = None
            self._news = self._news or bool(self._book.awaited[vehicle])
            if carried_in:
                self._act(closing.BROUGHT, vehicle)
            else:
                self._finish(self._world, vehicle)
        if x["down"]:
            self._act(closing.HALT, vehicle, int(x["down"]))

    def move_of(self, vehicle: int) -> Move | None:
        """The move that a vehicle is on."""
        trip = self._trip_of[vehicle]
        return None if trip is None else trip.move

    def carrying(self, vehicle: int) -> int:
        """The carrier on a vehicle; -1: none."""
        trip = self._trip_of[vehicle]
        return -1 if trip is None or trip.taken_ms == NOT_YET else trip.move.carrier

    def station_of(self, vehicle: int) -> str:
        """The id of the node where a vehicle stands, or which it is leaving."""
        return self._roadmap.node_ids[int(self._world.vehicles["node"][vehicle])]

    @property
    def rings(self) -> tuple[int, int]:
        """Rings of waiting vehicles met so far, and how often one could not be opened at once."""
        clock = self._world.clock[0]
        return int(clock["cycles"]), int(clock["cycles_stuck"])

    def tracks(self, since_ms: int = NOT_YET) -> dict[str, NDArray[np.generic]]:
        """Every visit of a vehicle to a node: granted, reached, left again (the next node is reached).

        Args:
            since_ms: leave out visits that ended before.
        Returns:
            Columns vehicle int16, node int32, claimed_ms, arrived_ms, left_ms int64, in the order of left_ms; visits
            that have not ended are closed now; a node granted and not reached yet is left out.
        """
        world = self._world
        ended = world.visits[: world.clock["visits"][0]]
        first = int(np.searchsorted(ended["left_ms"], since_ms))
        here = np.flatnonzero(world.vehicles["mode"] != AWAY).astype(np.int16)
        ended, x = ended[first:], world.vehicles[here]
        columns: dict[str, NDArray[np.generic]] = {"vehicle": np.concatenate([ended["vehicle"], here])}
        for name in ("node", "claimed_ms", "arrived_ms"):
            columns[name] = np.concatenate([ended[name], x[name]])
        columns["left_ms"] = np.concatenate([ended["left_ms"], np.full(len(x), self._now_ms, np.int64)])
        return columns

    def seen(self, since: int) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """What has become known of the vehicles' ways, and how each stands now; copies, and nothing is settled.

        Args:
            since: so many visits are known already.
        Returns:
            The visits that ended after those (`world.VISIT`), and (v,) the vehicles (`world.VEHICLE`).
        """
        world = self._world
        return world.visits[since : world.clock["visits"][0]].copy(), world.vehicles.copy()

    def state_ms_unsettled(self) -> NDArray[np.int64]:
        """(v, 7) time in each state up to a vehicle's last change; the last column: halted or away."""
        return self._world.state_ms.copy()

    def moves(self) -> dict[str, NDArray[np.generic]]:
        """Every move that a vehicle has or had, in the order of assignment.

        Returns:
            Columns number, carrier, lot, vehicle, source, target (station ids), wanted_ms, assigned_ms, at_source_ms,
            taken_ms, at_target_ms, placed_ms (`NOT_YET`, the smallest int64, where it has not come), empty_m from
            assignment to the source, loaded_m from the source to the target.
        """
        trips = list(self._trips.values())
        x = self._world.vehicles
        empty = [t.empty_mm + (int(x["empty_mm"][t.vehicle]) if t.at_source_ms == NOT_YET else 0) for t in trips]
        under_way = [t.taken_ms != NOT_YET and t.at_target_ms == NOT_YET for t in trips]
        loaded = [
            t.loaded_mm + (int(x["loaded_mm"][t.vehicle]) if u else 0) for t, u in zip(trips, under_way, strict=True)
        ]
        columns: dict[str, NDArray[np.generic]] = {
            "number": np.array([t.move.number for t in trips], np.int64),
            "carrier": np.array([t.move.carrier for t in trips], np.int64),
            "lot": np.array([t.move.lot for t in trips], np.int64),
            "vehicle": np.array([t.vehicle for t in trips], np.int16),
            "source": np.array([t.move.source for t in trips], np.str_),
            "target": np.array([t.move.target for t in trips], np.str_),
            "wanted_ms": np.array([t.move.wanted_ms for t in trips], np.int64),
        }
        for name in ("assigned_ms", "at_source_ms", "taken_ms", "at_target_ms", "placed_ms"):
            columns[name] = np.array([getattr(t, name) for t in trips], np.int64)
        columns["empty_m"] = np.array(empty, np.float64) / 1000
        columns["loaded_m"] = np.array(loaded, np.float64) / 1000
        return columns

    def state_ms(self) -> NDArray[np.int64]:
        """(v, 6) how long each vehicle has been in each of `STATES` up to now; a row adds up to the elapsed time."""
        traffic.settle_all(self._world)
        spent = self._world.state_ms[:, : len(STATES)].copy()
        spent[:, STATES.index("waiting")] += self._world.state_ms[:, -1]
        return spent

    def soc(self) -> NDArray[np.float64]:
        """(v,) state of charge, 0 to 1."""
        traffic.settle_all(self._world)
        x = self._world.vehicles
        share: NDArray[np.float64] = x["charge_mwms"] / self._world.batteries["capacity_mwms"][x["kind"]]
        return share

    def gauge(self) -> None:
        """Note how full every battery is now, for `gauged`."""
        self._make_room()
        traffic.gauge_all(self._world)

    def gauged(self, first: int = 0) -> NDArray[np.int64]:
        """How full batteries were: as each charge began and ended, as each carrier was set down, and at each `gauge`.

        Args:
            first: leave out so many, the earliest.
        Returns:
            (3, k) vehicle, ms, state of charge in thousandths of the capacity (rounded), in the order of time.
        """
        x = self._world.gauged[first : self._world.clock["gauged"][0]]
        capacity = self._world.batteries["capacity_mwms"][self._world.vehicles["kind"][x["vehicle"]]]
        permille = np.rint(1000 * (x["charge_mwms"] / capacity)).astype(np.int64)
        return np.stack((x["vehicle"], x["at_ms"], permille))

    def kwh(self) -> NDArray[np.float64]:
        """(v, 2) used by and charged into each vehicle since the start."""
        traffic.settle_all(self._world)
        x = self._world.vehicles
        return np.column_stack([x["used_mwms"], x["charged_mwms"]]) / MWMS_PER_KWH

    def grid_kwh(self) -> NDArray[np.float64]:
        """(v,) what the chargers have drawn for each vehicle: what was charged, and the losses on the way."""
        drawn: NDArray[np.float64] = self.kwh()[:, 1] / self._charging_efficiency
        return drawn

    def why(self, vehicle: int) -> str:
        """What a vehicle does and, where it waits, for whom, down the chain to the cause; one line."""
        return why(self._world, self._roadmap.node_ids, vehicle, self._causes())

    def _expect(self, now_ms: int) -> None:
        if now_ms != self._now_ms:
            raise HeliographError(f"the fleet stands at {self._now_ms} ms and cannot act at {now_ms} ms: advance it")

    def _untangle(self) -> None:
        """Lead a vehicle that rings have held up too often to its target, if there is a way.

        Not where vehicles have sizes: who is near could keep them from moves that are free by the nodes.
        """
        world = self._world
        v = int(world.clock["tangled"][0])
        world.clock["tangled"], world.vehicles["rings"][v] = -1, 0
        if world.vehicles["radius_m"].any() or world.vehicles["mode"][v] != HELD:
            return
        moves = way_out(world, v)
        if len(moves):
            self._world = world._replace(way_out=moves)
            traffic.lead_out(self._world)

    def _make_room(self) -> None:
        """Larger arrays where the compiled loop is about to run out of room."""
        clock, world = self._world.clock[0], self._world
        if clock["timers"] + traffic.SPARE_TIMERS * self.count + 64 > len(world.timers):
            world = world._replace(timers=np.concatenate([world.timers, np.zeros_like(world.timers)]))
        if clock["gauged"] + traffic.SPARE_GAUGED * self.count > len(world.gauged):
            world = world._replace(gauged=np.concatenate([world.gauged, np.zeros_like(world.gauged)]))
        if clock["visits"] + 2 > len(world.visits):
            world = world._replace(visits=np.concatenate([world.visits, np.zeros_like(world.visits)]))
        self._world = world

    def _check_roads(self) -> None:
        """Every station from every other, loaded and empty, before the first vehicle moves."""
        unreachable = traffic.unreachable(self._world, np.unique(list(self._roadmap.station_node.values())))
        unreachable = unreachable[np.isin(unreachable[:, 0] // 2, self._world.vehicles["kind"])]
        if len(unreachable):
            names = {node: name for name, node in self._roadmap.station_node.items()}
            raise PlantWrong(
                [
                    f'layout: station "{names[b]}" cannot be reached {"loaded" if gear % 2 else "empty"} '
                    f'from station "{names[a]}"'
                    for gear, a, b in unreachable.tolist()
                ],
                where="the plant",
            )
