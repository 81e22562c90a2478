"""A line of the register from what a check found."""

from __future__ import annotations

import re
from datetime import datetime

from heliograph import __version__
from heliograph.archive.care.register import DiscId, Test
from heliograph.archive.verify.check import DiscState

__all__ = ["measured"]


def measured(state: DiscState, at: datetime, *, deep: bool, drive: str = "", medium: str = "") -> Test | None:
    """The test that a check of a disc was; None when the disc does not say which one it is."""
    if not re.fullmatch(r"HG[0-9A-Z]{9}", state.set_id) or not state.disc:
        return None
    known = state.roots > 0
    return Test(
        DiscId(state.set_id, state.disc),
        at,
        "deep" if deep else "quick",
        state.state,
        state.sectors if known else None,
        state.damaged_sectors if known else None,
        state.worst if known else None,
        state.roots if known else None,
        f"heliograph {__version__}",
        drive,
        medium,
        state.why,
    )
