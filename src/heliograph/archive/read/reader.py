"""Reads the files of a disc set where they stand: in image files, or on mounted discs, whatever they are called.

    with open_set([Path("discs")]) as view:
        table = pyarrow.parquet.read_table(view.open("record/cells.parquet"))

Opening takes milliseconds and copies nothing. A file in pieces over several discs reads as one. Every sector that is
read from a protected image is held against its checksum in the RS03 layer, so damage is refused, never handed on; with
`mending`, it is mended in memory from the parity.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from heliograph.archive.medium import SECTOR
from heliograph.archive.read.believe import bytes_on, check_room, decode
from heliograph.archive.read.checked import Mending
from heliograph.archive.read.disc import DiscFolder, DiscImage, OnDisc
from heliograph.archive.texts.index import Disc, File, Index, image_name, set_named, volume_name
from heliograph.errors import Damaged, DiscsLost, DiscWrong, HeliographError, NotFound, UsageWrong

if TYPE_CHECKING:
    from heliograph.archive.secret.setkey import SetKey
    from heliograph.archive.secret.stream import Opened

__all__ = ["Found", "SetView", "find_sets", "image_paths", "open_set"]


@dataclass(slots=True)
class SetView:
    """A disc set as far as it is here: its index, the discs that are here, the files on them."""

    index: Index
    discs: Mapping[str, DiscImage | DiscFolder]
    """The discs that are here, by name (D01 …)."""
    copies: tuple[Path, ...] = ()
    """Further images of discs that are here already."""
    unread: Mapping[Path, HeliographError] = field(default_factory=dict)
    """Images that lie with these and could not be read, with the reason; they may be discs of this set."""
    key: SetKey | None = field(default=None, repr=False)
    """What opens the files of an encrypted set; `read.unlock` gives a view that has it."""
    _files: dict[str, File] = field(default_factory=dict)

    @property
    def set_id(self) -> str:
        """The name of the set."""
        return self.index.set_id

    @property
    def files(self) -> Mapping[str, File]:
        """Every file of the set by its true path, whether its discs are here or not."""
        if not self._files:
            self._files.update((file.path, file) for file in self.index.files)
        return self._files

    @property
    def missing(self) -> tuple[Disc, ...]:
        """The discs of the set that are not here."""
        return tuple(disc for disc in self.index.discs if disc.name not in self.discs)

    def is_called(self, label: str) -> bool:
        """Whether it is the set of this id, or of a disc with this label; or what that became when it was migrated."""
        return set_named(label) in (self.set_id, *self.index.made_of)

    def open(self, path: str) -> OnDisc | Opened:
        """The file whose true path is `path`, to read and seek in.

        Raises:
            NotFound: the set holds no such file. DiscsLost: a disc it stands on is not here.
            DiscWrong: the disc does not hold it, or not all of it.
        """
        file = self.files.get(path)
        if file is None:
            raise NotFound(f"set {self.set_id} holds no file {path!r}", hint="`heliograph archive ls` names its files")
        runs = []
        for piece in file.pieces:
            disc = self.discs.get(piece.disc)
            if disc is None:
                for image, wrong in self.unread.items():
                    if isinstance(wrong, Damaged) or image.name == image_name(self.set_id, piece.disc):
                        raise wrong
                raise DiscsLost(
                    f"{path}: stands on disc {piece.disc} of set {self.set_id}, which is not here",
                    hint=f"add {volume_name(self.set_id, piece.disc)}, or rebuild it: `heliograph archive repair`",
                    disc=piece.disc,
                    set_id=self.set_id,
                )
            run = disc.run(piece.path)
            if run.bytes != piece.bytes:
                raise DiscWrong(
                    f"{disc.where}: {piece.path}: expected {piece.bytes:,} bytes, the disc has {run.bytes:,}",
                    hint="the disc is damaged: try `heliograph archive repair`",
                )
            runs.append(run)
        if self.key is not None:
            from heliograph.archive.secret.stream import Opened

            return Opened(OnDisc(runs), sum(run.bytes for run in runs), self.key, path)
        return OnDisc(runs)

    def close(self) -> None:
        """Close every disc."""
        for disc in self.discs.values():
            disc.close()

    def __enter__(self) -> SetView:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Found:
    """What some paths hold: sets, and images that could not be read, with the reason."""

    sets: tuple[SetView, ...]
    unread: Mapping[Path, HeliographError]

    def called(self, label: str) -> tuple[SetView, ...]:
        """The sets that `SetView.is_called` so."""
        return tuple(view for view in self.sets if view.is_called(label))

    def close(self) -> None:
        """Close every disc."""
        for view in self.sets:
            view.close()


def image_paths(paths: Iterable[Path]) -> list[Path]:
    """The images that the paths name: files as given; of a folder, a disc itself or the files that may be images.

    Raises:
        NotFound: a path does not exist.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            if (path / "bagit.txt").is_file():
                found[path] = None
                continue
            inside = [each for each in sorted(path.iterdir()) if each.is_file() or (each / "bagit.txt").is_file()]
            found.update((each, None) for each in inside if each.is_dir() or _may_be_image(each))
        elif path.is_file() or path.is_block_device():
            found[path] = None
        elif path.exists():
            raise NotFound(f"{path}: neither a file, a drive nor a folder", hint="give image files, or their folder")
        else:
            raise NotFound(f"{path}: no such file or directory", hint="give image files, or a folder that holds them")
    return list(found)


