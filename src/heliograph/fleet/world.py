"""The fleet's state as arrays of records: everything the compiled traffic loop reads and writes.

One record per vehicle, per node and per edge, so that what belongs together lies together in memory and the kernels
read like sentences: `vehicles[v].target`, `nodes[n].holder`. -1 stands for the absence of a thing. All numbers that
kernels hand on have 64 bits, so that each kernel is compiled once and not for every width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.errors import PlantWrong
from heliograph.fleet.bodies import narrow, near, radius_m
from heliograph.plant.model import Battery, Vehicles
from heliograph.plant.motion import Following, follow, start_ms
from heliograph.plant.roadmap import Roadmap

__all__ = [
    "AWAY",
    "CHARGE",
    "CHARGING",
    "CLAIMING",
    "DRIVING",
    "DROP",
    "HALTED",
    "HANDOFF",
    "HELD",
    "IDLE",
    "MWMS_PER_KWH",
    "NONE",
    "OUT",
    "PARK",
    "PICKUP",
    "ROAD",
    "STATES",
    "World",
    "build_world",
]

# What a vehicle is doing.
IDLE: Final = 0
"""Stands in a place, without an order."""
DRIVING: Final = 1
"""Holds the next node and drives to it."""
HELD: Final = 2
"""Stands, and waits for the node `want`."""
HANDOFF: Final = 3
"""Stands at the station of its order; the floor says when it is done."""
CHARGING: Final = 4
CLAIMING: Final = 5
"""Stands in a place, has an order, and waits for the claim of its station."""
HALTED: Final = 6
"""Broken or lost: keeps what it holds until it goes on or is taken out."""
AWAY: Final = 7
"""Taken out: on no node."""

# What a vehicle has been ordered to do.
NONE: Final = 0
PICKUP: Final = 1
DROP: Final = 2
OUT: Final = 3
"""It can take no order: it is halted, or away."""

# What a node is for.
ROAD: Final = 0
PARK: Final = 1
CHARGE: Final = 2

STATES: Final = ("driving_loaded", "driving_empty", "handoff", "waiting", "charging", "idle")
"""The six states of a vehicle, in the order of the columns of `state_ms`. `waiting`: held up on the way, or for the
claim of its station. `idle`: no order and standing. Driving to park or to charge is driving empty."""

MWMS_PER_KWH: Final = 3_600_000_000_000
"""Batteries are counted in whole milliwatt-milliseconds: exact, and a day of a vehicle fits 64 bits easily."""

VEHICLE: Final = np.dtype(
    [  # what pairing and driving read comes first, and so lies together
        ("mode", "i8"),
        ("order", "i8"),
        ("must_charge", "i8"),
        ("kind", "i8"),  # which of the types of vehicles
        ("charge_mwms", "i8"),
        ("target", "i8"),  # the place it drives to or stands in; it has the claim
        ("via", "i8"),  # the edge by which it came to `node`: its heading
        ("along", "i8"),  # the edge it drives, or waits to drive
        ("gear", "i8"),  # 2 * kind + loaded: the row of `drive_ms` and `row_of`
        ("node", "i8"),  # where it stands, or what it drives from
        ("next", "i8"),  # what it drives to
        ("since_ms", "i8"),  # state times and battery are settled up to here
        ("claimed_ms", "i8"),  # the visit to `node`: when it was granted ...
        ("arrived_ms", "i8"),  # ... and when it was reached
        ("next_claimed_ms", "i8"),
        ("born_ms", "i8"),  # when its order was set: the oldest has the right of way
        ("used_mwms", "i8"),
        ("charged_mwms", "i8"),
        ("empty_mm", "i8"),
        ("loaded_mm", "i8"),
        ("want", "i8"),  # the node it waits for
        ("goal", "i8"),  # the place of its order
        ("queued", "i8"),  # the place whose claim it waits for; n: any charger
        ("next_waiting", "i8"),
        ("next_claiming", "i8"),
        ("epoch", "i8"),  # counts changes of mode: a timer set in an earlier one is void
        ("slow_permille", "i8"),
        ("loaded", "i8"),
        ("stood", "i8"),  # 1: starts from a place; 2: had to stop on the way
        ("detours", "i8"),
        ("rings", "i8"),  # so many rings have been opened for its order
        ("ring", "i8"),  # the last ring it was in
        ("pushed", "i8"),  # waits at the head of a queue, as part of a shift
        ("looks", "i8"),  # so often it has looked whether its ring can be opened
        ("on_road", "i8"),  # counted as on the road: from setting out until it stands in its target
        ("at_gate", "i8"),  # would set out, but the road is full
        ("due_ms", "i8"),  # when it reaches `next`; while it is halted: how much longer it takes
        ("stall_until_ms", "i8"),  # it does not move before
        ("down", "i8"),  # 1 broken, 2 lost
        ("led", "i8"),  # it follows the way out of a tangle, and not its own
        ("start_empty_ms", "i8"),  # what a start, or a stop, costs
        ("start_loaded_ms", "i8"),
        ("radius_m", "f8"),  # 0: a point
    ],
    align=True,
)

NODE: Final = np.dtype(
    [
        ("holder", "i8"),
        ("claim", "i8"),
        ("first_waiting", "i8"),
        ("last_waiting", "i8"),
        ("first_claiming", "i8"),
        ("last_claiming", "i8"),
        ("seen", "i8"),  # the search that saw it last ...
        ("parent", "i8"),  # ... from here ...
        ("parent_edge", "i8"),  # ... by this edge
        ("closed", "i8"),  # only who has it as target may enter
        ("use", "i8"),
        ("shut", "i8"),  # so many closures hold it: entered from none but another such node
        ("blocked", "i8"),  # so much stands in it, foreign traffic or halted vehicles: not entered
        ("reserved", "i8"),  # for those who are led out of a tangle
        ("wake_from", "i8"),  # in `World.near`: ends of edges that may be clear once this node is free
        ("wake_to", "i8"),
        ("x_m", "f8"),
        ("y_m", "f8"),
    ],
    align=True,
)

EDGE: Final = np.dtype(
    [
        ("tail", "i8"),
        ("head", "i8"),
        ("mm", "i8"),
        ("shut", "i8"),
        ("after_from", "i8"),  # in `World.turns`: the edges that may follow it ...
        ("after_to", "i8"),
        ("before_from", "i8"),  # ... and those that it may follow
        ("before_to", "i8"),
        ("near_from", "i8"),  # in `World.near`: whoever holds one of these nodes may be too near
        ("near_to", "i8"),
    ],
    align=True,
)

TIMER: Final = np.dtype(
    [("at_ms", "i8"), ("seq", "i8"), ("who", "i8"), ("epoch", "i8"), ("kind", "i8")],
    align=True,
)

VISIT: Final = np.dtype(
    [("claimed_ms", "i8"), ("arrived_ms", "i8"), ("left_ms", "i8"), ("node", "i4"), ("vehicle", "i2")], align=True
)

GAUGED: Final = np.dtype([("at_ms", "i8"), ("charge_mwms", "i8"), ("vehicle", "i8")], align=True)

BATTERY: Final = np.dtype(
    [
        ("capacity_mwms", "i8"),
        ("low_mwms", "i8"),
        ("top_up_mwms", "i8"),
        ("full_mwms", "i8"),
        ("empty_mw", "i8"),
        ("loaded_mw", "i8"),
        ("idle_mw", "i8"),
        ("charge_mw", "i8"),
        ("knee_mwms", "i8"),
        ("cutoff_mw", "i8"),
    ],
    align=True,
)

CLOCK: Final = np.dtype(
    [
        ("now_ms", "i8"),
        ("seq", "i8"),
        ("patience_ms", "i8"),
        ("linger_ms", "i8"),
        ("priority_ms", "i8"),
        ("timers", "i8"),
        ("visits", "i8"),
        ("gauged", "i8"),
        ("arrivals", "i8"),
        ("search", "i8"),
        ("row_hand", "i8"),
        ("rows_made", "i8"),
        ("chargers", "i8"),
        ("on_road", "i8"),
        ("at_gate", "i8"),
        ("road_limit", "i8"),
        ("pending", "i8"),  # moves that no vehicle has
        ("rings", "i8"),
        ("cycles", "i8"),
        ("cycles_stuck", "i8"),
        ("tangled", "i8"),  # a vehicle that rings have held up too often; -1
        ("leading", "i8"),  # moves of `way_out`; 0: nobody is led
        ("lead_over", "i8"),  # the way out is done, or not true any more
    ],
    align=True,
)


class World(NamedTuple):
    """v vehicles of k types, n nodes, e edges, s pairs of edges that follow each other.

    Kernels hand all of it on to each other, array by array; so few arrays make them fast, and fast to compile.
    """

    vehicles: NDArray[np.void]
    """(v,) VEHICLE"""
    nodes: NDArray[np.void]
    """(n + 1,) NODE; the last one is no node: its claim queue is that of the vehicles that need any charger."""
    edges: NDArray[np.void]
    """(e,) EDGE"""
    drive_ms: NDArray[np.int32]
    """(2k, e) by gear: of each type empty, loaded; 0: not allowed; below 0: closed now, else it would take so long"""
    turns: NDArray[np.int64]
    """(2s, 1 + k) the edges after each edge, then those before each: the edge, turning ms of each type"""
    places: NDArray[np.int64]
    """Parking places, then chargers."""
    row_of: NDArray[np.int64]
    """(2k, n) the row of `to_go_ms` for this gear and target, or -1"""
    row_key: NDArray[np.int64]
    to_go_ms: NDArray[np.int32]
    """(rows, e) from the end of each edge to the row's target"""
    timers: NDArray[np.void]
    """Binary heap of TIMER by (at_ms, seq)."""
    visits: NDArray[np.void]
    """The track of all vehicles: visits that have ended, in the order of their end."""
    gauged: NDArray[np.void]
    """How full batteries were, in the order of time: as each charge began and ended, and with each carrier set down."""
    state_ms: NDArray[np.int64]
    """(v, 7) STATES, then halted or away"""
    arrived: NDArray[np.int64]
    """(v,) vehicles that have just come to the station of their order"""
    scratch: NDArray[np.int64]
    """(2(n + e + s),) for searches"""
    near: NDArray[np.int64]
    """The nodes near each edge, then the ends of edges near each node: `nodes` and `wake` of `bodies.Near`."""
    way_out: NDArray[np.int64]
    """(m, 5) moves out of a tangle: vehicle, edge, the move that frees its end, the vehicle's last one (-1: none), and
    0 not begun, 1 under way, 2 done"""
    batteries: NDArray[np.void]
    """(k,) BATTERY, of each type"""
    clock: NDArray[np.void]
    """(1,) CLOCK: the time, counters, and the parameters that are one number for all"""


