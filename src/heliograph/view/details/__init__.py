"""What is known of one thing at one moment, one kind of thing a file."""

from __future__ import annotations

from heliograph.view.details.ask import details_of
from heliograph.view.details.states import stays_of

__all__ = ["details_of", "stays_of"]
