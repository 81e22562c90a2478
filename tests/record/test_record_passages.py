"""Passages: the arrays say what walking wafer by wafer through the daybook says."""

from __future__ import annotations

import numpy as np
from daybooks import walk
from recorded import Made

from heliograph.daybook import Daybook
from heliograph.passages import NEVER, ahead, lots_in_record, number_out, pass_lots
from heliograph.plant.model import Plant


def test_every_wafer_has_the_batch_and_moments_that_walking_one_by_one_finds(
    plant: Plant, book: Daybook, made: Made
) -> None:
    lots = lots_in_record(book)[::7]
    passages = pass_lots(book, made.floor, lots)
    row_of = {int(lot): row for row, lot in enumerate(lots)}

    seen = 0
    for lot, position, step, batch, enter, leave, _ in walk(book, plant, row_of):
        at = row_of[lot] * made.floor.slots + position - 1
        found = passages.batch[step][at], passages.enter_ms[step][at], passages.leave_ms[step][at]
        assert found == (batch, enter, NEVER if leave is None else leave)
        seen += 1
    assert seen == sum(np.count_nonzero(batch >= 0) for batch in passages.batch)
    assert seen > 10_000


def test_a_wafer_is_never_in_two_steps_at_once(book: Daybook, made: Made) -> None:
    passages = pass_lots(book, made.floor, lots_in_record(book))

    for step in range(1, made.floor.steps):
        began = passages.batch[step] >= 0
        assert (passages.leave_ms[step - 1][began] <= passages.enter_ms[step][began]).all()


def test_a_lost_wafer_goes_no_further(book: Daybook, made: Made) -> None:
    passages = pass_lots(book, made.floor, lots_in_record(book))

    assert (passages.lost_at >= 0).sum() > 100
    for step in range(made.floor.steps):
        gone = (passages.lost_at >= 0) & (passages.lost_at < step)
        assert (passages.batch[step][gone] == -1).all()


def test_what_is_only_planned_is_not_in_the_record(book: Daybook, made: Made) -> None:
    passages = pass_lots(book, made.floor, lots_in_record(book))

    for moments in (*passages.enter_ms, *passages.leave_ms):
        assert (moments[moments != NEVER] < book.until_ms).all()


def test_a_wafer_due_exactly_when_a_stop_begins_counts_as_before_it() -> None:
    stops = np.array([1000, 5000]), np.array([200, 500])

    assert ahead(*stops, np.array([999, 1000, 1001, 5000, 5001])).tolist() == [999, 1000, 1201, 5200, 5501]


def test_cells_out_are_those_that_left_the_last_step_within_the_record(plant: Plant, book: Daybook, made: Made) -> None:
    last = len(plant.route) - 1
    out = sum(
        step == last and leave is not None and leave >= 0 and book.lots.lost_at[lot, position - 1] < 0
        for lot, position, step, _, _, leave, _ in walk(book, plant, ends_only=True)
    )

    assert number_out(book, made.floor, lots_in_record(book)) == out > 1_000
