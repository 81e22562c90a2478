"""Pack the files of an old set into a new one, each held against the SHA-256 that the old set gives."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from heliograph.archive.medium import Medium
from heliograph.archive.migrate.ticket import Ticket
from heliograph.archive.read.reader import SetView, find_sets
from heliograph.archive.seal.pack import Gathered, Source
from heliograph.archive.seal.plan import tidy_title
from heliograph.archive.seal.seal import seal
from heliograph.archive.texts.custody import Step
from heliograph.archive.texts.index import File, Index
from heliograph.errors import DiscWrong

if TYPE_CHECKING:
    from heliograph.archive.catalog import Where
    from heliograph.archive.secret import Holders
    from heliograph.archive.signing import Signer

__all__ = ["Wishes", "repack"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the new set is to be."""

    medium: Medium
    parity: int = 0
    redundancy: float | None = None
    """That of the old set if not given."""
    title: str = ""
    """That of the old set if not given."""
    signer: Signer | None = None
    holders: Holders | None = None
    """For whom to encrypt the new set; nobody, for None."""


@dataclass(frozen=True, slots=True)
class _OnOldDisc(Source):
    """A file of the old set: read from its discs, each sector held against its checksum."""

    view: SetView | None = None

    def open(self) -> io.RawIOBase:
        assert self.view is not None
        return cast("io.RawIOBase", self.view.open(self.name))


def repack(
    view: SetView,
    opened: SetView,
    to: Path,
    wishes: Wishes,
    custody: tuple[Step, ...],
    date: datetime,
    catalog: Where,
    progress: Callable[[str, int, int], None] | None,
) -> tuple[Index, tuple[Path, ...]]:
    """Seal the files of a set anew, but those that the last step of the custody calls lost; the new set, its images.

    A set in `to` that a killed migration had finished already, on another day perhaps, is taken as it is.

    Args:
        view, opened: the old set as it stands on its discs, whose names the custody has, and with its true names; both
            the same, of a set that is not encrypted.
    Raises:
        DiscWrong: a file is not what the old set says; nothing was written. Others as `seal`, and as `Ticket`.
    """
    from heliograph.archive.catalog import enter

    old = opened.index
    ticket = None if wishes.holders is None else Ticket(to, old.set_id, wishes.holders)
    redundancy = old.redundancy if wishes.redundancy is None else wishes.redundancy
    title = tidy_title(wishes.title or old.title)
    wished = (wishes.parity, redundancy, title, wishes.signer is not None, wishes.holders is not None)
    there = _finished(to, custody[-1], wished, ticket)
    if there is not None:
        # Whoever was killed may have been so before the set was entered.
        index, images = there
        placed = zip((disc.name for disc in index.discs), images, strict=True)
        enter(catalog, index, {name: (path, path.stat().st_size) for name, path in placed})
        return there
    lost = {file.path for file in custody[-1].lost}
    gone = {file.pieces for file in view.index.files if file.path in lost}
    sources = tuple(
        _OnOldDisc(file.path, _place(opened, file.path), file.bytes, _modified_s(file), opened)
        for file in old.files
        if file.pieces not in gone
    )
    expected = {file.path: file.sha256 for file in old.files}
    new = seal(
        Gathered(sources, old.folders),
        to,
        date=date,
        medium=wishes.medium,
        parity=wishes.parity,
        redundancy=redundancy,
        title=title,
        keys={file.path: file.keys for file in old.files if file.keys},
        extra=old.extra,
        about=old.about,
        keep_times=any(file.modified for file in old.files),
        custody=custody,
        catalog=catalog,
        holders=wishes.holders,
        set_id="" if ticket is None else ticket.begin(),
        signer=wishes.signer,
        prove=lambda index: _prove(index, expected, old.set_id),
        progress=progress,
    )
    return new.index, tuple(disc.path for disc in new.discs)


def _finished(
    to: Path, step: Step, wished: tuple[int, float, str, bool, bool], ticket: Ticket | None
) -> tuple[Index, tuple[Path, ...]] | None:
    """The whole set in `to` that this very migration has written, if there is one.

    Raises:
        CannotWrite: it is encrypted, and nothing says for whom.
    """
    found = find_sets([to])
    try:
        for view in found.sets:
            index = view.index
            same = any(
                (one.index_sha256, one.medium, one.lost) == (step.index_sha256, step.medium, step.lost)
                for one in index.custody[-1:]
            )
            has = (len(index.parity_discs), index.redundancy, index.title, bool(index.signed_by), index.locked)
            if same and has == wished and not view.missing:
                if ticket is not None:
                    ticket.check(view)
                return index, tuple(view.discs[disc.name].where for disc in index.discs)
    finally:
        found.close()
    return None


def _prove(new: Index, expected: Mapping[str, str], old: str) -> None:
    for file in new.files:
        if file.sha256 != expected[file.path]:
            raise DiscWrong(
                f"set {old}: {file.path}: its bytes do not match its SHA-256; no disc was written",
                hint="check the old discs: `heliograph archive verify`",
            )


def _place(view: SetView, path: str) -> Path:
    """The disc on which a file begins, for messages."""
    disc = view.discs.get(view.files[path].pieces[0].disc)
    return disc.where if disc is not None else Path(path)


def _modified_s(file: File) -> float:
    try:
        return datetime.fromisoformat(file.modified).timestamp() if file.modified else 0.0
    except (ValueError, OverflowError, OSError):
        raise DiscWrong(
            f"{file.path}: modified: {file.modified[:40]!r} is no instant",
            hint="this set was not sealed by Heliograph or has been tampered with",
        ) from None
