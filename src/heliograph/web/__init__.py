"""The page of the workshop, served to browsers on this machine: read-only but for the pace of a run.

`listening` says where; `serve` loads the server. A run that is watched imports the first alone: its page has a
process of its own.
"""

from __future__ import annotations

from heliograph.web.listening import Address, listen

__all__ = ["Address", "listen"]
