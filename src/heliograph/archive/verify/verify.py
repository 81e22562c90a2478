"""Is everything still there? Each disc as `check` finds it, each set against its index."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from heliograph.archive.read.reader import SetView, find_sets, image_paths
from heliograph.archive.rescue import Limits, is_device, rescue
from heliograph.archive.rescue.ddrescue import RescueMap, known_lost
from heliograph.archive.texts.index import Index, image_name
from heliograph.archive.verify.check import DAMAGED, GOOD, LOST, WRONG, DiscState, Progress, check_image
from heliograph.errors import Damaged, DiscsLost, DiscWrong, HeliographError, NotFound, SectorsLost, UsageWrong
from heliograph.files import PARTIAL, cannot_write
from heliograph.units import counted

if TYPE_CHECKING:
    from heliograph.archive.read.trust import Trust
    from heliograph.archive.signing.keys import Public

__all__ = ["PAST_PARITY", "SetState", "Verdict", "discs_lost", "verify"]

PAST_PARITY: Final = "read the disc again, in another drive if there is one, and mend that image"
"""What to do with an image that has no set to rebuild it from."""


@dataclass(frozen=True, slots=True)
class SetState:
    """What a check found of one set."""

    index: Index
    discs: tuple[DiscState, ...]
    missing: tuple[str, ...]
    """Discs of the set that are not here."""
    trust: Trust | None = None
    """Whether one of the signers that were given signed it; None without signers, or where damage hides it."""

    @property
    def gone(self) -> tuple[str, ...]:
        """Discs that only the parity discs can give back."""
        usable = {disc.disc for disc in self.discs if disc.state in (GOOD, DAMAGED)}
        return tuple(disc.name for disc in self.index.discs if disc.name not in usable)

    @property
    def recoverable(self) -> bool:
        """Whether the parity discs that are left replace all that is gone."""
        return len(self.gone) <= len(self.index.parity_discs)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that a check found."""

    sets: tuple[SetState, ...]
    strays: tuple[DiscState, ...]
    """Images that no set here claims."""
    left_behind: tuple[Path, ...] = ()
    """What interrupted commands left."""
    whole_sets: bool = True

    def error(self) -> HeliographError | None:
        """The gravest finding as the error it is, or None when all is good."""
        states = [disc for one in self.sets for disc in one.discs] + list(self.strays)
        # An image whose volume descriptor is damaged cannot say which disc it is before it is mended.
        nameless = sum(1 for disc in self.strays if disc.state == DAMAGED and not disc.foreign)
        for one in self.sets:
            if one.trust is not None and (refused := one.trust.error()) is not None:
                return refused
        for one in self.sets:
            if self.whole_sets and len(one.gone) - nameless > len(one.index.parity_discs) and one.missing:
                left_behind = [path for path in self.left_behind if path.name.startswith(one.index.set_id)]
                return discs_lost(one.index, one.gone, left_behind)
        for disc in states:
            if disc.state == LOST and not self._replaceable(disc):
                return SectorsLost(
                    f"{disc.where}: {disc.why}",
                    hint=PAST_PARITY
                    if disc.foreign
                    else "rebuild this disc from the others of its set: `heliograph archive repair` on all of them",
                    disc=disc.disc,
                    rows=disc.lost_rows,
                )
        for disc in states:
            if disc.state == WRONG and not self._replaceable(disc):
                return DiscWrong(
                    f"{disc.where}: {disc.why}", hint=disc.hint or "this is not, or no longer, a disc of Heliograph"
                )
        bad = [disc.disc or disc.where.name for disc in states if disc.state != GOOD]
        bad += [f"{name} (missing)" for one in self.sets for name in one.missing if self.whole_sets]
        if bad:
            return Damaged(
                f"damage that can be repaired: disc {', '.join(bad)}", hint="mend it now: `heliograph archive repair`"
            )
        return None

    def _replaceable(self, disc: DiscState) -> bool:
        return self.whole_sets and any(disc in one.discs and one.recoverable for one in self.sets)


def discs_lost(index: Index, gone: Sequence[str], left_behind: Sequence[Path] = ()) -> DiscsLost:
    """More discs are gone than parity discs replace."""
    many = len(index.parity_discs)
    hint = f"find {len(gone) - many} more of them, in any readable state, and run the same command again"
    if left_behind:
        hint = f"{left_behind[0].name} is what an interrupted seal left: run the same `heliograph archive seal` again"
    return DiscsLost(
        f"set {index.set_id}: {len(gone)} of {len(index.discs)} discs are gone ({', '.join(gone)}); "
        f"its {counted(many, 'parity disc')} can replace {many}",
        hint=hint,
        set_id=index.set_id,
        gone=list(gone),
        parity=many,
    )


