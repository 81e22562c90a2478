"""Matching: the optimum against SciPy's, and the bound on the gap against the optimum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from heliograph.fleet.matching import bid, cheapest, floor_of

costs = st.tuples(
    st.integers(1, 30), st.integers(0, 30), st.sampled_from([2, 50, 400_000, 2_000_000_000]), st.integers(0, 10_000)
)


def drawn(rows: int, more: int, up_to: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(-up_to // 3, up_to, (rows, rows + more))


def paid(cost: NDArray[np.int64], column: NDArray[np.int64]) -> int:
    assert len(np.unique(column)) == len(column)
    return int(cost[np.arange(len(cost)), column].sum())


@settings(max_examples=200, deadline=None)
@given(costs)
def test_the_optimum_is_that_of_scipy_and_its_prices_prove_it(size):
    cost = drawn(*size)
    column, price = cheapest(cost)

    assert paid(cost, column) == cost[linear_sum_assignment(cost)].sum()
    assert floor_of(cost, price) == paid(cost, column)
    assert (price >= 0).all()


@settings(max_examples=200, deadline=None)
@given(costs, st.integers(1, 10_000), st.integers(0, 200))
def test_the_floor_lies_below_the_optimum_however_few_bids_there_were(size, step, bids):
    cost = drawn(*size)
    column, price = bid(cost, step, bids)

    assert floor_of(cost, price) <= cost[linear_sum_assignment(cost)].sum() <= paid(cost, column)


@pytest.mark.parametrize("seed", range(5))
def test_with_bids_enough_the_auction_is_within_a_step_for_each_row(seed):
    cost = drawn(80, 60, 300_000, seed)
    column, price = bid(cost, 500, 1_000_000)

    assert paid(cost, column) - floor_of(cost, price) <= 80 * 500
    assert (price[np.setdiff1d(np.arange(140), column)] == 0).all()


def test_any_prices_give_a_floor():
    rng = np.random.default_rng(7)
    for _ in range(50):
        cost = rng.integers(0, 1000, (6, 9))
        assert floor_of(cost, rng.integers(0, 1000, 9)) <= cost[linear_sum_assignment(cost)].sum()
