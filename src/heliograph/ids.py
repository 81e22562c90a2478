"""Names of things in the record: short, sortable, and the same whatever the seed.

    lot       SX251103-00042        site, the date the record starts (yymmdd), number in order of release from 00000
    cell      SX251103-00042-0123   its lot, and its position in the carrier from 0001
    vehicle   V017                  carrier  K0123                 both from 0

The date is that of the record that first numbered the lot, not of the lot's release: the lots that a warm-up has
released before midnight then never share an id with those of the day before. A plant's site and one record a day
make the id unique in the plant.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple, NewType

from heliograph.errors import UsageWrong

__all__ = [
    "CELL_EXAMPLE",
    "LOT_EXAMPLE",
    "CarrierId",
    "CellId",
    "CellName",
    "LotId",
    "LotName",
    "VehicleId",
    "carrier_id",
    "cell_id",
    "lot_id",
    "lot_prefix",
    "parse_cell",
    "parse_lot",
    "place",
    "vehicle_id",
]

LotId = NewType("LotId", str)
CellId = NewType("CellId", str)
VehicleId = NewType("VehicleId", str)
CarrierId = NewType("CarrierId", str)

LOT_EXAMPLE = "SX251103-00042"
CELL_EXAMPLE = f"{LOT_EXAMPLE}-0123"

_LOT = re.compile(r"([A-Z]{2,4})(\d{6})-(\d{5,})")
_CELL = re.compile(r"([A-Z]{2,4})(\d{6})-(\d{5,})-(\d{4,})")


class LotName(NamedTuple):
    """The parts of a lot id."""

    prefix: str
    """Site and date."""
    number: int

    @property
    def id(self) -> LotId:
        """The lot id itself."""
        return lot_id(self.prefix, self.number)


class CellName(NamedTuple):
    """The parts of a cell id."""

    lot: LotName
    position: int

    @property
    def id(self) -> CellId:
        """The cell id itself."""
        return cell_id(self.lot.id, self.position)


def lot_prefix(site: str, start: datetime) -> str:
    """What all lot ids of a record begin with."""
    return f"{site}{start:%y%m%d}"


def lot_id(prefix: str, number: int) -> LotId:
    """The id of the lot with this number (from 0, in order of release)."""
    return LotId(f"{prefix}-{number:05d}")


def cell_id(lot: str, position: int) -> CellId:
    """The id of the cell at this position (from 1) of its lot's carrier."""
    return CellId(f"{lot}-{position:04d}")


def vehicle_id(number: int) -> VehicleId:
    """The id of the vehicle with this number (from 0)."""
    return VehicleId(f"V{number:03d}")


def carrier_id(number: int) -> CarrierId:
    """The id of the carrier with this number (from 0)."""
    return CarrierId(f"K{number:04d}")


def parse_lot(text: str) -> LotName:
    """Take a lot id apart.

    Raises:
        UsageWrong: it is not a lot id.
    """
    found = _LOT.fullmatch(text.strip().upper())
    if not found:
        raise UsageWrong(f"{text!r} is not a lot id", hint=f"a lot id looks like {LOT_EXAMPLE}", given=text)
    return LotName(found[1] + found[2], int(found[3]))


def parse_cell(text: str) -> CellName:
    """Take a cell id apart.

    Raises:
        UsageWrong: it is not a cell id, or its position is 0.
    """
    found = _CELL.fullmatch(text.strip().upper())
    if not found or int(found[4]) < 1:
        hint = f"a cell id looks like {CELL_EXAMPLE}: its lot, then its position from 0001"
        raise UsageWrong(f"{text!r} is not a cell id", hint=hint, given=text)
    return CellName(LotName(found[1] + found[2], int(found[3])), int(found[4]))


def place(position: int, slots_per_basket: int) -> tuple[int, int]:
    """Basket and slot, both from 1, of a position from 1."""
    basket, slot = divmod(position - 1, slots_per_basket)
    return basket + 1, slot + 1
