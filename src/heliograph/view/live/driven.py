"""Where vehicles stand in a run in progress, at any instant of it: from the drives that grow."""

from __future__ import annotations

import numpy as np

from heliograph.view.live.motion import Motion
from heliograph.view.series import Ints
from heliograph.view.standing import Stand
from heliograph.view.vehicles import MISHAP_KINDS

__all__ = ["Driven"]

_OFF_FLOOR = MISHAP_KINDS.index("off_floor")


class Driven:
    """See `view.standing.Standing`."""

    def __init__(self, motion: Motion) -> None:
        self._motion = motion

    def of(self, vehicle: int, at_ms: int) -> Stand | None:
        """See `Standing`. What it waits for at the very end is what it has told; before, what it had next."""
        drives = self._motion.drives
        series = drives.series
        row = int(series.in_force(at_ms)[vehicle])
        if row < 0:
            return None
        (before, node), departs = drives.ends(np.array([row]))[0].tolist(), int(series.at[row])
        arrives = departs + int(series.columns["took"][row])
        if at_ms < arrives:
            return Stand(node=before, came_ms=departs, drives=True, following=node)
        later = series.next_of(vehicle, row)
        following = int(drives.want[vehicle]) if later < 0 else int(drives.ends(np.array([later]))[0, 1])
        return Stand(node=node, came_ms=arrives, drives=False, following=following)

    def holder(self, node: int, but: int, at_ms: int) -> int:
        """See `Standing`: who stands on it, drives to it, or has not left it."""
        drives, mishaps = self._motion.drives, self._motion.series["mishaps"]
        row = drives.series.in_force(at_ms)
        its: Ints = drives.ends(np.maximum(row, 0))
        under_way = drives.series.at[row] + drives.series.columns["took"][row] > at_ms
        holds = (its[:, 1] == node) | ((its[:, 0] == node) & under_way)
        there = mishaps.columns["kind"][mishaps.in_force(at_ms)] != _OFF_FLOOR
        found = np.flatnonzero(holds & there & (row >= 0) & (np.arange(len(row)) != but))
        return int(found[-1]) if len(found) else -1
