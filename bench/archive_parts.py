"""The parts of protection, group *targeted*: library calls on one image in the page cache, no command around them.

    python bench/archive_parts.py [--mb 300]

Random bytes, seed 1. Measured: protect in place, verify (deep and quick), repair of 2 % random sectors and of a
contiguous loss of 8.5 % (both as MB of protected image per second), parity discs (MB of data discs per second). Warmed
once on a small image. Rivals: `archive_protect.py` and `archive_repair.py` have them. Deliberately not measured: the
disc drive, and a cold disk.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from disc_images import SECTOR, make_iso, overwrite, say_machine, scratch


def main() -> None:
    """Print one line per measurement."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--mb", type=int, default=300, help="size of the ISO in MB (default 300)")
    ask.add_argument("--redundancy", type=float, default=0.15)
    ask.add_argument("--folder", type=Path, help="where the images are made (default: the working directory)")
    wishes = ask.parse_args()
    say_machine()
    folder = scratch(wishes.folder)
    try:
        run(folder, wishes.mb * 10**6 // SECTOR, wishes.redundancy)
    finally:
        shutil.rmtree(folder)


def run(folder: Path, sectors: int, redundancy: float) -> None:
    """All measurements on one image."""
    began = time.perf_counter()
    from heliograph.archive.parity import Source, encode, rebuild
    from heliograph.archive.rs03 import protect, repair, verify

    small = make_iso(folder / "small.iso", 1000, seed=0)
    protect(small)
    verify(small)
    print(f"{'kernels loaded and warmed':34} {time.perf_counter() - began:8.2f} s")

    image = make_iso(folder / "image.iso", sectors, seed=1)
    layout = None

    def seal() -> None:
        nonlocal layout
        layout = protect(image, redundancy=redundancy)

    measure("protect, MB of ISO", sectors * SECTOR, seal)
    assert layout is not None
    print(f"{'':34} {layout.roots} roots, {layout.layer_sectors} rows, redundancy {layout.redundancy:.3f}")
    size = layout.image_bytes
    measure("verify, deep", size, lambda: verify(image))
    measure("verify, data and CRCs only", size, lambda: verify(image, deep=False))
    chance = np.random.default_rng(1)
    random = chance.choice(layout.sectors, layout.sectors // 50, replace=False)
    scratch = np.arange(layout.sectors // 3, layout.sectors // 3 + layout.sectors * 17 // 200)
    for what, damaged in (("2 % random sectors", random), ("8.5 % in a row", scratch)):
        overwrite(image, damaged)
        measure(f"repair, {what}", size, lambda: repair(image))
        assert verify(image).clean

    discs = [make_iso(folder / f"D{k}.iso", sectors // 5, seed=k) for k in range(5)]
    lengths = [disc.stat().st_size for disc in discs]
    outs = [folder / "P1.bin", folder / "P2.bin"]
    measure("parity, 5 discs + 2", sum(lengths), lambda: encode(discs, lengths, outs))
    left = {k: Source(discs[k], 0, lengths[k]) for k in (1, 2, 4)}
    left |= {5 + k: Source(outs[k], 0, max(lengths)) for k in (0, 1)}
    back = [folder / "B0", folder / "B3"]
    measure("rebuild 2 of 5 discs", sum(lengths), lambda: rebuild(left, 5, 2, lengths, [0, 3], back))
    assert back[0].read_bytes() == discs[0].read_bytes()


def measure(what: str, count: int, work: Callable[[], object]) -> float:
    """Time it once and print MB/s; the seconds."""
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    print(f"{what:34} {seconds:8.2f} s {count / seconds / 1e6:10,.0f} MB/s", flush=True)
    return seconds


if __name__ == "__main__":
    main()
