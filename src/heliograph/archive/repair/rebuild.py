"""Make the discs of a set again that are gone, from those that are left.

A rebuilt disc is accepted only when the SHA-256 of its ISO image is the one that the parity discs remember; its RS03
layer follows from it, so the image is the old one, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from heliograph.archive.another import refuse_another
from heliograph.archive.digest import sha256_of
from heliograph.archive.medium import SECTOR
from heliograph.archive.read.disc import DiscImage
from heliograph.archive.read.reader import SetView, find_sets
from heliograph.archive.seal.beside import carried
from heliograph.archive.seal.fill import write_parity_tags
from heliograph.archive.seal.plan import DiscPlan, draw_parity
from heliograph.archive.seal.tags import IMAGES, ImageNote, parity_path
from heliograph.archive.texts.index import Disc, image_name
from heliograph.archive.verify.check import LOST, DiscState
from heliograph.archive.verify.verify import PAST_PARITY, discs_lost
from heliograph.errors import DiscsLost, DiscWrong, HeliographError, SectorsLost
from heliograph.files import whole_file
from heliograph.units import counted

__all__ = ["rebuild_sets"]

Progress = Callable[[str, int, int], None]
_ITS_SET: Final = "give the other discs of its set, too; or read the disc again in another drive"


def rebuild_sets(
    usable: Sequence[Path], beyond: Sequence[DiscState], out: Path | None, progress: Progress | None
) -> tuple[list[tuple[Path, str]], HeliographError | None]:
    """Rebuild what is gone in every set.

    Args:
        usable: images that are whole.
        beyond: images that their own parity cannot mend.
        out: a folder for what is made; else it stands beside the others.
    Returns:
        The images made, each with its disc's name; and the gravest thing that could not be mended.
    """
    rebuilt: list[tuple[Path, str]] = []
    wrong: HeliographError | None = None
    claimed: set[Path] = set()
    found = find_sets(usable)
    try:
        for view in found.sets:
            gone = view.missing
            if not gone:
                continue
            in_the_way = {state.disc: state for state in beyond if state.set_id == view.set_id}
            claimed |= {state.where for state in in_the_way.values() if state.disc in {disc.name for disc in gone}}
            if len(gone) > len(view.index.parity_discs):
                wrong = _too_many(view, in_the_way)
                continue
            try:
                rebuilt += _rebuild(view, gone, out, beyond, progress)
            except DiscsLost as lost:
                wrong = lost
        twins = {(view.set_id, name): disc.where for view in found.sets for name, disc in view.discs.items()}
    finally:
        found.close()
    made = {path for path, _ in rebuilt}
    for state in beyond:
        twin = twins.get((state.set_id, state.disc))
        if twin is not None and wrong is None:
            wrong = SectorsLost(
                f"{state.where}: {state.why}", hint=f"{twin} is a whole image of the same disc: keep that, delete this"
            )
        if state.where not in claimed and state.where not in made and wrong is None:
            kind = SectorsLost if state.state == LOST else DiscWrong
            wrong = kind(
                f"{state.where}: {state.why}",
                hint=state.hint or (PAST_PARITY if state.foreign else _ITS_SET),
                path=str(state.where),
            )
    return rebuilt, wrong


def _too_many(view: SetView, in_the_way: dict[str, DiscState]) -> HeliographError:
    gone = tuple(disc.name for disc in view.missing)
    lost = [state for name, state in in_the_way.items() if name in gone]
    if lost and len(lost) == len(gone):
        # Nothing is absent; what is here is damaged past its parity.
        first = lost[0]
        return SectorsLost(
            f"{first.where}: {first.why}",
            hint=f"the set has {counted(len(view.index.parity_discs), 'parity disc')}, "
            f"and {counted(len(gone), 'disc')} to replace; read the disc again in another drive",
            disc=first.disc,
            rows=first.lost_rows,
        )
    return discs_lost(view.index, gone)


def _rebuild(
    view: SetView, gone: Sequence[Disc], out: Path | None, beyond: Sequence[DiscState], progress: Progress | None
) -> list[tuple[Path, str]]:
    from heliograph.archive import parity, rs03
    from heliograph.archive.rs03.layout import SCRATCH_SECTORS

    here = {name: disc for name, disc in view.discs.items() if isinstance(disc, DiscImage)}
    index = view.index
    order = [disc.name for disc in index.discs]
    data, spare = index.data_discs, index.parity_discs
    notes = _notes(view, here)
    shared = carried(index, next(iter(here.values())))
    lengths = [note.iso_bytes for note in notes]
    present = {}
    for number, name in enumerate(order):
        if name in here:
            image = here[name]
            if number < len(data):
                present[number] = parity.Source(image.where, 0, lengths[number])
            else:
                run = image.run(parity_path(index.discs[number]))
                present[number] = parity.Source(image.where, run.start, run.bytes)
    home = out or next(iter(here.values())).where.parent
    targets = [_target(disc, index.set_id, home, out, beyond) for disc in gone]
    told = (
        None
        if progress is None
        else lambda done, total: progress(f"rebuild {', '.join(d.name for d in gone)}", done, total)
    )
    with ExitStack() as stack:
        asides = [stack.enter_context(whole_file(target)) for target in targets]
        drawn: dict[Disc, DiscPlan] = {}
        outs = []
        for disc, aside in zip(gone, asides, strict=True):
            with aside.open("w+b") as file:
                if disc.kind == "data":
                    outs.append(parity.Source(aside, 0, lengths[order.index(disc.name)]))
                    continue
                drawn[disc] = draw_parity(index, disc, notes, parity.explain(), shared)
                drawn[disc].layout.write(file)
                at = drawn[disc].layout.offsets[parity_path(disc)]
                outs.append(parity.Source(aside, at, drawn[disc].parity_bytes))
        wanted = [order.index(disc.name) for disc in gone]
        hashes = parity.rebuild(present, len(data), len(spare), lengths, wanted, outs, order, told)
        for disc, aside, sha256 in zip(gone, asides, hashes, strict=True):
            if disc in drawn:
                with aside.open("r+b") as file:
                    write_parity_tags(drawn[disc], file.fileno(), sha256, index, notes, parity.explain(), shared)
            else:
                _expect(disc, sha256, notes[order.index(disc.name)], view)
            rs03.protect(aside, redundancy=index.redundancy, scratch_sectors=SCRATCH_SECTORS)
        if out is not None:
            for target, aside in zip(targets, asides, strict=True):
                refuse_another(target, aside)
    return [(target, disc.name) for target, disc in zip(targets, gone, strict=True)]


def _notes(view: SetView, here: dict[str, DiscImage]) -> list[ImageNote]:
    """Length and hash of each data disc's ISO image: from a parity disc, or from the images when all are here."""
    for disc in view.index.parity_discs:
        if disc.name in here:
            image = here[disc.name]
            try:
                notes = msgspec.json.decode(image.read(IMAGES), type=list[ImageNote])
            except (ValueError, RecursionError) as wrong:
                raise DiscWrong(f"{image.where}: {IMAGES}: {str(wrong)[:200].lower()}") from None
            if [note.disc for note in notes] != [each.name for each in view.index.data_discs]:
                raise DiscWrong(f"{image.where}: {IMAGES}: does not tell of the data discs of its set, in their order")
            most = image.run(parity_path(disc)).bytes
            for note in notes:
                if not SECTOR <= note.iso_bytes <= most or note.iso_bytes % SECTOR:
                    raise DiscWrong(
                        f"{image.where}: {IMAGES}: {note.iso_bytes:,} bytes of disc {note.disc}, "
                        f"where the parity has {most:,}"
                    )
            return notes
    if any(disc.name not in here for disc in view.index.data_discs):
        raise discs_lost(view.index, [disc.name for disc in view.missing])
    notes = []
    for disc in view.index.data_discs:
        image = here[disc.name]
        size = image.volume.sectors * SECTOR
        notes.append(ImageNote(disc.name, size, sha256_of(image.where, size)))
    return notes


def _target(disc: Disc, set_id: str, home: Path, out: Path | None, beyond: Sequence[DiscState]) -> Path:
    """Where a rebuilt disc goes: in place of its image that was past mending, or beside the others.

    Names prove nothing: an image called as this disc may be another one, and the only copy of it. Only one that says
    it is this disc, or nothing at all any more, is replaced.
    """
    target = home / image_name(set_id, disc.name)
    if out is not None:
        return target
    for state in beyond:
        if (state.set_id, state.disc) == (set_id, disc.name):
            return state.where
    number = 1
    while target.exists() and not any(state.where == target and not state.disc for state in beyond):
        number += 1
        target = home / f"{set_id}-{disc.name}~{number}.iso"
    return target


def _expect(disc: Disc, sha256: str, note: ImageNote, view: SetView) -> None:
    if sha256 != note.sha256:
        raise DiscWrong(
            f"set {view.set_id}: disc {disc.name} as rebuilt does not match its SHA-256; it was not written",
            hint="one of the other discs is not what it was: check them with `heliograph archive verify`",
            disc=disc.name,
        )
