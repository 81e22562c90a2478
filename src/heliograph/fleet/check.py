"""The judge: reads what the vehicles did and says what was wrong, whoever planned it.

It shares no code with the planner and none of its state: it sees the roadmap, the track of each vehicle as recorded,
and the moves. Every rule is a few array operations over all visits at once.

A visit is (vehicle, node, claimed, arrived, left): the node is the vehicle's from `claimed` to `left`; it drives to
the node until `arrived`; it has left when it has arrived at its next node, so `left` is that node's `arrived`.

| kind | what is wrong |
|---|---|
| collision | two vehicles hold one node at the same time |
| swap | two vehicles drive one road in opposite directions at the same time |
| teleport | from one node to the next there is no edge, or time is missing or runs backwards |
| too_fast | less time for an edge than its length over the highest speed, loaded or empty |
| not_allowed | an edge that is closed to vehicles, loaded or empty |
| not_there | a carrier was taken or placed while the vehicle was not at that station |
| carrier_jumped | a carrier was taken from where it had not been placed, or before |
| overloaded | a vehicle had two moves at the same time |
| out_of_order | the times of a move contradict each other |
| unserved | a move was given to a vehicle and not finished in reasonable time |
| standstill | a vehicle stood on the road too long, or no vehicle moved though moves were under way |
| touch | two vehicles nearer to each other than their sizes allow (`check_sizes.py`) |
| battery | one that rises away from a charger, or rises or falls faster than it can (`check_batteries.py`) |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from heliograph.plant.model import Vehicles
from heliograph.plant.roadmap import Roadmap
from heliograph.units import MINUTE_MS

__all__ = ["KINDS", "Violation", "check_tracks"]

Kind = Literal[
    "collision",
    "swap",
    "teleport",
    "too_fast",
    "not_allowed",
    "not_there",
    "carrier_jumped",
    "overloaded",
    "out_of_order",
    "unserved",
    "standstill",
]
KINDS: Final[tuple[str, ...]] = get_args(Kind)

NEVER: Final = np.iinfo(np.int64).min
"""A time that has not come."""
ROUNDING_MS: Final = 1
MOVE_TIMES: Final = ("assigned_ms", "at_source_ms", "taken_ms", "at_target_ms", "placed_ms")

_Ints = NDArray[np.int64]


class Violation(msgspec.Struct, frozen=True):
    """One thing that was wrong; `node`, `other`, `move` are "" or -1 where they say nothing."""

    kind: Kind | Literal["touch", "battery"]
    at_ms: int
    vehicle: int
    text: str
    node: str = ""
    other: int = -1
    move: int = -1

    def __str__(self) -> str:
        return f"{self.kind} at {self.at_ms} ms: vehicle {self.vehicle}: {self.text}"


class _Tracks(msgspec.Struct, frozen=True):
    """All visits, by vehicle and then by time; `next` marks rows whose successor is the same vehicle's."""

    vehicle: _Ints
    node: _Ints
    claimed: _Ints
    arrived: _Ints
    left: _Ints
    next: NDArray[np.bool_]
    loaded: NDArray[np.bool_]
    """The vehicle had a carrier on when it set out for the node."""
    towed: NDArray[np.bool_]
    """It was taken off the floor on the way there."""


class _Moves(msgspec.Struct, frozen=True):
    number: _Ints
    carrier: _Ints
    vehicle: _Ints
    source: _Ints
    target: _Ints
    """Nodes; -1: no such station."""
    times: _Ints
    """(5, m) in the order of MOVE_TIMES"""
    store: _Ints
    """By node: the first node of the store it is a port of, else itself."""


