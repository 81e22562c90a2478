"""A small deterministic generator of plausible daybooks: what a run would have noted, without running anything.

Lots flow through the heads of the plant's machines one step after the other, first come first served; vehicles move
them in a fixed time. It knows nothing of `passages`, `record` or `twin`: tests compare those with it.
"""

from __future__ import annotations

import heapq
from itertools import pairwise
from typing import Any

import numpy as np

from heliograph.daybook import (
    E10_STATES,
    NOT_YET_MS,
    Batches,
    Batteries,
    Daybook,
    Lots,
    Moves,
    Parts,
    States,
    Stops,
    Tracks,
    Waits,
)
from heliograph.events import BatchEnded, BatchStarted, Event, LotFinished, LotReleased, WafersLost
from heliograph.ids import vehicle_id
from heliograph.plant.model import Plant

STOP_EVERY_MS = 3_600_000
STOP_MS = 240_000
MOVE_MS = 240_000
STATE = {name: i for i, name in enumerate(E10_STATES)}


def machine_order(plant: Plant) -> tuple[str, ...]:
    """Every machine, each directly followed by its members."""
    members = {name for machine in plant.machines for name in machine.members}
    return tuple(
        name for machine in plant.machines if machine.id not in members for name in (machine.id, *machine.members)
    )


