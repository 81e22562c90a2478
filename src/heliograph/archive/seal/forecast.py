"""What sealing would give, said before a byte is written: how many discs, how full, what they survive.

It is the plan that `seal` follows, drawn from the sizes and names of the files alone. Their contents decide the name of
the set and nothing about a size, so what is said here is what is written then, to the byte.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from heliograph.archive.medium import MEDIA, Medium
from heliograph.archive.seal.beside import Beside
from heliograph.archive.seal.pack import Source, gather
from heliograph.archive.seal.plan import DiscPlan, Wishes, plan_set, tidy_title, unreadable
from heliograph.archive.seal.survival import Survival, survival
from heliograph.archive.texts.index import Index

if TYPE_CHECKING:
    from heliograph.archive.secret import Holders
    from heliograph.archive.signing import Signer

__all__ = ["DiscForecast", "Forecast", "SplitFile", "forecast"]

_ANY_SET: Final = "HG000000000"
"""Stands for the name of the set, which follows from contents that are not read here."""


@dataclass(frozen=True, slots=True)
class DiscForecast:
    """One disc. The four amounts and what is free make up the whole medium."""

    disc: str
    kind: str
    files: int
    """Files and pieces on it; 1 on a parity disc, its numbers."""
    data_bytes: int
    """Contents of these files."""
    frame_bytes: int
    """File systems, guide, index, manifests, and the ends of last sectors."""
    own_parity_bytes: int
    """RS03 layer, against damage on this disc."""
    free_bytes: int
    survives: Survival

    @property
    def image_bytes(self) -> int:
        """Size of the image."""
        return self.data_bytes + self.frame_bytes + self.own_parity_bytes


@dataclass(frozen=True, slots=True)
class SplitFile:
    """A file in pieces."""

    file: str
    bytes: int
    discs: tuple[str, ...]
    """The disc of each piece, in order."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The whole set."""

    medium: Medium
    title: str
    files: int
    file_bytes: int
    parity: int
    """So many discs of the set may be lost, whichever they are."""
    redundancy: float
    discs: tuple[DiscForecast, ...]
    split: tuple[SplitFile, ...]
    encryption_bytes: int = 0
    """What encryption adds to the files, counted in `file_bytes`."""

    @property
    def image_bytes(self) -> int:
        """Bytes of all images."""
        return sum(disc.image_bytes for disc in self.discs)

    @property
    def survives(self) -> Survival:
        """What every disc of the set survives: the least of each kind."""
        every = [disc.survives for disc in self.discs]
        rings = [each.ring_mm for each in every if each.ring_mm is not None]
        return Survival(
            min(each.random_share for each in every),
            min(each.scratch_bytes for each in every),
            min(rings) if rings else None,
        )


def forecast(
    paths: Sequence[Path | Source],
    *,
    date: datetime,
    medium: Medium = MEDIA["bd-25"],
    parity: int = 0,
    redundancy: float = 0.15,
    title: str = "",
    keep_times: bool = True,
    holders: Holders | None = None,
    signer: Signer | None = None,
) -> Forecast:
    """What `seal` would write for the same arguments. No file is opened.

    The header that age writes for recipients differs by some bytes from time to time; it takes one sector of a disc for
    up to a dozen of them.

    Raises:
        NotFound, UsageWrong, DoesNotFit, CannotWrite: as `seal` would, in the same words.
    """
    gathered = gather(paths)
    for source in gathered.sources:
        if not os.access(source.path, os.R_OK):
            raise unreadable(source.path, PermissionError(13, os.strerror(13)))
    explained = ""
    if parity:
        from heliograph.archive.parity import explain

        explained = explain()
    lock, plain = None, sum(source.bytes for source in gathered.sources)
    if holders is not None:
        from heliograph.archive.seal.lock import Lock

        lock = Lock.on(gathered, holders, keep_times=keep_times)
        gathered, keep_times = lock.gathered, False
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    wishes = Wishes(
        medium, tidy_title(title), date, parity, redundancy, keep_times=keep_times, beside=Beside(lock, signer)
    )
    plan = plan_set(gathered, wishes, explained, set_id=_ANY_SET)
    return Forecast(
        medium,
        plan.index.title,
        len(plan.index.files),
        plan.index.bytes,
        parity,
        redundancy,
        tuple(_disc(drawn, medium, redundancy) for drawn in plan.discs),
        _split(plan.index, {} if lock is None else lock.names),
        0 if lock is None else plan.index.bytes - plain,
    )


def _disc(drawn: DiscPlan, medium: Medium, redundancy: float) -> DiscForecast:
    from heliograph.archive.rs03.layout import SCRATCH_SECTORS
    from heliograph.archive.rs03.layout import plan as plan_rs03

    layout = plan_rs03(drawn.layout.sectors, redundancy=redundancy, scratch_sectors=SCRATCH_SECTORS)
    data = drawn.parity_bytes or sum(placed.bytes for placed in drawn.placed)
    return DiscForecast(
        drawn.disc.name,
        drawn.disc.kind,
        1 if drawn.disc.kind == "parity" else len(drawn.placed),
        data,
        drawn.layout.bytes - data,
        layout.image_bytes - drawn.layout.bytes,
        medium.bytes - layout.image_bytes,
        survival(layout, medium),
    )


def _split(index: Index, true: Mapping[str, str]) -> tuple[SplitFile, ...]:
    return tuple(
        SplitFile(true.get(file.path, file.path), file.bytes, tuple(piece.disc for piece in file.pieces))
        for file in index.files
        if len(file.pieces) > 1
    )