def check_tracks(
    roadmap: Roadmap,
    vehicles: Vehicles,
    tracks: Any,
    moves: Any = None,
    *,
    stores: Sequence[Sequence[str]] = (),
    away: Any = (),
    broken: Any = (),
    wait_min: float = 10.0,
    unserved_min: float = 120.0,
    most: int = 1000,
) -> list[Violation]:
    """Everything that was wrong, first by kind, then by time; at most `most` of each kind.

    Args:
        tracks: a mapping of arrays or an Arrow table with vehicle, node (index or id), claimed_ms, arrived_ms, left_ms.
        moves: the same with number, carrier, vehicle, source, target (station ids), assigned_ms, at_source_ms,
            taken_ms, at_target_ms, placed_ms; a time that has not come is null or the smallest int64. Without moves a
            vehicle counts as empty where that is the quicker, and rules about moves are not judged.
        stores: stations that are ports of one store: a carrier placed at one may be taken at another.
        away: rows vehicle, from_ms, until_ms of times when one was off the floor (until is the smallest int64: still).
            It vanishes where it is, or at the end of the edge that it drives, and comes back anywhere; what is handed
            over meanwhile is handed over by people.
        broken: rows from_ms, until_ms of times when one stood broken on the floor: they are no part of a standstill.
        wait_min: standing on the road for longer is a standstill.
        unserved_min: a move that takes longer is unserved.
    """
    judged_moves = None if moves is None else _read_moves(roadmap, moves, stores)
    out, standing_by = np.asarray(away, np.int64).reshape(-1, 3), _Cover(broken)
    seen = _read_tracks(roadmap, tracks, judged_moves, out)
    found: list[Violation] = []
    if len(seen.node):
        found += _first(_collisions(roadmap, seen), most)
        found += _first(_swaps(roadmap, seen), most)
        for rule in (_teleports, _speeding):
            found += [
                v for kind in _by_kind(rule(roadmap, vehicles, seen, judged_moves is not None)) for v in kind[:most]
            ]
        found += _first(_long_waits(roadmap, seen, wait_min, standing_by), most)
    if judged_moves is not None:
        for kind in _by_kind(_move_rules(roadmap, seen, judged_moves, unserved_min, out)):
            found += kind[:most]
        found += _first(_no_progress(seen, judged_moves, wait_min, standing_by), most)
    return found


def _first(violations: Iterator[Violation], most: int) -> list[Violation]:
    return sorted(violations, key=lambda v: v.at_ms)[:most]


def _by_kind(violations: Iterator[Violation]) -> list[list[Violation]]:
    kinds: dict[str, list[Violation]] = {}
    for violation in violations:
        kinds.setdefault(violation.kind, []).append(violation)
    return [sorted(group, key=lambda v: v.at_ms) for group in kinds.values()]


def _column(table: Any, name: str) -> NDArray[Any]:
    """A column as an array, nulls as NEVER."""
    column = table[name]
    if hasattr(column, "fill_null"):
        if column.null_count:
            column = column.fill_null(int(NEVER))
        return np.asarray(column.to_numpy())
    return np.asarray(column)


def _nodes(roadmap: Roadmap, names: NDArray[Any], index: Mapping[str, int]) -> _Ints:
    """Names as node numbers, -1 where there is no such name; numbers stay."""
    if names.dtype.kind in "iu":
        return names.astype(np.int64)
    known, where = np.unique(names.astype(str), return_inverse=True)
    return np.array([index.get(name, -1) for name in known.tolist()], np.int64)[where]


def _read_tracks(roadmap: Roadmap, tracks: Any, moves: _Moves | None, away: _Ints) -> _Tracks:
    vehicle = _column(tracks, "vehicle").astype(np.int64)
    node = _nodes(roadmap, _column(tracks, "node"), {name: i for i, name in enumerate(roadmap.node_ids)})
    claimed, arrived, left = (_column(tracks, f"{word}_ms").astype(np.int64) for word in ("claimed", "arrived", "left"))
    order = np.argsort(_joined(vehicle, arrived), kind="stable")
    vehicle, node, claimed, arrived, left = (x[order] for x in (vehicle, node, claimed, arrived, left))
    follows = np.zeros(len(node), np.bool_)
    follows[:-1] = vehicle[:-1] == vehicle[1:]
    towed = np.zeros(len(node), np.bool_)
    for who, gone, back in away.tolist():
        mine = vehicle == who
        towed |= mine & (arrived == gone) & (left == gone)
        returns = np.append(vehicle[1:] == who, False) & np.append(claimed[1:] == back, False)
        follows &= ~(mine & (left == gone) & returns)
    loaded = np.zeros(len(node), np.bool_) if moves is None else _loaded(vehicle, claimed, arrived, moves)
    return _Tracks(vehicle, node, claimed, arrived, left, follows, loaded, towed)


