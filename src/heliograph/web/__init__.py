"""The page of the workshop, served to browsers on this machine: read-only but for the pace of a run."""

from __future__ import annotations

from heliograph.web.app import application
from heliograph.web.listening import Address, listen
from heliograph.web.serve import serve, serve_live

__all__ = ["Address", "application", "listen", "serve", "serve_live"]
