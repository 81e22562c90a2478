"""What the benchmarks of the archive share: images, damage, programs run and measured. Measures nothing itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

__all__ = ["SECTOR", "Cost", "augment", "dd", "heliograph", "make_iso", "overwrite", "say_machine", "scratch", "timed"]

SECTOR = 2048
_PIECE = 65_536
"""Sectors made in one go."""


class Cost(NamedTuple):
    """What a program took."""

    wall_s: float
    cpu_s: float
    """Processor time, the system's for it counted in."""
    peak_mb: int


def timed(words: Sequence[str | Path], *, status: int | None = 0) -> Cost:
    """Run a program to its end, its output thrown away; `status` is the one expected, None for any."""
    began, before = time.perf_counter(), os.times()
    process = subprocess.Popen(list(map(str, words)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    path, peak = Path(f"/proc/{process.pid}/status"), 0
    while process.poll() is None:
        # The kernel's own figure for a child counts what it inherited from this process before its own program began.
        words_of = path.read_text().split()
        if "VmHWM:" in words_of:
            peak = int(words_of[words_of.index("VmHWM:") + 1])
        time.sleep(0.01)
    wall, after = time.perf_counter() - began, os.times()
    assert status is None or process.returncode == status, f"{words}: {process.returncode}"
    user, system = after.children_user - before.children_user, after.children_system - before.children_system
    return Cost(wall, user + system, peak // 1024)


def heliograph(*words: str | Path) -> list[str | Path]:
    """The command, in a process of its own."""
    return [sys.executable, "-m", "heliograph.cli.main", "archive", *words]


def augment(image: Path, sectors: int) -> list[str | Path]:
    """How stock dvdisaster makes an RS03 image of so many sectors of an ISO image, in place, with two threads."""
    return ["dvdisaster", "--debug", "-i", image, "-mRS03", "-x", "2", "-o", "image", "-n", str(sectors), "-c"]


def dd(out: Path, count: int, *, direct: bool = False) -> float:
    """Seconds to write so many bytes of zeros, until they are on the disk; 0 where the file system cannot."""
    ways = ["oflag=direct", "conv=fsync"] if direct else ["conv=fsync"]
    words = ["dd", "if=/dev/zero", f"of={out}", "bs=4M", f"count={-(-count // (4 << 20))}", *ways]
    out.unlink(missing_ok=True)
    began = time.perf_counter()
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    took = time.perf_counter() - began
    out.unlink(missing_ok=True)
    return took if done.returncode == 0 else 0.0


def make_iso(path: Path, sectors: int, *, seed: int) -> Path:
    """An image of random bytes that states its size, as RS03 wants."""
    chance = np.random.default_rng(seed)
    with path.open("wb") as file:
        for first in range(0, sectors, _PIECE):
            part = chance.integers(0, 256, (min(_PIECE, sectors - first), SECTOR), dtype=np.uint8)
            if first == 0:
                part[16, :6] = np.frombuffer(b"\x01CD001", np.uint8)
                part[16, 80:84] = np.frombuffer(sectors.to_bytes(4, "little"), np.uint8)
            part.tofile(file)
    return path


def overwrite(path: Path, sectors: np.ndarray, *, seed: int = 2) -> None:
    """Put random bytes into these sectors."""
    junk = np.random.default_rng(seed)
    with path.open("r+b") as image:
        for sector in np.sort(sectors):
            image.seek(int(sector) * SECTOR)
            image.write(junk.bytes(SECTOR))


def scratch(folder: Path | None) -> Path:
    """A new folder for the images, in `folder` or the working directory: the system's own may be memory."""
    home = (folder or Path.cwd()) / f"bench-{os.getpid()}"
    home.mkdir(parents=True)
    return home


def say_machine() -> None:
    """Print what this runs on."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ":")
    print(
        f"{model.split(':')[1].strip()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {time.strftime('%F')}"
    )
    print(f"dvdisaster: {'yes' if shutil.which('dvdisaster') else 'not installed'}")
