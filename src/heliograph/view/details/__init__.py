"""What is known of one thing at one moment, one kind of thing a file."""

from __future__ import annotations

from heliograph.view.details.ask import details_of
from heliograph.view.details.cell import cell_of
from heliograph.view.details.known import Known, LotRow
from heliograph.view.details.parts import lot_of_record, parts_of, use_of
from heliograph.view.details.states import stays_of

__all__ = ["Known", "LotRow", "cell_of", "details_of", "lot_of_record", "parts_of", "stays_of", "use_of"]
