"""The discs that are migrated: checked, mended aside where needed, described for the custody. They are only read."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from heliograph.archive.care.register import DiscId, Register, Test, default_register
from heliograph.archive.digest import sha256_of
from heliograph.archive.medium import SECTOR
from heliograph.archive.read.disc import DiscImage
from heliograph.archive.read.reader import SetView, find_sets, image_paths
from heliograph.archive.repair.mend import mend
from heliograph.archive.rescue.door import is_device
from heliograph.archive.texts.custody import LostFile, OldDisc, OldTest
from heliograph.archive.verify.check import DAMAGED, GOOD, LOST, WRONG, DiscState, check_image
from heliograph.archive.verify.verify import Verdict, verify
from heliograph.errors import Damaged, DiscsLost, DiscWrong, HeliographError, NotFound, SectorsLost
from heliograph.units import counted

__all__ = ["Sources", "opened"]

_CHUNK: Final = 1 << 20
_SHOWN: Final = 5

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Sources:
    """Every set that the paths hold, as far as it can be had."""

    views: tuple[SetView, ...]
    """Of sound discs, mended ones, and those past mending, whose good sectors are of use."""
    states: tuple[DiscState, ...]
    """What the check found, before anything was mended."""
    doubtful: frozenset[Path]
    """The images and mounted discs that are past mending, or not what they were."""
    trouble: HeliographError | None
    """What could not be mended."""
    tests: Mapping[DiscId, Sequence[Test]]
    """Earlier tests of the discs."""

    def folders(self, set_id: str) -> list[Path]:
        """The folders in which the discs of a set lie."""
        return sorted({state.where.parent for state in self.states if state.set_id == set_id})

    def uncertain(self, view: SetView, disc: str) -> bool:
        """Whether a disc is missing or past mending."""
        return disc not in view.discs or view.discs[disc].where in self.doubtful

    def lost_files(self, view: SetView, *, let_go: bool) -> tuple[LostFile, ...]:
        """The files of a set that cannot be had, each read in full to know.

        Args:
            let_go: do without them.
        Raises:
            DiscsLost, SectorsLost: there are some, and the caller does not let them go.
        """
        lost = []
        for file in view.index.files:
            if any(self.uncertain(view, piece.disc) for piece in file.pieces):
                why = _why_lost(view, file.path, file.sha256)
                lost += [LostFile(file.path, file.bytes, file.sha256, why)] if why else []
        if lost and not let_go:
            gone = [disc.name for disc in view.missing]
            shown = ", ".join(file.path for file in lost[:_SHOWN]) + (" …" if len(lost) > _SHOWN else "")
            kind = DiscsLost if gone else SectorsLost
            raise kind(
                f"set {view.set_id}: {counted(len(lost), 'file')} cannot be had: {shown}; "
                f"{lost[0].path}: {lost[0].why}",
                hint="find the discs, or read them again in another drive; --partial takes the rest, and says so",
                set_id=view.set_id,
                files=[file.path for file in lost],
                discs=gone,
            )
        return tuple(lost)

    def old_disc(self, view: SetView, name: str) -> OldDisc:
        """A disc as it was found, for the custody."""
        mine = [state for state in self.states if (state.set_id, state.disc) == (view.set_id, name)]
        state = mine[0] if mine else None
        how = "missing" if state is None else {GOOD: "good", DAMAGED: "mended"}.get(state.state, "lost")
        if how in ("missing", "lost") and not self.uncertain(view, name):
            how = "rebuilt"
        here = view.discs.get(name)
        size, digest = 0, ""
        if isinstance(here, DiscImage) and how != "lost":
            size = here.volume.sectors * SECTOR
            digest = sha256_of(here.where, size)
        counts = (state.sectors, state.damaged_sectors, state.worst, state.roots) if state is not None else (0, 0, 0, 0)
        tests = tuple(
            OldTest(one.tested_at.isoformat(), one.depth, one.result, one.damaged_sectors, one.worst, one.roots)
            for one in self.tests.get(DiscId(view.set_id, name), ())
        )
        return OldDisc(name, how, size, digest, *counts, tests=tests)


@contextmanager
def opened(
    paths: Sequence[Path],
    aside: Path,
    register: Register,
    *,
    every_disc: bool,
    before: datetime,
    progress: Progress | None = None,
) -> Iterator[Sources]:
    """Check all that the paths hold, mend what needs it into the folder `aside`, and open the sets.

    Args:
        aside: made when needed; the caller removes it.
        every_disc: parity discs are needed, too.
        before: only tests of earlier days are told, so that the same migration tells the same later that day.
    Raises:
        NotFound: no discs. DiscWrong: an image that is no disc of ours. Damaged: a disc in a drive needs mending.
    """
    verdict = verify(paths, progress=progress)
    for stray in verdict.strays:
        if stray.foreign or stray.state != DAMAGED:
            raise DiscWrong(
                f"{stray.where}: {stray.why or 'not a disc of a set'}",
                hint="leave it away, or seal it as a file; `migrate` copies the discs that `seal` wrote",
            )
    states = tuple(disc for one in verdict.sets for disc in one.discs) + verdict.strays
    for state in states:
        if state.state != GOOD and is_device(state.where):
            raise Damaged(
                f"{state.where}: {state.why}",
                hint=f"bring a damaged disc into an image first: `heliograph archive rescue {state.where}`",
                path=str(state.where),
            )
    trouble = _mend(verdict, states, aside, every_disc=every_disc, progress=progress)
    mended = image_paths([aside]) if aside.is_dir() else []
    if trouble is not None:  # it may be that something was mended, and yet is not what it was
        mended = [path for path in mended if check_image(path, deep=False).state == GOOD]
    good = [state.where for state in states if state.state == GOOD]
    doubtful = [state.where for state in states if state.state in (LOST, WRONG)]
    found = find_sets([*mended, *good, *doubtful])
    try:
        if not found.sets:
            raise trouble or NotFound(
                f"{', '.join(map(str, paths))}: no set can be read", hint="give more of its discs, in any state"
            )
        tests = _known_tests(paths, register, before)
        yield Sources(found.sets, states, frozenset(doubtful), trouble, tests)
    finally:
        found.close()


def _mend(
    verdict: Verdict, states: Sequence[DiscState], aside: Path, *, every_disc: bool, progress: Progress | None
) -> HeliographError | None:
    """Mend and rebuild aside what is needed; what could not be, as the error it is."""
    needed = bool(verdict.strays)
    for one in verdict.sets:
        good = {disc.disc for disc in one.discs if disc.state == GOOD}
        wanted = one.index.discs if every_disc else one.index.data_discs
        needed |= any(disc.name not in good for disc in wanted)
    shutil.rmtree(aside, ignore_errors=True)
    images = [state.where for state in states if state.where.is_file()]
    if not needed or not images:
        return None
    aside.mkdir(parents=True)
    try:
        mend(images, out=aside, whole_sets=True, progress=progress)
    except (SectorsLost, DiscsLost, DiscWrong) as wrong:
        return wrong
    return None


def _known_tests(paths: Sequence[Path], register: Register, before: datetime) -> dict[DiscId, list[Test]]:
    """Earlier tests, from the register and from the ones that lie with the discs."""
    found: dict[DiscId, dict[Test, None]] = {}
    folders = dict.fromkeys(path if path.is_dir() else path.parent for path in paths)
    for book in (register, *(Register(default_register(folder)) for folder in folders)):
        for disc, tests in (book.tests() if book.path.exists() else {}).items():
            found.setdefault(disc, {}).update(dict.fromkeys(test for test in tests if test.tested_at < before))
    return {disc: sorted(tests, key=lambda test: test.tested_at) for disc, tests in found.items()}


def _why_lost(view: SetView, path: str, sha256: str) -> str:
    """Why a file cannot be read whole; nothing when it can, although a disc that it stands on is past mending."""
    digest = hashlib.sha256()
    try:
        file = view.open(path)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    except DiscsLost as wrong:
        return f"disc {wrong.fields.get('disc')} is missing"
    except Damaged as wrong:
        return f"a disc it stands on is damaged past mending, in sector {wrong.fields.get('sector')} among others"
    except DiscWrong as wrong:
        return wrong.message
    return "" if digest.hexdigest() == sha256 else "its bytes do not match its SHA-256"
