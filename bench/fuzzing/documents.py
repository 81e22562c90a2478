"""Mutate the texts on a disc: index.json and its like, value by value."""

from __future__ import annotations

import copy
import json
import random
import struct
from typing import Any

from fuzzing.ground import SECTOR, Ground, Seed

__all__ = ["texts"]

NASTY = [
    *(0, -1, 1, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**30, 1e308, -0.0, True, None, "", ".", "..", "/", "../../x"),
    *(
        "/etc/passwd",
        "a/../../b",
        "data/../../x",
        "\x00",
        "a\x1b[31mb",
        "x" * 5000,
        "\ud800",
        "D01",
        "P01",
        "D99",
        "0" * 64,
    ),
    *([], {}, [[]], ["D01"], {"disc": "D01"}, "2026-13-45", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+14:00"),
]


def texts(data: bytearray, seed: Seed, r: random.Random, _: Ground) -> bytes:
    """index.json and its like: a value of the document replaced, or the text mangled, in the room that it has."""
    names = [name for name in seed.files if not name.startswith("data/") and name != "read_discs.py"]
    if not names:
        return data
    name = "index.json" if r.random() < 0.6 else r.choice(names)
    start, size = seed.files[name]
    text = bytes(data[start : start + size])
    document = parsed(text) if name.endswith(".json") and r.random() < 0.8 else None
    if document:
        for _ in range(r.choice((1, 1, 2, 5))):
            change(document, r)
        text = json.dumps(document, ensure_ascii=r.random() < 0.5).encode("utf-8", "surrogatepass")
        if r.random() < 0.02:
            text = b"[" * size if r.random() < 0.5 else b'{"a":' * size
    else:
        changed = bytearray(text)
        for _ in range(r.choice((1, 3, 20))):
            changed[r.randrange(len(changed))] = r.choice((0, 10, 13, 32, 34, 44, 91, 93, 123, 255, r.randrange(256)))
        text = bytes(changed)
    room = -(-size // SECTOR) * SECTOR
    text = text[:room].ljust(size)
    data[start : start + len(text)] = text
    if len(text) != size:  # tell the file system, too
        said, now = (struct.pack("<I", n) + struct.pack(">I", n) for n in (size, len(text)))
        whole = bytes(data[: seed.iso_sectors * SECTOR]).replace(said, now)
        data[: len(whole)] = whole
    return data


def parsed(text: bytes) -> Any:
    """A JSON document, or None where an earlier mutation broke it."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def change(document: Any, r: random.Random) -> None:
    """Replace, drop, repeat or wrap one value somewhere in a document."""
    at: Any = document
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            return
        key = r.choice(keys)
        if isinstance(at[key], dict | list) and at[key] and r.random() < 0.8:
            at = at[key]
            continue
        what = r.randrange(6)
        if what == 0:
            del at[key]
        elif what == 1 and isinstance(at, list):
            at.extend([at[key]] * r.choice((1, 3, 200)))
        elif what == 2 and isinstance(at, dict):
            at[r.choice((*at, "extra", "x"))] = copy.deepcopy(r.choice(NASTY))
        elif what == 3 and isinstance(at[key], int):
            at[key] += r.choice((-1, 1, 2048, 2**32))
        elif what == 4 and isinstance(at[key], str) and at[key]:
            place = r.randrange(len(at[key]))
            at[key] = at[key][:place] + r.choice(("", "/", "..", "\n", "é", "0")) + at[key][place + 1 :]
        else:
            at[key] = copy.deepcopy(r.choice(NASTY))
        return
