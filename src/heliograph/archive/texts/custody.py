"""The chain of custody: through which sets and discs the files of a set have come, each migration a step.

The steps stand in `index.json` of every disc that a migration wrote, for machines, and in CUSTODY.txt, for people. A
later migration carries all earlier steps along and adds its own, so the chain grows and is never shortened. Images that
were copied as they are (`refresh`) cannot carry a new step; theirs stands in a file beside them, and in the register.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from heliograph.errors import DiscWrong
from heliograph.files import write_whole

__all__ = [
    "CUSTODY",
    "REFRESH",
    "REPACK",
    "LostFile",
    "OldDisc",
    "OldTest",
    "Step",
    "chained",
    "custody_text",
    "read_beside",
    "write_beside",
]

CUSTODY: Final = "CUSTODY.txt"
REFRESH: Final = "refresh"
"""The same images on new discs, byte for byte."""
REPACK: Final = "repack"
"""The same files in a new set."""
_FORMAT: Final = "heliograph-custody/1"
_SHOWN: Final = 200


class OldTest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A test of an old disc, from the register that was at hand."""

    tested_at: str
    depth: str
    result: str
    damaged_sectors: int | None = None
    worst: int | None = None
    roots: int | None = None


class OldDisc(msgspec.Struct, frozen=True, omit_defaults=True):
    """A disc of the old set, as it was found when it was migrated."""

    disc: str
    state: str
    """good, mended (by its own parity), rebuilt (from the rest of the set), missing, or lost (past mending)."""
    iso_bytes: int = 0
    iso_sha256: str = ""
    """Of its ISO image, as sealed; nothing where it could not be had."""
    sectors: int = 0
    damaged_sectors: int = 0
    worst: int = 0
    """Damaged sectors in its worst row, before it was mended."""
    roots: int = 0
    tests: tuple[OldTest, ...] = ()
    """Earlier tests, oldest first."""


class LostFile(msgspec.Struct, frozen=True):
    """A file that could not be taken along."""

    path: str
    bytes: int
    sha256: str
    why: str


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One migration: which set was read, what was found of it, and who wrote the next one, when, with what."""

    at: str
    """Day of the migration, as stamped on the new set; ISO 8601."""
    way: str
    """repack or refresh."""
    software: str
    set_id: str
    """The old set. What it became is the set of the next step, or, for the last, the one that carries this text."""
    title: str
    sealed: str
    sealed_by: str
    """The software."""
    index_sha256: str
    """Of the old set's `index.json`."""
    files: int
    bytes: int
    discs: tuple[OldDisc, ...]
    operator: str = ""
    signed_by: str = ""
    """The public key that the old index names, whose holder says to have signed it."""
    medium: str = ""
    """What it was written for, where a person said so."""
    lost: tuple[LostFile, ...] = ()
    """Files that could not be had, where a person let them go."""


def chained(*chains: Iterable[Step]) -> tuple[Step, ...]:
    """All steps of several records of one chain, each once, oldest first."""
    return tuple(sorted(dict.fromkeys(step for chain in chains for step in chain), key=lambda step: step.at))


def read_beside(folder: Path, set_id: str) -> tuple[Step, ...]:
    """The chain that a refresh left beside the images of a set; nothing where there is none.

    Raises:
        DiscWrong: the file is not such a record.
    """
    path = _beside(folder, set_id)
    if not path.is_file():
        return ()
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Beside)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise DiscWrong(
            f"{path}: {str(wrong).lower()}", hint="put back a copy of it, or move it away; the discs do not need it"
        ) from None
    return found.steps if (found.format, found.set_id) == (_FORMAT, set_id) else ()


def write_beside(folder: Path, set_id: str, steps: Sequence[Step]) -> tuple[Path, Path]:
    """Write the chain beside the images of a set, for machines and for people; the two files."""
    machine = _beside(folder, set_id)
    human = machine.with_suffix(".txt")
    text = msgspec.json.encode(_Beside(_FORMAT, set_id, tuple(steps)))
    write_whole(machine, msgspec.json.format(text, indent=1) + b"\n")
    write_whole(human, custody_text(set_id, steps))
    return machine, human


