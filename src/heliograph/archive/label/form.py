"""The labels that there are: where on a page they stand, and what is drawn in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from heliograph.archive.label.facts import Facts
from heliograph.archive.label.pen import Pen
from heliograph.archive.label.words import Words

__all__ = ["A4", "Form", "Say"]

A4: Final = (210.0, 297.0)
"""Width and height in mm."""


@dataclass(frozen=True, slots=True)
class Say:
    """What one label shows."""

    facts: Facts
    words: Words
    code: str
    medium: str
    """As it is to be printed; empty where it is not known."""


class Form(Protocol):
    """A kind of label."""

    @property
    def page(self) -> tuple[float, float]:
        """Width and height in mm."""

    @property
    def slots(self) -> Sequence[tuple[float, float]]:
        """Lower left corner of each label on a page, in mm, in the order to fill them."""

    @property
    def skip(self) -> int:
        """Slots of the first page that are used up."""

    def draw(self, pen: Pen, say: Say, *, outline: bool) -> None:
        """Draw one label from its lower left corner on."""
