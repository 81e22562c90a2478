"""The report: one page of HTML from a record and its summary, complete in itself."""

from __future__ import annotations

from heliograph.report.page import write_report
from heliograph.report.readings import Reading, readings

__all__ = ["Reading", "readings", "write_report"]
