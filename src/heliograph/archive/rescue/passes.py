"""What to read next of a disc that gives errors, decided from the states of its sectors alone.

Each sector has one letter, as in GNU ddrescue's map. What is easy to read is read first, because each try may be the
drive's last:

1. *copy*, forwards, 64 KiB at a time. After an error skip ahead, each time in a row twice as far: damage lies together.
2. *copy* again, backwards, over what was skipped: the other side of the damage is reached where it ends. Then forwards,
   without skipping.
3. *trim*: each 64 KiB that gave an error, sector by sector from both ends up to the first bad one.
4. *scrape*: what lies between, sector by sector.
5. *retry*: the bad sectors, forwards and backwards in turn, a number of times.

Source: the order is that of the GNU ddrescue manual, "Algorithm".
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from heliograph.archive.rescue.ddrescue import BAD, DONE, UNSCRAPED, UNTRIED, UNTRIMMED

__all__ = ["CLUSTER", "COPY", "PHASES", "Span", "passes"]

CLUSTER: Final = 32
"""Sectors read at once: 64 KiB, the error-correction block of a BD (ISO/IEC 30190); two of a DVD's."""
COPY, TRIM, SCRAPE, RETRY = "copy", "trim", "scrape", "retry"
PHASES: Final = {COPY: UNTRIED, TRIM: UNTRIMMED, SCRAPE: UNSCRAPED, RETRY: BAD}
"""Each phase, and ddrescue's letter for what it works on."""


@dataclass(frozen=True, slots=True)
class Span:
    """Sectors to read now."""

    first: int
    count: int
    phase: str


Passes = Generator[Span, int, None]
"""Yields what to read; is sent how many sectors of it, from the first on, could be read."""


def passes(states: bytearray, retries: int) -> Passes:
    """All passes in order; `states`, one letter per sector, is kept up to date.

    Ends after finitely many reads: no sector is read alone more than `1 + retries` times.
    """
    most = max(len(states) // 100, CLUSTER)
    yield from _forwards(states, most)
    yield from _backwards(states, most)
    yield from _forwards(states, 0)
    yield from _trim(states)
    yield from _scrape(states)
    for number in range(retries):
        if states.find(BAD) < 0:
            return
        yield from _retry(states, backwards=number % 2 == 1)


def _forwards(states: bytearray, most: int) -> Passes:
    """Read what is not tried; skip at most `most` sectors after an error."""
    skip = min(CLUSTER, most)
    at = 0
    while (first := states.find(UNTRIED, at)) >= 0:
        end = _end(states, first, UNTRIED, first - first % CLUSTER + CLUSTER)
        if (yield from _cluster(states, first, end)):
            skip, at = min(CLUSTER, most), end
        else:
            at = end + skip
            skip = min(2 * skip, most)


def _backwards(states: bytearray, most: int) -> Passes:
    """The same from the end; the sectors of each cluster are read forwards all the same."""
    skip = min(CLUSTER, most)
    at = len(states)
    while (last := states.rfind(UNTRIED, 0, max(at, 0))) >= 0:
        low = last - last % CLUSTER
        first = last + 1 - (last + 1 - low - len(states[low : last + 1].rstrip(UNTRIED)))
        if (yield from _cluster(states, first, last + 1)):
            skip, at = min(CLUSTER, most), first
        else:
            at = first - skip
            skip = min(2 * skip, most)


def _cluster(states: bytearray, first: int, end: int) -> Generator[Span, int, bool]:
    """Read first..end-1 at once; whether all of it could be."""
    good = yield Span(first, end - first, COPY)
    states[first : first + good] = DONE * good
    states[first + good : end] = UNTRIMMED * (end - first - good)
    return first + good == end


def _trim(states: bytearray) -> Passes:
    at = 0
    while (first := states.find(UNTRIMMED, at)) >= 0:
        at = end = _end(states, first, UNTRIMMED)
        while first < end:
            first += 1
            if not (yield from _one(states, first - 1, TRIM)):
                break
        while first < end:
            end -= 1
            if not (yield from _one(states, end, TRIM)):
                break
        states[first:end] = UNSCRAPED * (end - first)


def _scrape(states: bytearray) -> Passes:
    at = 0
    while (at := states.find(UNSCRAPED, at)) >= 0:
        yield from _one(states, at, SCRAPE)


def _retry(states: bytearray, *, backwards: bool) -> Passes:
    at = len(states) if backwards else 0
    while (at := states.rfind(BAD, 0, at) if backwards else states.find(BAD, at)) >= 0:
        yield from _one(states, at, RETRY)
        at += 0 if backwards else 1


def _one(states: bytearray, sector: int, phase: str) -> Generator[Span, int, bool]:
    good = yield Span(sector, 1, phase)
    states[sector : sector + 1] = DONE if good else BAD
    return bool(good)


def _end(states: bytearray, first: int, state: bytes, limit: int | None = None) -> int:
    """Where the run of a state that begins at `first` ends, at most `limit`."""
    run = re.compile(re.escape(state) + rb"+").match(states, first, len(states) if limit is None else limit)
    assert run is not None
    return run.end()
