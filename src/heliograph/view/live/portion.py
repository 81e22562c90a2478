"""What a run tells of itself from one moment to the next; how it is written down for another process, and read there.

All that becomes the record is in it, in the run's own numbers: machines, stations and nodes as the plant orders them,
lots, carriers, moves and vehicles from 0, times in ms after the record's start (the warm-up's are negative).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from heliograph.commands import Move
from heliograph.events import Event

__all__ = ["Portion", "decode_portion", "encode_portion"]

_ARRAYS: Final = ("visits", "here", "spent", "charged", "gauged")

Ints = NDArray[np.int64]


class Portion(msgspec.Struct, frozen=True, kw_only=True):
    """What is new at `now_ms`; all before that moment has happened, and some of the moment itself."""

    now_ms: int
    part: str
    """What the command is doing: starting, warm-up, simulating, recording, checking, sealing, verifying, reporting,
    done, or failed."""
    speed: float
    """How many times as fast as real time it may go; 0: as fast as it can."""
    paused: bool
    moves: Sequence[Move]
    events: Sequence[Event]
    visits: Ints
    """(5, k) visits that ended: vehicle, node, claimed, arrived, left."""
    here: Ints
    """(9, v) how each vehicle stands; there is no column where nothing has moved: on the floor or not, node, claimed,
    arrived, the node that it drives to (-1: none), when that was claimed, when it will be there, its state
    (`daybook.VEHICLE_STATES`; -1: none of them), and the node that it waits for (-1: none)."""
    spent: Ints
    """(v, 7) ms of each state up to a vehicle's last change of it, and when that was."""
    charged: NDArray[np.float64]
    """(v,) kWh that its chargers have drawn."""
    gauged: Ints
    """(3, k) how full batteries were: vehicle, when, thousandths of its capacity."""
    batches: Sequence[Sequence[int]]
    """Rows of `daybook.Batches` that began; how they end is among the events."""
    parts: Sequence[Sequence[int]]
    stops: Sequence[Sequence[int]]
    open_stops: Sequence[Sequence[int]]
    """Stops that have not ended, as they stand: all of them, not only new ones."""
    mishaps: Sequence[Sequence[int]]
    """Rows of `daybook.Mishaps`, all of them again whenever one has changed."""
    alive: int = -1
    """Wafers alive in the workshop; told as the record begins, then and only then."""
    folder: str = ""
    """Told with `done`: the run's directory."""
    message: str = ""
    """Told with `failed`."""


def encode_portion(portion: Portion) -> bytes:
    """A portion as bytes (MessagePack)."""
    raw = {name: getattr(portion, name) for name in portion.__struct_fields__}
    for name in _ARRAYS:
        raw[name] = (raw[name].shape, raw[name].tobytes())
    return msgspec.msgpack.encode(raw)


def decode_portion(raw: bytes) -> Portion:
    """The portion that these bytes hold; only what this program wrote itself is read here."""
    told: dict[str, Any] = msgspec.msgpack.decode(raw)
    for name in _ARRAYS:
        shape, data = told[name]
        told[name] = np.frombuffer(data, np.float64 if name == "charged" else np.int64).reshape(shape)
    told["events"] = msgspec.convert(told["events"], list[Event])
    told["moves"] = msgspec.convert(told["moves"], list[Move])
    return Portion(**told)
