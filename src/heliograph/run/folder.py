"""The directory of a run: what is in it, and whether it is whole.

    DIR/run.json       what was asked for, and how far it came: running, sealing, done
    DIR/record/        Parquet tables, complete when the state is past `running`
    DIR/plant/         the plant that made it
    DIR/discs/         images, complete when the state is `done`
    DIR/report.html
    DIR/summary.json   written last

`run.json` is written first, so that a run that was killed can be told from one that never was, and by which command.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from heliograph.errors import CannotWrite, NotFound, RunWrong
from heliograph.files import cannot_write, write_whole

__all__ = ["RUNS", "Asked", "RunState", "begin", "next_folder", "note", "open_run"]

RUNS = Path("runs")
"""Where runs go, and are looked for, when no directory is named."""

OURS = ("run.json", "record", "plant", "discs", "report.html", "summary.json")


class Asked(NamedTuple):
    """What fixes a record, to the byte."""

    plant: str
    """Its `fingerprint`."""
    seed: int
    hours: float
    warmup_h: float
    mishaps: bool


class RunState(msgspec.Struct, kw_only=True):
    """What `run.json` says."""

    format: Literal["heliograph-run/1"] = "heliograph-run/1"
    command: str
    plant: str
    seed: int
    hours: float
    warmup_h: float
    started: str
    state: Literal["running", "sealing", "done"] = "running"
    partial: bool = False
    """Stopped by Ctrl-C: the record ends early, and is whole up to there."""
    mishaps: bool = False

    @property
    def asked(self) -> Asked:
        """What fixes the record, to the byte."""
        return Asked(self.plant, self.seed, self.hours, self.warmup_h, self.mishaps)


def begin(folder: Path, asked: RunState) -> None:
    """Make `folder` ready for a run; what an earlier run left there is cleared, anything else is refused.

    Raises:
        CannotWrite: the directory holds other files, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise CannotWrite(f"{folder}: is a file", hint="name a directory with --out", path=str(folder))
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "run.json").exists():
        raise CannotWrite(
            f"{folder}: is not empty and holds no run", hint="name another directory with --out", path=str(folder)
        )
    try:
        for name in reversed(OURS[1:]):
            path = folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    except OSError as wrong:
        raise cannot_write(folder, wrong) from wrong
    note(folder, asked)


def note(folder: Path, state: RunState) -> None:
    """Write how far the run has come."""
    write_whole(folder / "run.json", msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n")


def open_run(folder: Path) -> RunState:
    """The state of the run in `folder`.

    Raises:
        RunWrong: there is none, or it was cut off before its record was complete.
    """
    path = folder / "run.json"
    if not folder.is_dir():
        raise NotFound(f"{folder}: no such directory", hint="name a run directory, or run `heliograph run PLANT`")
    if not path.exists():
        raise RunWrong(f"{folder}: holds no run (no run.json)", hint="name the directory that `heliograph run` wrote")
    state = _state(path)
    if state is None:
        raise RunWrong(f"{path}: is not a run's state", hint="run the plant again into another directory")
    if state.state == "running":
        raise RunWrong(
            f"{folder}: the run begun at {state.started} was cut off before its record was complete",
            hint=f"nothing of it can be used; the same command gives the same record: {state.command}",
        )
    return state


def next_folder(plant: str, asked: Asked) -> Path:
    """A directory under `runs/`: this plant's last one if it was cut off doing the very same, else a new number."""
    mine = [path for path in RUNS.glob(f"{plant}-*") if path.name.removeprefix(f"{plant}-").isdigit()]
    mine.sort(key=lambda path: int(path.name.removeprefix(f"{plant}-")))
    if mine:
        state = _state(mine[-1] / "run.json")
        cut_off = state is not None and state.state != "done" and not state.partial
        if state and cut_off and state.asked == asked:
            return mine[-1]
        return RUNS / f"{plant}-{int(mine[-1].name.removeprefix(f'{plant}-')) + 1:03d}"
    return RUNS / f"{plant}-001"


def _state(path: Path) -> RunState | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunState)
    except (msgspec.DecodeError, OSError):
        return None