def _joined(group: _Ints, time: _Ints) -> _Ints:
    """One number that sorts by group and then by time."""
    low = int(time.min()) if len(time) else 0
    span = (int(time.max()) - low + 2) if len(time) else 1
    return group * span + (time - low)


def _read_moves(roadmap: Roadmap, moves: Any, stores: Sequence[Sequence[str]]) -> _Moves:
    store = np.arange(len(roadmap.node_ids))
    for ports in stores:
        store[[roadmap.station_node[port] for port in ports]] = roadmap.station_node[ports[0]]
    source, target = (_nodes(roadmap, _column(moves, word), roadmap.station_node) for word in ("source", "target"))
    return _Moves(
        number=_column(moves, "number").astype(np.int64),
        carrier=_column(moves, "carrier").astype(np.int64),
        vehicle=_column(moves, "vehicle").astype(np.int64),
        source=source,
        target=target,
        times=np.array([_column(moves, name).astype(np.int64) for name in MOVE_TIMES], np.int64).reshape(5, -1),
        store=store,
    )


def _loaded(vehicle: _Ints, claimed: _Ints, arrived: _Ints, moves: _Moves) -> NDArray[np.bool_]:
    """Whether each visit's vehicle had a carrier on while it drove there: between `taken` and `placed` of a move."""
    taken, placed = moves.times[2], moves.times[4]
    has = taken != NEVER
    if not has.any():
        return np.zeros(len(vehicle), np.bool_)
    who, on = moves.vehicle[has], taken[has]
    off = np.where(placed[has] == NEVER, np.iinfo(np.int64).max, placed[has])
    order = np.lexsort((on, who))
    who, on, off = who[order], on[order], off[order]
    low = min(int(on.min()), int(claimed.min()))
    span = max(int(on.max()), int(claimed.max())) - low + 2
    at = np.searchsorted(who * span + (on - low), vehicle * span + (claimed - low), side="right") - 1
    mine = (at >= 0) & (who[at] == vehicle)
    loaded: NDArray[np.bool_] = mine & (on[at] <= claimed) & (arrived <= off[at])
    return loaded


def _overlaps(group: _Ints, start: _Ints, end: _Ints) -> tuple[_Ints, _Ints]:
    """Pairs of rows of one group of which the second starts before the first has ended."""
    if len(group) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    order = np.argsort(_joined(group, start), kind="stable")
    group, start, end = group[order], start[order], end[order]
    low = int(end.min())
    until = group * (int(end.max()) - low + 2) + (end - low)
    last = np.maximum.accumulate(until)
    holder = np.maximum.accumulate(np.where(until == last, np.arange(len(until)), 0))
    before = holder[:-1]
    wrong = np.flatnonzero((group[before] == group[1:]) & (start[1:] < end[before]))
    return order[before[wrong]], order[wrong + 1]


def _collisions(roadmap: Roadmap, seen: _Tracks) -> Iterator[Violation]:
    first, second = _overlaps(seen.node, seen.claimed, seen.left)
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        name = roadmap.node_ids[seen.node[b]]
        holder = int(seen.vehicle[a])
        text = f"holds node {name} while vehicle {holder} holds it from {seen.claimed[a]} to {seen.left[a]} ms"
        yield Violation("collision", int(seen.claimed[b]), int(seen.vehicle[b]), text, node=name, other=holder)


def _swaps(roadmap: Roadmap, seen: _Tracks) -> Iterator[Violation]:
    n = len(roadmap.node_ids)
    at = np.flatnonzero(seen.next)
    tail, head = seen.node[at], seen.node[at + 1]
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    start, end = seen.claimed[at + 1], seen.arrived[at + 1]
    start = np.maximum(start, seen.arrived[at])
    forth = tail < head
    first, second = _overlaps(low * n + high, start, end)
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        x, y = int(seen.vehicle[at[a]]), int(seen.vehicle[at[b]])
        if forth[a] != forth[b] and x != y:
            one, two = roadmap.node_ids[tail[b]], roadmap.node_ids[head[b]]
            text = f"drives {one} -> {two} while vehicle {x} drives {two} -> {one} from {start[a]} to {end[a]} ms"
            yield Violation("swap", int(start[b]), y, text, node=one, other=x)


