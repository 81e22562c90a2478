"""Sick discs, group *targeted*: `archive rescue` beside GNU ddrescue, `archive merge` beside a copy.

    python bench/archive_sick.py [--mib 200] [--gib 0.5] [--folder DIR]

Rescue: a block device whose bad sectors give EIO: a loop device over a FUSE file (root, /dev/fuse, `mfusepy`), whose
server counts. Damages, seed 1: a scratch of 5.3 MB; one sector in a thousand; two scratches and lone sectors. No
retries. Told: reads that failed, reads in all, and how many had failed when all that lies outside damaged 64 KiB was
read: what a dying drive is spared. Both must lose the bad sectors and no others.

Merge: an RS03 image, 32 roots; two copies, each with noise in a fifth of its sectors (seed 2 and 3), without maps. Wall
time, processor time, peak memory of the whole command; the result must be the image, byte for byte. Beside it `dd` of
one copy and fsync; there is no rival that merges by checksums.

Deliberately not measured: a real drive, which takes seconds over each failing read, so that their number is its time.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from disc_images import SECTOR, heliograph, make_iso, overwrite, say_machine, scratch, timed

_SERVER = """
import errno, os, stat, sys
import mfusepy

class Sick(mfusepy.Operations):
    use_ns = True

    def __init__(self, sectors, bad, log):
        self.size, self.bad, self.log = sectors * 2048, bad, log
        self.sound = set(range(sectors // 32)) - {each // 32 for each in bad}
        self.reads = self.failed = self.spared = 0

    def getattr(self, path, fh=None):
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}
        if path == "/disc":
            return {"st_mode": stat.S_IFREG | 0o444, "st_nlink": 1, "st_size": self.size}
        raise mfusepy.FuseOSError(errno.ENOENT)

    def read(self, path, size, offset, fh):
        span = range(offset // 2048, -(-(offset + size) // 2048))
        self.reads += 1
        bad = not self.bad.isdisjoint(span)
        if self.sound and not bad:
            self.sound -= set(range(span.start // 32, -(-span.stop // 32)))
            self.spared = self.failed
        self.failed += bad
        with open(self.log, "w") as log:
            log.write(f"{self.reads} {self.failed} {self.spared}")
        if bad:
            raise mfusepy.FuseOSError(errno.EIO)
        return bytes(size)

with open(sys.argv[3]) as bad:
    sick = Sick(int(sys.argv[2]), set(map(int, bad.read().split())), sys.argv[4])
mfusepy.FUSE(sick, sys.argv[1], foreground=True, nothreads=True, ro=True, direct_io=True)
"""


def main() -> None:
    """Print a line per damage and program, and one for the merge."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--mib", type=int, default=200, help="size of the sick disc in MiB (default 200)")
    ask.add_argument("--gib", type=float, default=0.5, help="size of the ISO to merge in GiB (default 0.5)")
    ask.add_argument("--folder", type=Path, help="where the images are made (default: the working directory)")
    wishes = ask.parse_args()
    say_machine()
    folder = scratch(wishes.folder)
    try:
        rescue(folder, (wishes.mib << 20) // SECTOR)
        merge(folder, int(wishes.gib * 2**30) // SECTOR)
    finally:
        shutil.rmtree(folder)


def rescue(folder: Path, sectors: int) -> None:
    """Both programs on each damage, one after the other."""
    if os.geteuid() or not Path("/dev/fuse").exists() or shutil.which("ddrescue") is None:
        print("rescue: needs root, /dev/fuse, losetup and ddrescue (Debian: gddrescue)")
        return
    chance = np.random.default_rng(1)
    lone = chance.choice(sectors, sectors // 1000, replace=False)
    scratch_at, length = 2 * sectors // 5, 2_600
    damages = {
        "scratch of 5.3 MB": np.arange(scratch_at, scratch_at + length),
        "one sector in 1,000": lone,
        "two scratches, lone sectors": np.concatenate(
            [np.arange(sectors // 5, sectors // 5 + 1_000), np.arange(4 * sectors // 5, 4 * sectors // 5 + 500), lone]
        ),
    }
    for name, damage in damages.items():
        bad = np.unique(damage[damage < sectors])
        for who in ("heliograph", "ddrescue"):
            out = folder / f"{who}.img"
            with sick_drive(folder, sectors, bad) as drive:
                words: list[str | Path] = ["ddrescue", "-q", "-d", f"-b{SECTOR}", drive, out, f"{out}.map"]
                if who == "heliograph":
                    words = heliograph("rescue", drive, "--out", out, "--retries", "0")
                cost = timed(words, status=10 if who == "heliograph" else 0)
            reads, failed, spared = (int(word) for word in (folder / "log").read_text().split())
            lost = subprocess.run(
                ["ddrescuelog", "-b", str(SECTOR), "-l?*/-", f"{out}.map"], capture_output=True, text=True, check=True
            )
            assert np.array_equal(np.array(lost.stdout.split(), np.int64), bad), f"{who}: other sectors are lost"
            print(
                f"{name}, {bad.size:,} bad of {sectors:,}: {who}: {failed:,} reads failed of {reads:,}, "
                f"{spared:,} before the rest was read; {cost.wall_s:.1f} s"
            )
            for path in folder.iterdir():
                if path.is_file():
                    path.unlink()


@contextmanager
def sick_drive(folder: Path, sectors: int, bad: np.ndarray) -> Iterator[Path]:
    """A block device of zeros with these bad sectors; what was asked of it stands in `log`."""
    mount, told = folder / "mount", folder / "bad"
    mount.mkdir()
    told.write_text(" ".join(map(str, bad.tolist())))
    words = [sys.executable, "-c", _SERVER, mount, str(sectors), told, folder / "log"]
    server = subprocess.Popen(list(map(str, words)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not (mount / "disc").exists():
            assert server.poll() is None, "no FUSE mount here"
            time.sleep(0.05)
        made = subprocess.run(
            ["losetup", "-f", "-r", "--show", mount / "disc"], capture_output=True, text=True, check=True
        )
        drive = Path(made.stdout.strip())
        yield drive
        subprocess.run(["losetup", "-d", drive], check=True)
    finally:
        subprocess.run(["umount", "-l", mount], check=False)
        server.wait(10)
        mount.rmdir()


def merge(folder: Path, sectors: int) -> None:
    """Two copies, each with a fifth of noise."""
    iso, sound = make_iso(folder / "in.iso", sectors, seed=1), folder / "sound.iso"
    timed(heliograph("protect", iso, sound, "--roots", "32"))
    iso.unlink()
    total = sound.stat().st_size // SECTOR
    copies = []
    for seed in (2, 3):
        copies.append(Path(shutil.copy(sound, folder / f"{seed}.iso")))
        overwrite(copies[-1], np.random.default_rng(seed).choice(total, total // 5, replace=False), seed=seed)
    out = folder / "out.iso"
    plain = timed(["dd", f"if={copies[0]}", f"of={out}", "bs=4M", "conv=fsync"])
    out.unlink()
    cost = timed(heliograph("merge", *copies, "--out", out))
    assert filecmp.cmp(sound, out, shallow=False), "the merged image is not the one that was sealed"
    size = sound.stat().st_size
    print(
        f"merge of two copies of {size / 1e6:,.0f} MB, a fifth of each noise: {cost.wall_s:.1f} s "
        f"({size / 1e6 / cost.wall_s:.0f} MB/s), processor {cost.cpu_s:.1f} s, {cost.peak_mb} MB; "
        f"copying one and fsync: {plain.wall_s:.1f} s"
    )


if __name__ == "__main__":
    main()
