"""Bytes in, discs out, bytes back: pack, protect, image, catalog, verify, repair, restore.

The verbs are functions of the modules named after them: `seal.seal`, `verify.verify`, `mend.mend`, `restore.restore`.
`care` keeps the discs for a century: scrub, due, cost.
What is handed on here reads discs and loads no compiled code.
"""

from heliograph.archive.medium import MEDIA, Medium, medium_called, of_size
from heliograph.archive.pack import Source
from heliograph.archive.reader import SetView, find_sets, open_set

__all__ = ["MEDIA", "Medium", "SetView", "Source", "find_sets", "medium_called", "of_size", "open_set"]
