"""Encoding, group *targeted*: the RS03 kernel, and the whole command `archive protect` beside dvdisaster.

    python bench/archive_protect.py [--gib 1 5] [--rounds 3] [--folder DIR]

Random bytes, seed 1; 32 roots (223 data layers), one of them the CRC layer. Measured: the encode kernel, GB of data per
second of processor time on one core, each kernel in turn; then, for each size, the whole command from its start to its
end (all on the disk: it syncs), in turn with its rivals on the same image: wall time, processor time, peak memory. Each
round also writes as many zeros with `dd`, so that the share of the disk's speed is known; and copies the image in
memory once. `--folder /dev/shm` takes the disk out. Warmed once on a small image; medians.

Rival: stock dvdisaster, two threads, same image and size, which must come out byte for byte the same. It writes in
place and does not sync, so it needs a copy first; the ratio is given without and with that copy. Deliberately not
measured: the disc drive and a cold disk; both are slower than any of this.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import time
from pathlib import Path
from statistics import median

import numpy as np

from disc_images import SECTOR, Cost, augment, dd, heliograph, make_iso, say_machine, scratch, timed

ROOTS = 32


def main() -> None:
    """Print the kernel, then a block per size."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--gib", type=float, nargs="+", default=[1.0, 5.0], help="sizes of the ISO in GiB (default 1 5)")
    ask.add_argument("--rounds", type=int, default=3, help="runs of each that count (default 3)")
    ask.add_argument("--folder", type=Path, help="where the images are made (default: the working directory)")
    wishes = ask.parse_args()
    say_machine()
    kernel()
    folder = scratch(wishes.folder)
    try:
        for gib in wishes.gib:
            command(folder, int(gib * 2**30) // SECTOR, wishes.rounds)
    finally:
        shutil.rmtree(folder)


def kernel() -> None:
    """GB of data per second of processor time on one core; medians of 25, the kernels in turn."""
    from heliograph.archive import crc, gf
    from heliograph.archive.rs03.code import parity_matrix

    matrix, width = parity_matrix(ROOTS), 32 * SECTOR
    terms = matrix.shape[1]
    columns = np.random.default_rng(1).integers(0, 256, (terms, width + SECTOR), dtype=np.uint8)
    out = np.zeros((ROOTS, width + SECTOR), np.uint8)
    work = {
        f"encode, {name}": lambda run=run: run(matrix, columns, out, 0, width) for name, run in gf._kernels().items()
    }
    work |= {"CRCs of sectors": lambda: crc.sector_crcs(columns), "copy in memory": columns.copy}
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(26):
        for name, run in work.items():
            began = time.thread_time()
            run()
            seconds[name].append(time.thread_time() - began)
    for name, times in seconds.items():
        print(f"{name:24} {terms * width / median(times[1:]) / 1e9:8.2f} GB/s")


def command(folder: Path, sectors: int, rounds: int) -> None:
    """The whole command and its rivals, in turn."""
    iso, ours, theirs = make_iso(folder / "in.iso", sectors, seed=1), folder / "ours.iso", folder / "theirs.iso"
    costs: dict[str, list[Cost]] = {"protect": [], "dvdisaster": [], "its copy": []}
    disk: dict[str, list[float]] = {"dd conv=fsync": [], "dd oflag=direct conv=fsync": []}
    size = 0
    timed(heliograph("protect", make_iso(folder / "small.iso", 2000, seed=2), folder / "small.out"))
    for _ in range(rounds):
        ours.unlink(missing_ok=True)
        mine = timed(heliograph("protect", iso, ours, "--roots", str(ROOTS)))
        size = ours.stat().st_size
        row = {"protect": mine}
        if shutil.which("dvdisaster"):
            theirs.unlink(missing_ok=True)
            row["its copy"] = timed(["cp", iso, theirs])
            row["dvdisaster"] = timed(augment(theirs, size // SECTOR))
            assert filecmp.cmp(ours, theirs, shallow=False)
            theirs.unlink()
        writes = {way: dd(folder / "zeros", size, direct="direct" in way) for way in disk}
        for name, cost in row.items():
            costs[name].append(cost)
        for way, took in writes.items():
            disk[way].append(took)
        print("  " + "; ".join(f"{name} {cost.wall_s:.2f} s" for name, cost in row.items()), flush=True)
    for path in (iso, ours, folder / "small.iso", folder / "small.out"):
        path.unlink()
    print(f"{sectors * SECTOR / 2**30:g} GiB of ISO, {size / 1e6:,.0f} MB written, load {os.getloadavg()[0]:.1f}")
    for name, rows in costs.items():
        if rows:
            wall, cpu, peak = (median(each) for each in zip(*rows, strict=True))
            mb_s = sectors * SECTOR / wall / 1e6
            print(f"{name:24} {wall:8.2f} s {mb_s:8,.0f} MB/s {cpu:8.2f} s of processor time {peak:6.0f} MB peak")
    protect = median(cost.wall_s for cost in costs["protect"])
    if costs["dvdisaster"]:
        pairs = list(zip(costs["protect"], costs["dvdisaster"], costs["its copy"], strict=True))
        print(
            f"dvdisaster : protect     {median(b.wall_s / a.wall_s for a, b, _ in pairs):8.2f} : 1, with its copy "
            f"{median((b.wall_s + c.wall_s) / a.wall_s for a, b, c in pairs):.2f} : 1, "
            f"processor time {median(b.cpu_s / a.cpu_s for a, b, _ in pairs):.2f} : 1"
        )
    for way, times in disk.items():
        if median(times):
            print(f"{way:28} {size / median(times) / 1e6:8,.0f} MB/s; protect {median(times) / protect:.0%} of that")


if __name__ == "__main__":
    main()
