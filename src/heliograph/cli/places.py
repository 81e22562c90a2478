"""Where a record is: what `--from` names, or the last run.

A run directory, the folder of its tables, or disc images (files, or a folder of them); a run directory whose record
has been moved away is read from its discs.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heliograph.cli.show import note
from heliograph.errors import HeliographError, NotFound, RunWrong, UsageWrong

if TYPE_CHECKING:
    from heliograph.archive.read.reader import SetView
    from heliograph.archive.secret import Keyring
    from heliograph.plant.read import PlantFiles
    from heliograph.record.store import Kept, Record, Shelf

__all__ = ["find_record", "find_workshop", "last_run"]


def last_run(here: Path) -> Path:
    """The run written last in this directory, in its `runs`, or directly below either.

    Raises:
        NotFound: there is none.
    """
    places = [here, *_folders(here), *_folders(here / "runs")]
    runs = [(marker.stat().st_mtime_ns, place) for place in places if (marker := _marker(place)) is not None]
    if not runs:
        raise NotFound(
            f"{here}: no run here", hint="name one with --from PATH, or make one: `heliograph run small --hours 2`"
        )
    return max(runs)[1]


def _folders(place: Path) -> list[Path]:
    return [path for path in place.iterdir() if path.is_dir()] if place.is_dir() else []


def _marker(place: Path) -> Path | None:
    """What shows that a directory is a run: its summary, its record, or its discs."""
    for marker in (place / "summary.json", place / "record" / "lots.parquet"):
        if marker.exists():
            return marker
    return None


def find_record(paths: Sequence[Path], ring: Keyring | None = None) -> Record:
    """The record that these paths hold; `ring` opens encrypted discs.

    Raises:
        UsageWrong: a run and something else. Locked: no key opens the discs.
        NotFound, RunWrong, DiscWrong, DiscsLost, Damaged: as each says.
    """
    return _find(paths, ring)[0]


def find_workshop(
    paths: Sequence[Path], plant: str | None = None, ring: Keyring | None = None
) -> tuple[Record, PlantFiles]:
    """The record that these paths hold, and the plant that made it: `plant`, or the one that lies with the record.

    Raises:
        RunWrong: no plant lies with it, or `plant` is another than the record's.
        PlantWrong: that plant has mistakes. And what `find_record` raises.
    """
    from heliograph.plant.read import read_plant

    record, where = _find(paths, ring)
    if plant is not None:
        files = read_plant(plant)
        _hold_together(record, files, plant)
        return record, files
    if not isinstance(where, Path):
        return record, _plant_on_discs(where)
    for folder in (where / "plant", where.parent / "plant"):
        if folder.is_dir():
            return record, read_plant(folder)
    hint = f"name the plant that made it, e.g. --plant {record.metadata.get('plant', 'DIR')}"
    raise RunWrong(f"{where}: no plant beside this record", hint=hint)


def _hold_together(record: Record, files: PlantFiles, plant: str) -> None:
    """A plant and a record of the same machines.

    Raises:
        RunWrong: one has machines that the other has not: another plant made this record.
    """
    recorded = set(record.read("machines", ["machine"])["machine"].to_pylist())
    planned = {machine.id for machine in files.plant.machines}
    for missing, lacks, has in ((recorded - planned, "plant", "record"), (planned - recorded, "record", "plant")):
        if missing:
            raise RunWrong(
                f"{record.where}: made by another plant than {plant}: {len(missing)} machines of the {has} are not in "
                f"the {lacks}, e.g. {min(missing)}",
                hint=f"name the plant that made it, e.g. --plant {record.metadata.get('plant', 'DIR')}",
            )


def _find(paths: Sequence[Path], ring: Keyring | None) -> tuple[Record, Path | SetView]:
    """The record, and the folder or the disc set that it is in."""
    from heliograph.record.store import open_folder

    places = list(paths) or [last_run(Path.cwd())]
    for place in places:
        _not_too_long(place)
    if len(places) == 1 and places[0].is_dir():
        place = places[0]
        if (place / "run.json").exists():
            from heliograph.run.folder import open_run

            open_run(place)
        if any(place.glob("*.parquet")) or (place / "record").is_dir():
            return open_folder(place, _beside(place)), place
        if (place / "discs").is_dir():
            places = [place / "discs"]
    elif len(places) == 1 and places[0].suffix == ".parquet":
        return open_folder(places[0].parent), places[0].parent
    elif runs := [place for place in places if _marker(place) is not None]:
        raise UsageWrong(f"{runs[0]}: a run among {len(places)} places", hint="give one run, or disc images only")
    return _on_discs(places, ring)


def _not_too_long(place: Path) -> None:
    """
    Raises:
        NotFound: no file system here takes so long a name, so nothing has it.
    """
    try:
        place.stat()
    except OSError as wrong:
        if wrong.errno == errno.ENAMETOOLONG:
            said = f"{str(place)[:60]}…: no such file or directory: a name of {len(str(place))} characters"
            raise NotFound(said, hint="give a run directory, its record folder, or disc images") from wrong


def _on_discs(places: Sequence[Path], ring: Keyring | None) -> tuple[Record, SetView]:
    """The record on discs; of damaged ones, all that their parity gives back."""
    from heliograph.archive.read.checked import how_to_mend
    from heliograph.archive.read.reader import open_set
    from heliograph.record.store import open_record

    told: set[Path] = set()

    def tell(image: Path, sector: int) -> None:
        if image not in told:
            told.add(image)
            note(f"note: {image}: damaged sectors are read from its parity; mend it: {how_to_mend(image)}")

    view = open_set(places, mending=tell)
    if view.index.locked:
        from heliograph.archive.read.unlock import unlock
        from heliograph.archive.secret import Keyring

        view = unlock(view, ring or Keyring())

    def opener(path: str) -> Callable[[], Any]:
        return lambda: view.open(path)

    where = f"disc set {view.set_id}"
    files = {path: opener(path) for path in view.files if path.endswith(".parquet")}
    return open_record(files, where, lambda: _kept(view)), view


def _kept(view: SetView) -> dict[str, list[Kept]]:
    """The discs of each file of a set: volume labels, and what the images that are here are called."""
    from heliograph.archive.texts.index import image_name, volume_name
    from heliograph.record.store import Kept

    images = {name: disc.where.name for name, disc in view.discs.items()}

    def disc(name: str) -> Kept:
        image = images.get(name, image_name(view.set_id, name))
        return Kept(view.set_id, volume_name(view.set_id, name), image)

    return {path: [disc(piece.disc) for piece in file.pieces] for path, file in view.files.items()}


def _beside(place: Path) -> Shelf:
    """The discs in a run's own folder, as far as they hold its record as it is; none of those that are encrypted."""

    def find() -> dict[str, list[Kept]]:
        from heliograph.archive.read.reader import open_set

        try:
            with open_set([place / "discs"]) as view:
                kept = {} if view.index.locked else _kept(view)
                same = {path: file.bytes for path, file in view.files.items()}
        except HeliographError:  # none, several, or none that can be read: then nobody knows
            return {}
        its = {path.rpartition("/")[2]: path for path in kept}
        folder = place / "record" if (place / "record").is_dir() else place
        return {
            file.name: kept[its[file.name]]
            for file in folder.glob("*.parquet")
            if file.name in its and file.stat().st_size == same[its[file.name]]
        }

    return find


def _plant_on_discs(view: SetView) -> PlantFiles:
    """The plant that lies with a record on discs."""
    from heliograph.plant.read import read_plant
    from heliograph.plant.write import LAYOUT_FILE, PLANT_FILE

    homes = [path.removesuffix(PLANT_FILE) for path in view.files if path.rpartition("/")[2] == PLANT_FILE]
    if len(homes) != 1:
        hint = "name the plant that made it: --plant DIR"
        raise RunWrong(f"disc set {view.set_id}: holds {len(homes)} plants, expected one", hint=hint)
    with tempfile.TemporaryDirectory() as folder:
        for name in (PLANT_FILE, LAYOUT_FILE):
            if homes[0] + name in view.files:
                (Path(folder) / name).write_bytes(view.open(homes[0] + name).read())
        return read_plant(folder)
