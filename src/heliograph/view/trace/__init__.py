"""The trace page: the genealogy of a cell or a lot, who shared its tubes, what went through a machine."""

from __future__ import annotations

from heliograph.view.trace.ask import trace_of
from heliograph.view.trace.together import together_of

__all__ = ["together_of", "trace_of"]
