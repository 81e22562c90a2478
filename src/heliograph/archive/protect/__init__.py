"""RS03 protection for any ISO image, into a copy or into the image itself.

What comes out is, byte for byte, what stock dvdisaster writes.
"""

from heliograph.archive.protect.copy import protect_copy
from heliograph.archive.protect.in_place import protect_in_place
from heliograph.archive.protect.sizing import Protected

__all__ = ["Protected", "protect_copy", "protect_in_place"]
