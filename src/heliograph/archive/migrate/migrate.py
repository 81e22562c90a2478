"""Migrate: sealed discs onto new ones, and the chain of custody with them.

    check every source ──► mend into a folder aside ──► repack: a new set, every file held against its SHA-256
                                                   └──► refresh: the same images, byte for byte
                       ──► check what was written ──► register

Sources are only read. What cannot be had is refused by name, or, when told to go on, let go by name: the custody of the
new set says which files are not in it, and why. A killed migration leaves the sources as they were, and partial images;
the same command goes on from there.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from heliograph import __version__
from heliograph.archive.care.measure import measured
from heliograph.archive.care.migrations import earlier_steps, enter_migration
from heliograph.archive.care.register import DiscId, Register, Shelf
from heliograph.archive.catalog import check, default_catalog
from heliograph.archive.iso.names import readable
from heliograph.archive.medium import Medium
from heliograph.archive.migrate.locked import check_keys, check_names, unlocked
from heliograph.archive.migrate.refresh import refresh
from heliograph.archive.migrate.repack import Wishes, repack
from heliograph.archive.migrate.sources import Sources, opened
from heliograph.archive.migrate.ticket import Ticket
from heliograph.archive.read.reader import SetView
from heliograph.archive.texts.custody import REFRESH, REPACK, LostFile, Step, chained, read_beside
from heliograph.archive.texts.index import Index, encode
from heliograph.archive.verify.check import DiscState
from heliograph.archive.verify.verify import verify
from heliograph.errors import DiscsLost, HeliographError, UsageWrong
from heliograph.files import cannot_write

if TYPE_CHECKING:
    from heliograph.archive.catalog import Where
    from heliograph.archive.secret import Holders, Keyring
    from heliograph.archive.signing import Signer

__all__ = ["Migrated", "migrate"]

_ASIDE: Final = "migrating.partial"
"""The folder in the new one that mended discs are written to; gone at the end."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Migrated:
    """One set that was migrated."""

    old: Index
    new: Index
    """The same after a refresh."""
    step: Step
    images: tuple[Path, ...]
    beside: tuple[Path, ...] = ()
    """The custody beside the images, after a refresh."""


