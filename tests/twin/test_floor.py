"""The simulated floor: machines, arms and carriers, without vehicles in between."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from heliograph.daybook import E10_STATES, NOT_YET_MS, Daybook
from heliograph.plant.model import Plant
from heliograph.plant.read import read_plant
from heliograph.run.loop import simulate

HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def plant() -> Plant:
    return msgspec.structs.replace(read_plant("small").plant, transport="direct")


@pytest.fixture(scope="module")
def book(plant: Plant) -> Daybook:
    return simulate(plant, read_plant("small").roadmap, seed=3, hours=12, warmup_h=24)


def test_every_machine_is_in_exactly_one_state_at_any_time(book: Daybook) -> None:
    states = book.states
    for machine in range(len(book.machine_ids)):
        its = states.machine == machine
        assert states.start_ms[its][0] == book.from_ms
        assert states.end_ms[its][-1] == book.until_ms
        assert (states.start_ms[its][1:] == states.end_ms[its][:-1]).all()
    assert states.state.max() < len(E10_STATES)


def test_starved_blocked_and_collecting_are_told_apart(book: Daybook) -> None:
    reasons = set(book.states.reason)

    assert {"starved", "blocked", "collecting", "processing", "repair"} <= reasons


def test_a_tube_never_holds_more_than_its_batch_and_only_whole_parts_of_lots(book: Daybook, plant: Plant) -> None:
    size = {equipment.code: equipment.batch for equipment in plant.equipment if equipment.mode == "tube"}
    kind = {machine.id: machine.equipment for machine in plant.machines}
    for number, machine, wafers in zip(book.batches.number, book.batches.machine, book.batches.wafers, strict=True):
        code = kind[book.machine_ids[machine]]
        if code in size:
            assert 0 < wafers <= size[code], number
    assert (book.parts.first <= book.parts.last).all()


def test_lots_share_batches_and_the_slot_maps_cover_each_lot_once(book: Daybook, plant: Plant) -> None:
    """At every step each wafer of a finished lot is in exactly one part, and parts follow each other."""
    machine = book.batches.machine[book.parts.batch]
    kind = {m.id: m.equipment for m in plant.machines}
    code = np.array([kind[book.machine_ids[m]] for m in machine])
    lots_in_batch = np.bincount(book.parts.batch)
    assert (lots_in_batch > 1).any()
    done = np.flatnonzero(book.lots.finished_ms != NOT_YET_MS)
    for lot in done[:10]:
        for step in ("TEX", "TOX", "FSN", "PRN"):
            its = np.flatnonzero((book.parts.lot == lot) & (code == step))
            spans = sorted(zip(book.parts.first[its].tolist(), book.parts.last[its].tolist(), strict=True))
            covered = np.zeros(plant.wafers_per_carrier, int)
            for first, last in spans:
                covered[first - 1 : last] += 1
            alive = book.lots.lost_at[lot] == -1
            assert (covered[alive] == 1).all(), (lot, step)
            assert covered.max() == 1


def test_a_repair_delays_what_is_in_process_and_loses_none_of_it(plant: Plant) -> None:
    """A batch lasts what its process lasts, plus what the machine stood still meanwhile."""
    frail = [msgspec.structs.replace(e, mtbf_h=15.0, mttr_h=0.5) if e.mtbf_h else e for e in plant.equipment]
    frail_plant = msgspec.structs.replace(plant, equipment=frail)
    book = simulate(frail_plant, read_plant("small").roadmap, seed=3, hours=12, warmup_h=12)
    cycle_ms = {
        equipment.code: round(equipment.units * equipment.batch * 3_600_000 / equipment.rate_per_h)
        for equipment in plant.equipment
        if equipment.mode == "tube"
    }
    kind = {machine.id: machine.equipment for machine in plant.machines}
    seen = 0
    for machine, start, end in zip(book.batches.machine, book.batches.start_ms, book.batches.end_ms, strict=True):
        code = kind[book.machine_ids[machine]]
        if code not in cycle_ms or end == NOT_YET_MS:
            continue
        stood = 0
        its = book.states.machine == machine
        down = its & (book.states.state >= 2)
        for since, until in zip(book.states.start_ms[down], book.states.end_ms[down], strict=True):
            stood += max(0, min(end, until) - max(start, since))
        held = end - start - stood - cycle_ms[code]
        assert held >= 0
        seen += stood > 0 and held == 0
    assert seen > 0


def test_work_in_process_is_bounded_by_the_limit_of_lots(book: Daybook, plant: Plant) -> None:
    for moment in range(0, book.until_ms, HOUR_MS):
        inside = (book.lots.released_ms <= moment) & (
            (book.lots.finished_ms == NOT_YET_MS) | (book.lots.finished_ms > moment)
        )
        assert np.bincount(book.lots.line[inside]).max() <= plant.flow.wip_lots_per_line


def test_a_carrier_is_in_one_place_and_goes_on_from_there(book: Daybook) -> None:
    at: dict[int, str] = {}
    for move in np.argsort(book.moves.taken_ms, kind="stable"):
        if book.moves.taken_ms[move] == NOT_YET_MS:
            continue
        carrier, source = int(book.moves.carrier[move]), book.moves.source[move]
        if carrier in at and "STK" not in source:
            assert at[carrier] == source
        at[carrier] = book.moves.target[move]
    assert len(at) > 10


def test_as_many_empty_carriers_go_back_as_full_ones_go_forward(book: Daybook) -> None:
    in_record = book.moves.placed_ms >= 0
    full = np.count_nonzero(in_record & (book.moves.lot >= 0))
    empty = np.count_nonzero(in_record & (book.moves.lot < 0))

    assert full > 100
    assert empty == pytest.approx(full, rel=0.15)


def test_lots_that_wait_past_the_queue_time_are_flagged(plant: Plant) -> None:
    steps = [msgspec.structs.replace(s, max_wait_min=1.0) if s.code == "TOX" else s for s in plant.steps]
    hasty = msgspec.structs.replace(plant, steps=steps)
    book = simulate(hasty, read_plant("small").roadmap, seed=3, hours=6, warmup_h=10)
    tox = plant.route.index("TOX")

    late = book.waits.step == tox
    bounded = {index for index, code in enumerate(plant.route) for s in steps if s.code == code and s.max_wait_min}
    assert late.any()
    assert set(book.waits.step.tolist()) <= bounded
    assert (book.waits.waited_ms[late] > 60_000).all()


def test_a_planned_stop_lets_a_tube_run_out_and_a_lane_stop_at_once(book: Daybook, plant: Plant) -> None:
    kind = {machine.id: machine.equipment for machine in plant.machines}
    modes = {equipment.code: equipment.mode for equipment in plant.equipment}
    planned = np.flatnonzero((book.states.state >= 2) & (book.states.state != 4))
    lanes = 0
    for stop in planned:
        machine, since = int(book.states.machine[stop]), int(book.states.start_ms[stop])
        mine = book.batches.machine == machine
        running = mine & (book.batches.start_ms < since) & (book.batches.end_ms > since)
        if modes[kind[book.machine_ids[machine]]] in ("tube", "bench"):
            assert not running.any()
        else:
            lanes += bool(running.any())
    assert lanes > 0


def test_a_batch_that_is_not_full_starts_after_its_time_to_collect_also_in_the_warm_up(plant: Plant) -> None:
    """With one lot in process no further wafers come; times before the record are negative."""
    flow = msgspec.structs.replace(plant.flow, wip_lots_per_line=1)
    alone = msgspec.structs.replace(plant, flow=flow)

    book = simulate(alone, read_plant("small").roadmap, seed=1, hours=0.1, warmup_h=24)

    assert (book.lots.finished_ms[:2] != NOT_YET_MS).all()
