"""The flow is right where theory knows the answer: M/M/1, M/M/c, M/D/1, and Little's law on the record."""

from __future__ import annotations

import math

import numpy as np
import pytest
from queueing import interval_of_mean, queue_plant, run_queue, waits_s

from heliograph.daybook import NOT_YET_MS

SERVICE_S = 60.0


def erlang_c(servers: int, offered: float) -> float:
    """Probability that an arrival waits in M/M/c (Erlang 1917)."""
    head = sum(offered**k / math.factorial(k) for k in range(servers))
    tail = offered**servers / math.factorial(servers) * servers / (servers - offered)
    return tail / (head + tail)


@pytest.mark.parametrize(
    ("servers", "exponential", "load"),
    [(1, True, 0.7), (3, True, 0.8), (1, False, 0.8)],
    ids=["M/M/1", "M/M/3", "M/D/1"],
)
def test_the_mean_wait_is_what_queueing_theory_says(servers: int, exponential: bool, load: float) -> None:
    arrival_s = SERVICE_S / (load * servers)
    plant = queue_plant(arrival_s=arrival_s, service_s=SERVICE_S, servers=servers, exponential=exponential)
    offered = load * servers
    expected_s = erlang_c(servers, offered) * SERVICE_S / (servers - offered) * (1.0 if exponential else 0.5)

    waits = waits_s(run_queue(plant, hours=24_000 * arrival_s / 3600, seed=11))
    mean_s, half_s = interval_of_mean(waits)

    assert len(waits) > 20_000
    assert half_s < 0.3 * expected_s
    assert abs(mean_s - expected_s) < half_s


def test_the_server_is_busy_as_much_as_it_is_offered() -> None:
    plant = queue_plant(arrival_s=80.0, service_s=SERVICE_S, servers=1, exponential=True)
    book = run_queue(plant, hours=200, seed=5)

    productive = book.states.state == 0
    server = book.states.machine == book.machine_ids.index("L1-SRV1")
    inside = np.minimum(book.states.end_ms, book.until_ms) - np.maximum(book.states.start_ms, 0)
    busy_ms = inside[productive & server & (inside > 0)].sum()

    assert busy_ms / book.until_ms == pytest.approx(SERVICE_S / 80.0, rel=0.05)


def test_littles_law_holds_on_the_record() -> None:
    """L = lambda W, exactly, over a span that begins and ends empty: here the whole run, lots still open cut off."""
    plant = queue_plant(arrival_s=75.0, service_s=SERVICE_S, servers=1, exponential=True)
    book = run_queue(plant, hours=300, seed=3)
    released, finished = book.lots.released_ms, book.lots.finished_ms
    known = finished != NOT_YET_MS
    span_ms = book.until_ms - book.from_ms

    moments = np.concatenate([released, finished[known]])
    change = np.concatenate([np.ones(len(released)), -np.ones(known.sum())])
    order = np.argsort(moments, kind="stable")
    inside = np.cumsum(change[order])
    area = (inside * np.diff(np.append(moments[order], book.until_ms))).sum()
    stay_ms = np.where(known, finished, book.until_ms) - released

    assert area / span_ms == pytest.approx(len(released) / span_ms * stay_ms.mean())
    assert abs(area / span_ms - known.sum() / span_ms * stay_ms[known].mean()) < 0.05 * area / span_ms
