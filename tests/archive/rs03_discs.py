"""What the tests of this folder share: images, damage, and the stock dvdisaster to compare with."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from heliograph.archive.rs03 import Layout, protect

SECTOR = 2048


def need(program: str, package: str = "") -> None:
    """Skip without a Debian program; fail in CI, where it must be there."""
    if shutil.which(program) is None:
        say = pytest.fail if os.environ.get("CI", "").lower() in ("1", "true") else pytest.skip
        say(f"{program} is not installed: apt-get install {package or program}")


def make_iso(path: Path, sectors: int, *, seed: int = 1) -> Path:
    """Random bytes under a volume descriptor that says how long they are: all that RS03 looks at."""
    image = np.random.default_rng(seed).integers(0, 256, (sectors, SECTOR), dtype=np.uint8)
    image[16, :8] = np.frombuffer(b"\x01CD001\x01\x00", np.uint8)
    image[16, 80:88] = np.frombuffer(sectors.to_bytes(4, "little") + sectors.to_bytes(4, "big"), np.uint8)
    image.tofile(path)
    return path


def make_iso_that_holds_an_image(folder: Path) -> Path:
    """An ISO in which a protected image stands as a file: so near the start that its CRC sectors seem right."""
    inner = make_iso(folder / "inner.iso", 100 * 200, seed=2)
    assert protect(inner, roots=40).layer_sectors > 90
    inside = sectors_of(inner)
    outer = make_iso(folder / "outer.iso", 40 + len(inside) + 500)
    image = sectors_of(outer)
    image[40 : 40 + len(inside)] = inside
    image.tofile(outer)
    return outer


def sectors_of(path: Path) -> NDArray[np.uint8]:
    """(sectors, 2048): the bytes of an image."""
    return np.fromfile(path, np.uint8).reshape(-1, SECTOR)


def overwrite(path: Path, sectors: NDArray[np.int64] | list[int], *, seed: int = 2) -> None:
    """Put random bytes into these sectors."""
    image = sectors_of(path)
    image[sectors] = np.random.default_rng(seed).integers(0, 256, (len(sectors), SECTOR), dtype=np.uint8)
    image.tofile(path)


def two_in_a_codeword(block: NDArray[np.uint8], layout: Layout, *, seed: int) -> None:
    """Per row, of 93 roots: 42 data sectors overwritten, a wrong byte in each of 51 ECC sectors, two in one column."""
    chance, rows, data = np.random.default_rng(seed), layout.layer_sectors, layout.data_layers
    for row in range(rows):
        gone = chance.choice(data, 42, replace=False)
        block[gone * rows + row] = chance.integers(0, 256, (42, SECTOR), dtype=np.uint8)
        wrong = data + 1 + chance.choice(layout.roots, 51, replace=False)
        columns = chance.choice(SECTOR, 51, replace=False)
        columns[1] = columns[0]
        block[wrong * rows + row, columns] ^= chance.integers(1, 256, 51, dtype=np.uint8)


def dvdisaster(*arguments: str | Path) -> str:
    """What stock dvdisaster says."""
    need("dvdisaster")
    done = subprocess.run(
        ["dvdisaster", *map(str, arguments)], capture_output=True, text=True, errors="replace", check=False, timeout=120
    )
    return (done.stdout + done.stderr).replace("\x08", "")


def dvdisaster_augments(image: Path, sectors: int) -> None:
    """Append RS03 protection with stock dvdisaster."""
    assert "has been augmented" in dvdisaster("--debug", "-i", image, "-mRS03", "-o", "image", "-n", str(sectors), "-c")
