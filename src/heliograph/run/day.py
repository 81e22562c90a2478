"""A whole day: simulate, record, check, seal, verify, report, sum up.

    twin ──► daybook ──► record/ ──► checked ──► discs/ ──► verified ──► report.html, summary.json

Everything in `record/` hangs on the plant and the seed alone, to the byte; what hangs on this machine and this moment
(wall times, the version of the run) stands in `summary.json` only, so that two sealings of one day are the same discs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heliograph import __version__
from heliograph.archive.medium import MEDIA, Medium
from heliograph.errors import RunWrong
from heliograph.files import write_whole
from heliograph.plant.read import PlantFiles
from heliograph.run.folder import Asked, RunState, begin, note, open_run
from heliograph.units import ms_from_h

if TYPE_CHECKING:
    from heliograph.run.live.feed import Feed

__all__ = ["Day", "Watch", "fingerprint", "run_day"]

Watch = Callable[[str, float, str], None]
"""Told the part of the work, how far it is (0 to 1), and a line of text."""


@dataclass(frozen=True)
class Day:
    """What is asked for."""

    plant: PlantFiles
    folder: Path
    command: str
    seed: int = 1
    hours: float = 24.0
    warmup_h: float = 0.0
    mishaps: bool = False
    medium: Medium = MEDIA["bd-25"]
    parity: int = 0
    redundancy: float = 0.15
    seal: bool = True
    lang: str = "en"
    stop: Callable[[], bool] = lambda: False
    """Asked now and then while simulating: end the record here?"""
    watch: Watch = lambda part, done, text: None
    feed: Feed | None = None
    """Tells whoever watches what happens, while it does."""


@dataclass
class _Laps:
    """Wall time by part."""

    began_s: float = field(default_factory=time.perf_counter)
    parts_s: dict[str, float] = field(default_factory=dict)
    _last_s: float = field(default_factory=time.perf_counter)

    def lap(self, part: str) -> None:
        now_s = time.perf_counter()
        self.parts_s[part] = round(self.parts_s.get(part, 0.0) + now_s - self._last_s, 3)
        self._last_s = now_s

    def wall_s(self) -> float:
        return round(time.perf_counter() - self.began_s, 3)


def run_day(day: Day) -> dict[str, Any]:
    """Do all of it; gives what `summary.json` says.

    A directory whose record is complete and whose sealing was cut off is gone on with: the record is not made again.

    Raises:
        CannotWrite: full disk, read-only folder, or a directory that holds something else.
        RunWrong: stopped before the record began.
    """
    laps = _Laps()
    state = _sealing_cut_off(day)
    if state is None:
        state = RunState(
            command=day.command,
            plant=fingerprint(day.plant),
            seed=day.seed,
            hours=day.hours,
            warmup_h=day.warmup_h,
            mishaps=day.mishaps,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        begin(day.folder, state)
        figures = _record(day, laps)
        state.partial = bool(figures["partial"])
        state.state = "sealing"
        note(day.folder, state)
    else:
        figures = json.loads((day.folder / "record" / "summary.json").read_text())
    discs: dict[str, Any] = {"count": 0, "bytes": 0, "parity": 0, "verified": False}
    if day.seal and not state.partial:
        discs = _seal(day, laps)
    summary = {**figures, "discs": discs, "parts_s": laps.parts_s, "version": __version__}
    summary["wall_s"] = laps.wall_s()
    summary["speedup"] = round((figures["hours"] + figures["warmup_h"]) * 3600 / summary["wall_s"], 1)
    _report(day, summary, laps)
    summary["wall_s"] = laps.wall_s()
    _write_json(day.folder / "summary.json", summary)
    state.state = "done"
    note(day.folder, state)
    return summary


def _sealing_cut_off(day: Day) -> RunState | None:
    """The state of a run in the folder that has its record and lacks its discs, and is the one asked for."""
    if not (day.folder / "run.json").exists():
        return None
    try:
        state = open_run(day.folder)
    except RunWrong:
        return None
    asked = Asked(fingerprint(day.plant), day.seed, day.hours, day.warmup_h, day.mishaps)
    complete = (day.folder / "record" / "summary.json").exists()
    return state if state.state == "sealing" and state.asked == asked and complete and not state.partial else None


def fingerprint(plant: PlantFiles) -> str:
    """Plant name and the first digits of its files' SHA-256: tells one plant, or one version of it, from another."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in plant.files)).hexdigest()
    return f"{plant.plant.name} {digest[:16]}"


