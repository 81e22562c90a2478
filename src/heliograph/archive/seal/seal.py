"""Seal files onto a set of protected disc images: plan, copy and hash in one pass, protect, and only then give names.

    plan ──► file systems ──► data copied, hashed ──► manifests, index ──► parity discs ──► RS03 ──► fsync, rename

Until the last step every image is called NAME.iso.partial, so a kill at any moment leaves whole images or partial ones,
never a broken image under a good name. The same command goes on from there: same files, same set id, same bytes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.archive.another import refuse_another
from heliograph.archive.medium import MEDIA, Medium
from heliograph.archive.seal.beside import Beside
from heliograph.archive.seal.fill import Progress, Watch, fill
from heliograph.archive.seal.pack import Gathered, Source, gather
from heliograph.archive.seal.plan import SetPlan, Wishes, chance_id, plan_set, tidy_title
from heliograph.archive.texts.custody import Step
from heliograph.archive.texts.index import Index, image_name
from heliograph.errors import CannotWrite, UsageWrong
from heliograph.files import PARTIAL, cannot_write, whole_file

if TYPE_CHECKING:
    from heliograph.archive.catalog import Where
    from heliograph.archive.secret import Holders
    from heliograph.archive.signing import Signer

__all__ = ["DiscSet", "SealedDisc", "seal"]


@dataclass(frozen=True, slots=True)
class SealedDisc:
    """One image on its way to a burner or a shelf."""

    name: str
    kind: str
    path: Path
    iso_bytes: int
    image_bytes: int


@dataclass(frozen=True, slots=True)
class DiscSet:
    """A sealed set."""

    index: Index
    discs: tuple[SealedDisc, ...]
    catalog: Where
    left_behind: tuple[Path, ...]
    """Partial images that an interrupted seal had left in the directory; those of this set have been replaced."""
    split_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds spent on each part."""

    @property
    def set_id(self) -> str:
        """The name of the set."""
        return self.index.set_id

    @property
    def bytes(self) -> int:
        """Bytes of all images."""
        return sum(disc.image_bytes for disc in self.discs)


