"""Pack the files of an old set into a new one, each held against the SHA-256 that the old set gives."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from heliograph.archive.custody import Step
from heliograph.archive.index import Index
from heliograph.archive.medium import Medium
from heliograph.archive.pack import Gathered, Source
from heliograph.archive.plan import tidy_title
from heliograph.archive.reader import SetView, find_sets
from heliograph.archive.seal import seal
from heliograph.errors import DiscWrong

if TYPE_CHECKING:
    from heliograph.archive.catalog import Where
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


@dataclass(frozen=True, slots=True)
class _OnOldDisc(Source):
    """A file of the old set: read from its discs, each sector held against its checksum."""

    view: SetView | None = None

    def open(self) -> io.RawIOBase:
        assert self.view is not None
        return cast("io.RawIOBase", self.view.open(self.name))


def repack(
    view: SetView,
    to: Path,
    wishes: Wishes,
    custody: tuple[Step, ...],
    date: datetime,
    catalog: Where,
    progress: Callable[[str, int, int], None] | None,
) -> tuple[Index, tuple[Path, ...]]:
    """Seal the files of a set anew, but those that the last step of the custody calls lost; the new set, its images.

    A set in `to` that a killed migration had finished already, on another day perhaps, is taken as it is.

    Raises:
        DiscWrong: a file is not what the old set says; nothing was written. Others as `seal`.
    """
    from heliograph.archive.catalog import enter

    old = view.index
    redundancy = old.redundancy if wishes.redundancy is None else wishes.redundancy
    title = tidy_title(wishes.title or old.title)
    there = _finished(to, custody[-1], (wishes.parity, redundancy, title, wishes.signer is not None))
    if there is not None:
        # Whoever was killed may have been so before the set was entered.
        index, images = there
        placed = zip((disc.name for disc in index.discs), images, strict=True)
        enter(catalog, index, {name: (path, path.stat().st_size) for name, path in placed})
        return there
    gone = {file.path for file in custody[-1].lost}
    sources = tuple(
        _OnOldDisc(file.path, _place(view, file.path), file.bytes, _modified_s(file.modified), view)
        for file in old.files
        if file.path not in gone
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
        signer=wishes.signer,
        prove=lambda index: _prove(index, expected, old.set_id),
        progress=progress,
    )
    return new.index, tuple(disc.path for disc in new.discs)


def _finished(to: Path, step: Step, wished: tuple[int, float, str, bool]) -> tuple[Index, tuple[Path, ...]] | None:
    """The whole set in `to` that this very migration has written, if there is one."""
    found = find_sets([to])
    try:
        for view in found.sets:
            index = view.index
            same = any(
                (one.index_sha256, one.medium, one.lost) == (step.index_sha256, step.medium, step.lost)
                for one in index.custody[-1:]
            )
            has = (len(index.parity_discs), index.redundancy, index.title, bool(index.signed_by))
            if same and has == wished and not view.missing:
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


def _modified_s(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() if text else 0.0
