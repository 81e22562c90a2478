"""Read a sick disc as far as it can be read, bounded, and know for good what could not be.

`rescue` reads a drive or a file into an image with GNU ddrescue's map beside it, and goes on where it was stopped;
`passes` decides what to read next, `door` is the file or device that is read.
"""

from heliograph.archive.rescue.door import is_device
from heliograph.archive.rescue.reading import Limits, Rescued, rescue

__all__ = ["Limits", "Rescued", "is_device", "rescue"]
