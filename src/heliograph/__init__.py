"""Heliograph runs a smart workshop and writes its record in light."""

__all__ = ["__version__"]

__version__ = "0.1.0"
