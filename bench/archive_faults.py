"""A long run of damage, group *targeted*: at and around what an image and a set can lose.

    python bench/archive_faults.py [--patterns 10000] [--sets 500] [--seed 1] [--workers 2]

Each pattern damages a small protected image in memory: whole sectors (random bytes, zeros, the mark of dvdisaster,
another sector's contents), lone wrong bytes, scratches over many rows, header, volume descriptor and CRC layer, a tail
that is cut off; with a map of what was not read (right, partial, or naming sound sectors, too) or without. Most aim at
one row, a sector or two this or that side of what it can lose. Then the image is mended, and held against

- the bytes as they were: mended means all of them; refused means by name (an error of Heliograph), with the file
  untouched;
- `fault_judge.py`, which says from the damage alone what is promised. Promised and refused is a failure. What is past
  the promise must be refused; that it was mended nevertheless, to the right bytes, is counted.

Sets lose discs and have damage on those left; judged the same way, disc by disc. Not measured: speed, the drive, and
damage to images of gigabytes. A failure prints the seed that repeats it: `--seed S --only K`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fault_judge import LAYERS, SECTOR, Judgement, geometry, judge

Bytes = NDArray[np.uint8]

SHAPES = (
    # sectors of the ISO, roots at least
    *((18, 170), (60, 8), (200, 8), (230, 23), (240, 9), (400, 100), (300, 170), (480, 12), (430, 32), (700, 16)),
    *((640, 60), (1000, 8), (1000, 40)),
)
LARGE = ((9000, 16), (8000, 60))
"""More rows than are worked on at once; rarely drawn."""


@dataclass(frozen=True)
class Pattern:
    """One damaged image."""

    kind: str
    file: bytes
    unread: NDArray[np.bool_] | None


def main() -> None:
    """Run and count; exit code 1 when a promise was broken."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--patterns", type=int, default=10_000)
    ask.add_argument("--sets", type=int, default=500)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--only", type=int, help="this one pattern (or set, with --patterns 0)")
    ask.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    wishes = ask.parse_args()
    memory = Path("/dev/shm")
    only = None if wishes.only is None else [wishes.only]
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        run = partial(run_all, Path(folder), wishes.seed, wishes.workers)
        bad = run("patterns", Images, only or range(wishes.patterns)) if wishes.patterns else 0
        if wishes.sets:
            bad += run("sets", Sets, only if only and not wishes.patterns else range(wishes.sets))
    print("every promise kept" if not bad else f"{bad} PROMISES BROKEN")
    sys.exit(bool(bad))


@dataclass
class Tally:
    """What happened, by what was promised."""

    counts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    bad: int = 0

    def add(self, kind: str, promised: Judgement, outcome: str, repeat: str) -> None:
        """Count one; print it when a promise is broken."""
        side = "within" if promised.promised else "impossible" if promised.impossible else "past"
        self.counts[f"{side}, {outcome}"] += 1
        self.kinds[f"{kind}: {side}"] += 1
        fine = outcome == "mended" if side == "within" else outcome.startswith("refused") or outcome == "mended"
        if side == "impossible" and outcome == "mended":
            fine = False
        if not fine:
            self.bad += 1
            print(f"BROKEN {kind}: {side} ({promised.why}), {outcome}; {repeat}", flush=True)

    def show(self, title: str, began: float) -> None:
        """A table."""
        print(f"{title}: {sum(self.counts.values()):,} in {time.perf_counter() - began:.0f} s")
        for what, count in sorted(self.counts.items()):
            print(f"  {what:40} {count:8,}")
        for what, count in sorted(self.kinds.items()):
            print(f"    {what:38} {count:8,}", flush=True)


class Work(Protocol):
    """What is damaged and mended, number after number."""

    def __init__(self, folder: Path) -> None: ...

    def one(self, seed: int, number: int) -> Told:
        """Damage as seed and number say, judge, mend."""


Told = tuple[str, Judgement, str, str]
"""Its kind, what was promised, what became of it, and how to have it again."""


