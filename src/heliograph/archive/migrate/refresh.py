"""Copy the images of a set as they are, and write the custody beside them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from heliograph.archive.another import refuse_another
from heliograph.archive.catalog import Where, enter
from heliograph.archive.medium import SECTOR
from heliograph.archive.read.disc import DiscImage
from heliograph.archive.read.reader import SetView
from heliograph.archive.texts.custody import Step, write_beside
from heliograph.archive.texts.index import image_name
from heliograph.errors import CannotWrite, UsageWrong
from heliograph.files import whole_file

__all__ = ["refresh"]

_CHUNK: Final = 4 << 20


def refresh(
    view: SetView, to: Path, steps: Sequence[Step], catalog: Where, progress: Callable[[str, int, int], None] | None
) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Copy every disc of a set, all of which must be there and sound; the images, and the two files of the custody.

    Raises:
        UsageWrong: a disc is mounted, so that its sectors cannot be seen.
        CannotWrite: full disk, or another image of that name is there.
    """
    sizes = {name: _bytes(disc.where) for name, disc in view.discs.items() if isinstance(disc, DiscImage)}
    folders = [disc.where for disc in view.discs.values() if not isinstance(disc, DiscImage)]
    if folders:
        raise UsageWrong(
            f"{folders[0]}: a mounted disc; its files can be seen, not its sectors",
            hint="give images or drives to copy them as they are, or a --medium to have the files packed anew",
        )
    targets = {name: to / image_name(view.set_id, name) for name in sizes}
    needed = sum(size for name, size in sizes.items() if not targets[name].exists())
    free = shutil.disk_usage(to).free
    if needed > free:
        raise CannotWrite(
            f"{to}: the images take {needed:,} bytes, {free:,} are free",
            hint="make room or choose another folder (--to); nothing was written",
            path=str(to),
        )
    for name, size in sizes.items():
        _copy(view.discs[name].where, targets[name], size, progress)
    enter(catalog, view.index, {name: (path, sizes[name]) for name, path in targets.items()})
    return tuple(targets.values()), write_beside(to, view.set_id, steps)


def _bytes(image: Path) -> int:
    """Length of an image as sealed; one that was read from a disc may have some sectors more."""
    from heliograph.archive.rs03 import read_layout

    layout = read_layout(image)
    return layout.sectors * SECTOR if layout is not None else image.stat().st_size


def _copy(source: Path, target: Path, size: int, progress: Callable[[str, int, int], None] | None) -> None:
    with whole_file(target) as aside:
        left = size
        with source.open("rb") as file, aside.open("wb") as out:
            while left and (chunk := file.read(min(_CHUNK, left))):
                out.write(chunk)
                left -= len(chunk)
                if progress is not None:
                    progress(f"copy {source.name}", size - left, size)
        refuse_another(target, aside)
