"""Several damaged copies of one disc, made one whole image.

Sector by sector: of a disc with RS03 the copy whose sector matches its checksum in the CRC layer, else by `vote`. What
no copy has is mended by the parity, all copies together in one row. Copies may be short, may have been read with
GNU ddrescue, and may be discs in drives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from heliograph.archive import rs03
from heliograph.archive.merge.choose import Choice
from heliograph.archive.merge.copies import Copy, layout_of_all, refuse_other_discs, telling_sectors
from heliograph.archive.merge.recover import choose_again, mend_what_can_be
from heliograph.archive.merge.vote import LOST
from heliograph.archive.rescue import Limits, is_device
from heliograph.archive.rescue.aside import read_aside, refuse_existing
from heliograph.archive.rescue.ddrescue import BAD, DONE, RescueMap, known_lost, map_beside, write_states
from heliograph.archive.rs03.layout import Layout
from heliograph.errors import NotFound, SectorsLost, UsageWrong
from heliograph.files import whole_file

__all__ = ["Merged", "Share", "merge"]

Progress = Callable[[str, int, int], None]
Numbers = NDArray[np.int64]

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Share:
    """What one copy gave."""

    copy: Path
    taken: int
    """Sectors of the image that are this copy's; of equals, those of the copy named first."""
    unread: int
    """Sectors of the image that this copy does not have, of those that it was asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """What came of it."""

    image: Path
    sectors: int
    protected: bool
    """The disc has RS03: what was taken is proved, or was mended."""
    shares: tuple[Share, ...]
    mended: int
    """Sectors that no copy had, or none had right, and the parity gave back."""
    outvoted: Numbers
    """Sectors in which copies differ, no checksum decides, and most agree."""
    split: Numbers
    """Sectors in which copies differ, and as many say one thing as another: lost, unless the parity tells."""
    lost: Numbers
    """Sectors that are not in the image; zeros, or the first copy's bytes, stand there."""

    def error(self) -> SectorsLost | None:
        """What is not there, as the error it is; None for a whole image."""
        if not self.lost.size:
            return None
        return _incomplete(self.image, self.lost, self.split, len(self.shares), None)