def run_all(folder: Path, seed: int, workers: int, title: str, work: type[Work], numbers: Sequence[int]) -> int:
    """Damage and mend all, each worker in a folder of its own; how many promises were broken."""
    tally, began = Tally(), time.perf_counter()
    with multiprocessing.Pool(workers, _begin, (work, folder)) as pool:
        for count, told in enumerate(pool.imap_unordered(partial(_one, seed), numbers, 10), 1):
            tally.add(*told)
            if count % (len(numbers) // 10 or 1) == 0:
                print(f"  … {count:,} {title}, {time.perf_counter() - began:.0f} s", flush=True)
    tally.show(title, began)
    return tally.bad


_WORK: list[Work] = []
"""In a worker: its own."""


def _begin(work: type[Work], folder: Path) -> None:
    own = folder / str(os.getpid())
    own.mkdir()
    _WORK.append(work(own))


def _one(seed: int, number: int) -> Told:
    return _WORK[0].one(seed, number)


class Images:
    """Single images under RS03."""

    def __init__(self, folder: Path) -> None:
        from heliograph.archive.rs03 import protect

        self.image = folder / "image.iso"
        self.bases = []
        for number, (sectors, roots) in enumerate((*SHAPES, *LARGE)):
            path = folder / "base.iso"
            iso(sectors, number).tofile(path)
            protect(path, roots=roots)
            self.bases.append(np.fromfile(path, np.uint8).reshape(-1, SECTOR))

    def one(self, seed: int, number: int) -> Told:
        """One pattern on one image."""
        random = np.random.default_rng([seed, number])
        large = number % 200 == 199
        base = self.bases[int(random.integers(len(SHAPES), len(self.bases)) if large else random.integers(len(SHAPES)))]
        pattern = draw(base, random)
        outcome = mend_image(self.image, pattern, base)
        promised = judge(base, pattern.file, pattern.unread)
        return pattern.kind, promised, outcome, f"--seed {seed} --only {number} --sets 0"


def mend_image(image: Path, pattern: Pattern, sealed: Bytes) -> str:
    """What became of one pattern, in a word or two."""
    from heliograph.archive.rs03 import repair
    from heliograph.errors import HeliographError

    image.write_bytes(pattern.file)
    lost = () if pattern.unread is None else np.flatnonzero(pattern.unread).tolist()
    try:
        repair(image, lost=lost)
    except HeliographError as refused:
        untouched = image.read_bytes() == pattern.file
        return f"refused as {type(refused).__name__}" if untouched else "REFUSED, BUT CHANGED"
    except Exception as crash:
        return f"CRASHED with {type(crash).__name__}: {crash}"
    return "mended" if image.read_bytes() == sealed.tobytes() else "WRONG BYTES"


def iso(sectors: int, seed: int) -> Bytes:
    """An ISO image as far as RS03 looks: zeros, a descriptor that says its length, noise, and more empty sectors."""
    random = np.random.default_rng(seed)
    image = random.integers(0, 256, (sectors, SECTOR), dtype=np.uint8)
    image[:16] = 0
    image[16, :8] = np.frombuffer(b"\x01CD001\x01\x00", np.uint8)
    image[16, 80:88] = np.frombuffer(sectors.to_bytes(4, "little") + sectors.to_bytes(4, "big"), np.uint8)
    image[17:][random.random(sectors - 17) < 0.1] = 0
    return image


def draw(sealed: Bytes, random: np.random.Generator) -> Pattern:
    """Damage an image at random, most often near its limit."""
    shape = geometry(sealed)
    n, rows, roots = shape.data_layers, shape.rows, shape.roots
    now, length = sealed.copy(), sealed.size
    kind = str(random.choice(KINDS))

    def hit(layers: NDArray[np.int64], row: int, how: str = "") -> None:
        for layer in layers:
            spoil(now, int(layer) * rows + row, how or str(random.choice(HOWS, p=ODDS)), random)

    def row_near_limit(row: int, how: str = "") -> None:
        count = int(np.clip(roots + random.integers(-3, 4), 0, LAYERS))
        hit(random.choice(LAYERS, count, replace=False), row, how)

    row = int(random.integers(rows))
    if kind == "limit":
        row_near_limit(row)
    elif kind == "mixed":
        # e places known, v not; their sum near what may be.
        v = int(random.integers(1, roots + 1))
        e = int(np.clip(roots - v + random.integers(-3, 2), 0, n + 1))
        if random.random() < 0.3:
            e = int(np.clip(roots - 2 * v + random.integers(-2, 3), 0, n + 1))
        how = str(random.choice(["random", "byte", "same byte", "few bytes", ""]))
        hit(random.choice(n + 1, e, replace=False), row, "random")
        hit(n + 1 + random.choice(roots, v, replace=False), row, how)
    elif kind == "bytes":
        for _ in range(int(random.integers(1, 3 * roots))):
            spoil(now, int(random.integers(len(now))), "byte", random)
    elif kind == "scratch":
        size = int(np.clip(rows * (roots + random.integers(-3, 3)) + random.integers(-rows, rows + 1), 1, len(now)))
        start = int(random.integers(0, len(now) - size + 1))
        how = str(random.choice(["random", "zeros"]))
        for sector in range(start, start + size):
            spoil(now, sector, how, random)
    elif kind == "spread":
        count = int(len(now) * roots / LAYERS * random.uniform(0.3, 1.05))
        for sector in random.choice(len(now), count, replace=False):
            spoil(now, int(sector), str(random.choice(HOWS, p=ODDS)), random)
    elif kind == "head":
        for sector in (16, shape.iso_sectors, shape.iso_sectors + 1):
            if random.random() < 0.7:
                spoil(now, sector, str(random.choice(HOWS, p=ODDS)), random)
        if random.random() < 0.7:
            row_near_limit(int((shape.iso_sectors + random.integers(2)) % rows))
    elif kind == "crcs":
        share = float(random.choice([0.5, 1.0, 1.0]))
        for each in range(rows):
            if random.random() < share:
                hit(np.array([n]), each)
        if random.random() < 0.3:
            spoil(now, shape.iso_sectors, "random", random)
        for each in range(rows):
            if random.random() < 0.6:
                count = int(np.clip(random.integers(0, roots + 2), 0, LAYERS))
                hit(random.choice(LAYERS, count, replace=False), each)
    else:
        cut = rows * SECTOR * (roots + random.integers(-3, 2)) + random.integers(-4096, 4097)
        length -= int(np.clip(cut, 1, length - 1))
        for sector in random.choice(len(now), int(random.integers(0, 6)), replace=False):
            spoil(now, int(sector), "random", random)
    # Elsewhere a little, too.
    if random.random() < 0.4:
        for sector in random.choice(len(now), max(1, len(now) // 50), replace=False):
            if sector % rows != row:
                spoil(now, int(sector), str(random.choice(HOWS, p=ODDS)), random)
    unread = None
    if random.random() < 0.35:
        wrong = (now != sealed).any(axis=1) | (np.arange(len(now)) >= length // SECTOR)
        unread = {
            0: lambda: wrong,
            1: lambda: wrong & (random.random(len(now)) < 0.5),
            2: lambda: wrong | (random.random(len(now)) < random.choice([0.01, roots / 255 / 2])),
        }[int(random.integers(3))]()
    return Pattern(kind, now.tobytes()[:length], unread)


KINDS = ("limit", "limit", "limit", "mixed", "mixed", "bytes", "scratch", "spread", "head", "crcs", "tail")
HOWS = ("random", "zeros", "byte", "few bytes", "half", "dead", "other", "same byte")
ODDS = (0.36, 0.14, 0.16, 0.08, 0.08, 0.06, 0.06, 0.06)


def spoil(now: Bytes, sector: int, how: str, random: np.random.Generator) -> None:
    """Damage one sector in a way."""
    here = now[sector]
    if how == "random":
        here[:] = random.integers(0, 256, SECTOR)
    elif how == "zeros":
        here[:] = 0
    elif how == "byte":
        here[random.integers(SECTOR)] ^= random.integers(1, 256)
    elif how == "same byte":
        here[777] ^= random.integers(1, 256)
    elif how == "few bytes":
        here[random.integers(0, SECTOR, 5)] ^= 0x5A
    elif how == "half":
        start = int(random.integers(1, SECTOR))
        here[start:] = random.integers(0, 256, SECTOR - start)
    elif how == "dead":
        text = b"dvdisaster dead sector marker"
        here[:] = 0
        here[: len(text)] = np.frombuffer(text, np.uint8)
    else:
        here[:] = now[random.integers(len(now))]


class Sets:
    """Whole sets, with lost discs."""

    def __init__(self, folder: Path) -> None:
        self.hurt = folder / "hurt"
        self.bases = list(sealed_sets(folder))

    def one(self, seed: int, number: int) -> Told:
        """One set, some of its discs lost, the others damaged."""
        random = np.random.default_rng([seed, number, 1])
        base, parity = self.bases[int(random.integers(len(self.bases)))]
        return *one_set(self.hurt, base, parity, random), f"--seed {seed} --patterns 0 --sets 1 --only {number}"


SETS = ((1, 1), (2, 1), (3, 2), (5, 3), (4, 4))
"""Data files of half a megabyte, parity discs."""


def sealed_sets(folder: Path, kinds: Sequence[tuple[int, int]] = SETS) -> Iterator[tuple[dict[str, Bytes], int]]:
    """Small sets as sealed: each image by name, and how many discs may be lost."""
    from heliograph.archive.medium import of_size
    from heliograph.archive.seal.seal import seal

    for data, parity in kinds:
        tree, out = folder / f"tree{data}{parity}", folder / f"set{data}{parity}"
        tree.mkdir()
        random = np.random.default_rng(data)
        for disc in range(data):
            (tree / f"{disc}.bin").write_bytes(random.bytes(int(random.integers(300_000, 700_000))))
        seal([tree], out, date=datetime(2026, 11, 22, tzinfo=UTC), medium=of_size("2.6MB"), parity=parity)
        yield {path.name: np.fromfile(path, np.uint8).reshape(-1, SECTOR) for path in out.glob("*.iso")}, parity
        shutil.rmtree(out)


def one_set(hurt: Path, base: dict[str, Bytes], parity: int, random: np.random.Generator) -> tuple[str, Judgement, str]:
    """Damage a set, judge it, mend it, read what is left."""
    shutil.rmtree(hurt, ignore_errors=True)
    hurt.mkdir()
    names = sorted(base)
    gone = set(random.choice(names, int(np.clip(parity + random.integers(-2, 2), 0, len(names) - 1)), replace=False))
    kept = [name for name in names if name not in gone]
    worse = int(random.integers(0, 3))
    before: dict[str, bytes] = {}
    lost = len(gone)
    impossible = False
    for at, name in enumerate(random.permutation(kept)):
        if at < worse:
            pattern = draw(base[name], random)
            # Without its map: a set is mended as it lies in its folder.
            said = judge(base[name], pattern.file)
            lost += not said.promised
            impossible |= said.impossible
            before[name] = pattern.file
        else:
            now = base[name].copy()
            for sector in random.choice(len(now), len(now) // 50, replace=False):
                spoil(now, int(sector), "random", random)
            before[name] = now.tobytes()
            lost += not judge(base[name], before[name]).promised
        (hurt / name).write_bytes(before[name])
    promised = Judgement(lost <= parity, len(gone) > parity, f"{lost} of {len(names)} discs, {parity} may be")
    return f"{parity} parity", promised, mend_set(hurt, base, before)


def mend_set(hurt: Path, base: dict[str, Bytes], before: dict[str, bytes]) -> str:
    """What became of it."""
    from heliograph.archive.repair.mend import mend
    from heliograph.errors import HeliographError

    outcome = ""
    try:
        mend([hurt])
    except HeliographError as refused:
        outcome = f"refused as {type(refused).__name__}"
    except Exception as crash:
        return f"CRASHED with {type(crash).__name__}: {crash}"
    after = {path.name: path.read_bytes() for path in hurt.iterdir()}
    for name, content in after.items():
        if name not in base:
            return f"LEFT {name}"
        if content != base[name].tobytes() and content != before.get(name):
            return f"WRONG BYTES in {name}"
    whole = all(after.get(name) == base[name].tobytes() for name in base)
    if not outcome:
        return "mended" if whole else "SAID NOTHING, NOT WHOLE"
    return "REFUSED, BUT WHOLE" if whole else outcome


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