def find_sets(paths: Iterable[Path], *, checked: bool = True, mending: Mending | None = None) -> Found:
    """Every disc set that the paths hold, in the order of their dates.

    Args:
        checked, mending: as `checked.CheckedImage` has them.
    Raises:
        NotFound: a path does not exist.
    """
    discs: dict[tuple[bytes, str], list[DiscImage | DiscFolder]] = {}
    unread: dict[Path, HeliographError] = {}
    indexes: dict[bytes, Index] = {}
    said: dict[bytes, Counter[str]] = {}
    for path in image_paths(paths):
        try:
            disc = DiscFolder(path) if path.is_dir() else DiscImage(path, checked=checked, mending=mending)
        except HeliographError as wrong:
            unread[path] = wrong
            continue
        try:
            # The index tells sets apart, even two whose ids happen to be equal.
            key = hashlib.sha256(disc.index_text).digest()
            index = indexes.get(key) or decode(disc.index_text, path)
            if disc.volume_name not in {volume_name(index.set_id, each.name) for each in index.discs}:
                raise DiscWrong(
                    f"{path}: is called {disc.volume_name[:40]!r}, and its index.json is that of set {index.set_id}",
                    hint="this disc was not written by Heliograph or has been tampered with",
                    path=str(path),
                )
            if key not in said:
                said[key] = bytes_on(index)
            if isinstance(disc, DiscImage):
                check_room(said[key], disc.volume_name.rpartition("_")[2], disc.volume.sectors * SECTOR, path)
        except HeliographError as wrong:
            disc.close()
            unread[path] = wrong
            continue
        indexes[key] = index
        discs.setdefault((key, disc.volume_name), []).append(disc)
    views = []
    for key, index in indexes.items():
        present: dict[str, DiscImage | DiscFolder] = {}
        copies: list[Path] = []
        for one in index.discs:
            same = discs.get((key, volume_name(index.set_id, one.name)), [])
            if same:
                present[one.name] = same[0]
                copies += [each.where for each in same[1:]]
                for each in same[1:]:
                    each.close()
        views.append(SetView(index, present, tuple(copies), unread))
    views.sort(key=lambda view: (view.index.created, view.set_id))
    return Found(tuple(views), unread)


def open_set(paths: Iterable[Path], set_id: str | None = None, *, mending: Mending | None = None) -> SetView:
    """The one disc set that the paths hold, or the one called `set_id`; else what that became when it was migrated.

    Args:
        mending: give damaged sectors as they were sealed, as far as the parity of their image rebuilds them; called
            with the image and the number of each.
    Raises:
        NotFound: they hold none. UsageWrong: they hold several.
        DiscWrong, Damaged: they hold images, but none that can be read.
    """
    paths = list(paths)
    found = find_sets(paths, mending=mending)
    wanted = found.sets if set_id is None else found.called(set_id)
    if set_id is not None and len(wanted) > 1:
        wanted = tuple(view for view in wanted if view.set_id == set_named(set_id)) or wanted
    if len(wanted) == 1:
        for view in found.sets:
            if view is not wanted[0]:
                view.close()
        return wanted[0]
    found.close()
    named = ", ".join(str(path) for path in paths)
    if found.sets:
        ids = ", ".join(view.set_id for view in found.sets)
        raise UsageWrong(f"{named}: holds the disc sets {ids}", hint="name one of them (--set), or its images only")
    for wrong in found.unread.values():
        raise wrong
    raise NotFound(f"{named}: no disc images of Heliograph here", hint="give image files, or a folder that holds them")


def _may_be_image(path: Path) -> bool:
    """Whether a file in a folder is worth a look: called .iso, or with a volume descriptor where one stands."""
    if path.suffix.lower() == ".iso":
        return True
    try:
        with path.open("rb") as file:
            file.seek(16 * 2048)
            return file.read(6) == b"\x01CD001" and not path.name.endswith(".partial")
    except OSError:
        return False