def verify(
    paths: Sequence[Path],
    *,
    deep: bool = True,
    hashes: bool = True,
    rescued: RescueMap | None = None,
    limits: Limits | None = None,
    scratch: Path | None = None,
    signers: Sequence[Public] = (),
    progress: Progress | None = None,
    each: Callable[[DiscState], None] | None = None,
) -> Verdict:
    """Check every image that the paths hold; nothing is written, but for the discs of drives, read into `scratch`.

    Sets are expected to be complete when a folder is given, and not when single images are.

    Args:
        deep: also prove that damage can be mended, and check the parity itself.
        hashes: also hold every file against its SHA-256.
        rescued: what ddrescue could not read of the one image given; of others, the map beside them says so.
        limits: how long to try to read the disc in a drive.
        scratch: the folder in which discs in drives are read, and deleted again; None for the system's.
        signers: one of these must have signed every set.
        progress: told the image's name, sectors done and sectors in all.
        each: given the state of each disc as soon as it is known, so that a caller may keep it.
    Raises:
        NotFound: no images there. UsageWrong: a map, and not one image. CannotWrite: no room in `scratch`.
    """
    images = image_paths(paths)
    left_behind = tuple(
        sorted(each for path in paths if path.is_dir() for each in path.glob(f"*{PARTIAL}*") if each.is_file())
    )
    if not images:
        named = ", ".join(str(path) for path in paths)
        partial = f"; {left_behind[0].name} is what an interrupted seal left" if left_behind else ""
        hint = "run the same `heliograph archive seal` again" if left_behind else "give image files, or their folder"
        raise NotFound(f"{named}: no disc images here{partial}", hint=hint)
    if rescued is not None and (len(images) > 1 or not images[0].is_file()):
        raise UsageWrong("a map tells of one image file", hint="verify that image alone with its map")
    with ExitStack() as stack:
        states: list[DiscState] = []
        drives: dict[Path, Path] = {}
        for image in images:
            if is_device(image):
                state = _check_drive(
                    image, _folder(scratch, stack), limits, deep=deep, hashes=hashes, progress=progress
                )
                drives[state.where] = image
            else:
                lost = known_lost(image, rescued) if image.is_file() else ()
                state = check_image(image, deep=deep, hashes=hashes, lost=lost, progress=progress)
            states.append(state)
            if each is not None:
                each(replace(state, where=drives.get(state.where, state.where)))
        found = find_sets(state.where for state in states)
        try:
            sets, strays = _by_set(found.sets, states, signers)
        finally:
            found.close()

    def by_drive(states: Iterable[DiscState]) -> tuple[DiscState, ...]:
        return tuple(replace(state, where=drives.get(state.where, state.where)) for state in states)

    sets = tuple(replace(one, discs=by_drive(one.discs)) for one in sets)
    return Verdict(sets, by_drive(strays), left_behind, any(path.is_dir() for path in paths))


def _folder(scratch: Path | None, stack: ExitStack) -> Path:
    """A folder of our own to read a disc into, deleted with the stack."""
    try:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heliograph-", dir=scratch)))
    except OSError as wrong:
        raise cannot_write(scratch or Path(tempfile.gettempdir()), wrong) from None


def _check_drive(
    drive: Path, folder: Path, limits: Limits | None, *, deep: bool, hashes: bool, progress: Progress | None
) -> DiscState:
    """Read a disc front to back, as a drive likes it, and check what was read."""
    read = rescue(drive, folder / drive.name, limits=limits, progress=progress)
    state = check_image(read.image, deep=deep, hashes=hashes, lost=read.lost, progress=progress)
    late = "; the time limit was up before all was tried" if read.timed_out else ""
    if state.state == GOOD and read.lost.size:
        # Zeros stand there, and a checksum or the code says that zeros are right; the disc is sick all the same.
        why = f"{read.lost.size:,} of {read.sectors:,} sectors cannot be read, all of them empty"
        return replace(state, state=DAMAGED, why=f"{why}{late}", damaged_sectors=int(read.lost.size))
    return replace(state, why=f"{state.why}{late}") if state.state != GOOD else state


def _by_set(
    views: Iterable[SetView], states: Sequence[DiscState], signers: Sequence[Public]
) -> tuple[tuple[SetState, ...], tuple[DiscState, ...]]:
    sets = []
    left = dict.fromkeys(states)
    for view in views:
        named = {disc.name for disc in view.index.discs}
        # An image too damaged to be opened still says in its volume descriptor which disc it is.
        wheres = {disc.where for disc in view.discs.values()} | set(view.copies)
        mine = []
        for state in list(left):
            known = _named_by_file(state, view) if not state.set_id else state
            if known.where in wheres or (known.set_id == view.set_id and known.disc in named and known.state != GOOD):
                mine.append(known)
                del left[state]
        here = {state.disc for state in mine}
        missing = tuple(disc.name for disc in view.index.discs if disc.name not in here)
        sets.append(SetState(view.index, tuple(mine), missing, _trust(view, signers)))
    return tuple(sets), tuple(left)


def _trust(view: SetView, signers: Sequence[Public]) -> Trust | None:
    if not signers:
        return None
    from heliograph.archive.read.trust import judge

    try:
        return judge(view, signers)
    except Damaged:  # told as the damage it is
        return None


def _named_by_file(state: DiscState, view: SetView) -> DiscState:
    """The disc that an image is by its file name, for want of a readable volume descriptor."""
    for disc in view.index.discs:
        if state.state != GOOD and state.where.name == image_name(view.set_id, disc.name):
            return replace(state, disc=disc.name, set_id=view.set_id)
    return state