def migrate(
    paths: Sequence[Path],
    to: Path,
    register: Register,
    *,
    date: datetime,
    now: Callable[[], datetime],
    medium: Medium | None = None,
    parity: int = 0,
    redundancy: float | None = None,
    title: str = "",
    operator: str = "",
    partial: bool = False,
    signer: Signer | None = None,
    ring: Keyring | None = None,
    holders: Holders | None = None,
    catalog: Where | None = None,
    progress: Progress | None = None,
) -> list[Migrated]:
    """Bring every set that the paths hold into the folder `to`, each as a set of its own.

    Args:
        paths: image files, mounted discs, or folders of them; all discs of a set, or so many that its parity replaces
            the rest.
        register: where the migration, and the first test of each new disc, is entered.
        date: stamped on the new sets; with it, the same sources give the same bytes.
        now: the clock, for the tests.
        medium: repack for this one; None copies the images as they are.
        parity, redundancy, title: of the new sets, as of `seal`; the old redundancy and title if not given.
        operator: who did it, for the custody.
        partial: take what can be had, when not all can.
        catalog: as of `seal`.
        signer: signs new sets; images that are copied as they are keep their signatures.
        ring: opens encrypted sets, to pack them anew; to copy their images takes no key.
        holders: encrypt the new sets for them. A set that was encrypted is never written in the clear.
    Raises:
        NotFound, DiscWrong: no discs of Heliograph there. UsageWrong: wishes that need a medium, or `to` is a source,
            or a set is encrypted and there are no holders.
        Locked: no key opens it.
        SectorsLost, DiscsLost: files or discs cannot be had; nothing was written of that set.
        DoesNotFit, CannotWrite: as `seal`.
    """
    if medium is None and (parity or redundancy is not None or title or signer is not None or holders is not None):
        raise UsageWrong(
            "without a medium the images are copied as they are: parity, redundancy, title, keys and signatures stay",
            hint="name a --medium to have the files packed anew",
        )
    _make(to, paths)
    register.check()
    check(catalog or default_catalog(to))
    wishes = None if medium is None else Wishes(medium, parity, redundancy, title, signer, holders)
    if wishes is not None:
        check_keys(paths, ring, holders)
    aside = to / _ASIDE
    try:
        with opened(paths, aside, register, every_disc=medium is None, before=date, progress=progress) as sources:
            where = catalog or default_catalog(to)
            work = _Work(sources, to, register, date, now, readable(operator), partial, ring, where, progress)
            return [work.refresh(view) if wishes is None else work.repack(view, wishes) for view in sources.views]
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is the same for every set."""

    sources: Sources
    to: Path
    register: Register
    date: datetime
    now: Callable[[], datetime]
    operator: str
    partial: bool
    ring: Keyring | None
    catalog: Where
    progress: Progress | None

    def repack(self, view: SetView, wishes: Wishes) -> Migrated:
        """The files in a new set.

        The custody has the names that stand on the old discs: of an encrypted set, none of the true ones.

        Raises:
            UsageWrong, Locked: as `unlocked` and `check_names`.
        """
        opened = unlocked(view, self.ring, wishes.holders)
        lost = self.sources.lost_files(view, let_go=self.partial)
        step = self._step(view, REPACK, wishes.medium.name, lost)
        custody = (*self._earlier(view, step), step)
        if wishes.holders is not None:
            check_names(view.set_id, custody)
        new, images = repack(view, opened, self.to, wishes, custody, self.date, self.catalog, self.progress)
        step = new.custody[-1]
        self._enter(view.index, new, step, images)
        if wishes.holders is not None:
            Ticket(self.to, view.set_id, wishes.holders).end()
        return Migrated(view.index, new, step, images)

    def refresh(self, view: SetView) -> Migrated:
        """The same images."""
        gone = [disc.name for disc in view.index.discs if self.sources.uncertain(view, disc.name)]
        if gone:
            trouble = self.sources.trouble
            kind = DiscsLost if trouble is None else type(trouble)
            raise kind(
                f"set {view.set_id}: disc {', '.join(gone)} cannot be had, and images are copied all or none"
                + (f": {trouble.message}" if trouble is not None else ""),
                hint="find them; or name a --medium to have the files packed anew, and --partial to take what there is",
                set_id=view.set_id,
                discs=gone,
            )
        step = self._step(view, REFRESH, "", ())
        images, beside = refresh(view, self.to, (*self._earlier(view, step), step), self.catalog, self.progress)
        self._enter(view.index, view.index, step, images)
        return Migrated(view.index, view.index, step, images, beside)

    def _step(self, view: SetView, way: str, medium: str, lost: tuple[LostFile, ...]) -> Step:
        index = view.index
        return Step(
            self.date.astimezone(UTC).isoformat(timespec="seconds"),
            way,
            f"heliograph {__version__}",
            index.set_id,
            index.title,
            index.created,
            index.software,
            hashlib.sha256(encode(index)).hexdigest(),
            len(index.files),
            index.bytes,
            tuple(self.sources.old_disc(view, disc.name) for disc in index.discs),
            self.operator,
            index.signed_by,
            medium,
            lost,
        )

    def _earlier(self, view: SetView, step: Step) -> tuple[Step, ...]:
        """The chain so far: on the discs, beside their images, and in the register; never this very step.

        A run that was killed may have entered the step already, with the tests made until then.
        """
        beside = [read_beside(folder, view.set_id) for folder in self.sources.folders(view.set_id)]
        untested = msgspec.structs.replace(step, discs=())
        known = tuple(
            each
            for each in earlier_steps(self.register, view.set_id)
            if msgspec.structs.replace(each, discs=()) != untested
        )
        return tuple(each for each in chained(view.index.custody, *beside, known) if each != step)

    def _enter(self, old: Index, new: Index, step: Step, images: Sequence[Path]) -> None:
        """Check what was written, in full, and enter it.

        Raises:
            Damaged, SectorsLost, DiscWrong: it does not read back as it was written.
        """
        states: list[DiscState] = []
        wrong: HeliographError | None = verify(images, progress=self.progress, each=states.append).error()
        if wrong is not None:
            raise type(wrong)(
                f"written, and yet {wrong.message}",
                hint="the disk of --to may be failing: move these images away, and run the same command again",
            )
        tests = [test for state in states if (test := measured(state, self.now(), deep=True)) is not None]
        sealed = datetime.fromisoformat(new.created)
        self.register.enter([Shelf(DiscId(new.set_id, disc.name), sealed, new.title) for disc in new.discs], tests)
        enter_migration(self.register, old.set_id, new.set_id, step)


def _make(to: Path, paths: Sequence[Path]) -> None:
    """Make the folder, which must not hold a source: sources are never touched."""
    for path in paths:
        if to.resolve() == (path.resolve() if path.is_dir() else path.resolve().parent):
            raise UsageWrong(
                f"{to}: holds a source, and sources are never touched", hint="choose another folder (--to)"
            )
    try:
        to.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise cannot_write(to, wrong) from None