def _edges_driven(roadmap: Roadmap, seen: _Tracks) -> tuple[_Ints, _Ints]:
    """Rows that have a successor, and the edge to it; -1: there is none."""
    n = len(roadmap.node_ids)
    at = np.flatnonzero(seen.next)
    key = roadmap.edge_from.astype(np.int64) * n + roadmap.edge_to
    order = np.argsort(key)
    driven = seen.node[at] * n + seen.node[at + 1]
    place = np.minimum(np.searchsorted(key[order], driven), len(key) - 1)
    return at, np.where(key[order][place] == driven, order[place], -1)


def _teleports(roadmap: Roadmap, vehicles: Vehicles, seen: _Tracks, known: bool) -> Iterator[Violation]:
    at, edge = _edges_driven(roadmap, seen)
    names = roadmap.node_ids
    for i in at[edge < 0].tolist():
        text = f"from {names[seen.node[i]]} to {names[seen.node[i + 1]]}, and no edge joins them"
        yield Violation("teleport", int(seen.arrived[i + 1]), int(seen.vehicle[i]), text, node=names[seen.node[i]])
    for i in at[seen.left[at] != seen.arrived[at + 1]].tolist():
        text = (
            f"left {names[seen.node[i]]} at {seen.left[i]} ms but arrived at {names[seen.node[i + 1]]} at another time"
        )
        yield Violation("teleport", int(seen.arrived[i + 1]), int(seen.vehicle[i]), text, node=names[seen.node[i]])
    for i in np.flatnonzero((seen.claimed > seen.arrived) | (seen.arrived > seen.left)).tolist():
        text = (
            f"at {names[seen.node[i]]} time runs backwards: "
            f"claimed {seen.claimed[i]}, arrived {seen.arrived[i]}, left {seen.left[i]} ms"
        )
        yield Violation("teleport", int(seen.arrived[i]), int(seen.vehicle[i]), text, node=names[seen.node[i]])


def _speeding(roadmap: Roadmap, vehicles: Vehicles, seen: _Tracks, known: bool) -> Iterator[Violation]:
    at, edge = _edges_driven(roadmap, seen)
    driven = (edge >= 0) & ~seen.towed[at + 1]
    at, edge = at[driven], edge[driven]
    top = np.array([[vehicles.speed_empty_m_s], [vehicles.speed_loaded_m_s]])
    speed = np.minimum(roadmap.speed_m_s, top)
    row = seen.loaded[at + 1].astype(np.int64)
    allowed = speed[row, edge] if known else speed.max(axis=0)[edge]
    names = roadmap.node_ids
    word = np.where(seen.loaded[at + 1], "loaded", "empty")
    for i in np.flatnonzero(allowed <= 0).tolist():
        a, b = names[seen.node[at[i]]], names[seen.node[at[i] + 1]]
        text = f"drives {a} -> {b} {word[i]}, which is not allowed"
        yield Violation("not_allowed", int(seen.arrived[at[i] + 1]), int(seen.vehicle[at[i]]), text, node=a)
    took = seen.arrived[at + 1] - np.maximum(seen.claimed[at + 1], seen.arrived[at])
    with np.errstate(divide="ignore"):
        needed = np.where(allowed > 0, 1000 * roadmap.length_m[edge] / allowed, 0)
    for i in np.flatnonzero(took < needed - ROUNDING_MS).tolist():
        a, b = names[seen.node[at[i]]], names[seen.node[at[i] + 1]]
        text = (
            f"drives {a} -> {b} ({roadmap.length_m[edge[i]]:.2f} m) {word[i]} in {took[i]} ms, {needed[i]:.0f} at least"
        )
        yield Violation("too_fast", int(seen.arrived[at[i] + 1]), int(seen.vehicle[at[i]]), text, node=a)


