"""How the kernels are compiled: `entry` for those that Python calls, `inner` for those that only kernels call.

Inner kernels get no wrapper for calls from Python, and count no references: unpacking and counting the world's arrays
in each of them would be most of what the compiler has to do. Both are kept on disk after the first time. The compiler
looks only at the file of the kernel itself to see whether what it kept is still true; a kernel here consists of others
from other files of its folder, so we look at all of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit, typeof

__all__ = ["bound", "entry", "inner"]


def _forget_stale(folder: Path) -> None:
    """Delete kept kernels of a folder if any file in it is newer than they are."""
    newest = max((path.stat().st_mtime for path in folder.glob("*.py")), default=0.0)
    for kept in (folder / "__pycache__").glob("*.nbi"):
        with contextlib.suppress(OSError):
            if kept.stat().st_mtime < newest:
                kept.unlink()


def bound(kernel: Any, *arguments: object) -> Callable[..., Any]:
    """The kernel for arguments of these very types: a call finds it without asking for the types each time.

    That asking takes longer than the kernel where time advances in small steps.
    """
    types = tuple(typeof(argument) for argument in arguments)
    kernel.compile(types)
    compiled: Callable[..., Any] = kernel.get_overload(types)
    return compiled


for _room in (Path(__file__).parent, Path(__file__).parent / "steps"):
    _forget_stale(_room)
entry = njit(cache=True, error_model="numpy", no_cfunc_wrapper=True)
inner = njit(cache=True, error_model="numpy", no_cfunc_wrapper=True, no_cpython_wrapper=True, _nrt=False)
