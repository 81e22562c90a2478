"""Many small files and one that is huge, group *targeted*: sealed and restored beside plain xorriso.

    python bench/archive_files.py [--files 10000] [--large-gb 9] [--discs 1] [--rounds 1] [--folder DIR] [--readers]

A tree of `--files` files of 1 to 60 KB (seed 1, in folders of 100) and one of `--large-gb` GB (noise in its first and
last MB, holes between, so that the source takes no room; nothing gains from zeros but the reading of the source). In
turn: `xorriso -as mkisofs` onto one image; `heliograph archive seal` onto `--discs` images (with 1 the huge file fits,
with more it is split); files out again with `xorriso -osirrox` and with `archive restore`. Xorriso neither hashes nor
protects, nor waits for the disk: the ratio is what SHA-256, manifests, index, 15 % of RS03 and fsync cost. Shown:
seconds, MB of files per second, processor seconds, peak memory, the parts of `seal`, the ratios. `--readers` lets 7z,
xorriso, isoinfo list the first image, and bagit-python validate a copy of it.

No small file is deleted before the end: ext4 gives an inode of the last five minutes to no new file, and looks at each
that was deleted anew for every file it makes. After 10,000 deletions making 10,000 files cost 3 to 4 s of processor
time instead of 0.3, and whoever came second paid. The huge file and the images are deleted at once; room for an image
and a copy is needed, and for the small files twice a round: 2.2 times the files, 21 GB by default. `--readers` looks at
the last round alone.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from archive_set import HELIOGRAPH, Ran, step

LARGE = "large.bin"


def main() -> None:
    """One line per step."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--files", type=int, default=10_000)
    ask.add_argument("--large-gb", type=float, default=9.0)
    ask.add_argument("--discs", type=int, default=1, help="spread over so many (default 1)")
    ask.add_argument("--rounds", type=int, default=1)
    ask.add_argument("--folder", type=Path, help="where to work (default: a temporary folder)")
    ask.add_argument("--readers", action="store_true", help="let other programs read the first image")
    wishes = ask.parse_args()
    with tempfile.TemporaryDirectory(dir=wishes.folder) as name:
        folder = Path(name)
        size = make_tree(folder / "tree", wishes.files, int(wishes.large_gb * 1e9))
        print(f"{wishes.files:,} files and one of {wishes.large_gb:g} GB: {size / 1e6:,.0f} MB", flush=True)
        if shutil.disk_usage(folder).free < 2.2 * size:
            sys.exit(f"{folder}: {2.2 * size / 1e9:.0f} GB are needed, fewer are free; choose another --folder")
        for number in range(wishes.rounds):
            (folder / str(number)).mkdir()
            last = number == wishes.rounds - 1
            run(folder / "tree", folder / str(number), size, wishes.discs, wishes.readers and last)


def run(tree: Path, folder: Path, size: int, discs: int, readers: bool) -> None:
    """Both builds, both ways back."""
    plain, images, ours, theirs = (folder / name for name in ("plain.iso", "discs", "ours", "theirs"))
    build = ("-as", "mkisofs", "-quiet", "-R", "-J", "-joliet-long", "-iso-level", "3", "-o", str(plain), str(tree))
    built = step("xorriso builds", size, "xorriso", *build)
    theirs.mkdir()
    extract = ("-osirrox", "on", "-indev", str(plain), "-extract", "/", str(theirs))
    out = step("xorriso extracts", size, "xorriso", *extract)
    compare(tree, theirs)
    plain.unlink()
    capacity = int(size * 1.3 / discs) + 60_000_000
    words = ("seal", str(tree), "--out", str(images), "--capacity", str(capacity), "--date", "2026-11-22", "--json")
    sealed = step("archive seal", size, *HELIOGRAPH, *words)
    said = json.loads(sealed.said)
    print("  " + ", ".join(f"{part} {seconds:.1f}" for part, seconds in said["split_s"].items()))
    print(f"  {len(said['discs'])} images, {said['bytes'] / 1e6:,.0f} MB")
    restored = step("archive restore", size, *HELIOGRAPH, "restore", str(images), "--to", str(ours))
    compare(tree, ours / tree.name)
    say_ratio("seal", sealed, built)
    say_ratio("restore", restored, out)
    if readers:
        read(Path(said["discs"][0]["image"]), folder / "bag")
    shutil.rmtree(images)


def say_ratio(what: str, ours: Ran, xorriso: Ran) -> None:
    """How many times as long as xorriso."""
    print(
        f"  {what} to xorriso: {ours.cpu_s / xorriso.cpu_s:.1f} : 1 by processor time, "
        f"{ours.wall_s / xorriso.wall_s:.1f} : 1 by wall time",
        flush=True,
    )


def make_tree(tree: Path, files: int, large: int) -> int:
    """The files; their bytes."""
    random = np.random.default_rng(1)
    for number in range(files):
        path = tree / f"{number // 100:03d}" / f"file {number:05d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.bytes(int(random.integers(1_000, 60_000))))
    tree.mkdir(exist_ok=True)
    if large:
        with (tree / LARGE).open("wb") as out:
            out.write(random.bytes(min(large, 1 << 20)))
            out.truncate(large)
            out.seek(max(0, large - (1 << 20)))
            out.write(random.bytes(min(large, 1 << 20)))
    return sum(path.stat().st_size for path in tree.rglob("*.bin"))


def compare(tree: Path, back: Path) -> None:
    """Every file, byte for byte; the huge one is not needed any more then."""
    done = subprocess.run(["diff", "-rq", str(tree), str(back)], capture_output=True, check=False, text=True)
    if done.returncode:
        sys.exit(f"NOT THE SAME: {done.stdout[:500]}")
    (back / LARGE).unlink(missing_ok=True)


def read(image: Path, bag: Path) -> None:
    """Other people's programs: what they list, and whether the bag is valid."""
    listed = {
        "7z": ("7z", "l", "-ba", str(image)),
        "xorriso": ("xorriso", "-indev", str(image), "-find", "/", "-type", "f"),
        "isoinfo, Rock Ridge": ("isoinfo", "-R", "-f", "-i", str(image)),
        "isoinfo, Joliet": ("isoinfo", "-J", "-f", "-i", str(image)),
    }
    for what, command in listed.items():
        done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
        found = done.stdout.count(b".bin")
        print(f"  {what:20} lists {found:,} files, exit code {done.returncode}", flush=True)
    import bagit

    subprocess.run(["7z", "x", "-y", f"-o{bag}", str(image)], capture_output=True, check=True)
    bagit.Bag(str(bag)).validate(processes=2)
    print("  bagit-python         validates what 7z copied out")
    shutil.rmtree(bag)


if __name__ == "__main__":
    main()
