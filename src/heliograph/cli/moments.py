"""Times as people write them."""

from __future__ import annotations

from datetime import datetime, timedelta

from heliograph.errors import UsageWrong

__all__ = ["moment"]


def moment(text: str, start: datetime, option: str) -> datetime:
    """A time as people write it: of the record's first day, or with its date; in the plant's zone if it names none.

    Raises:
        UsageWrong: it is no time; the message names the option.
    """
    try:
        if "-" not in text and "T" not in text:
            hours, minutes, seconds = [*text.split(":"), *("0" * (2 - text.count(":")))]
            since = timedelta(hours=int(hours), minutes=float(minutes or 0), seconds=float(seconds))
            return start.replace(hour=0, minute=0, second=0) + since
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else found.replace(tzinfo=start.tzinfo)
    except (ValueError, OverflowError):
        example = f"{start + timedelta(hours=4):%Y-%m-%dT%H:%M}"
        raise UsageWrong(f"{option}: {text!r} is not a time", hint=f"write 04:00 or {example}") from None
