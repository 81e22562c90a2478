"""Copy files out of a disc set: whole, joined, held against their SHA-256, under their true names."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Final

from heliograph.archive.digest import hashing
from heliograph.archive.iso.names import safe_path
from heliograph.archive.read.reader import SetView
from heliograph.archive.texts.index import File
from heliograph.errors import CannotWrite, Damaged, DiscsLost, DiscWrong, HeliographError, Locked, NotFound
from heliograph.files import WholeFiles, cannot_write
from heliograph.units import counted

if TYPE_CHECKING:
    from heliograph.archive.read.disc import OnDisc
    from heliograph.archive.secret.stream import Opened
    from heliograph.archive.signing.keys import Public

__all__ = [
    "Restored",
    "copy_whole",
    "discs_missing",
    "in_the_way",
    "is_same",
    "locked",
    "restore",
    "set_time",
    "target_of",
    "wanted",
]

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Restored:
    """What was copied out, and what was there already with the same contents."""

    written: tuple[Path, ...]
    already: tuple[Path, ...]
    bytes: int


def restore(
    view: SetView,
    to: Path,
    *,
    patterns: Sequence[str] = (),
    overwrite: bool = False,
    signers: Sequence[Public] = (),
    progress: Callable[[str, int, int], None] | None = None,
) -> Restored:
    """Copy the files that match one of the patterns (all, for none) below the folder `to`.

    A file stands there whole or not at all. When discs are missing or damaged, every file that can be copied is, and
    then the rest is named, or the first of the damage.

    Args:
        patterns: shell patterns on the true path, e.g. `record/*.parquet`.
        overwrite: replace files of the same name with other contents, instead of refusing.
        signers: one of these keys must have signed the set; anyone may, for none.
    Raises:
        NotFound: no file matches. DiscsLost: a file stands on a disc that is not here.
        Locked: the set is encrypted, and `view` was not unlocked.
        SignatureWrong: not signed by one of `signers`, or changed since; nothing was written.
        Damaged: a file's bytes are not what was sealed; it was not written.
        DiscWrong: the index names a path outside `to`; nothing was written.
        CannotWrite: full disk, read-only folder, or another file is in the way.
    """
    if signers:
        from heliograph.archive.read.trust import require

        require(view, signers)
    if view.index.locked and view.key is None:
        raise locked(view.set_id)
    files = [file for file in view.index.files if wanted(file.path, patterns)]
    folders = [folder for folder in view.index.folders if wanted(folder, patterns)]
    if not files and not folders and patterns:
        raise NotFound(
            f"set {view.set_id}: no file matches {', '.join(patterns)}", hint="`heliograph archive ls` names its files"
        )
    for path in (*(file.path for file in files), *folders):
        safe_path(path)
    total = sum(file.bytes for file in files)
    written, already, lost = [], [], []
    refused: list[HeliographError] = []
    done = 0
    sound: dict[str, Path] = {}
    with WholeFiles() as whole:
        for file in files:
            target = target_of(to, file.path, sound)
            there = target.exists()
            if there and is_same(target, file):
                already.append(target)
            else:
                if there and not overwrite:
                    raise in_the_way(target)
                try:
                    copy_whole(view.open(file.path), file, target, whole)
                except DiscsLost:
                    lost.append(file)
                    continue
                except (Damaged, DiscWrong) as wrong:
                    refused.append(wrong)
                    continue
                written.append(target)
            done += file.bytes
            if progress is not None:
                progress(file.path, done, total)
    for folder in folders:
        try:
            target_of(to, folder).mkdir(parents=True, exist_ok=True)
        except OSError as wrong:
            raise cannot_write(to / folder, wrong) from None
    if refused:
        first, many = refused[0], len(refused) + len(lost)
        raise type(first)(
            f"{first.message}; {counted(len(written) + len(already), 'file')} restored, {many} not",
            hint=first.hint,
            **first.fields,
        )
    if lost:
        raise _lost(view, lost, len(written) + len(already))
    return Restored(tuple(written), tuple(already), done)


def wanted(path: str, patterns: Iterable[str]) -> bool:
    """Whether a true path matches one of the patterns, or lies in a folder that one names; any does for none."""
    patterns = list(patterns)
    return not patterns or any(fnmatchcase(path, each) or path.startswith(f"{each.rstrip('/')}/") for each in patterns)


def target_of(to: Path, path: str, sound: dict[str, Path] | None = None) -> Path:
    """Where `path` goes; refused when a link inside `to` leads out of it.

    Args:
        sound: folders that were found to lie inside, for this call and the next; each is looked at once.
    """
    folder, _, name = path.rpartition("/")
    sound = {} if sound is None else sound
    if folder not in sound:
        parent = to / folder
        if not parent.resolve().is_relative_to(to.resolve()):
            raise CannotWrite(
                f"{to / path}: a link on the way leads out of {to}",
                hint="restore into an empty folder",
                path=str(to / path),
            )
        sound[folder] = parent
    return sound[folder] / name


def copy_whole(
    source: OnDisc | Opened, file: File, target: Path, whole: WholeFiles, where: str = "the disc(s)"
) -> None:
    """Copy a file to where it goes.

    Args:
        source: its bytes, from the first on.
        where: they are read from, for people.
    Raises:
        Damaged: they are not what was sealed; the file was not written.
        CannotWrite: full disk, or the like.
    """
    digest = hashlib.sha256()
    with whole.file(target) as out:
        with hashing(file.bytes) as update:
            while chunk := source.read(_CHUNK):
                update(chunk, digest)
                left = memoryview(chunk)
                while left:
                    left = left[out.write(left) :]
        if digest.hexdigest() != file.sha256:
            raise Damaged(
                f"{file.path}: its bytes on {where} do not match its SHA-256; it was not written",
                hint="check and mend the discs: `heliograph archive verify`, `heliograph archive repair`",
                path=file.path,
            )
        set_time(out.fileno(), file)


def locked(set_id: str) -> Locked:
    """The refusal to restore what is encrypted."""
    return Locked(
        f"set {set_id} is encrypted",
        hint="give --identity FILE or --passphrase; without Heliograph, README.txt on each disc says how",
        set_id=set_id,
    )


def in_the_way(target: Path) -> CannotWrite:
    """The refusal to replace a file."""
    return CannotWrite(
        f"{target}: a file of this name is there already, with other contents",
        hint="choose another folder (--to), or say --overwrite",
        path=str(target),
    )


def set_time(target: Path | int, file: File) -> None:
    """Give a restored file, by path or open, its modification time, where it was kept."""
    if file.modified:
        with contextlib.suppress(OSError, ValueError):  # a file system without times is no reason to fail
            at_s = datetime.fromisoformat(file.modified).timestamp()
            os.utime(target, (at_s, at_s))


def is_same(target: Path, file: File) -> bool:
    """Whether `target` has the very contents of `file`."""
    try:
        if not target.is_file() or target.stat().st_size != file.bytes:
            return False
        with target.open("rb") as there:
            return hashlib.file_digest(there, "sha256").hexdigest() == file.sha256
    except OSError:
        return False


def _lost(view: SetView, lost: Sequence[File], restored: int) -> DiscsLost:
    gone = {piece.disc for file in lost for piece in file.pieces if piece.disc not in view.discs}
    return discs_missing(view.set_id, sorted(gone), lost, restored)


def discs_missing(set_id: str, discs: Sequence[str], lost: Sequence[File], restored: int) -> DiscsLost:
    """Which files could not be restored, for want of which discs."""
    return DiscsLost(
        f"set {set_id}: {counted(len(lost), 'file')} cannot be had without disc {', '.join(discs)}: "
        f"{', '.join(file.path for file in lost[:5])}{' …' if len(lost) > 5 else ''}; "
        f"{counted(restored, 'file')} restored",
        hint="add the missing discs, or rebuild them with `heliograph archive repair`, and run the same command again",
        set_id=set_id,
        discs=list(discs),
        files=[file.path for file in lost],
    )
