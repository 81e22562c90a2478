"""What a label says of a disc: from the discs themselves, or from a catalog."""

from __future__ import annotations

import hashlib
import os.path
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.archive.catalog.where import Where, open_store
from heliograph.archive.medium import MEDIA
from heliograph.archive.read.identify import Identified
from heliograph.archive.texts.index import Disc, encode
from heliograph.errors import NotFound

__all__ = ["Facts", "Holding", "code_text", "facts_in_catalog", "facts_of_discs"]

_ENCRYPTED: Final = re.compile(r"(^|/)\d{7,}\.age(\.part\d+of\d+)?$")
"""What the files of an encrypted set are called on its discs."""
_Piece = tuple[str, str, int, str]
"""Disc, file, bytes, path on the disc."""
_TITLE: Final = 400
_CODE_TITLE: Final = 60
"""Letters of the title in the code: more would make it too fine for a small label."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A folder, or a file that lies in none, with what of it is on the disc."""

    name: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Facts:
    """One disc."""

    set_id: str
    disc: str
    title: str
    day: str
    """Stamped on the set, YYYY-MM-DD."""
    kind: str
    """data or parity."""
    place: int
    """Which disc of the set it is, from 1; parity discs come last."""
    of: int
    data: int
    """Data discs in the set."""
    index_sha256: str
    image_bytes: int | None
    """None where the image was not seen."""
    least_medium: str
    """The smallest medium that holds every image of the set that was seen; empty where none was."""
    holds: tuple[Holding, ...]
    """Of an encrypted set one without a name: what is secret is not printed, whoever knows it."""

    @property
    def locked(self) -> bool:
        """Whether it holds encrypted files."""
        return any(not each.name for each in self.holds)

    @property
    def parity(self) -> int:
        """Parity discs in the set: so many discs may be lost."""
        return self.of - self.data

    @property
    def files(self) -> int:
        """Files on the disc, pieces of files counted as such."""
        return sum(each.files for each in self.holds)

    @property
    def bytes(self) -> int:
        """Bytes of these."""
        return sum(each.bytes for each in self.holds)


def code_text(facts: Facts) -> str:
    """The text of a label's QR code: six lines, of which the second to fifth are for machines, too.

        Heliograph disc
        HG7K3M9QX2A D02
        2/7 data
        2026-11-22
        index 3f6f21d2a0b1c2d3
        Family, 2026

    Set and disc; place in the set and kind; day; the first 16 hex digits of the SHA-256 of index.json, which is the
    same on every disc of a set and of no other; title.
    """
    title = facts.title if len(facts.title) <= _CODE_TITLE else facts.title[: _CODE_TITLE - 1] + "…"
    return "\n".join(
        (
            "Heliograph disc",
            f"{facts.set_id} {facts.disc}",
            f"{facts.place}/{facts.of} {facts.kind}",
            facts.day,
            f"index {facts.index_sha256[:16]}",
            title,
        )
    )


def facts_of_discs(found: Identified, sets: Sequence[str] = (), discs: Sequence[str] = ()) -> list[Facts]:
    """Of every disc that is here, in the order of the sets' dates, then of the discs.

    Raises:
        NotFound: none is called so.
    """
    facts: list[Facts] = []
    for here in found.sets:
        index = here.index
        present = {*here.images, *here.mounted}
        names = [disc.name for disc in index.discs if disc.name in present]
        if _wanted(index.set_id, sets) and (names := [name for name in names if _wanted(name, discs)]):
            facts += _facts(
                (index.set_id, index.title, index.created, hashlib.sha256(encode(index)).hexdigest()),
                index.discs,
                {name: size for name, (_, size) in here.images.items()},
                [(piece.disc, file.path, piece.bytes, piece.path) for file in index.files for piece in file.pieces],
                names,
            )
    return _some(facts, "the discs given", sets, discs)


def facts_in_catalog(catalog: Where, sets: Sequence[str] = (), discs: Sequence[str] = ()) -> list[Facts]:
    """Of every disc that a catalog knows, in the same order.

    Raises:
        NotFound: no catalog, or no disc in it is called so. CannotWrite: it cannot be read.
    """
    store = open_store(catalog)
    facts: list[Facts] = []
    with store.reading() as rows:
        known = list(rows.ask("SELECT set_id, title, created, index_sha256 FROM sets ORDER BY created, set_id"))
        for one in known:
            if not _wanted(one[0], sets):
                continue
            kept = list(
                rows.ask("SELECT disc, kind, number, bytes FROM discs WHERE set_id = ? ORDER BY kind, number", one[0])
            )
            names = [row[0] for row in kept if _wanted(row[0], discs)]
            if names:
                facts += _facts(
                    one,
                    [Disc(name, kind, number) for name, kind, number, _ in kept],
                    {name: size for name, _, _, size in kept if size is not None},
                    list(rows.ask("SELECT disc, file, bytes, path FROM pieces WHERE set_id = ?", one[0])),
                    names,
                )
    return _some(facts, store.name, sets, discs)


def _wanted(name: str, of: Sequence[str]) -> bool:
    return not of or name.upper() in {each.upper() for each in of}


def _some(facts: list[Facts], where: str, sets: Sequence[str], discs: Sequence[str]) -> list[Facts]:
    if facts:
        return facts
    asked = ", ".join([*sets, *discs])
    raise NotFound(
        f"{where}: no disc {f'called {asked}' if asked else 'of Heliograph'}",
        hint="`heliograph archive ls` and `heliograph archive find` name sets and discs",
    )


def _facts(
    one: tuple[str, str, str, str],
    discs: Sequence[Disc],
    sizes: Mapping[str, int],
    pieces: list[_Piece],
    names: Sequence[str],
) -> list[Facts]:
    set_id, title, created, sha256 = one
    title, created = _tidy(title), _tidy(created)
    largest = max(sizes.values(), default=0)
    medium = next((name for name, kind in MEDIA.items() if largest <= kind.bytes), "") if largest else ""
    data = sum(disc.kind == "data" for disc in discs)
    holds = _holdings(pieces)
    return [
        Facts(
            set_id,
            disc.name,
            title,
            created[:10],
            disc.kind,
            place,
            len(discs),
            data,
            sha256,
            sizes.get(disc.name),
            medium,
            tuple(holds.get(disc.name, {}).values()),
        )
        for place, disc in enumerate(discs, 1)
        if disc.name in names
    ]


def _tidy(text: str) -> str:
    """One line of letters that can be printed, whatever a disc says: a title must not look like other lines."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[:_TITLE]).split())


def _holdings(pieces: Iterable[_Piece]) -> dict[str, dict[str, Holding]]:
    """What each disc holds, by the first folder in which the files of the set part."""
    pieces = sorted(pieces, key=lambda piece: piece[1])
    if not pieces:
        return {}
    common = os.path.commonpath([os.path.dirname(pieces[at][1]) for at in (0, -1)])  # noqa: PTH120
    begin = len(common) + 1 if common else 0
    counts: dict[str, dict[str, list[int]]] = {}
    locked = all(_ENCRYPTED.search(piece[3]) for piece in pieces)
    for disc, file, size, _ in pieces:
        end = file.find("/", begin)
        name = "" if locked else file if end < 0 else file[: end + 1]
        count = counts.setdefault(disc, {}).setdefault(name, [0, 0])
        count[0] += 1
        count[1] += size
    return {
        disc: {name: Holding(name, files, size) for name, (files, size) in held.items()}
        for disc, held in counts.items()
    }
