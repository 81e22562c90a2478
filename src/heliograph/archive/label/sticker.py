"""Stickers for cases and sleeves, many on a sheet; not for the discs, which they would warp and unbalance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from heliograph.archive.label.form import A4, Say
from heliograph.archive.label.pen import MM, Paragraph, Pen, column
from heliograph.errors import UsageWrong

__all__ = ["Stickers"]

_LEAST = (45.0, 20.0)


@dataclass(frozen=True, slots=True)
class Stickers:
    """A sheet of equal stickers. As they are: 3 by 7 of 63.5 x 38.1 mm on A4, such as Avery L7160."""

    columns: int = 3
    rows: int = 7
    width: float = 63.5
    height: float = 38.1
    first: tuple[float, float] = (7.25, 15.15)
    """From the left and the upper edge of the page to the first sticker, in mm."""
    gap: tuple[float, float] = (2.5, 0.0)
    """Between stickers, across and down, in mm."""
    skip: int = 0
    page: tuple[float, float] = A4

    def __post_init__(self) -> None:
        if self.width < _LEAST[0] or self.height < _LEAST[1]:
            raise UsageWrong(
                f"stickers of {self.width:g} x {self.height:g} mm: expected at least {_LEAST[0]:g} x {_LEAST[1]:g} mm",
                hint="on a smaller one neither the code nor the text could be read",
            )
        right = self.first[0] + self.columns * self.width + (self.columns - 1) * self.gap[0]
        down = self.first[1] + self.rows * self.height + (self.rows - 1) * self.gap[1]
        if right > self.page[0] + 0.05 or down > self.page[1] + 0.05:
            raise UsageWrong(
                f"{self.columns} x {self.rows} stickers take {right:g} x {down:g} mm; the page has "
                f"{self.page[0]:g} x {self.page[1]:g} mm",
                hint="see the maker's sheet for size, number, gaps and the place of the first sticker",
            )
        if self.columns < 1 or self.rows < 1:
            raise UsageWrong(f"{self.columns} x {self.rows} stickers: expected one at least each way")
        if not 0 <= self.skip < self.columns * self.rows:
            raise UsageWrong(f"skip {self.skip}: a sheet has {self.columns * self.rows} stickers")

    @property
    def slots(self) -> Sequence[tuple[float, float]]:
        return [
            (
                self.first[0] + column * (self.width + self.gap[0]),
                self.page[1] - self.first[1] - (row + 1) * self.height - row * self.gap[1],
            )
            for row in range(self.rows)
            for column in range(self.columns)
        ]

    def draw(self, pen: Pen, say: Say, *, outline: bool) -> None:
        if outline:
            pen.canvas.setStrokeGray(0.75)
            pen.canvas.setLineWidth(0.3)
            pen.canvas.roundRect(0, 0, self.width * MM, self.height * MM, 2 * MM)
        wide, high = self.width, self.height
        edge = min(2.5, high * 0.07)
        upright = high > wide * 1.1
        # Letters grow with the label; on one of 63.5 x 38.1 mm they are as the figures say.
        grown = max(1.0, min(wide / 63.5, high / 38.1, 1.7))
        under = 2.9 * grown
        side = min(wide - 2 * edge, high * 0.42) if upright else min(high - 2 * edge - under, wide * 0.42)
        # The quiet zone of the code is white as the margin is: it may reach into it.
        quiet, top = side * 0.04, high - edge
        left = (wide - side) / 2 if upright else edge - quiet
        pen.code(left, top - side + quiet, side, say.code)
        name, size = pen.fitting(f"{say.facts.set_id} {say.facts.disc}", side * 0.9, 6 * grown, 3)
        pen.words(left + side / 2, top - side + quiet - 1.9 * grown, name, size, align="centre")
        if upright:
            _text(pen, say, edge, top - side - under, wide - 2 * edge, high - 2 * edge - side - under, grown)
        else:
            x = edge + side + 0.5
            _text(pen, say, x, top, wide - edge - x, high - 2 * edge, grown)


def _text(pen: Pen, say: Say, left: float, top: float, width: float, height: float, grown: float) -> None:
    """The name of the disc, large; its place and kind beside it, or below where there is no room; and the rest."""
    facts, words = say.facts, say.words
    where, kind = words.where(facts), words.kind(facts)
    big = min(18.0 * grown, height * 0.62)
    place, small = (big * 0.37, big * 0.33)
    beside = max(pen.width(where, place), pen.width(kind, small, bold=True) + small * 0.9 / MM)
    fits = pen.width(facts.disc, big, bold=True) + 2 + beside <= width
    head = big * 0.75 / MM
    pen.words(left, top - head, facts.disc, big, bold=True)
    if fits:
        pen.words(left + width, top - place * 0.74 / MM, where, place, align="right")
        pen.badge(left + width, top - head, kind, small, filled=facts.kind == "parity", align="right")
    start = top - head - 1.6 * grown
    paragraphs = [
        Paragraph("" if fits else f"{where} · {kind}", 7 * grown, bold=True),
        Paragraph(facts.title, 9 * grown, bold=True, lines=2 if grown < 1.2 else 3, least=6.5),
        Paragraph(words.sealed.format(day=facts.day), 6.2 * grown, bold=True, gap=0.5, rank=1),
        Paragraph(words.holds(facts), 6.2 * grown, lines=2, gap=0.3, rank=2, cut=True),
        Paragraph(say.medium, 6.2 * grown, lines=2, gap=0.3, rank=3),
        Paragraph(words.losses(facts), 5.4 * grown, lines=2, gap=0.6, grey=0.25, rank=5),
        Paragraph(words.apart if facts.of > 1 else "", 5.4 * grown, lines=2, grey=0.25, rank=4),
        Paragraph(words.read, 5.4 * grown, lines=2, grey=0.25, rank=6),
    ]
    pen.flow(paragraphs, start, start - (top - height), column(left, width))
