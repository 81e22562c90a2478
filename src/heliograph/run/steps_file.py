"""The record of a run in steps: one .npz file (a ZIP of NumPy arrays), whole or not at all.

| array | what |
|---|---|
| `about` | JSON: format, name, map, seed, and the figures that `heliograph fleet bench --json` prints |
| `free` | (h, w) flag: cells where robots go |
| `starts`, `tasks` | cells, row * width + column |
| `first` | (n,) state of each robot at the start: 4 * cell + heading (0 east, 1 south, 2 west, 3 north) |
| `changes` | (steps, n) what each step adds to the state |
| `errands` | (n,) errands done by each robot, as the run counted them |
| `step_ms` | (steps,) wall time of each step in ms |
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heliograph.errors import InstanceWrong
from heliograph.files import whole_file
from heliograph.plant.lorr import Instance

__all__ = ["FORMAT", "SUFFIX", "StepsFile", "read_steps", "write_steps"]

FORMAT: Final = "heliograph-steps/1"
SUFFIX: Final = ".npz"


class StepsFile(NamedTuple):
    """A run in steps, as its file tells it."""

    instance: Instance
    states: NDArray[np.int32]
    """(steps + 1, n) 4 * cell + heading."""
    errands: NDArray[np.int64]
    step_ms: NDArray[np.float64]
    about: dict[str, Any]


def write_steps(
    path: Path,
    instance: Instance,
    states: NDArray[np.int32],
    errands: NDArray[np.int64],
    step_ms: NDArray[np.float64],
    figures: Mapping[str, Any],
) -> None:
    """Write a run to `path`.

    Raises:
        CannotWrite: the disk is full, or the folder read-only.
    """
    about = {"format": FORMAT, "name": instance.name, "map": instance.map_name, **figures}
    with whole_file(path) as aside, aside.open("wb") as out:
        np.savez_compressed(
            out,
            about=np.array(json.dumps(about, ensure_ascii=False)),
            free=instance.free,
            starts=instance.starts,
            tasks=instance.tasks.astype(np.int32),
            first=states[0],
            changes=np.diff(states, axis=0),
            errands=errands,
            step_ms=step_ms,
        )


def read_steps(path: Path) -> StepsFile:
    """The run that `path` holds.

    Raises:
        InstanceWrong: there is no such file, or it is not one of ours, or it is damaged.
    """
    hint = "such a file is written by `heliograph fleet bench INSTANCE.json --out FILE.npz`"
    try:
        with np.load(path, allow_pickle=False) as held:
            about = json.loads(str(held["about"]))
            if about.get("format") != FORMAT:
                raise InstanceWrong(f"{path}: expected format {FORMAT}, got {about.get('format')}", hint=hint)
            first, changes = held["first"], held["changes"]
            states = np.empty((len(changes) + 1, len(first)), np.int32)
            states[0] = first
            np.cumsum(changes, axis=0, out=states[1:])
            states[1:] += first
            instance = Instance(
                about["name"], about["map"], held["free"], held["starts"], held["tasks"].astype(np.int64)
            )
            return StepsFile(instance, states, held["errands"], held["step_ms"], about)
    except FileNotFoundError:
        raise InstanceWrong(f"{path}: no such file", hint=hint) from None
    except (KeyError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as wrong:
        said = " ".join(str(wrong).split())[:100]
        raise InstanceWrong(f"{path}: not a run in steps, or damaged: {said}", hint=hint) from None
