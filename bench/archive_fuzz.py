"""Mutated disc images against the reader: each is read or refused by name; none may crash, hang or write outside.

    python bench/archive_fuzz.py --mutants 100000 --workers 2

Seeds are small real images: the discs of a set with parity, of an encrypted and signed set, an image that is no disc of
ours under RS03, and each without its RS03 layer. A mutant is a seed with bits flipped, bytes overwritten, cut, spliced
with itself or another seed; or with single fields changed where they stand (volume descriptor, directory records, Rock
Ridge entries, index.json and the other texts, RS03 header and CRC sectors), checksums made to fit again. On each the
reader lists and restores; on a share of them (--deep) it verifies, repairs, judges signatures or reads the layout, too.

Counted are the outcomes. A mutant fails when anything but an error of ours comes out, when it takes more than --limit
seconds of a processor or more memory than --memory, when a file appears outside the folder, or when one is restored
with other bytes than were sealed though nobody made the checksums fit.

It does not measure speed, and it does not follow coverage: mutations are drawn blindly.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType
from typing import Any

SECTOR = 2048
DATE = datetime(2026, 11, 22, tzinfo=UTC)
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


@dataclass(frozen=True)
class Seed:
    """One small image, and where the things in it stand."""

    name: str
    data: bytes
    iso_sectors: int
    """Of the ISO; 0 when it is no disc of ours."""
    files: dict[str, tuple[int, int]]
    mates: dict[str, bytes]
    """The other discs of its set."""


@dataclass(frozen=True)
class Ground:
    """All seeds, what their files hold, and the keys."""

    seeds: list[Seed]
    contents: frozenset[bytes]
    identity: str
    signer: str


def make_ground(folder: Path) -> Ground:
    """Seal the seeds into `folder`."""
    import pyrage

    from heliograph.archive.disc import DiscImage
    from heliograph.archive.medium import of_size
    from heliograph.archive.rs03 import protect
    from heliograph.archive.seal import seal
    from heliograph.archive.secret import Holders
    from heliograph.archive.signing.keys import Signer
    from heliograph.archive.signing.minisign import MinisignPublic, MinisignSecret

    chance = random.Random(1)
    tree = folder / "tree"
    (tree / "深" / "inner").mkdir(parents=True)
    for name, size in (("big.bin", 120_000), ("a.txt", 20), ("深/long " + "x" * 180 + ".txt", 3000), ("深/inner/b", 1)):
        (tree / name).write_bytes(chance.randbytes(size))
    (tree / "empty").touch()
    (tree / "nothing").mkdir()
    contents = {path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    key = pyrage.x25519.Identity.generate()
    secret = bytes(range(32))
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = MinisignPublic(b"fuzzfuzz", Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw())
    signer = Signer(MinisignSecret(public, secret))
    plain = seal([tree], folder / "plain", date=DATE, medium=of_size("1.6MB"), parity=1, keep_times=False)
    locked = seal(
        [tree / "a.txt", tree / "深"],
        folder / "locked",
        date=DATE,
        medium=of_size("2MB"),
        parity=1,
        holders=Holders((str(key.to_public()),)),
        signer=signer,
    )
    seeds = []
    for sealed in (plain, locked):
        images = {disc.path.name: disc.path.read_bytes() for disc in sealed.discs}
        for disc in sealed.discs:
            image = DiscImage(disc.path)
            files = {path: (node.extent.start, node.extent.bytes) for path, node in image.files().items()}
            image.close()
            mates = {name: data for name, data in images.items() if name != disc.path.name}
            for data in (images[disc.path.name], images[disc.path.name][: disc.iso_bytes]):
                seeds.append(Seed(disc.path.name, data, disc.iso_bytes // SECTOR, files, mates))
    foreign = bytearray(chance.randbytes(90 * SECTOR))
    foreign[16 * SECTOR : 16 * SECTOR + 8] = b"\x01CD001\x01\x00"
    foreign[16 * SECTOR + 80 : 16 * SECTOR + 88] = struct.pack("<I", 90) + struct.pack(">I", 90)
    (folder / "foreign.iso").write_bytes(foreign)
    protect(folder / "foreign.iso")
    seeds.append(Seed("foreign.iso", (folder / "foreign.iso").read_bytes(), 0, {}, {}))
    return Ground(seeds, frozenset(contents), str(key), public.text)


# --- mutations: each changes `data` in place, or gives other bytes; `fits` are those that make checksums fit ---


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


def attempt(number_: int, ground: Ground, folder: Path, deep: float = 1.0) -> str:
    """Read one mutant; what came of it. Anything but an error of ours is raised.

    Args:
        deep: how often the slow ways are tried, too.
    """
    from heliograph.archive.mend import mend
    from heliograph.archive.reader import find_sets, open_set
    from heliograph.archive.restore import restore
    from heliograph.archive.rs03 import read_layout
    from heliograph.archive.secret import Keyring, check_contents, unlock
    from heliograph.archive.secret.holders import identity_file
    from heliograph.archive.signing import judge, public_key
    from heliograph.archive.verify import verify
    from heliograph.errors import HeliographError

    seed, data, _, forged = mutate(number_, ground)
    r = random.Random(-1 - number_)
    inside = folder / "in"
    for each in (inside, folder / "out"):
        shutil.rmtree(each, ignore_errors=True)
    inside.mkdir()
    image = inside / seed.name
    image.write_bytes(data)
    if with_mates := r.random() < 0.3:
        for name, mate in seed.mates.items():
            (inside / name).write_bytes(mate)
    (folder / "key").write_text(ground.identity)
    came: list[str] = []

    def tried(what: str, work: Callable[[], object]) -> None:
        try:
            work()
            came.append(f"{what} done")
        except HeliographError as wrong:
            if "Traceback" in wrong.message or len(wrong.message) > 5000:
                raise AssertionError(f"a message of {len(wrong.message)} letters") from wrong
            came.append(f"{what} {type(wrong).__name__}")

    def listing() -> None:
        found = find_sets([inside])
        try:
            for view in found.sets:
                for disc in view.discs.values():
                    disc.files()  # type: ignore[union-attr]
            for wrong in found.unread.values():
                raise wrong
        finally:
            found.close()

    def restoring() -> None:
        ring = Keyring(tuple(identity_file(folder / "key", str)))
        with open_set([inside]) as view:
            restore(unlock(view, ring), folder / "out" / "restored")

    def trusting() -> None:
        with open_set([inside]) as view:
            refused = judge(view, [public_key(ground.signer)]).error()
            if refused is not None:
                raise refused
            check_contents(unlock(view, Keyring(tuple(identity_file(folder / "key", str)))))

    def verifying() -> None:
        wrong = verify([inside if with_mates else image], deep=r.random() < 0.5).error()
        if wrong is not None:
            raise wrong

    tried("ls", listing)
    tried("restore", restoring)
    last: list[tuple[str, Callable[[], object]]] = [
        ("verify", verifying),
        ("repair", lambda: mend([inside if with_mates else image], out=folder / "out" / "mended")),
        ("trust", trusting),
        ("layout", lambda: read_layout(image)),
    ]
    if r.random() < deep:
        tried(*last[r.choices(range(4), (4, 4, 2, 1))[0]])
    beside = {path.name for path in folder.iterdir()} - {"in", "out", "key"}
    assert not beside, f"written outside: {beside}"
    if not forged:
        for path in (folder / "out" / "restored").rglob("*"):
            assert not path.is_file() or path.read_bytes() in ground.contents, f"{path} was restored with other bytes"
    return ", ".join(came)


class Hung(BaseException):
    """It took too long."""


def work(pipe: Connection, ground: Ground, limit_s: float, memory: int, deep: float) -> None:
    """Take numbers from the pipe, give outcomes back."""

    def hung(_: int, __: FrameType | None) -> None:
        raise Hung

    signal.signal(signal.SIGPROF, hung)
    folder = Path(tempfile.mkdtemp(prefix="heliograph-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    try:
        attempt(0, ground, folder)  # loads and compiles everything
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + memory, resource.RLIM_INFINITY))
        pipe.send(None)
        while (number_ := pipe.recv()) is not None:
            signal.setitimer(signal.ITIMER_PROF, limit_s)
            try:
                pipe.send((number_, attempt(number_, ground, folder, deep), ""))
            except BaseException as wrong:
                pipe.send((number_, f"FAILED {type(wrong).__name__}", traceback.format_exc()))
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Tally:
    """What came of all mutants."""

    outcomes: Counter[str]
    mutations: Counter[str]
    failures: list[tuple[int, str]]
    slowest_s: float = 0.0
    wall_s: float = 0.0


def fuzz(
    ground: Ground, first: int, mutants: int, *, workers: int, limit_s: float, memory: int, deep: float = 0.2
) -> Tally:
    """Try the mutants `first`, `first` + 1 …, in worker processes that may die."""
    context = get_context("fork")
    tally = Tally(Counter(), Counter(), [])
    numbers = iter(range(first, first + mutants))
    busy: dict[Connection, tuple[Any, int | None, float]] = {}
    began = time.monotonic()

    def start() -> None:
        mine, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, ground, limit_s, memory, deep), daemon=True)
        process.start()
        theirs.close()
        busy[mine] = (process, None, time.monotonic() + 300)

    def give(pipe: Connection) -> None:
        process, _, _ = busy[pipe]
        number_ = next(numbers, None)
        if number_ is None:
            pipe.send(None)
            process.join(10)
            del busy[pipe]
        else:
            busy[pipe] = (process, number_, time.monotonic())
            pipe.send(number_)

    def failed(number_: int, why: str) -> None:
        tally.outcomes[why.splitlines()[0]] += 1
        tally.failures.append((number_, why))
        print(f"mutant {number_}: {why}", flush=True)

    for _ in range(workers):
        start()
    while busy:
        ready = wait(list(busy), timeout=1)
        for pipe in ready:
            assert isinstance(pipe, Connection)
            process, number_, since = busy[pipe]
            try:
                said = pipe.recv()
            except (EOFError, OSError):
                process.join()
                del busy[pipe]
                if number_ is None:
                    raise RuntimeError("a worker cannot even begin") from None
                failed(number_, f"FAILED process died ({process.exitcode})")
                start()
                continue
            if said is not None:
                number_, outcome, trace = said
                tally.slowest_s = max(tally.slowest_s, time.monotonic() - since)
                if trace:
                    failed(number_, f"{outcome}\n{trace}")
                else:
                    for each in outcome.split(", "):
                        tally.outcomes[each] += 1
                tally.mutations[kind_of(number_, ground)] += 1
                done = tally.mutations.total()
                if done % 5_000 == 0:
                    print(
                        f"{done:,} mutants, {time.monotonic() - began:,.0f} s, {len(tally.failures)} failed", flush=True
                    )
            give(pipe)
        for pipe, (process, number_, since) in list(busy.items()):
            if number_ is not None and time.monotonic() - since > 30 * limit_s:  # in compiled code, deaf to the alarm
                process.kill()
                process.join()
                del busy[pipe]
                failed(number_, "FAILED hung in compiled code")
                start()
    tally.wall_s = time.monotonic() - began
    return tally


def kind_of(number_: int, ground: Ground) -> str:
    """How a mutant was made, without making it."""
    r = random.Random(number_)
    r.choice(ground.seeds)
    return "aimed at fields" if r.random() < 0.65 else "blind"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=1, help="number of the first mutant")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--deep", type=float, default=0.2, help="share on which the slow ways are tried, too")
    parser.add_argument("--limit", type=float, default=20.0, help="processor seconds for one mutant")
    parser.add_argument(
        "--memory", type=int, default=1 << 30, help="bytes a worker may take beyond what it begins with"
    )
    parser.add_argument("--keep", type=Path, help="folder for the mutants that fail")
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heliograph-fuzz-") as folder:
        ground = make_ground(Path(folder))
        print(
            f"{len(ground.seeds)} seeds, {min(len(s.data) for s in ground.seeds):,} to "
            f"{max(len(s.data) for s in ground.seeds):,} bytes; mutants {wish.first:,} and on"
        )
        tally = fuzz(
            ground,
            wish.first,
            wish.mutants,
            workers=wish.workers,
            limit_s=wish.limit,
            memory=wish.memory,
            deep=wish.deep,
        )
        for number_, _ in tally.failures[:20]:
            print(f"mutant {number_} is {mutate(number_, ground)[2]} of {mutate(number_, ground)[0].name}")
            if wish.keep is not None:
                wish.keep.mkdir(parents=True, exist_ok=True)
                (wish.keep / f"{number_}.iso").write_bytes(mutate(number_, ground)[1])
    print(
        f"\n{wish.mutants:,} mutants in {tally.wall_s:,.0f} s: {wish.mutants / tally.wall_s:,.1f} a second with "
        f"{wish.workers} workers; the slowest took {tally.slowest_s:.1f} s"
    )
    for name, count in [*sorted(tally.mutations.items()), *sorted(tally.outcomes.items())]:
        print(f"  {count:9,}  {name}")
    print(f"{len(tally.failures)} failed")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
