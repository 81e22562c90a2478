"""What a run tells while it goes on: portions of all that has become known, a few a second, into a spool.

It only looks: what is watched and what is not comes out the same, to the byte.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from heliograph.commands import Move
from heliograph.daybook import VEHICLE_STATES
from heliograph.events import Event
from heliograph.fleet.fleet import Fleet
from heliograph.fleet.mishaps import BREAKDOWN, NOT_YET_MS, Mishaps
from heliograph.fleet.world import AWAY, CHARGING, DRIVING, HALTED, HANDOFF, HELD, IDLE, MWMS_PER_KWH
from heliograph.run.live.pace import Pace
from heliograph.run.live.spool import Spool
from heliograph.view.live import Portion, encode_portion

if TYPE_CHECKING:
    from heliograph.twin.floor import Twin

__all__ = ["Feed"]

_EVERY_S: Final = 0.1
"""So often a portion is told."""
_EVERY_FREE_S: Final = 0.25
"""And of a run that nothing holds back, which pays for it in time."""
_LOOKS: Final = 128
"""Where nothing holds the run back, it looks at the clock only every so many turns."""

_LOADED, _EMPTY, _HAND_OFF, _WAITING, _CHARGING, _IDLE = range(len(VEHICLE_STATES))


class Feed:
    """Tells of one run, and holds it back as its pace asks."""

    def __init__(self, spool: Spool, pace: Pace) -> None:
        self._spool: Spool | None = spool
        self.pace = pace
        self._part = "starting"
        self._now_ms = 0
        self._heard: list[Event] = []
        self._turns = 0
        self._told_s = 0.0
        self._told: tuple[object, ...] = ()
        self._moves = self._visits = self._batches = self._parts = self._stops = self._mishaps = self._gauged = 0
        self._broken: dict[int, list[int]] = {}
        self._alive = -1

    @property
    def lost(self) -> bool:
        """Whether the spool could not be written, so that nothing is told any more."""
        return self._spool is None

    # what the loop says

    def heard(self, events: Sequence[Event]) -> None:
        """These things have happened."""
        self._heard += events

    def begin_record(self, alive: int) -> None:
        """The warm-up is over; so many wafers are alive."""
        self._alive = alive
        self._part = "simulating"
        self.pace.free = False

    def upto(self, wanted_ms: int, fleet: Fleet, floor: Twin, moves: Sequence[Move], mishaps: Mishaps | None) -> int:
        """How far the run may go: as far as it wants, or less far, maybe not at all. Tells, and waits, where it is due.

        All before `fleet.now_ms` has happened.
        """
        self._turns += 1
        pace, now_ms = self.pace, fleet.now_ms
        if self._turns % _LOOKS and pace.unbound and self._alive < 0:
            return wanted_ms
        pace.listen(now_ms)
        if self._alive >= 0 or time.monotonic() - self._told_s >= (_EVERY_FREE_S if pace.unbound else _EVERY_S):
            self._tell(fleet, floor, moves, mishaps)
        allowed_ms = pace.upto(now_ms, wanted_ms)
        if allowed_ms < wanted_ms:
            pace.rest(now_ms)
            allowed_ms = pace.upto(now_ms, wanted_ms)
        return allowed_ms

    def tell_all(self, fleet: Fleet, floor: Twin, moves: Sequence[Move], mishaps: Mishaps | None) -> None:
        """The record ends here."""
        self._tell(fleet, floor, moves, mishaps)

    def _tell(self, fleet: Fleet, floor: Twin, moves: Sequence[Move], mishaps: Mishaps | None) -> None:
        self._told_s = time.monotonic()
        state = (fleet.now_ms, self._part, self.pace.speed, self.pace.paused)
        if state == self._told and not self._heard:
            return
        self._told = state
        self._now_ms = fleet.now_ms
        notes = floor.notes
        ended, vehicles = fleet.seen(self._visits)
        gauged = fleet.gauged(self._gauged)
        portion = self._portion(
            moves=moves[self._moves :],
            events=self._heard,
            visits=np.array([ended[name] for name in ("vehicle", "node", "claimed_ms", "arrived_ms", "left_ms")], "i8"),
            here=_here(vehicles, fleet.now_ms),
            spent=np.column_stack((fleet.state_ms_unsettled()[:, : len(VEHICLE_STATES)], vehicles["since_ms"])),
            charged=vehicles["charged_mwms"] / MWMS_PER_KWH / fleet.charging_efficiency,
            gauged=gauged,
            batches=notes.batches[self._batches :],
            parts=notes.parts[self._parts :],
            stops=notes.stops[self._stops :],
            open_stops=floor.open_stops(fleet.now_ms),
            mishaps=[] if mishaps is None else self._went_wrong(mishaps),
            alive=self._alive,
        )
        self._alive = -1
        self._moves, self._visits = len(moves), self._visits + len(ended)
        self._gauged += gauged.shape[1]
        self._batches, self._parts, self._stops = len(notes.batches), len(notes.parts), len(notes.stops)
        self._write(portion)
        self._heard = []

    def _went_wrong(self, mishaps: Mishaps) -> list[list[int]]:
        """Mishaps that are new, or of which more is known: their number, and the row."""
        news = []
        for number in [*self._broken, *range(self._mishaps, mishaps.count)]:
            row = mishaps.one(number)
            if self._broken.get(number) == row:
                continue
            news.append([number, *row])
            if row[1] == BREAKDOWN:
                self._broken[number] = list(row)
                if row[4] != NOT_YET_MS:
                    del self._broken[number]
        self._mishaps = mishaps.count
        return news

    # what the command says

    def part(self, part: str) -> None:
        """What is being done now."""
        if part != self._part and not (part == "simulating" and self._part == "warm-up"):
            self._part = "warm-up" if part == "simulating" and self._part == "starting" else part
            self._write(self._portion())

    def done(self, folder: str) -> None:
        """The run is over and lies there."""
        self._part = "done"
        self._write(self._portion(folder=folder))

    def failed(self, message: str) -> None:
        """The run has ended before its end."""
        self._part = "failed"
        self._write(self._portion(message=message))

    def _portion(self, **news: object) -> Portion:
        none = np.zeros(0)
        nothing: dict[str, object] = {
            "moves": (),
            "events": (),
            "visits": np.zeros((5, 0), np.int64),
            "here": np.zeros((9, 0), np.int64),
            "spent": np.zeros((0, 7), np.int64),
            "charged": none,
            "gauged": np.zeros((3, 0), np.int64),
            "batches": (),
            "parts": (),
            "stops": (),
            "open_stops": (),
            "mishaps": (),
        }
        told = {"now_ms": self._now_ms, "part": self._part, "speed": self.pace.speed, "paused": self.pace.paused}
        return Portion(**{**nothing, **told, **news})  # type: ignore[arg-type]

    def _write(self, portion: Portion) -> None:
        if self._spool is not None:
            try:
                self._spool.append(encode_portion(portion))
            except OSError:  # a full disk must not end the run: it goes on unwatched
                self._spool = None


def _here(x: np.ndarray, now_ms: int) -> np.ndarray:
    """How the vehicles stand; see `Portion.here`."""
    mode = x["mode"]
    state = np.full(len(x), _WAITING)
    state[mode == DRIVING] = np.where(x["loaded"][mode == DRIVING] > 0, _LOADED, _EMPTY)
    for code, name in ((HANDOFF, _HAND_OFF), (CHARGING, _CHARGING), (IDLE, _IDLE), (HALTED, -1), (AWAY, -1)):
        state[mode == code] = name
    due = np.where(mode == HALTED, now_ms + x["due_ms"], x["due_ms"])
    want = np.where(mode == HELD, x["want"], -1)
    stands = (mode != AWAY, x["node"], x["claimed_ms"], x["arrived_ms"])
    return np.array((*stands, x["next"], x["next_claimed_ms"], due, state, want), np.int64)