class Clock:
    """The operating clock of a machine that stands still for STOP_MS once an hour of operating time."""

    def __init__(self, from_ms: int, until_ms: int) -> None:
        self.op = np.arange(from_ms + STOP_EVERY_MS // 2, until_ms, STOP_EVERY_MS)
        self.lost = STOP_MS * np.arange(1, len(self.op) + 1)

    def real(self, op_ms: int) -> int:
        """One at a time, by counting: the definition, not the fast way."""
        before = int((self.op < op_ms).sum())
        return op_ms + (int(self.lost[before - 1]) if before else 0)

    def operating(self, real_ms: int) -> int:
        """The first operating time that is not before this moment."""
        op = real_ms
        while self.real(op) > real_ms and op > real_ms - int(self.lost[-1]) - 1:
            op -= max(1, (self.real(op) - real_ms) // 2)
        while self.real(op) < real_ms:
            op += real_ms - self.real(op)
        return op


def make_daybook(
    plant: Plant,
    *,
    hours: float = 6.0,
    warmup_h: float = 14.0,
    every_s: float | None = None,
    seed: int = 1,
    tracks_per_vehicle: int = 40,
    loss_factor: float = 1.0,
) -> Daybook:
    """Note a run of `hours` in which each line releases a lot every `every_s` (default: what printing can take)."""
    rng = np.random.default_rng(seed)
    ids = machine_order(plant)
    index = {name: i for i, name in enumerate(ids)}
    types = {kind.code: kind for kind in plant.equipment}
    steps = {step.code: step for step in plant.steps}
    machines = {machine.id: machine for machine in plant.machines}
    from_ms, until_ms = -round(warmup_h * 3.6e6), round(hours * 3.6e6)
    slots, basket = plant.wafers_per_carrier, plant.carriers.slots_per_basket
    every_ms = round((every_s or slots * plant.takt.lane_s / plant.takt.lanes_per_line * 1.25) * 1000)

    released = [
        (from_ms + n * every_ms + line * 1000, line)
        for line in range(1, plant.lines + 1)
        for n in range((until_ms - from_ms) // every_ms)
    ]
    released.sort()
    n_lots = len(released)
    lot_line = np.array([line for _, line in released], np.int16)
    released_ms = np.array([at for at, _ in released], np.int64)
    chances = np.array([steps[code].loss_pct / 100 * loss_factor for code in plant.route])
    draw = rng.random((n_lots, slots, len(plant.route))) < chances
    lost_at = np.where(draw.any(axis=2), draw.argmax(axis=2), -1).astype(np.int8)

    batches: list[tuple[int, ...]] = []
    parts: list[tuple[int, ...]] = []
    moves: list[tuple[Any, ...]] = []
    finished = np.full(n_lots, NOT_YET_MS, np.int64)
    clocks: dict[int, Clock] = {}
    heads = [code for code in plant.route if any(m.equipment == code and m.in_ports for m in plant.machines)]
    for line in range(1, plant.lines + 1):
        lots = np.flatnonzero(lot_line == line)
        ready = {int(lot): int(released_ms[lot]) for lot in lots}
        came_from = {int(lot): f"L{line}-WST1-OUT1" for lot in lots}
        for code in heads:
            step = plant.route.index(code)
            kind = types[code]
            tools = [m for m in plant.machines if m.equipment == code and m.line == line]
            order = sorted(ready, key=lambda lot: (ready[lot], lot))
            arrive: dict[int, int] = {}
            for lot in order:
                if ready[lot] < until_ms:
                    target = tools[lot % len(tools)].in_ports[0]
                    start = ready[lot]
                    moves.append((start, lot, came_from[lot], target, MOVE_MS))
                    moves.append((start + MOVE_MS, -1, target, came_from[lot], MOVE_MS))
                    arrive[lot] = start + MOVE_MS
            order = sorted(arrive, key=lambda lot: (arrive[lot], lot))
            done: dict[int, int] = {}
            for t, tool in enumerate(tools):
                its = [lot for lot in order if lot % len(tools) == t]
                args = (tool, kind, step, its, arrive, lost_at, slots, basket)
                if kind.mode == "lane":
                    clock = clocks.setdefault(index[tool.id], Clock(from_ms, until_ms + 7_200_000))
                    through = kind.process_s + sum(types[m].process_s for m in kind.members)
                    done |= _lane(batches, parts, index[tool.id], clock, through, until_ms, *args)
                else:
                    done |= _together(batches, parts, index[tool.id], until_ms, *args)
                for lot in its:
                    came_from[lot] = tool.out_ports[0]
            ready = done
        for lot, at in ready.items():
            if at < until_ms:
                moves.append((at, lot, came_from[lot], f"L{line}-CST1-IN1", MOVE_MS))
                moves.append((at + MOVE_MS, -1, f"L{line}-CST1-IN1", came_from[lot], MOVE_MS))
                if at + 2 * MOVE_MS < until_ms:
                    finished[lot] = at + 2 * MOVE_MS

    by_start = sorted(range(len(batches)), key=lambda b: (batches[b][2], b))
    number = np.empty(len(batches), np.int64)
    number[by_start] = np.arange(len(batches))
    b = np.array([batches[i] for i in by_start], np.int64)
    p = np.array(parts, np.int64)
    p[:, 0] = number[p[:, 0]]
    p = p[np.lexsort((p[:, 4], p[:, 0]))]
    stops = [
        (i, int(op), int(lost)) for i in sorted(clocks) for op, lost in zip(clocks[i].op, clocks[i].lost, strict=True)
    ]
    s = np.array(stops, np.int64).reshape(-1, 3)
    book = Daybook(
        machine_ids=ids,
        vehicle_ids=tuple(vehicle_id(v) for v in range(plant.vehicles.count)),
        from_ms=from_ms,
        until_ms=until_ms,
        seed=seed,
        partial=False,
        batches=Batches(
            number=np.arange(len(b)),
            machine=b[:, 0].astype(np.int16),
            unit=b[:, 1].astype(np.int16),
            start_ms=b[:, 2],
            end_ms=np.where(b[:, 3] < until_ms, b[:, 3], NOT_YET_MS),
            op_start_ms=b[:, 4],
            takt_ms=b[:, 5].astype(np.int32),
            wafers=b[:, 6].astype(np.int32),
        ),
        parts=Parts(
            p[:, 0],
            p[:, 1].astype(np.int32),
            p[:, 2].astype(np.int16),
            p[:, 3].astype(np.int16),
            p[:, 4].astype(np.int32),
        ),
        lots=Lots(lot_line - 0, released_ms, finished, lost_at),
        moves=_moves(moves, plant, until_ms),
        tracks=_tracks(plant, tracks_per_vehicle, until_ms),
        states=_states(ids, b, clocks, machines, types, from_ms, until_ms),
        stops=Stops(s[:, 0].astype(np.int16), s[:, 1], s[:, 2]),
        waits=Waits(np.zeros(0, np.int32), np.zeros(0, np.int8), np.zeros(0, np.int64), np.zeros(0, np.int64)),
        events=(),
        vehicle_state_ms=_vehicle_states(plant, until_ms),
        vehicle_kwh=np.full(plant.vehicles.count, 0.1 * hours),
        alive_at_start=0,
        batteries=_batteries(plant, until_ms),
    )
    book = book._replace(events=_events(book, plant))
    return book._replace(alive_at_start=count_alive(book, plant, 0))


def _lane(batches, parts, number, clock, through_s, until_ms, tool, kind, step, lots, arrive, lost_at, slots, basket):  # type: ignore[no-untyped-def]
    takt = round(kind.takt_s * 1000)
    free = [0] * kind.units
    done = {}
    nth = 0
    for lot in lots:
        last = -(10**12)
        for first in range(1, slots + 1, basket):
            lane = nth % kind.units
            nth += 1
            alive = [q for q in range(first, first + basket) if lost_at[lot, q - 1] < 0 or lost_at[lot, q - 1] >= step]
            op = max(free[lane], clock.operating(arrive[lot])) if free[lane] else clock.operating(arrive[lot])
            free[lane] = op + takt * len(alive)
            start, end = clock.real(op), clock.real(op + takt * (len(alive) - 1) + round(through_s * 1000))
            if start < until_ms and alive:
                batches.append((number, lane + 1, start, end, op, takt, len(alive)))
                parts.append((len(batches) - 1, lot, first, first + basket - 1, 0))
            last = max(last, end)
        if last < until_ms:
            done[lot] = last
    return done


def _together(batches, parts, number, until_ms, tool, kind, step, lots, arrive, lost_at, slots, basket):  # type: ignore[no-untyped-def]
    units = [(-(10**12), u) for u in range(1, kind.units + 1)]
    heapq.heapify(units)
    pace = round(kind.batch / kind.rate_per_h * 3.6e6) if kind.mode == "bench" and kind.rate_per_h else 0
    if not lots:
        return {}
    alive = (lost_at[lots] < 0) | (lost_at[lots] >= step)
    row, position = np.nonzero(alive)
    done: dict[int, int] = {}
    for at in range(0, len(row), kind.batch):
        its, places = row[at : at + kind.batch], position[at : at + kind.batch] + 1
        free, unit = heapq.heappop(units)
        start = max(free, arrive[lots[its[-1]]])
        end = start + round(kind.process_s * 1000)
        heapq.heappush(units, (start + pace if pace else end, unit))
        if start < until_ms:
            batches.append((number, unit, start, end, start, 0, len(its)))
        for which in np.unique(its):
            mine = np.flatnonzero(its == which)
            done[lots[which]] = max(end, done.get(lots[which], end))
            if start < until_ms:
                span = int(places[mine[0]]), int(places[mine[-1]])
                parts.append((len(batches) - 1, lots[which], *span, int(mine[0])))
    return {lot: end for lot, end in done.items() if end < until_ms}


def _moves(rows: list[tuple[Any, ...]], plant: Plant, until_ms: int) -> Moves:
    rows = sorted((row for row in rows if row[0] < until_ms), key=lambda row: (row[0], row[2], row[3]))
    at = np.array([row[0] for row in rows], np.int64)
    took = np.array([row[4] for row in rows], np.int64)
    n = len(rows)

    def moment(share: float) -> Any:
        when = at + (took * share).astype(np.int64)
        return np.where(when < until_ms, when, NOT_YET_MS)

    return Moves(
        number=np.arange(n),
        carrier=(np.arange(n) % plant.carriers.count).astype(np.int32),
        lot=np.array([row[1] for row in rows], np.int32),
        source=[row[2] for row in rows],
        target=[row[3] for row in rows],
        priority=np.zeros(n, np.int16),
        vehicle=(np.arange(n) % plant.vehicles.count).astype(np.int16),
        wanted_ms=at,
        assigned_ms=moment(0.1),
        at_source_ms=moment(0.3),
        taken_ms=moment(0.5),
        at_target_ms=moment(0.8),
        placed_ms=moment(1.0),
        empty_m=np.full(n, 30.0),
        loaded_m=np.full(n, 55.5),
    )


def _tracks(plant: Plant, count: int, until_ms: int) -> Tracks:
    n = plant.vehicles.count
    step = until_ms // max(1, count)
    vehicle = np.repeat(np.arange(n), count)
    claimed = np.tile(np.arange(count) * step, n) + vehicle * 7
    return Tracks(
        vehicle=vehicle.astype(np.int16),
        node=((np.tile(np.arange(count), n) * 13 + vehicle) % 50).astype(np.int32),
        claimed_ms=claimed,
        arrived_ms=claimed + step // 2,
        left_ms=claimed + step,
    )


def _states(ids, b, clocks, machines, types, from_ms, until_ms):  # type: ignore[no-untyped-def]
    """Heads: productive while a batch is in, else standby; stops are unscheduled downtime. Members as their head."""
    rows = []
    for number, name in enumerate(ids):
        head = next((ids.index(m.id) for m in machines.values() if name in m.members), number)
        its = b[b[:, 0] == head]
        marks = []
        clock = clocks.get(head)
        if clock is not None:
            for op, lost in zip(clock.op.tolist(), clock.lost.tolist(), strict=True):
                marks.append((op + lost - STOP_MS, op + lost, "unscheduled_downtime", "repair"))
        busy: list[list[int]] = []
        for start, end in sorted((int(r[2]), int(r[3])) for r in its):
            if busy and start <= busy[-1][1]:
                busy[-1][1] = max(busy[-1][1], end)
            else:
                busy.append([start, end])
        stay, at = [], from_ms
        cuts = sorted({from_ms, until_ms, *(t for m in marks for t in m[:2]), *(t for x in busy for t in x)})
        cuts = [t for t in cuts if from_ms <= t <= until_ms]
        for start, end in pairwise(cuts):
            down = next((m for m in marks if m[0] <= start < m[1]), None)
            if down:
                state, reason = down[2], down[3]
            elif any(x[0] <= start < x[1] for x in busy):
                state, reason = "productive", ""
            else:
                state, reason = "standby", "starved"
            if stay and stay[-1][0] == state:
                stay[-1][3] = end
            else:
                stay.append([state, reason, start, end])
            at = end
        assert at == until_ms
        rows += [(number, STATE[state], reason, start, end) for state, reason, start, end in stay]
    return States(
        machine=np.array([r[0] for r in rows], np.int16),
        state=np.array([r[1] for r in rows], np.int8),
        reason=[r[2] for r in rows],
        start_ms=np.array([r[3] for r in rows], np.int64),
        end_ms=np.array([r[4] for r in rows], np.int64),
    )


def _vehicle_states(plant: Plant, until_ms: int) -> Any:
    shares = np.array([0.3, 0.2, 0.2, 0.05, 0.05, 0.2])
    each = (until_ms * shares).astype(np.int64)
    each[-1] += until_ms - each.sum()
    return np.tile(each, (plant.vehicles.count, 1))


def _batteries(plant: Plant, until_ms: int) -> Batteries:
    """Every vehicle is as full at the end as it was at the start, and at 500 thousandths in between."""
    count = plant.vehicles.count
    at_ms = np.repeat(np.array([0, until_ms // 2, until_ms], np.int64), count)
    permille = np.repeat(np.array([800, 500, 800], np.int16), count)
    return Batteries(np.tile(np.arange(count, dtype=np.int16), 3), at_ms, permille)


def _events(book: Daybook, plant: Plant) -> tuple[Event, ...]:
    out: list[Event] = []
    slots = plant.wafers_per_carrier
    for lot, at in enumerate(book.lots.released_ms.tolist()):
        out.append(LotReleased(at, lot, int(book.lots.line[lot]), slots))
        if book.lots.finished_ms[lot] != NOT_YET_MS:
            left = int((book.lots.lost_at[lot] < 0).sum())
            out.append(LotFinished(int(book.lots.finished_ms[lot]), lot, int(book.lots.line[lot]), left))
    for i in range(len(book.batches.number)):
        name, unit = book.machine_ids[book.batches.machine[i]], int(book.batches.unit[i])
        number, wafers = int(book.batches.number[i]), int(book.batches.wafers[i])
        out.append(BatchStarted(int(book.batches.start_ms[i]), number, name, unit, wafers))
        if book.batches.end_ms[i] != NOT_YET_MS:
            out.append(BatchEnded(int(book.batches.end_ms[i]), number, name, unit, wafers))
    for lot, positions, step, _, _, leave, machine in walk(book, plant, lost_only=True):
        if leave is not None:
            out.append(WafersLost(leave, lot, machine, plant.route[step], (positions,)))
    out.sort(key=lambda event: event.at_ms)
    return tuple(event for event in out if event.at_ms < book.until_ms)


def walk(book: Daybook, plant: Plant, lots: Any = None, *, lost_only: bool = False, ends_only: bool = False):  # type: ignore[no-untyped-def]
    """Follow wafers one by one in plain Python: (lot, position, step, batch row, enter, leave or None, machine).

    The slow, obvious definition that the arrays of `passages` are compared with.
    """
    types = {kind.code: kind for kind in plant.equipment}
    machines = {machine.id: machine for machine in plant.machines}
    row_of = {int(number): i for i, number in enumerate(book.batches.number)}
    for i in range(len(book.parts.batch)):
        lot = int(book.parts.lot[i])
        if lots is not None and lot not in lots:
            continue
        row = row_of[int(book.parts.batch[i])]
        head = machines[book.machine_ids[book.batches.machine[row]]]
        head_step = plant.route.index(head.equipment)
        does = [plant.route.index(machines[name].equipment) for name in (head.id, *head.members)]
        lost = book.lots.lost_at[lot].tolist()
        k = int(book.parts.rank[i]) - 1
        for position in range(int(book.parts.first[i]), int(book.parts.last[i]) + 1):
            gone = lost[position - 1]
            if 0 <= gone < head_step:
                continue
            k += 1
            if gone < 0 and (lost_only or (ends_only and len(plant.route) - 1 not in does)):
                continue
            op = int(book.batches.op_start_ms[row]) + k * int(book.batches.takt_ms[row])
            for name, step in zip((head.id, *head.members), does, strict=True):
                after = op + round(types[machines[name].equipment].process_s * 1000)
                if 0 <= gone < step:
                    break
                if book.batches.takt_ms[row]:
                    enter, leave = _real(book, row, op), _real(book, row, after)
                else:
                    enter = int(book.batches.start_ms[row])
                    leave = int(book.batches.end_ms[row]) if book.batches.end_ms[row] != NOT_YET_MS else book.until_ms
                op = after
                if gone == step:
                    leave = int(book.batches.end_ms[row])
                    leave = book.until_ms if leave == NOT_YET_MS else leave
                if enter < book.until_ms and (not lost_only or gone == step):
                    out = leave if leave < book.until_ms else None
                    yield lot, position, step, row, enter, out, name


def _real(book: Daybook, row: int, op_ms: int) -> int:
    its = book.stops.machine == book.batches.machine[row]
    before = its & (book.stops.op_ms < op_ms)
    return op_ms + (int(book.stops.lost_ms[before].max()) if before.any() else 0)


def count_alive(book: Daybook, plant: Plant, at_ms: int) -> int:
    """Wafers of lots released and not yet stored at `at_ms`, less those of batches out that broke; one by one."""
    finished = book.lots.finished_ms
    open_lots = (book.lots.released_ms < at_ms) & ((finished == NOT_YET_MS) | (finished >= at_ms))
    count = int(open_lots.sum()) * plant.wafers_per_carrier
    for lot, position, step, row, _, _, _ in walk(book, plant, lost_only=True):
        gone = int(book.lots.lost_at[lot, position - 1])
        if open_lots[lot] and step == gone and NOT_YET_MS != book.batches.end_ms[row] < at_ms:
            count -= 1
    return count
