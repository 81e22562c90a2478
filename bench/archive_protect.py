"""Protection, group *targeted*: RS03 and parity discs, on one image in the page cache.

    python bench/archive_protect.py [--mb 300] [--command]

Seed 1, random bytes. Measured: protect, verify (deep and quick), repair of 2 % random sectors and of a contiguous
loss of 8.5 % (both as MB of protected image per second), parity discs (MB of data discs per second). Warmed once on a
small image. `--command` measures instead the encode kernel (223 data layers, 32 roots, one core, processor time, and
the same without the field instruction), and the whole command `heliograph archive protect` in turn with dvdisaster
on a copy of the same image, with peak memory. Rival: stock dvdisaster on the same image, same size, two threads, when
it is installed. Deliberately not measured: the disc drive and a cold disk; both are slower than any of this.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

SECTOR = 2048


def main() -> None:
    """Print one line per measurement."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--mb", type=int, default=300, help="size of the ISO in MB (default 300)")
    ask.add_argument("--redundancy", type=float, default=0.15)
    ask.add_argument("--skip-rival", action="store_true", help="do not run dvdisaster")
    ask.add_argument("--command", action="store_true", help="the kernel and the whole command only")
    ask.add_argument("--rounds", type=int, default=3, help="with --command: runs of each (default 3)")
    wishes = ask.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if wishes.command:
            kernel()
            command(Path(folder), wishes.mb * 10**6 // SECTOR, wishes.rounds)
            return
        run(Path(folder), wishes.mb * 10**6 // SECTOR, wishes.redundancy, not wishes.skip_rival)


def run(folder: Path, sectors: int, redundancy: float, rival: bool) -> None:
    """All measurements on one image."""
    began = time.perf_counter()
    from heliograph.archive.parity import Source, encode, rebuild
    from heliograph.archive.rs03 import protect, repair, verify

    small = make(folder / "small.iso", 1000, seed=0)
    protect(small)
    verify(small)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{'kernels loaded and warmed':34} {time.perf_counter() - began:8.2f} s")

    image = make(folder / "image.iso", sectors, seed=1)
    iso = image.read_bytes() if rival else b""
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
    damages = (("2 % random sectors", random), ("8.5 % in a row", scratch))
    ours = {}
    for what, damaged in damages:
        overwrite(image, damaged)
        ours[what] = measure(f"repair, {what}", size, lambda: repair(image))
        assert verify(image).clean

    discs = [make(folder / f"D{k}.iso", sectors // 5, seed=k) for k in range(5)]
    lengths = [disc.stat().st_size for disc in discs]
    outs = [folder / "P1.bin", folder / "P2.bin"]
    measure("parity, 5 discs + 2", sum(lengths), lambda: encode(discs, lengths, outs))
    left = {k: Source(discs[k], 0, lengths[k]) for k in (1, 2, 4)}
    left |= {5 + k: Source(outs[k], 0, max(lengths)) for k in (0, 1)}
    back = [folder / "B0", folder / "B3"]
    measure("rebuild 2 of 5 discs", sum(lengths), lambda: rebuild(left, 5, 2, lengths, [0, 3], back))
    assert back[0].read_bytes() == discs[0].read_bytes()

    if rival and shutil.which("dvdisaster"):
        theirs = folder / "theirs.iso"
        theirs.write_bytes(iso)
        said = ["dvdisaster", "--debug", "-i", str(theirs), "-mRS03", "-x", "2"]
        create = [*said, "-o", "image", "-n", str(layout.sectors), "-c"]
        measure("dvdisaster: protect, MB of ISO", sectors * SECTOR, lambda: quietly(create))
        assert theirs.read_bytes() == image.read_bytes()
        for what, damaged in damages:
            overwrite(theirs, damaged)
            seconds = measure(f"dvdisaster: repair, {what}", size, lambda: quietly([*said, "-f"]))
            assert theirs.read_bytes() == image.read_bytes()
            print(f"{'':34} {seconds / ours[what]:8.1f} times our time; load {os.getloadavg()[0]:.1f}")


def kernel() -> None:
    """GB of data per second and core, the two kernels in turn; medians of 25."""
    from heliograph.archive import gf
    from heliograph.archive.rs03.code import parity_matrix

    matrix, width = parity_matrix(32), 32 * SECTOR
    terms = matrix.shape[1]
    columns = np.random.default_rng(1).integers(0, 256, (terms, width + SECTOR), dtype=np.uint8)
    out = np.zeros((32, width), np.uint8)
    chosen = gf._instruction_constants
    seconds: dict[str, list[float]] = {"as chosen": [], "bit planes": []}
    for _ in range(26):
        for name, times in seconds.items():
            gf._instruction_constants = chosen if name == "as chosen" else lambda: None
            began = time.thread_time()
            gf.product(matrix, columns, out, stop=width)
            times.append(time.thread_time() - began)
    gf._instruction_constants = chosen
    print(f"field instruction: {'yes' if chosen() is not None else 'no'}")
    for name, times in seconds.items():
        print(f"{f'kernel, {name}':34} {terms * width / float(np.median(times[1:])) / 1e9:10.2f} GB/s")


def command(folder: Path, sectors: int, rounds: int) -> None:
    """The whole command against dvdisaster with two threads (and the copy it needs, since it writes in place)."""
    iso, ours, theirs = make(folder / "in.iso", sectors, seed=1), folder / "ours.iso", folder / "theirs.iso"
    words = [sys.executable, "-m", "heliograph.cli.main", "archive", "protect", str(iso), str(ours), "--roots", "32"]
    for each in range(rounds + 1):
        ours.unlink(missing_ok=True)
        took, memory = timed(words)
        size = ours.stat().st_size // SECTOR
        shutil.copyfile(iso, theirs)
        rival = ["dvdisaster", "--debug", "-i", str(theirs), "-mRS03", "-x", "2", "-o", "image", "-n", str(size), "-c"]
        rival_took, rival_memory = timed(rival)
        began = time.perf_counter()
        shutil.copyfile(iso, theirs)
        copied = time.perf_counter() - began
        if each:  # the first one warms
            print(
                f"protect {took:.2f} s, {memory} MB; dvdisaster {rival_took:.2f} s, with its copy "
                f"{rival_took + copied:.2f} s, {rival_memory} MB; ratio {rival_took / took:.2f}, "
                f"{(rival_took + copied) / took:.2f}",
                flush=True,
            )


def timed(words: list[str]) -> tuple[float, int]:
    """Seconds and peak MB of a program, its output thrown away."""
    began = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    status, peak = Path(f"/proc/{process.pid}/status"), 0
    while process.poll() is None:
        # The kernel's own figure for a child counts what it inherited from this process before its own program began.
        words_of = status.read_text().split()
        if "VmHWM:" in words_of:
            peak = int(words_of[words_of.index("VmHWM:") + 1])
        time.sleep(0.01)
    assert process.returncode == 0
    return time.perf_counter() - began, peak // 1024


def make(path: Path, sectors: int, *, seed: int) -> Path:
    """An image of random bytes that states its size, as RS03 wants."""
    image = np.random.default_rng(seed).integers(0, 256, (sectors, SECTOR), dtype=np.uint8)
    image[16, :6] = np.frombuffer(b"\x01CD001", np.uint8)
    image[16, 80:84] = np.frombuffer(sectors.to_bytes(4, "little"), np.uint8)
    image.tofile(path)
    return path


def overwrite(path: Path, sectors: np.ndarray) -> None:
    """Put random bytes into these sectors."""
    junk = np.random.default_rng(2)
    with path.open("r+b") as image:
        for sector in sectors:
            image.seek(int(sector) * SECTOR)
            image.write(junk.bytes(SECTOR))


def quietly(command: list[str]) -> None:
    """Run a program, its output thrown away."""
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def measure(what: str, count: int, work: Callable[[], object]) -> float:
    """Time it once and print MB/s; the seconds."""
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    print(f"{what:34} {seconds:8.2f} s {count / seconds / 1e6:10,.0f} MB/s", flush=True)
    return seconds


if __name__ == "__main__":
    main()