def _record(day: Day, laps: _Laps) -> dict[str, Any]:
    """Simulate and write `record/`; gives the figures that hang on plant and seed alone."""
    day.watch("starting", 0.0, "(after an installation it is compiled first, once: about half a minute)")
    from heliograph.fleet.mishaps import Mishaps
    from heliograph.passages import floor_of
    from heliograph.record.store import open_folder
    from heliograph.record.summary import summarise
    from heliograph.record.write import describe_record, write_record
    from heliograph.run.judge import judge
    from heliograph.run.loop import Progress, simulate
    from heliograph.twin.cells import cell_model
    from heliograph.twin.energy import read_meters

    laps.lap("start")
    plant, record = day.plant.plant, day.folder / "record"

    def tell(progress: Progress) -> None:
        done = (progress.now_ms - progress.from_ms) / max(1, progress.until_ms - progress.from_ms)
        day.watch("simulating", done, _line(progress, laps.wall_s(), plant.vehicles.count))

    book = simulate(
        plant,
        day.plant.roadmap,
        seed=day.seed,
        hours=day.hours,
        warmup_h=day.warmup_h,
        progress=tell,
        stop=day.stop,
        mishaps=Mishaps(plant.vehicles.count, seed=day.seed, until_ms=ms_from_h(day.hours)) if day.mishaps else None,
        feed=day.feed,
    )
    laps.lap("simulate")
    if book.until_ms <= 0:
        (day.folder / "run.json").unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            day.folder.rmdir()
        raise RunWrong("stopped during the warm-up: nothing was recorded", hint="run the same command again")
    floor = floor_of(plant, book.machine_ids)
    meters = read_meters(plant, book, floor)
    pieces = write_record(
        plant,
        book,
        floor,
        day.plant.roadmap.node_ids,
        record,
        meters,
        cell_model(plant, book, floor, meters),
        progress=lambda done: day.watch("recording", done, ""),
    )
    for name, text in describe_record(plant, mishaps=day.mishaps).items():
        write_whole(record / name, text)
    _copy_plant(day.plant, day.folder / "plant")
    laps.lap("record")
    day.watch("checking", 0.0, "")
    written = open_folder(record)
    violations = judge(plant, day.plant.roadmap, written)
    laps.lap("check")
    figures = summarise(plant, book, written, pieces, violations=len(violations))
    figures["violations_by_kind"] = dict(sorted(Counter(violation.kind for violation in violations).items()))
    _write_json(record / "summary.json", figures)
    laps.lap("sum up")
    return figures


def _line(progress: Any, wall_s: float, vehicles: int) -> str:
    """Simulated time, speed-up, cells, vehicles busy."""
    minutes = progress.now_ms // 60_000
    sign = "-" if minutes < 0 else ""
    at = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    faster = (progress.now_ms - progress.from_ms) / 1000 / max(wall_s, 1e-3)
    phase = "warm-up" if progress.now_ms < 0 else "record"
    return f"{phase} {at} · {faster:,.0f} × · {progress.cells:,} cells · {progress.vehicles_busy} of {vehicles} busy"


def _copy_plant(plant: PlantFiles, folder: Path) -> None:
    for path in plant.files:
        write_whole(folder / path.name, path.read_bytes())


def _seal(day: Day, laps: _Laps) -> dict[str, Any]:
    """Seal record and plant on discs and read them back."""
    from heliograph.archive.seal.seal import seal
    from heliograph.archive.verify.verify import verify

    plant = day.plant.plant
    discs = day.folder / "discs"
    sealed = seal(
        [day.folder / "record", day.folder / "plant"],
        discs,
        date=plant.calendar.start + timedelta(hours=day.hours),
        medium=day.medium,
        parity=day.parity,
        redundancy=day.redundancy,
        title=f"{plant.title}, {plant.calendar.start:%Y-%m-%d}",
        keys=_cell_ranges(day.folder / "record"),
        extra={"plant": plant.name, "site": plant.site},
        about="record/TABLES.md describes every table and column, in English and Chinese.",
        keep_times=False,
        progress=lambda part, done, total: day.watch("sealing", done / max(total, 1), part),
    )
    laps.lap("seal")
    verdict = verify([discs], progress=lambda name, done, total: day.watch("verifying", done / max(total, 1), name))
    wrong = verdict.error()
    if wrong is not None:
        raise wrong
    laps.lap("verify")
    return {
        "count": len(sealed.discs),
        "bytes": sealed.bytes,
        "parity": sum(disc.kind == "parity" for disc in sealed.discs),
        "set": sealed.set_id,
        "medium": day.medium.name,
        "redundancy": day.redundancy,
        "verified": True,
    }


def _cell_ranges(record: Path) -> dict[str, dict[str, tuple[str, str]]]:
    """First and last cell in each file of cells, for the index of every disc: which disc holds a cell?"""
    from pyarrow import parquet

    ranges = {}
    for path in sorted(record.glob("cells*.parquet")):
        about = parquet.read_metadata(path)
        groups = [about.row_group(number).column(0).statistics for number in range(about.num_row_groups)]
        groups = [group for group in groups if group is not None and group.has_min_max]
        if groups:
            ranges[f"record/{path.name}"] = {
                "cell": (min(group.min for group in groups), max(group.max for group in groups))
            }
    return ranges


def _report(day: Day, summary: Mapping[str, Any], laps: _Laps) -> None:
    from heliograph.report.page import write_report

    day.watch("reporting", 0.0, "")
    write_report(day.folder, summary, day.plant.plant, lang=day.lang)
    laps.lap("report")


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    write_whole(path, json.dumps(document, ensure_ascii=False, indent=2, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
