"""What a check of an image found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heliograph.archive.rs03.layout import Layout

__all__ = ["Report"]


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """The state of an image; after a repair, the state it was found in."""

    image: Path
    layout: Layout
    damaged: NDArray[np.int64]
    """Numbers of sectors that are not as sealed, or missing, in order; of lost rows only those that are known."""
    lost_rows: NDArray[np.int64]
    """Rows with more damage than parity rebuilds, in order. Row r is the sectors r, r + L, r + 2L ... of the image."""
    worst: int
    """Damaged sectors in the worst row."""
    deep: bool
    """The ECC layers were checked, too."""
    worst_row: int = -1
    """The first row with that many, -1 when nothing is damaged."""
    histogram: tuple[int, ...] = ()
    """Item k: rows with k damaged sectors. A sector with one wrong byte counts as a whole one."""

    @property
    def sectors(self) -> int:
        """Sectors that the image should have."""
        return self.layout.sectors

    @property
    def clean(self) -> bool:
        """Nothing is damaged."""
        return not self.damaged.size and not self.lost_rows.size

    @property
    def repairable(self) -> bool:
        """Nothing is lost for good."""
        return not self.lost_rows.size

    @property
    def margin(self) -> int:
        """How many more sectors of the worst row may go; negative when too many have."""
        return self.layout.roots - self.worst

    def mended(self, image: Path) -> Report:
        """The report of the image, or of its copy, once all is mended."""
        none = np.zeros(0, np.int64)
        rows = (self.layout.layer_sectors,)
        return replace(self, image=image, damaged=none, lost_rows=none, worst=0, worst_row=-1, histogram=rows)
