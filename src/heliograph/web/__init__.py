"""The page of the workshop, served to browsers on this machine: read-only, and no request leaves it."""

from __future__ import annotations

from heliograph.web.app import application
from heliograph.web.serve import Address, serve

__all__ = ["Address", "application", "serve"]
