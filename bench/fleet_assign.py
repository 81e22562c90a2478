"""Whole day: what looking ahead saves in empty driving, against the nearest vehicle first.

Size: plant `topcon` as shipped (8 lines, 186 vehicles), 24 h after its warm-up, machines and all; seeds 1 to 3. Beside
the fleet as it is, two rivals on the same floor, traffic and charging rules:

- nearest first: each move, in the order in which it is wanted, takes at once the free vehicle with the shortest drive,
  even from a charger; if none is free, it waits for the first one that is;
- the same, but a vehicle at a charger, or on its way to one, is left alone while another is free.

Empty driving is all of it: to the pickup, to park, to charge. Waiting is from the moment a carrier wants to go until a
vehicle stands there. Wall time is not compared here: see `fleet_size.py`.

    python bench/fleet_assign.py [--plant topcon] [--hours 24] [--seeds 3]
"""

from __future__ import annotations

import argparse
import json
from statistics import mean
from typing import Any

import numpy as np
from numba import njit
from rich.console import Console
from rich.table import Table

from heliograph.fleet import Fleet
from heliograph.fleet.routes import FAR_MS, cost_by_row_ms, row_for
from heliograph.fleet.traffic import set_order
from heliograph.fleet.world import CHARGE, NONE, PICKUP
from heliograph.passages import floor_of, lots_in_record, number_out
from heliograph.plant.read import PlantFiles, read_plant
from heliograph.run import loop

LEFT_ALONE_MS = 1_000_000_000
NEVER_MS = 1_000_000_000_000


@njit(error_model="numpy")
def nearest(w: Any, book: Any, count: int, spare_charging: bool) -> Any:
    """Pending moves in the order in which they were wanted, each with the nearest vehicle that is free now."""
    now_ms, done = w.clock[0].now_ms, 0
    chosen, who = np.empty(count, np.int64), np.empty(count, np.int64)
    book.awaited[:] = True
    for i in np.argsort(book.pending[3, :count], kind="mergesort"):
        source = book.pending[0, i]
        row = row_for(w, 0, source)
        best, best_ms = -1, 2 * FAR_MS
        for v in range(len(w.vehicles)):
            x = w.vehicles[v]
            if (
                x.order != NONE
                or x.must_charge
                or (w.clock[0].chargers > 0 and x.charge_mwms < w.batteries[x.kind].low_mwms)
            ):
                continue
            ms = cost_by_row_ms(w, v, source, row)
            if ms < FAR_MS and spare_charging and w.nodes[x.target].use == CHARGE:
                ms += LEFT_ALONE_MS
            if ms < best_ms:
                best, best_ms = v, ms
        if best >= 0:
            chosen[done], who[done] = i, best
            done += 1
            book.target[best] = book.pending[1, i]
            set_order(w, best, PICKUP, source, now_ms)
    return chosen[:done], who[:done], 0


class Watched(Fleet):
    """The fleet as it is; keeps its mileage as often as the loop asks for its times: at the record's start and end."""

    made: list[Watched]

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.metres: list[tuple[float, float]] = []
        self.made[:] = [self]

    def state_ms(self) -> Any:
        """Also notes (empty, loaded) metres of all vehicles so far."""
        x = self._world.vehicles
        self.metres.append((x["empty_mm"].sum() / 1000, x["loaded_mm"].sum() / 1000))
        return super().state_ms()


Watched.made = []


class NearestFirst(Watched):
    """Assigns by `nearest`, at once whenever something is new."""

    spare_charging = False

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._pair = lambda world, book, count: nearest(world, book, count, self.spare_charging)

    def _due_ms(self) -> int:
        return self._now_ms if self._news else NEVER_MS


class NearestSparing(NearestFirst):
    """Leaves vehicles at chargers alone while others are free."""

    spare_charging = True


POLICIES = {
    "nearest first": NearestFirst,
    "nearest first, chargers left alone": NearestSparing,
    "looking ahead": Watched,
}


def measure(files: PlantFiles, policy: type[Watched], seed: int, hours: float) -> dict[str, float]:
    """One day with one policy."""
    loop.Fleet = policy  # type: ignore[misc]  # the product has one policy, and no switch
    book = loop.simulate(files.plant, files.roadmap, seed=seed, hours=hours, warmup_h=files.plant.flow.warmup_h)
    (empty_0, loaded_0), (empty_1, loaded_1) = Watched.made[0].metres
    moves = book.moves
    served = (moves.wanted_ms >= 0) & (moves.placed_ms > 0)
    count = int(served.sum())
    state_s = book.vehicle_state_ms.sum(axis=0) / 1000
    waited_s = (moves.at_source_ms - moves.wanted_ms)[served] / 1000
    cells = number_out(book, floor_of(files.plant, book.machine_ids), lots_in_record(book))
    return {
        "moves": count,
        "to_pickup_m": float(moves.empty_m[served].mean()),
        "empty_m": (empty_1 - empty_0) / count,
        "loaded_m": (loaded_1 - loaded_0) / count,
        "empty_s": float(state_s[1]) / count,
        "wait_s": float(waited_s.mean()),
        "wait_p95_s": float(np.percentile(waited_s, 95)),
        "wait_max_s": float(waited_s.max()),
        "held_up_s": float(state_s[3]) / count,
        "cells_per_day": cells * 24 / hours,
    }


def main() -> None:
    """Measure, print a table and a JSON document."""
    ask = argparse.ArgumentParser(description="Empty driving: looking ahead against nearest first.")
    ask.add_argument("--plant", default="topcon")
    ask.add_argument("--hours", type=float, default=24.0)
    ask.add_argument("--seeds", type=int, default=3)
    asked = ask.parse_args()
    files = read_plant(asked.plant)
    table = Table("per move", *POLICIES)
    found: dict[str, dict[str, float]] = {}
    for name, policy in POLICIES.items():
        days = [measure(files, policy, seed, asked.hours) for seed in range(1, asked.seeds + 1)]
        found[name] = {key: round(mean(day[key] for day in days), 2) for key in days[0]}
    for key in next(iter(found.values())):
        table.add_row(key, *(f"{row[key]:,.1f}" for row in found.values()))
    Console().print(table)
    ours = found["looking ahead"]
    saved = {
        name: {key: round(1 - ours[key] / theirs[key], 3) for key in ("to_pickup_m", "empty_m", "empty_s", "wait_s")}
        for name, theirs in list(found.items())[:-1]
    }
    print(json.dumps({"seeds": asked.seeds, "hours": asked.hours, "mean": found, "saved": saved}, indent=2))


if __name__ == "__main__":
    main()
