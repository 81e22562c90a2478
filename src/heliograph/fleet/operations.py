"""What people do to a running fleet: close roads, stop, tow and bring back vehicles, cancel moves.

Everything works at any moment, also while a vehicle drives, and acts at once at `now_ms`. Same calls, same answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from heliograph.commands import Move
from heliograph.errors import HeliographError
from heliograph.events import VehicleArrived
from heliograph.fleet import closing
from heliograph.fleet.assign import Book
from heliograph.fleet.world import AWAY, DRIVING, HALTED, HANDOFF, World
from heliograph.fleet.zones import Area, Zone, key_of, zone_of
from heliograph.plant.roadmap import Roadmap

__all__ = ["NOT_YET", "Cancelled", "Operations", "Trip", "Way"]

NOT_YET: Final = np.iinfo(np.int64).min
"""A time in the table of moves that has not come."""

Cancelled = Literal["gone", "called off", "brought back"]


class Trip(msgspec.Struct, gc=False):
    """What is known of one move."""

    move: Move
    vehicle: int
    assigned_ms: int
    at_source_ms: int = NOT_YET
    taken_ms: int = NOT_YET
    at_target_ms: int = NOT_YET
    placed_ms: int = NOT_YET
    empty_mm: int = 0
    loaded_mm: int = 0


class Way(NamedTuple):
    """Where a vehicle goes, as VDA 5050 wants to know it."""

    base: tuple[str, ...]
    """The node that it holds, and the one that it drives to: granted, and never taken back."""
    horizon: tuple[str, ...]
    """The rest of the way to its target as it is now; another one when something comes in between."""


class Operations:
    """The part of `Fleet` that people reach into."""

    if TYPE_CHECKING:
        _world: World
        _roadmap: Roadmap
        _now_ms: int
        _pending: list[Move]
        _trips: dict[int, Trip]
        _trip_of: list[Trip | None]
        _book: Book
        _news: bool

        @property
        def count(self) -> int: ...
        def want(self, move: Move) -> None: ...
        def why(self, vehicle: int) -> str: ...
        def _drop_pending(self, i: int) -> None: ...
        def _make_room(self) -> None: ...

    def __init__(self) -> None:
        self._closed: dict[object, Zone] = {}
        self._occupied: dict[object, Zone] = {}
        self._away: list[tuple[int, int, int]] = []

    # roads

    def close(self, area: Area) -> None:
        """Let no vehicle into a node or station, an edge (from, to), a list of nodes or a polygon (x, y in metres).

        Whoever is inside may drive out, whoever was on its way through finds another way, and whoever has none waits,
        off the road if there is a place, until it is reopened. Moves from a closed station stay pending; moves to one
        wait with their carrier.

        Raises:
            HeliographError: it is closed already, or names what the layout does not have.
        """
        self._set(self._closed, "closed", area)

    def reopen(self, area: Area) -> None:
        """Open what `close` was given.

        Raises:
            HeliographError: it is not closed.
        """
        self._unset(self._closed, "closed", area)

    def occupy(self, area: Area) -> None:
        """Something foreign, a fork lift or a person, is in an area: no vehicle sets off into any part of it.

        A vehicle that already drives stops at its next node, and leaves the area if that takes no other node in it.

        Raises:
            HeliographError: it is occupied already, or names what the layout does not have.
        """
        self._set(self._occupied, "occupied", area)

    def vacate(self, area: Area) -> None:
        """What `occupy` was given is free again.

        Raises:
            HeliographError: it is not occupied.
        """
        self._unset(self._occupied, "occupied", area)

    def _set(self, zones: dict[object, Zone], word: str, area: Area) -> None:
        key = key_of(area)
        if key in zones:
            raise HeliographError(f"{zones[key].name} is {word} already")
        zones[key] = zone_of(self._roadmap, area)
        self._bar(zones, zones[key], 1)

    def _unset(self, zones: dict[object, Zone], word: str, area: Area) -> None:
        zone = zones.pop(key_of(area), None)
        if zone is None:
            raise HeliographError(f"{zone_of(self._roadmap, area).name} is not {word}")
        self._bar(zones, zone, -1)

    def _bar(self, zones: dict[object, Zone], zone: Zone, by: int) -> None:
        self._make_room()
        self._world.nodes["shut" if zones is self._closed else "blocked"][zone.nodes] += by
        self._world.edges["shut"][zone.edges] += by
        closing.bar(self._world)
        self._news = True

    # vehicles

    def stall(self, vehicle: int, ms: int) -> None:
        """A vehicle moves on `ms` later than it would have; it keeps what it holds."""
        self._on_floor(vehicle)
        if ms <= 0:
            raise HeliographError(f"vehicle {vehicle}: a stall of {ms} ms: expected more than 0")
        self._act(closing.STALL, vehicle, ms)

    def halt(self, vehicle: int, *, lost: bool = False) -> None:
        """A vehicle has broken down, or nobody knows where it is (`lost`): what it holds stays blocked until `resume`
        or `take_out`.

        Its move is pending again if the carrier was not taken yet. A hand-off that has begun is finished first.

        Raises:
            HeliographError: it is halted or away already.
        """
        self._on_floor(vehicle)
        if self._world.vehicles["down"][vehicle]:
            raise HeliographError(f"vehicle {vehicle} is halted already: {self.why(vehicle)}")
        if self._world.vehicles["mode"][vehicle] != HANDOFF:
            self._give_back(vehicle)
        self._act(closing.HALT, vehicle, closing.LOST if lost else closing.BROKEN)

    def resume(self, vehicle: int) -> None:
        """A halted vehicle goes on from where it is; one with a carrier goes on with its move.

        Raises:
            HeliographError: it is not halted.
        """
        if not self._world.vehicles["down"][vehicle]:
            raise HeliographError(f"vehicle {vehicle} is not halted: {self.why(vehicle)}")
        was_halted = self._world.vehicles["mode"][vehicle] == HALTED
        self._act(closing.RESUME, vehicle)
        if was_halted:
            self._deliver(vehicle)

    def take_out(self, vehicle: int) -> Move | None:
        """Take a vehicle off the floor, from anywhere: what it held is free.

        A carrier that it has on goes with it, and its move goes on when it is put back, or by `carry_in`. A move whose
        carrier was not taken yet is pending again. A hand-off is broken off, as if it had not begun.

        Returns:
            The move whose carrier is on the vehicle; None: it is empty.
        Raises:
            HeliographError: it is away already.
        """
        self._on_floor(vehicle)
        self._give_back(vehicle)
        trip = self._trip_of[vehicle]
        if trip is not None:
            trip.at_target_ms = NOT_YET
        self._act(closing.TAKE_OUT, vehicle)
        self._away.append((vehicle, self._now_ms, NOT_YET))
        return None if trip is None else trip.move

    def put_back(self, vehicle: int, place: str) -> None:
        """Put a vehicle that is away on a free node or station; it takes orders again, or goes on with its carrier.

        Raises:
            HeliographError: it is not away, or the place is held, claimed, closed, or too near to a vehicle.
        """
        if self._world.vehicles["mode"][vehicle] != AWAY:
            raise HeliographError(f"vehicle {vehicle} is not away: {self.why(vehicle)}")
        trip = self._trip_of[vehicle]
        if trip is not None and trip.at_target_ms != NOT_YET:
            raise HeliographError(f"vehicle {vehicle}: people are handing its carrier over at {trip.move.target}")
        node = int(zone_of(self._roadmap, place).nodes[0])
        if not closing.free_for(self._world, vehicle, node):
            raise HeliographError(f"vehicle {vehicle} cannot be put on {place}: {self._taken(node)}")
        self._act(closing.PUT_BACK, vehicle, node)
        at = next(i for i in reversed(range(len(self._away))) if self._away[i][0] == vehicle)
        self._away[at] = (vehicle, self._away[at][1], self._now_ms)
        self._deliver(vehicle)

    def free_place(self, vehicle: int) -> str | None:
        """A parking place or charger where a vehicle that is away can be put back; None: there is none now."""
        for node in self._world.places.tolist():
            if closing.free_for(self._world, vehicle, node):
                return str(self._roadmap.node_ids[node])
        return None

    def hands_over(self, vehicle: int) -> bool:
        """Whether a vehicle stands at a station and hands over."""
        return bool(self._world.vehicles["mode"][vehicle] == HANDOFF)

    def driving(self) -> NDArray[np.int64]:
        """The vehicles that drive just now."""
        return np.flatnonzero(self._world.vehicles["mode"] == DRIVING)

    @property
    def steps(self) -> int:
        """Drives from node to node so far."""
        return int(self._world.clock["visits"][0])

    def carry_in(self, vehicle: int) -> VehicleArrived:
        """People bring the carrier of a vehicle that is away to the target of its move; then `done`, as ever.

        Raises:
            HeliographError: it is not away with a carrier.
        """
        trip = self._trip_of[vehicle]
        if trip is None or self._world.vehicles["mode"][vehicle] != AWAY or trip.at_target_ms != NOT_YET:
            raise HeliographError(f"vehicle {vehicle} is not away with a carrier: {self.why(vehicle)}")
        trip.at_target_ms = self._now_ms
        return VehicleArrived(self._now_ms, vehicle, trip.move.target, trip.move.number)

    def away(self) -> NDArray[np.int64]:
        """(k, 3) vehicle, from ms, until ms (`NOT_YET`: still) of every time that one was off the floor."""
        return np.array(self._away, np.int64).reshape(-1, 3)

    def down_ms(self) -> NDArray[np.int64]:
        """(v,) how long each vehicle has been halted or away; `state_ms` counts it as waiting."""
        down: NDArray[np.int64] = self._world.state_ms[:, -1].copy()
        x = self._world.vehicles
        out = x["mode"] >= HALTED
        down[out] += self._now_ms - x["since_ms"][out]
        return down

    def way(self, vehicle: int) -> Way:
        """The nodes that a vehicle has been granted, and those that it means to drive to after them."""
        x, names = self._world.vehicles[vehicle], self._roadmap.node_ids
        if x["mode"] == AWAY:
            return Way((), ())
        base = [x["node"]] if x["next"] < 0 else [x["node"], x["next"]]
        ahead = closing.horizon(self._world, vehicle).tolist()
        return Way(tuple(names[node] for node in base), tuple(names[node] for node in ahead))

    # moves

    def cancel(self, number: int, to: str | None = None) -> Cancelled:
        """Withdraw a move.

        Args:
            to: the station where a carrier that is on its way is brought; default: back to where it was taken.
        Returns:
            `gone`: it was pending. `called off`: its vehicle had not taken the carrier, and is free at the next node.
            `brought back`: the carrier is on its way to `to`; the move ends when it is placed there.
        Raises:
            HeliographError: it is being handed over just now, is placed, or was never wanted; or `to` is no station.
        """
        for i, move in enumerate(self._pending):
            if move.number == number:
                self._drop_pending(i)
                return "gone"
        trip = self._trips.get(number)
        if trip is None:
            raise HeliographError(f"move {number} is neither pending nor under way")
        if trip.placed_ms != NOT_YET:
            raise HeliographError(f"move {number} was placed at {trip.placed_ms} ms: it cannot be cancelled")
        if self._world.vehicles["mode"][trip.vehicle] == HANDOFF or trip.at_target_ms != NOT_YET:
            station = trip.move.source if trip.taken_ms == NOT_YET else trip.move.target
            raise HeliographError(
                f"move {number} is being handed over at {station}: cancel it when that is done",
            )
        if trip.taken_ms == NOT_YET:
            self._forget(trip)
            self._act(closing.CALLED_OFF, trip.vehicle)
            return "called off"
        station = trip.move.source if to is None else to
        if station not in self._roadmap.station_node:
            raise HeliographError(f'move {number}: "{station}" is not a station of the layout')
        if trip.move.target != station:
            trip.move = msgspec.structs.replace(trip.move, target=station)
            if self._world.vehicles["mode"][trip.vehicle] < HALTED:
                self._deliver(trip.vehicle)
        return "brought back"

    def _deliver(self, vehicle: int) -> None:
        """Send a vehicle with a carrier to the target of its move."""
        trip = self._trip_of[vehicle]
        if trip is not None and trip.taken_ms != NOT_YET:
            target = self._roadmap.station_node[trip.move.target]
            self._book.target[vehicle] = target
            self._act(closing.SEND, vehicle, target)

    def _give_back(self, vehicle: int) -> None:
        """A move whose carrier was not taken is pending again."""
        trip = self._trip_of[vehicle]
        if trip is not None and trip.taken_ms == NOT_YET:
            self._forget(trip)
            self.want(trip.move)

    def _forget(self, trip: Trip) -> None:
        self._trip_of[trip.vehicle] = None
        del self._trips[trip.move.number]

    def _act(self, action: int, vehicle: int, value: int = 0) -> None:
        self._make_room()
        self._news = True
        closing.act(self._world, action, vehicle, value)

    def _on_floor(self, vehicle: int) -> None:
        if self._world.vehicles["mode"][vehicle] == AWAY:
            raise HeliographError(f"vehicle {vehicle} is away")

    def _taken(self, node: int) -> str:
        n = self._world.nodes[node]
        if n["holder"] >= 0 or n["claim"] >= 0:
            return f"it is taken by vehicle {max(int(n['holder']), int(n['claim']))}"
        return "it is closed" if n["shut"] or n["blocked"] else "another vehicle stands too near"

    def _causes(self) -> list[str]:
        """What is closed or blocked now, each in a few words."""
        names, x = self._roadmap.node_ids, self._world.vehicles
        said = [f"{zone.name} is closed" for zone in self._closed.values()]
        said += [f"foreign traffic is in {zone.name}" for zone in self._occupied.values()]
        for v in np.flatnonzero(x["mode"] == HALTED).tolist():
            word = "lost" if x["down"][v] == closing.LOST else "broken"
            said.append(f"vehicle {v} is {word} at {names[x['node'][v]]}")
        return said
