"""What the tests of disc sets share: files with awkward names, damage, and other people's software."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from rs03_discs import SECTOR, need

from heliograph.archive.medium import of_size
from heliograph.archive.seal.seal import DiscSet, seal

DATE = datetime(2026, 11, 22, tzinfo=UTC)
ODD_NAMES = (
    "plain.txt",
    "with space.txt",
    "中文文件名.parquet",
    "目录/子目录/深.txt",
    "ümläut.txt",
    "emoji 😀.txt",
    "x" * 200 + ".bin",
    "深" * 80 + ".txt",
    "é" * 120,
    "z" * 255,
    "a/b/c/d/e/f/g/h/i/j/k/l/m/deep.txt",
    "Case.txt",
    "case.txt",
    "100 %.txt",
    "what?.txt",
    "dot.",
    "back\\slash",
    "semi;colon",
    "line\nbreak",
    ".hidden",
    "no-extension",
    "empty",
    "CON",
    "AB",
    "䅂",  # the same two bytes in UDF
    "twins/e\u0301.txt",
    "twins/\u00e9.txt",
    "long/" + "y" * 100 + "1.txt",
    "long/" + "y" * 100 + "2.txt",
)


def write_tree(folder: Path, names: tuple[str, ...] = ODD_NAMES) -> Path:
    """A file of each name, its contents its name, and an empty folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if name == "empty" else name.encode() * 3)
    (folder / "empty folder").mkdir(parents=True)
    return folder


def write_files(folder: Path, **sizes: int) -> Path:
    """Files of so many random bytes; `_` in a name stands for a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, size) in enumerate(sizes.items()):
        (folder / name.replace("_", ".")).write_bytes(np.random.default_rng(seed).bytes(size))
    return folder


def contents(folder: Path) -> dict[str, bytes | None]:
    """Bytes of every file below `folder`, None for a folder, by path."""
    return {
        str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


def small_set(source: Path, out: Path, *, capacity: str = "3MB", parity: int = 0, **more: object) -> DiscSet:
    """Seal onto small discs, always on the same day."""
    return seal([source], out, date=DATE, medium=of_size(capacity), parity=parity, keep_times=False, **more)  # type: ignore[arg-type]


def damage(image: Path, share: float, *, scratch_bytes: int = 0, seed: int = 3) -> None:
    """Overwrite a share of the sectors at random, and a scratch of adjacent ones."""
    random = np.random.default_rng(seed)
    sectors = np.fromfile(image, np.uint8).reshape(-1, SECTOR)
    hit = random.choice(len(sectors), int(len(sectors) * share), replace=False)
    sectors[hit] = random.integers(0, 256, (len(hit), SECTOR), dtype=np.uint8)
    length = scratch_bytes // SECTOR
    start = int(random.integers(0, len(sectors) - length + 1))
    sectors[start : start + length] = 0
    sectors.tofile(image)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every image in a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.iso"))}


def tool(program: str, *arguments: str | Path) -> str:
    """What other people's software says; it must succeed."""
    need(program)
    done = subprocess.run(
        [program, *map(str, arguments)],
        capture_output=True,
        check=False,
        timeout=120,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode == 0, said
    return said
