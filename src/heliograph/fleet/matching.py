"""The cheapest way to pair rows with columns, each at most once: the core of who takes which move.

`cheapest` is exact: rows come in one by one, each along the shortest augmenting path in reduced costs. Its duals prove
the optimum: what a row costs (`worth`) and what a column is fought over (`price`) add up to the cost of the pairing.
`bid` is for problems too large for that: an auction with a bounded number of bids. Prices bound what any pairing
costs from below, so `floor_of` says how far from the optimum the result can be at most, whoever made it.

Source: the shortest augmenting path after Jonker & Volgenant 1987, the auction after Bertsekas 1988; the bound is weak
duality of the assignment problem.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heliograph.fleet.compiled import entry

__all__ = ["bid", "cheapest", "floor_of"]

_NEVER = np.iinfo(np.int64).max // 4


@entry
def cheapest(cost: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair every row with a column at the least total cost.

    Args:
        cost: (n, m) with n <= m.
    Returns:
        (n,) the column of each row; (m,) the price of each column, >= 0, and 0 where it has no row.
    """
    n, m = cost.shape
    worth, price = np.zeros(n, np.int64), np.zeros(m, np.int64)
    row_of, came = np.full(m, -1, np.int64), np.empty(m, np.int64)
    least, seen = np.empty(m, np.int64), np.empty(m, np.bool_)
    for start in range(n):
        least[:] = _NEVER
        seen[:] = False
        row, at, low = start, -1, 0
        while True:
            best = -1
            for j in range(m):
                if not seen[j]:
                    ms = low + cost[row, j] - worth[row] + price[j]
                    if ms < least[j]:
                        least[j], came[j] = ms, at
                    if best < 0 or least[j] < least[best]:
                        best = j
            at, low = best, least[best]
            seen[at] = True
            if row_of[at] < 0:
                break
            row = row_of[at]
        worth[start] += low
        for j in range(m):
            if seen[j] and row_of[j] >= 0:
                price[j] += low - least[j]
                worth[row_of[j]] += low - least[j]
        while came[at] >= 0:
            row_of[at] = row_of[came[at]]
            at = came[at]
        row_of[at] = start
    column = np.empty(n, np.int64)
    for j in range(m):
        if row_of[j] >= 0:
            column[row_of[j]] = j
    return column, price


@entry
def bid(cost: NDArray[np.int64], step: int, bids: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair every row with a column at nearly the least total cost, in bounded time.

    Rows bid for columns; who is outbid bids again. Once the bids are used up, the rows that are left take what is free.

    Args:
        cost: (n, m) with n <= m.
        step: each bid raises a price by at least this much; with bids enough the result is within n * step.
        bids: so many at most; each looks at one row of `cost`.
    Returns:
        As `cheapest`.
    """
    n, m = cost.shape
    column, price, row_of = np.full(n, -1, np.int64), np.zeros(m, np.int64), np.full(m, -1, np.int64)
    left = np.arange(n - 1, -1, -1)
    count = n
    while count > 0:
        count -= 1
        row = left[count]
        best, best_ms, second_ms = -1, _NEVER, _NEVER
        for j in range(m):
            if bids > 0 or row_of[j] < 0:
                ms = cost[row, j] + price[j]
                if ms < best_ms:
                    best, best_ms, second_ms = j, ms, best_ms
                elif ms < second_ms:
                    second_ms = ms
        if bids > 0:
            bids -= 1
            price[best] += step + (second_ms - best_ms if second_ms < _NEVER else 0)
            if row_of[best] >= 0:
                column[row_of[best]] = -1
                left[count] = row_of[best]
                count += 1
        row_of[best], column[row] = row, best
    return column, price


@entry
def floor_of(cost: NDArray[np.int64], price: NDArray[np.int64]) -> int:
    """What every pairing of all rows costs at least, by any prices >= 0: weak duality."""
    total = -price.sum()
    for row in range(cost.shape[0]):
        total += (cost[row] + price).min()
    return int(total)
