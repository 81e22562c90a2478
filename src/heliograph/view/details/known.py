"""What details are told from: all that is known of a workshop, up to some moment. A recorded day keeps this contract,
and so does a run in progress.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from heliograph.plant.read import PlantFiles
from heliograph.view.ground import Ground
from heliograph.view.series import Ints
from heliograph.view.standing import Standing
from heliograph.view.told import PartTold
from heliograph.view.vehicles import Moves

__all__ = ["Charges", "Known", "LotRow", "Moved", "Stayed"]


class LotRow(NamedTuple):
    """A lot; times in ms after the record's start, None: not known of yet."""

    line: int
    released_ms: int
    finished_ms: int | None
    wafers: int
    lost: int


class Charges(Protocol):
    """How full batteries were."""

    def of(self, vehicle: int, moments: Ints) -> NDArray[np.float64]:
        """State of charge in percent at each moment; NaN: not known."""
        ...


class Stayed(Protocol):
    """What the states of machines are told from: a workshop from `begin_ms` to `end_ms`."""

    @property
    def begin_ms(self) -> int: ...
    @property
    def end_ms(self) -> int: ...
    @property
    def reasons(self) -> Sequence[str]: ...
    @property
    def series(self) -> Mapping[str, Any]:
        """Drives, doing, mishaps, carriers, states: each a `view.Series`, or one that grows."""
        ...


class Moved(Protocol):
    """What moves are told from; things are numbered, and these are their names."""

    @property
    def moves(self) -> Moves: ...
    @property
    def vehicle_ids(self) -> Sequence[str]: ...
    @property
    def carrier_ids(self) -> Sequence[str]: ...
    @property
    def station_ids(self) -> Sequence[str]: ...
    @property
    def lot_ids(self) -> Sequence[str]: ...


class Known(Stayed, Moved, Protocol):
    """All of it."""

    @property
    def files(self) -> PlantFiles: ...
    @property
    def ground(self) -> Ground: ...
    @property
    def node_ids(self) -> Sequence[str]: ...
    @property
    def charging(self) -> frozenset[int]: ...
    @property
    def vehicles(self) -> Mapping[str, int]:
        """Their numbers; as are the next."""
        ...

    @property
    def carriers(self) -> Mapping[str, int]: ...
    @property
    def machines(self) -> Mapping[str, int]: ...
    @property
    def lots(self) -> Mapping[str, int]: ...
    @property
    def standing(self) -> Standing: ...
    @property
    def batteries(self) -> Charges: ...

    def parts(self, column: str, thing: str, at_ms: int) -> list[PartTold]:
        """Parts in batches whose column (`lot` or `machine`) is this thing, in order of time.

        Of a machine those at some time from the moment may be left out: it is asked for what is in it, what came out
        last, and what goes in next.
        """
        ...

    def lot_row(self, thing: str) -> LotRow | None:
        """A lot of `lots`; None: what was written of it cannot be read."""
        ...

    def planned(self, vehicle: int, goal: int, *, loaded: bool) -> list[int]:
        """Ways to a station's node that follow those driven by now; none where the future is known, as in a record."""
        ...

    def use(self, vehicle: str) -> dict[str, float]:
        """Hours of a vehicle by what it did, and kwh; empty: not known."""
        ...