def merge(
    paths: Sequence[Path],
    out: Path,
    *,
    maps: Mapping[Path, RescueMap] | None = None,
    incomplete: bool = False,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Merged:
    """Make one image of several copies of a disc; it appears whole or not at all.

    Args:
        paths: image files, or drives; two at least, the best first.
        out: the image to write, a new file.
        maps: what ddrescue could not read of a copy; of others, the map beside them says so, if there is one.
        incomplete: write what there is even if sectors are lost, with a map beside it that names them.
        limits: how long to try to read discs in drives.
    Raises:
        UsageWrong: fewer than two copies, the same file twice, a map of none of them, or copies of different discs.
        NotFound: a copy is not there. DiscWrong: a copy is empty.
        SectorsLost: no copy has some sectors, and the parity does not give them back; nothing was written.
        CannotWrite: `out` is there already, or the disk is full.
    """
    maps = maps or {}
    _refuse_words(paths, maps)
    refuse_existing(out)
    with whole_file(out) as aside:
        work = _Work(out, aside, maps, limits, progress)
        images = [path for path in paths if not is_device(path)]
        wanted = work.wanted(images) if images and len(images) < len(paths) else None
        try:
            done = work.merge(paths, wanted, incomplete=incomplete and wanted is None)
        except SectorsLost:
            if wanted is None:
                raise
            done = work.merge(paths, None, incomplete=incomplete)
    if done.lost.size:
        states = np.full(done.sectors, DONE[0], np.uint8)
        states[done.lost] = BAD[0]
        write_states(map_beside(out), bytearray(states.tobytes()), out.stat().st_size)
    return done


@dataclass(frozen=True, slots=True)
class _Work:
    """What all passes of one merge have in common."""

    out: Path
    aside: Path
    maps: Mapping[Path, RescueMap]
    limits: Limits | None
    progress: Progress | None

    def merge(self, paths: Sequence[Path], wanted: Numbers | None, *, incomplete: bool) -> Merged:
        """Merge all copies; of drives, read the `wanted` sectors, or all."""
        with ExitStack() as stack:
            choice = self._choose([self._open(path, wanted, stack) for path in paths])
            return _finish(self.out, self.aside, choice, incomplete=incomplete)

    def wanted(self, images: Sequence[Path]) -> Numbers | None:
        """What to ask of the drives: each try may be their last. The sectors that the image files do not prove or have.

        None for all, when the images do not tell how the disc is laid out.
        """
        with ExitStack() as stack:
            copies = [self._open(path, None, stack) for path in images]
            if layout_of_all(copies) is None:
                return None
            choice = self._choose(copies)
            assert choice.layout is not None
            return _joined([telling_sectors(choice.layout), *choice.unread, *choice.wrong, *choice.split])

    def _open(self, path: Path, wanted: Numbers | None, stack: ExitStack) -> Copy:
        if is_device(path):
            read = stack.enter_context(
                read_aside(path, self.out, wanted=wanted, limits=self.limits, progress=self.progress)
            )
            copy = Copy(path, read.image, read.lost, unasked=read.unasked)
        else:
            copy = Copy(path, path, known_lost(path, self.maps.get(path)))
        stack.callback(copy.close)
        return copy

    def _choose(self, copies: list[Copy]) -> Choice:
        layout = layout_of_all(copies)
        choice = Choice(copies, layout, refuse_other_discs(copies, layout), self.progress)
        with self.aside.open("w+b") as file:
            choice.write(file)
        return choice


def _refuse_words(paths: Sequence[Path], maps: Mapping[Path, RescueMap]) -> None:
    if len(paths) < 2:
        raise UsageWrong(
            "a merge takes two copies of a disc, or more",
            hint="one alone: `heliograph archive repair COPY --out FILE`",
        )
    for number, path in enumerate(paths):
        if not path.is_file() and not path.is_block_device():
            what = "is a folder" if path.is_dir() else "no such file or drive"
            raise NotFound(f"{path}: {what}", hint="give image files, or drives with a disc in them")
        if any(path.samefile(earlier) for earlier in paths[:number]):
            raise UsageWrong(f"{path}: named twice", hint="give each copy once")
    for path in maps:
        if path not in paths:
            raise UsageWrong(f"--map {path}: not one of the copies", hint="name the copy as it stands among them")


def _finish(out: Path, aside: Path, choice: Choice, *, incomplete: bool) -> Merged:
    """Mend what no copy had; see that nothing is missing."""
    split, outvoted = _joined(choice.split), _joined(choice.outvoted)
    lost = np.union1d(_joined(choice.unread), split)
    mended = lost[:0]
    past: SectorsLost | None = None
    if choice.layout is not None:
        try:
            mended, lost = _mend(aside, choice, choice.layout, lost, split), lost[:0]
        except SectorsLost as wrong:
            past, lost = wrong, np.union1d(lost, _joined(choice.wrong))
            if incomplete:
                with aside.open("r+b") as file:
                    still = mend_what_can_be(file, choice.layout, lost)
                mended, lost = np.setdiff1d(lost, still), still
    if lost.size and not incomplete:
        raise _incomplete(out, lost, split, len(choice.copies), past)
    choice.origin[np.union1d(mended, lost)] = LOST
    shares = tuple(
        Share(copy.where, int((choice.origin == number).sum()), copy.unread(choice.length))
        for number, copy in enumerate(choice.copies)
    )
    return Merged(out, choice.sectors, choice.layout is not None, shares, int(mended.size), outvoted, split, lost)


def _mend(aside: Path, choice: Choice, layout: Layout, lost: Numbers, split: Numbers) -> Numbers:
    """Mend the merged image by its parity; the sectors that were mended."""
    progress = choice.progress
    told = None if progress is None else lambda done, total: progress("mend", done, total)
    doubted = np.zeros(layout.layer_sectors, np.bool_)
    while True:
        try:
            return rs03.repair(aside, lost=lost, layout=layout, progress=told).damaged
        except SectorsLost as wrong:
            with aside.open("r+b") as file:
                lost, found = choose_again(file, choice, layout, lost)
            # As a last resort, once for each row, the code itself finds out in which split votes the first copy, whose
            # bytes stand there, is right.
            named = wrong.fields["rows"]
            rows = np.array(named if isinstance(named, list) else [], np.int64)
            rows = rows[~doubted[rows]]
            doubted[rows] = True
            believed = split[np.isin(split % layout.layer_sectors, rows)]
            if not found and not np.isin(believed, lost).any():
                raise
            lost = np.setdiff1d(lost, believed)


def _incomplete(out: Path, lost: Numbers, split: Numbers, copies: int, past: SectorsLost | None) -> SectorsLost:
    shown = ", ".join(str(sector) for sector in lost[:_SHOWN]) + (" …" if lost.size > _SHOWN else "")
    said = f"{out}: {lost.size:,} sectors are in none of the {copies} copies ({shown})"
    if split.size:
        first = ", ".join(str(sector) for sector in split[:_SHOWN]) + (" …" if split.size > _SHOWN else "")
        said += f"; in {split.size:,} of them the copies differ, and nothing tells which is right ({first})"
    fields = {} if past is None else past.fields
    if past is not None:
        said += (
            f"; {fields['rows_lost']:,} of its rows lost more than parity rebuilds: "
            f"{fields['worst']} of 255 in the worst, {fields['roots']} can be rebuilt"
        )
    return SectorsLost(
        said,
        hint="add another copy, or read one again in another drive; --incomplete writes what there is, with a map",
        **{**fields, "image": str(out), "sectors": lost[:1000].tolist()},
    )


def _joined(parts: list[Numbers]) -> Numbers:
    return np.unique(np.concatenate([np.zeros(0, np.int64), *parts]))
