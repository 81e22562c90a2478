"""The face of a disc with a printable surface, printed on directly: a page of 120 x 120 mm for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from heliograph.archive.label.form import Say
from heliograph.archive.label.pen import MM, Paragraph, Pen, Room
from heliograph.errors import UsageWrong

__all__ = ["Face"]

_DISC = 120.0
_EDGE = 2.0
"""Free mm at the edges of what can be printed: discs do not lie quite in the middle of their trays."""


@dataclass(frozen=True, slots=True)
class Face:
    """The ring that can be printed on, in mm of diameter: 23 to 118 on most discs of today, 46 to 116 on older ones."""

    inner: float = 23.0
    outer: float = 118.0
    page: tuple[float, float] = (_DISC, _DISC)
    skip: int = 0

    def __post_init__(self) -> None:
        if not (15 <= self.inner <= 50 and 100 <= self.outer <= _DISC):
            raise UsageWrong(
                f"a printable ring of {self.inner:g} to {self.outer:g} mm: expected 15 to 50, to 100 to 120",
                hint="diameters, not radii; they stand on the discs' box",
            )

    @property
    def slots(self) -> Sequence[tuple[float, float]]:
        return [(0.0, 0.0)]

    def draw(self, pen: Pen, say: Say, *, outline: bool) -> None:
        facts, words = say.facts, say.words
        middle, outside = _DISC / 2, self.outer / 2 - _EDGE
        if outline:
            pen.canvas.setStrokeGray(0.75)
            pen.canvas.setLineWidth(0.3)
            for across in (_DISC, 15.0, self.outer, self.inner):
                pen.canvas.circle(middle * MM, middle * MM, across / 2 * MM)
        wing = max(self.inner / 2, 19.0) + _EDGE
        side = 26.0
        corner = middle - sqrt(outside**2 - (side / 2 - 2) ** 2)
        pen.code(max(corner - 0.5, middle - wing - side - 3), middle - side / 2, side, say.code)
        name, size = pen.fitting(facts.disc, outside - wing - 5, 40, 16, bold=True)
        centre = middle + (wing + outside - 3) / 2
        pen.words(centre, middle - 0.5, name, size, bold=True, align="centre")
        place, size = pen.fitting(words.where(facts), outside - wing - 3, 11, 6)
        pen.words(centre, middle - 6.5, place, size, align="centre")
        pen.badge(centre, middle - 12.5, words.kind(facts), 9, filled=facts.kind == "parity", align="centre")
        near = max(side / 2, self.inner / 2 + _EDGE) + 1.5
        pen.flow(
            [
                Paragraph(words.set.format(set_id=facts.set_id), 8, grey=0.25, rank=1),
                Paragraph(facts.title, 20, bold=True, lines=3, gap=1.5, least=9),
            ],
            middle + outside,
            outside - near,
            _above(middle, outside),
            align="centre",
            sink=0.62,
        )
        pen.flow(
            [
                Paragraph(words.sealed.format(day=facts.day), 9, bold=True),
                Paragraph(say.medium, 8, gap=0.6, rank=2),
                Paragraph(words.holds(facts), 8, lines=3, gap=0.6, rank=1, cut=True),
                Paragraph(words.losses(facts), 7, lines=2, gap=1.2, grey=0.25, rank=3),
                Paragraph(words.apart if facts.of > 1 else "", 7, lines=2, gap=0.3, grey=0.25, rank=4),
                Paragraph(words.read, 6.5, lines=3, gap=1.2, grey=0.25, rank=5),
            ],
            middle - near,
            outside - near,
            _below(middle, outside, near),
            align="centre",
            sink=0.2,
        )


def _above(middle: float, radius: float) -> Room:
    """Chords from the upper rim down: a line is as wide as its upper edge allows."""

    def room(top: float, height: float) -> tuple[float, float]:
        return _chord(middle, radius, radius - top)

    return room


def _below(middle: float, radius: float, near: float) -> Room:
    """Chords from the hub down: a line is as wide as its lower edge allows."""

    def room(top: float, height: float) -> tuple[float, float]:
        return _chord(middle, radius, near + top + height)

    return room


def _chord(middle: float, radius: float, away: float) -> tuple[float, float]:
    half = max(sqrt(max(radius**2 - away**2, 0.0)) - 1.0, 4.0)
    return middle - half, 2 * half