def build_world(
    roadmap: Roadmap,
    kinds: Sequence[Vehicles],
    drive_ms: NDArray[np.int32],
    slow_permille: NDArray[np.int32],
    charge_share: NDArray[np.float64],
    at_ms: int,
    priority_s: float,
    sized: bool,
) -> World:
    """All vehicles on their places, at rest.

    Args:
        kinds: the types of vehicles; each brings so many, in this order, and its places to the common ones.
        drive_ms: (2k, e) of each type empty, loaded.
        slow_permille: (v,) 1000 is nominal; 1100 takes a tenth longer for every edge.
        sized: vehicles have a size; else they are points on nodes.
        charge_share: (v,) the battery at the start, 0 to 1.
    Raises:
        PlantWrong: there are fewer parking places and chargers than vehicles, or one of them is unknown.
    """
    parking, charging = _places(roadmap, kinds)
    n, e, v = len(roadmap.node_ids), len(roadmap.edge_from), sum(kind.count for kind in kinds)
    nodes = np.zeros(n + 1, NODE)
    for field in ("holder", "claim", "first_waiting", "last_waiting", "first_claiming", "last_claiming"):
        nodes[field] = -1
    nodes["closed"][:n] = roadmap.bay
    nodes["use"][parking], nodes["use"][charging] = PARK, CHARGE
    nodes["closed"][parking] = nodes["closed"][charging] = 1
    edges = np.zeros(e, EDGE)
    edges["tail"], edges["head"] = roadmap.edge_from, roadmap.edge_to
    edges["mm"] = np.rint(roadmap.length_m * 1000)
    after: Following = follow(roadmap, [kind.turn_deg_s for kind in kinds])
    gears = 2 * len(kinds)
    rows = int(min(gears * n, max(4 * v + 64, 400_000_000 // (4 * max(e, 1)))))
    places = np.concatenate([parking, charging]).astype(np.int64)
    radii = np.array([radius_m(kind) if sized else 0.0 for kind in kinds])
    close = near(roadmap, 2 * float(radii.max()))
    edges["after_from"], edges["after_to"] = after.start[:-1], after.start[1:]
    before = len(after.pairs) + after.back_start
    edges["before_from"], edges["before_to"] = before[:-1], before[1:]
    edges["near_from"], edges["near_to"] = close.start[:-1], close.start[1:]
    wake = len(close.nodes) + close.wake_start
    nodes["wake_from"][:n], nodes["wake_to"][:n] = wake[:-1], wake[1:]
    nodes["x_m"][:n], nodes["y_m"][:n] = roadmap.x_m, roadmap.y_m
    if sized:
        drive_ms = np.where(
            np.repeat(narrow(roadmap, kinds, np.flatnonzero(nodes["closed"][:n])), 2, axis=0), 0, drive_ms
        )
    world = World(
        vehicles=np.zeros(v, VEHICLE),
        nodes=nodes,
        edges=edges,
        drive_ms=np.array(drive_ms, np.int32, order="C"),
        turns=np.concatenate([after.pairs, after.back_pairs]),
        places=places,
        row_of=np.full((gears, n), -1, np.int64),
        row_key=np.full(rows, -1, np.int64),
        to_go_ms=np.empty((rows, e), np.int32),
        timers=np.zeros(16 * v + 1024, TIMER),
        visits=np.zeros(1 << 16, VISIT),
        gauged=np.zeros(16 * v + 1024, GAUGED),
        state_ms=np.zeros((v, len(STATES) + 1), np.int64),
        arrived=np.zeros(v, np.int64),
        scratch=np.zeros(2 * (n + e + len(after.pairs)), np.int64),
        near=np.concatenate([close.nodes, close.wake]),
        way_out=np.zeros((0, 5), np.int64),
        batteries=np.array([_battery(kind.battery) for kind in kinds], BATTERY),
        clock=np.zeros(1, CLOCK),
    )
    _set_clock(world.clock[0], at_ms, len(charging), priority_s)
    world.clock["road_limit"] = max(1, 2 * (n - int(nodes["closed"].sum())) // 5)
    world.vehicles["kind"] = np.repeat(np.arange(len(kinds)), [kind.count for kind in kinds])
    of_kind = world.vehicles["kind"]
    world.vehicles["gear"], world.vehicles["radius_m"] = 2 * of_kind, radii[of_kind]
    starts = np.array([start_ms(kind) for kind in kinds], np.int64)
    world.vehicles["start_empty_ms"], world.vehicles["start_loaded_ms"] = starts[of_kind].T
    _set_vehicles(world, roadmap, places[:v], slow_permille, charge_share, at_ms)
    return world


def _places(roadmap: Roadmap, kinds: Sequence[Vehicles]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    index = {name: i for i, name in enumerate(roadmap.node_ids)} | roadmap.station_node
    found = []
    for word in ("parking", "charging"):
        names: list[str] = [name for kind in kinds for name in getattr(kind, word)]
        unknown = [
            f'$.vehicles.{word}[{i}]: "{name}" is not a station of the layout'
            for i, name in enumerate(names)
            if name not in index
        ]
        if unknown:
            raise PlantWrong(unknown, where="the plant")
        found.append(np.array(sorted({index[name] for name in names}), np.int32))
    parking, charging = found
    parking = np.setdiff1d(parking, charging).astype(np.int32)
    count = sum(kind.count for kind in kinds)
    if len(parking) + len(charging) < count:
        raise PlantWrong(
            [
                f"$.vehicles.count: {count} vehicles need as many places to rest, "
                f"but there are {len(parking)} parking places and {len(charging)} chargers"
            ],
            where="the plant",
        )
    return parking, charging


def _battery(battery: Battery) -> tuple[int, ...]:
    """One record of BATTERY."""
    faded = battery.fade_pct_per_1000_cycles / 100 * battery.cycles / 1000
    capacity = round(battery.capacity_kwh * (1 - faded) * MWMS_PER_KWH)
    return (
        capacity,
        round(capacity * battery.low_pct / 100),
        round(capacity * (battery.low_pct + (battery.full_pct - battery.low_pct) / 3) / 100),
        round(capacity * battery.full_pct / 100),
        round(battery.drive_empty_w * 1000),
        round(battery.drive_loaded_w * 1000),
        round(battery.idle_w * 1000),
        round(battery.charge_kw * 1_000_000),
        round(capacity * battery.knee_pct / 100),
        max(1, round(battery.charge_kw * 10_000 * battery.cutoff_pct)),
    )


def _set_clock(clock: np.void, at_ms: int, chargers: int, priority_s: float) -> None:
    clock["now_ms"] = at_ms
    clock["tangled"] = -1
    clock["chargers"] = chargers
    clock["patience_ms"] = 5_000
    clock["linger_ms"] = 30_000
    clock["priority_ms"] = round(priority_s * 1000)


def _set_vehicles(
    world: World,
    roadmap: Roadmap,
    at: NDArray[np.int64],
    slow_permille: NDArray[np.int32],
    charge_share: NDArray[np.float64],
    at_ms: int,
) -> None:
    some_edge_in = np.full(len(roadmap.node_ids), -1, np.int32)
    some_edge_in[roadmap.edge_to] = np.arange(len(roadmap.edge_to))
    vehicles = world.vehicles
    for field in ("next", "want", "along", "goal", "queued", "next_waiting", "next_claiming"):
        vehicles[field] = -1
    for field in ("claimed_ms", "arrived_ms", "since_ms", "born_ms", "stall_until_ms", "due_ms"):
        vehicles[field] = at_ms
    vehicles["node"] = vehicles["target"] = at
    vehicles["via"] = some_edge_in[at]
    vehicles["stood"] = 1
    vehicles["slow_permille"] = slow_permille
    vehicles["charge_mwms"] = np.rint(world.batteries["capacity_mwms"][vehicles["kind"]] * charge_share)
    world.nodes["holder"][at] = world.nodes["claim"][at] = np.arange(len(at))