def seal(
    paths: Sequence[Path | Source] | Gathered,
    out_dir: Path,
    *,
    date: datetime,
    medium: Medium = MEDIA["bd-25"],
    parity: int = 0,
    redundancy: float = 0.15,
    title: str = "",
    keys: Mapping[str, Mapping[str, tuple[str, str]]] | None = None,
    extra: Mapping[str, str] | None = None,
    about: str = "",
    keep_times: bool = True,
    custody: tuple[Step, ...] = (),
    prove: Callable[[Index], None] | None = None,
    catalog: Where | None = None,
    holders: Holders | None = None,
    set_id: str = "",
    signer: Signer | None = None,
    progress: Progress | None = None,
) -> DiscSet:
    """Write `paths` to as many images of `medium` as they need, and `parity` more that replace any lost ones.

    Args:
        paths: files and folders, named in the set by their last component; or sources with a name of their own; or all
            of it gathered.
        date: stamped on everything; with it, the same files give the same bytes. With a time zone.
        redundancy: Reed-Solomon parity inside each image, per byte of data.
        keys: first and last value of key columns, by file name and column, for the index.
        extra: anything more the index shall say about the set.
        about: a few lines for README.txt, e.g. where the tables are described.
        custody: the migrations through which the files have come, for `migrate`.
        prove: told the index with all hashes (true names and hashes, of an encrypted set, too) before any image gets
            its name; it may refuse them.
        keep_times: note each file's modification time in the index (then another time gives other bytes).
        catalog: to enter the set in, a file or postgresql://…; `catalog.sqlite` in `out_dir` if not given.
        holders: encrypt files and names for them; then no two seals give the same bytes.
        set_id: of an encrypted set, one that `plan.chance_id` drew; drawn here if not given. The id of any other set
            follows from its files.
        signer: sign the index and each data disc.
    Raises:
        NotFound: a path cannot be read. UsageWrong: it is not a file or folder.
        DoesNotFit: a disc of this medium has no room beside its own overhead.
        CannotWrite: full disk, read-only folder, or an image of that name with other contents is there.
    """
    from heliograph.archive.catalog import check, default_catalog, enter

    watch = Watch(progress)
    gathered = paths if isinstance(paths, Gathered) else gather(paths)
    lock = None
    if holders is None:
        set_id = ""
    else:
        from heliograph.archive.seal.lock import Lock

        lock = Lock.on(gathered, holders, keys=keys, keep_times=keep_times)
        gathered, set_id, keys, keep_times = lock.gathered, set_id or chance_id(), None, False
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    wishes = Wishes(
        *(medium, tidy_title(title), date, parity, redundancy, keys, extra, about, keep_times),
        beside=Beside(lock, signer),
        custody=custody,
    )
    explained = ""
    if parity:
        from heliograph.archive.parity import explain

        explained = explain()
    if not isinstance(paths, Gathered):
        _refuse_own_output(paths, out_dir)
    plan = plan_set(gathered, wishes, explained, set_id=set_id)
    left_behind = tuple(sorted(out_dir.glob(f"*.iso{PARTIAL}*"))) if out_dir.is_dir() else ()
    _check_room(plan, out_dir)
    catalog = catalog or default_catalog(out_dir)
    check(catalog)
    for path in left_behind:
        if path.name.startswith(plan.index.set_id):
            path.unlink(missing_ok=True)
    watch.lap("plan")
    names = [out_dir / image_name(plan.index.set_id, drawn.disc.name) for drawn in plan.discs]
    with ExitStack() as stack:
        aside = [stack.enter_context(whole_file(name)) for name in names]
        index = fill(plan, aside, watch)
        if prove is not None:
            prove(index if lock is None else lock.opened(index))
        sizes = [_protect(image, redundancy, watch, name.name) for name, image in zip(names, aside, strict=True)]
        watch.lap("protect")
        for path, done in zip(names, aside, strict=True):
            refuse_another(path, done)
    watch.lap("fsync")
    discs = tuple(
        SealedDisc(drawn.disc.name, drawn.disc.kind, path, drawn.layout.bytes, size)
        for drawn, path, size in zip(plan.discs, names, sizes, strict=True)
    )
    try:
        enter(catalog, index, {disc.name: (disc.path, disc.image_bytes) for disc in discs})
    except CannotWrite as wrong:
        wrong.hint += f"; the images are whole: `heliograph archive catalog add {out_dir}` enters them later"
        raise
    watch.lap("catalog")
    return DiscSet(index, discs, catalog, left_behind, watch.split_s)


def _protect(image: Path, redundancy: float, watch: Watch, name: str) -> int:
    from heliograph.archive.rs03 import protect
    from heliograph.archive.rs03.layout import SCRATCH_SECTORS

    protect(
        image,
        redundancy=redundancy,
        scratch_sectors=SCRATCH_SECTORS,
        progress=lambda done, total: watch.tell(f"protect {name}", done, total),
    )
    return image.stat().st_size


def _refuse_own_output(paths: Sequence[Path | Source], out_dir: Path) -> None:
    """Images written into the folder that is sealed would be sealed in turn the next time."""
    for path in paths:
        if isinstance(path, Path) and path.is_dir() and out_dir.resolve().is_relative_to(path.resolve()):
            raise UsageWrong(
                f"{out_dir}: the images would stand inside {path}, which is to be sealed",
                hint="choose a folder outside of it (--out)",
            )


def _check_room(plan: SetPlan, out_dir: Path) -> None:
    """Refuse before the work what would only fail after it.

    Raises:
        CannotWrite: too little room, no directory, or another image in the way.
    """
    from heliograph.archive.rs03.layout import SCRATCH_SECTORS
    from heliograph.archive.rs03.layout import plan as plan_rs03

    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(out_dir).free
    except OSError as wrong:
        raise cannot_write(out_dir, wrong) from None
    needed = sum(
        plan_rs03(drawn.layout.sectors, redundancy=plan.index.redundancy, scratch_sectors=SCRATCH_SECTORS).image_bytes
        for drawn in plan.discs
    )
    if needed > free:
        raise CannotWrite(
            f"{out_dir}: the set needs {needed:,} bytes, {free:,} are free",
            hint="make room or choose another folder (--out); nothing was written",
            path=str(out_dir),
        )
