"""Mutations: each changes `data` in place, or gives other bytes. What is aimed at fields gets checksums that fit."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable

from fuzzing.documents import texts
from fuzzing.ground import SECTOR, Ground, Seed

__all__ = ["kind_of", "mutate"]

EDGES = (0, 1, 2, 7, 8, 16, 17, 127, 128, 254, 255, 256, 2047, 2048, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)
FIELDS = {  # of the primary volume descriptor and RS03: where numbers stand, and how
    "volume": [
        (80, "<I>"),
        (120, "<H>"),
        (128, "<H>"),
        (132, "<I>"),
        (158, "<I>"),
        (166, "<I>"),
        (156, "B"),
        (181, "B"),
    ],
    "header": [(16, "I"), (68, "q"), (76, "i"), (80, "i"), (84, "i"), (88, "i"), (92, "i"), (116, "i"), (120, "q")],
    "crc": [(1040, "I"), (1088, "q"), (1096, "i"), (1100, "i"), (1104, "i"), (1112, "q")],
}


def flip(data: bytearray, _: Seed, r: random.Random, __: Ground) -> bytes:
    for _ in range(r.choice((1, 1, 2, 8, 64))):
        data[r.randrange(len(data))] ^= 1 << r.randrange(8)
    return data


def overwrite(data: bytearray, _: Seed, r: random.Random, __: Ground) -> bytes:
    for _ in range(r.choice((1, 2, 16))):
        at, size = r.randrange(len(data)), r.choice((1, 4, 100, SECTOR, 20 * SECTOR))
        kind = r.randrange(3)
        data[at : at + size] = (bytes(size), b"\xff" * size, r.randbytes(size))[kind][: max(0, len(data) - at)]
    return data


def cut(data: bytearray, _: Seed, r: random.Random, __: Ground) -> bytes:
    end = r.randrange(len(data)) if r.random() < 0.7 else r.randrange(40 * SECTOR)
    return bytes(data[: end // SECTOR * SECTOR if r.random() < 0.5 else end])


def grow(data: bytearray, _: Seed, r: random.Random, __: Ground) -> bytes:
    return bytes(data) + r.choice((bytes, r.randbytes))(r.choice((1, SECTOR, 150 * SECTOR, 255 * SECTOR)))


def splice(data: bytearray, _: Seed, r: random.Random, ground: Ground) -> bytes:
    other = data if r.random() < 0.5 else r.choice(ground.seeds).data
    unit = r.choice((1, SECTOR))
    size = unit * r.choice((1, 16, 100)) if unit == SECTOR else r.choice((4, 34, 2000))
    source, at = (r.randrange(max(1, (len(each) - size) // unit)) * unit for each in (other, data))
    part = bytes(other[source : source + size])
    if r.random() < 0.3:  # shift all that follows
        return bytes(data[:at]) + part + bytes(data[at:]) if r.random() < 0.5 else bytes(data[:at] + data[at + size :])
    data[at : at + size] = part
    return data


def number(r: random.Random, old: int, bits: int) -> int:
    """Another value for a field: at an edge, or near what stood there."""
    value = r.choice(
        (*EDGES, 2**62, 2**63 - 1, 2**40, old + 1, old - 1, old * 2, old // 2, old ^ (1 << r.randrange(bits)))
    )
    return value % (1 << bits)


def put(data: bytearray, at: int, how: str, r: random.Random) -> None:
    if how.startswith("<"):  # in both byte orders, perhaps kept equal
        size = struct.calcsize(how[1])
        value = number(r, struct.unpack_from("<" + how[1], data, at)[0], 8 * size)
        struct.pack_into("<" + how[1], data, at, value)
        if r.random() < 0.9:
            struct.pack_into(">" + how[1], data, at + size, value)
    else:
        size = struct.calcsize("<" + how)
        value = number(r, struct.unpack_from("<" + how, data, at)[0], 8 * size)
        data[at : at + size] = value.to_bytes(size, "little")


def volume(data: bytearray, _: Seed, r: random.Random, __: Ground) -> bytes:
    for _ in range(r.choice((1, 1, 2))):
        at, how = r.choice(FIELDS["volume"])
        put(data, 16 * SECTOR + at, how, r)
    if r.random() < 0.2:
        at = 16 * SECTOR + r.choice((0, 1, 6, 40, 50, 190, 574, 600))
        data[at : at + 4] = r.randbytes(4)
    return data


def records(data: bytearray, seed: Seed, r: random.Random, _: Ground) -> bytes:
    """Directory records and their Rock Ridge entries."""
    found = []
    for sector in range(18, min(seed.iso_sectors, 600)):
        at, end = sector * SECTOR, (sector + 1) * SECTOR
        while at < end and 34 <= data[at] <= end - at and data[at + 2 : at + 6] == data[at + 6 : at + 10][::-1]:
            found.append(at)
            at += data[at]
    for _ in range(r.choice((1, 1, 3))):
        if not found:
            return data
        at = r.choice(found)
        what = r.randrange(8)
        if what == 0:
            data[at] = r.choice((0, 1, 33, 34, 60, 255, data[at] ^ 2))
        elif what in (1, 2):
            put(data, at + r.choice((2, 10)), "<I>", r)
        elif what == 3:
            data[at + 25] ^= 1 << r.randrange(8)
        elif what == 4:
            data[at + 32] = r.choice((0, 1, 255, data[at + 32] + 1 & 255))
        elif what == 5:  # the extent of another record: shared, or a loop
            other = r.choice(found)
            data[at + 2 : at + 18] = data[other + 2 : other + 18]
        else:
            entries = [
                p for p in range(at + 33, at + data[at] - 4) if data[p : p + 2] in (b"NM", b"CE", b"PX", b"TF", b"RR")
            ]
            if entries:
                p = r.choice(entries)
                if r.random() < 0.5:
                    data[p : p + 2] = r.choice((b"SL", b"PN", b"CE", b"NM", b"CL", b"PL", b"SP"))
                else:
                    put(data, p + r.choice((2, 4, 12, 20)), r.choice(("B", "<I>")), r)
    return data


def seal_again(block: bytearray, at: int) -> None:
    """The CRC of an RS03 header or CRC sector, made to fit."""
    block[at : at + 4] = b"GPL\0"
    block[at : at + 4] = struct.pack("<I", zlib.crc32(block) ^ 0xFFFFFFFF)


def layer(data: bytearray, seed: Seed, r: random.Random, _: Ground) -> bytes:
    """Numbers in the RS03 header, in CRC sectors, or the same in both, with checksums that fit."""
    cookie = b"*dvdisaster*RS03"
    headers = [at for at in range(0, len(data) - 2 * SECTOR, SECTOR) if data.startswith(cookie, at)]
    crcs = [at for at in range(0, len(data) - SECTOR, SECTOR) if data.startswith(cookie, at + 1024)]
    if r.random() < 0.5 and headers:
        at = headers[0]
        block = data[at : at + 2 * SECTOR]
        for _ in range(r.choice((1, 2, 3))):
            put(block, *r.choice(FIELDS["header"]), r)
        seal_again(block, 96)
        data[at : at + 2 * SECTOR] = block
    if crcs and r.random() < 0.6:
        fields = [r.choice(FIELDS["crc"]) for _ in range(r.choice((1, 2)))]
        chance = r.randrange(1 << 30)
        for at in crcs if r.random() < 0.3 else [r.choice(crcs)]:
            block = data[at : at + SECTOR]
            same = random.Random(chance)
            for field in fields:
                put(block, *field, same)
            seal_again(block, 1120)
            data[at : at + SECTOR] = block
    if headers and r.random() < 0.1:
        data[headers[0] : headers[0] + 2 * SECTOR] = bytes(2 * SECTOR)
    return data


RAW: tuple[Callable[..., bytes], ...] = (flip, overwrite, cut, grow, splice)
AIMED: tuple[Callable[..., bytes], ...] = (volume, records, texts, layer)


def mutate(number_: int, ground: Ground) -> tuple[Seed, bytes, str, bool]:
    """The seed, its mutant, what was done, and whether bytes may have been changed under checksums that fit."""
    r = random.Random(number_)
    seed = r.choice(ground.seeds)
    aimed = r.random() < 0.65
    data: bytes = bytearray(seed.data)
    names = []
    for _ in range(r.choice((1, 1, 1, 2))):
        if not data:
            break
        how = r.choice(AIMED if aimed else RAW)
        names.append(how.__name__)
        if len(data) > 20 * SECTOR:
            data = how(bytearray(data), seed, r, ground)
    bare = len(seed.data) == seed.iso_sectors * SECTOR
    forged = aimed or bare
    if aimed and not bare and seed.iso_sectors and "layer" not in names and r.random() < 0.5:
        data = data[: seed.iso_sectors * SECTOR]  # under no checksums at all: the parsers see every change
    return seed, bytes(data), "+".join(names), forged


def kind_of(number_: int, ground: Ground) -> str:
    """How a mutant was made, without making it."""
    r = random.Random(number_)
    r.choice(ground.seeds)
    return "aimed at fields" if r.random() < 0.65 else "blind"