class _Beside(msgspec.Struct, frozen=True):
    format: str
    set_id: str
    steps: tuple[Step, ...]


def _beside(folder: Path, set_id: str) -> Path:
    return folder / f"{set_id}-custody.json"


_HEAD: Final = """\
CHAIN OF CUSTODY   保管链

Set {set_id} holds files that were copied from older discs. Each step below is one migration, the oldest first: the old
set, the state of each of its discs when it was read, and what was done. Before a new set was written, every file was
held against the SHA-256 that the old set's index and manifests give. The same record, for machines, is the field
`custody` of index.json (of images that were copied as they are: the .json file beside this text).

盘组 {set_id} 的文件来自更早的光盘。以下每一步是一次迁移，按时间先后排列：旧盘组、读取时每张旧盘的状态、所做的处理。
写出新盘组之前，每个文件都与旧盘组索引和清单中的 SHA-256 核对过。机器可读的同一记录在 index.json 的 custody 字段中
（原样复制的映像则在本文件旁边的 .json 文件中）。
"""
_WAYS: Final = {
    REPACK: "its files were packed anew   文件重新装盘",
    REFRESH: "its images were copied as they are, byte for byte   映像原样复制，逐字节相同",
}


def custody_text(set_id: str, steps: Sequence[Step]) -> bytes:
    """CUSTODY.txt: the chain for people, in English and Chinese."""
    parts = [_HEAD.format(set_id=set_id)]
    for number, step in enumerate(steps, 1):
        became = steps[number].set_id if number < len(steps) else set_id
        parts.append(f"\nSTEP {number}   第 {number} 步\n\n" + "".join(f"  {line}\n" for line in _lines(step, became)))
    return "".join(parts).encode()


def _lines(step: Step, became: str) -> list[str]:
    what = f"set {step.set_id} became set {became}" if became != step.set_id else f"set {step.set_id}"
    lines = [
        f"on {step.at[:10]}: {what}; {_WAYS.get(step.way, step.way)}",
        f"old set: {step.title}, sealed {step.sealed[:10]} by {step.sealed_by}; SHA-256 of its index.json:",
        f"  {step.index_sha256}",
        f"{step.files:,} files, {step.bytes:,} bytes; written by {step.software}"
        + (f" for {step.medium}" if step.medium else "")
        + (f"; operator 操作人: {step.operator}" if step.operator else ""),
        *([f"it named the key of its signer: {step.signed_by}"] if step.signed_by else []),
        "discs of the old set   旧盘:",
    ]
    for disc in step.discs:
        found = f", {disc.damaged_sectors:,} of {disc.sectors:,} sectors damaged" if disc.damaged_sectors else ""
        worst = f", {disc.worst} in the worst row, which may lose {disc.roots}" if disc.worst else ""
        lines.append(f"  {step.set_id}-{disc.disc}: {disc.state}{found}{worst}")
        if disc.iso_sha256:
            lines.append(f"    SHA-256 of its ISO image, {disc.iso_bytes:,} bytes: {disc.iso_sha256}")
        lines += [f"    tested {test.tested_at[:10]}: {_test(test)}" for test in disc.tests]
    if step.lost:
        lines.append(f"FILES THAT COULD NOT BE TAKEN ALONG, {len(step.lost)}   未能带走的文件:")
        lines += [f"  {_plain(file.path)}, {file.bytes:,} bytes: {file.why}" for file in step.lost[:_SHOWN]]
        lines += [f"  ... and {len(step.lost) - _SHOWN:,} more, in index.json"] if len(step.lost) > _SHOWN else []
    return lines


def _test(test: OldTest) -> str:
    if test.worst is None:
        return f"{test.depth}, {test.result}"
    return (
        f"{test.depth}, {test.result}, {test.damaged_sectors} sectors damaged, worst row {test.worst} of {test.roots}"
    )


def _plain(path: str) -> str:
    """A path on one line, whatever is in it."""
    return path if path.isprintable() else repr(path)
