"""A recorded day as a page shows it: the floor, what is on it at any instant, and what is known of each thing."""

from __future__ import annotations

from heliograph.view.day import Day
from heliograph.view.recorded import Recorded
from heliograph.view.series import Series
from heliograph.view.source import Hit, Opening, Source
from heliograph.view.unread import Unread

__all__ = ["Day", "Hit", "Opening", "Recorded", "Series", "Source", "Unread"]
