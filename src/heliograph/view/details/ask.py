"""What is known of one thing at one moment: ids, times and codes; the page has the words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from heliograph.errors import NotFound
from heliograph.view.details.lot import carrier_of, lot_of
from heliograph.view.details.machine import machine_of
from heliograph.view.details.vehicle import vehicle_of

if TYPE_CHECKING:
    from heliograph.view.details.known import Known

__all__ = ["details_of"]


def details_of(known: Known, kind: str, thing: str, at_ms: int) -> msgspec.Struct:
    """What is known of a thing at a moment; of cells, `cell_of` tells.

    Raises:
        NotFound: there is no such thing.
    """
    tell = {
        "vehicle": vehicle_of,
        "machine": machine_of,
        "stocker": machine_of,
        "lot": lot_of,
        "carrier": carrier_of,
    }
    if kind not in tell:
        raise NotFound(f"no details of a {kind[:40]!r}", hint=f"ask for one of {', '.join(tell)}, cell")
    return tell[kind](known, thing, at_ms)
