"""Which discs to fetch to have files back, in which order, and what to fetch instead of a missing one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from heliograph.archive.catalog.search import Hit
from heliograph.archive.catalog.store import Rows
from heliograph.archive.catalog.where import Where, open_store
from heliograph.archive.texts.index import volume_name
from heliograph.errors import DiscsLost

__all__ = ["Fetch", "SetFetch", "to_fetch"]


@dataclass(frozen=True, slots=True)
class Fetch:
    """A disc to fetch."""

    disc: str
    volume: str
    image: str | None
    """Where the catalog saw its image."""
    files: int
    """Wanted files and pieces on it; 0 for one that is needed only to rebuild another."""


@dataclass(frozen=True, slots=True)
class SetFetch:
    """The discs of one set, in the order to fetch them, each once."""

    set_id: str
    title: str
    discs: tuple[Fetch, ...]
    rebuild: tuple[str, ...]
    """Missing discs that these rebuild, before anything is restored."""
    spare: tuple[str, ...]
    """Parity discs besides: each replaces one more disc, together with all other data discs of the set."""
    every_data: tuple[str, ...]
    """The data discs of the set, all of which are needed to rebuild one."""


def to_fetch(catalog: Where, hits: Sequence[Hit], missing: Iterable[str] = ()) -> list[SetFetch]:
    """The fewest discs that bring every hit back, and the order to take them in: set by set, each disc once.

    A file that stands in several sets with the same name and hash is taken from the one that adds the fewest discs,
    files with no choice first.

    Args:
        missing: discs that are not to be had: D02 (of any set), or HG7K3M9QX2A-D02.
    Raises:
        DiscsLost: a file is on a missing disc that its set's parity does not replace, and in no other set.
    """
    gone_names = {name.upper().replace("_", "-") for name in missing}
    with open_store(catalog).reading() as rows:
        sets = {set_id: _Set(rows, set_id, gone_names) for set_id in dict.fromkeys(hit.set_id for hit in hits)}
    groups: dict[tuple[str, str], list[Hit]] = {}
    for hit in hits:
        groups.setdefault((hit.file, hit.sha256), []).append(hit)
    taken: dict[str, set[str]] = {}
    held: dict[str, Counter[str]] = {}
    for options in sorted(groups.values(), key=len):
        able = [hit for hit in options if sets[hit.set_id].needed(hit.discs) is not None]
        if not able:
            one = sets[options[0].set_id]
            raise DiscsLost(
                f"{options[0].file}: disc {', '.join(sorted(one.gone))} of set {one.set_id} is missing; "
                f"the set replaces {len(one.parity)}",
                hint="find one more of the discs named, in any readable state",
                set_id=one.set_id,
                discs=sorted(one.gone),
            )

        def added(hit: Hit) -> int:
            return len((sets[hit.set_id].needed(hit.discs) or set()) - taken.get(hit.set_id, set()))

        best = min(able, key=added)
        held.setdefault(best.set_id, Counter()).update(best.discs)
        taken.setdefault(best.set_id, set()).update(sets[best.set_id].needed(best.discs) or set())
    return [_fetch(sets[set_id], taken[set_id], held[set_id]) for set_id in sets if set_id in taken]


class _Set:
    """What the catalog knows of one set's discs."""

    def __init__(self, rows: Rows, set_id: str, missing: set[str]) -> None:
        discs = list(rows.ask("SELECT disc, kind, image FROM discs WHERE set_id = ? ORDER BY kind, number", set_id))
        ((self.title,),) = rows.ask("SELECT title FROM sets WHERE set_id = ?", set_id)
        self.set_id = set_id
        self.images: dict[str, str | None] = {disc: image for disc, _, image in discs}
        self.data = [disc for disc, kind, _ in discs if kind == "data"]
        self.parity = [disc for disc, kind, _ in discs if kind == "parity"]
        self.gone = {disc for disc in self.images if {disc, f"{set_id}-{disc}"} & missing}

    def needed(self, discs: Iterable[str]) -> set[str] | None:
        """The discs that must be there to have these; None when too many are gone."""
        discs = set(discs)
        if not discs & self.gone:
            return discs
        # To rebuild one disc takes as many discs as there are data discs; then every other lost one comes with it.
        lost = [disc for disc in self.data if disc in self.gone]
        spare = [disc for disc in self.parity if disc not in self.gone]
        if len(lost) > len(spare):
            return None
        return {disc for disc in self.data if disc not in self.gone} | set(spare[: len(lost)])


def _fetch(one: _Set, discs: set[str], held: Counter[str]) -> SetFetch:
    return SetFetch(
        one.set_id,
        one.title,
        tuple(
            Fetch(disc, volume_name(one.set_id, disc), one.images[disc], held[disc])
            for disc in (*one.data, *one.parity)
            if disc in discs
        ),
        tuple(disc for disc in one.data if disc in one.gone and disc in held),
        tuple(disc for disc in one.parity if disc not in discs and disc not in one.gone),
        tuple(one.data),
    )
