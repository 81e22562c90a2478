"""Restore from discs that come one at a time, to a drive or a folder whose contents change.

Each disc is asked for once, in the order of the set; whichever needed disc is there is read. A file in pieces grows
aside, piece by piece, and gets its name when it is whole and matches its SHA-256; so does an encrypted one, which is
opened where it lies then. Files in one piece are made sure of and named many at a time, the last before the next disc
is asked for.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BufferedRandom
from pathlib import Path
from typing import TYPE_CHECKING, Final

from heliograph.archive.iso.names import safe_path
from heliograph.archive.read.checked import Mending
from heliograph.archive.read.disc import DiscFolder, DiscImage, OnDisc, Run
from heliograph.archive.read.reader import find_sets
from heliograph.archive.read.restore import (
    Restored,
    copy_whole,
    discs_missing,
    in_the_way,
    is_same,
    set_time,
    target_of,
    wanted,
)
from heliograph.archive.texts.index import File, Index, Piece, volume_name
from heliograph.errors import Damaged, DiscWrong, HeliographError, NotFound
from heliograph.files import WholeFiles, cannot_write, whole_file
from heliograph.units import counted

if TYPE_CHECKING:
    from heliograph.archive.secret import Keyring
    from heliograph.archive.secret.setkey import SetKey
    from heliograph.archive.signing.keys import Public

__all__ = ["SKIP", "STOP", "Ask", "restore_by_turns"]

_CHUNK: Final = 1 << 20
SKIP: Final = "skip"
"""Go on without this disc."""
STOP: Final = "stop"
"""Ask for no disc any more."""

Ask = Callable[[str, str], str]
"""Told which disc is wanted (a volume name, or nothing for the first) and what is there instead; SKIP, STOP, or else
the disc has been changed."""


def restore_by_turns(
    paths: Sequence[Path],
    to: Path,
    ask: Ask,
    *,
    patterns: Sequence[str] = (),
    set_id: str | None = None,
    overwrite: bool = False,
    ring: Keyring | None = None,
    signers: Sequence[Public] = (),
    mending: Mending | None = None,
) -> Restored:
    """Copy the files that match one of the patterns (all, for none) below `to`, asking for the discs they stand on.

    Args:
        paths: where discs appear: a mount point, an image, or a pattern such as `in/*.iso`, looked up anew each time.
        set_id: which set; that of the first disc if not given.
        ring: keys of an encrypted set.
        signers: one of these keys must have signed each disc, before a byte of it is used; anyone may, for none.
        mending: read what is damaged from the parity of its disc; as of `reader.open_set`.
    Raises:
        NotFound: no file matches, or no disc ever came. DiscsLost: files stand on discs that were skipped.
        Damaged, DiscWrong: a file's bytes are not what was sealed; all that could be restored was.
        CannotWrite: full disk, read-only folder, or another file is in the way.
        Locked: the set is encrypted, and no key opens it. SignatureWrong: a disc is not signed by one of `signers`.
    """
    work: _Work | None = None
    try:
        while True:
            before = -1 if work is None else len(work.waiting)
            work, there = _read_what_is_there(paths, to, work, patterns, set_id, overwrite, ring, signers, mending)
            if work is None:
                if ask("", there) in (SKIP, STOP):
                    raise NotFound(
                        f"{', '.join(map(str, paths))}: no disc of Heliograph came",
                        hint="give the mount point, an image, or a pattern such as 'in/*.iso'",
                    )
                continue
            if not work.waiting:
                return work.result()
            wanted_disc = volume_name(work.index.set_id, work.waiting[0])
            answer = ask(wanted_disc, there if len(work.waiting) == before else "")
            if answer in (SKIP, STOP):
                count = 1 if answer == SKIP else len(work.waiting)
                work.skipped += work.waiting[:count]
                del work.waiting[:count]
                if not work.waiting:
                    return work.result()
    except BaseException as wrong:  # Ctrl-C while a person is asked, too: nothing half stays
        if work is not None:
            work.drop_all(wrong)
        raise


@dataclass(slots=True)
class _Growing:
    """A file of which some pieces are there."""

    stack: ExitStack
    aside: Path
    out: BufferedRandom
    left: set[Piece]


@dataclass(slots=True)
class _Work:
    """What is still to do, and what was done."""

    index: Index
    index_text: bytes
    to: Path
    files: list[File]
    waiting: list[str]
    skipped: list[str] = field(default_factory=list)
    written: list[Path] = field(default_factory=list)
    already: list[Path] = field(default_factory=list)
    growing: dict[str, _Growing] = field(default_factory=dict)
    refused: dict[str, HeliographError] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    key: SetKey | None = field(default=None, repr=False)

    def read(self, disc: str, source: DiscImage | DiscFolder) -> None:
        """Copy every wanted piece that stands on a disc."""
        sound: dict[str, Path] = {}
        with WholeFiles() as whole:
            for file in self.files:
                if file.path in self.done or file.path in self.refused:
                    continue
                for piece in file.pieces:
                    if piece.disc == disc:
                        try:
                            self._take(file, piece, source, target_of(self.to, file.path, sound), whole)
                        except (Damaged, DiscWrong) as wrong:
                            self.refused[file.path] = wrong
                            self._drop(file.path, wrong)
                            break
        self.waiting.remove(disc)

    def _take(self, file: File, piece: Piece, source: DiscImage | DiscFolder, target: Path, whole: WholeFiles) -> None:
        run = source.run(piece.path)
        if run.bytes != piece.bytes:
            raise DiscWrong(f"{source.where}: {piece.path}: expected {piece.bytes:,} bytes, found {run.bytes:,}")
        if len(file.pieces) > 1 or self.key is not None:
            self._grow(file, piece, run, target)
            return
        copy_whole(OnDisc([run]), file, target, whole, f"disc {piece.disc}")
        self.written.append(target)
        self.done.add(file.path)

    def _grow(self, file: File, piece: Piece, run: Run, target: Path) -> None:
        if file.path not in self.growing:
            stack = ExitStack()
            aside = stack.enter_context(whole_file(target))
            self.growing[file.path] = _Growing(stack, aside, aside.open("w+b"), set(file.pieces))
        one = self.growing[file.path]
        reader, digest = OnDisc([run]), hashlib.sha256()
        one.out.seek(piece.start)
        try:
            while chunk := reader.read(_CHUNK):
                digest.update(chunk)
                one.out.write(chunk)
        except OSError as wrong:
            raise cannot_write(target, wrong) from None
        one.left.discard(piece)
        right = digest.hexdigest() == piece.sha256
        if right and not one.left:
            one.out.seek(0)
            if self.key is not None:
                from heliograph.archive.secret.stream import open_in_place

                right = open_in_place(one.out, self.key, file.path) == file.sha256
            else:
                right = len(file.pieces) == 1 or hashlib.file_digest(one.out, "sha256").hexdigest() == file.sha256
        if not right:
            raise Damaged(
                f"{file.path}: its bytes on disc {piece.disc} do not match its SHA-256; it was not written",
                hint="check and mend the disc: `heliograph archive verify`, `heliograph archive repair`",
                path=file.path,
            )
        if not one.left:
            one.out.close()
            one.stack.close()
            del self.growing[file.path]
            set_time(target, file)
            self.written.append(target)
            self.done.add(file.path)

    def _drop(self, path: str, wrong: BaseException) -> None:
        one = self.growing.pop(path, None)
        if one is not None:
            one.out.close()
            one.stack.__exit__(type(wrong), wrong, None)

    def drop_all(self, wrong: BaseException) -> None:
        """Remove what is not whole."""
        for path in list(self.growing):
            self._drop(path, wrong)

    def result(self) -> Restored:
        """What was restored.

        Raises:
            DiscsLost, Damaged, DiscWrong: not all of it.
        """
        whole = len(self.written) + len(self.already)
        lost = [file for file in self.files if file.path not in self.done and file.path not in self.refused]
        if self.refused:
            first = next(iter(self.refused.values()))
            many = len(self.refused) + len(lost)
            wrong = type(first)(
                f"{first.message}; {counted(whole, 'file')} restored, {many} not", hint=first.hint, **first.fields
            )
            self.drop_all(wrong)
            raise wrong
        if lost:
            gone = {piece.disc for file in lost for piece in file.pieces if piece.disc in self.skipped}
            missing = discs_missing(self.index.set_id, sorted(gone), lost, whole)
            self.drop_all(missing)
            raise missing
        return Restored(tuple(self.written), tuple(self.already), sum(file.bytes for file in self.files))


def _read_what_is_there(
    paths: Sequence[Path],
    to: Path,
    work: _Work | None,
    patterns: Sequence[str],
    set_id: str | None,
    overwrite: bool,
    ring: Keyring | None,
    signers: Sequence[Public],
    mending: Mending | None,
) -> tuple[_Work | None, str]:
    """Read every needed disc that is there now; the work, and what is there if that is of no use."""
    here = [Path(each) for path in paths for each in ([path] if path.exists() else sorted(glob.glob(str(path))))]  # noqa: PTH207
    found = find_sets(here, mending=mending)
    try:
        for view in found.sets:
            meant = set_id is None or view.is_called(set_id)
            if signers and meant:
                from heliograph.archive.read.trust import require

                require(view, signers)
            if work is None and meant:
                text = next(iter(view.discs.values())).index_text
                if view.index.locked:
                    from heliograph.archive.read.unlock import unlock
                    from heliograph.archive.secret import Keyring

                    opened = unlock(view, ring or Keyring())
                    work = _begin(opened.index, text, to, patterns, overwrite)
                    work.key = opened.key
                else:
                    work = _begin(view.index, text, to, patterns, overwrite)
            # The index tells sets apart, even two of one id.
            if work is not None and next(iter(view.discs.values())).index_text == work.index_text:
                for name, disc in view.discs.items():
                    if name in work.waiting:
                        work.read(name, disc)
        there = [volume_name(view.set_id, name) for view in found.sets for name in view.discs]
        there += [wrong.message for wrong in found.unread.values()]
        return work, ", ".join(there)
    except BaseException as wrong:
        if work is not None:
            work.drop_all(wrong)
        raise
    finally:
        found.close()


def _begin(index: Index, text: bytes, to: Path, patterns: Sequence[str], overwrite: bool) -> _Work:
    files = [file for file in index.files if wanted(file.path, patterns)]
    folders = [folder for folder in index.folders if wanted(folder, patterns)]
    if not files and not folders and patterns:
        raise NotFound(
            f"set {index.set_id}: no file matches {', '.join(patterns)}", hint="`heliograph archive ls` names its files"
        )
    for path in (*(file.path for file in files), *folders):
        safe_path(path)
    work = _Work(index, text, to, files, [])
    sound: dict[str, Path] = {}
    for file in files:
        target = target_of(to, file.path, sound)
        if target.exists() and is_same(target, file):
            work.already.append(target)
            work.done.add(file.path)
        elif target.exists() and not overwrite:
            raise in_the_way(target)
    for folder in folders:
        try:
            target_of(to, folder).mkdir(parents=True, exist_ok=True)
        except OSError as wrong:
            raise cannot_write(to / folder, wrong) from None
    needed = {piece.disc for file in files if file.path not in work.done for piece in file.pieces}
    work.waiting = [disc.name for disc in index.discs if disc.name in needed]
    return work
