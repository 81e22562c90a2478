"""The events of a run as columns: one row an event, a column for each field that any kind of event has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from heliograph.events import Event
from heliograph.ids import carrier_id, lot_id
from heliograph.record.frame import Coded, Maybe, Values, codes_of

__all__ = ["event_columns"]

TEXTS = ("machine", "step", "station", "state", "reason")
NUMBERS = {"line": np.int16, "unit": np.int16, "batch": np.int64, "move": np.int64, "waited_ms": np.int64}


def event_columns(events: Sequence[Event], prefix: str, vehicle_ids: Sequence[str]) -> dict[str, Values]:
    """Columns of the table `events`, without the events of the warm-up.

    Args:
        events: in time order.
        prefix: of the lot ids.
        vehicle_ids: by number; empty where carriers change place without vehicles, whatever number a carrier rode.
    """
    kept = [event for event in events if event.at_ms >= 0]
    types = list(map(type, kept))
    order = sorted(set(types), key=lambda kind: kind.__name__)
    number = {kind: code for code, kind in enumerate(order)}
    kind_code = np.array([number[kind] for kind in types], np.int32)
    places = {kind: np.flatnonzero(kind_code == code) for kind, code in number.items()}
    by_kind = {kind: [kept[i] for i in where.tolist()] for kind, where in places.items()}

    def gather(name: str) -> list[tuple[np.ndarray, list[Any]]]:
        return [(places[kind], list(map(attrgetter(name), by_kind[kind]))) for kind in order if hasattr(kind, name)]

    def numbers(name: str, kind: Any, missing: int = -(1 << 62)) -> Maybe:
        column = np.full(len(kept), missing, np.int64)
        for rows, values in gather(name):
            column[rows] = values
        gone = column == missing
        return Maybe(np.where(gone, 0, column).astype(kind), gone)

    def numbered(name: str, label: Callable[[int], str]) -> Coded:
        column = np.full(len(kept), -1, np.int64)
        for rows, values in gather(name):
            column[rows] = values
        known, codes = np.unique(np.append(column, -1), return_inverse=True)
        none = int(np.count_nonzero(known < 0))
        return Coded(codes[:-1] - none, [label(number) for number in known[none:].tolist()])

    def texts(name: str) -> Coded:
        gathered = gather(name)
        column = np.full(len(kept), -1, np.int32)
        coded = codes_of([text for _, values in gathered for text in values])
        if gathered:
            column[np.concatenate([rows for rows, _ in gathered])] = coded.codes
        return Coded(column, coded.labels)

    columns: dict[str, Values] = {
        "number": np.arange(len(kept)),
        "at_utc": np.array(list(map(attrgetter("at_ms"), kept)), np.int64),
        "kind": Coded(kind_code, [kind.__name__ for kind in order]),
        "lot": numbered("lot", lambda number: lot_id(prefix, number)),
        "carrier": numbered("carrier", carrier_id),
        "vehicle": numbered("vehicle", vehicle_ids.__getitem__) if vehicle_ids else Coded(np.full(len(kept), -1), ()),
    }
    columns |= {name: texts(name) for name in TEXTS}
    columns |= {name: numbers(name, kind, -1 if name == "move" else -(1 << 62)) for name, kind in NUMBERS.items()}
    wafers, cells = numbers("wafers", np.int32), numbers("cells", np.int32)
    columns["wafers"] = Maybe(np.where(wafers.missing, cells.values, wafers.values), wafers.missing & cells.missing)
    positions: list[list[int] | None] = [None] * len(kept)
    for rows, values in gather("positions"):
        for row, where in zip(rows.tolist(), values, strict=True):
            positions[row] = list(where)
    columns["positions"] = positions
    return columns