class _Cover:
    """How much of a time is covered by intervals, which may overlap."""

    def __init__(self, intervals: Any) -> None:
        rows = np.asarray(intervals, np.int64).reshape(-1, 2)
        rows = rows[np.argsort(rows[:, 0], kind="stable")]
        ends = np.maximum.accumulate(rows[:, 1]) if len(rows) else rows[:, 1]
        begins = np.maximum(rows[:, 0], np.concatenate([rows[:1, 0], ends[:-1]]))
        self._edges = np.column_stack([begins, np.maximum(ends, begins)]).ravel()
        lengths = np.zeros(len(self._edges), np.int64)
        lengths[1::2] = self._edges[1::2] - self._edges[::2]
        self._sums = np.cumsum(lengths)

    def ms(self, since: _Ints, until: _Ints) -> _Ints:
        """Of each time from `since` to `until`."""
        if len(self._edges) == 0:
            return np.zeros(len(since), np.int64)
        up_to = [np.interp(at, self._edges, self._sums) for at in (since, until)]
        covered: _Ints = np.rint(up_to[1] - up_to[0]).astype(np.int64)
        return covered


def _long_waits(roadmap: Roadmap, seen: _Tracks, wait_min: float, standing_by: _Cover) -> Iterator[Violation]:
    """On the road, not in a bay nor at a station, from arrival to the grant of the next node."""
    road = ~roadmap.bay[seen.node]
    stations = np.zeros(len(roadmap.node_ids), np.bool_)
    stations[list(roadmap.station_node.values())] = True
    road &= ~stations[seen.node]
    until = seen.left.copy()
    at = np.flatnonzero(seen.next)
    until[at] = np.maximum(seen.claimed[at + 1], seen.arrived[at])
    waited = until - seen.arrived - standing_by.ms(seen.arrived, until)
    for i in np.flatnonzero(road & (waited > wait_min * MINUTE_MS)).tolist():
        name = roadmap.node_ids[seen.node[i]]
        text = f"stood on the road at {name} for {waited[i] / MINUTE_MS:.1f} minutes"
        yield Violation("standstill", int(seen.arrived[i]), int(seen.vehicle[i]), text, node=name)


def _no_progress(seen: _Tracks, moves: _Moves, wait_min: float, standing_by: _Cover) -> Iterator[Violation]:
    """No vehicle reached a node for longer than that, though a move was under way all that time."""
    times = np.sort(seen.arrived)
    if len(seen.left):
        times = np.append(times, seen.left.max())
    still = np.diff(times) - standing_by.ms(times[:-1], times[1:])
    gaps = np.flatnonzero(still > wait_min * MINUTE_MS)
    begun, ended = moves.times[0], np.where(moves.times[4] == NEVER, np.iinfo(np.int64).max, moves.times[4])
    for gap in gaps.tolist():
        under_way = np.flatnonzero((begun <= times[gap]) & (ended >= times[gap + 1]))
        if len(under_way):
            m = int(under_way[0])
            text = (
                f"no vehicle moved for {(times[gap + 1] - times[gap]) / MINUTE_MS:.1f} minutes "
                f"while move {moves.number[m]} was under way"
            )
            who = int(moves.vehicle[m])
            yield Violation("standstill", int(times[gap]), who, text, move=int(moves.number[m]))


def _move_rules(
    roadmap: Roadmap, seen: _Tracks, moves: _Moves, unserved_min: float, away: _Ints
) -> Iterator[Violation]:
    yield from _out_of_order(moves)
    for word, node, came, went in (
        ("source", moves.source, moves.times[1], moves.times[2]),
        ("target", moves.target, moves.times[3], moves.times[4]),
    ):
        yield from _not_there(roadmap, seen, moves, word, node, _by_vehicle(moves, came, away), went)
    yield from _carriers(moves, roadmap)
    assigned, placed = moves.times[0], moves.times[4]
    end = np.where(placed == NEVER, np.iinfo(np.int64).max, placed)
    first, second = _overlaps(moves.vehicle, assigned, np.minimum(end, 1 << 60))
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        text = f"was given move {moves.number[b]} while it had move {moves.number[a]}"
        yield Violation("overloaded", int(assigned[b]), int(moves.vehicle[b]), text, move=int(moves.number[b]))
    now = int(max(seen.left.max(initial=NEVER + 1), moves.times.max(initial=NEVER + 1)))
    took = np.where(placed == NEVER, now, placed) - assigned
    for i in np.flatnonzero(took > unserved_min * MINUTE_MS).tolist():
        text = f"move {moves.number[i]} not done {took[i] / MINUTE_MS:.0f} minutes after its assignment"
        yield Violation("unserved", int(assigned[i]), int(moves.vehicle[i]), text, move=int(moves.number[i]))


