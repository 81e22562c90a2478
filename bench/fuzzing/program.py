"""A mutant, read with `read_discs.py`, the program on the discs, which imports nothing of Heliograph."""

from __future__ import annotations

import contextlib
import hashlib
import io
import random
import shutil
import sys
import traceback
from functools import cache
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

from fuzzing.ground import Ground
from fuzzing.mutations import mutate

__all__ = ["attempt"]

LONGEST = 2_000
"""Letters of one line that a person is told."""


@cache
def _program() -> ModuleType:
    from heliograph.archive.texts.guide import READER, reader

    module = ModuleType("read_discs")
    exec(compile(reader(), READER, "exec"), module.__dict__)
    return module


def attempt(number: int, ground: Ground, folder: Path, deep: float = 1.0) -> str:
    """List and copy what one mutant holds; on a share of them (`deep`) check or mend, too. What came of it.

    Raises:
        AssertionError: a trace was printed, something was written outside the folder, or bytes that nobody vouches for.
    """
    seed, data, _, forged = mutate(number, ground)
    r = random.Random(-1 - number)
    inside, out = folder / "in", folder / "out"
    for each in (inside, out):
        shutil.rmtree(each, ignore_errors=True)
    inside.mkdir()
    (inside / seed.name).write_bytes(data)
    mates = seed.mates if r.random() < 0.3 else {}
    for name, mate in mates.items():
        (inside / name).write_bytes(mate)
    came = [_run("list", inside), _run("copy", inside, "--to", out / "copied")]
    if r.random() < deep:
        came.append(_run("check", inside) if r.random() < 0.5 else _run("mend", inside, "--to", out / "mended"))
    beside = {path.name for path in folder.iterdir()} - {"in", "out"}
    assert not beside, f"written outside: {beside}"
    known = b"".join((data, seed.data, *mates.values()))
    for path in (out / "copied").rglob("*"):
        if path.is_file() and not path.is_symlink():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            assert digest.encode() in known, f"{path.name} was copied with bytes that no index vouches for"
            assert forged or digest.encode() in seed.data + b"".join(seed.mates.values()), f"{path.name}: other bytes"
    sealed = {each.data for each in ground.seeds}
    for path in (out / "mended").glob("*.iso"):
        assert forged or path.read_bytes() in sealed, f"{path.name} was mended to other bytes"
    return ", ".join(came)


def _run(*words: str | Path) -> str:
    """How a command ended; the program believes that it was called from a shell."""
    said, wrong = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    program, ended = _program(), ""
    with (
        patch.object(sys, "argv", ["read_discs.py", *map(str, words)]),
        patch.object(sys, "excepthook"),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(wrong),
    ):
        try:
            ended = str(program.main())
            sys.stdout.flush()
        except SystemExit as end:
            ended = "refused" if isinstance(end.code, str) else f"refused {end.code}"
        except Exception as error:  # one line by `sys.excepthook`; never while files are copied
            trace = "".join(traceback.format_exception(error))
            assert "in __init__" in trace, trace
            ended = f"refused {type(error).__name__}"
        lines = wrong.getvalue().splitlines()
    assert all(len(line) <= LONGEST for line in lines), "a line that nobody reads"
    return f"{words[0]} {ended}"
