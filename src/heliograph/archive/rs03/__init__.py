"""RS03: Reed-Solomon parity inside a disc image, in the open format of dvdisaster. See docs/disc-format.md.

Names are loaded when they are first used: geometry and headers are wanted by commands that must answer at once, and
loading the compiled kernels takes a second.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.archive.rs03.encode import protect
    from heliograph.archive.rs03.layout import Layout, largest_iso, plan
    from heliograph.archive.rs03.mending import Examined, examine, repair, verify, write_mended
    from heliograph.archive.rs03.report import Report
    from heliograph.archive.rs03.rows import Progress
    from heliograph.archive.rs03.search import read_layout

__all__ = [
    "Examined",
    "Layout",
    "Progress",
    "Report",
    "examine",
    "largest_iso",
    "plan",
    "protect",
    "read_layout",
    "repair",
    "verify",
    "write_mended",
]

_HOMES = {
    "Examined": "mending",
    "examine": "mending",
    "Layout": "layout",
    "Progress": "rows",
    "Report": "report",
    "largest_iso": "layout",
    "plan": "layout",
    "protect": "encode",
    "read_layout": "search",
    "repair": "mending",
    "verify": "mending",
    "write_mended": "mending",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
