"""Python's search for circular garbage, held back where it would cost time and find nothing."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

__all__ = ["no_sweeps"]


@contextlib.contextmanager
def no_sweeps() -> Iterator[None]:
    """Hold the sweeps back; afterwards all is as it was."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
