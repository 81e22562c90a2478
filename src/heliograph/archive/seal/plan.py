"""A disc set drawn in full before a byte is written: which disc holds what, where, and whether it fits.

Every size is known in advance because a hash is as long as any other: the tag files are written once with empty hashes
for their lengths, and again with the true ones when the data has been copied. Which files fit together is found by
trial, and a trial is only counted (`footprint`); the file systems are drawn once, when all discs fit.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from heliograph import __version__
from heliograph.archive.bounds import MOST_FILES
from heliograph.archive.iso.footprint import footprint
from heliograph.archive.iso.image import Layout, lay_out
from heliograph.archive.iso.names import readable
from heliograph.archive.medium import SECTOR, Medium
from heliograph.archive.seal.beside import INDEX, NOTHING_BESIDE, Beside
from heliograph.archive.seal.pack import Gathered, Placed, Source, pack
from heliograph.archive.seal.tags import ImageNote, parity_path, tag_files
from heliograph.archive.texts.custody import Step
from heliograph.archive.texts.index import FORMAT, NO_HASH, Disc, File, Index, Piece, encode, volume_name
from heliograph.errors import CannotWrite, DoesNotFit, UsageWrong

__all__ = [
    "DiscPlan",
    "SetPlan",
    "Wishes",
    "chance_id",
    "draw_parity",
    "plan_set",
    "tidy_title",
    "unreadable",
]

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MAX_PARITY: Final = 16
MAX_DISCS: Final = 255
_LEAST_ROOM: Final = 16
_OVERHEAD: Final = 300
"""Sectors that an empty disc takes at least: where the search for the room of files begins."""
_ENDS: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the caller wants the set."""

    medium: Medium
    title: str
    at: datetime
    parity: int = 0
    redundancy: float = 0.15
    keys: Mapping[str, Mapping[str, tuple[str, str]]] | None = None
    extra: Mapping[str, str] | None = None
    about: str = ""
    keep_times: bool = True
    beside: Beside = NOTHING_BESIDE
    custody: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class DiscPlan:
    """One disc: its layout, and what goes where."""

    disc: Disc
    layout: Layout
    placed: tuple[Placed, ...]
    folders: tuple[str, ...]
    parity_bytes: int = 0


@dataclass(frozen=True, slots=True)
class SetPlan:
    """The whole set, with empty hashes."""

    index: Index
    data: tuple[DiscPlan, ...]
    parity: tuple[DiscPlan, ...]
    explained: str
    beside: Beside = NOTHING_BESIDE

    @property
    def discs(self) -> tuple[DiscPlan, ...]:
        """Data discs, then parity discs."""
        return self.data + self.parity


def tidy_title(title: str) -> str:
    """The title as it stands on the discs: one line, never empty."""
    return " ".join(readable(title).split()) or "Files"


