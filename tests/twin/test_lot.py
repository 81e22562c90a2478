"""Lots: which wafers are alive, and which break."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.twin.lot import ALIVE, Lot, draw_lost


@given(lost=st.sets(st.integers(1, 40)), first=st.integers(1, 40), nth=st.integers(0, 39))
def test_the_nth_wafer_alive_is_found_whatever_is_lost_before(lost: set[int], first: int, nth: int) -> None:
    lot = Lot(0, 1, 40, 0)
    for position in lost:
        lot.lose(position, 3)
    alive = [position for position in range(first, 41) if position not in lost]
    if nth < len(alive):
        assert lot.position(first, nth) == alive[nth]
    assert lot.alive == 40 - len(lost)


def test_wafers_break_as_often_as_stated_and_only_those_alive() -> None:
    luck = random.Random(1)
    broken = 0
    for _ in range(2_000):
        lot = Lot(0, 1, 100, 0)
        lot.lose(7, 0)
        lost = draw_lost(lot, 1, 100, 0.02, luck)
        assert 7 not in lost
        assert sorted(set(lost)) == lost
        broken += len(lost)

    assert broken / (2_000 * 99) == pytest.approx(0.02, rel=0.05)


def test_no_wafer_breaks_without_a_chance_and_every_one_with_certainty() -> None:
    lot = Lot(0, 1, 30, 0)
    luck = random.Random(2)

    assert draw_lost(lot, 1, 30, 0.0, luck) == []
    assert draw_lost(lot, 5, 9, 1.0, luck) == [5, 6, 7, 8, 9]
    assert lot.lost_at.count(ALIVE) == 30
