"""What the tests of sick discs share: files and block devices with sectors that give EIO."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rs03_discs import SECTOR

_SERVER = """
import errno, os, stat, sys
import mfusepy

class Sick(mfusepy.Operations):
    use_ns = True

    def __init__(self, image, bad):
        self.file, self.bad = os.open(image, os.O_RDONLY), bad

    def getattr(self, path, fh=None):
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}
        if path == "/disc":
            return {"st_mode": stat.S_IFREG | 0o444, "st_nlink": 1, "st_size": os.fstat(self.file).st_size}
        raise mfusepy.FuseOSError(errno.ENOENT)

    def read(self, path, size, offset, fh):
        if not self.bad.isdisjoint(range(offset // 2048, -(-(offset + size) // 2048))):
            raise mfusepy.FuseOSError(errno.EIO)
        return os.pread(self.file, size, offset)

mfusepy.FUSE(Sick(sys.argv[1], set(map(int, sys.argv[3:]))), sys.argv[2], foreground=True, nothreads=True, ro=True)
"""


class Injected:
    """Sectors of one file that give EIO, in this process only; `left` counts how many reads of each still fail."""

    def __init__(self, path: Path, bad: Iterable[int], times: int = 10**9) -> None:
        self.path, self.left = path, dict.fromkeys(bad, times)
        self.reads: list[tuple[int, int]] = []
        self.honest = os.preadv, os.pread

    def _stop(self, file: int, offset: int, count: int) -> int:
        """Bytes before the first bad sector."""
        if Path(f"/proc/self/fd/{file}").readlink() != self.path.resolve():
            return count
        self.reads.append((offset // SECTOR, -(-count // SECTOR)))
        for sector in range(offset // SECTOR, -(-(offset + count) // SECTOR)):
            if self.left.get(sector, 0) > 0:
                self.left[sector] -= 1
                return max(sector * SECTOR - offset, 0)
        return count

    def preadv(self, file: int, buffers: list[memoryview], offset: int) -> int:
        wanted = sum(len(one) for one in buffers)
        good = self._stop(file, offset, wanted)
        if wanted and not good:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return self.honest[0](file, [memoryview(buffers[0])[:good]], offset)

    def pread(self, file: int, count: int, offset: int) -> bytes:
        good = self._stop(file, offset, count)
        if count and not good:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return self.honest[1](file, good, offset)


def inject(monkeypatch: pytest.MonkeyPatch, path: Path, bad: Iterable[int], times: int = 10**9) -> Injected:
    """Make these sectors of a file unreadable to this process, for so many reads each."""
    sick = Injected(path, bad, times)
    monkeypatch.setattr(os, "preadv", sick.preadv)
    monkeypatch.setattr(os, "pread", sick.pread)
    monkeypatch.setattr("heliograph.archive.kernels.lines.read_pieces", _through_preadv)
    return sick


def _through_preadv(file: int, start: int, step: int, lines: NDArray[np.uint8]) -> NDArray[np.int64]:
    """As `read_pieces`, through the call in whose place errors are injected."""
    came = np.full(len(lines), -1, np.int64)
    for number, line in enumerate(lines):
        with suppress(OSError):
            came[number] = os.preadv(file, [line.data], start + number * step)
    return came


@contextmanager
def sick_drive(image: Path, bad: Iterable[int], folder: Path) -> Iterator[Path]:
    """A real block device that holds `image`, and gives EIO for these sectors: a loop device over a FUSE file.

    Skips where the system allows no mounts; sectors fail in pairs, as the kernel reads pages of 4 KiB.
    """
    if os.geteuid() or not Path("/dev/loop-control").exists():
        pytest.skip("needs root and loop devices")
    with sick_file(image, bad, folder) as file, loop(file) as drive:
        yield drive


@contextmanager
def sick_file(image: Path, bad: Iterable[int], folder: Path) -> Iterator[Path]:
    """A file that holds `image`, and gives EIO for these sectors, on a FUSE mount; skips where none is allowed."""
    if os.geteuid() or not Path("/dev/fuse").exists():
        pytest.skip("needs root and /dev/fuse")
    mount = folder / f"fuse-{image.name}"
    mount.mkdir(parents=True)
    with ExitStack() as stack:
        words = [sys.executable, "-c", _SERVER, str(image), str(mount), *map(str, bad)]
        server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        stack.callback(server.wait, 10)
        stack.callback(subprocess.run, ["umount", "-l", str(mount)], capture_output=True, check=False)
        until = time.monotonic() + 20
        while not (mount / "disc").exists():
            if server.poll() is not None or time.monotonic() > until:
                server.kill()
                assert server.stderr is not None
                pytest.skip(f"no FUSE mount here: {server.stderr.read().decode()[-200:]}")
            time.sleep(0.02)
        yield mount / "disc"


@contextmanager
def loop(file: Path) -> Iterator[Path]:
    """A loop device over a file; skips where the system allows none."""
    losetup = shutil.which("losetup", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if os.geteuid() or losetup is None:
        pytest.skip("needs root and losetup")
    made = subprocess.run([losetup, "-f", "-r", "--show", str(file)], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no loop device here: {made.stderr.strip()}")
    drive = Path(made.stdout.strip())
    try:
        yield drive
    finally:
        subprocess.run([losetup, "-d", str(drive)], check=True)
