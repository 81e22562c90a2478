"""Ids: short, sortable, the same for every seed, and told apart from anything else."""

from __future__ import annotations

from datetime import datetime

import pytest

from heliograph.errors import UsageWrong
from heliograph.ids import CELL_EXAMPLE, cell_id, lot_id, lot_prefix, parse_cell, parse_lot, place, vehicle_id


def test_a_cell_id_taken_apart_and_put_together_is_the_same() -> None:
    name = parse_cell("SX251103-00042-0123")

    assert (name.lot.id, name.position, name.id) == ("SX251103-00042", 123, "SX251103-00042-0123")
    assert parse_lot(name.lot.id) == name.lot


def test_ids_sort_as_the_lots_were_released_and_as_the_wafers_stand() -> None:
    prefix = lot_prefix("SX", datetime(2025, 11, 3))
    ids = [cell_id(lot_id(prefix, lot), position) for lot in (0, 9, 10, 1340) for position in (1, 2, 10, 1000)]

    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_small_letters_and_spaces_around_an_id_are_forgiven() -> None:
    assert parse_cell(" sx251103-00042-0123\n").id == "SX251103-00042-0123"


@pytest.mark.parametrize(
    "text", ["", "123", "SX251103-00042", "SX251103-42-0123", "SX251103-00042-0000", "S251103-00042-0001", "🙂"]
)
def test_what_is_no_cell_id_gets_one_line_with_an_example(text: str) -> None:
    with pytest.raises(UsageWrong) as told:
        parse_cell(text)

    assert "is not a cell id" in told.value.message
    assert CELL_EXAMPLE in told.value.hint


def test_a_lot_id_is_not_a_cell_id() -> None:
    with pytest.raises(UsageWrong, match="is not a lot id"):
        parse_lot(CELL_EXAMPLE)


def test_position_100_is_the_last_slot_of_the_first_basket() -> None:
    assert [place(position, 100) for position in (1, 100, 101, 1000)] == [(1, 1), (1, 100), (2, 1), (10, 100)]


def test_vehicles_count_from_0() -> None:
    assert [vehicle_id(number) for number in (0, 17, 1234)] == ["V000", "V017", "V1234"]