def plan_set(gathered: Gathered, wishes: Wishes, explained: str = "", *, set_id: str = "") -> SetPlan:
    """Draw the discs that hold everything gathered.

    Args:
        explained: how parity is computed, for the guide.
        set_id: stands for the set's name where that is not wanted; then no file is opened. It follows from the ends of
            the files, and no size depends on it.
    Raises:
        DoesNotFit: a disc of this medium cannot hold even its own guide and a piece of a file.
    """
    from heliograph.archive.rs03.layout import SCRATCH_SECTORS, largest_iso

    if not 0 <= wishes.parity <= MAX_PARITY:
        raise UsageWrong(f"parity: expected 0 to {MAX_PARITY} discs, got {wishes.parity}")
    many = len(gathered.sources) + len(gathered.folders)
    if many > MOST_FILES:
        raise DoesNotFit(
            f"{many:,} files: a set has at most {MOST_FILES:,}", hint="seal in several sets, or pack small files first"
        )
    room = largest_iso(wishes.medium.sectors, redundancy=wishes.redundancy, scratch_sectors=SCRATCH_SECTORS)
    set_id = set_id or _set_id(gathered, wishes)
    left, step = max(room - _OVERHEAD, _LEAST_ROOM), 1
    while True:
        if left < _LEAST_ROOM:
            raise DoesNotFit(
                f"{wishes.medium.name}: {wishes.medium.sectors:,} sectors, of which {room:,} remain beside the parity; "
                f"the file system, guide and index of one disc leave no room for files",
                hint="choose a larger --medium or --capacity",
                capacity=wishes.medium.bytes,
            )
        outline = _outline(*pack(gathered, left), gathered, wishes, set_id, explained)
        over = max(disc.sectors for disc in outline.discs) - room
        if over <= 0:
            plan = outline.draw()
            # The count is held against drawn images by tests; what another pycdlib draws is what counts all the same.
            over = max(disc.layout.sectors for disc in plan.discs) - room
            if over <= 0:
                return plan
        # Less room, more discs, a longer index, less room: a growing step ends the chase.
        left -= over + step
        step = min(4 * step, 1 + left // 50)


def draw_parity(
    index: Index, disc: Disc, notes: Sequence[ImageNote], explained: str, shared: Mapping[str, bytes]
) -> DiscPlan:
    """Draw one parity disc; its numbers are as many bytes as the longest data image has."""
    return _parity(index, disc, notes, explained, shared).draw(index)


def unreadable(path: Path, wrong: OSError) -> CannotWrite:
    """The refusal of a file that is there and cannot be opened."""
    return CannotWrite(
        f"{path}: cannot be read: {(wrong.strerror or str(wrong)).lower()}",
        hint="make it readable or leave it out; nothing was written",
    )


@dataclass(frozen=True, slots=True)
class _Disc:
    """One disc before it is drawn: what will stand on it."""

    disc: Disc
    files: tuple[tuple[str, int], ...]
    sectors: int
    placed: tuple[Placed, ...] = ()
    empty: tuple[str, ...] = ()
    parity_bytes: int = 0

    def draw(self, index: Index) -> DiscPlan:
        volume, at = volume_name(index.set_id, self.disc.name), datetime.fromisoformat(index.created)
        layout = lay_out(self.files, ("data", *self.empty), volume=volume, set_id=index.set_id, at=at)
        return DiscPlan(self.disc, layout, self.placed, self.empty, self.parity_bytes)


@dataclass(frozen=True, slots=True)
class _Outline:
    """A set before it is drawn."""

    index: Index
    data: tuple[_Disc, ...]
    parity: tuple[_Disc, ...]
    explained: str
    beside: Beside
    shared: Mapping[str, bytes]

    @property
    def discs(self) -> tuple[_Disc, ...]:
        return self.data + self.parity

    def draw(self) -> SetPlan:
        data = tuple(disc.draw(self.index) for disc in self.data)
        notes = [ImageNote(each.disc.name, each.layout.bytes, NO_HASH) for each in data]
        parity = (draw_parity(self.index, each.disc, notes, self.explained, self.shared) for each in self.parity)
        return SetPlan(self.index, data, tuple(parity), self.explained, self.beside)


def _outline(
    bins: list[list[Placed]], folders: list[str], gathered: Gathered, wishes: Wishes, set_id: str, explained: str
) -> _Outline:
    if len(bins) > 999 or (wishes.parity and len(bins) + wishes.parity > MAX_DISCS):
        raise DoesNotFit(
            f"{len(bins):,} data and {wishes.parity} parity discs: a set has at most 999, or {MAX_DISCS} with parity",
            hint="choose a larger --medium or --capacity, or seal in several sets",
        )
    shared = wishes.beside.files()
    index = wishes.beside.noted(_index(bins, gathered, wishes, set_id), shared)
    shared = {INDEX: encode(index), **shared, **wishes.beside.signed(index)}
    data = []
    for number, (disc, placed) in enumerate(zip(index.data_discs, bins, strict=True)):
        payload = [(each.path, each.bytes, NO_HASH) for each in placed]
        tags = tag_files(index, disc, explained, payload=payload, shared=shared)
        tags |= wishes.beside.signed_disc(index, disc, tags)
        empty = tuple(folders) if number == 0 else ()
        files = (*_sizes(tags), *((each.path, each.bytes) for each in placed))
        data.append(_Disc(disc, files, footprint(files, ("data", *empty)), tuple(placed), empty))
    notes = [ImageNote(each.disc.name, each.sectors * SECTOR, NO_HASH) for each in data]
    parity = tuple(_parity(index, disc, notes, explained, shared) for disc in index.parity_discs)
    return _Outline(index, tuple(data), parity, explained, wishes.beside, shared)


def _parity(index: Index, disc: Disc, notes: Sequence[ImageNote], explained: str, shared: Mapping[str, bytes]) -> _Disc:
    size = max(note.iso_bytes for note in notes)
    payload = [(parity_path(disc), size, NO_HASH)]
    tags = tag_files(index, disc, explained, payload=payload, notes=notes, shared=shared)
    files = (*_sizes(tags), (parity_path(disc), size))
    return _Disc(disc, files, footprint(files, ("data",)), parity_bytes=size)


def _sizes(files: Mapping[str, bytes]) -> list[tuple[str, int]]:
    return [(name, len(content)) for name, content in files.items()]


def _index(bins: list[list[Placed]], gathered: Gathered, wishes: Wishes, set_id: str) -> Index:
    discs = [Disc(f"D{number:02d}", "data", number) for number in range(1, len(bins) + 1)]
    discs += [Disc(f"P{number:02d}", "parity", number) for number in range(1, wishes.parity + 1)]
    pieces: dict[str, list[Piece]] = {source.name: [] for source in gathered.sources}
    for number, placed in enumerate(bins):
        for each in placed:
            pieces[each.source.name].append(Piece(discs[number].name, each.path, each.start, each.bytes, NO_HASH))
    keys = wishes.keys or {}
    files = tuple(
        File(
            source.name,
            source.bytes,
            NO_HASH,
            tuple(sorted(pieces[source.name], key=lambda piece: piece.start)),
            _modified(source) if wishes.keep_times else "",
            dict(keys.get(source.name, {})),
        )
        for source in gathered.sources
    )
    return Index(
        FORMAT,
        set_id,
        wishes.title,
        wishes.at.astimezone(UTC).isoformat(timespec="seconds"),
        f"heliograph {__version__}",
        wishes.redundancy,
        tuple(discs),
        files,
        gathered.folders,
        wishes.about,
        dict(wishes.extra or {}),
        custody=wishes.custody,
    )


def _modified(source: Source) -> str:
    return datetime.fromtimestamp(source.modified_s, UTC).isoformat(timespec="seconds")


def _set_id(gathered: Gathered, wishes: Wishes) -> str:
    """HG and nine letters or digits that follow from the title, date, names, sizes, times and the ends of every file.

    The ends rather than all of it, so that each file is read once; two sets that this confuses still differ in
    index.json, and a reader tells them apart by that.
    """
    digest = hashlib.sha256(repr((wishes.title, wishes.at.isoformat(), wishes.medium.sectors, wishes.parity)).encode())
    digest.update(repr((wishes.redundancy, gathered.folders, wishes.about, SECTOR)).encode())
    if wishes.custody:
        digest.update(msgspec.json.encode(wishes.custody))
    for source in gathered.sources:
        changed_s = source.modified_s if wishes.keep_times else 0.0
        digest.update(repr((source.name, source.bytes, changed_s)).encode())
        try:
            with source.open() as file:
                digest.update(file.read(_ENDS))
                if source.bytes > _ENDS:
                    file.seek(max(_ENDS, source.bytes - _ENDS))
                    digest.update(file.read(_ENDS))
        except OSError as wrong:
            raise unreadable(source.path, wrong) from None
    return _named(int.from_bytes(digest.digest()[:8], "big"))


def chance_id() -> str:
    """The name of an encrypted set: nothing about its files can be guessed from it."""
    return _named(secrets.randbits(64))


def _named(number: int) -> str:
    return "HG" + "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(9))
