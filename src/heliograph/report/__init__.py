"""The report: one page of HTML from a record and its summary, complete in itself."""

from __future__ import annotations

from heliograph.report.page import REPORT_FILE, write_report

__all__ = ["REPORT_FILE", "write_report"]