def _out_of_order(moves: _Moves) -> Iterator[Violation]:
    """Each time not before the one that precedes it, and none without it."""
    missing = moves.times == NEVER
    wrong = np.zeros(moves.times.shape[1], np.bool_)
    for before, after in zip(range(4), range(1, 5), strict=True):
        wrong |= ~missing[after] & (missing[before] | (moves.times[after] < moves.times[before]))
    for i in np.flatnonzero(wrong).tolist():
        times = ", ".join(
            f"{name} {'never' if t == NEVER else t}"
            for name, t in zip(MOVE_TIMES, moves.times[:, i].tolist(), strict=True)
        )
        at_ms = int(moves.times[:, i].max())
        text = f"times of move {moves.number[i]}: {times}"
        yield Violation("out_of_order", at_ms, int(moves.vehicle[i]), text, move=int(moves.number[i]))


def _by_vehicle(moves: _Moves, came: _Ints, away: _Ints) -> _Ints:
    """When a hand-off began; never, where its vehicle was off the floor, and people did it."""
    came = came.copy()
    for who, gone, back in away.tolist():
        came[(moves.vehicle == who) & (came >= gone) & ((back == NEVER) | (came < back))] = NEVER
    return came


def _not_there(
    roadmap: Roadmap, seen: _Tracks, moves: _Moves, word: str, node: _Ints, came: _Ints, went: _Ints
) -> Iterator[Violation]:
    """From its arrival to the end of the hand-off the vehicle is in one visit to the station's node."""
    has = np.flatnonzero(came != NEVER)
    if len(seen.node) == 0 or len(has) == 0:
        return
    low = min(int(seen.arrived.min()), int(came[has].min()))
    span = max(int(seen.arrived.max()), int(came[has].max())) - low + 2
    key = seen.vehicle * span + (seen.arrived - low)
    at = np.searchsorted(key, moves.vehicle[has] * span + (came[has] - low), side="right") - 1
    begins_before = (at < 0) | (seen.vehicle[np.maximum(at, 0)] != moves.vehicle[has])
    until = np.where(went[has] == NEVER, came[has], went[has])
    wrong = ~begins_before & ((seen.node[at] != node[has]) | (seen.left[at] < until))
    unknown = ~np.isin(moves.vehicle[has], np.unique(seen.vehicle))
    for i in np.flatnonzero(wrong | unknown).tolist():
        m = int(has[i])
        stood = roadmap.node_ids[seen.node[at[i]]] if not unknown[i] else "no place at all"
        station = roadmap.node_ids[node[m]] if node[m] >= 0 else "a station that is not in the layout"
        text = f"move {moves.number[m]}: hand-off at its {word} {station}, but it was at {stood}"
        yield Violation("not_there", int(came[m]), int(moves.vehicle[m]), text, node=station, move=int(moves.number[m]))


def _carriers(moves: _Moves, roadmap: Roadmap) -> Iterator[Violation]:
    """A carrier is taken from where it was placed last, and not before."""
    taken, placed = moves.times[2], moves.times[4]
    has = np.flatnonzero(taken != NEVER)
    order = has[np.lexsort((taken[has], moves.carrier[has]))]
    before, after = order[:-1], order[1:]
    same = moves.carrier[before] == moves.carrier[after]
    never = placed[before] == NEVER
    elsewhere = moves.store[moves.source[after]] != moves.store[moves.target[before]]
    wrong = same & (never | (taken[after] < placed[before]) | elsewhere)
    for i in np.flatnonzero(wrong).tolist():
        a, b = int(before[i]), int(after[i])
        place = roadmap.node_ids[moves.target[a]] if moves.target[a] >= 0 else "an unknown station"
        last = "never placed" if never[i] else f"placed at {place} at {placed[a]} ms"
        text = f"carrier {moves.carrier[b]} taken by move {moves.number[b]}, but move {moves.number[a]} had it {last}"
        yield Violation("carrier_jumped", int(taken[b]), int(moves.vehicle[b]), text, move=int(moves.number[b]))
