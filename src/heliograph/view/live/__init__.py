"""A run in progress as a page shows it: what is told of it portion by portion, and the series that grow with it."""

from __future__ import annotations

from heliograph.view.live.driven import Driven
from heliograph.view.live.growing import Growing
from heliograph.view.live.motion import Motion
from heliograph.view.live.portion import Portion, decode_portion, encode_portion

__all__ = ["Driven", "Growing", "Motion", "Portion", "decode_portion", "encode_portion"]
