"""Enter sets in the catalog: one that was just sealed, those whose discs are here, or all anew from the discs alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heliograph.archive.catalog.store import Rows, Store
from heliograph.archive.catalog.tables import TABLES
from heliograph.archive.catalog.where import Where, open_store
from heliograph.archive.iso.names import readable
from heliograph.archive.read.identify import Identified, identify
from heliograph.archive.texts.index import Index, encode
from heliograph.errors import CannotWrite, HeliographError, NotFound

if TYPE_CHECKING:
    from heliograph.archive.secret import Keyring

__all__ = ["Entered", "Places", "add", "check", "default_catalog", "enter", "rebuild"]

Places = Mapping[str, tuple[Path, int]]
"""Where each disc's image is and its bytes, by disc name."""


@dataclass(frozen=True, slots=True)
class Entered:
    """What some discs added to a catalog."""

    sets: tuple[Index, ...]
    unread: Mapping[Path, HeliographError]
    """Images that could not be read, with the reason."""
    left: tuple[tuple[str, str], ...] = ()
    """Sets (id, title) of which no disc was here when the catalog was made again: they are as they were."""
    gone: tuple[tuple[str, str], ...] = ()
    """The same, where they were to be forgotten: they are no longer in it."""


def default_catalog(folder: Path) -> Path:
    """The catalog beside the discs in `folder`."""
    return folder / "catalog.sqlite"


def check(catalog: Where) -> None:
    """See that a catalog can be written, before hours of sealing.

    Raises:
        CannotWrite: it cannot. UsageWrong: a URL of another kind, or psycopg is not installed.
    """
    open_store(catalog).check()


def enter(catalog: Where, index: Index, images: Places) -> None:
    """Enter a set, or what is new about the places of its images; a place known before stays when none is given.

    Raises:
        CannotWrite: full disk, no catalog, or another set of the same id is in it.
    """
    store = open_store(catalog)
    with store.writing() as rows:
        _enter(rows, store, index, images)


def add(catalog: Where, paths: Iterable[Path], ring: Keyring | None = None) -> Entered:
    """Enter the sets whose discs the paths hold; what the catalog knows of other sets stays.

    Args:
        ring: opens encrypted sets: they are entered under their true names, in the clear.
    Raises:
        NotFound: a path does not exist, or holds no disc of ours. CannotWrite: as `enter`; then none is entered.
        DiscWrong, Damaged: there are images, but none that can be read. Locked: the ring does not open a set.
    """
    store = open_store(catalog)
    paths = list(paths)
    found = identify(paths, ring)
    _refuse_none(paths, found)
    with store.writing() as rows:
        _enter_all(rows, store, found)
    return _entered(found)


def rebuild(
    catalog: Where, paths: Iterable[Path], ring: Keyring | None = None, *, forget_absent: bool = False
) -> Entered:
    """Enter the sets whose discs are here anew, from the discs alone, in one transaction.

    What cannot be read here stays as others entered it: sets of which no disc is here, and where the other discs of a
    set were seen. Sets that others enter while the discs are read stay in any case.

    Args:
        ring: opens encrypted sets: they are entered under their true names, in the clear; without it by their numbers.
        forget_absent: the catalog is to say what these discs say, and nothing else.
    Raises:
        Locked: a set is encrypted, and the ring does not open it.
        NotFound: a path does not exist, or holds no disc of ours and nothing is to be forgotten. DiscWrong, Damaged: as
        `add`. CannotWrite: the catalog cannot be written; it is as it was.
    """
    store = open_store(catalog)
    before = _known(store)
    paths = list(paths)
    found = identify(paths, ring)
    if not forget_absent:
        _refuse_none(paths, found)
    present = {here.index.set_id for here in found.sets}
    absent = tuple((set_id, title) for set_id, title in before.items() if set_id not in present)
    with store.writing() as rows:
        for set_id in before if forget_absent else before.keys() & present:
            _forget(rows, set_id, places=forget_absent)
        _enter_all(rows, store, found)
    return _entered(found, gone=absent) if forget_absent else _entered(found, left=absent)


def _refuse_none(paths: list[Path], found: Identified) -> None:
    """Say what is wrong when no disc was found.

    Raises:
        NotFound, DiscWrong, Damaged: as `add`.
    """
    if found.sets:
        return
    for wrong in found.unread.values():
        raise wrong
    named = ", ".join(map(str, paths))
    raise NotFound(f"{named}: no discs of Heliograph here", hint="give image files, mounted discs, or a folder")


def _entered(
    found: Identified, *, left: tuple[tuple[str, str], ...] = (), gone: tuple[tuple[str, str], ...] = ()
) -> Entered:
    return Entered(tuple(here.opened or here.index for here in found.sets), found.unread, left, gone)


def _known(store: Store) -> dict[str, str]:
    try:
        with store.reading() as rows:
            return dict(rows.ask("SELECT set_id, title FROM sets ORDER BY created, set_id"))
    except NotFound:
        return {}


def _forget(rows: Rows, set_id: str, *, places: bool) -> None:
    """Take a set out; where its discs were seen, too, or not."""
    for table in TABLES:
        if places or table != "discs":
            rows.do(f"DELETE FROM {table} WHERE set_id = ?", set_id)


def _enter_all(rows: Rows, store: Store, found: Identified) -> None:
    for here in found.sets:
        _enter(rows, store, here.index, here.images, here.opened)


def _enter(rows: Rows, store: Store, index: Index, images: Places, opened: Index | None = None) -> None:
    """Enter a set under the names of its index, or of what a key has `opened`; it stays the set of its index."""
    one, sha256 = index.set_id, hashlib.sha256(encode(index)).hexdigest()
    before = next(rows.ask("SELECT index_sha256 FROM sets WHERE set_id = ?", one), None)
    if before is None:
        rows.put("sets", [(one, index.title, index.created, index.software, index.redundancy, sha256)])
        _put_files(rows, opened or index)
    elif before != (sha256,):
        raise CannotWrite(
            f"{store.name}: holds another set of the id {one}",
            hint="seal with another --title, or keep the two sets in two catalogs (--catalog)",
        )
    elif opened is not None:
        for table in ("keys", "pieces", "files"):
            rows.do(f"DELETE FROM {table} WHERE set_id = ?", one)
        _put_files(rows, opened)
    rows.do("DELETE FROM origins WHERE set_id = ?", one)
    rows.put("origins", ((one, old) for old in index.made_of))
    places: dict[str, tuple[Any, Any]] = {
        disc: (image, size)
        for disc, image, size in rows.ask("SELECT disc, image, bytes FROM discs WHERE set_id = ?", one)
    }
    places |= {disc: (readable(store.place(path)), size) for disc, (path, size) in images.items()}
    rows.do("DELETE FROM discs WHERE set_id = ?", one)
    rows.put(
        "discs",
        ((one, disc.name, disc.kind, disc.number, *places.get(disc.name, (None, None))) for disc in index.discs),
    )


def _put_files(rows: Rows, index: Index) -> None:
    one = index.set_id
    rows.put("files", ((one, file.path, file.bytes, file.sha256, file.modified) for file in index.files))
    rows.put(
        "pieces",
        (
            (one, file.path, number, piece.disc, piece.path, piece.start, piece.bytes, piece.sha256)
            for file in index.files
            for number, piece in enumerate(file.pieces, 1)
        ),
    )
    rows.put("keys", ((one, file.path, column, *ends) for file in index.files for column, ends in file.keys.items()))
