"""Plants of one machine, without vehicles: what queueing theory can compute, from the parts of a workshop."""

from __future__ import annotations

import msgspec
import numpy as np

from heliograph.daybook import NOT_YET_MS, Daybook
from heliograph.plant.model import Equipment, Machine, Plant, Step, Stocker
from heliograph.plant.read import read_plant
from heliograph.run.loop import simulate

PORTS = 4
CARRIERS = 4_000


def queue_plant(*, arrival_s: float, service_s: float, servers: int, exponential: bool) -> Plant:
    """Lots of one wafer arrive after exponential times and are served one by one, first come first served."""
    small = read_plant("small").plant
    server = Equipment(
        code="SRV",
        name="server",
        name_zh="服务台",
        mode="tube",
        units=servers,
        process_s=service_s,
        process="exponential" if exponential else "constant",
        buffer_in=10**9,
        buffer_out=10**9,
    )
    source = Equipment(code="WST", name="arrivals", name_zh="到达", mode="source", arrival_s=arrival_s)
    sink = Equipment(code="CST", name="departures", name_zh="离开", mode="sink")
    ins = [f"L1-SRV1-IN{k}" for k in range(PORTS)]
    outs = [f"L1-SRV1-OUT{k}" for k in range(PORTS)]
    return msgspec.structs.replace(
        small,
        lines=1,
        transport="direct",
        carriers=msgspec.structs.replace(small.carriers, count=CARRIERS, baskets=1, slots_per_basket=1),
        route=["SRV"],
        steps=[Step(code="SRV", name="service", name_zh="服务", equipment="SRV")],
        equipment=[source, server, sink],
        machines=[
            Machine(id="L1-WST1", equipment="WST", line=1, out_ports=[f"L1-WST1-OUT{k}" for k in range(PORTS)]),
            Machine(id="L1-SRV1", equipment="SRV", line=1, in_ports=ins, out_ports=outs),
            Machine(id="L1-CST1", equipment="CST", line=1, in_ports=[f"L1-CST1-IN{k}" for k in range(PORTS)]),
        ],
        stockers=[Stocker(id="L1-STK1", line=1, slots=CARRIERS, ports=["L1-STK1-P1"])],
    )


def run_queue(plant: Plant, *, hours: float, seed: int) -> Daybook:
    """Run it, after a warm-up of a tenth."""
    roadmap = read_plant("small").roadmap
    return simulate(plant, roadmap, seed=seed, hours=hours, warmup_h=hours / 10)


def waits_s(book: Daybook) -> np.ndarray:
    """Seconds from arrival to service of every lot served in the record, in order of arrival."""
    lot_of = np.full(len(book.batches.number), -1)
    lot_of[book.parts.batch] = book.parts.lot
    served = (book.batches.end_ms != NOT_YET_MS) & (book.batches.start_ms >= 0)
    lots = lot_of[served]
    waits = (book.batches.start_ms[served] - book.lots.released_ms[lots]) / 1000
    return waits[np.argsort(lots)]


def interval_of_mean(values: np.ndarray, batches: int = 25) -> tuple[float, float]:
    """Mean and the half width of its 99.9 % confidence interval, from batch means (Law, Simulation Modeling, 9.5.3)."""
    means = np.array([part.mean() for part in np.array_split(values, batches)])
    t_24 = 3.745
    return float(means.mean()), float(t_24 * means.std(ddof=1) / np.sqrt(batches))
