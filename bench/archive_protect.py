"""Encoding, group *targeted*: the RS03 kernel, and the whole command `archive protect` beside dvdisaster.

    python bench/archive_protect.py [--gib 1 5] [--rounds 3] [--folder DIR]

Random bytes, seed 1; 32 roots (223 data layers), one of them the CRC layer. Measured: the encode kernel, GB of data per
second of processor time on one core, each kernel in turn; then, for each size, the whole command from its start to its
end (all on the disk: it syncs), in place and into a copy, in turn with its rivals on the same image: wall time,
processor time, peak memory. What is dirty is synced before each. Each round also writes as many zeros with `dd`, so
that the share of the disk's speed is known. `--folder /dev/shm` takes the disk out. Warmed once on a small image;
medians; the order is turned round every other round.

Rival: stock dvdisaster, two threads, same image and size, which must come out byte for byte the same. It writes in
place and does not wait for the disk. So `protect --in-place` is held against it as it is, and with a `sync` of the file
behind it; `protect IN OUT` against `cp` and then dvdisaster, and, as a bound, against dvdisaster alone. Deliberately
not measured: the disc drive and a cold disk; both are slower than any of this.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

import numpy as np

from disc_images import SECTOR, Cost, augment, dd, heliograph, make_iso, say_machine, scratch, timed
from heliograph.archive.rs03 import plan

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
    from heliograph.archive.kernels import crc, gf
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
    iso, ours, work = make_iso(folder / "in.iso", sectors, seed=1), folder / "ours.iso", folder / "work.iso"
    size = plan(sectors, roots=ROOTS).image_bytes
    zeros = {"dd conv=fsync": False, "dd oflag=direct conv=fsync": True}
    costs: dict[str, list[Cost]] = defaultdict(list)
    disk: dict[str, list[float]] = {name: [] for name in zeros}
    small = make_iso(folder / "small.iso", 2000, seed=2)
    timed(heliograph("protect", small, "--in-place"))

    def copied() -> None:
        ours.unlink(missing_ok=True)
        costs["protect IN OUT"].append(settled(heliograph("protect", iso, ours, "--roots", str(ROOTS))))

    def in_place() -> None:
        costs["protect --in-place"].append(settled(heliograph("protect", work, "--in-place", "--roots", str(ROOTS))))
        assert filecmp.cmp(ours, work, shallow=False)
        os.truncate(work, sectors * SECTOR)

    def rival() -> None:
        costs["dvdisaster"].append(settled(augment(work, size // SECTOR)))
        costs["its sync"].append(timed(["sync", work]))
        assert filecmp.cmp(ours, work, shallow=False)
        os.truncate(work, sectors * SECTOR)

    turns = [in_place, rival] if shutil.which("dvdisaster") else [in_place]
    for number in range(rounds):
        copied()
        work.unlink(missing_ok=True)
        costs["its copy (cp)"].append(settled(["cp", iso, work]))
        for turn in turns if number % 2 == 0 else turns[::-1]:
            turn()
        for name, direct in zeros.items():
            disk[name].append(dd(folder / "zeros", size, direct=direct))
        print("  " + "; ".join(f"{name} {rows[-1].wall_s:.2f} s" for name, rows in costs.items()), flush=True)
    for path in (iso, ours, work, small):
        path.unlink()
    say(costs, disk, sectors * SECTOR, size)


def settled(words: list[str | Path]) -> Cost:
    """What a program takes while nothing of before waits for the disk."""
    os.sync()
    return timed(words)


def say(costs: dict[str, list[Cost]], disk: dict[str, list[float]], data: int, size: int) -> None:
    """The medians, and the ratios: of each round, so that what else runs weighs on both alike."""
    print(f"{data / 2**30:g} GiB of ISO, image of {size / 1e6:,.0f} MB, load {os.getloadavg()[0]:.1f}")
    for name, rows in costs.items():
        wall, cpu, peak = (median(each) for each in zip(*rows, strict=True))
        rate = f"{data / wall / 1e6:8,.0f} MB/s" if wall > 0.1 else " " * 13
        print(f"{name:24} {wall:8.2f} s {rate} {cpu:8.2f} s of processor time {peak:6.0f} MB peak")
    if "dvdisaster" in costs:
        ratio(costs, ["dvdisaster"], "protect --in-place")
        ratio(costs, ["dvdisaster", "its sync"], "protect --in-place")
        ratio(costs, ["its copy (cp)", "dvdisaster"], "protect IN OUT")
        ratio(costs, ["dvdisaster"], "protect IN OUT")
    for name, times in disk.items():
        if all(times):
            share = median(times) / median(cost.wall_s for cost in costs["protect IN OUT"])
            print(f"{name:28} {size / median(times) / 1e6:8,.0f} MB/s; protect IN OUT {share:.0%} of that")


def ratio(costs: dict[str, list[Cost]], theirs: list[str], mine: str) -> None:
    """How many times as long the rival takes: median, least and most of the rounds."""
    rounds = list(zip(costs[mine], *(costs[name] for name in theirs), strict=True))
    walls = [sum(cost.wall_s for cost in rival) / ours.wall_s for ours, *rival in rounds]
    cpus = [sum(cost.cpu_s for cost in rival) / ours.cpu_s for ours, *rival in rounds]
    print(
        f"{' + '.join(theirs)} : {mine} = {median(walls):.2f} : 1 ({min(walls):.2f} to {max(walls):.2f}), "
        f"processor time {median(cpus):.2f} : 1"
    )


if __name__ == "__main__":
    main()
