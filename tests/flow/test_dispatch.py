"""The flow decides from events alone."""

from __future__ import annotations

import pytest

from heliograph.commands import Move, Release
from heliograph.events import CarrierEmptied, CarrierFilled, CarrierPlaced, CarrierTaken, LotReleased
from heliograph.flow.dispatch import Flow
from heliograph.plant.model import Plant
from heliograph.plant.read import read_plant
from heliograph.run.loop import simulate


@pytest.fixture(scope="module")
def plant() -> Plant:
    return read_plant("small").plant


def moves(orders: list[Move | Release]) -> list[Move]:
    return [order for order in orders if isinstance(order, Move)]


def test_an_empty_carrier_goes_to_an_out_port_that_has_none(plant: Plant) -> None:
    flow = Flow(plant)

    [move] = moves(flow.decide(CarrierPlaced(0, "L1-STK1-P1", 5, -1)))

    assert move.carrier == 5
    assert move.lot == -1
    assert "-OUT" in move.target
    assert move.target.startswith("L1-")


def test_a_full_carrier_goes_to_the_next_stage_of_its_own_line(plant: Plant) -> None:
    flow = Flow(plant)
    flow.decide(LotReleased(0, 0, 1, 1000))

    [move] = moves(flow.decide(CarrierFilled(60_000, "L1-WST1-OUT1", 5, 0)))

    assert (move.source, move.lot) == ("L1-WST1-OUT1", 0)
    assert move.target.startswith("L1-INS1-IN")


def test_an_in_port_takes_no_second_carrier_before_the_empty_one_is_fetched(plant: Plant) -> None:
    """The port is free when the empty carrier has been lifted, not when it is empty."""
    flow = Flow(plant)
    ports = [port for machine in plant.machines if machine.id == "L1-INS1" for port in machine.in_ports]
    out = "L1-WST1-OUT1"
    for lot in range(len(ports)):
        [move] = moves(flow.decide(CarrierFilled(lot, out, lot, lot)))
        flow.decide(CarrierTaken(lot, out, lot, 0))
        flow.decide(CarrierPlaced(lot, move.target, lot, 0))
    assert moves(flow.decide(CarrierFilled(100, out, 90, 90))) == []

    assert not any(m.lot == 90 for m in moves(flow.decide(CarrierEmptied(200, ports[0], 0, 0))))
    assert [m.target for m in moves(flow.decide(CarrierTaken(300, ports[0], 0, 0))) if m.lot == 90] == [ports[0]]


def test_the_wafer_store_releases_no_more_lots_than_the_limit(plant: Plant) -> None:
    flow = Flow(plant)
    orders = flow.start()
    released = 0
    while orders:
        released += sum(isinstance(order, Release) and order.machine.startswith("L1") for order in orders)
        orders = flow.decide(LotReleased(0, released, 1, 1000)) if released else []
        if released > plant.flow.wip_lots_per_line:
            break

    assert released == plant.flow.wip_lots_per_line


def test_a_recorded_day_folded_again_asks_for_the_same_moves() -> None:
    files = read_plant("small")
    book = simulate(files.plant, files.roadmap, seed=2, hours=4, warmup_h=0)
    flow = Flow(files.plant)
    flow.start()

    again = [move for event in book.events for move in moves(flow.decide(event))]

    assert [(m.number, m.carrier, m.lot, m.source, m.target, m.wanted_ms) for m in again] == list(
        zip(
            book.moves.number.tolist(),
            book.moves.carrier.tolist(),
            book.moves.lot.tolist(),
            book.moves.source,
            book.moves.target,
            book.moves.wanted_ms.tolist(),
            strict=True,
        )
    )
