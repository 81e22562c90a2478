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
            past_hour, past_minute = float(minutes or 0), float(seconds)
            if not (0 <= past_hour < 60 and 0 <= past_minute < 60):
                raise ValueError
            since = timedelta(hours=int(hours), minutes=past_hour, seconds=past_minute)
            return start.replace(hour=0, minute=0, second=0) + since
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else found.replace(tzinfo=start.tzinfo)
    except (ValueError, OverflowError):
        example = f"{start + timedelta(hours=4):%Y-%m-%dT%H:%M}"
        raise UsageWrong(f"{option}: {text!r} is not a time", hint=f"write 04:00 or {example}") from None
