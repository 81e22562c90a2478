"""Dates as people type them, for the commands of the archive."""

from __future__ import annotations

from datetime import UTC, datetime

from heliograph.errors import UsageWrong

__all__ = ["utc"]


def utc(option: str, text: str | None) -> datetime:
    """The instant that a person typed, in UTC; now for None.

    Raises:
        UsageWrong: it is no date.
    """
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise UsageWrong(
            f"{option} {text}: expected a day such as 2026-11-26, or a time such as 2026-11-26T08:00:00+08:00"
        ) from None
