"""Where vehicles stand and what they hold, at any instant: the contract, and the answers from a record's visits."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from heliograph.view.series import NEVER, Ints
from heliograph.view.vehicles import Visits, held_by

__all__ = ["Stand", "Standing", "Visited"]


class Stand(NamedTuple):
    """A vehicle on a node, or on its way from it."""

    node: int
    came_ms: int
    drives: bool
    """It holds `following`, and drives there."""
    following: int
    """The node that it drives to, or has next; -1: not known."""


class Standing(Protocol):
    """Vehicles on nodes."""

    def of(self, vehicle: int, at_ms: int) -> Stand | None:
        """How a vehicle stands at an instant; None: it has not been seen yet."""
        ...

    def holder(self, node: int, but: int, at_ms: int) -> int:
        """The vehicle, another than `but`, that holds a node at an instant; -1: none does."""
        ...


class Visited:
    """From the visits of a record."""

    def __init__(self, visits: Visits) -> None:
        self._visits = visits

    def of(self, vehicle: int, at_ms: int) -> Stand | None:
        """See `Standing`."""
        visits = self._visits
        its = slice(int(visits.start[vehicle]), int(visits.start[vehicle + 1]))
        here = its.start + int(np.searchsorted(visits.arrived[its], at_ms, side="right")) - 1
        if here < its.start:
            return None
        then = here + 1
        known = then < its.stop and visits.claimed[then] != NEVER
        return Stand(
            node=int(visits.node[here]),
            came_ms=int(visits.arrived[here]),
            drives=bool(known and visits.claimed[then] <= at_ms),
            following=int(visits.node[then]) if known else -1,
        )

    @cached_property
    def _held(self) -> tuple[Ints, Ints]:
        """Who held each node: where the node's rows begin, and the rows of the visits."""
        return held_by(self._visits)

    def holder(self, node: int, but: int, at_ms: int) -> int:
        """See `Standing`."""
        start, rows = self._held
        its = rows[start[node] : start[node + 1]]
        visits = self._visits
        holds = its[(visits.claimed[its] <= at_ms) & (visits.left[its] > at_ms) & (visits.vehicle[its] != but)]
        return int(visits.vehicle[holds[-1]]) if len(holds) else -1
