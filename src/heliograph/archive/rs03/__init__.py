"""RS03: Reed-Solomon parity inside a disc image, in the open format of dvdisaster. See docs/formats/rs03.md."""

from heliograph.archive.rs03.encode import protect
from heliograph.archive.rs03.layout import Layout, largest_iso, plan
from heliograph.archive.rs03.repair import repair, verify
from heliograph.archive.rs03.report import Report
from heliograph.archive.rs03.rows import Progress
from heliograph.archive.rs03.search import read_layout

__all__ = ["Layout", "Progress", "Report", "largest_iso", "plan", "protect", "read_layout", "repair", "verify"]
